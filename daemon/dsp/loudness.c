#include "dsp/loudness.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/kweight.h"

enum { CHANNELS = KWEIGHT_CHANNELS, TAPS = TRUE_PEAK_TAPS, CHUNK = 1024, STRETCH = 64 };

struct loudness {
    int channels;
    uint64_t per_block, filled;
    struct kweight weight;
    kweight_pair sum;
    double *power;                      /* of each block */
    size_t n, cap;
    float tail[CHANNELS][TAPS - 1 + CHUNK];     /* what the interpolator still needs, then the new samples */
    float peak, reach;                  /* reach: how much higher than the samples an interpolated one may be */
};

struct loudness *loudness_new(int channels, double rate)
{
    struct loudness *l = channels >= 1 && channels <= CHANNELS && rate >= 8000 ? calloc(1, sizeof *l) : NULL;

    if (!l)
        return NULL;
    l->channels = channels;
    l->per_block = (uint64_t)llround(rate / LOUDNESS_RATE);
    kweight_init(&l->weight, rate);
    l->reach = true_peak_reach();
    return l;
}

void loudness_free(struct loudness *l)
{
    if (l)
        free(l->power);
    free(l);
}

/* ---- the true peak ---- */

static float largest(const float *x, size_t n)
{
    float most = 0;

    for (size_t i = 0; i < n; i++) {
        float v = fabsf(x[i]);
        most = v > most ? v : most;
    }
    return most;
}

/* Only where it could be higher than what was found already: of most music that is a hundredth. */
static void find_peak(struct loudness *l, size_t n)
{
    for (int c = 0; c < l->channels; c++) {
        const float *x = l->tail[c];
        for (size_t at = 0; at < n; at += STRETCH) {
            size_t some = n - at < STRETCH ? n - at : STRETCH;
            float sample = largest(x + at, some + TAPS - 1);
            l->peak = sample > l->peak ? sample : l->peak;
            if (sample * l->reach <= l->peak)
                continue;
            float v = true_peak_run(x + at, some);
            l->peak = v > l->peak ? v : l->peak;
        }
        memmove(l->tail[c], l->tail[c] + n, (TAPS - 1) * sizeof **l->tail);
    }
}

/* ---- loudness ---- */

static enum lm_err block_end(struct loudness *l)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 4096;
        double *power = realloc(l->power, cap * sizeof *power);
        if (!power)
            return LM_NOMEM;
        l->power = power;
        l->cap = cap;
    }
    l->power[l->n++] = (l->sum[0] + l->sum[1]) / (double)l->per_block;
    l->sum = (kweight_pair){ 0, 0 };
    l->filled = 0;
    return LM_OK;
}

static enum lm_err add_power(struct loudness *l, size_t n)
{
    const float *left = l->tail[0] + TAPS - 1, *right = l->channels == CHANNELS ? l->tail[1] + TAPS - 1 : NULL;

    for (size_t i = 0; i < n;) {
        size_t some = l->per_block - l->filled < n - i ? (size_t)(l->per_block - l->filled) : n - i;
        kweight_add(&l->weight, left + i, right ? right + i : NULL, some, &l->sum);
        i += some;
        l->filled += some;
        if (l->filled == l->per_block && block_end(l))
            return LM_NOMEM;
    }
    return LM_OK;
}

enum lm_err loudness_add(struct loudness *l, const float *frames, uint64_t n)
{
    enum lm_err err = LM_OK;

    while (n && !err) {
        size_t some = n < CHUNK ? (size_t)n : CHUNK;
        for (int c = 0; c < l->channels; c++)
            for (size_t i = 0; i < some; i++)
                l->tail[c][TAPS - 1 + i] = frames[i * (size_t)l->channels + (size_t)c];
        err = add_power(l, some);
        find_peak(l, some);
        frames += some * (size_t)l->channels;
        n -= some;
    }
    return err;
}

size_t loudness_blocks(const struct loudness *l)
{
    return l->n;
}

double loudness_power(const struct loudness *l, size_t block)
{
    return l->power[block];
}

double loudness_of_power(double power)
{
    return fmax(LOUDNESS_FLOOR, -0.691 + 10 * log10(fmax(power, 1e-12)));
}

double loudness_momentary(const struct loudness *l, size_t block)
{
    double sum = 0;

    for (size_t i = block < 2 ? 0 : block - 2; i < block + 2 && i < l->n; i++)
        sum += l->power[i];
    return loudness_of_power(sum / 4);
}

/* Mean of the 400 ms blocks (75 % overlap) that are louder than `gate`; 0: none is. */
static double mean_above(const struct loudness *l, double gate)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i + 4 <= l->n; i++) {
        double z = (l->power[i] + l->power[i + 1] + l->power[i + 2] + l->power[i + 3]) / 4;
        if (z > gate) {
            sum += z;
            n++;
        }
    }
    return n ? sum / (double)n : 0;
}

double loudness_integrated(const struct loudness *l)
{
    double absolute = pow(10, (LOUDNESS_FLOOR + 0.691) / 10), relative = mean_above(l, absolute) / 10;

    return loudness_of_power(mean_above(l, relative > absolute ? relative : absolute));
}

double loudness_true_peak(const struct loudness *l)
{
    return l->peak > 1e-10f ? 20 * log10((double)l->peak) : -200;
}
