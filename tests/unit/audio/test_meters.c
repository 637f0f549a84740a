#include "audio/meters.h"

#include <dlfcn.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "core/thread.h"

#include "../../tap.h"

enum { RATE = 48000, PERIOD = 256 };

static double sine(double amplitude, double hz, double phase, uint64_t i)
{
    return amplitude * sin(2 * M_PI * hz * (double)i / RATE + phase);
}

/* Plays a sine on both channels, in periods. */
static void play(struct meters *m, double amplitude, double hz, double phase, double seconds)
{
    float x[PERIOD * 2];
    uint64_t n = (uint64_t)(seconds * RATE);

    for (uint64_t at = 0; at < n; at += PERIOD) {
        uint32_t some = n - at < PERIOD ? (uint32_t)(n - at) : PERIOD;
        for (uint32_t i = 0; i < some; i++)
            x[2 * i] = x[2 * i + 1] = (float)sine(amplitude, hz, phase, at + i);
        meters_run(m, x, some, 2);
    }
}

static double level(double db)
{
    return pow(10, db / 20);
}

static int loudest_band(const struct meters_now *now, int c)
{
    int best = 0;

    for (int i = 1; i < METERS_BANDS; i++)
        if (now->bands[c][i] > now->bands[c][best])
            best = i;
    return best;
}

TEST(before_the_first_sample_everything_is_at_the_floor)
{
    struct meters *m = meters_new();
    struct meters_now now;

    CHECK(m);
    meters_read(m, &now);
    CHECK_INT(now.seq, 0);
    for (int c = 0; c < 2; c++) {
        CHECK(now.peak[c] == METERS_FLOOR && now.rms[c] == METERS_FLOOR && now.true_peak[c] == METERS_FLOOR);
        CHECK(now.bands[c][0] == METERS_FLOOR && now.bands[c][31] == METERS_FLOOR);
    }
    CHECK(now.lufs == METERS_FLOOR && now.lufs_short == METERS_FLOOR && now.lufs_integrated == METERS_FLOOR);
    CHECK(sizeof(now) <= 760);
    meters_free(m);
}

TEST(a_sine_at_full_scale_has_an_rms_of_3_below)
{
    struct meters *m = meters_new();
    struct meters_now now;

    play(m, 1, 1000, 0, 1);
    meters_read(m, &now);
    CHECK_INT(now.seq, 100);
    CHECK_INT(now.channels, 2);
    for (int c = 0; c < 2; c++) {
        CHECK_NEAR(now.peak[c], 0, 0.001);
        CHECK_NEAR(now.rms[c], -3.0103, 0.001);
        CHECK_NEAR(now.true_peak[c], 0, 0.1);
        CHECK_INT(now.clips[c], 0);
    }
    play(m, 0.1, 1000, 0, 1);
    meters_read(m, &now);
    CHECK_NEAR(now.peak[0], -20, 0.01);
    CHECK_NEAR(now.rms[1], -23.0103, 0.001);
    meters_free(m);
}

/* A quarter of the rate, 45 degrees off: every sample is 3 dB below the crest it hides. */
TEST(the_true_peak_is_between_the_samples)
{
    struct meters *m = meters_new();
    struct meters_now now;

    play(m, 1, RATE / 4., M_PI / 4, 1);
    meters_read(m, &now);
    CHECK_NEAR(now.peak[0], -3.01, 0.01);
    CHECK_NEAR(now.true_peak[0], 0, 0.25);
    play(m, sqrt(2), RATE / 4., M_PI / 4, 1);           /* 3 dB over full scale, and no sample says so */
    meters_read(m, &now);
    CHECK_NEAR(now.peak[0], 0, 0.01);
    CHECK_NEAR(now.true_peak[0], 3.01, 0.25);
    meters_free(m);
}

TEST(a_peak_is_seen_by_who_looks_every_60_ms_and_then_goes)
{
    struct meters *m = meters_new();
    struct meters_now now;
    static float x[2 * 2880];
    int seen = 0;

    for (int trial = 0; trial < 20; trial++) {
        memset(x, 0, sizeof(x));
        x[2 * (137 * trial)] = 0.5f;
        meters_run(m, x, 2880, 2);
        meters_read(m, &now);
        float first = now.peak[0];
        memset(x, 0, sizeof(x));
        meters_run(m, x, 2880, 2);
        meters_read(m, &now);
        seen += fabsf(fmaxf(first, now.peak[0]) - -6.0206f) < 0.001f;
        CHECK(now.peak[1] == METERS_FLOOR);
        for (int i = 0; i < 3; i++)
            meters_run(m, x, 2880, 2);
        meters_read(m, &now);
        CHECK(now.peak[0] == METERS_FLOOR);
    }
    CHECK_INT(seen, 20);
    meters_free(m);
}

