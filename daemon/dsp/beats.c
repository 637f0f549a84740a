#include "dsp/beats.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/order.h"

enum {
    SLOWEST = 60 * ONSET_RATE / 48, FASTEST = 60 * ONSET_RATE / 215,       /* intervals in frames */
    INTERVALS = SLOWEST - FASTEST + 1,
    BEAT_PART = 10,                     /* the first tenth of an interval is "on the beat" */
    REACH = 16,                         /* no tempo changes by more frames than that from one beat to the next */
    LAGS = 6 * ONSET_RATE,
    AROUND = 10,                        /* beats on either side that say what tempo to expect */
    RESCALE = 64,                       /* frames between two times the path scores are brought back to zero */
};

static const float PULL = 20;           /* log probability that a frame more or less than the surroundings' interval costs where the tempo is steady */

/* What the beats around speak for: an interval in frames (0: nothing), and how firmly. */
struct hope { float interval, pull; };

/* --- activation --- */

void beat_cues_clear(struct beat_cues *c)
{
    free(c->activation);
    free(c->kick);
    free(c->snare);
    free(c->low);
    memset(c, 0, sizeof(*c));
}

/* The strongest 3 % of the surroundings become 1, but quiet passages are not blown up without limit. */
static enum lm_err normalise(float *v, size_t n, size_t window, double floor_part, double floor_percent, float top)
{
    float *scale = malloc(n * sizeof(*scale)), least;
    enum lm_err err = scale ? order_percentile(v, n, floor_percent, &least) : LM_NOMEM;

    if (!err && !(err = order_slide(v, n, window, 97, scale)))
        for (size_t i = 0; i < n; i++)
            v[i] = fmaxf(0, fminf(top, v[i] / fmaxf(scale[i], (float)floor_part * least + 1e-9f)));
    free(scale);
    return err;
}

static enum lm_err add_bands(const struct onsets *o, float *sum)
{
    static const float weight[ONSET_BANDS] = { 1.2f, .6f, .8f, 1, .6f };
    float p98;

    for (int b = 0; b < ONSET_BANDS; b++) {
        enum lm_err err = order_percentile(o->band[b], o->n, 98, &p98);
        if (err)
            return err;
        for (size_t i = 0; i < o->n; i++) {
            float v = o->band[b][i] / (p98 + 1e-6f);
            sum[i] += weight[b] * (b ? v : fminf(v, 1.5f));
        }
    }
    return LM_OK;
}

enum lm_err beat_cues_make(const struct onsets *o, struct beat_cues *c)
{
    size_t n = o->n;
    float *mean = malloc((n + 1) * sizeof(*mean));
    enum lm_err err = LM_NOMEM;

    *c = (struct beat_cues){ .n = n, .activation = calloc(n + 1, sizeof(float)),
                             .kick = malloc((n + 1) * sizeof(float)), .snare = malloc((n + 1) * sizeof(float)),
                             .low = malloc((n + 1) * sizeof(float)), .tone = (const float (*)[ONSET_TONES])o->tone };
    if (!mean || !c->activation || !c->kick || !c->snare || !c->low || (err = add_bands(o, c->activation)))
        goto out;
    order_mean(c->activation, n, 2 * ONSET_RATE / 5, mean);
    for (size_t i = 0; i < n; i++)
        c->activation[i] = fmaxf(0, c->activation[i] - mean[i]);
    memcpy(c->kick, o->kick, n * sizeof(float));
    memcpy(c->snare, o->snare, n * sizeof(float));
    for (size_t i = 0; i < n; i++)
        c->low[i] = o->band[0][i] + o->band[1][i];
    if (!(err = normalise(c->activation, n, 6 * ONSET_RATE, .25, 99.5, 1))
        && !(err = normalise(c->kick, n, 8 * ONSET_RATE, .3, 98, 1.2f))
        && !(err = normalise(c->snare, n, 8 * ONSET_RATE, .3, 98, 1.2f)))
        err = normalise(c->low, n, 8 * ONSET_RATE, .3, 98, 1.2f);
out:
    free(mean);
    if (err)
        beat_cues_clear(c);
    return err;
}

