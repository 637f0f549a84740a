#include "dsp/fx_limiter.h"

#include <string.h>

#define ONE (UINT32_C(1) << 30)
#define MARGIN 0.995                    /* 0.04 dB: for what a gain that changes leaves open */

_Static_assert((int)FX_BLOCK <= (int)PEAKS_MOST, "a block is looked through at once");

static uint32_t look_ahead_frames(double ms, double rate)
{
    double frames = ms * rate / 1000;

    return frames < LIMITER_MOST ? frames > 16 ? (uint32_t)lround(frames) : 16 : LIMITER_MOST;
}

uint32_t fx_limiter_latency(double look_ahead_ms, double rate)
{
    return PEAKS_BEHIND + look_ahead_frames(look_ahead_ms, rate) - 1 + LIMITER_AROUND;
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
    memset(peak, 0, FX_BLOCK * sizeof *peak);
    for (int c = 0; c < 2; c++) {
        float *h = f->history[c];
        for (uint32_t i = 0; i < n; i++)
            h[PEAKS_LAP + i] = fabs(x[i][c]) > 1e-20 ? (float)x[i][c] : 0;      /* no products that are denormal */
        for (uint32_t i = n; i % 4; i++)
            h[PEAKS_LAP + i] = 0;
        if (largest(h, PEAKS_LAP + n) * PEAKS_REACH > harmless)
            peaks_between(h, n, peak);
        memmove(h, h + n, PEAKS_LAP * sizeof *h);
    }
}

/* ---- the gain ---- */

/* The least that is needed by the last look-ahead's frames and those around. */
static uint32_t hold(struct fx_limiter *f, uint32_t need)
{
    const uint32_t mask = LIMITER_QUEUE - 1, held = f->length_1 + f->length_2 - 1 + 2 * LIMITER_AROUND;

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
    const uint32_t mask = LIMITER_RING - 1, late = PEAKS_BEHIND + f->length_1 + f->length_2 - 2 + LIMITER_AROUND;
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
