#include "render/guard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More than 20 %: what a float makes of .6 to .8 is not more. */
#define DEPTH 0.200001f
#define SECOND_NS INT64_C(1000000000)
#define WINDOW_NS (SECOND_NS - INT64_C(23000000))      /* guard.h: "as it is sampled" */

/* The last rises; `n` counts all of them. */
struct rises { int64_t at[GUARD_MAX_LIMIT]; uint32_t n; };

struct head {
    float turn;                         /* the highest since it rose, the lowest since it fell */
    float out;                          /* intensity last sent, strobe and all */
    bool is_high;                       /* the last turn was a rise */
    bool wants;                         /* of this frame: it would rise */
    bool is_held;                       /* of this frame: and may not */
    int64_t wish_until;                 /* it was over the limit, or would have been, less than a second before this */
    struct rises rises;
};

struct guard {
    size_t n, lights;
    bool is_on;
    int64_t last_ns;
    struct head *head;
    bool *is_light, *is_gated, *is_dark;        /* is_dark: of a strobe, between its flashes; by leader as the next two */
    uint32_t *leader;
    float *strobe, *phase;              /* phase < 0: not strobing */
    /* the room: how many heads are up */
    size_t room_turn;
    bool room_is_high;
    int64_t room_wish_until;
    struct rises room_rises;
};

struct guard *guard_new(size_t heads, const bool *is_light, const uint32_t *strobes_with, const bool *is_gated)
{
    struct guard *g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->n = heads;
    g->head = calloc(heads + 1, sizeof *g->head);
    g->is_light = calloc(heads + 1, sizeof *g->is_light);
    g->is_gated = calloc(heads + 1, sizeof *g->is_gated);
    g->is_dark = calloc(heads + 1, sizeof *g->is_dark);
    g->leader = calloc(heads + 1, sizeof *g->leader);
    g->strobe = calloc(heads + 1, sizeof *g->strobe);
    g->phase = calloc(heads + 1, sizeof *g->phase);
    if (!g->head || !g->is_light || !g->is_gated || !g->is_dark || !g->leader || !g->strobe || !g->phase) {
        guard_free(g);
        return NULL;
    }
    for (size_t i = 0; i < heads; i++) {
        g->is_light[i] = is_light[i];
        g->is_gated[i] = is_gated[i];
        g->leader[i] = strobes_with[i];
        g->phase[i] = -1;
        g->lights += is_light[i];
    }
    return g;
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    free(g->head);
    free(g->is_light), free(g->is_gated), free(g->is_dark);
    free(g->leader), free(g->strobe), free(g->phase);
    free(g);
}

void guard_take_room(struct guard *g, const struct guard *old)
{
    g->is_on = old->is_on;
    g->last_ns = old->last_ns;
    g->room_turn = old->lights ? old->room_turn * g->lights / old->lights : 0;  /* the same part of the rig */
    g->room_is_high = old->room_is_high;
    g->room_wish_until = old->room_wish_until;
    g->room_rises = old->room_rises;
}

void guard_take(struct guard *g, size_t head, const struct guard *old, size_t old_head)
{
    g->head[head] = old->head[old_head];
    g->phase[head] = old->phase[old_head];
}

static void rise(struct rises *r, int64_t now)
{
    r->at[r->n++ % GUARD_MAX_LIMIT] = now;
}

/* One more now would be more than `limit` in a second. */
static bool is_full(const struct rises *r, int limit, int64_t now)
{
    return r->n >= (uint32_t)limit && now - r->at[(r->n - (uint32_t)limit) % GUARD_MAX_LIMIT] < WINDOW_NS;
}

static bool is_too_soon(const struct rises *r, int limit, int64_t now)
{
    return r->n && now - r->at[(r->n - 1) % GUARD_MAX_LIMIT] < WINDOW_NS / limit;
}

static bool is_over_quarter(const struct guard *g, size_t heads)
{
    return heads * 4 > g->lights;
}

/* What the eye gets of an intensity. NaN is dark. */
static float seen(const struct guard *g, size_t i, float intensity)
{
    if (g->is_gated[i])
        return intensity >= .5f ? 1 : 0;
    return intensity > 0 ? intensity : 0;
}

static float strobe_hz(float strobe)
{
    return 1 + 19 * (strobe < 1 ? strobe : 1);
}

/* The guard was off: what is there now is no flash, but where the next one is counted from, up or down. */
static void begin(struct guard *g, const struct frame *f, int64_t now)
{
    g->is_on = true;
    g->last_ns = now;
    g->room_rises = (struct rises){ .n = 0 };
    g->room_wish_until = 0;
    g->room_turn = 0;
    g->room_is_high = false;
    for (size_t i = 0; i < g->n; i++) {
        g->head[i] = (struct head){ .turn = seen(g, i, f->intensity[i]), .out = f->intensity[i] };
        g->phase[i] = -1;
    }
}

