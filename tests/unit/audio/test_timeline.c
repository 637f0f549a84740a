#include "../../tap.h"
#include "audio/timeline.h"

static struct run track(int64_t frames)
{
    return (struct run){ .serial = 1, .frames = frames, .segment_end = frames };
}

TEST(a_run_ends_at_the_end)
{
    struct run r = track(1000);
    int64_t n;

    r.anchor = 100;
    CHECK_NEAR(run_place(&r, 50).frame, 150, 0);
    CHECK(!run_place(&r, 899).ended);
    CHECK(run_place(&r, 900).ended);
    CHECK_NEAR(run_place(&r, 5000).frame, 1000, 0);
    CHECK_NEAR(run_place(&r, -5).frame, 100, 0);
    CHECK_INT(run_frame(&r, 10, &n), 110);
    CHECK_INT(n, 890);
    run_frame(&r, 900, &n);
    CHECK_INT(n, 0);
}

TEST(a_segment_ends_before_the_track_unless_started_behind_it)
{
    struct run r = track(1000);

    r.segment_start = 100;
    r.segment_end = 300;
    r.anchor = 200;
    CHECK_INT(run_end(&r), 300);
    CHECK(run_place(&r, 100).ended);
    r.anchor = 300;
    CHECK_INT(run_end(&r), 1000);
}

TEST(a_loop_wraps_to_the_frame)
{
    struct run r = track(1000);
    int64_t n;

    r.anchor = 50;
    r.loop = true;
    r.loop_start = 100;
    r.loop_end = 130;
    CHECK_NEAR(run_place(&r, 79).frame, 129, 0);
    CHECK_INT(run_place(&r, 79).wraps, 0);
    CHECK_NEAR(run_place(&r, 80).frame, 100, 0);
    CHECK_INT(run_place(&r, 80).wraps, 1);
    CHECK_NEAR(run_place(&r, 80 + 30 * 7 + 12.5).frame, 112.5, 1e-9);
    CHECK_INT(run_place(&r, 80 + 30 * 7 + 12.5).wraps, 8);
    CHECK(!run_place(&r, 1e9).ended);
    CHECK_INT(run_frame(&r, 79, &n), 129);
    CHECK_INT(n, 1);
    CHECK_INT(run_frame(&r, 80, &n), 100);
    CHECK_INT(n, 30);
}

/* Sound and light ask differently, and must agree for hours. */
TEST(both_sides_agree)
{
    struct run r = track(600LL * 48000);
    int64_t n;

    r.anchor = 12345;
    r.loop = true;
    r.loop_start = 10007;
    r.loop_end = 77777;
    for (int64_t v = 0; v < 12LL * 3600 * 48000; v += 1234567) {
        CHECK_NEAR(run_place(&r, (double)v).frame, (double)run_frame(&r, v, &n), 0);
        CHECK(n > 0);
    }
}

TEST(what_starts_behind_a_loop_plays_on)
{
    struct run r = track(1000);

    r.loop = true;
    r.loop_start = 100;
    r.loop_end = 200;
    r.anchor = 200;
    CHECK(!run_loops(&r));
    CHECK(run_place(&r, 800).ended);
}

TEST(when_a_run_comes_by)
{
    struct run r = track(1000);

    r.anchor = 100;
    CHECK_NEAR(run_when(&r, 150, 0), 50, 0);
    CHECK_NEAR(run_when(&r, 150, 51), -1, 0);
    CHECK_NEAR(run_when(&r, 1000, 0), 900, 0);
    CHECK_NEAR(run_when(&r, 1001, 0), -1, 0);
    CHECK_NEAR(run_when(&r, 50, 0), -1, 0);
    r.loop = true;
    r.loop_start = 200;
    r.loop_end = 300;
    for (double from = 0; from < 1000; from += 7)
        for (double frame = 0; frame < 320; frame += 3) {
            double v = run_when(&r, frame, from), want = -1;
            for (double at = from; at < from + 400 && want < 0; at++)
                if (run_place(&r, at).frame == frame && !(frame < 100))
                    want = at;
            CHECK_NEAR(v, want, 0);
        }
}

TEST(a_rate_that_is_not_said_is_one)
{
    struct run r = track(1000);

    CHECK_NEAR(run_rate(&r), 1, 0);
    r.rate = 1.25;
    CHECK_NEAR(run_rate(&r), 1.25, 0);
}
