/* Effects against what the papers and the standard say: responses, the static curve, times, true peaks. */
#include "dsp/fx_compressor.h"
#include "dsp/fx_filter.h"
#include "dsp/fx_gain.h"
#include "dsp/fx_limiter.h"

#include <complex.h>
#include <stdlib.h>

#include "../../tap.h"
#include "noise.h"

#define RATE 48000.0
enum { LONG = 48000, ROOM = 64 };

/* ---- filters ---- */

/* dB at hz of an impulse response */
static double level_at(const double *h, int n, double hz)
{
    double complex sum = 0, turn = cexp(-I * 2 * M_PI * hz / RATE), at = 1;

    for (int i = 0; i < n; i++, at *= turn)
        sum += h[i] * at;
    return 20 * log10(fmax(cabs(sum), 1e-12));
}

static void impulse(struct fx_filter *f, double *h, int n)
{
    for (int i = 0; i < n; i += FX_BLOCK) {
        fx_pair x[FX_BLOCK] = { { 0, 0 } };
        if (!i)
            x[0] = (fx_pair){ 1, -2 };
        fx_filter_run(f, x, FX_BLOCK);
        for (int k = 0; k < FX_BLOCK; k++)
            h[i + k] = x[k][0];
    }
}

/* R. Bristow-Johnson's cookbook, in dB at hz */
static double cookbook(enum fx_filter_kind kind, double hz0, double gain_db, double q, double hz)
{
    double a = pow(10, gain_db / 40), w = 2 * M_PI * hz0 / RATE, c = cos(w), alpha = sin(w) / (2 * q), r = 2 * sqrt(a) * alpha, b[3], d[3];

    switch (kind) {
    case FX_LOW_PASS:
        b[0] = b[2] = (1 - c) / 2, b[1] = 1 - c, d[0] = 1 + alpha, d[1] = -2 * c, d[2] = 1 - alpha;
        break;
    case FX_HIGH_PASS:
        b[0] = b[2] = (1 + c) / 2, b[1] = -1 - c, d[0] = 1 + alpha, d[1] = -2 * c, d[2] = 1 - alpha;
        break;
    case FX_PEAK:
        b[0] = 1 + alpha * a, b[1] = -2 * c, b[2] = 1 - alpha * a, d[0] = 1 + alpha / a, d[1] = -2 * c, d[2] = 1 - alpha / a;
        break;
    case FX_LOW_SHELF:
        b[0] = a * (a + 1 - (a - 1) * c + r), b[1] = 2 * a * (a - 1 - (a + 1) * c), b[2] = a * (a + 1 - (a - 1) * c - r);
        d[0] = a + 1 + (a - 1) * c + r, d[1] = -2 * (a - 1 + (a + 1) * c), d[2] = a + 1 + (a - 1) * c - r;
        break;
    default:
        b[0] = a * (a + 1 + (a - 1) * c + r), b[1] = -2 * a * (a - 1 + (a + 1) * c), b[2] = a * (a + 1 + (a - 1) * c - r);
        d[0] = a + 1 - (a - 1) * c + r, d[1] = 2 * (a - 1 - (a + 1) * c), d[2] = a + 1 - (a - 1) * c - r;
    }
    double complex z = cexp(-I * 2 * M_PI * hz / RATE);
    return 20 * log10(fmax(cabs((b[0] + b[1] * z + b[2] * z * z) / (d[0] + d[1] * z + d[2] * z * z)), 1e-12));
}

static const double looked_at[] = { 20, 45, 100, 210, 500, 1000, 1900, 4000, 8000, 12000, 16000, 20000, 23000 };

