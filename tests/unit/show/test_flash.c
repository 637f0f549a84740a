#include "../../tap.h"
#include "show/flash.h"

#define PERIOD 22727272
#define GROUP "6b0f6a5e-0f5c-4d6b-9f0e-3d5f6c7a8b01"

/* Three heads in the group: a lamp, smoke, a laser; and a lamp that is in none. */
static uint32_t members[] = { 0, 1, 2 };
static struct patch_group groups[] = { { .id = GROUP, .heads = members, .n_heads = 3 } };
static struct patch patch = { .groups = groups, .n_groups = 1, .n_heads = 4 };
static struct shared shared_patch = { .obj = &patch };
static bool fog[] = { false, true, false, false }, laser[] = { false, false, true, false };
static struct space space = { .patch = &shared_patch, .is_fog = fog, .is_laser = laser };
static struct frame *frame;

static double rate = 1;

/* One frame at this instant, `position` heard; how bright the lamp is. */
static float run(struct flasher *f, double position, double seconds, double offset)
{
    struct player_now now = { .serial = 7, .playing = true, .position = position, .rate = rate };

    for (int i = 0; i < 4; i++)
        frame->intensity[i] = 0.5f;
    flasher_run(f, &space, frame, &now, offset, PERIOD, (int64_t)((10 + seconds) * 1e9));
    return frame->intensity[0];
}

static struct flasher begin(double interval)
{
    struct flasher f = { 0 };

    if (!frame)
        frame = frame_new(4);
    flasher_set(&f, &(struct flash){ .serial = 7, .at = 0.1, .interval = interval, .group = GROUP });
    return f;
}

TEST(it_begins_in_the_nearest_frame_and_lasts_60_ms)
{
    struct flasher f = begin(1);

    CHECK_NEAR(run(&f, 0.088, 0.088, 0), 0, 0);
    CHECK_NEAR(run(&f, 0.089, 0.089, 0), 1, 0);         /* 11 ms before it: the next one would be 11.7 ms behind it */
    CHECK_NEAR(run(&f, 0.148, 0.148, 0), 1, 0);
    CHECK_NEAR(run(&f, 0.149, 0.149, 0), 0, 0);
    CHECK_NEAR(run(&f, 0.089, 1.089, 0), 1, 0);         /* the next turn of the loop */
}

TEST(offsets_move_it_over_the_seam)
{
    struct flasher f = begin(1);

    CHECK_NEAR(run(&f, 0.4, 0.4, -0.3), 1, 0);          /* light later */
    f = begin(1);
    CHECK_NEAR(run(&f, 0.9, 0.9, 0.2), 1, 0);           /* earlier: in the turn before */
    f = begin(1);
    CHECK_NEAR(run(&f, 0.1, 0.1, 0.2), 0, 0);
}

TEST(an_offset_is_time_of_the_room_and_twice_as_much_of_a_track_at_twice_the_speed)
{
    struct flasher f = begin(1);

    rate = 2;
    CHECK_NEAR(run(&f, 0.5, 0.2, -0.2), 1, 0);
    f = begin(1);
    CHECK_NEAR(run(&f, 0.3, 0.1, -0.2), 0, 0);
    rate = 1;
}

TEST(only_lamps_of_the_group)
{
    struct flasher f = begin(1);

    run(&f, 0.1, 0.1, 0);
    CHECK_NEAR(frame->intensity[0], 1, 0);
    CHECK_NEAR(frame->r[0] + frame->g[0] + frame->b[0], 3, 0);
    for (int i = 1; i < 4; i++)
        CHECK_NEAR(frame->intensity[i], 0.5, 0);
}

TEST(never_more_than_twice_a_second)
{
    struct flasher f = begin(1);
    int begins = 0;
    float was = 0;

    for (int i = 0; i < 440; i++) {                     /* ten seconds in which somebody jumps to the click ten times a second */
        float is = run(&f, i % 4 ? 0.5 : 0.1, i / 44.0, 0);
        begins += is == 1 && was == 0;
        was = is;
    }
    CHECK(begins >= 15 && begins <= 20);
}

TEST(another_sound_and_silence_are_dark)
{
    struct flasher f = begin(1);
    struct player_now now = { .serial = 7, .position = 0.1 };

    run(&f, 0.5, 0.5, 0);
    flasher_run(&f, &space, frame, &now, 0, PERIOD, 1);
    CHECK_NEAR(frame->intensity[0], 0, 0);
    frame->intensity[0] = 0.5f;
    now = (struct player_now){ .serial = 8, .playing = true, .position = 0.1 };
    flasher_run(&f, &space, frame, &now, 0, PERIOD, 1);
    CHECK_NEAR(frame->intensity[0], 0.5, 0);            /* not its business */
    frame_free(frame);
    frame = NULL;
}
