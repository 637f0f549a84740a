#include <math.h>
#include <string.h>

#include "render/blend.h"
#include "render/layer_private.h"

const char *const blend_mode_names[] = { "replace", "add", "subtract", "multiply", "screen", "max", "min", "lighten", "value",
                                         NULL };

bool blend_mode_find(const char *name, enum blend_mode *mode)
{
    for (int i = 0; blend_mode_names[i]; i++)
        if (strcmp(blend_mode_names[i], name) == 0) {
            *mode = (enum blend_mode)i;
            return true;
        }
    return false;
}

float blend_scalar(enum blend_mode mode, float base, float top)
{
    return blend_channel(mode, base, top, top);
}

/* Where in a plane an instant lies: between samples a and b, `part` of the way. */
struct cursor {
    const float *a, *b;                 /* NULL: the layer does not write it */
    size_t stride;                      /* floats between heads; 0: one for all */
    float part;
};

static struct cursor cursor_at(const struct plane *p, uint32_t sample, float part)
{
    uint32_t last = (p->column ? p->samples : p->t) - 1, a = sample < last ? sample : last, b = a < last ? a + 1 : a;
    size_t row = (size_t)p->n * p->c;

    if (p->column)
        a = p->column[a], b = p->column[b];
    return (struct cursor){ .a = p->data + a * row, .b = p->data + b * row, .stride = p->n == 1 ? 0 : p->c, .part = part };
}

/* Of an output's levels: intensity, angle, strobe, speed. */
static struct cursor level_at(const struct tile *tile, int32_t source, uint32_t sample, float part)
{
    if (source < 0)
        return (struct cursor){ 0 };
    return cursor_at(&tile->outputs[source].value, sample, part);
}

static inline float lerp(float a, float b, float part)
{
    return a * (1 - part) + b * part;
}

static inline float at_linear(const struct cursor *c, uint32_t row)
{
    return lerp(c->a[row * c->stride], c->b[row * c->stride], c->part);
}

static inline float max3(float a, float b, float c)
{
    float m = a > b ? a : b;
    return m > c ? m : c;
}

/* A layer without a hue of its own, here or at all: intensity alone. */
static inline void fold_level(struct frame *f, uint32_t h, enum blend_mode mode, float d)
{
    f->intensity[h] = blend_channel(mode, f->intensity[h], d, d);
}

static inline void fold_color(struct frame *f, uint32_t h, enum blend_mode mode, float d, const float hue[3])
{
    float i = f->intensity[h];
    float r = blend_channel(mode, i * f->r[h], d * hue[0], d);
    float g = blend_channel(mode, i * f->g[h], d * hue[1], d);
    float b = blend_channel(mode, i * f->b[h], d * hue[2], d);
    float v = max3(r, g, b);

    f->intensity[h] = v;
    if (v > 0)
        f->r[h] = r / v, f->g[h] = g / v, f->b[h] = b / v;
}

/* What a layer says of colour at an instant. */
struct color_cursor { struct cursor v, hue, alpha; };

static struct color_cursor color_at(const struct tile *tile, int32_t source, uint32_t sample, float part)
{
    if (source < 0)
        return (struct color_cursor){ 0 };
    const struct tile_output *o = &tile->outputs[source];
    return (struct color_cursor){ cursor_at(&o->value, sample, part), cursor_at(&o->hue, sample, part), cursor_at(&o->alpha, sample, part) };
}

/* The layer's own hue, and in own[3] what brings it back to a largest component of 1. False: there is none. */
static inline bool own_hue(const struct color_cursor *c, uint32_t row, float own[4])
{
    const float *a = c->hue.a + row * c->hue.stride, *b = c->hue.b + row * c->hue.stride;

    if (isnan(a[0]))
        return false;
    for (int i = 0; i < 3; i++)
        own[i] = lerp(a[i], b[i], c->hue.part);
    own[3] = 1 / max3(own[0], own[1], own[2]);
    return true;
}

/* It mixed with what is below as alpha says, again to a largest component of 1. */
static inline void mix_hue(const struct frame *f, uint32_t h, float alpha, const float own[4], float hue[3])
{
    float low = alpha < 1 ? 1 - alpha : 0, high = alpha < 1 ? alpha : 1;

    hue[0] = low * f->r[h] + high * own[0] * own[3];
    hue[1] = low * f->g[h] + high * own[1] * own[3];
    hue[2] = low * f->b[h] + high * own[2] * own[3];
    float scale = 1 / max3(hue[0], hue[1], hue[2]);
    for (int i = 0; i < 3; i++)
        hue[i] *= scale;
}

static inline __attribute__((always_inline)) void fold_light(struct frame *f, const struct segment *s,
                                                             const struct color_cursor *color, const struct cursor *dimmer,
                                                             enum blend_mode mode, float level)
{
    const uint32_t *rows = s->row[PROP_COLOR], *dimmer_rows = s->row[PROP_DIMMER];
    bool one_hue = color->hue.a && !color->hue.stride, one_alpha = color->hue.a && !color->alpha.stride, has_hue = false;
    float own[4] = { 0 }, alpha = 0;