TEST(filters_have_the_responses_of_the_cookbook)
{
    static const struct { enum fx_filter_kind kind; double hz, gain_db, q; } cases[] = {
        { FX_LOW_SHELF, 100, 6, M_SQRT1_2 }, { FX_LOW_SHELF, 300, -12, 1 }, { FX_HIGH_SHELF, 8000, 9, M_SQRT1_2 }, { FX_HIGH_SHELF, 3000, -24, 0.5 },
        { FX_PEAK, 1000, 12, 1 }, { FX_PEAK, 1900, -18, 8 }, { FX_PEAK, 60, 3, 0.3 }, { FX_LOW_PASS, 500, 0, M_SQRT1_2 }, { FX_LOW_PASS, 18000, 0, M_SQRT1_2 },
        { FX_HIGH_PASS, 30, 0, M_SQRT1_2 }, { FX_HIGH_PASS, 4000, 0, M_SQRT1_2 },
    };
    double *h = malloc(LONG * sizeof *h);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_filter f;
        fx_filter_init(&f, RATE);
        fx_filter_set(&f, cases[i].kind, cases[i].hz, cases[i].gain_db, cases[i].q, 1);
        impulse(&f, h, LONG);
        for (size_t k = 0; k < sizeof looked_at / sizeof *looked_at; k++) {
            double want = cookbook(cases[i].kind, cases[i].hz, cases[i].gain_db, cases[i].q, looked_at[k]), got = level_at(h, LONG, looked_at[k]);
            if (want > -90 && !(fabs(got - want) < 0.01))
                TAP_FAIL("filter %zu at %g Hz: %g dB, want %g", i, looked_at[k], got, want);
        }
    }
    free(h);
}

TEST(passes_of_24_db_are_butterworth_of_fourth_order)
{
    double *h = malloc(LONG * sizeof *h);

    for (int high = 0; high < 2; high++) {
        struct fx_filter f;
        double t0 = tan(M_PI * 1000 / RATE);
        fx_filter_init(&f, RATE);
        fx_filter_set(&f, high ? FX_HIGH_PASS : FX_LOW_PASS, 1000, 0, 1, 2);
        impulse(&f, h, LONG);
        for (size_t k = 0; k < sizeof looked_at / sizeof *looked_at; k++) {
            double t = tan(M_PI * looked_at[k] / RATE) / t0, want = -10 * log10(1 + pow(high ? 1 / t : t, 8));
            if (want > -100 && !(fabs(level_at(h, LONG, looked_at[k]) - want) < 0.01))
                TAP_FAIL("%s at %g Hz: %g dB, want %g", high ? "high-pass" : "low-pass", looked_at[k], level_at(h, LONG, looked_at[k]), want);
        }
    }
    free(h);
}

TEST(a_filter_that_moves_arrives_at_what_was_asked_and_stays_quiet)
{
    struct fx_filter f, straight;
    uint32_t seed = 1;
    double most = 0;

    fx_filter_init(&f, RATE);
    fx_filter_set(&f, FX_PEAK, 30, 24, 20, 1);
    for (int r = 0; r < 3000; r++) {
        fx_pair x[FX_BLOCK];
        if (r % 7 == 0)         /* faster than a ramp, over the whole range */
            fx_filter_set(&f, FX_PEAK, 20 * pow(1000, random_of(&seed)), -24 + 48 * random_of(&seed), 0.1 + 20 * random_of(&seed), 1);
        for (int k = 0; k < FX_BLOCK; k++)
            x[k] = (fx_pair){ sin((r * FX_BLOCK + k) * 0.02), 0 };
        fx_filter_run(&f, x, FX_BLOCK);
        for (int k = 0; k < FX_BLOCK; k++) {
            most = fmax(most, fabs(x[k][0]));
            CHECK(x[k][1] >= 0 && x[k][1] <= 0);
        }
    }
    CHECK(most < 40);           /* 24 dB is a factor of 16 */
    fx_filter_init(&straight, RATE);
    fx_filter_set(&straight, FX_LOW_PASS, 700, 0, 1, 2);
    fx_filter_set(&f, FX_LOW_PASS, 700, 0, 1, 2);
    for (int r = 0; r < 1500; r++) {
        fx_pair x[FX_BLOCK], y[FX_BLOCK];
        for (int k = 0; k < FX_BLOCK; k++)
            x[k] = y[k] = (fx_pair){ sin((r * FX_BLOCK + k) * 0.02), cos((r * FX_BLOCK + k) * 0.05) };
        fx_filter_run(&f, x, FX_BLOCK);
        fx_filter_run(&straight, y, FX_BLOCK);
        for (int k = 0; r == 1499 && k < FX_BLOCK; k++)
            CHECK_NEAR(x[k][0], y[k][0], 1e-9);
    }
}