/* Heads that share a strobe channel strobe as the fastest of those that are lit (dmx/program). */
static void run_strobes(struct guard *g, const struct frame *f, float dt)
{
    memset(g->strobe, 0, g->n * sizeof *g->strobe);
    for (size_t i = 0; i < g->n; i++)
        if (g->is_light[i] && f->strobe[i] > g->strobe[g->leader[i]] && f->intensity[i] > 0)
            g->strobe[g->leader[i]] = f->strobe[i];
    for (size_t i = 0; i < g->n; i++) {
        if (!(g->strobe[i] > 0)) {
            g->phase[i] = -1;
            g->is_dark[i] = false;
            continue;
        }
        float phase = g->phase[i] < 0 ? 0 : g->phase[i] + dt * strobe_hz(g->strobe[i]);
        g->phase[i] = phase - floorf(phase);
        g->is_dark[i] = g->phase[i] >= .48f && g->phase[i] < .98f;      /* a little early: frames may fall on the exact quarters */
    }
}

struct demand { size_t wishes, high, wants; };

/* Falls are taken at once; who would rise, and who would be over the limit with it. */
static struct demand look(struct guard *g, const struct frame *f, int limit, int64_t now)
{
    float fastest = (float)limit * (float)SECOND_NS / (float)WINDOW_NS;
    struct demand d = { 0 };

    for (size_t i = 0; i < g->n; i++) {
        if (!g->is_light[i])
            continue;
        struct head *h = &g->head[i];
        uint32_t l = g->leader[i];
        float v = g->is_dark[l] ? 0 : seen(g, i, f->intensity[i]);
        h->wants = h->is_held = false;
        if (h->is_high && v < h->turn - DEPTH)
            h->is_high = false, h->turn = v;
        else if (h->is_high ? v > h->turn : v < h->turn)
            h->turn = v;
        else if (!h->is_high)
            h->wants = v > h->turn + DEPTH;
        if ((h->wants && is_full(&h->rises, limit, now)) ||
            (g->strobe[l] > 0 && strobe_hz(g->strobe[l]) > fastest && seen(g, i, f->intensity[i]) > DEPTH))
            h->wish_until = now + SECOND_NS;
        d.wishes += h->wish_until > now;
        d.high += h->is_high;
        d.wants += h->wants;
    }
    return d;
}

static void hold(struct head *h)
{
    h->is_held = h->wants;
    h->wants = false;
}

static void limit_heads(struct guard *g, int limit, int64_t now, struct demand *d)
{
    for (size_t i = 0; i < g->n; i++) {
        struct head *h = &g->head[i];
        if (g->is_light[i] && h->wants && (is_full(&h->rises, limit, now) || is_too_soon(&h->rises, limit, now))) {
            hold(h);
            d->wants--;
        }
    }
}

/* The same detector as of a head, on how many heads are up. */
static void limit_room(struct guard *g, int limit, int64_t now, bool acts, struct demand *d)
{
    size_t up = d->high + d->wants;

    if (!g->room_is_high && up > g->room_turn && is_over_quarter(g, up - g->room_turn)) {
        bool is_over = is_full(&g->room_rises, limit, now);
        if (is_over)
            g->room_wish_until = now + SECOND_NS;
        if (is_over || (acts && is_too_soon(&g->room_rises, limit, now))) {
            for (size_t i = 0; i < g->n; i++)
                if (g->is_light[i] && g->head[i].wants)
                    hold(&g->head[i]);
            up = d->high;
        } else {
            rise(&g->room_rises, now);
            g->room_is_high = true;
            g->room_turn = up;
        }
    }
    if (g->room_is_high && up < g->room_turn && is_over_quarter(g, g->room_turn - up))
        g->room_is_high = false, g->room_turn = up;
    else if (g->room_is_high ? up > g->room_turn : up < g->room_turn)
        g->room_turn = up;
}

static size_t send(struct guard *g, struct frame *f, bool acts, int64_t now)
{
    size_t changed = 0;

    for (size_t i = 0; i < g->n; i++) {
        if (!g->is_light[i])
            continue;
        struct head *h = &g->head[i];
        float wanted = f->intensity[i];
        bool strobes = g->strobe[g->leader[i]] > 0, dark = g->is_dark[g->leader[i]];
        if (h->wants) {
            rise(&h->rises, now);
            h->is_high = true;
            h->turn = seen(g, i, wanted);
        }
        if (!h->is_held)
            h->out = dark ? 0 : wanted;
        if (h->is_held || (acts && strobes)) {
            changed += f->intensity[i] != h->out || f->strobe[i] > 0;
            f->intensity[i] = h->out;
            f->strobe[i] = 0;
        }
    }
    return changed;
}

size_t guard_run(struct guard *g, struct frame *f, int64_t now_ns, int limit)
{
    if (limit <= 0) {
        g->is_on = false;
        return 0;
    }
    limit = limit < GUARD_MAX_LIMIT ? limit : GUARD_MAX_LIMIT;
    if (!g->is_on)
        begin(g, f, now_ns);
    float dt = (float)(now_ns - g->last_ns) * 1e-9f;
    g->last_ns = now_ns;
    run_strobes(g, f, dt);
    struct demand d = look(g, f, limit, now_ns);
    bool acts = is_over_quarter(g, d.wishes) || g->room_wish_until > now_ns;
    if (acts)
        limit_heads(g, limit, now_ns, &d);
    limit_room(g, limit, now_ns, acts, &d);
    return send(g, f, acts, now_ns);
}
