/* A grid as another program writes it, by tempo, becomes beats and downbeats from end to end of the track. */
#include <math.h>
#include <stdlib.h>

#include "analysis/dj.h"

enum { BAR_DEFAULT = 4, BAR_MAX = 32 };
#define BEAT_LEAST 0.03                 /* s between two beats; beats of a damaged grid that come closer are one */
#define NEAR 0.25                       /* of a beat: what a downbeat may be beside a beat that it votes for */

struct making {
    const struct dj_track *t;
    double duration, offset;
    double *beats; size_t n, room;
    unsigned char *in_bar;              /* of each beat: 0 is the downbeat */
    unsigned char *per_bar;
};

static double start_of(const struct making *m, size_t segment)
{
    return m->t->segments[segment].start + m->offset;
}

static bool add(struct making *m, double time, int in_bar, int per_bar)
{
    if (time < 0 && time > -1e-6)
        time = 0;
    if (time < 0 || time >= m->duration || (m->n && time < m->beats[m->n - 1] + BEAT_LEAST))
        return true;
    if (m->n == m->room)
        return false;
    m->beats[m->n] = time;
    m->in_bar[m->n] = (unsigned char)in_bar;
    m->per_bar[m->n++] = (unsigned char)per_bar;
    return true;
}

/* Beats `from` to `to` - 1 of a segment, counted from its start, at which the bar is at `phase`. */
static bool add_segment(struct making *m, size_t i, double from, double to, int phase, int per_bar)
{
    double period = 60 / m->t->segments[i].bpm, start = start_of(m, i);
    double first = fmax(from, floor(-start / period)), last = fmin(to, ceil((m->duration - start) / period));

    for (double k = first; k < last; k++) {
        int in_bar = (int)fmod(fmod(k + phase, per_bar) + per_bar, per_bar);
        if (!add(m, start + k * period, in_bar, per_bar))
            return false;
    }
    return true;
}

static bool add_segments(struct making *m)
{
    int per_bar = BAR_DEFAULT, phase = 0;

    for (size_t i = 0; i < m->t->n_segments; i++) {
        const struct dj_segment *s = &m->t->segments[i];
        bool is_last = i + 1 == m->t->n_segments;
        double n = is_last ? INFINITY : round((start_of(m, i + 1) - start_of(m, i)) * s->bpm / 60);
        if (s->beats_per_bar && s->beats_per_bar != per_bar) {
            per_bar = s->beats_per_bar;
            phase = 0;                  /* another meter begins with a bar, unless it says otherwise */
        }
        if (s->beat)
            phase = (s->beat - 1) % per_bar;
        if (!add_segment(m, i, i ? 0 : -INFINITY, n, phase, per_bar))
            return false;
        if (!is_last)
            phase = (int)fmod(phase + n, per_bar);
    }
    return true;
}

static bool says_bars(const struct dj_track *t)
{
    for (size_t i = 0; i < t->n_segments; i++)
        if (t->segments[i].beat)
            return true;
    return false;
}

/* All bars move by as many beats as most of the downbeats that were heard say. */
static void turn_to(struct making *m, const double *downbeats, size_t n)
{
    size_t votes[BAR_MAX] = { 0 }, b = 0;
    int best = 0;

    for (size_t i = 0; i < n; i++) {
        while (b + 1 < m->n && fabs(m->beats[b + 1] - downbeats[i]) < fabs(m->beats[b] - downbeats[i]))
            b++;
        double gap = b + 1 < m->n ? m->beats[b + 1] - m->beats[b] : m->n > 1 ? m->beats[b] - m->beats[b - 1] : 0;
        if (fabs(m->beats[b] - downbeats[i]) < NEAR * gap)
            votes[m->in_bar[b]]++;
    }
    for (int v = 1; v < BAR_MAX; v++)
        if (votes[v] > votes[best])
            best = v;
    for (size_t i = 0; i < m->n; i++)
        m->in_bar[i] = (unsigned char)((m->in_bar[i] + m->per_bar[i] - best % m->per_bar[i]) % m->per_bar[i]);
}

static int most_per_bar(const struct making *m)
{
    size_t counts[BAR_MAX + 1] = { 0 };
    int best = BAR_DEFAULT;

    for (size_t i = 0; i < m->n; i++)
        counts[m->per_bar[i]]++;
    for (int v = 1; v <= BAR_MAX; v++)
        if (counts[v] > counts[best])
            best = v;
    return best;
}

struct share { double bpm, seconds; };

static int compare_shares(const void *a, const void *b)
{
    const struct share *x = a, *y = b;

    return (x->bpm > y->bpm) - (x->bpm < y->bpm);
}

static double median_bpm(const struct making *m)
{
    const struct dj_track *t = m->t;
    struct share *shares = calloc(t->n_segments, sizeof(*shares));
    double sum = 0, at = 0, bpm = t->segments[0].bpm;

    if (!shares)
        return bpm;
    for (size_t i = 0; i < t->n_segments; i++) {
        double from = i ? fmax(0, start_of(m, i)) : 0, to = i + 1 < t->n_segments ? fmin(start_of(m, i + 1), m->duration) : m->duration;
        shares[i] = (struct share){ t->segments[i].bpm, fmax(0, to - from) };
        sum += shares[i].seconds;
    }
    qsort(shares, t->n_segments, sizeof(*shares), compare_shares);
    for (size_t i = 0; i < t->n_segments && at <= sum / 2; i++)
        at += shares[i].seconds, bpm = shares[i].bpm;
    free(shares);
    return bpm;
}

static enum lm_err finish(struct making *m, struct dj_beats *b)
{
    if (!(b->downbeats = calloc(m->n, sizeof(double))))
        return LM_NOMEM;
    for (size_t i = 0; i < m->n; i++)
        if (!m->in_bar[i])
            b->downbeats[b->n_downbeats++] = m->beats[i];
    b->bpm = median_bpm(m);
    b->beats_per_bar = most_per_bar(m);
    b->beats = m->beats, b->n_beats = m->n;
    m->beats = NULL;
    return LM_OK;
}

enum lm_err dj_grid_make(const struct dj_track *t, double duration, double offset_s, const double *downbeats, size_t n_downbeats, struct dj_beats *result)
{
    struct making m = { .t = t, .duration = duration, .offset = offset_s, .room = DJ_BEATS_MAX };
    enum lm_err err = LM_NOMEM;

    *result = (struct dj_beats){ 0 };
    if (!t->n_segments)
        return LM_NOT_FOUND;
    for (size_t i = 0; i < t->n_segments; i++)
        if (!(t->segments[i].bpm > 0) || t->segments[i].beats_per_bar > BAR_MAX || t->segments[i].beat < 0)
            return LM_INVALID;
    m.beats = malloc(m.room * sizeof(*m.beats));
    m.in_bar = malloc(m.room);
    m.per_bar = malloc(m.room);
    if (m.beats && m.in_bar && m.per_bar) {
        err = add_segments(&m) && m.n ? LM_OK : LM_INVALID;
        if (!err && n_downbeats && !says_bars(t))
            turn_to(&m, downbeats, n_downbeats);
        if (!err)
            err = finish(&m, result);
    }
    free(m.beats);
    free(m.in_bar);
    free(m.per_bar);
    return err;
}

void dj_beats_clear(struct dj_beats *b)
{
    free(b->beats);
    free(b->downbeats);
    *b = (struct dj_beats){ 0 };
}