/* --- tempo --- */

/* Autocorrelation of the activation, 1 at lag 0, nothing negative. Long recordings are correlated in pieces of two minutes. */
static void correlate(const float *v, size_t n, double ac[LAGS])
{
    enum { PIECE = 120 * ONSET_RATE };
    double mean = 0, zero = 0;

    for (size_t i = 0; i < n; i++)
        mean += v[i] / (double)n;
    memset(ac, 0, LAGS * sizeof(*ac));
    for (size_t from = 0; from < n; from += PIECE)
        for (size_t lag = 0; lag < LAGS; lag++) {
            size_t end = from + PIECE < n ? from + PIECE : n;
            float sum = 0;
            for (size_t i = from; i + lag < end; i++)
                sum += (v[i] - (float)mean) * (v[i + lag] - (float)mean);
            ac[lag] += sum;
        }
    zero = ac[0];
    for (size_t lag = 0; lag < LAGS; lag++)
        ac[lag] = zero > 0 ? fmax(0, ac[lag] / zero) : 0;
}

/* How well the activation repeats after one, two, three and four intervals. */
static double comb(const double ac[LAGS], double lag)
{
    static const double weight[4] = { 1, .8, .35, .7 };
    double sum = 0;

    for (int k = 0; k < 4; k++) {
        double at = lag * (k + 1);
        size_t i = (size_t)at;
        if (i + 1 < LAGS)
            sum += weight[k] * (ac[i] + (at - (double)i) * (ac[i + 1] - ac[i]));
    }
    return sum / 2.85;
}

static double prior(const double ac[LAGS], int interval)
{
    double octaves = log2(60. * ONSET_RATE / interval / 115) / .55;

    return 2 * log(.02 + comb(ac, interval)) - .5 * octaves * octaves;
}

/* --- the model --- */

struct model {
    int first[INTERVALS + 1];               /* where an interval's states begin; [INTERVALS]: how many there are */
    float change[INTERVALS][2 * REACH + 1]; /* log probability from interval b to b + d - REACH, with the prior of where it leads */
    float start[INTERVALS];
    float *score, *next;
    uint8_t *from;                          /* [frame][interval]: which interval a beat at that frame ended */
};

static void model_free(struct model *m)
{
    if (!m)
        return;
    free(m->score);
    free(m->next);
    free(m->from);
    free(m);
}

/* 100 frames a second cannot tell every tempo, so a change by one frame is nearly free and anything more is dear. */
static double change_cost(int from, int to)
{
    int d = abs(to - from);

    return -300. * (d > 1 ? d - 1 : 0) / from - 1.5 * (d > 0);
}

static struct model *model_new(const double ac[LAGS], size_t n)
{
    struct model *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    for (int k = 0; k < INTERVALS; k++) {
        int interval = FASTEST + k;
        double sum = 0;
        m->first[k + 1] = m->first[k] + interval;
        m->start[k] = (float)prior(ac, interval);
        for (int to = 0; to < INTERVALS; to++)
            sum += exp(change_cost(interval, FASTEST + to));
        for (int d = 0; d <= 2 * REACH; d++) {
            int to = k + d - REACH;
            if (to >= 0 && to < INTERVALS)
                m->change[k][d] = (float)(change_cost(interval, FASTEST + to) - log(sum) + .6 * prior(ac, FASTEST + to));
        }
    }
    m->score = calloc((size_t)m->first[INTERVALS], sizeof(float));
    m->from = malloc(n * INTERVALS);
    if (!m->score || !m->from) {
        model_free(m);
        return NULL;
    }
    return m;
}

static void model_start(struct model *m)
{
    for (int k = 0; k < INTERVALS; k++)
        for (int s = m->first[k]; s < m->first[k + 1]; s++)
            m->score[s] = m->start[k];
}

