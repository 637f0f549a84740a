#include "dsp/chords.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/chords_private.h"

enum { ROUNDS = 8, POSITIONS_MAX = 64 };

const char *const chord_quality_names[] = { "maj", "min", "7", "maj7", "min7", "N" };
const char *const note_names[12] = { "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B" };

/* What a change of chord costs: on a downbeat, in the middle of an even bar, on another beat, between beats; where the bar is not known. */
static const float COST_DOWN = 1.5f, COST_HALF = 3, COST_BEAT = 5, COST_OFF = 8, COST_UNKNOWN = 3;
/* Once it is known where this recording changes: -COST_SEEN log of how often, on top of SEEN imagined bars of the custom. */
static const float COST_SEEN = 2.3f, SEEN = 4;
static const float CUSTOM_DOWN = .5f, CUSTOM_HALF = .15f, CUSTOM_BEAT = .04f, CUSTOM_OFF = .02f;
static const float KEY_WEIGHT = 1;      /* of a chord being foreign to the key */
static const float NONE_MARGIN = 4;     /* how much more likely than any chord none must be */
static const double SILENCE = 1e-4;     /* of level: -80 dB */

struct work {
    const struct chord_step *step;
    size_t n;
    int per_bar;
    float (*score)[STATES];
    float *cost;                        /* of a change at the beginning of each step */
    uint8_t (*from)[STATES];
    uint8_t *path;
};

static enum chord_quality quality_of(int state)
{
    return (enum chord_quality)(state / 12);
}

bool chord_is_minor(int state)
{
    return quality_of(state) == CHORD_MIN || quality_of(state) == CHORD_MIN7;
}

/* --- scores --- */

static void to_length_one(const float *in, float *out)
{
    float square = 0;

    for (int i = 0; i < 12; i++)
        square += in[i] * in[i];
    for (int i = 0; i < 12; i++)
        out[i] = square > 0 ? in[i] / sqrtf(square) : 0;
}

/* Twelve notes of length 1 have the sum 1 when one of them sounds, 3.5 when all do. */
static float none_score(const struct chord_step *s, const float *treble, const float *bass)
{
    float t = 0, b = 0;

    for (int i = 0; i < 12; i++)
        t += treble[i], b += bass[i];
    return chord_none_weight[0] * s->steady + chord_none_weight[1] * t + chord_none_weight[2] * b + chord_none_weight[3] - NONE_MARGIN;
}

static float log_sum(const float *v, int n)
{
    float most = v[0], sum = 0;

    for (int i = 1; i < n; i++)
        most = v[i] > most ? v[i] : most;
    for (int i = 0; i < n; i++)
        sum += expf(v[i] - most);
    return most + logf(fmaxf(1, sum));          /* the largest is 1 of it */
}

static void score_step(const struct chord_step *s, float *score)
{
    float part[2][12];

    to_length_one(s->treble, part[0]);
    to_length_one(s->bass, part[1]);
    for (int q = 0; q < CHORD_QUALITIES; q++)
        for (int r = 0; r < 12; r++) {
            float sum = chord_bias[q];
            for (int i = 0; i < 12; i++)
                sum += chord_weight[q][0][i] * part[0][(r + i) % 12] + chord_weight[q][1][i] * part[1][(r + i) % 12];
            score[q * 12 + r] = sum;
        }
    float any = log_sum(score, NONE);
    score[NONE] = any + none_score(s, part[0], part[1]);
    if (s->level < SILENCE) {
        memset(score, 0, NONE * sizeof(*score));
        score[NONE] = 2 * COST_OFF;
    }
}

/* --- the path --- */

static void find_path(struct work *w)
{
    float v[STATES];

    memcpy(v, w->score[0], sizeof(v));
    for (size_t t = 1; t < w->n; t++) {
        int best = 0;
        for (int k = 1; k < STATES; k++)
            best = v[k] > v[best] ? k : best;
        float change = v[best] - w->cost[t], base = v[best];
        for (int k = 0; k < STATES; k++) {
            w->from[t][k] = (uint8_t)(change > v[k] ? best : k);
            v[k] = (change > v[k] ? change : v[k]) - base + w->score[t][k];
        }
    }
    int k = 0;
    for (int i = 1; i < STATES; i++)
        k = v[i] > v[k] ? i : k;
    for (size_t t = w->n; t-- > 0;) {
        w->path[t] = (uint8_t)k;
        k = t ? w->from[t][k] : k;
    }
}

/* The place in the bar, where places beyond the bar are one. */
static int place(const struct work *w, size_t t)
{
    int p = w->step[t].position;

    return p < w->per_bar ? p : w->per_bar;
}

static float by_place(const struct work *w, int p, float down, float half, float beat, float off)
{
    return p == 0 ? down : p % 2 ? off : w->per_bar % 4 == 0 && p == w->per_bar / 2 ? half : beat;
}

