#include "analysis/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

enum { CURVE_BEATS = 8 };
#define CURVE_STEP 0.001
#define SAME_BEAT 0.02

void grid_clear(struct grid *g)
{
    free(g->at);
    free(g->is_one);
    *g = (struct grid){ 0 };
}

static enum lm_err make_room(struct grid *g)
{
    size_t room = g->room ? 2 * g->room : 256;
    double *at = realloc(g->at, room * sizeof(*at));

    if (!at)
        return LM_NOMEM;
    g->at = at;
    bool *is_one = realloc(g->is_one, room * sizeof(*is_one));
    if (!is_one)
        return LM_NOMEM;
    g->is_one = is_one;
    g->room = room;
    return LM_OK;
}

enum lm_err grid_add(struct grid *g, double at, bool is_one)
{
    if (g->n >= GRID_BEATS_MAX)
        return LM_INVALID;
    if (g->n == g->room && make_room(g))
        return LM_NOMEM;
    g->at[g->n] = at;
    g->is_one[g->n++] = is_one;
    return LM_OK;
}

enum lm_err grid_copy(struct grid *to, const struct grid *from)
{
    enum lm_err err = LM_OK;

    grid_clear(to);
    to->bpm = from->bpm;
    to->per_bar = from->per_bar;
    for (size_t i = 0; i < from->n && !err; i++)
        err = grid_add(to, from->at[i], from->is_one[i]);
    return err;
}

size_t grid_nearest(const struct grid *g, double at)
{
    size_t low = 0, high = g->n;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (g->at[mid] <= at)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == g->n)
        return low - 1;
    return low > 0 && at - g->at[low - 1] <= g->at[low] - at ? low - 1 : low;
}

enum lm_err grid_read(struct grid *g, const json_t *beats)
{
    const json_t *list = json_object_get(beats, "beats"), *ones = json_object_get(beats, "downbeats");
    enum lm_err err = LM_OK;
    size_t i;
    json_t *v;

    grid_clear(g);
    g->bpm = json_get_real(beats, "bpm", 0);
    json_int_t per_bar = json_get_int(beats, "beats_per_bar", 4);
    g->per_bar = per_bar >= 1 && per_bar <= GRID_BAR_MAX ? (int)per_bar : 4;
    json_array_foreach (list, i, v) {
        double at = json_is_number(v) ? json_number_value(v) : NAN;
        if (!(at >= 0) || (g->n && !(at > g->at[g->n - 1])))            /* rows of other programs are not trusted */
            continue;
        if ((err = grid_add(g, at, false)))
            return err;
    }
    json_array_foreach (ones, i, v) {
        double at = json_is_number(v) ? json_number_value(v) : NAN;
        size_t k = g->n && at >= 0 ? grid_nearest(g, at) : 0;
        if (g->n && fabs(g->at[k] - at) <= SAME_BEAT)
            g->is_one[k] = true;
    }
    return LM_OK;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double grid_median_gap(const struct grid *g)
{
    double *gaps = g->n > 1 ? malloc((g->n - 1) * sizeof(*gaps)) : NULL;

    if (!gaps)
        return g->n > 1 ? (g->at[g->n - 1] - g->at[0]) / (double)(g->n - 1) : 0;
    for (size_t i = 0; i + 1 < g->n; i++)
        gaps[i] = g->at[i + 1] - g->at[i];
    qsort(gaps, g->n - 1, sizeof(*gaps), compare);
    double median = gaps[(g->n - 1) / 2];
    free(gaps);
    return median;
}

json_t *grid_tempo_curve(const struct grid *g)
{
    json_t *curve = json_array();
    bool has_bars = false;
    double before = 0;

    for (size_t i = 0; i < g->n; i++)
        has_bars |= g->is_one[i];
    for (size_t i = 0; i + 1 < g->n && curve; i++) {
        if (i && !(has_bars ? g->is_one[i] : i % 4 == 0))
            continue;
        size_t from = i > CURVE_BEATS / 2 ? i - CURVE_BEATS / 2 : 0;
        size_t to = from + CURVE_BEATS < g->n ? from + CURVE_BEATS : g->n - 1;
        double bpm = 60 * (double)(to - from) / (g->at[to] - g->at[from]);
        if (before > 0 && fabs(bpm / before - 1) < CURVE_STEP)
            continue;
        before = bpm;
        json_array_append_new(curve, json_pack("[f, f]", g->at[i], round(bpm * 1000) / 1000));
    }
    return curve;
}

json_t *grid_bars(const struct grid *g)
{
    json_t *bars = json_array();

    for (size_t i = 0, next; i < g->n && bars; i = next) {
        for (next = i + 1; next < g->n && !g->is_one[next]; next++)
            ;
        if (!g->is_one[i])                                              /* beats before the first bar are in none */
            continue;
        double end = next < g->n ? g->at[next] : g->at[g->n - 1] + grid_median_gap(g);
        json_array_append_new(bars, json_pack("{s:f, s:f, s:I}", "start", g->at[i], "end", end, "beats", (json_int_t)(next - i)));
    }
    return bars;
}

json_t *grid_write(const struct grid *g)
{
    json_t *beats = json_array(), *ones = json_array();

    for (size_t i = 0; i < g->n; i++) {
        double at = round(g->at[i] * 1e6) / 1e6;                        /* the same digits in both lists */
        json_array_append_new(beats, json_real(at));
        if (g->is_one[i])
            json_array_append_new(ones, json_real(at));
    }
    return json_pack("{s:o, s:o, s:o, s:i, s:o}", "beats", beats, "downbeats", ones, "bpm",
                     g->bpm >= 1 && g->bpm <= 999 ? json_real(round(g->bpm * 10000) / 10000) : json_null(), "beats_per_bar",
                     g->per_bar ? g->per_bar : 4, "tempo_curve", grid_tempo_curve(g));
}