static void rescale(struct model *m)
{
    float best = m->score[0];

    for (int s = 1; s < m->first[INTERVALS]; s++)
        best = fmaxf(best, m->score[s]);
    for (int s = 0; s < m->first[INTERVALS]; s++)
        m->score[s] -= best;
}

static void step(struct model *m, uint8_t *from, float activation, struct hope hope)
{
    float a = fmaxf(.03f, fminf(.97f, activation));
    float on = logf(a), off = logf((1 - a) / (BEAT_PART - 1)), enter[INTERVALS];

    for (int k = 0; k < INTERVALS; k++) {
        int low = k > REACH ? k - REACH : 0, high = k + REACH < INTERVALS ? k + REACH : INTERVALS - 1;
        float best = -INFINITY;
        for (int b = low; b <= high; b++) {
            float v = m->score[m->first[b + 1] - 1] + m->change[b][k - b + REACH];
            if (v > best) {
                best = v;
                from[k] = (uint8_t)b;
            }
        }
        enter[k] = best - hope.pull * fmaxf(0, fabsf((float)(FASTEST + k) - hope.interval) - 1);
    }
    for (int k = 0; k < INTERVALS; k++) {
        float *s = m->score + m->first[k];
        int interval = FASTEST + k, on_beat = (interval + BEAT_PART - 1) / BEAT_PART;
        memmove(s + 1, s, (size_t)(interval - 1) * sizeof(*s));
        s[0] = enter[k];
        for (int i = 0; i < on_beat; i++)
            s[i] += on;
        for (int i = on_beat; i < interval; i++)
            s[i] += off;
    }
}

static enum lm_err trace(const struct model *m, size_t n, struct beats *b)
{
    int best = 0, k = 0;