static void costs_by_custom(struct work *w)
{
    for (size_t t = 0; t < w->n; t++)
        w->cost[t] = place(w, t) < 0 ? COST_UNKNOWN : by_place(w, place(w, t), COST_DOWN, COST_HALF, COST_BEAT, COST_OFF);
}

/* Where does this recording change its chords? False: it has no bars. */
static bool costs_by_hearing(struct work *w)
{
    float changes[POSITIONS_MAX + 1] = { 0 }, steps[POSITIONS_MAX + 1] = { 0 };
    bool has_bars = false;

    for (size_t t = 1; t < w->n; t++) {
        int p = place(w, t);
        if (p < 0)
            continue;
        has_bars = true;
        steps[p]++;
        changes[p] += w->path[t] != w->path[t - 1];
    }
    for (size_t t = 0; t < w->n && has_bars; t++) {
        int p = place(w, t);
        if (p < 0)
            continue;
        float custom = by_place(w, p, CUSTOM_DOWN, CUSTOM_HALF, CUSTOM_BEAT, CUSTOM_OFF);
        float rate = (changes[p] + SEEN * custom) / (steps[p] + SEEN);
        w->cost[t] = -COST_SEEN * logf(fminf(.9f, fmaxf(.001f, rate)));
    }
    return has_bars;
}

/* --- the result --- */

/* The mean score over the chord's steps as probabilities of root and third; of several steps one would not do. */
static double confidence(const struct work *w, size_t from, size_t to)
{
    int state = w->path[from];
    float mean[STATES] = { 0 };
    double sum = 0;

    for (size_t t = from; t < to; t++)
        for (int k = 0; k < STATES; k++)
            mean[k] += w->score[t][k] / (float)(to - from);
    float all = log_sum(mean, STATES);
    for (int k = 0; k < STATES; k++)
        if (state == NONE ? k == NONE : k != NONE && k % 12 == state % 12 && chord_is_minor(k) == chord_is_minor(state))
            sum += expf(mean[k] - all);
    return fmin(1, sum);
}

static enum lm_err make_result(const struct work *w, struct chords *out)
{
    out->chord = malloc(w->n * sizeof(*out->chord));
    if (!out->chord)
        return LM_NOMEM;
    for (size_t t = 0, next; t < w->n; t = next) {
        int state = w->path[t];
        for (next = t + 1; next < w->n && w->path[next] == state;)
            next++;
        out->chord[out->n++] = (struct chord){ .start = w->step[t].start, .end = w->step[next - 1].end, .root = state == NONE ? -1 : state % 12,
                                               .quality = state == NONE ? CHORD_NONE : quality_of(state), .confidence = confidence(w, t, next) };
    }
    return LM_OK;
}

static enum lm_err decode(struct work *w, struct chords *out)
{
    struct chord_key key;

    for (size_t t = 0; t < w->n; t++)
        score_step(&w->step[t], w->score[t]);
    chord_key_find((const float (*)[STATES])w->score, w->n, &key);
    for (size_t t = 0; t < w->n; t++)
        for (int k = 0; k < NONE; k++)
            w->score[t][k] += KEY_WEIGHT * key.bonus[chord_is_minor(k)][k % 12];
    costs_by_custom(w);
    find_path(w);
    for (int i = 1; i < ROUNDS && costs_by_hearing(w); i++)
        find_path(w);
    enum lm_err err = make_result(w, out);
    if (!err)
        chord_key_name(&key, out);
    return err;
}

enum lm_err chords_find(const struct chord_step *step, size_t n, int per_bar, struct chords *out)
{
    struct work w = { .step = step, .n = n, .per_bar = per_bar > 0 && per_bar <= POSITIONS_MAX ? per_bar : 8 };
    enum lm_err err = LM_NOMEM;

    *out = (struct chords){ .tonic = -1 };
    if (!n)
        return LM_OK;
    w.score = malloc(n * sizeof(*w.score));
    w.cost = malloc(n * sizeof(*w.cost));
    w.from = malloc(n * sizeof(*w.from));
    w.path = malloc(n);
    if (w.score && w.cost && w.from && w.path)
        err = decode(&w, out);
    free(w.score);
    free(w.cost);
    free(w.from);
    free(w.path);
    return err;
}

void chords_clear(struct chords *c)
{
    free(c->chord);
    *c = (struct chords){ .tonic = -1 };
}

void chord_label(const struct chord *c, char out[8])
{
    static const char *const suffix[] = { "", "m", "7", "maj7", "m7" };

    if (c->quality == CHORD_NONE)
        snprintf(out, 8, "N");
    else
        snprintf(out, 8, "%s%s", note_names[c->root], suffix[c->quality]);
}
