#include "analysis/grid_edit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

#define EDGE 1e-6                       /* a beat at the very end of the track is in it */

typedef enum lm_err edit_fn(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p);

static double end_of(const struct grid *g, const struct grid_heard *h)
{
    return h->duration > 0 ? h->duration : g->n ? g->at[g->n - 1] : 0;
}

/* The first that begins a bar, or the first of all. */
static size_t first_one(const struct grid *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->is_one[i])
            return i;
    return 0;
}

void grid_count_bars(struct grid *g, size_t one)
{
    size_t per_bar = (size_t)g->per_bar;

    for (size_t i = 0; i < g->n; i++)
        g->is_one[i] = i % per_bar == one % per_bar;
}

enum lm_err grid_fill(struct grid *g, double anchor, double gap, double end, size_t *one)
{
    double first = -floor((anchor + EDGE) / gap), last = floor((end - anchor + EDGE) / gap);
    enum lm_err err = LM_OK;

    if (last - first >= GRID_BEATS_MAX)
        return LM_INVALID;
    *one = first < 0 ? (size_t)-first : 0;
    for (double k = first; k <= last && !err; k++) {
        double at = anchor + k * gap;
        err = grid_add(g, at > 0 ? at : 0, false);
    }
    return err;
}

static enum lm_err edit_double(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p)
{
    int in_bar = -1;                    /* new beats since the bar began; -1: none has begun */
    enum lm_err err = LM_OK;

    (void)c, (void)p;
    out->bpm = 2 * g->bpm;
    for (size_t i = 0; i < g->n && !err; i++) {
        bool is_last = i + 1 == g->n;
        double gap = !is_last ? g->at[i + 1] - g->at[i] : i ? g->at[i] - g->at[i - 1] : 0, middle = g->at[i] + gap / 2;
        in_bar = g->is_one[i] ? 0 : in_bar < 0 ? -1 : in_bar + 1;
        err = grid_add(out, g->at[i], in_bar >= 0 && in_bar % out->per_bar == 0);
        if (err || gap <= 0 || (is_last && middle > end_of(g, h) + EDGE))
            continue;
        in_bar += in_bar >= 0;
        err = grid_add(out, middle, in_bar >= 0 && in_bar % out->per_bar == 0);
    }
    return err;
}

static enum lm_err edit_halve(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p)
{
    size_t even = 0, odd = 0;
    int in_bar = -1;
    enum lm_err err = LM_OK;

    (void)c, (void)h, (void)p;
    for (size_t i = 0; i < g->n; i++)
        *(i % 2 ? &odd : &even) += g->is_one[i];
    size_t first = even || odd ? (even == odd ? first_one(g) % 2 : odd > even) : 0;
    out->bpm = g->bpm / 2;
    for (size_t i = first; i < g->n && !err; i += 2) {
        /* A bar that was irregular puts the count back to the old downbeats. */
        bool begins = g->is_one[i] && (in_bar < 0 || in_bar + 1 >= out->per_bar);
        in_bar = begins ? 0 : in_bar < 0 ? -1 : in_bar + 1;
        err = grid_add(out, g->at[i], begins);
    }
    return err;
}

static enum lm_err edit_shift_half(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p)
{
    enum lm_err err = LM_OK;

    (void)c, (void)p;
    if (g->n < 2)
        return LM_INVALID;
    double before = g->at[0] - (g->at[1] - g->at[0]) / 2;
    if (before >= 0) {
        /* The new first beat is one of the bar before: it begins it when the grid's bars say so. */
        size_t one = first_one(g);
        bool is_one = g->is_one[one] && g->per_bar > 0 && (one + 1) % (size_t)g->per_bar == 0;
        err = grid_add(out, before, is_one);
    }
    for (size_t i = 0; i < g->n && !err; i++) {
        double gap = i + 1 < g->n ? g->at[i + 1] - g->at[i] : g->at[i] - g->at[i - 1];
        if (g->at[i] + gap / 2 <= end_of(g, h) + EDGE)
            err = grid_add(out, g->at[i] + gap / 2, g->is_one[i]);
    }
    return err;
}

static enum lm_err edit_shift(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p)
{
    double end = end_of(g, h) + (h->duration > 0 ? 0 : c->seconds);
    enum lm_err err = LM_OK;

    (void)p;
    for (size_t i = 0; i < g->n && !err; i++) {
        double at = g->at[i] + c->seconds;
        if (at >= 0 && at <= end + EDGE)
            err = grid_add(out, at, g->is_one[i]);
    }
    return err;
}

static enum lm_err edit_downbeat(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p)
{
    enum lm_err err = grid_copy(out, g);
    size_t one = grid_nearest(g, c->at), per_bar = (size_t)g->per_bar;