    for (int s = 1; s < m->first[INTERVALS]; s++)
        if (m->score[s] > m->score[best])
            best = s;
    while (m->first[k + 1] <= best)
        k++;
    if (!(b->frame = malloc((n / FASTEST + 2) * sizeof(*b->frame))))
        return LM_NOMEM;
    int64_t t = (int64_t)n - 1, back = best - m->first[k];
    for (b->n = 0; (t -= back) >= 0; back = FASTEST + k - 1) {
        b->frame[b->n++] = (double)t;
        k = m->from[(size_t)t * INTERVALS + (size_t)k];
        if (--t < 0)
            break;
    }
    for (size_t i = 0; i < b->n / 2; i++) {
        double swap = b->frame[i];
        b->frame[i] = b->frame[b->n - 1 - i];
        b->frame[b->n - 1 - i] = swap;
    }
    return LM_OK;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double beats_interval(const double *frame, size_t n)
{
    double *d = n > 1 ? malloc((n - 1) * sizeof(*d)) : NULL, median;

    if (!d)
        return 0;
    for (size_t i = 0; i + 1 < n; i++)
        d[i] = frame[i + 1] - frame[i];
    qsort(d, n - 1, sizeof(*d), compare);
    median = n % 2 ? (d[(n - 1) / 2 - 1] + d[(n - 1) / 2]) / 2 : d[(n - 1) / 2];
    free(d);
    return median;
}

/* To the peak of the activation, and by a parabola between frames. The model is content when the peak lies anywhere in a beat's first part. */
static void refine(const struct beat_cues *c, struct beats *b)
{
    int64_t after = (int64_t)(beats_interval(b->frame, b->n) / BEAT_PART) + 1;

    for (size_t i = 0; i < b->n; i++) {
        int64_t at = (int64_t)b->frame[i], low = at > 3 ? at - 3 : 0, peak = low;
        for (int64_t t = low; t < (int64_t)c->n && t <= at + after; t++)
            if (c->activation[t] > c->activation[peak])
                peak = t;
        if (c->activation[peak] <= .25f)
            continue;
        b->frame[i] = (double)peak;
        if (peak > 0 && peak + 1 < (int64_t)c->n) {
            double y0 = c->activation[peak - 1], y1 = c->activation[peak], y2 = c->activation[peak + 1];
            double bend = y0 - 2 * y1 + y2;
            if (bend < -1e-9)
                b->frame[i] += fmax(-.5, fmin(.5, .5 * (y0 - y2) / bend));
        }
    }
}

static void run(struct model *m, const struct beat_cues *c, const struct hope *hope)
{
    model_start(m);
    for (size_t t = 0; t < c->n; t++) {
        step(m, m->from + t * INTERVALS, c->activation[t], hope ? hope[t] : (struct hope){ 0, 0 });
        if (t % RESCALE == RESCALE - 1)
            rescale(m);
    }
}

/* The mean of the intervals near the median of those around, which keeps a step in the tempo a step; firm when they are many. */
static void hope_make(const struct beats *b, size_t frames, struct hope *hope)
{
    double d[2 * AROUND + 1];
    size_t t = 0;

    for (size_t i = 0; i + 1 < b->n; i++) {
        size_t low = i > AROUND ? i - AROUND : 0, high = i + AROUND + 1 < b->n ? i + AROUND + 1 : b->n - 1, near = 0;
        double sum = 0, median;
        for (size_t k = low; k < high; k++)
            d[k - low] = b->frame[k + 1] - b->frame[k];
        qsort(d, high - low, sizeof(*d), compare);
        median = d[(high - low) / 2];
        for (size_t k = 0; k < high - low; k++)
            if (fabs(d[k] - median) < 1.6) {
                sum += d[k];
                near++;
            }
        for (; t < frames && (i + 2 == b->n || (double)t < b->frame[i + 1]); t++)
            hope[t] = (struct hope){ (float)(sum / (double)near), PULL * fmaxf(0, fminf(1, ((float)near / (float)(high - low) - .6f) / .3f)) };
    }
}

/* The mean, over the recording, of how well a piece of it repeats at the tempo it has there. */
static double repeats(const struct beat_cues *c, const struct beats *b)
{
    enum { PIECE = 20 * ONSET_RATE };
    double *ac = malloc(LAGS * sizeof(*ac)), sum = 0;
    size_t pieces = c->n / PIECE ? c->n / PIECE : 1, i = 0;

    for (size_t k = 0; ac && k < pieces; k++) {
        size_t from = k * c->n / pieces, to = (k + 1) * c->n / pieces, first;
        for (; i < b->n && b->frame[i] < (double)from; i++)
            ;
        for (first = i; i < b->n && b->frame[i] < (double)to; i++)
            ;
        correlate(c->activation + from, to - from, ac);
        double interval = beats_interval(b->frame + first, i - first);
        sum += interval > 0 ? comb(ac, interval) : 0;
    }
    free(ac);
    return sum / (double)pieces;
}

/* Twice: where a tempo holds for a while, the second time it may not be left to slip from one beat to the next. */
enum lm_err beats_find(const struct beat_cues *c, struct beats *b, double *periodicity)
{
    double *ac = malloc(LAGS * sizeof(*ac));
    struct hope *hope = malloc((c->n + 1) * sizeof(*hope));
    struct model *m = NULL;
    enum lm_err err = LM_NOMEM;

    *b = (struct beats){ 0 };
    *periodicity = 0;
    if (!ac || !hope)
        goto out;
    correlate(c->activation, c->n, ac);
    if (!(m = model_new(ac, c->n)))
        goto out;
    run(m, c, NULL);
    if ((err = trace(m, c->n, b)))
        goto out;
    if (b->n > 2) {
        hope_make(b, c->n, hope);
        run(m, c, hope);
        beats_clear(b);
        if ((err = trace(m, c->n, b)))
            goto out;
    }
    refine(c, b);
    *periodicity = repeats(c, b);
out:
    model_free(m);
    free(hope);
    free(ac);
    return err;
}

void beats_clear(struct beats *b)
{
    free(b->frame);
    *b = (struct beats){ 0 };
}
