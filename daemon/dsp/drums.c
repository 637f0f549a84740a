#include "dsp/drums.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/drum_net.h"
#include "dsp/order.h"
#include "dsp/spectrum.h"

enum {
    SIZE = 2048, RATE = 100,            /* spectra a second */
    BANDS = 17, GROUPS = 6, RANGES = 4,
    LAG = 2,                            /* spectra: what is no older is new */
    AROUND = 50,                        /* spectra on either side that a hit must stand out of */
    PEAK = 3,                           /* and how far around it is the highest */
    RING = 128,                         /* spectra that are remembered, a power of two over 2 * AROUND */
    BEFORE = 4, SOON = 8, LATER = 16, RISE = 3,
    LOW_BINS = 8,                       /* there a neighbour is another note, not the same one swaying */
    ALIKE = 98, LOUD = 90, MOST = 99,   /* percentiles */
};

_Static_assert(DRUM_NET_IN == 2 * BANDS + 3 * GROUPS && (int)DRUM_NET_OUT == (int)HIT_DRUMS, "dsp/drum_net.h");

#define TINY 1e-6f
#define INAUDIBLE .02f                  /* of a range: an attack of a millionth of full scale */
#define STANDS_OUT .06f                 /* and more by so much of what most hits of the recording have */
/* Of clicks at known instants. */
#define LEAD -0.003

static const float edges[BANDS + 1] = { 25, 70, 115, 165, 230, 330, 470, 670, 950, 1350, 1900, 2700, 3800, 5400, 7600, 10700, 15000, 20000 };
/* So much more than what is around it is a hit in each range; hardly a peak of noise is. */
static const float above[RANGES] = { 2.6f, 2.1f, 1.6f, 1.45f };
static const int groups[GROUPS + 1] = { 0, 2, 4, 7, 10, 14, 17 }, ranges[RANGES + 1] = { 0, 3, 9, 14, 17 };

/* What a place where something may have been hit is told apart by; logarithms. */
struct event { uint32_t t; float range[RANGES], around[RANGES]; bool peak[RANGES]; float attack[BANDS], soon[GROUPS], later[GROUPS], rise[GROUPS]; };

struct tool {
    struct spectrum *spectrum;
    int bin[BANDS + 1];
    float old[LAG + SPECTRUM_LANES][SIZE / 2 + 1];      /* newest spectra; [0] and [1] are those before the lanes */
    float attack[RING][BANDS], level[RING][GROUPS], range[RING][RANGES];
    double sum[RANGES];                 /* of the ranges from t - AROUND to t + AROUND */
    struct event *events;
    size_t n, cap;
    float *all[RANGES];                 /* the ranges of every spectrum */
};

/* ---- spectra ---- */

static void bins_init(struct tool *k, double rate)
{
    for (int b = 0; b <= BANDS; b++) {
        int bin = (int)ceil((double)edges[b] * SIZE / rate);
        k->bin[b] = bin < SIZE / 2 + 1 ? bin : SIZE / 2 + 1;
    }
}

/* The mono mix around the middle of spectrum t; silence outside the recording. */
static void window_at(const float *frames, uint64_t n, int channels, double rate, uint64_t t, float out[SIZE])
{
    int64_t from = (int64_t)llround((double)t * rate / RATE) - SIZE / 2;
    float scale = 1 / (float)channels;

    for (int i = 0; i < SIZE; i++)
        out[i] = 0;
    int first = from < 0 ? (int)-from : 0, end = from + SIZE > (int64_t)n ? (int)((int64_t)n - from) : SIZE;
    for (int i = first; i < end; i++) {
        const float *x = frames + (size_t)(from + i) * (size_t)channels;
        out[i] = (channels == 1 ? x[0] : x[0] + x[1]) * scale;
    }
}

/* Mean of the roots, squared: what fills a band counts, a line in it does not. */
static float filled(const float *x, int from, int to)
{
    float sum = 0;

    for (int i = from; i < to; i++)
        sum += x[i];
    sum = to > from ? sum / (float)(to - from) : 0;
    return sum * sum;
}