    (void)h, (void)p;
    for (size_t i = 0; i < out->n; i++)
        if (c->whole || i >= one)
            out->is_one[i] = i % per_bar == one % per_bar;
    return err;
}

static enum lm_err edit_meter(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p)
{
    enum lm_err err = grid_copy(out, g);

    (void)h, (void)p;
    out->per_bar = c->per_bar;
    if (!err)
        grid_count_bars(out, first_one(g));
    return err;
}

static enum lm_err edit_tempo(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p)
{
    size_t here = !g->n ? 0 : isnan(c->at) ? first_one(g) : grid_nearest(g, c->at), one = here, anchor;

    while (one > 0 && one < g->n && !g->is_one[one])
        one--;                          /* the begin of its bar */
    double at = g->n ? g->at[here] : isnan(c->at) ? 0 : c->at, end = end_of(g, h);
    if (h->duration > 0 && at > end)
        return problem_add(p, "/at", "is behind the end of the track");
    out->bpm = c->bpm;
    enum lm_err err = grid_fill(out, at, 60 / c->bpm, end > at ? end : at, &anchor);
    size_t per_bar = (size_t)out->per_bar;
    if (!err)
        grid_count_bars(out, (anchor + per_bar - (here - one) % per_bar) % per_bar);
    return err;
}

static enum lm_err edit_tap(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p)
{
    enum lm_err err = grid_copy(out, g);

    return err ? err : grid_tap(out, c->taps, c->n_taps, h, p);
}

static enum lm_err edit_move(struct grid *out, const struct grid *g, const struct grid_change *c, const struct grid_heard *h, struct problem *p)
{
    enum lm_err err = grid_copy(out, g);
    size_t held = grid_nearest(g, c->from);
    double by = c->to - g->at[held];

    for (size_t i = 0; i < out->n && !err; i++) {
        double far = fabs((double)i - (double)held);
        if (far <= c->reach)
            out->at[i] += by * (1 - far / (c->reach + 1));
    }
    for (size_t i = 0; i < out->n && !err; i++)
        if (out->at[i] < 0 || (h->duration > 0 && out->at[i] > h->duration + EDGE) || (i && out->at[i] - out->at[i - 1] < GRID_GAP_MIN))
            return problem_add(p, "/to", "is too far: beats would meet, or leave the track");
    return err;
}

/* What an operation takes. */
enum { TAKES_SECONDS = 1, TAKES_AT = 2, MAY_AT = 4, TAKES_BPM = 8, TAKES_MOVE = 16, TAKES_METER = 32, TAKES_TAPS = 64, MAY_WHOLE = 128, NEEDS_BEATS = 256 };

static const struct operation { const char *name; edit_fn *run; unsigned takes; } operations[] = {
    { "double", edit_double, NEEDS_BEATS },
    { "halve", edit_halve, NEEDS_BEATS },
    { "shift_half", edit_shift_half, NEEDS_BEATS },
    { "shift", edit_shift, NEEDS_BEATS | TAKES_SECONDS },
    { "set_downbeat", edit_downbeat, NEEDS_BEATS | TAKES_AT | MAY_WHOLE },
    { "set_meter", edit_meter, NEEDS_BEATS | TAKES_METER },
    { "set_tempo", edit_tempo, TAKES_BPM | MAY_AT },
    { "tap", edit_tap, TAKES_TAPS },
    { "move", edit_move, NEEDS_BEATS | TAKES_MOVE },
    { 0 },
};

static const struct operation *operation_find(const char *name)
{
    for (const struct operation *o = operations; o->name; o++)
        if (!strcmp(o->name, name))
            return o;
    return NULL;
}

