#include "dsp/readings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const int reading_span[READING_SPANS] = { 0, 4, 6, 8 };

static const double SLOWEST = 50, FASTEST = 216;    /* BPM of what people tap */
enum { BEATS_MIN = 8 };

static const struct { int first, step; } ways[READING_WAYS] = {
    { 0, 12 }, { 6, 12 }, { 0, 6 }, { 0, 24 }, { 12, 24 },
    { 0, 8 }, { 4, 8 }, { 0, 18 }, { 6, 18 }, { 12, 18 }, { 0, 36 }, { 12, 36 }, { 24, 36 }, { 0, 4 },
    { 4, 12 }, { 8, 12 }, { 0, 16 }, { 4, 16 }, { 8, 16 }, { 12, 16 },
};

/* The notes of one beat, by register. */
struct chord { float treble[12], bass[12]; };

void reading_clear(struct reading *r)
{
    free(r->beat);
    for (int c = 0; c < READING_CUES; c++)
        free(r->cue[c]);
    memset(r, 0, sizeof(*r));
}

static double time_at(const struct beats *b, size_t part)
{
    size_t i = part / GRID_PARTS;
    double f = (double)(part % GRID_PARTS) / GRID_PARTS;

    if (i + 1 >= b->n)
        return b->frame[b->n - 1];
    return b->frame[i] * (1 - f) + b->frame[i + 1] * f;
}

static enum lm_err reading_new(struct reading *r, const struct beats *b)
{
    size_t parts = (b->n - 1) * GRID_PARTS;

    r->n = (parts - (size_t)r->first) / (size_t)r->step + 1;
    r->beat = malloc(r->n * sizeof(*r->beat));
    bool ok = r->beat;
    for (int c = 0; c < READING_CUES; c++)
        ok &= (r->cue[c] = calloc(r->n, sizeof(float))) != NULL;
    if (!ok)
        return LM_NOMEM;
    for (size_t i = 0; i < r->n; i++)
        r->beat[i] = time_at(b, (size_t)r->first + i * (size_t)r->step);
    return LM_OK;
}

/* --- harmony --- */

static double ramp(int note, double a, double b, double c, double d)
{
    return fmax(0, fmin(1, (note - a) / (b - a))) * fmax(0, fmin(1, (d - note) / (d - c)));
}

static void to_length_one(float v[12])
{
    float sum = 0;

    for (int k = 0; k < 12; k++)
        sum += v[k] * v[k];
    sum = fmaxf(sqrtf(sum), 1e-6f);
    for (int k = 0; k < 12; k++)
        v[k] /= sum;
}

static size_t span_at(size_t part)
{
    size_t i = part / GRID_PARTS, f = part % GRID_PARTS, k = 0;

    while (k + 1 < READING_SPANS && (size_t)reading_span[k + 1] <= f)
        k++;
    return i * READING_SPANS + k;
}

static enum lm_err chords_make(const struct reading *r, const struct beats *b, const struct harmony *spans, struct chord **out)
{
    struct chord *chord = calloc(r->n, sizeof(*chord));
    float treble[HARMONY_NOTES], bass[HARMONY_NOTES];
    size_t all = READING_SPANS * (b->n - 1);

    if (!chord)
        return LM_NOMEM;
    for (int k = 0; k < HARMONY_NOTES; k++) {
        treble[k] = (float)ramp(HARMONY_LOWEST + k, 48, 55, 84, 92);
        bass[k] = (float)ramp(HARMONY_LOWEST + k, 24, 28, 48, 56);
    }
    for (size_t i = 0; i < r->n; i++) {
        size_t from = (size_t)r->first + i * (size_t)r->step, s = span_at(from), end = span_at(from + (size_t)r->step);
        float frames = 0;
        for (; s < end && s < all; s++) {
            frames += spans[s].frames;
            for (int k = 0; k < HARMONY_NOTES; k++) {
                chord[i].treble[(HARMONY_LOWEST + k) % 12] += treble[k] * spans[s].note[k];
                chord[i].bass[(HARMONY_LOWEST + k) % 12] += bass[k] * spans[s].note[k];
            }
        }
        /* The last beat has no interval behind it; it sounds like the one before. */
        if (frames <= 0 && i > 0)
            chord[i] = chord[i - 1];
        to_length_one(chord[i].treble);
        to_length_one(chord[i].bass);
    }
    *out = chord;
    return LM_OK;
}