static void measure(struct tool *k, size_t t, const float *s, const float *before)
{
    float fresh[SIZE / 2 + 1], root[SIZE / 2 + 1], mean[BANDS];
    float *a = k->attack[t % RING];
    int end = k->bin[BANDS];

    for (int i = 0; i < end; i++)
        root[i] = sqrtf(s[i]);
    for (int i = 0; i < LOW_BINS; i++)
        fresh[i] = sqrtf(s[i] > before[i] ? s[i] - before[i] : 0);
    for (int i = LOW_BINS; i < end; i++) {
        float most = before[i] > before[i - 1] ? before[i] : before[i - 1], next = before[i + 1 <= SIZE / 2 ? i + 1 : i];
        most = most > next ? most : next;
        fresh[i] = sqrtf(s[i] > most ? s[i] - most : 0);
    }
    for (int b = 0; b < BANDS; b++) {
        a[b] = filled(fresh, k->bin[b], k->bin[b + 1]);
        mean[b] = filled(root, k->bin[b], k->bin[b + 1]);
    }
    for (int g = 0; g < GROUPS; g++) {
        float sum = 0;
        for (int b = groups[g]; b < groups[g + 1]; b++)
            sum += mean[b];
        k->level[t % RING][g] = sum / (float)(groups[g + 1] - groups[g]);
    }
    for (int r = 0; r < RANGES; r++) {
        float sum = 0;
        for (int b = ranges[r]; b < ranges[r + 1]; b++)
            sum += sqrtf(a[b]) * drum_net_usual[b];
        k->range[t % RING][r] = k->all[r][t] = sum / (float)(ranges[r + 1] - ranges[r]);
    }
}

static void silence(struct tool *k, size_t t)
{
    memset(k->attack[t % RING], 0, sizeof *k->attack);
    memset(k->level[t % RING], 0, sizeof *k->level);
    memset(k->range[t % RING], 0, sizeof *k->range);
}

/* ---- where something was hit ---- */

