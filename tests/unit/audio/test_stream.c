#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../../tap.h"
#include "audio/chain.h"
#include "audio/feed.h"
#include "audio/meters.h"
#include "audio/sink.h"
#include "audio/stream.h"
#include "core/thread.h"

enum { FRAMES = 200000, PERIOD = 480, PERIOD_NS = 10000000, LATENCY_NS = 5000000 };

/* A track whose every sample says which frame it is, and a device that is called every 10 ms. */
static struct rig {
    struct stream *s;
    struct sink *sink;
    struct feed feed;
    struct track_sound *sound;
    struct leg leg;
    int64_t now_ns;
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
    struct pcm pcm = { .data = data, .frames = FRAMES, .channels = channels, .rate = PCM_RATE };
    rig = (struct rig){ .s = aligned_alloc(64, (stream_size() + 63) / 64 * 64), .now_ns = 1000000000 };
    stream_init(rig.s);
    rig.sink = sink_new(rig.s);
    if (feed_init(&rig.feed))
        abort();
    rig.sound = track_sound_new(&pcm);
    stream_writer_init(&rig.feed.w, rig.s);
    rig.leg = (struct leg){ .run = { .serial = 1, .frames = FRAMES, .segment_end = FRAMES, .rate = 1 }, .gain = 1 };
}

static void rig_close(void)
{
    float *data = (float *)(uintptr_t)rig.sound->sound.mix.data;

    feed_clear(&rig.feed);
    track_sound_unref(rig.sound);
    sink_free(rig.sink);
    free(rig.s);
    free(data);
}

static void feed_all(void)
{
    while (feed_run(&rig.feed, 16))
        ;
}

static void command(struct stream_command c)
{
    c.generation = rig.leg.run.generation;
    if (!stream_command(&rig.feed.w, &c))
        abort();
}

static void plan(int64_t anchor)
{
    struct course c = { .n = 1 };
    struct track_sound *sounds[COURSE_LEGS] = { rig.sound };

    rig.leg.run.generation++;
    rig.leg.run.anchor = anchor;
    c.legs[0] = rig.leg;
    feed_begin(&rig.feed, &c, sounds);
    feed_all();
}

static void begin(int64_t anchor)
{
    plan(anchor);
    command((struct stream_command){ .type = COMMAND_CUT });
}

static void stop(bool ramp)
{
    rig.leg.run.generation++;
    feed_stop(&rig.feed);
    command((struct stream_command){ .type = COMMAND_STOP, .ramp = ramp });
}

static void device(void)
{
    thread_enter_real_time(0);          /* the trap build finds out what a callback must not do */
    sink_run(rig.sink, rig.out, PERIOD, 2, rig.now_ns, LATENCY_NS);
    thread_leave_real_time();
    rig.now_ns += PERIOD_NS;
    feed_all();
}

/* The frame that sounds at place i of the last period; -1 = silence. */
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
    begin(1000);
    device();
    CHECK(stream_heard(rig.s, &h));
    CHECK_INT(sounds(0), 1000);
    CHECK_INT(sounds(PERIOD - 1), 1000 + PERIOD - 1);
    CHECK_NEAR(rig.out[1], -level(1000), 0);
    CHECK_INT(stream_generation(rig.s), 1);
    CHECK_NEAR(h.v, PERIOD, 0);
    CHECK_INT(h.latency_ns, LATENCY_NS);
    /* its last frame leaves the loudspeaker one period and the latency after the callback */
    CHECK_NEAR((double)h.at_ns, (double)rig.now_ns + LATENCY_NS, 1000);
    rig_close();
}