static float dot(const float *a, const float *b, int n)
{
    float sum = 0;

    for (int k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

/* How much the notes of the `reach` beats from i on differ from those of the `reach` before. */
static float change(const struct chord *c, size_t n, size_t i, size_t reach, bool is_bass)
{
    float before[12] = { 0 }, after[12] = { 0 };

    for (size_t k = 1; k <= reach; k++) {
        const struct chord *x = &c[i >= k ? i - k : 0], *y = &c[i + k - 1 < n ? i + k - 1 : n - 1];
        for (int note = 0; note < 12; note++) {
            before[note] += is_bass ? x->bass[note] : x->treble[note];
            after[note] += is_bass ? y->bass[note] : y->treble[note];
        }
    }
    to_length_one(before);
    to_length_one(after);
    return 1 - dot(before, after, 12);
}

/* --- sound --- */

static float peak_near(const float *v, size_t n, double frame)
{
    int64_t at = (int64_t)frame;
    float max = 0;

    for (int64_t t = at > 4 ? at - 4 : 0; t < at + 6 && t < (int64_t)n; t++)
        max = fmaxf(max, v[t]);
    return max;
}

static void tone_between(const struct beat_cues *c, double from, double to, float out[ONSET_TONES])
{
    size_t a = (size_t)fmax(0, from), b = (size_t)fmax(0, to), count = 0;

    memset(out, 0, ONSET_TONES * sizeof(*out));
    for (size_t t = a; t < b && t < c->n; t++, count++)
        for (int k = 0; k < ONSET_TONES; k++)
            out[k] += c->tone[t][k];
    for (int k = 0; k < ONSET_TONES; k++)
        out[k] /= (float)(count ? count : 1);
}

static void listen_to_sound(struct reading *r, const struct beat_cues *c, double interval)
{
    for (size_t i = 0; i < r->n; i++) {
        float before[ONSET_TONES], after[ONSET_TONES], d = 0;
        double at = r->beat[i];
        tone_between(c, at - 4 * interval, at, before);
        tone_between(c, at, at + 4 * interval, after);
        for (int k = 0; k < ONSET_TONES; k++)
            d += (after[k] - before[k]) * (after[k] - before[k]);
        r->cue[CUE_SOUND][i] = at > interval && at + interval < (double)c->n ? sqrtf(d) : 0;
        tone_between(c, at - 2 * interval, at, before);
        tone_between(c, at, at + interval, after);
        r->cue[CUE_HIGH][i] = after[ONSET_TONES - 1] + after[ONSET_TONES - 2] - before[ONSET_TONES - 1] - before[ONSET_TONES - 2];
    }
}

static void listen_to_onsets(struct reading *r, const struct beat_cues *c)
{
    double mid_low = 0;

    for (size_t i = 0; i < r->n; i++) {
        double at = r->beat[i], mid = i + 1 < r->n ? (at + r->beat[i + 1]) / 2 : at + (at - r->beat[i - 1]) / 2;
        r->cue[CUE_KICK][i] = peak_near(c->kick, c->n, at);
        r->cue[CUE_SNARE][i] = peak_near(c->snare, c->n, at);
        r->cue[CUE_LEVEL][i] = peak_near(c->activation, c->n, at);
        r->cue[CUE_LOW][i] = peak_near(c->low, c->n, at);
        r->cue[CUE_MID_KICK][i] = peak_near(c->kick, c->n, mid);
        r->cue[CUE_MID_SNARE][i] = peak_near(c->snare, c->n, mid);
        r->cue[CUE_MID_LEVEL][i] = peak_near(c->activation, c->n, mid);
        mid_low += (double)peak_near(c->low, c->n, mid) / (double)r->n;
    }
    r->trait[TRAIT_MID_LOW] = (float)mid_low;
}

static float mean_of(const float *v, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return (float)(sum / (double)n);
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x < y) - (x > y);
}

static enum lm_err top_quarter(const float *v, size_t n, float *mean)
{
    size_t top = n / 4 ? n / 4 : 1;
    float *sorted = malloc(n * sizeof(*sorted));

    if (!sorted)
        return LM_NOMEM;
    memcpy(sorted, v, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), compare);
    *mean = mean_of(sorted, top);
    free(sorted);
    return LM_OK;
}

