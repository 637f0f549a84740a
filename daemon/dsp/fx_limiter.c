#include "dsp/fx_limiter.h"

#include <string.h>

#define ONE (UINT32_C(1) << 30)
#define MARGIN 0.995                    /* 0.04 dB: what a gain that changes and the length of the interpolator leave open, on what ends at 21 kHz */
#define REACH 2.4f                      /* more than the sum of what any phase weighs: how much higher than the samples an interpolated one may be */

/*
 * What lies 1/8, 2/8, 3/8 and 4/8 of the way from the twelfth of 24 samples to the thirteenth: sinc under a Kaiser window (beta 5), each row with the sum 1.
 * The further three are the first three backwards.
 */
static const float phases[LIMITER_PHASES / 2][LIMITER_TAPS] = {
    { -0.000840778f, 0.001675735f, -0.002929364f, 0.004728252f, -0.007239880f, 0.010709441f, -0.015544353f, 0.022526474f,
      -0.033435989f, 0.053439149f, -0.106206698f, 0.974609699f, 0.137617841f, -0.061522850f, 0.037223535f, -0.024775483f,
      0.017044110f, -0.011768571f, 0.008005292f, -0.005281502f, 0.003322310f, -0.001945445f, 0.001016186f, -0.000427109f },
    { -0.001405717f, 0.002866252f, -0.005074920f, 0.008258877f, -0.012715574f, 0.018874307f, -0.027436488f, 0.039722792f,
      -0.058669232f, 0.092484305f, -0.175855686f, 0.900026478f, 0.297689054f, -0.122702396f, 0.072735582f, -0.048056896f,
      0.032988781f, -0.022793519f, 0.015547263f, -0.010305479f, 0.006528534f, -0.003864089f, 0.002054811f, -0.000897040f },
    { -0.001654673f, 0.003458977f, -0.006208208f, 0.010190854f, -0.015781001f, 0.023511113f, -0.034236864f, 0.049539551f,
      -0.072854690f, 0.113458978f, -0.207851230f, 0.783156127f, 0.468073718f, -0.173826108f, 0.100644262f, -0.065943490f,
      0.045147840f, -0.031206857f, 0.021339167f, -0.014207415f, 0.009061046f, -0.005417654f, 0.002929269f, -0.001322713f },
    { -0.001605705f, 0.003449827f, -0.006282231f, 0.010406669f, -0.016213411f, 0.024250556f, -0.035384648f, 0.051187905f,
      -0.075001176f, 0.115556468f, -0.205088052f, 0.634723796f, 0.634723796f, -0.205088052f, 0.115556468f, -0.075001176f,
      0.051187905f, -0.035384648f, 0.024250556f, -0.016213411f, 0.010406669f, -0.006282231f, 0.003449827f, -0.001605705f },
};

static uint32_t look_ahead_frames(double ms, double rate)
{
    double frames = ms * rate / 1000;

    return frames < LIMITER_MOST ? frames > 16 ? (uint32_t)lround(frames) : 16 : LIMITER_MOST;
}

uint32_t fx_limiter_latency(double look_ahead_ms, double rate)
{
    return LIMITER_BEHIND + look_ahead_frames(look_ahead_ms, rate) - 1 + LIMITER_AROUND;
}

void fx_limiter_init(struct fx_limiter *f, double look_ahead_ms, double rate)
{
    uint32_t frames = look_ahead_frames(look_ahead_ms, rate);

    memset(f, 0, sizeof *f);
    f->rate = rate;
    f->gain = 1;
    f->need_before = ONE;
    /* Two averages after each other reach over length_1 + length_2 - 1 frames. */
    f->length_1 = (frames + 1) / 2;
    f->length_2 = frames + 1 - f->length_1;
    for (int i = 0; i < LIMITER_SMOOTH; i++) {
        f->smooth_1[i] = ONE;
        f->smooth_2[i] = (uint64_t)f->length_1 * ONE;
    }
    f->sum_1 = (uint64_t)f->length_1 * ONE;
    f->sum_2 = f->length_2 * f->sum_1;
}

void fx_limiter_set(struct fx_limiter *f, double ceiling_db, double release_ms)
{
    double wanted = MARGIN * pow(10, ceiling_db / 20);

    f->recovery = 1 - exp(-1000 / (fmax(release_ms, 1) * f->rate));
    if (!f->ramp) {
        f->ramp = fx_ramp_frames(f->rate);
        f->ceiling = wanted;
    } else if (wanted < f->wanted || wanted > f->wanted) {
        f->left = f->ramp;
        f->step = (wanted - f->ceiling) / f->left;
    }
    f->wanted = wanted;
}

/* ---- what each frame needs ---- */

typedef float four __attribute__((vector_size(4 * sizeof(float))));

static inline four four_at(const float *x)
{
    four v;

    memcpy(&v, x, sizeof v);
    return v;
}