TEST(nothing_that_fades_becomes_denormal)
{
    struct fx_filter f;
    struct fx_compressor c;
    struct fx_limiter l;
    fx_pair x[FX_BLOCK];

    fx_filter_init(&f, RATE);
    fx_filter_set(&f, FX_HIGH_PASS, 20000, 0, 1, 2);
    fx_compressor_init(&c, RATE);
    fx_compressor_set(&c, &(struct fx_compressor_settings){ -60, 20, 0, 0.1, 5, 0 });
    fx_limiter_init(&l, 1.5, RATE);
    fx_limiter_set(&l, -20, 10);
    for (int r = 0; r < 20000; r++) {
        for (int k = 0; k < FX_BLOCK; k++)
            x[k] = r < 4 ? (fx_pair){ k & 1 ? 1 : -1, 0.5 } : (fx_pair){ 0, 0 };
        fx_filter_run(&f, x, FX_BLOCK);
        fx_compressor_run(&c, x, FX_BLOCK);
        fx_limiter_run(&l, x, FX_BLOCK);
        for (int k = 0; k < FX_BLOCK; k++)
            CHECK(fpclassify(x[k][0]) != FP_SUBNORMAL && fpclassify((float)x[k][0]) != FP_SUBNORMAL);
        for (int k = 0; k < 2; k++)
            CHECK(fpclassify(f.s1[k][0]) != FP_SUBNORMAL && fpclassify(f.s2[k][0]) != FP_SUBNORMAL);
        CHECK(fpclassify(c.held) != FP_SUBNORMAL && fpclassify(c.level) != FP_SUBNORMAL && fpclassify(l.gain) != FP_SUBNORMAL);
    }
    CHECK(f.s1[0][0] >= 0 && f.s1[0][0] <= 0);          /* silence it is */
}

/* ---- gain ---- */

TEST(a_gain_is_exact_at_rest_and_moves_in_a_straight_line)
{
    struct fx_gain g;
    fx_pair x[FX_BLOCK];
    double before = 1, steepest = 0;

    fx_gain_init(&g, RATE);
    fx_gain_set(&g, 1);
    for (int k = 0; k < FX_BLOCK; k++)
        x[k] = (fx_pair){ (float)(0.1 * k), -(float)(0.3 * k) };
    fx_gain_run(&g, x, FX_BLOCK);
    for (int k = 0; k < FX_BLOCK; k++)
        CHECK(!memcmp(&x[k], &(fx_pair){ (float)(0.1 * k), -(float)(0.3 * k) }, sizeof *x));
    fx_gain_set(&g, 3);
    for (int r = 0; r < 10; r++) {
        for (int k = 0; k < FX_BLOCK; k++)
            x[k] = (fx_pair){ 1, 1 };
        fx_gain_run(&g, x, FX_BLOCK);
        for (int k = 0; k < FX_BLOCK; k++) {
            steepest = fmax(steepest, x[k][0] - before);
            before = x[k][0];
        }
    }
    CHECK_NEAR(before, 3, 0);
    CHECK_NEAR(steepest, 2 / (RATE * FX_RAMP), 1e-6);
}

/* ---- the compressor ---- */

/* What comes out of a level that has stood for two seconds. */
static double settled_db(const struct fx_compressor_settings *s, double db)
{
    struct fx_compressor c;
    fx_pair x[FX_BLOCK];

    fx_compressor_init(&c, RATE);
    fx_compressor_set(&c, s);
    for (int r = 0; r < 1500; r++) {
        for (int k = 0; k < FX_BLOCK; k++)
            x[k] = (fx_pair){ pow(10, db / 20), 1e-4 };
        fx_compressor_run(&c, x, FX_BLOCK);
    }
    return 20 * log10(x[FX_BLOCK - 1][0]);
}

