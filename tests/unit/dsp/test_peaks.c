/* What is read between the samples, and that the limiter holds it there, by the ears of others: libebur128, and the interpolator of the meters here. */
#include "dsp/fx_limiter.h"

#include <ebur128.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/kweight.h"

#include "../../tap.h"
#include "noise.h"

static double db(double v) { return 20 * log10(v); }

static double ebur_reads(const float *stereo, int n, int rate)
{
    ebur128_state *e = ebur128_init(2, (unsigned long)rate, EBUR128_MODE_TRUE_PEAK);
    double left, right;

    ebur128_add_frames_float(e, stereo, (size_t)n);
    ebur128_true_peak(e, 0, &left);
    ebur128_true_peak(e, 1, &right);
    ebur128_destroy(&e);
    return db(fmax(left, right));
}

static double meter_reads(const float *stereo, int n)
{
    float *x = malloc((size_t)n * sizeof *x);

    for (int i = 0; i < n; i++)
        x[i] = stereo[2 * i + 1];
    double most = (double)true_peak_run(x, (size_t)(n - TRUE_PEAK_TAPS + 1));
    free(x);
    return db(most);
}

/* ---- reading ---- */

/* The tones of EBU Tech 3341, cases 15 to 19: their peaks are between their samples. */
static const struct { double of_rate, degrees; } tones[] = { { 1 / 4., 0 }, { 1 / 4., 45 }, { 1 / 6., 60 }, { 1 / 8., 67.5 }, { 0.05, 10 }, { 0.31, 20 }, { 0.4, 5 }, { 0.46, 33 } };

TEST(the_peaks_of_tones_are_found_wherever_they_are)
{
    enum { N = 64, FRAMES = 40 };
    float x[PEAKS_LAP + N];

    for (size_t t = 0; t < sizeof tones / sizeof *tones; t++) {
        float most = 0;
        for (int at = 0; at < FRAMES * N; at += N) {
            float peaks[N] = { 0 };
            for (int i = 0; i < PEAKS_LAP + N; i++)
                x[i] = (float)sin(2 * M_PI * (tones[t].of_rate * (at + i) + tones[t].degrees / 360));
            peaks_between(x, N, peaks);
            for (int i = 0; i < N; i++)
                most = peaks[i] > most ? peaks[i] : most;
        }
        /* Annex 2 itself reads up to 0.13 dB too much where its filter ripples. */
        if (!(db((double)most) > -0.1 && db((double)most) < 0.15))
            TAP_FAIL("a tone of %g of the rate is read as %.3f dBTP", tones[t].of_rate, db((double)most));
    }
}

/* A frame's value is that of its own place, and knows what was there before. */
TEST(a_peak_is_found_in_its_frame)
{
    float x[PEAKS_LAP + PEAKS_MOST] = { 0 }, peaks[PEAKS_MOST] = { 0 };

    x[PEAKS_BEFORE + 20] = x[PEAKS_BEFORE + 21] = 0.5f;
    peaks[3] = 0.75f;
    peaks_between(x, PEAKS_MOST, peaks);
    CHECK_NEAR(peaks[3], 0.75, 0);
    CHECK(peaks[20] > 0.6f && peaks[20] < 0.66f);
    CHECK(peaks[19] >= 0.5f && peaks[19] < peaks[20] && peaks[21] >= 0.5f && peaks[21] < peaks[20]);
    CHECK(peaks[30] < 0.1f);
}

TEST(nothing_between_the_samples_is_higher_than_the_reach)
{
    uint32_t seed = 4;
    float x[PEAKS_LAP + 4], peak[4];

    for (int r = 0; r < 20000; r++) {
        for (int i = 0; i < PEAKS_LAP + 4; i++)     /* also the worst: alternating from both sides up to the middle */
            x[i] = r ? random_of(&seed) < 0.5 ? -1 : 1 : (i + (i > PEAKS_BEFORE)) % 2 ? -1 : 1;
        memset(peak, 0, sizeof peak);
        peaks_between(x, 4, peak);
        for (int i = 0; i < 4; i++)
            CHECK(peak[i] < PEAKS_REACH);
        if (!r)
            CHECK(peak[0] > 0.9f * PEAKS_REACH);
    }
}

/* ---- holding ---- */

enum { SIGNALS = 15 };

/* Sample i of what is hard on a limiter, up to half of the rate. */
static double hard(int signal, int i, double rate, uint32_t *seed)
{
    double t = i / rate, noise = normal_of(seed), even = 2 * random_of(seed) - 1;

    switch (signal) {
    case 0: return noise;
    case 1: return 4 * even;
    case 2: return even > 0 ? 1 : -1;
    case 3: return 2 * fmin(fmax(5 * noise, -1), 1);                            /* clipped */
    case 4: return 1.4 * fmin(fmax(sin(2 * M_PI * 80 * t) * 3 + noise, -1), 1); /* a master without mercy */
    case 5: return fmod(t * 1000, 1) < 0.5 ? 2 : -2;
    case 6: return fmod(t * 110.3, 1) < 0.5 ? 4 : -4;
    case 7: return fmod(i / 2.5, 1) < 0.5 ? 2 : -2;
    case 8: return i / 500 % 7 ? 0.2 * noise : 3 * noise;                       /* bursts */
    case 9: return fabs(even) < 0.01 ? 8 * noise : 0;
    case 10: return noise * (1 + 3 * sin(2 * M_PI * 3 * t) * sin(2 * M_PI * 41 * t));
    case 11: return 2 * sin(2 * M_PI * 0.49 * i);
    default: return 2 * sin(2 * M_PI * (tones[signal - 11].of_rate * i + tones[signal - 11].degrees / 360));
    }
}

static void check_held(int signal, int rate, double ceiling, double look_ahead_ms)
{
    const int n = rate / 3;
    float *y = calloc(2 * (size_t)n, sizeof *y);
    struct fx_limiter l;
    uint32_t seed = 7;

    fx_limiter_init(&l, look_ahead_ms, rate);
    fx_limiter_set(&l, ceiling, 100);
    for (int at = 0; at < n; at += FX_BLOCK) {
        fx_pair x[FX_BLOCK];
        int some = n - at < FX_BLOCK ? n - at : FX_BLOCK;
        for (int i = 0; i < some; i++) {
            double v = hard(signal, at + i, rate, &seed);
            x[i] = (fx_pair){ 0.7 * v, v };
        }
        fx_limiter_run(&l, x, (uint32_t)some);
        for (int i = 0; i < some; i++)
            y[2 * (at + i)] = (float)x[i][0], y[2 * (at + i) + 1] = (float)x[i][1];
    }
    double ebur = ebur_reads(y, n, rate), meter = meter_reads(y, n);
    if (!(ebur < ceiling + 0.02 && meter < ceiling + 0.05 && fmax(ebur, meter) > ceiling - 2.5))
        TAP_FAIL("signal %d at %d Hz, ceiling %g dBTP, look-ahead %g ms: %.3f dBTP by libebur128, %.3f by the meters", signal, rate, ceiling, look_ahead_ms, ebur, meter);
    free(y);
}

TEST(whoever_measures_what_was_limited_finds_it_below_the_ceiling)
{
    static const int rates[] = { 44100, 48000, 96000 };

    for (int r = 0; r < 3; r++)
        for (int signal = 0; signal < SIGNALS; signal++) {
            check_held(signal, rates[r], -1, 2);
            if (rates[r] == 48000) {
                check_held(signal, rates[r], -6, 1.5);
                check_held(signal, rates[r], 0, 5);
            }
        }
}