static inline four four_most(four a, four b)
{
    four most = { 0 };

    for (int i = 0; i < 4; i++) {
        float v = fabsf(b[i]);
        most[i] = a[i] > v ? a[i] : v;
    }
    return most;
}

/* The highest of the eight values from frame to frame, for four frames from x on (the oldest that the first one needs). */
static four between(const float *x)
{
    four most = four_most((four){ 0 }, four_at(x + LIMITER_BEHIND - 1)), middle = { 0 };

    for (int p = 0; p < LIMITER_PHASES / 2 - 1; p++) {
        four y = { 0 }, back = { 0 };
        for (int t = 0; t < LIMITER_TAPS; t++) {
            y += phases[p][t] * four_at(x + t);
            back += phases[p][LIMITER_TAPS - 1 - t] * four_at(x + t);
        }
        most = four_most(four_most(most, y), back);
    }
    for (int t = 0; t < LIMITER_TAPS; t++)
        middle += phases[LIMITER_PHASES / 2 - 1][t] * four_at(x + t);
    return four_most(most, middle);
}

static float largest(const float *x, uint32_t n)
{
    float most = 0;

    for (uint32_t i = 0; i < n; i++) {
        float v = fabsf(x[i]);
        most = v > most ? v : most;
    }
    return most;
}

/* peak[i]: of the interval that frame i of the block completes; 0 where no peak can be above `harmless`. */
static void find_peaks(struct fx_limiter *f, const fx_pair *x, uint32_t n, float harmless, float peak[FX_BLOCK])
{
    const uint32_t old = LIMITER_TAPS - 1;

    memset(peak, 0, FX_BLOCK * sizeof *peak);
    for (int c = 0; c < 2; c++) {
        float *h = f->history[c];
        for (uint32_t i = 0; i < n; i++)
            h[old + i] = fabs(x[i][c]) > 1e-20 ? (float)x[i][c] : 0;        /* no products that are denormal */
        for (uint32_t i = n; i % 4; i++)
            h[old + i] = 0;
        if (largest(h, old + n) * REACH > harmless)
            for (uint32_t i = 0; i < n; i += 4) {
                four most = four_most(four_at(peak + i), between(h + i));
                memcpy(peak + i, &most, sizeof most);
            }
        memmove(h, h + n, old * sizeof *h);
    }
}

/* ---- the gain ---- */

/* The least that is needed by the last look-ahead's frames and those around. */
static uint32_t hold(struct fx_limiter *f, uint32_t need)
{
    const uint32_t mask = LIMITER_RING - 1, held = f->length_1 + f->length_2 - 1 + 2 * LIMITER_AROUND;

    while (f->last != f->first && f->queue[(f->last - 1) & mask].need >= need)
        f->last--;
    f->queue[f->last & mask].need = need;
    f->queue[f->last++ & mask].at = f->at;
    if (f->at - f->queue[f->first & mask].at >= held)
        f->first++;
    return f->queue[f->first & mask].need;
}

static double smooth(struct fx_limiter *f, double gain)
{
    const uint32_t mask = LIMITER_SMOOTH - 1;
    uint32_t value = (uint32_t)(gain * ONE);

    f->sum_1 += value - (uint64_t)f->smooth_1[(f->at - f->length_1) & mask];
    f->smooth_1[f->at & mask] = value;
    f->sum_2 += f->sum_1 - f->smooth_2[(f->at - f->length_2) & mask];
    f->smooth_2[f->at & mask] = f->sum_1;
    return (double)f->sum_2 / ((double)f->length_1 * f->length_2 * ONE);
}

static double follow(struct fx_limiter *f, float peak)
{
    uint32_t need = (double)peak > f->ceiling ? (uint32_t)(f->ceiling / (double)peak * ONE) : ONE;
    double held = hold(f, need < f->need_before ? need : f->need_before) * (1.0 / ONE);

    f->need_before = need;
    f->gain = held < f->gain ? held : f->gain + (held - f->gain) * f->recovery;
    /* What an exponential never reaches: nobody hears a hundred-thousandth of a dB. */
    if (held - f->gain < 1e-6)
        f->gain = held;
    return smooth(f, f->gain);
}

void fx_limiter_run(struct fx_limiter *f, fx_pair *x, uint32_t n)
{
    const uint32_t mask = LIMITER_RING - 1, late = LIMITER_BEHIND + f->length_1 + f->length_2 - 2 + LIMITER_AROUND;
    float peak[FX_BLOCK];

    find_peaks(f, x, n, (float)fmin(f->ceiling, f->wanted), peak);
    for (uint32_t i = 0; i < n; i++) {
        if (f->left)
            f->ceiling = --f->left ? f->ceiling + f->step : f->wanted;
        f->delay[f->at & mask] = x[i];
        x[i] = f->delay[(f->at - late) & mask] * follow(f, peak[i]);
        f->at++;
    }
}
