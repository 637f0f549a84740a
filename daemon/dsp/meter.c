#include "dsp/meter.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_MAX = 4, CUES = 5 };
enum cue { KICK, SNARE, TREBLE, BASS, LEVEL };

/* What a bar wants on each of its beats, and how much that counts; tuned on rendered music of many styles. */
static const float wanted[2][CUES][BAR_MAX] = {
    { { .9f, -.45f, -.45f }, { -.5f, .25f, .25f }, { 1, -.5f, -.5f }, { .8f, -.4f, -.4f }, { .2f, 0, 0 } },
    { { .5f, -.25f, .3f, -.55f }, { -.5f, .5f, -.5f, .5f }, { 1, -.35f, -.1f, -.55f }, { .8f, -.3f, 0, -.5f }, { .2f, 0, 0, 0 } },
};
static const float weight[CUES] = { 1, 1, .55f, .45f, .3f };
static const double JUMP = 9;           /* what a bar of another length costs */

/* A reading: beats made of the given ones, each beat's harmony from some of the half intervals. */
enum way { AS_IS, OFF, DOUBLE, EVEN, ODD, WAYS };

struct reading {
    enum way way;
    size_t n;
    double *beat;
    float *cue[CUES];
    struct harmony *harmony;
    double change;                      /* of harmony, in the quarter of the beats where it changes most */
};

static void reading_clear(struct reading *r)
{
    free(r->beat);
    free(r->harmony);
    for (int c = 0; c < CUES; c++)
        free(r->cue[c]);
    memset(r, 0, sizeof(*r));
}

static float peak_near(const float *v, size_t n, double frame)
{
    int64_t at = (int64_t)frame;
    float max = 0;

    for (int64_t t = at > 4 ? at - 4 : 0; t < at + 6 && t < (int64_t)n; t++)
        max = fmaxf(max, v[t]);
    return max;
}

static void add_harmony(struct harmony *sum, const struct harmony *half, size_t n_half, size_t i)
{
    if (i >= n_half)
        return;
    for (int k = 0; k < HARMONY_NOTES; k++)
        sum->note[k] += half[i].note[k];
    sum->frames += half[i].frames;
}

/* Beat i of a reading begins at half interval first + i * step, and is `step` of them long. */
static void span_of(enum way way, size_t *first, size_t *step)
{
    *first = way == OFF ? 1 : way == ODD ? 2 : 0;
    *step = way == DOUBLE ? 1 : way == EVEN || way == ODD ? 4 : 2;
}

static enum lm_err reading_make(struct reading *r, enum way way, const struct beats *b, const struct harmony *half)
{
    size_t first, step, n_half = 2 * (b->n - 1);

    span_of(way, &first, &step);
    *r = (struct reading){ .way = way };
    r->n = (n_half - first) / step + 1;
    r->beat = malloc(r->n * sizeof(*r->beat));
    r->harmony = calloc(r->n, sizeof(*r->harmony));
    for (int c = 0; c < CUES; c++)
        r->cue[c] = calloc(r->n, sizeof(float));
    bool ok = r->beat && r->harmony;
    for (int c = 0; c < CUES; c++)
        ok &= r->cue[c] != NULL;
    if (!ok)
        return LM_NOMEM;
    for (size_t i = 0; i < r->n; i++) {
        size_t at = first + i * step;
        r->beat[i] = at % 2 ? (b->frame[at / 2] + b->frame[at / 2 + 1]) / 2 : b->frame[at / 2];
        for (size_t k = 0; k < step; k++)
            add_harmony(&r->harmony[i], half, n_half, at + k);
    }
    /* The last beat has no interval behind it; it sounds like the one before. */
    if (!r->harmony[r->n - 1].frames && r->n > 1)
        r->harmony[r->n - 1] = r->harmony[r->n - 2];
    return LM_OK;
}

static double ramp(int note, double a, double b, double c, double d)
{
    return fmax(0, fmin(1, (note - a) / (b - a))) * fmax(0, fmin(1, (d - note) / (d - c)));
}

