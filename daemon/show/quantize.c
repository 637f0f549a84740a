#include "show/quantize.h"

#include <math.h>

#define SAME 1e-6

const char *const quantize_names[QUANTIZE_COUNT + 1] = { "none", "beat", "bar", NULL };

/* Where the bar that holds `seconds` begins, or the next one. */
static double bar_edge(const struct beatgrid *g, double seconds, bool is_next)
{
    double length = g->beats_per_bar, origin = 0;
    size_t i = 0;

    while (i < g->n_downbeats && g->downbeats[i] <= seconds)
        i++;
    if (i > 0 && i < g->n_downbeats)
        return g->downbeats[is_next ? i : i - 1];
    if (g->n_downbeats)
        origin = beatgrid_beat(g, g->downbeats[i ? i - 1 : 0]);
    double bars = floor((beatgrid_beat(g, seconds) - origin) / length);
    return beatgrid_seconds(g, origin + (bars + is_next) * length);
}

static double beat_edge(const struct beatgrid *g, double seconds, bool is_next)
{
    return beatgrid_seconds(g, floor(beatgrid_beat(g, seconds)) + is_next);
}

static double edge(const struct beatgrid *g, enum quantize q, double seconds, bool is_next)
{
    return q == QUANTIZE_BAR ? bar_edge(g, seconds, is_next) : beat_edge(g, seconds, is_next);
}

double quantize_next(const struct beatgrid *g, enum quantize q, double seconds)
{
    return edge(g, q, seconds + SAME, true);
}

double quantize_before(const struct beatgrid *g, enum quantize q, double seconds)
{
    return edge(g, q, seconds + SAME, false);
}

double quantize_nearest(const struct beatgrid *g, enum quantize q, double seconds, double last)
{
    double before = quantize_before(g, q, seconds), next = quantize_next(g, q, seconds);

    /* What rounding takes the very start and the very end to. */
    before = before < 0 && before > -SAME ? 0 : before;
    next = next > last && next < last + SAME ? last : next;
    bool has_before = before >= 0 && before <= last, has_next = next >= 0 && next <= last;
    if (has_before && (!has_next || seconds - before <= next - seconds))
        return before;
    return has_next ? next : NAN;
}