    if (one_hue)
        has_hue = own_hue(color, 0, own);
    if (one_alpha)
        alpha = lerp(*color->alpha.a, *color->alpha.b, color->alpha.part);
    for (uint32_t k = 0; k < s->n; k++) {
        uint32_t h = s->heads[k];
        float d = level, hue[3];
        if (dimmer->a)
            d *= at_linear(dimmer, dimmer_rows[k]);
        if (!color->v.a) {
            fold_level(f, h, mode, d);
            continue;
        }
        uint32_t row = rows[k];
        d *= at_linear(&color->v, row);
        if (!one_alpha)
            alpha = at_linear(&color->alpha, row);
        if (!one_hue)
            has_hue = alpha > 0 && own_hue(color, row, own);
        if (alpha > 0 && has_hue) {
            mix_hue(f, h, alpha, own, hue);
            fold_color(f, h, mode, d, hue);
        } else {
            fold_level(f, h, mode, d);
        }
    }
}

static void fold_segment_light(struct frame *f, const struct segment *s, const struct tile *t, uint32_t sample, float part,
                               enum blend_mode mode, float level)
{
    struct color_cursor color = color_at(t, s->source[PROP_COLOR], sample, part);
    struct cursor dimmer = level_at(t, s->source[PROP_DIMMER], sample, part);

    /* One loop per mode, its branches gone. */
#define MODE(m) case m: fold_light(f, s, &color, &dimmer, m, level); break
    switch (mode) {
    MODE(BLEND_REPLACE);
    MODE(BLEND_ADD);
    MODE(BLEND_SUBTRACT);
    MODE(BLEND_MULTIPLY);
    MODE(BLEND_SCREEN);
    MODE(BLEND_MAX);
    MODE(BLEND_MIN);
    MODE(BLEND_LIGHTEN);
    MODE(BLEND_VALUE);
    case BLEND_MODES:
        break;
    }
#undef MODE
}

static void fold_strobe(struct frame *f, const struct segment *s, const struct tile *t, uint32_t sample, enum blend_mode mode)
{
    struct cursor c = level_at(t, s->source[PROP_STROBE], sample, 0);
    bool has_light = s->source[PROP_COLOR] >= 0 || s->source[PROP_DIMMER] >= 0;

    if (c.a)
        for (uint32_t k = 0; k < s->n; k++)
            f->strobe[s->heads[k]] = blend_scalar(mode, f->strobe[s->heads[k]], c.a[s->row[PROP_STROBE][k] * c.stride]);
    else if (mode == BLEND_REPLACE && has_light)
        for (uint32_t k = 0; k < s->n; k++)
            f->strobe[s->heads[k]] = 0;
}

static void fold_speed(struct frame *f, const struct segment *s, const struct tile *t, uint32_t sample)
{
    struct cursor c = level_at(t, s->source[PROP_SPEED], sample, 0);

    for (uint32_t k = 0; c.a && k < s->n; k++)
        f->speed[s->heads[k]] *= c.a[s->row[PROP_SPEED][k] * c.stride];
}

/* The layer has the axis: it wins, also where it says "hold" (NaN). A sample before a hold keeps its own value up to it. */
static void fold_axis(float *axis, const struct segment *s, const struct tile *t, enum property p, uint32_t sample, float part)
{
    struct cursor c = level_at(t, s->source[p], sample, part);

    for (uint32_t k = 0; c.a && k < s->n; k++) {
        size_t at = s->row[p][k] * c.stride;
        axis[s->heads[k]] = isnan(c.b[at]) ? c.a[at] : lerp(c.a[at], c.b[at], part);
    }
}

/* Instants within a ten-thousandth of a sample of the next one are that: t - start is rarely exact. */
#define SNAP 1e-4

struct instant { const struct tile *tile; uint32_t sample; float part; };       /* tile NULL: it is not there */

/* Of a layer that has tiles, `seconds` from its first sample. */
static struct instant instant_at(const struct layer *l, double seconds)
{
    double at = seconds > 0 ? seconds * SAMPLE_RATE : 0, whole = floor(at + SNAP);
    double last = (double)l->n_tiles * TILE_SAMPLES - 1;

    if (whole > last)
        at = whole = last;              /* the tile says where the annotation really ends */
    return (struct instant){ atomic_load_explicit(&l->tiles[(uint32_t)whole / TILE_SAMPLES], memory_order_acquire), (uint32_t)whole % TILE_SAMPLES,
                             at > whole ? (float)(at - whole) : 0 };
}