/* The twelve pitch classes of one register, of length one. */
static void fold(const struct harmony *h, bool is_bass, float out[12])
{
    float sum = 0;

    memset(out, 0, 12 * sizeof(*out));
    for (int k = 0; k < HARMONY_NOTES; k++) {
        int note = HARMONY_LOWEST + k;
        double w = is_bass ? ramp(note, 24, 28, 48, 56) : ramp(note, 48, 55, 84, 92);
        out[note % 12] += (float)w * (h->frames > 0 ? h->note[k] / h->frames : 0);
    }
    for (int k = 0; k < 12; k++)
        sum += out[k] * out[k];
    sum = fmaxf(sqrtf(sum), 1e-6f);
    for (int k = 0; k < 12; k++)
        out[k] /= sum;
}

static void changes(const struct reading *r, bool is_bass, float *out)
{
    float before[12], now[12];

    fold(&r->harmony[0], is_bass, before);
    out[0] = 0;
    for (size_t i = 1; i < r->n; i++) {
        float same = 0;
        fold(&r->harmony[i], is_bass, now);
        for (int k = 0; k < 12; k++)
            same += now[k] * before[k];
        out[i] = 1 - same;
        memcpy(before, now, sizeof(now));
    }
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x < y) - (x > y);
}

static enum lm_err top_quarter(const float *v, size_t n, double *mean)
{
    size_t top = n / 4 ? n / 4 : 1;
    float *sorted = malloc(n * sizeof(*sorted));

    if (!sorted)
        return LM_NOMEM;
    memcpy(sorted, v, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), compare);
    for (size_t i = 0; i < top; i++)
        *mean += sorted[i] / (double)top;
    free(sorted);
    return LM_OK;
}