static double read_real(const json_t *body, const char *name, double min, double max, struct problem *p)
{
    const json_t *v = json_object_get(body, name);
    char path[PROBLEM_PATH];

    snprintf(path, sizeof(path), "/%s", name);
    if (!v)
        problem_add(p, path, "is required");
    else if (!json_is_number(v) || !(json_number_value(v) >= min && json_number_value(v) <= max))
        problem_add(p, path, "must be a number from %g to %g", min, max);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static int read_int(const json_t *body, const char *name, int min, int max, struct problem *p)
{
    double v = read_real(body, name, min, max, p);

    if (v == floor(v))
        return (int)v;
    if (!isnan(v))
        problem_add(p, "/", "%s must be a whole number", name);
    return min;
}

static double *read_taps(const json_t *list, size_t *n, struct problem *p)
{
    size_t i;
    json_t *v;

    *n = json_array_size(list);
    if (!json_is_array(list) || *n < GRID_TAPS_MIN || *n > GRID_TAPS_MAX) {
        problem_add(p, "/taps", "must be %d to %d instants, in seconds", GRID_TAPS_MIN, GRID_TAPS_MAX);
        return NULL;
    }
    double *taps = malloc(*n * sizeof(*taps));
    json_array_foreach (list, i, v) {
        double at = json_is_number(v) ? json_number_value(v) : NAN;
        if (taps && at >= 0 && at <= 12 * 3600.0 && (!i || at >= taps[i - 1])) {
            taps[i] = at;
            continue;
        }
        problem_add(p, "/taps", "must be seconds on the track, each later than the one before");
        free(taps);
        return NULL;
    }
    return taps;
}

enum lm_err grid_change_read(const json_t *body, struct grid_change *c, double **taps, struct problem *p)
{
    static const struct { unsigned bits; const char *name; } members[] = {
        { TAKES_SECONDS, "seconds" }, { TAKES_AT | MAY_AT, "at" },      { TAKES_BPM, "bpm" },    { TAKES_MOVE, "from" }, { TAKES_MOVE, "to" },
        { TAKES_MOVE, "reach" },      { TAKES_METER, "beats_per_bar" }, { TAKES_TAPS, "taps" },  { MAY_WHOLE, "whole" },
    };
    enum { MEMBERS = sizeof(members) / sizeof(members[0]) };
    const char *name = json_get_text(body, "op", ""), *known[MEMBERS + 2] = { "op" };
    const struct operation *o = operation_find(name);

    *taps = NULL;
    *c = (struct grid_change){ .op = name, .at = NAN, .reach = GRID_REACH };
    if (!o)
        return problem_add(p, "/op", "must be double, halve, shift_half, shift, set_downbeat, set_meter, set_tempo, tap or move");
    for (size_t i = 0, n = 1; i < MEMBERS; i++)
        if (o->takes & members[i].bits)
            known[n++] = members[i].name;
    enum lm_err err = json_only(body, known, p);
    if (o->takes & TAKES_SECONDS)
        c->seconds = read_real(body, "seconds", -GRID_SHIFT_MAX, GRID_SHIFT_MAX, p);
    if (o->takes & TAKES_AT || (o->takes & MAY_AT && json_is_number(json_object_get(body, "at"))))
        c->at = read_real(body, "at", 0, 12 * 3600.0, p);
    if (o->takes & TAKES_BPM)
        c->bpm = read_real(body, "bpm", GRID_BPM_MIN, GRID_BPM_MAX, p);
    if (o->takes & TAKES_METER)
        c->per_bar = read_int(body, "beats_per_bar", 1, GRID_BAR_MAX, p);
    if (o->takes & TAKES_MOVE) {
        c->from = read_real(body, "from", 0, 12 * 3600.0, p);
        c->to = read_real(body, "to", 0, 12 * 3600.0, p);
        if (json_object_get(body, "reach"))
            c->reach = read_int(body, "reach", 0, GRID_REACH_MAX, p);
    }
    c->whole = o->takes & MAY_WHOLE && json_get_bool(body, "whole", false);
    if (o->takes & TAKES_TAPS) {
        *taps = read_taps(json_object_get(body, "taps"), &c->n_taps, p);
        c->taps = *taps;
    }
    return p->err ? p->err : err;
}

enum lm_err grid_edit(struct grid *g, const struct grid_change *c, const struct grid_heard *heard, struct problem *p)
{
    const struct operation *o = operation_find(c->op);
    struct grid out = { .bpm = g->bpm, .per_bar = g->per_bar >= 1 ? g->per_bar : 4 };
    double was = g->per_bar;

    if (!o)
        return LM_INVALID;
    if (o->takes & NEEDS_BEATS && !g->n)
        return problem_set(p, LM_CONFLICT, "There are no beats to correct. Tap them, or set a tempo.");
    g->per_bar = out.per_bar;
    enum lm_err err = o->run(&out, g, c, heard, p);
    if (!err && !out.n)
        err = LM_INVALID;
    for (size_t i = 1; i < out.n && !err; i++)
        if (out.at[i] - out.at[i - 1] < GRID_GAP_MIN)
            err = LM_INVALID;
    if (!err && out.bpm > 0 && (out.bpm < GRID_BPM_MIN / 2 || out.bpm > 2 * GRID_BPM_MAX))
        err = LM_INVALID;
    if (err) {
        g->per_bar = (int)was;
        grid_clear(&out);
        return err == LM_INVALID && p && !p->err ? problem_set(p, err, "That would not leave a beat grid on the track.") : err;
    }
    if (!(out.bpm > 0) && out.n > 1)
        out.bpm = 60 / grid_median_gap(&out);
    grid_clear(g);
    *g = out;
    return LM_OK;
}
