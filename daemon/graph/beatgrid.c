#include "graph/beatgrid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/hash.h"

#define ASSUMED_BPM 120.0

#define SHORTEST_BEAT 0.001     /* 60,000 bpm: closer beats are no music and would overflow what counts them */
#define FARTHEST_BEAT 1e7       /* 115 days */

static bool is_ascending(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(v[i]) <= FARTHEST_BEAT) || (i && !(v[i] - v[i - 1] >= SHORTEST_BEAT)))
            return false;
    return true;
}

static enum lm_err copy(double **to, const double *from, size_t n)
{
    if (n == 0)
        return LM_OK;
    *to = malloc(n * sizeof **to);
    if (!*to)
        return LM_NOMEM;
    memcpy(*to, from, n * sizeof **to);
    return LM_OK;
}

static size_t nearest(const double *v, size_t n, double x)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (fabs(v[i] - x) < fabs(v[best] - x))
            best = i;
    return best;
}

enum lm_err beatgrid_new(const double *beats, size_t n, const double *downbeats, size_t n_downbeats,
                         double bpm, int beats_per_bar, struct beatgrid **result)
{
    *result = NULL;
    if (!is_ascending(beats, n) || !is_ascending(downbeats, n_downbeats))
        return LM_INVALID;
    struct beatgrid *g = calloc(1, sizeof *g);
    if (!g)
        return LM_NOMEM;
    enum lm_err err = copy(&g->beats, beats, n);
    if (!err)
        err = copy(&g->downbeats, downbeats, n_downbeats);
    if (err) {
        beatgrid_free(g);
        return err;
    }
    g->n = n;
    g->n_downbeats = n_downbeats;
    g->beats_per_bar = beats_per_bar > 0 ? beats_per_bar : 4;
    g->bpm = bpm > 0 && isfinite(bpm) ? bpm : 0;
    g->is_assumed = n == 0;
    /* A downbeat is a beat; the nearest one forgives what rounding did to the list. */
    g->first = n && n_downbeats ? nearest(beats, n, downbeats[0]) : 0;

    uint64_t h = hash_bytes(HASH_START, &n, sizeof n);
    h = hash_bytes(h, g->beats, n * sizeof *g->beats);
    h = hash_bytes(h, g->downbeats, n_downbeats * sizeof *g->downbeats);
    h = hash_bytes(h, &g->bpm, sizeof g->bpm);
    g->hash = hash_mix(hash_bytes(h, &g->beats_per_bar, sizeof g->beats_per_bar));
    *result = g;
    return LM_OK;
}

void beatgrid_free(struct beatgrid *g)
{
    if (!g)
        return;
    free(g->beats);
    free(g->downbeats);
    free(g);
}

/* How many of v[0..n) are <= x. */
static size_t count_until(const double *v, size_t n, double x)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v[mid] <= x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Index of the interval [i, i+1] that holds `seconds`, or the nearest. Needs n >= 2. */
static size_t interval(const struct beatgrid *g, double seconds)
{
    size_t i = count_until(g->beats, g->n, seconds);

    i = i ? i - 1 : 0;
    return i < g->n - 1 ? i : g->n - 2;
}

/* With fewer than two beats there is no interval: the analysed tempo, else the assumed one. */
static double lone_period(const struct beatgrid *g)
{
    return 60 / (g->bpm > 0 ? g->bpm : ASSUMED_BPM);
}

double beatgrid_beat(const struct beatgrid *g, double seconds)
{
    if (g->n < 2)
        return (seconds - (g->n ? g->beats[0] : 0)) / lone_period(g);
    size_t i = interval(g, seconds);
    double from = g->beats[i], to = g->beats[i + 1];
    return (double)i - (double)g->first + (seconds - from) / (to - from);
}

void beatgrid_beats(const struct beatgrid *g, double start, double rate, int64_t from, size_t count, double *beats)
{
    size_t i = count && g->n >= 2 ? interval(g, start + (double)from / rate) : 0;

    for (size_t k = 0; k < count; k++) {
        double seconds = start + (double)(from + (int64_t)k) / rate;
        if (g->n < 2) {
            beats[k] = beatgrid_beat(g, seconds);
            continue;
        }
        while (i + 2 < g->n && g->beats[i + 1] <= seconds)
            i++;
        beats[k] = (double)i - (double)g->first + (seconds - g->beats[i]) / (g->beats[i + 1] - g->beats[i]);
    }
}

double beatgrid_seconds(const struct beatgrid *g, double beat)
{
    if (g->n < 2)
        return (g->n ? g->beats[0] : 0) + beat * lone_period(g);
    double at = beat + (double)g->first, whole = floor(at);
    size_t i = whole < 0 ? 0 : whole > (double)(g->n - 2) ? g->n - 2 : (size_t)whole;
    return g->beats[i] + (at - (double)i) * (g->beats[i + 1] - g->beats[i]);
}

double beatgrid_bpm(const struct beatgrid *g, double seconds)
{
    if (g->n < 2)
        return 60 / lone_period(g);
    size_t i = interval(g, seconds);
    return 60 / (g->beats[i + 1] - g->beats[i]);
}

/* The musical beats between which a bar lies. Outside the list of downbeats, bars of beats_per_bar are counted on. */
static int64_t bar_span(const struct beatgrid *g, double seconds, double *from, double *to)
{
    double beat = beatgrid_beat(g, seconds), length = g->beats_per_bar, origin = 0;
    int64_t base = 0;

    if (g->n_downbeats) {
        size_t i = count_until(g->downbeats, g->n_downbeats, seconds);
        if (i > 0 && i < g->n_downbeats) {
            *from = beatgrid_beat(g, g->downbeats[i - 1]);
            *to = beatgrid_beat(g, g->downbeats[i]);
            return (int64_t)i - 1;
        }
        base = i ? (int64_t)i - 1 : 0;
        origin = beatgrid_beat(g, g->downbeats[base]);
    }
    double bars = floor((beat - origin) / length);
    *from = origin + bars * length;
    *to = *from + length;
    return base + (int64_t)bars;
}

void beatgrid_bar(const struct beatgrid *g, double seconds, int64_t *bar, double *beat_in_bar)
{
    double from, to;

    *bar = bar_span(g, seconds, &from, &to);
    *beat_in_bar = beatgrid_beat(g, seconds) - from;
}

double beatgrid_bar_phase(const struct beatgrid *g, double seconds)
{
    double from, to;

    bar_span(g, seconds, &from, &to);
    return to > from ? (beatgrid_beat(g, seconds) - from) / (to - from) : 0;
}