TEST(a_command_is_a_period_late_to_the_sample)
{
    rig_open(2);
    for (int i = 0; i < 3; i++)
        device();
    int64_t before = rig.now_ns - PERIOD_NS;    /* when the last callback was due */
    for (int at = 0; at < PERIOD; at += 100) {
        plan(1000);
        command((struct stream_command){ .type = COMMAND_CUT, .at_ns = before + (int64_t)at * PERIOD_NS / PERIOD });
        device();
        CHECK(at == 0 || sounds(at - 1) < 1000 || sounds(at - 1) > 1000 + PERIOD);
        CHECK_INT(sounds(at), 1000);
        before += PERIOD_NS;
    }
    plan(5000);
    command((struct stream_command){ .type = COMMAND_CUT, .at_ns = rig.now_ns + PERIOD_NS / 2 });       /* of the future */
    device();
    CHECK(sounds(PERIOD - 1) < 5000);
    device();
    CHECK(sounds(PERIOD / 2 - 1) < 5000);
    CHECK_INT(sounds(PERIOD / 2), 5000);
    rig_close();
}

TEST(an_instant_of_the_loudspeaker_is_met)
{
    struct heard h;

    rig_open(2);
    for (int i = 0; i < 3; i++)
        device();
    plan(1000);
    command((struct stream_command){ .type = COMMAND_CUT, .when = WHEN_HEARD, .at_ns = rig.now_ns + LATENCY_NS + PERIOD_NS + PERIOD_NS / 4 });
    device();
    CHECK_INT(sounds(PERIOD - 1), -1);
    device();
    CHECK_INT(sounds(PERIOD / 4 - 1), -1);
    CHECK_INT(sounds(PERIOD / 4), 1000);
    plan(3000);                         /* too late: what should have sounded is left out */
    command((struct stream_command){ .type = COMMAND_CUT, .when = WHEN_HEARD, .at_ns = rig.now_ns + LATENCY_NS - 3 * PERIOD_NS });
    device();
    CHECK_INT(sounds(0), 3000 + 3 * PERIOD);
    stream_heard(rig.s, &h);
    CHECK_NEAR(h.v, 4 * PERIOD, 0);
    rig_close();
}

TEST(the_old_run_sounds_until_the_new_one_is_there)
{
    struct heard h;

    rig_open(2);
    begin(0);
    device();
    rig.leg.run.generation++;
    feed_stop(&rig.feed);               /* the feeder is slow */
    command((struct stream_command){ .type = COMMAND_CUT });
    device();
    CHECK_INT(sounds(0), PERIOD);
    CHECK_INT(stream_generation(rig.s), 1);
    rig.leg.run.generation--;
    plan(9000);
    device();
    CHECK_INT(sounds(0), 9000);
    CHECK_INT(stream_generation(rig.s), 2);
    stream_heard(rig.s, &h);
    CHECK_NEAR(h.left_at, 2 * PERIOD, 0);
    CHECK_INT(h.left, 1);
    rig_close();
}

TEST(a_loop_wraps_to_the_frame)
{
    rig_open(2);
    rig.leg.run.loop = true;
    rig.leg.run.loop_start = 500;
    rig.leg.run.loop_end = 1700;
    begin(0);
    int64_t want = 0, n;
    for (int i = 0; i < 50; i++) {
        device();
        for (int k = 0; k < PERIOD; k++, want++)
            CHECK_INT(sounds(k), run_frame(&rig.leg.run, want, &n));
    }
    rig_close();
}

TEST(a_change_at_a_frame_is_not_heard)
{
    rig_open(2);
    begin(0);
    for (int i = 0; i < 3; i++)
        device();
    /* A loop switched on: the new run is the old one from frame 2000 on, until its first wrap at 2100. */
    rig.leg.run.loop = true;
    rig.leg.run.loop_start = 2050;
    rig.leg.run.loop_end = 2100;
    plan(2000);
    command((struct stream_command){ .type = COMMAND_CUT, .when = WHEN_FRAME, .of = 1, .v = 2000 });
    int64_t want = 3 * PERIOD;
    for (int i = 0; i < 10; i++) {
        device();
        for (int k = 0; k < PERIOD; k++, want++)
            CHECK_INT(sounds(k), want < 2100 ? want : 2050 + (want - 2100) % 50);
    }
    CHECK_INT(stream_generation(rig.s), 2);
    rig_close();
}