TEST(a_compressor_has_its_static_curve)
{
    const struct fx_compressor_settings hard = { -20, 4, 0, 5, 50, 0 }, soft = { -20, 4, 12, 5, 50, 3 };

    for (double db = -50; db <= 6; db += 2) {
        double want = db < -20 ? db : -20 + (db + 20) / 4;
        CHECK_NEAR(settled_db(&hard, db), want, 0.01);
        /* J. Audio Eng. Soc. 60, equation 4 */
        want = db < -26 ? db : db > -14 ? -20 + (db + 20) / 4 : db + (1 / 4.0 - 1) * (db + 20 + 6) * (db + 20 + 6) / 24;
        CHECK_NEAR(settled_db(&soft, db), want + 3, 0.01);
        CHECK_NEAR(fx_compressor_curve(&soft, db), want + 3, 0.001);
    }
    CHECK_NEAR(settled_db(&(struct fx_compressor_settings){ -20, 1, 6, 5, 50, 0 }, -3), -3, 1e-6);       /* ratio 1: nothing */
}

TEST(a_compressor_takes_its_time)
{
    const struct fx_compressor_settings s = { -20, 2, 0, 10, 100, 0 };
    struct fx_compressor c;
    double after_attack = 0, after_release = 0;

    fx_compressor_init(&c, RATE);
    fx_compressor_set(&c, &s);
    for (int i = 0; i < 3 * 48000; i++) {
        fx_pair x = i < 48000 ? (fx_pair){ 0.01, 0.01 } : i < 96000 ? (fx_pair){ 1, 0.5 } : (fx_pair){ 0.01, 0.01 };
        double in = x[1];
        fx_compressor_run(&c, &x, 1);
        if (i == 48000 + 480)
            after_attack = 20 * log10(x[1] / in);           /* the right channel goes with the left */
        if (i == 96000 + 4800)
            after_release = 20 * log10(x[1] / in);
    }
    CHECK_NEAR(after_attack, -10 * (1 - exp(-1)), 0.05);
    CHECK(after_release < -10 * exp(-1) && after_release > -10 * exp(-1) * 1.2);       /* the attack smooths it on the way back too */
}

/* ---- the limiter ---- */

/* The highest between x[from] and x[to], read sixteen times a frame by a sinc of 128 samples under a Hann window: nothing of the limiter's own. */
static double true_peak(const double *x, int from, int to)
{
    static double sinc[16][128];
    static bool is_made;
    double most = 0;

    for (int p = 0; p < 16 && !is_made; p++)
        for (int k = 0; k < 128; k++) {
            double d = p / 16.0 - (k - 63);
            sinc[p][k] = (fabs(d) < 1e-9 ? 1 : sin(M_PI * d) / (M_PI * d)) * (0.5 + 0.5 * cos(M_PI * d / 64));
        }
    is_made = true;
    for (int i = from; i < to; i++)
        for (int p = 0; p < 16; p++) {
            double sum = 0;
            for (int k = 0; k < 128; k++)
                sum += sinc[p][k] * x[i - 63 + k];
            most = fmax(most, fabs(sum));
        }
    return most;
}

/* Takes away what is above hz: 161 taps under a Blackman window. */
static void band_limit(double *x, int n, double hz)
{
    double *z = malloc((size_t)n * sizeof *z);

    memcpy(z, x, (size_t)n * sizeof *z);
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int k = -80; k <= 80; k++) {
            double d = k * 2 * hz / RATE, w = 0.42 + 0.5 * cos(M_PI * k / 81) + 0.08 * cos(2 * M_PI * k / 81);
            if (i + k >= 0 && i + k < n)
                sum += z[i + k] * 2 * hz / RATE * (k ? sin(M_PI * d) / (M_PI * d) : 1) * w;
        }
        x[i] = sum;
    }
    free(z);
}

enum { HARSH = 12000, SIGNALS = 9 };