/* Mean 0, spread 1 if there is more than `least` of it; outliers are cut. */
static void standardise(float *v, size_t n, float least)
{
    double mean = (double)mean_of(v, n), square = 0;

    for (size_t i = 0; i < n; i++)
        square += ((double)v[i] - mean) * ((double)v[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++)
        v[i] = (float)fmax(-1.8, fmin(2.5, ((double)v[i] - mean) / fmax(sqrt(square), (double)least)));
}

/* The mean strength `part` of the way from a beat to the next; narrow, so that a third can be told from a quarter. */
static float strength_within(const struct reading *r, const struct beat_cues *c, double part)
{
    double sum = 0;

    for (size_t i = 0; i + 1 < r->n; i++) {
        int64_t at = lround(r->beat[i] + (r->beat[i + 1] - r->beat[i]) * part);
        float max = 0;
        for (int64_t t = at > 2 ? at - 2 : 0; t <= at + 2 && t < (int64_t)c->n; t++)
            max = fmaxf(max, c->activation[t]);
        sum += (double)max;
    }
    return (float)(sum / (double)(r->n - 1));
}

static void traits_within(struct reading *r, const struct beat_cues *c)
{
    float third = strength_within(r, c, 1. / 3);

    r->trait[TRAIT_THIRD] = strength_within(r, c, 2. / 3) - third;
    r->trait[TRAIT_WITHIN] = fmaxf(third, strength_within(r, c, .25)) - strength_within(r, c, 0);
}

static void traits(struct reading *r, const struct beat_cues *c, double bpm)
{
    float octaves = (float)log2(bpm / 112);
    size_t first = 0;

    r->trait[TRAIT_TEMPO] = octaves;
    r->trait[TRAIT_TEMPO2] = octaves * octaves;
    r->trait[TRAIT_FAST] = fmaxf(0, octaves - .5f);
    r->trait[TRAIT_LEVEL] = mean_of(r->cue[CUE_LEVEL], r->n);
    r->trait[TRAIT_MID_LEVEL] = mean_of(r->cue[CUE_MID_LEVEL], r->n);
    r->trait[TRAIT_KICK] = mean_of(r->cue[CUE_KICK], r->n);
    r->trait[TRAIT_MID_KICK] = mean_of(r->cue[CUE_MID_KICK], r->n);
    r->trait[TRAIT_SNARE] = mean_of(r->cue[CUE_SNARE], r->n);
    r->trait[TRAIT_MID_SNARE] = mean_of(r->cue[CUE_MID_SNARE], r->n);
    r->trait[TRAIT_LOW] = mean_of(r->cue[CUE_LOW], r->n);
    /* Music that begins out of silence mostly begins on a beat. */
    while (first < c->n && c->activation[first] < .35f)
        first++;
    for (size_t i = 0; i < r->n; i++)
        if (fabs(r->beat[i] - (double)first) < 6)
            r->trait[TRAIT_START] = 1;
    r->trait[TRAIT_OFF] = r->step == GRID_PARTS && r->first;
    r->trait[TRAIT_DOUBLE] = r->step == GRID_PARTS / 2;
    r->trait[TRAIT_HALF] = r->step == GRID_PARTS * 2;
    r->trait[TRAIT_TERNARY] = r->step % 6 != 0 || r->step == 18 || r->step == 36 || r->first % 6;
}

/* Correlation of a beat's cues with those of the beat `lag` before it. */
static void repetition(struct reading *r)
{
    for (size_t lag = 1; lag < READING_LAGS; lag++) {
        double same = 0, all = 1e-9;
        for (size_t i = lag; i < r->n; i++)
            for (int c = 0; c < READING_CUES; c++) {
                same += (double)r->cue[c][i] * (double)r->cue[c][i - lag];
                all += ((double)r->cue[c][i] * (double)r->cue[c][i] + (double)r->cue[c][i - lag] * (double)r->cue[c][i - lag]) / 2;
            }
        r->again[lag] = (float)(same / all);
    }
}

enum lm_err reading_make(int way, const struct beats *b, const struct beat_cues *c, const struct harmony *spans, struct reading *r)
{
    double interval = beats_interval(b->frame, b->n) * ways[way].step / GRID_PARTS, bpm = 60. * ONSET_RATE / fmax(interval, 1);
    struct chord *chord = NULL;
    enum lm_err err;

    *r = (struct reading){ .first = ways[way].first, .step = ways[way].step };
    /* At the tempo that was found there is a reading whenever there are beats enough. */
    if (b->n < BEATS_MIN || (ways[way].step != GRID_PARTS && (bpm < SLOWEST || bpm > FASTEST || (b->n - 1) * GRID_PARTS / (size_t)ways[way].step < BEATS_MIN)))
        return LM_OK;
    if (!(err = reading_new(r, b)) && !(err = chords_make(r, b, spans, &chord))) {
        listen_to_onsets(r, c);
        listen_to_sound(r, c, interval);
        for (size_t i = 1; i < r->n; i++) {
            r->cue[CUE_TREBLE][i] = change(chord, r->n, i, 1, false);
            r->cue[CUE_BASS][i] = change(chord, r->n, i, 1, true);
            r->cue[CUE_TREBLE2][i] = change(chord, r->n, i, 2, false);
            r->cue[CUE_TREBLE4][i] = change(chord, r->n, i, 4, false);
        }
        traits(r, c, bpm);
        traits_within(r, c);
        if (!(err = top_quarter(r->cue[CUE_TREBLE], r->n, &r->trait[TRAIT_TREBLE])))
            err = top_quarter(r->cue[CUE_BASS], r->n, &r->trait[TRAIT_BASS]);
        for (int k = 0; k < READING_CUES; k++)
            standardise(r->cue[k], r->n, k == CUE_SOUND || k == CUE_HIGH || (k >= CUE_TREBLE && k <= CUE_TREBLE4) ? .03f : .15f);
        repetition(r);
    }
    free(chord);
    if (err)
        reading_clear(r);
    return err;
}
