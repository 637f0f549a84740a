#include "dsp/loudness.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 2, TAPS = 12, PHASES = 4, CHUNK = 1024, STRETCH = 64 };

/* The two channels side by side: compilers make one instruction of an operation on both. */
typedef double pair __attribute__((vector_size(CHANNELS * sizeof(double))));

/* Second order, transposed direct form II; the coefficients are the same for both channels. */
struct section { double b0, b1, b2, a1, a2; pair s1, s2; };

struct loudness {
    int channels;
    uint64_t per_block, filled;
    struct section shelf, high;
    pair sum;
    double *power;                      /* of each block */
    size_t n, cap;
    float tail[CHANNELS][TAPS - 1 + CHUNK];     /* what the interpolator still needs, then the new samples */
    float peak, reach;                  /* reach: how much higher than the samples an interpolated one may be */
};

/* BS.1770-4, annex 2, table 1: the phases of the interpolator; the last two are the first two backwards. */
static const float phases[PHASES][TAPS] = {
    { 0.0017089843750f, 0.0109863281250f, -0.0196533203125f, 0.0332031250000f, -0.0594482421875f, 0.1373291015625f, 0.9721679687500f, -0.1022949218750f,
      0.0476074218750f, -0.0266113281250f, 0.0148925781250f, -0.0083007812500f },
    { -0.0291748046875f, 0.0292968750000f, -0.0517578125000f, 0.0891113281250f, -0.1665039062500f, 0.4650878906250f, 0.7797851562500f, -0.2003173828125f,
      0.1015625000000f, -0.0582275390625f, 0.0330810546875f, -0.0189208984375f },
    { -0.0189208984375f, 0.0330810546875f, -0.0582275390625f, 0.1015625000000f, -0.2003173828125f, 0.7797851562500f, 0.4650878906250f, -0.1665039062500f,
      0.0891113281250f, -0.0517578125000f, 0.0292968750000f, -0.0291748046875f },
    { -0.0083007812500f, 0.0148925781250f, -0.0266113281250f, 0.0476074218750f, -0.1022949218750f, 0.9721679687500f, 0.1373291015625f, -0.0594482421875f,
      0.0332031250000f, -0.0196533203125f, 0.0109863281250f, 0.0017089843750f },
};

static void design(struct loudness *l, double rate)
{
    double gain = pow(10, 3.999843853973347 / 20), middle = pow(gain, 0.4996667741545416), q = 0.7071752369554196;
    double k = tan(M_PI * 1681.974450955533 / rate), a0 = 1 + k / q + k * k;

    l->shelf = (struct section){
        .b0 = (gain + middle * k / q + k * k) / a0, .b1 = 2 * (k * k - gain) / a0, .b2 = (gain - middle * k / q + k * k) / a0,
        .a1 = 2 * (k * k - 1) / a0, .a2 = (1 - k / q + k * k) / a0,
    };
    q = 0.5003270373238773;
    k = tan(M_PI * 38.13547087602444 / rate);
    a0 = 1 + k / q + k * k;
    l->high = (struct section){ .b0 = 1, .b1 = -2, .b2 = 1, .a1 = 2 * (k * k - 1) / a0, .a2 = (1 - k / q + k * k) / a0 };
}

struct loudness *loudness_new(int channels, double rate)
{
    struct loudness *l = channels >= 1 && channels <= CHANNELS && rate >= 8000 ? calloc(1, sizeof *l) : NULL;

    if (!l)
        return NULL;
    l->channels = channels;
    l->per_block = (uint64_t)llround(rate / LOUDNESS_RATE);
    design(l, rate);
    for (int p = 0; p < PHASES; p++) {
        float sum = 0;
        for (int t = 0; t < TAPS; t++)
            sum += fabsf(phases[p][t]);
        l->reach = sum > l->reach ? sum : l->reach;
    }
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

/* x[0] is the oldest that the first result needs. */
static float interpolated(const float *x, size_t n)
{
    float most = 0, y[STRETCH];

    for (int p = 0; p < PHASES; p++) {
        for (size_t i = 0; i < n; i++)
            y[i] = 0;
        for (int t = 0; t < TAPS; t++)
            for (size_t i = 0; i < n; i++)
                y[i] += phases[p][t] * x[i + TAPS - 1 - (size_t)t];
        float v = largest(y, n);
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
            float v = interpolated(x + at, some);
            l->peak = v > l->peak ? v : l->peak;
        }
        memmove(l->tail[c], l->tail[c] + n, (TAPS - 1) * sizeof **l->tail);
    }
}

/* ---- loudness ---- */

static inline pair section_run(struct section *f, pair x)
{
    pair y = f->b0 * x + f->s1;

    f->s1 = f->b1 * x - f->a1 * y + f->s2;
    f->s2 = f->b2 * x - f->a2 * y;
    return y;
}

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
    l->sum = (pair){ 0, 0 };
    l->filled = 0;
    return LM_OK;
}

static enum lm_err add_power(struct loudness *l, size_t n)
{
    const float *left = l->tail[0] + TAPS - 1, *right = l->tail[l->channels - 1] + TAPS - 1;
    double both = l->channels == CHANNELS;

    for (size_t i = 0; i < n;) {
        size_t some = l->per_block - l->filled < n - i ? (size_t)(l->per_block - l->filled) : n - i;
        struct section shelf = l->shelf, high = l->high;
        pair sum = l->sum;
        for (size_t end = i + some; i < end; i++) {
            pair y = section_run(&high, section_run(&shelf, (pair){ (double)left[i], (double)right[i] * both }));
            sum += y * y;
        }
        l->shelf = shelf, l->high = high, l->sum = sum;
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
