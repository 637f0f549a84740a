#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/dmath.h"
#include "dsp/separate_private.h"

enum {
    STEPS = 48,                         /* to the octave */
    PITCHES_MAX = 192,
    REACH = 6,                          /* steps a line may go in a frame */
    AROUND = 10,                        /* bands on either side that a peak stands out of */
    PEAKS = 460,                        /* bands that are read */
};

struct line {
    int n;                              /* pitches */
    float hz[PITCHES_MAX];
    float *peak;                        /* [PEAKS] */
    float *score, *before;              /* [n + 1]; the last one: no pitch */
    int16_t *from;                      /* [frames][n + 1] */
};

/* How far a band stands out of its surroundings, in log2, at most 4. */
static void find_peaks(const float *level, float *peak)
{
    float sum = 0;
    int n = 0;

    for (int b = 0; b < AROUND; b++, n++)
        sum += level[b];
    for (int b = 0; b < PEAKS; b++) {
        if (b + AROUND < SEPARATE_BANDS)
            sum += level[b + AROUND], n++;
        if (b - AROUND - 1 >= 0)
            sum -= level[b - AROUND - 1], n--;
        float out = level[b] - sum / (float)n;
        peak[b] = out > 4 ? 4 : out > 0 ? out : 0;
    }
}

static float at_hz(const float *peak, double hz, double bin_hz)
{
    double bin = hz / bin_hz;

    if (bin >= SEPARATE_SINGLE)         /* then bands are two bins */
        bin = SEPARATE_SINGLE + (bin - SEPARATE_SINGLE) / 2;
    int b = (int)bin;
    if (b + 1 >= PEAKS)
        return 0;
    float f = (float)(bin - b);
    return peak[b] * (1 - f) + peak[b + 1] * f;
}

/* The mean of how its partials stand out, the low ones first, less what stands out between them: else half the pitch is as good. */
static float salience(const float *peak, double hz, double bin_hz, const struct pitch_range *r)
{
    float sum = 0, weights = 0;

    for (int h = 1; h <= r->partials && hz * h < (double)r->top; h++) {
        float w = 1 / (1 + .25f * (float)(h - 1));
        float between = hz > 3 * bin_hz ? at_hz(peak, hz * (h - .5), bin_hz) : 0;
        sum += w * (at_hz(peak, hz * h, bin_hz) - .6f * between);
        weights += w;
    }
    return weights > 0 ? sum / weights : 0;
}

/* One step of the Viterbi path: what stays in tune, or begins, or ends. */
static void step(struct line *l, const float *own, int16_t *from)
{
    const float change = .12f, begin = 1.2f, none = .55f;
    int silent = l->n;
    float best = l->before[silent];
    int best_at = silent;

    for (int i = 0; i < l->n; i++)
        if (l->before[i] > best)
            best = l->before[i], best_at = i;
    for (int i = 0; i < l->n; i++) {
        int a = i > REACH ? i - REACH : 0, e = i + REACH < l->n ? i + REACH : l->n - 1, at = best_at;
        float most = best - begin;
        for (int k = a; k <= e; k++) {
            float v = l->before[k] - change * (float)abs(k - i);
            if (v > most)
                most = v, at = k;
        }
        l->score[i] = most + own[i];
        from[i] = (int16_t)at;
    }
    bool is_over = best - .3f > l->before[silent];
    l->score[silent] = (is_over ? best - .3f : l->before[silent]) + none;
    from[silent] = (int16_t)(is_over ? best_at : silent);
    for (int i = 0; i <= l->n; i++)
        l->before[i] = l->score[i] - best;      /* so that hours do not add up */
}

enum lm_err pitch_follow(const float *level, size_t n, double bin_hz, const struct pitch_range *range, struct pitch *out)
{
    struct line l = { 0 };
    size_t row;
    enum lm_err err = LM_NOMEM;

    for (double hz = (double)range->low; hz <= (double)range->high && l.n < PITCHES_MAX; hz *= dsp_exp2(1. / STEPS))
        l.hz[l.n++] = (float)hz;
    row = (size_t)l.n + 1;
    l.peak = malloc(PEAKS * sizeof(float));
    l.score = calloc(row, sizeof(float));
    l.before = calloc(row, sizeof(float));
    l.from = malloc(n * row * sizeof(*l.from));
    float *own = malloc(n * row * sizeof(*own));
    if (!l.peak || !l.score || !l.before || !l.from || !own)
        goto out;
    for (size_t t = 0; t < n; t++) {
        find_peaks(level + t * SEPARATE_BANDS, l.peak);
        for (int i = 0; i < l.n; i++)
            own[t * row + (size_t)i] = salience(l.peak, (double)l.hz[i], bin_hz, range);
        own[t * row + (size_t)l.n] = 0;
        step(&l, own + t * row, l.from + t * row);
    }
    int at = l.n;
    for (int i = 0; i < l.n; i++)
        if (l.before[i] > l.before[at])
            at = i;
    for (size_t t = n; t-- > 0;) {
        out[t].hz = at == l.n ? 0 : l.hz[at];
        out[t].strength = at == l.n ? 0 : own[t * row + (size_t)at];
        at = l.from[t * row + (size_t)at];
    }
    err = LM_OK;
out:
    free(l.peak);
    free(l.score);
    free(l.before);
    free(l.from);
    free(own);
    return err;
}
