#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/dmath.h"
#include "dsp/separate_private.h"

enum {
    BANDS = SEPARATE_BANDS,
    SHORT = 9, MIDDLE = 25, LONG = 51,  /* frames: .2, .5 and 1.1 s */
    NEAR = 17, WIDE = 65,               /* bands */
    WINDOW_MAX = WIDE,
    COARSE = 52, ALIKE = 11, APART = 32, /* bands of 16, frames that resemble one, frames between two of them (.7 s) */
};

static const float FLOOR = 1e-12f;      /* power: -120 dB, in spectra of full scale 1 */

bool look_init(struct look *l, size_t frames)
{
    bool ok = true;

    memset(l, 0, sizeof(*l));
    l->most = frames;
    for (int i = 0; i < LOOK_PLANES; i++)
        ok = (l->plane[i] = malloc(frames * BANDS * sizeof(float))) && ok;
    l->hits = calloc(frames * LOOK_HITS, sizeof(*l->hits));
    l->usual = calloc(BANDS, sizeof(*l->usual));
    l->bass = calloc(frames, sizeof(*l->bass));
    l->voice = calloc(frames, sizeof(*l->voice));
    l->work = malloc(frames * (COARSE + 4) * sizeof(*l->work) + 4 * BANDS * sizeof(*l->work));
    return ok && l->hits && l->usual && l->bass && l->voice && l->work;
}

void look_clear(struct look *l)
{
    for (int i = 0; i < LOOK_PLANES; i++)
        free(l->plane[i]);
    free(l->hits);
    free(l->usual);
    free(l->bass);
    free(l->voice);
    free(l->work);
    memset(l, 0, sizeof(*l));
}

/* --- levels and sides --- */

struct cross { float mm, ss, ms; };

static struct cross cross_of(const struct piece *p, size_t t, int band)
{
    const kiss_fft_cpx *m = piece_at(p, t, 0), *s = p->channels > 1 ? piece_at(p, t, 1) : NULL;
    struct cross c = { 0 };
    const float scale = 4.f / SEPARATE_SIZE / SEPARATE_SIZE;

    for (int k = separate_first_bin(band); k < separate_end_bin(band); k++) {
        c.mm += m[k].r * m[k].r + m[k].i * m[k].i;
        if (s) {
            c.ss += s[k].r * s[k].r + s[k].i * s[k].i;
            c.ms += m[k].r * s[k].r + m[k].i * s[k].i;
        }
    }
    c.mm *= scale, c.ss *= scale, c.ms *= scale;
    return c;
}

static float level_of(float power)
{
    return .5f * (float)dsp_log2(power + FLOOR);
}

/* Sums over three frames and three bands, for a single bin has no direction. */
static enum lm_err look_levels(struct look *l, const struct piece *p)
{
    struct cross *row[3], *memory = calloc(3 * (BANDS + 2), sizeof(*memory));
    double mm = 0, ss = 0;

    if (!memory)
        return LM_NOMEM;
    for (int i = 0; i < 3; i++)
        row[i] = memory + i * (BANDS + 2) + 1;
    for (size_t t = 0; t <= p->n; t++) {
        struct cross *old = row[0];
        row[0] = row[1], row[1] = row[2], row[2] = old;
        for (int b = 0; b < BANDS; b++) {
            row[2][b] = t < p->n ? cross_of(p, t, b) : (struct cross){ 0 };
            if (t < p->n)
                l->plane[LOOK_LEVEL][t * BANDS + (size_t)b] = level_of(row[2][b].mm + row[2][b].ss);
            mm += row[2][b].mm, ss += row[2][b].ss;
        }
        for (int b = 0; b < BANDS && t; b++) {
            struct cross c = { 0 };
            for (int i = 0; i < 3; i++)
                for (int k = b - 1; k <= b + 1; k++)
                    c.mm += row[i][k].mm, c.ss += row[i][k].ss, c.ms += row[i][k].ms;
            size_t at = (t - 1) * BANDS + (size_t)b;
            l->plane[LOOK_SIDE][at] = level_of(c.ss) - level_of(c.mm);
            l->plane[LOOK_TIED][at] = c.ms * c.ms / (c.mm * c.ss + FLOOR * FLOOR);
        }
    }
    l->width = level_of((float)(ss / (double)(p->n * BANDS))) - level_of((float)(mm / (double)(p->n * BANDS)));
    free(memory);
    return LM_OK;
}