static void standardise(float *v, size_t n, double least)
{
    double mean = 0, square = 0;

    for (size_t i = 0; i < n; i++)
        mean += v[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (v[i] - mean) * (v[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++)
        v[i] = (float)((v[i] - mean) / fmax(sqrt(square), least));
}

static enum lm_err reading_listen(struct reading *r, const struct beat_cues *c, double *level)
{
    *level = 0;
    for (size_t i = 0; i < r->n; i++) {
        r->cue[KICK][i] = peak_near(c->kick, c->n, r->beat[i]);
        r->cue[SNARE][i] = peak_near(c->snare, c->n, r->beat[i]);
        r->cue[LEVEL][i] = peak_near(c->activation, c->n, r->beat[i]);
        *level += r->cue[LEVEL][i] / (double)r->n;
    }
    changes(r, false, r->cue[TREBLE]);
    changes(r, true, r->cue[BASS]);
    enum lm_err err = top_quarter(r->cue[TREBLE], r->n, &r->change);
    if (!err)
        err = top_quarter(r->cue[BASS], r->n, &r->change);
    standardise(r->cue[KICK], r->n, .15);
    standardise(r->cue[SNARE], r->n, .15);
    standardise(r->cue[LEVEL], r->n, .15);
    standardise(r->cue[TREBLE], r->n, 1e-6);
    standardise(r->cue[BASS], r->n, 1e-6);
    for (size_t i = 0; i < r->n; i++) {
        r->cue[TREBLE][i] = fmaxf(-1.5f, fminf(2.5f, r->cue[TREBLE][i]));
        r->cue[BASS][i] = fmaxf(-1.5f, fminf(2.5f, r->cue[BASS][i]));
    }
    return err;
}

/* How much stronger kick and snare are on the beats than between them. */
static double contrast(const struct reading *r, const struct beat_cues *c)
{
    double on = 0, between = 0;

    if (r->way == DOUBLE || r->n < 2)
        return 0;
    for (size_t i = 0; i < r->n; i++)
        on += (double)peak_near(c->kick, c->n, r->beat[i]) + (double)peak_near(c->snare, c->n, r->beat[i]);
    for (size_t i = 0; i + 1 < r->n; i++) {
        double middle = (r->beat[i] + r->beat[i + 1]) / 2;
        between += (double)peak_near(c->kick, c->n, middle) + (double)peak_near(c->snare, c->n, middle);
    }
    double d = on / (double)r->n - between / (double)(r->n - 1);
    return r->way == AS_IS || r->way == OFF ? d / 2 : d / 4;
}

static double fit(const struct reading *r, int bar, size_t i, int position)
{
    double sum = 0;

    for (int c = 0; c < CUES; c++)
        sum += weight[c] * r->cue[c][i] * wanted[bar - 3][c][position];
    return sum;
}

/* The best path of positions through bars of `bar` beats; its score a beat. */
static enum lm_err place_bars(const struct reading *r, int bar, unsigned char *position, double *score)
{
    unsigned char *from = malloc(r->n * BAR_MAX);
    double v[BAR_MAX] = { 0 }, next[BAR_MAX];
    int best = 0;

    if (!from)
        return LM_NOMEM;
    for (int s = 0; s < bar; s++)
        v[s] = fit(r, bar, 0, s);
    for (size_t i = 1; i < r->n; i++) {
        best = 0;
        for (int s = 1; s < bar; s++)
            best = v[s] > v[best] ? s : best;
        for (int s = 0; s < bar; s++) {
            int before = (s + bar - 1) % bar;
            bool steps = v[before] >= v[best] - JUMP;
            from[i * BAR_MAX + (size_t)s] = (unsigned char)(steps ? before : best);
            next[s] = (steps ? v[before] : v[best] - JUMP) + fit(r, bar, i, s);
        }
        memcpy(v, next, sizeof(v));
    }
    best = 0;
    for (int s = 1; s < bar; s++)
        best = v[s] > v[best] ? s : best;
    *score = v[best] / (double)r->n;
    for (size_t i = r->n; i--;) {
        position[i] = (unsigned char)best;
        best = i ? from[i * BAR_MAX + (size_t)best] : 0;
    }
    free(from);
    return LM_OK;
}

/* Readings of one tempo compete by their phase, the tempi by their best reading. */
struct choice { double by_tempo, by_phase; int tempo, bar; enum way way; };

static bool is_allowed(enum way way, double bpm)
{
    return way == DOUBLE ? bpm * 2 < 210 : way == EVEN || way == ODD ? bpm / 2 > 52 : true;
}

static enum lm_err judge(struct reading *r, const struct beat_cues *c, struct choice out[2], unsigned char *scratch)
{
    double level, score;
    enum lm_err err = reading_listen(r, c, &level);
    double interval = beats_interval(r->beat, r->n);
    double octaves = log2(60. * ONSET_RATE / fmax(interval, 1) / 112) / .62, usual = -.5 * octaves * octaves;
    double phase = .5 * contrast(r, c) + r->change;

    for (int bar = 3; bar <= 4 && !err; bar++) {
        if ((err = place_bars(r, bar, scratch, &score)))
            break;
        double total = .9 * score + .9 * usual + 1.6 * level - (bar == 3 ? .22 : 0);
        out[bar - 3] = (struct choice){ total, total + phase, r->way == DOUBLE ? 2 : r->way == AS_IS || r->way == OFF ? 1 : 0, bar, r->way };
    }
    return err;
}

static struct choice choose(const struct choice *c, size_t n)
{
    size_t tempo = 0, best;

    for (size_t i = 1; i < n; i++)
        tempo = c[i].by_tempo > c[tempo].by_tempo ? i : tempo;
    best = tempo;
    for (size_t i = 0; i < n; i++)
        if (c[i].tempo == c[tempo].tempo && c[i].by_phase > c[best].by_phase)
            best = i;
    return c[best];
}

enum lm_err meter_find(const struct beats *b, const struct beat_cues *c, const struct harmony *half, struct meter *m)
{
    struct reading r[WAYS] = { 0 };
    struct choice choices[2 * WAYS];
    size_t n = 0;
    double bpm = 60. * ONSET_RATE / fmax(beats_interval(b->frame, b->n), 1);
    enum lm_err err = b->n >= 8 ? LM_OK : LM_INVALID;

    memset(m, 0, sizeof(*m));
    unsigned char *position = err ? NULL : malloc(2 * b->n);
    if (!err && !position)
        err = LM_NOMEM;
    for (int w = 0; w < WAYS && !err; w++) {
        if (!is_allowed((enum way)w, bpm))
            continue;
        if (!(err = reading_make(&r[w], (enum way)w, b, half)) && !(err = judge(&r[w], c, choices + n, position)))
            n += 2;
    }
    if (!err) {
        struct choice best = choose(choices, n);
        double score;
        err = place_bars(&r[best.way], best.bar, position, &score);
        m->beats_per_bar = best.bar;
        m->n = r[best.way].n;
        m->beat = r[best.way].beat;
        r[best.way].beat = NULL;
        m->position = position;
        position = NULL;
    }
    for (int w = 0; w < WAYS; w++)
        reading_clear(&r[w]);
    free(position);
    if (err)
        meter_clear(m);
    return err;
}

void meter_clear(struct meter *m)
{
    free(m->beat);
    free(m->position);
    memset(m, 0, sizeof(*m));
}
