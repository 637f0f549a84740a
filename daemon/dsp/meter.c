#include "dsp/meter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/meter_model.h"
#include "dsp/readings.h"

enum { BAR_MIN = 3, BAR_MAX = 4, BARS = BAR_MAX - BAR_MIN + 1 };

/* What it costs to leave the round of a bar: for a half bar (one, two, one), which songs do have, and for any other. */
static const double CUT = 90, JUMP = 150;
/* What the tempo that went before is worth. */
static const double KEEP = 1.5;

struct choice { int way, bar; double score; };

void meter_edges(const struct beats *b, double *edge)
{
    for (size_t i = 0; i + 1 < b->n; i++)
        for (int k = 0; k < READING_SPANS; k++) {
            double f = (double)reading_span[k] / GRID_PARTS;
            *edge++ = (b->frame[i] * (1 - f) + b->frame[i + 1] * f) / ONSET_RATE;
        }
    *edge = b->n ? b->frame[b->n - 1] / ONSET_RATE : 0;
}

/* How well beat i is beat `position` of a bar. */
static double fit(const struct reading *r, int bar, size_t i, int position)
{
    double sum = 0;

    for (int c = 0; c < READING_CUES; c++)
        sum += (double)r->cue[c][i] * (double)(bar == 3 ? meter_model.three[c][position] : meter_model.four[c][position]);
    return sum;
}

static double score_traits(const struct reading *r, int bar, double expect)
{
    double sum = 0, three = (double)(r->again[3] + r->again[6]) / 2, four = (double)(r->again[4] + r->again[8]) / 2;

    for (int t = 0; t < READING_TRAITS; t++)
        sum += (double)r->trait[t] * (double)meter_model.trait[t];
    sum += (bar == 3 ? three - four : four - three) * (double)meter_model.repeats + (bar == 3 ? (double)meter_model.is_three : 0);
    if (expect > 0 && fabs((double)r->trait[TRAIT_TEMPO] - log2(expect / 112)) < .06)
        sum += KEEP;
    return sum;
}

/* Each place bars may begin with is a candidate of its own; the score of `bar` is the best of them. */
static double score_bar(const struct reading *r, int bar, double common, double scores[BAR_MAX])
{
    double best = -INFINITY;

    for (int begin = 0; begin < bar; begin++) {
        double sum = 0;
        for (size_t i = 0; i < r->n; i++)
            sum += fit(r, bar, i, (int)((i + (size_t)begin) % (size_t)bar));
        scores[begin] = common + sum / (double)r->n;
        best = fmax(best, scores[begin]);
    }
    return best;
}

static double leave_cost(int bar, int from, int to)
{
    return bar == 4 && from == 1 && to == 0 ? CUT : JUMP;
}

/* The best path of positions through bars of `bar` beats. */
static enum lm_err place_bars(const struct reading *r, int bar, unsigned char *position)
{
    unsigned char *from = malloc(r->n * BAR_MAX);
    double v[BAR_MAX] = { 0 }, next[BAR_MAX];
    int best = 0;

    if (!from)
        return LM_NOMEM;
    for (int s = 0; s < bar; s++)
        v[s] = fit(r, bar, 0, s);
    for (size_t i = 1; i < r->n; i++) {
        for (int s = 0; s < bar; s++) {
            int before = (s + bar - 1) % bar;
            double top = v[before];
            for (int p = 0; p < bar; p++)
                if ((p + 1) % bar != s && v[p] - leave_cost(bar, p, s) > top) {
                    top = v[p] - leave_cost(bar, p, s);
                    before = p;
                }
            from[i * BAR_MAX + (size_t)s] = (unsigned char)before;
            next[s] = top + fit(r, bar, i, s);
        }
        memcpy(v, next, sizeof(v));
    }
    for (int s = 1; s < bar; s++)
        best = v[s] > v[best] ? s : best;
    for (size_t i = r->n; i--;) {
        position[i] = (unsigned char)best;
        best = i ? from[i * BAR_MAX + (size_t)best] : 0;
    }
    free(from);
    return LM_OK;
}

/* Softmax over all candidates; `certainty` is the share of those of the best way. */
static struct choice choose(const struct reading r[READING_WAYS], double expect, double *certainty)
{
    struct choice best = { 0, 4, -INFINITY };
    double scores[READING_WAYS][BARS][BAR_MAX], all = 0, same = 0;

    for (int w = 0; w < READING_WAYS; w++)
        for (int bar = BAR_MIN; r[w].n && bar <= BAR_MAX; bar++) {
            double score = score_bar(&r[w], bar, score_traits(&r[w], bar, expect), scores[w][bar - BAR_MIN]);
            if (score > best.score)
                best = (struct choice){ w, bar, score };
        }
    for (int w = 0; w < READING_WAYS; w++)
        for (int bar = BAR_MIN; r[w].n && bar <= BAR_MAX; bar++)
            for (int begin = 0; begin < bar; begin++) {
                double p = exp(scores[w][bar - BAR_MIN][begin] - best.score);
                all += p;
                same += w == best.way ? p : 0;
            }
    *certainty = all > 0 ? same / all : 0;
    return best;
}

enum lm_err meter_find(const struct beats *b, const struct beat_cues *c, const struct harmony *spans, double expect, struct meter *m)
{
    struct reading r[READING_WAYS] = { 0 };
    enum lm_err err = LM_OK;

    memset(m, 0, sizeof(*m));
    for (int w = 0; w < READING_WAYS && !err; w++)
        err = reading_make(w, b, c, spans, &r[w]);
    if (!err && !r[0].n)
        err = LM_INVALID;
    if (!err) {
        struct choice best = choose(r, expect, &m->certainty);
        m->beats_per_bar = best.bar;
        m->n = r[best.way].n;
        if (!(m->position = malloc(m->n)))
            err = LM_NOMEM;
        else
            err = place_bars(&r[best.way], best.bar, m->position);
        m->beat = r[best.way].beat;
        r[best.way].beat = NULL;
    }
    for (int w = 0; w < READING_WAYS; w++)
        reading_clear(&r[w]);
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