/* --- medians --- */

struct window { float v[WINDOW_MAX]; int n; };

static void window_swap(struct window *w, float out, float in)
{
    int i = 0;

    while (w->v[i] < out)
        i++;
    for (; i + 1 < w->n && w->v[i + 1] < in; i++)
        w->v[i] = w->v[i + 1];
    for (; i > 0 && w->v[i - 1] > in; i--)
        w->v[i] = w->v[i - 1];
    w->v[i] = in;
}

/* Of n values that stand `step` apart; beyond the ends the last one stands. */
static void slide(const float *in, size_t n, size_t step, int size, float *out)
{
    struct window w = { .n = size };
    int half = size / 2;

    for (int i = 0; i < size; i++)
        w.v[i] = in[0];
    for (int i = 1; i <= half; i++)
        window_swap(&w, in[0], in[((size_t)i < n ? (size_t)i : n - 1) * step]);
    for (size_t t = 0; t < n; t++) {
        out[t * step] = w.v[half];
        size_t old = t > (size_t)half ? t - (size_t)half : 0, new = t + (size_t)half + 1;
        window_swap(&w, in[old * step], in[(new < n ? new : n - 1) * step]);
    }
}

static void look_medians(struct look *l, size_t n)
{
    static const struct { int plane, size; } times[] = { { LOOK_STEADY_SHORT, SHORT }, { LOOK_STEADY, MIDDLE }, { LOOK_STEADY_LONG, LONG } },
                                              places[] = { { LOOK_SPREAD, NEAR }, { LOOK_SPREAD_WIDE, WIDE } };
    const float *level = l->plane[LOOK_LEVEL];

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        for (size_t b = 0; b < BANDS; b++)
            slide(level + b, n, BANDS, times[i].size, l->plane[times[i].plane] + b);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        for (size_t t = 0; t < n; t++)
            slide(level + t * BANDS, BANDS, 1, places[i].size, l->plane[places[i].plane] + t * BANDS);
}

/* --- what comes again (Z. Rafii, B. Pardo: REPET-SIM, ISMIR 2012) --- */

/* The mean level of 16 bands at a time, of a frame, less its mean, of length 1. */
static void coarse(const float *level, float out[COARSE])
{
    float mean = 0, sum = 0;

    for (int i = 0; i < COARSE; i++) {
        out[i] = 0;
        for (int k = 0; k < BANDS / COARSE; k++)
            out[i] += level[i * (BANDS / COARSE) + k];
        mean += out[i] / COARSE;
    }
    for (int i = 0; i < COARSE; i++) {
        out[i] -= mean;
        sum += out[i] * out[i];
    }
    for (int i = 0; i < COARSE; i++)
        out[i] *= 1 / sqrtf(sum + 1e-9f);
}

/* The frames most like t, none near another one or t itself; returns how many. */
static int find_alike(const float *alike, size_t n, size_t t, size_t out[ALIKE])
{
    float best[ALIKE];
    int m = 0;

    for (size_t u = 1; u + 1 < n; u++) {
        size_t apart = u > t ? u - t : t - u;
        float a = alike[u];
        if (apart < APART || a < alike[u - 1] || a < alike[u + 1] || (m == ALIKE && a <= best[m - 1]))
            continue;
        int near = 0;
        while (near < m && (out[near] > u ? out[near] - u : u - out[near]) >= APART)
            near++;
        if (near < m && best[near] >= a)
            continue;
        int i = near < m ? near : m < ALIKE ? m++ : m - 1;
        for (; i > 0 && best[i - 1] < a; i--)
            best[i] = best[i - 1], out[i] = out[i - 1];
        best[i] = a, out[i] = u;
    }
    return m;
}