TEST(clips_count_what_left_full_scale_and_what_stayed_there)
{
    struct meters *m = meters_new();
    struct meters_now now;
    static float x[2 * 4800];

    x[2 * 100] = 1.5f;                                  /* one */
    x[2 * 101] = -1.2f;                                 /* the same */
    x[2 * 477] = x[2 * 478] = x[2 * 479] = x[2 * 480] = x[2 * 481] = 32767 / 32768.f;   /* one, across two blocks */
    x[2 * 1000] = x[2 * 1001] = 1;                      /* two samples at full scale are music */
    x[2 * 2000 + 1] = -1.01f;
    meters_run(m, x, 4800, 2);
    meters_read(m, &now);
    CHECK_INT(now.clips[0], 2);
    CHECK_INT(now.clips[1], 1);
    meters_free(m);
}

TEST(every_band_has_the_sine_in_its_middle)
{
    struct meters_now now;

    for (int i = 0; i < METERS_BANDS; i++) {
        struct meters *m = meters_new();
        play(m, 1, (double)meters_band_hz(i), 0, 0.5);
        meters_read(m, &now);
        if (i >= 4)                                     /* those below are narrower than a line of the spectrum */
            CHECK_INT(loudest_band(&now, 0), i);
        if (meters_band_hz(i) > 400)
            CHECK_NEAR(now.bands[1][i], -3.01, 0.6);
        meters_free(m);
    }
    struct meters *m = meters_new();
    play(m, level(-20), 1000, 0, 3);
    meters_read(m, &now);
    int at = loudest_band(&now, 0);
    CHECK(meters_band_hz(at) > 890 && meters_band_hz(at) < 1125);
    CHECK_NEAR(now.bands[0][at], -23.01, 0.2);
    CHECK(now.bands[0][at + 4] < -80 && now.bands[0][at - 4] < -80);
    meters_free(m);
}

TEST(bands_together_have_the_power_of_noise)
{
    struct meters *m = meters_new();
    struct meters_now now;
    float x[2 * 480];
    uint32_t seed = 1;
    double sum = 0, mean = 0;

    for (int block = 0; block < 400; block++) {
        for (int i = 0; i < 960; i++) {
            seed = seed * 1664525 + 1013904223;
            x[i] = (float)((double)seed / 4294967296. - 0.5);
        }
        meters_run(m, x, 480, 2);
        meters_read(m, &now);
        for (int i = 0; block >= 200 && i < METERS_BANDS; i++)
            sum += pow(10, now.bands[0][i] / 10.) / 200;
        mean += block >= 200 ? pow(10, now.rms[0] / 10.) / 200 : 0;
    }
    /* 20 Hz to 20 kHz of 24 kHz; a little more, because bands fall slower than noise does. */
    CHECK_NEAR(10 * log10(sum / mean), 10 * log10(20. / 24), 1.0);
    meters_free(m);
}

TEST(bands_fall_40_dB_a_second)
{
    struct meters *m = meters_new();
    struct meters_now now;

    play(m, 1, 1000, 0, 0.5);
    play(m, 0, 1000, 0, 1.1);
    meters_read(m, &now);
    CHECK_NEAR(now.bands[0][loudest_band(&now, 0)], -3 - 40, 4);
    play(m, 0, 1000, 0, 2.2);
    meters_read(m, &now);
    CHECK(now.bands[0][loudest_band(&now, 0)] == METERS_FLOOR);
    meters_free(m);
}