TEST(a_change_that_comes_too_late_for_its_frame_is_not_heard_either)
{
    rig_open(2);
    begin(0);
    for (int i = 0; i < 3; i++)
        device();
    plan(700);
    command((struct stream_command){ .type = COMMAND_CUT, .when = WHEN_FRAME, .of = 1, .v = 700 });
    int64_t want = 3 * PERIOD;
    for (int i = 0; i < 4; i++) {
        device();
        for (int k = 0; k < PERIOD; k++, want++)
            CHECK_INT(sounds(k), want);
    }
    CHECK_INT(stream_generation(rig.s), 2);
    rig_close();
}

TEST(a_change_that_comes_too_late_leaves_out_what_it_missed)
{
    rig_open(2);
    begin(0);
    for (int i = 0; i < 5; i++)
        device();
    plan(20000);
    command((struct stream_command){ .type = COMMAND_CUT, .when = WHEN_FRAME, .of = 1, .v = 4 * PERIOD + 100 });
    device();
    CHECK_INT(sounds(0), 20000 + PERIOD - 100);
    rig_close();
}

TEST(a_pause_fades_and_says_where_it_stopped)
{
    struct heard h;

    rig_open(2);
    begin(0);
    for (int i = 0; i < 4; i++)
        device();
    stop(true);
    device();
    stream_heard(rig.s, &h);
    CHECK_INT(h.generation, 2);
    CHECK_NEAR(h.left_at, 4 * PERIOD, 0);
    for (int i = 0; i < STREAM_RAMP; i++)
        CHECK_NEAR(rig.out[2 * i], level(4 * PERIOD + i) * (1 - (float)(i + 1) / STREAM_RAMP), 0);
    for (int i = STREAM_RAMP; i < PERIOD; i++)
        CHECK_NEAR(rig.out[2 * i], 0, 0);
    rig_close();
}

TEST(the_end_is_no_underrun_and_a_starved_device_is)
{
    struct stream_counts c;
    struct heard h;

    rig_open(1);
    begin(FRAMES - 700);
    for (int i = 0; i < 4; i++)
        device();
    stream_counts(rig.s, &c);
    stream_heard(rig.s, &h);
    CHECK_NEAR(h.v, 700, 0);
    CHECK_INT(c.underruns, 0);
    CHECK_INT(c.callbacks, 4);
    CHECK_INT(c.period, PERIOD);
    begin(0);
    feed_stop(&rig.feed);               /* nobody feeds */
    for (int i = 0; i < 100; i++)
        device();
    stream_counts(rig.s, &c);
    CHECK(c.underruns > 0);
    rig_close();
}

TEST(a_run_that_is_over_at_once_is_taken_over)
{
    rig_open(1);
    begin(0);
    device();
    begin(FRAMES);
    device();
    CHECK_INT(stream_generation(rig.s), 2);
    struct stream_counts c;
    stream_counts(rig.s, &c);
    CHECK_INT(c.underruns, 0);
    rig_close();
}

TEST(volume_is_smooth_and_reached)
{
    float before = .5f, biggest = 0;

    rig_open(1);
    for (int64_t i = 0; i < FRAMES; i++)
        ((float *)(uintptr_t)rig.sound->sound.mix.data)[i] = .5f;
    begin(0);
    device();
    CHECK_NEAR(rig.out[100], .5, 0);
    stream_set_gain(rig.s, 0);
    for (int i = 0; i < 20; i++) {
        device();
        for (int k = 0; k < PERIOD; k++, before = rig.out[2 * k - 2])
            biggest = fmaxf(biggest, fabsf(rig.out[2 * k] - before));
    }
    CHECK(biggest < .01);
    CHECK_NEAR(rig.out[0], 0, 1e-4);
    rig_close();
}

