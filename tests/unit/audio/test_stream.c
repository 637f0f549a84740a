#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../../tap.h"
#include "audio/stream.h"
#include "core/thread.h"

enum { FRAMES = 200000, PERIOD = 480, PERIOD_NS = 10000000 };

/* A track whose every sample says which frame it is, and a device that is called every 10 ms. */
static struct rig {
    struct stream *s;
    struct pcm pcm;
    struct run run;
    int64_t v, now_ns;
    float out[PERIOD * 2];
} rig;

static float level(int64_t frame)
{
    return (float)(frame % 30011 + 1) / 32768;
}

static void rig_open(int channels)
{
    float *data = malloc(sizeof(float) * FRAMES * (size_t)channels);

    for (int64_t i = 0; i < FRAMES; i++)
        for (int c = 0; c < channels; c++)
            data[i * channels + c] = c ? -level(i) : level(i);
    rig = (struct rig){ .s = stream_new(), .now_ns = 1000000000,
                        .pcm = { .data = data, .frames = FRAMES, .channels = channels,
                                 .rate = PCM_RATE } };
    rig.run = (struct run){ .serial = 1, .frames = FRAMES, .segment_end = FRAMES };
}

static void rig_close(void)
{
    stream_free(rig.s);
    free((float *)(uintptr_t)rig.pcm.data);
}

static void begin(int64_t anchor, bool playing, int64_t join)
{
    rig.run.generation++;
    rig.run.anchor = anchor;
    rig.run.playing = playing;
    rig.v = 0;
    if (playing)
        stream_feed(rig.s, &rig.run, &rig.pcm, &rig.v, FRAMES);
    stream_want(rig.s, &rig.run, join);
}

static void device(void)
{
    thread_enter_real_time(0);          /* the trap build finds out what a callback must not do */
    stream_render(rig.s, rig.out, PERIOD, 2, rig.now_ns, 5000000);
    thread_leave_real_time();
    rig.now_ns += PERIOD_NS;
    if (rig.run.playing)
        stream_feed(rig.s, &rig.run, &rig.pcm, &rig.v, FRAMES);
}

/* The frame that sounds at place i of the last period; 0 = silence. */
static int64_t sounds(int i)
{
    return lroundf(rig.out[2 * i] * 32768) - 1;
}

TEST(it_starts_at_the_very_frame)
{
    struct heard h;

    rig_open(2);
    device();
    CHECK_INT(sounds(0), -1);
    begin(1000, true, -1);
    device();
    stream_heard(rig.s, &h);
    CHECK_INT(sounds(0), 1000);
    CHECK_INT(sounds(PERIOD - 1), 1000 + PERIOD - 1);
    CHECK_NEAR(rig.out[1], -level(1000), 0);
    CHECK_INT(stream_generation(rig.s), 1);
    CHECK_INT(h.v, PERIOD);
    CHECK_INT(h.latency_ns, 5000000);
    /* its last frame leaves the loudspeaker one period and the latency after the callback */
    CHECK_NEAR((double)h.at_ns, (double)rig.now_ns + 5000000, 1000);
    rig_close();
}

TEST(a_seek_is_heard_without_a_hole)
{
    rig_open(2);
    begin(0, true, -1);
    for (int i = 0; i < 5; i++)
        device();
    begin(7777, true, -1);
    device();
    CHECK_INT(sounds(0), 7777);
    device();
    CHECK_INT(sounds(0), 7777 + PERIOD);
    rig_close();
}

TEST(the_old_run_sounds_until_the_new_one_is_there)
{
    struct heard h;

    rig_open(2);
    begin(0, true, -1);
    device();
    rig.run.generation++;
    rig.run.anchor = 9000;
    rig.v = 0;
    struct run late = rig.run;
    rig.run.playing = false;            /* the feeder is slow */
    stream_want(rig.s, &late, -1);
    device();
    CHECK_INT(sounds(0), PERIOD);
    CHECK_INT(stream_generation(rig.s), 1);
    stream_feed(rig.s, &late, &rig.pcm, &rig.v, 1000);
    device();
    CHECK_INT(sounds(0), 9000);
    CHECK_INT(stream_generation(rig.s), 2);
    stream_heard(rig.s, &h);
    CHECK_INT(h.left_at, 2 * PERIOD);
    rig_close();
}

TEST(a_loop_wraps_to_the_frame)
{
    rig_open(2);
    rig.run.loop = true;
    rig.run.loop_start = 500;
    rig.run.loop_end = 1700;
    begin(0, true, -1);
    int64_t want = 0, n;
    for (int i = 0; i < 50; i++) {
        device();
        for (int k = 0; k < PERIOD; k++, want++)
            CHECK_INT(sounds(k), run_frame(&rig.run, want, &n));
    }
    rig_close();
}