/* EBU Tech 3341, cases 1, 3, 4 and 5: integrated; 1: momentary and short as well. */
TEST(tones_have_the_loudness_the_ebu_says)
{
    static const struct { struct { double seconds, db; } part[5]; double want; } cases[] = {
        { { { 20, -23 } }, -23 },
        { { { 10, -36 }, { 60, -23 }, { 10, -36 } }, -23 },
        { { { 10, -72 }, { 10, -36 }, { 60, -23 }, { 10, -36 }, { 10, -72 } }, -23 },
        { { { 20, -26 }, { 20.1, -20 }, { 20, -26 } }, -23 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct meters *m = meters_new();
        struct meters_now now;
        for (int k = 0; k < 5; k++)
            play(m, level(cases[i].part[k].db), 1000, 0, cases[i].part[k].seconds);
        meters_read(m, &now);
        CHECK_NEAR(now.lufs_integrated, cases[i].want, 0.1);
        if (!i) {
            CHECK_NEAR(now.lufs, -23, 0.1);
            CHECK_NEAR(now.lufs_short, -23, 0.1);
        }
        meters_free(m);
    }
}

TEST(another_programme_has_a_loudness_of_its_own)
{
    struct meters *m = meters_new();
    struct meters_now now;

    play(m, level(-10), 1000, 0, 2);
    meters_restart(m);
    meters_read(m, &now);
    CHECK(now.lufs_integrated == METERS_FLOOR);
    play(m, level(-30), 1000, 0, 2);
    meters_read(m, &now);
    CHECK_NEAR(now.lufs_integrated, -30, 0.2);
    CHECK_NEAR(now.lufs_short, -14.6, 1);               /* has not forgotten */
    meters_free(m);
}

TEST(one_channel_leaves_the_other_at_the_floor)
{
    struct meters *m = meters_new();
    struct meters_now now;
    float x[480];

    play(m, 1, 1000, 0, 0.5);
    for (int block = 0; block < 100; block++) {
        for (int i = 0; i < 480; i++)
            x[i] = (float)sine(level(-20), 1000, 0, (uint64_t)(block * 480 + i));
        meters_run(m, x, 480, 1);
    }
    meters_read(m, &now);
    CHECK_INT(now.channels, 1);
    CHECK_NEAR(now.rms[0], -23.01, 0.01);
    CHECK_NEAR(now.lufs, -23.01, 0.1);                  /* once, not twice */
    CHECK(now.peak[1] == METERS_FLOOR && now.rms[1] == METERS_FLOOR && now.bands[1][17] == METERS_FLOOR);
    meters_free(m);
}

TEST(the_first_two_of_many_channels_are_measured)
{
    struct meters *m = meters_new();
    struct meters_now now;
    float x[480 * 6] = { 0 };

    for (int i = 0; i < 480; i++)
        x[6 * i] = 0.5f, x[6 * i + 1] = 0.25f, x[6 * i + 2] = 1;
    meters_run(m, x, 480, 6);
    meters_read(m, &now);
    CHECK_NEAR(now.peak[0], -6.02, 0.01);
    CHECK_NEAR(now.peak[1], -12.04, 0.01);
    meters_run(m, x, 480, 0);                           /* nothing, and no harm */
    meters_free(m);
}

TEST(broken_numbers_are_silence_and_poison_nothing)
{
    struct meters *m = meters_new();
    struct meters_now now;
    float x[480 * 2];

    for (int i = 0; i < 960; i++)
        x[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -FLT_MAX;
    for (int i = 0; i < 100; i++)
        meters_run(m, x, 480, 2);
    play(m, level(-20), 1000, 0, 4);
    meters_read(m, &now);
    CHECK_NEAR(now.rms[0], -23.01, 0.01);
    CHECK_NEAR(now.lufs_short, -20, 0.1);
    CHECK(isfinite(now.lufs_integrated));
    for (int i = 0; i < METERS_BANDS; i++)
        CHECK(now.bands[0][i] >= METERS_FLOOR && now.bands[0][i] < 10);
    meters_free(m);
}

/* The same numbers however the sound is cut into periods. */
TEST(periods_of_any_size_measure_the_same)
{
    struct meters *a = meters_new(), *b = meters_new();
    static float x[48000 * 2];
    struct meters_now now_a, now_b;
    uint32_t seed = 7, size = 1;

    for (int i = 0; i < 96000; i++) {
        seed = seed * 1664525 + 1013904223;
        x[i] = (float)((double)seed / 4294967296. - 0.5);
    }
    meters_run(a, x, 48000, 2);
    for (uint32_t at = 0; at < 48000; at += size, size = size * 3 % 4001 + 1)
        meters_run(b, x + 2 * at, size < 48000 - at ? size : 48000 - at, 2);
    meters_read(a, &now_a);
    meters_read(b, &now_b);
    CHECK(!memcmp(&now_a, &now_b, sizeof(now_a)));
    meters_free(a);
    meters_free(b);
}

/* libebur128's own answers, where it is installed. */
struct ebur128 {
    void *(*init)(unsigned channels, unsigned long rate, int mode);
    int (*add)(void *, const float *, size_t);
    int (*momentary)(void *, double *), (*shortterm)(void *, double *), (*global)(void *, double *), (*true_peak)(void *, unsigned, double *);
    void (*destroy)(void **);
};

static bool find(struct ebur128 *e, void *lib)
{
    const struct { const char *name; void *to; } all[] = {
        { "ebur128_init", &e->init }, { "ebur128_add_frames_float", &e->add }, { "ebur128_loudness_momentary", &e->momentary },
        { "ebur128_loudness_shortterm", &e->shortterm }, { "ebur128_loudness_global", &e->global }, { "ebur128_true_peak", &e->true_peak },
        { "ebur128_destroy", &e->destroy },
    };

    for (size_t i = 0; lib && i < sizeof all / sizeof *all; i++) {
        void *f = dlsym(lib, all[i].name);
        if (!f)
            return false;
        memcpy(all[i].to, &f, sizeof f);
    }
    return lib;
}

/* Noise in bursts of different level: gates and windows have something to do. */
TEST(libebur128_says_the_same)
{
    struct ebur128 e;
    void *lib = dlopen("libebur128.so.1", RTLD_NOW), *state;
    struct meters *m = meters_new();
    struct meters_now now;
    float x[480 * 2], slow = 0;
    double momentary, shortterm, global, peak, most = -200;
    uint32_t seed = 3;

    if (!find(&e, lib)) {
        meters_free(m);
        SKIP("libebur128 is not installed");
    }
    state = e.init(2, RATE, 1 | 3 | 5 | 16 | 17 | 1 << 5);      /* momentary, short, integrated, sample peak, true peak */
    CHECK(state);
    for (int block = 0; block < 3000; block++) {
        double gain = level((block / 170) % 4 * -9. - 3);
        for (int i = 0; i < 960; i++) {
            seed = seed * 1664525 + 1013904223;
            slow += 0.2f * ((float)((double)seed / 4294967296. - 0.5) - slow);
            x[i] = (float)gain * slow;
        }
        meters_run(m, x, 480, 2);
        e.add(state, x, 480);
        if (block % 10 != 9)
            continue;
        meters_read(m, &now);
        most = fmax(most, (double)now.true_peak[0]);
        e.momentary(state, &momentary);
        e.shortterm(state, &shortterm);
        if (block > 300) {
            CHECK_NEAR(now.lufs, momentary, 0.05);
            CHECK_NEAR(now.lufs_short, shortterm, 0.05);
        }
    }
    e.global(state, &global);
    e.true_peak(state, 0, &peak);
    CHECK_NEAR(now.lufs_integrated, global, 0.1);
    CHECK_NEAR(most, 20 * log10(peak), 0.3);
    e.destroy(&state);
    dlclose(lib);
    meters_free(m);
}

/* Nothing that could wait: the trap build ends a thread that allocates, locks or writes here. And it is cheap, in silence after sound as well. */
TEST(a_second_costs_less_than_a_hundredth_of_a_core_in_real_time)
{
    struct meters *m = meters_new();
    struct timespec before, after;
    struct meters_now now;
    static float x[PERIOD * 2 * 16];

    for (int i = 0; i < PERIOD * 32; i++)
        x[i] = (float)sine(0.7, 440 + i % 2, 0, (uint64_t)i / 2);
    thread_enter_real_time(1);
    for (int round = 0; round < 2; round++) {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
        for (int i = 0; i < RATE * 20 / PERIOD; i++) {
            meters_run(m, x + PERIOD * 2 * (i % 16), PERIOD, 2);
            meters_read(m, &now);
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
        double ms = ((double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6) / 20;
        thread_leave_real_time();
        printf("# %.2f ms of computing for a second of %s\n", ms, round ? "silence" : "sound");
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        CHECK(ms < 10);
#endif
        memset(x, 0, sizeof(x));
        thread_enter_real_time(1);
    }
    meters_restart(m);
    thread_leave_real_time();
    meters_free(m);
}