bool render_layer(struct frame *f, const struct layer *l, double seconds, enum blend_mode blend, float level)
{
    if (!layer_is_filled(l))
        return false;
    if (!l->n_tiles)
        return true;
    struct instant now = instant_at(l, seconds);
    const struct tile *t = now.tile;
    uint32_t sample = now.sample;
    float part = now.part;
    if (!t)
        return false;
    for (uint32_t i = 0; i < l->n_segments; i++) {
        const struct segment *s = &l->segments[i];
        if (s->source[PROP_COLOR] >= 0 || s->source[PROP_DIMMER] >= 0)
            fold_segment_light(f, s, t, sample, part, blend, level);
        fold_strobe(f, s, t, sample, blend);
        fold_speed(f, s, t, sample);
        fold_axis(f->pan, s, t, PROP_PAN, sample, part);
        fold_axis(f->tilt, s, t, PROP_TILT, sample, part);
    }
    return true;
}

static bool is_active(const struct render_item *i, double t)
{
    return i->layer && i->start <= t && t < i->end;
}

size_t render_score(struct frame *f, const struct render_item *items, size_t n, double t)
{
    size_t missing = 0;

    for (size_t i = 0; i < n; i++)
        if (is_active(&items[i], t))
            missing += !render_layer(f, items[i].layer, t - items[i].start + items[i].lead, items[i].blend, 1);
    return missing;
}

/* Only tiles near the playhead are kept: farther ahead there is nothing to read, and a show of thousands of blocks costs no
 * more than one of a few. */
enum { LOOK_AHEAD = 16, MOVING = 256 };

/* The layers that have had their say of where heads are: those that move them now, and of those to come the ones looked at. One that says "hold" has its heads
 * as well. */
struct moving { const struct layer *layer[MOVING]; size_t n; };

static bool is_positioned(const struct moving *said, uint32_t head)
{
    for (size_t i = 0; i < said->n; i++)
        if (said->layer[i]->writes[head] & WRITES_POSITION)
            return true;
    return false;
}

static bool does_move(const struct layer *l)
{
    return l && layer_is_filled(l) && l->moves;
}

/* What is not compiled yet may turn out to. */
static bool may_move(const struct layer *l)
{
    return l && (!layer_is_filled(l) || l->moves);
}

/* The first position and hue of one coming layer. False: its first tile is not there. */
static bool preposition(struct frame *f, struct moving *said, const struct render_item *item)
{
    const struct layer *next = item->layer;
    bool is_filled = layer_is_filled(next);

    if (is_filled && !next->n_tiles)
        return true;                    /* dark since it was looked at a moment ago: it says nothing */
    struct instant first = is_filled ? instant_at(next, item->lead) : (struct instant){ 0 };
    const struct tile *tile = first.tile;

    if (!tile || said->n == MOVING)
        return false;
    for (uint32_t i = 0; i < next->n_segments; i++) {
        const struct segment *s = &next->segments[i];
        struct cursor pan = level_at(tile, s->source[PROP_PAN], first.sample, 0), tilt = level_at(tile, s->source[PROP_TILT], first.sample, 0);
        struct color_cursor color = color_at(tile, s->source[PROP_COLOR], first.sample, 0);
        for (uint32_t k = 0; (pan.a || tilt.a) && k < s->n; k++) {
            uint32_t h = s->heads[k];
            float own[4];
            if (f->intensity[h] > 0 || is_positioned(said, h))
                continue;
            if (pan.a)
                f->pan[h] = pan.a[s->row[PROP_PAN][k] * pan.stride];
            if (tilt.a)
                f->tilt[h] = tilt.a[s->row[PROP_TILT][k] * tilt.stride];
            uint32_t row = color.hue.a ? s->row[PROP_COLOR][k] : 0;
            if (color.hue.a && color.alpha.a[row * color.alpha.stride] > 0 && own_hue(&color, row, own))
                f->r[h] = own[0] * own[3], f->g[h] = own[1] * own[3], f->b[h] = own[2] * own[3];
        }
    }
    said->layer[said->n++] = next;
    return true;
}

void render_preposition(struct frame *f, const struct render_item *items, size_t n, double t)
{
    struct moving said = { .n = 0 };
    double after = t;

    for (size_t i = 0; i < n; i++)
        if (is_active(&items[i], t) && does_move(items[i].layer)) {
            if (said.n == MOVING)
                return;                 /* who is free to travel is not known */
            said.layer[said.n++] = items[i].layer;
        }
    for (int pass = 0; pass < LOOK_AHEAD; pass++) {
        double next = INFINITY;
        for (size_t i = 0; i < n; i++)
            if (items[i].start > after && items[i].start < next && may_move(items[i].layer))
                next = items[i].start;
        if (isinf(next))
            return;
        for (size_t i = n; i-- > 0;)    /* the top one first: it would win */
            if (items[i].start == next && may_move(items[i].layer) && !preposition(f, &said, &items[i]))
                return;
        after = next;
    }
}

void render_masters(struct frame *f, const float *limit, const bool *is_fog, float level)
{
    for (size_t h = 0; h < f->heads; h++)
        f->intensity[h] *= limit[h] * (is_fog[h] ? 1 : level);
}

void render_blackout(struct frame *f)
{
    memset(f->intensity, 0, f->heads * sizeof *f->intensity);
}