/* What is hard on a limiter; all of it ends at 20 kHz, as what people hear does, or a little above. */
static void harsh(int signal, double *x, int n)
{
    uint32_t seed = 7;

    for (int i = 0; i < n; i++) {
        double t = i / RATE, noise = normal_of(&seed), clipped = noise > 0.2 ? 1 : noise < -0.2 ? -1 : noise * 5;
        const double kinds[SIGNALS] = {
            noise, noise * 0.5, 2 * clipped, 2 * sin(2 * M_PI * 997 * t), 2 * sin(2 * M_PI * 12000 * t + M_PI / 4), 1.5 * sin(2 * M_PI * 19000.3 * t),
            fmod(t * 110, 1) < 0.5 ? 4 : -4, random_of(&seed) < 0.01 ? noise * 8 : 0, i / 50 % 40 ? 0.05 * noise : 3 * sin(2 * M_PI * 60 * t),
        };
        x[i] = kinds[signal];
    }
    band_limit(x, n, signal == 2 ? 21000 : 20000);
    for (int i = 0; i < 400; i++)
        x[i] *= i / 400.0, x[n - 1 - i] *= i / 400.0;
}

TEST(a_limiter_holds_true_peaks_below_its_ceiling)
{
    static const double ceilings[] = { -1, -6, 0 }, look_aheads[] = { 2, 1.5, 5 }, releases[] = { 100, 10, 1000 };
    double *x = calloc(HARSH + 2 * ROOM, sizeof *x), *y = calloc(HARSH + 2 * ROOM, sizeof *y);

    for (int signal = 0; signal < SIGNALS; signal++)
        for (int s = 0; s < 3; s++) {
            struct fx_limiter l;
            harsh(signal, x + ROOM, HARSH);
            fx_limiter_init(&l, look_aheads[s], RATE);
            fx_limiter_set(&l, ceilings[s], releases[s]);
            for (int i = 0; i < HARSH; i += 50) {
                fx_pair b[FX_BLOCK];
                for (int k = 0; k < 50; k++)
                    b[k] = (fx_pair){ 0.3 * x[ROOM + i + k], x[ROOM + i + k] };
                fx_limiter_run(&l, b, 50);
                for (int k = 0; k < 50; k++)
                    y[ROOM + i + k] = (double)(float)b[k][1];
            }
            double in = 20 * log10(true_peak(x, ROOM, ROOM + HARSH)), out = 20 * log10(true_peak(y, ROOM, ROOM + HARSH));
            if (!(in > ceilings[s] + 1 && out < ceilings[s] + 0.05 && out > ceilings[s] - 1.5))
                TAP_FAIL("signal %d, ceiling %g dBTP, look-ahead %g ms: %.3f dBTP in, %.3f out", signal, ceilings[s], look_aheads[s], in, out);
        }
    free(x);
    free(y);
}

TEST(a_limiter_delays_what_is_below_its_ceiling_and_nothing_else)
{
    for (double ms = 1.5; ms <= 5; ms += 0.5) {
        struct fx_limiter l;
        uint32_t late = fx_limiter_latency(ms, RATE), seed = 5;
        double past[1024] = { 0 };
        CHECK(late >= ms * 48 && late < ms * 48 + 40);
        fx_limiter_init(&l, ms, RATE);
        fx_limiter_set(&l, -1, 10);
        for (uint32_t i = 0; i < 20000; i++) {
            fx_pair x = { past[i % 1024] = (float)(random_of(&seed) - 0.5) * 0.7f, 0.25 };
            if (i == 10000)
                x[1] = 5;               /* once something is above: all else as it was, when it is over */
            fx_limiter_run(&l, &x, 1);
            double want = i >= late ? past[(i - late) % 1024] : 0;
            if (i < 10000 || i > 18000)
                CHECK(x[0] >= want && x[0] <= want);
        }
    }
}

TEST(a_limiter_turns_both_channels_down_alike)
{
    struct fx_limiter l;
    fx_pair x[FX_BLOCK];

    fx_limiter_init(&l, 2, RATE);
    fx_limiter_set(&l, -6, 50);
    for (int r = 0; r < 400; r++) {
        for (int k = 0; k < FX_BLOCK; k++) {
            double v = sin((r * FX_BLOCK + k) * 0.05) * (r % 20 ? 0.2 : 2);
            x[k] = (fx_pair){ v, -0.25 * v };
        }
        fx_limiter_run(&l, x, FX_BLOCK);
        for (int k = 0; k < FX_BLOCK; k++)
            CHECK_NEAR(x[k][1], -0.25 * x[k][0], 1e-15);
    }
}