static void look_repeated(struct look *l, size_t n)
{
    const float *level = l->plane[LOOK_LEVEL];
    float *shape = l->work, *alike = shape + l->most * COARSE;

    for (size_t t = 0; t < n; t++)
        coarse(level + t * BANDS, shape + t * COARSE);
    for (size_t t = 0; t < n; t++) {
        float *out = l->plane[LOOK_REPEATED] + t * BANDS;
        size_t at[ALIKE];
        for (size_t u = 0; u < n; u++) {
            float sum = 0;
            for (int i = 0; i < COARSE; i++)
                sum += shape[t * COARSE + (size_t)i] * shape[u * COARSE + (size_t)i];
            alike[u] = sum;
        }
        int m = find_alike(alike, n, t, at);
        if (m < 3) {                    /* a second of music repeats nothing */
            memcpy(out, level + t * BANDS, BANDS * sizeof(*out));
            continue;
        }
        for (size_t b = 0; b < BANDS; b++) {
            float v[ALIKE] = { 0 };
            for (int i = 0; i < m; i++) {
                float x = level[at[i] * BANDS + b];
                int k = i;
                for (; k > 0 && v[k - 1] > x; k--)
                    v[k] = v[k - 1];
                v[k] = x;
            }
            out[b] = v[m / 2];
        }
    }
}

/* --- hits --- */

/* How much of the power in a region is there for a moment only: above what lasts, and as far as it spreads. */
static void look_hits(struct look *l, const struct piece *p)
{
    static const float edge[LOOK_HITS + 1] = { 25, 160, 4000, 16000 };
    const float fade = .8f;
    double bin = p->rate / SEPARATE_SIZE;

    for (int h = 0; h < LOOK_HITS; h++)
        for (size_t t = 0; t < p->n; t++) {
            const float *level = l->plane[LOOK_LEVEL] + t * BANDS, *steady = l->plane[LOOK_STEADY] + t * BANDS;
            float all = 1e-9f, new = 0;
            for (int b = 1; b < BANDS; b++) {
                double hz = separate_first_bin(b) * bin;
                if (hz < (double)edge[h] || hz >= (double)edge[h + 1])
                    continue;
                float power = (float)dsp_exp2(2 * (double)level[b]), last = (float)dsp_exp2(2 * (double)steady[b]);
                all += power;
                new += power > last ? power - last : 0;
            }
            float before = t ? fade * l->hits[(t - 1) * LOOK_HITS + (size_t)h] : 0;
            l->hits[t * LOOK_HITS + (size_t)h] = new / all > before ? new / all : before;
        }
}

enum lm_err look_at(struct look *l, const struct piece *p)
{
    static const struct pitch_range bass = { 31, 250, 900, 6 }, voice = { 90, 900, 4500, 16 };
    double bin = p->rate / SEPARATE_SIZE;
    enum lm_err err = look_levels(l, p);

    if (err)
        return err;
    look_medians(l, p->n);
    look_repeated(l, p->n);
    look_hits(l, p);
    memset(l->usual, 0, BANDS * sizeof(*l->usual));
    for (size_t t = 0; t < p->n; t++)
        for (size_t b = 0; b < BANDS; b++)
            l->usual[b] += l->plane[LOOK_LEVEL][t * BANDS + b] / (float)p->n;
    if (!(err = pitch_follow(l->plane[LOOK_STEADY_SHORT], p->n, bin, &bass, l->bass)))
        err = pitch_follow(l->plane[LOOK_LEVEL], p->n, bin, &voice, l->voice);
    return err;
}