TEST(what_begins_after_silence_has_the_volume_of_now)
{
    float biggest = 0;

    rig_open(1);
    stream_set_gain(rig.s, 0);
    device();                           /* asleep, as after 4 s of silence */
    begin(0);
    for (int i = 0; i < 5; i++) {
        device();
        for (int k = 0; k < 2 * PERIOD; k++)
            biggest = fmaxf(biggest, fabsf(rig.out[k]));
    }
    CHECK_NEAR(biggest, 0, 0);
    CHECK(stream_generation(rig.s) == 1);
    rig_close();
}

TEST(what_is_no_number_is_silence_and_more_channels_are_silent)
{
    float out[PERIOD * 4];

    rig_open(2);
    float *data = (float *)(uintptr_t)rig.sound->sound.mix.data;
    data[20] = NAN;
    data[23] = INFINITY;
    data[24] = 1.5f;                    /* is left to the device */
    begin(0);
    sink_run(rig.sink, out, PERIOD, 4, rig.now_ns, 0);
    CHECK_NEAR(out[40], 0, 0);
    CHECK_NEAR(out[45], 0, 0);
    CHECK_NEAR(out[48], 1.5, 0);
    CHECK_NEAR(out[0], level(0), 0);
    CHECK_NEAR(out[2], 0, 0);
    CHECK_NEAR(out[3], 0, 0);
    rig_close();
}

TEST(late_callbacks_do_not_shake_the_position)
{
    struct heard h;
    double worst = 0;

    rig_open(2);
    begin(0);
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

TEST(effects_and_meters_run_in_it)
{
    struct chain_settings chain = { .is_enabled = true, .n = 1, .effects = { { .type = EFFECT_LIMITER, .params = { -6 } } } };
    struct meters_now m, in;
    struct heard h;
    float quiet[PERIOD] = { 0 };

    rig_open(2);
    for (int64_t i = 0; i < FRAMES * 2; i++)
        ((float *)(uintptr_t)rig.sound->sound.mix.data)[i] = i / 2 % 100 < 50 ? .9f : -.9f;
    CHECK(!stream_meters(rig.s, &m, &in));
    CHECK_NEAR(m.peak[0], METERS_FLOOR, 0);
    stream_set_chain(rig.s, &chain);
    device();
    begin(0);
    for (int i = 0; i < 50; i++)
        device();
    CHECK(stream_meters(rig.s, &m, NULL));
    CHECK(m.peak[0] > -12 && m.peak[0] < -5.9);
    stream_heard(rig.s, &h);
    CHECK_INT(h.latency_ns, LATENCY_NS + (int64_t)(chain_latency_frames(&chain) * 1e9 / PCM_RATE));
    CHECK(!stream_meters(rig.s, NULL, &in));
    for (int i = 0; i < 10; i++)
        sink_input(rig.sink, quiet, PERIOD, 1);
    CHECK(stream_meters(rig.s, NULL, &in));
    CHECK_INT(in.channels, 1);
    rig_close();
}

/* A feeder, a device and a control thread at full speed, for the thread sanitizer; and no frame may be out of order within a run. */
static atomic_bool ends;
static atomic_int disorder;

static void *play_device(void *arg)
{
    float out[PERIOD * 2];
    struct heard h = { 0 };
    uint64_t generation = 0;
    int64_t now = 1;
    double before = 0;

    (void)arg;
    while (!atomic_load(&ends)) {
        sink_run(rig.sink, out, PERIOD, 2, now, 0);
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
    atomic_store(&ends, false);
    pthread_create(&device_thread, NULL, play_device, NULL);
    for (int i = 0; i < 300 && all; i++) {
        begin(i % 10 * 1000);
        int64_t until = 0;
        while (stream_generation(rig.s) != rig.leg.run.generation && until++ < 10000000)
            feed_run(&rig.feed, 1);
        all = stream_generation(rig.s) == rig.leg.run.generation;
    }
    atomic_store(&ends, true);
    pthread_join(device_thread, NULL);
    rig_close();
    CHECK(all);
    CHECK_INT(atomic_load(&disorder), 0);
}