static bool is_peak(const struct tool *k, size_t t, int r)
{
    float v = k->range[t % RING][r], around = (float)(k->sum[r] / (2 * AROUND + 1));

    if (!(v > above[r] * around) || v < INAUDIBLE)
        return false;
    for (size_t i = 1; i <= PEAK; i++)
        if (v < k->range[(t + i) % RING][r] || (t >= i && v < k->range[(t - i) % RING][r]))
            return false;
    return true;
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

static float clip(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

static void describe(const struct tool *k, size_t t, struct event *e)
{
    const float (*a)[BANDS] = k->attack, (*l)[GROUPS] = k->level;

    for (int b = 0; b < BANDS; b++)
        e->attack[b] = logf(larger(a[t % RING][b], larger(a[(t + RING - 1) % RING][b], a[(t + 1) % RING][b])) + TINY);
    for (int g = 0; g < GROUPS; g++) {
        float most = 0;
        for (size_t i = 0; i <= RISE; i++)
            most = larger(most, l[(t + i) % RING][g]);
        most += TINY;
        e->soon[g] = clip(logf((l[(t + SOON) % RING][g] + TINY) / most), -4, 1);
        e->later[g] = clip(logf((l[(t + LATER) % RING][g] + TINY) / most), -5, 1);
        e->rise[g] = clip(logf(most / (l[(t + RING - BEFORE) % RING][g] + TINY)), -1, 4);
    }
}

/* `t` lies AROUND spectra back. */
static enum lm_err look(struct tool *k, size_t t)
{
    struct event e = { .t = (uint32_t)t };
    bool any = false;

    for (int r = 0; r < RANGES; r++) {
        e.range[r] = k->range[t % RING][r];
        e.around[r] = (float)(k->sum[r] / (2 * AROUND + 1));
        any |= e.peak[r] = is_peak(k, t, r);
    }
    if (!any)
        return LM_OK;
    if (k->n == k->cap) {
        size_t cap = k->cap ? k->cap * 2 : 1024;
        struct event *events = realloc(k->events, cap * sizeof *events);
        if (!events)
            return LM_NOMEM;
        k->events = events, k->cap = cap;
    }
    describe(k, t, &e);
    k->events[k->n++] = e;
    return LM_OK;
}

/* Spectrum t has come in, or silence behind the last. */
static enum lm_err step(struct tool *k, size_t t)
{
    for (int r = 0; r < RANGES; r++) {
        k->sum[r] += (double)k->range[t % RING][r];
        if (t > 2 * AROUND)
            k->sum[r] -= (double)k->range[(t - 2 * AROUND - 1) % RING][r];
    }
    return t >= AROUND ? look(k, t - AROUND) : LM_OK;
}

static enum lm_err read_all(struct tool *k, const float *frames, uint64_t n, int channels, double rate, size_t count,
                            void (*progress)(void *ctx, uint64_t read), void *ctx)
{
    float in[SIZE];
    enum lm_err err = LM_OK;

    for (size_t t = 0; t < count && !err; t += SPECTRUM_LANES) {
        for (unsigned lane = 0; lane < SPECTRUM_LANES; lane++) {
            window_at(frames, n, channels, rate, t + lane, in);
            spectrum_put(k->spectrum, lane, in);
        }
        spectrum_run(k->spectrum);
        for (unsigned lane = 0; lane < SPECTRUM_LANES; lane++)
            spectrum_read(k->spectrum, lane, 0, SIZE / 2 + 1, k->old[LAG + lane]);
        for (unsigned lane = 0; lane < SPECTRUM_LANES && t + lane < count && !err; lane++) {
            measure(k, t + lane, k->old[LAG + lane], k->old[lane]);
            err = step(k, t + lane);
        }
        memcpy(k->old, k->old[SPECTRUM_LANES], LAG * sizeof *k->old);
        if (progress && t % 1000 < SPECTRUM_LANES && t >= RATE)
            progress(ctx, (uint64_t)((double)(t - RATE / 2) * rate / RATE));
    }
    for (size_t t = count; t < count + AROUND && !err; t++) {
        silence(k, t);
        err = step(k, t);
    }
    return err;
}

/* ---- what it was ---- */

/* Of events nearer than 40 ms the strongest; those that do not stand out by what is usual in this recording are none. */
static enum lm_err choose(struct tool *k, size_t count)
{
    float most[RANGES];
    size_t n = 0;
    float strongest = 0;

    for (int r = 0; r < RANGES; r++) {
        enum lm_err err = order_percentile(k->all[r], count, MOST, &most[r]);
        if (err)
            return err;
        most[r] += 1e-9f;
    }
    for (size_t i = 0; i < k->n; i++) {
        const struct event *e = &k->events[i];
        bool stands_out = false;
        float strength = 0;
        for (int r = 0; r < RANGES; r++) {
            stands_out |= e->peak[r] && e->range[r] > above[r] * e->around[r] + STANDS_OUT * most[r];
            strength += e->range[r] / most[r];
        }
        if (!stands_out)
            continue;
        bool is_new = !n || e->t - k->events[n - 1].t > PEAK;
        if (is_new || strength > strongest) {
            k->events[n - !is_new] = *e;
            n += is_new;
            strongest = strength;
        }
    }
    k->n = n;
    return LM_OK;
}

/* What the attacks of this recording mostly have: of each band, and in all. */
struct usual { float band[BANDS], all; };

static enum lm_err usual_of(const struct tool *k, struct usual *u)
{
    float *v = malloc((k->n + 1) * sizeof *v);
    enum lm_err err = v ? LM_OK : LM_NOMEM;

    for (int b = 0; b <= BANDS && !err; b++) {
        for (size_t i = 0; i < k->n; i++) {
            const float *a = k->events[i].attack;
            float sum = 0;
            for (int c = 0; b == BANDS && c < BANDS; c++)
                sum += expf(a[c]) - TINY;
            v[i] = b < BANDS ? a[b] : logf(sum + TINY);
        }
        err = order_percentile(v, k->n, LOUD, b < BANDS ? &u->band[b] : &u->all);
    }
    free(v);
    return err;
}

static void hear(const struct event *e, const struct usual *u, float in[DRUM_NET_IN])
{
    for (int b = 0; b < BANDS; b++) {
        in[b] = clip(e->attack[b] - u->band[b], -5, 1.5f);
        in[BANDS + b] = clip(e->attack[b] - u->all, -8, 2);
    }
    memcpy(in + 2 * BANDS, e->soon, sizeof e->soon);
    memcpy(in + 2 * BANDS + GROUPS, e->later, sizeof e->later);
    memcpy(in + 2 * BANDS + 2 * GROUPS, e->rise, sizeof e->rise);
}

static void judge(const struct event *e, const struct usual *u, float out[HIT_DRUMS])
{
    float in[DRUM_NET_IN], hidden[DRUM_NET_HIDDEN];

    hear(e, u, in);
    for (int h = 0; h < DRUM_NET_HIDDEN; h++) {
        float sum = drum_net_hidden_bias[h];
        for (int i = 0; i < DRUM_NET_IN; i++)
            sum += in[i] * drum_net_hidden[h][i];
        hidden[h] = sum > 0 ? sum : 0;
    }
    for (int d = 0; d < HIT_DRUMS; d++) {
        out[d] = drum_net_out_bias[d];
        for (int h = 0; h < DRUM_NET_HIDDEN; h++)
            out[d] += hidden[h] * drum_net_out[d][h];
    }
}

/* Where each drum's strength is read. */
static const struct { int from, to; } sounds_in[HIT_DRUMS] = { [HIT_KICK] = { 0, 3 }, [HIT_SNARE] = { 3, 13 }, [HIT_HIHAT] = { 13, BANDS } };

static float loudness(const struct event *e, int drum)
{
    float sum = 0;

    for (int b = sounds_in[drum].from; b < sounds_in[drum].to; b++)
        sum += sqrtf(expf(e->attack[b]) - TINY + 1e-12f) * drum_net_usual[b];
    return sum;
}

static enum lm_err scale(struct hits *h)
{
    for (int d = 0; d < HIT_DRUMS; d++) {
        float most = 0, *v = malloc((h->n[d] + 1) * sizeof *v);
        if (!v)
            return LM_NOMEM;
        for (size_t i = 0; i < h->n[d]; i++)
            v[i] = h->hit[d][i].strength;
        enum lm_err err = h->n[d] ? order_percentile(v, h->n[d], ALIKE, &most) : LM_OK;
        free(v);
        if (err)
            return err;
        for (size_t i = 0; i < h->n[d]; i++)
            h->hit[d][i].strength = most > 0 ? clip(h->hit[d][i].strength / most, 0, 1) : 0;
    }
    return LM_OK;
}

static enum lm_err name_all(const struct tool *k, struct hits *h)
{
    struct usual u;
    enum lm_err err = k->n ? usual_of(k, &u) : LM_OK;

    for (int d = 0; d < HIT_DRUMS && !err; d++)
        err = (h->hit[d] = malloc((k->n + 1) * sizeof **h->hit)) ? LM_OK : LM_NOMEM;
    for (size_t i = 0; i < k->n && !err; i++) {
        float is[HIT_DRUMS];
        judge(&k->events[i], &u, is);
        for (int d = 0; d < HIT_DRUMS; d++)
            if (is[d] > 0)              /* more likely than not */
                h->hit[d][h->n[d]++] = (struct hit){ fmax(0, (double)k->events[i].t / RATE + LEAD), loudness(&k->events[i], d) };
    }
    return err ? err : scale(h);
}

static void tool_free(struct tool *k)
{
    if (!k)
        return;
    spectrum_free(k->spectrum);
    free(k->events);
    for (int r = 0; r < RANGES; r++)
        free(k->all[r]);
    free(k);
}

enum lm_err drums_find(const float *frames, uint64_t n, int channels, double rate, void (*progress)(void *ctx, uint64_t read), void *ctx, struct hits *h)
{
    size_t count = (size_t)((double)n / rate * RATE) + 1;
    struct tool *k = calloc(1, sizeof *k);
    enum lm_err err = LM_OK;

    memset(h, 0, sizeof *h);
    if (!k || !(k->spectrum = spectrum_new(SIZE)))
        err = LM_NOMEM;
    for (int r = 0; r < RANGES && !err; r++)
        err = (k->all[r] = malloc(count * sizeof(float))) ? LM_OK : LM_NOMEM;
    if (!err) {
        bins_init(k, rate);
        if (!(err = read_all(k, frames, n, channels, rate, count, progress, ctx)) && !(err = choose(k, count)))
            err = name_all(k, h);
    }
    tool_free(k);
    if (err)
        hits_clear(h);
    return err;
}

void hits_clear(struct hits *h)
{
    for (int d = 0; d < HIT_DRUMS; d++)
        free(h->hit[d]);
    memset(h, 0, sizeof *h);
}