TEST(a_joined_change_is_not_heard)
{
    rig_open(2);
    begin(0, true, -1);
    for (int i = 0; i < 3; i++)
        device();
    /* A loop switched on: the new run is the old one from frame 2000 on, until its first wrap at 2100. */
    rig.run.loop = true;
    rig.run.loop_start = 2050;
    rig.run.loop_end = 2100;
    begin(2000, true, 2000);
    int64_t want = 3 * PERIOD;
    for (int i = 0; i < 10; i++) {
        device();
        for (int k = 0; k < PERIOD; k++, want++)
            CHECK_INT(sounds(k), want < 2100 ? want : 2050 + (want - 2100) % 50);
    }
    CHECK_INT(stream_generation(rig.s), 2);
    rig_close();
}

TEST(a_pause_says_where_it_stopped_and_dies_away)
{
    struct heard h;

    rig_open(2);
    begin(0, true, -1);
    for (int i = 0; i < 4; i++)
        device();
    float last = rig.out[2 * PERIOD - 2];
    begin(0, false, -1);
    device();
    stream_heard(rig.s, &h);
    CHECK_INT(h.generation, 2);
    CHECK_INT(h.left_at, 4 * PERIOD);
    CHECK_NEAR(rig.out[0], last, 1e-6);
    CHECK(rig.out[100] < last);
    CHECK_NEAR(rig.out[2 * PERIOD - 1], 0, 0);
    rig_close();
}

TEST(the_end_is_no_underrun_and_a_starved_device_is)
{
    struct stream_counts c;
    struct heard h;

    rig_open(1);
    begin(FRAMES - 700, true, -1);
    for (int i = 0; i < 4; i++)
        device();
    stream_counts(rig.s, &c);
    stream_heard(rig.s, &h);
    CHECK_INT(h.v, 700);
    CHECK_INT(c.underruns, 0);
    CHECK_INT(c.callbacks, 4);
    begin(0, true, -1);
    rig.run.playing = false;            /* nobody feeds */
    for (int i = 0; i < 100; i++)
        device();
    stream_counts(rig.s, &c);
    CHECK(c.underruns > 0);
    rig_close();
}

TEST(volume_is_smooth_and_reached)
{
    float before = 0, biggest = 0;

    rig_open(1);
    for (int64_t i = 0; i < FRAMES; i++)
        ((float *)(uintptr_t)rig.pcm.data)[i] = .5f;
    begin(0, true, -1);
    device();
    CHECK_NEAR(rig.out[100], .5, 0);
    stream_set_gain(rig.s, 0);
    before = .5f;
    for (int i = 0; i < 20; i++) {
        device();
        for (int k = 0; k < PERIOD; k++, before = rig.out[2 * k - 2])
            biggest = fmaxf(biggest, fabsf(rig.out[2 * k] - before));
    }
    CHECK(biggest < .01);
    CHECK_NEAR(rig.out[0], 0, 1e-4);
    rig_close();
}

TEST(late_callbacks_do_not_shake_the_position)
{
    struct heard h;
    double worst = 0;

    rig_open(2);
    begin(0, true, -1);
    int64_t real = rig.now_ns;
    for (int i = 0; i < 400; i++) {
        rig.now_ns = real + i * (int64_t)PERIOD_NS + (i % 7 == 3 ? 4000000 : 0);
        device();
        stream_heard(rig.s, &h);
        double ideal = (double)real + (i + 1) * (double)PERIOD_NS + 5e6;
        if (i > 200)
            worst = fmax(worst, fabs((double)h.at_ns - ideal));
    }
    CHECK(worst < 1500000);             /* of 4 ms */
    rig_close();
}

/* A feeder, a device and a control thread at full speed, for the thread sanitizer; and no frame may be out of order within a run. */
static atomic_bool stop;
static atomic_int disorder;

static void *play_device(void *arg)
{
    float out[PERIOD * 2];
    struct heard h;
    uint64_t generation = 0;
    int64_t now = 1, before = 0;

    (void)arg;
    while (!atomic_load(&stop)) {
        stream_render(rig.s, out, PERIOD, 2, now, 0);
        stream_heard(rig.s, &h);
        now += PERIOD_NS;
        int64_t last = lroundf(out[2 * PERIOD - 2] * 32768) - 1;
        bool is_same = h.generation == generation && h.v == before + PERIOD;
        if (is_same && (last - (lroundf(out[0] * 32768) - 1) + 30011) % 30011 != PERIOD - 1)
            atomic_fetch_add(&disorder, 1);
        generation = h.generation;
        before = h.v;
    }
    return NULL;
}

TEST(threads)
{
    pthread_t device_thread;
    bool all = true;

    rig_open(2);
    atomic_store(&stop, false);
    pthread_create(&device_thread, NULL, play_device, NULL);
    for (int i = 0; i < 300 && all; i++) {
        begin(i % 10 * 1000, true, -1);
        int64_t until = 0;
        while (stream_generation(rig.s) != rig.run.generation && until++ < 10000000)
            stream_feed(rig.s, &rig.run, &rig.pcm, &rig.v, 256);
        all = stream_generation(rig.s) == rig.run.generation;
    }
    atomic_store(&stop, true);
    pthread_join(device_thread, NULL);
    rig_close();
    CHECK(all);
    CHECK_INT(atomic_load(&disorder), 0);
}
