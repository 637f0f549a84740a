#include "dmx/program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmx/program_channel.h"
#include "dmx/program_plan.h"
#include "dmx/program_private.h"
#include "fixtures/classify.h"

struct build {
    struct program *p;
    struct plan *plan;
    bool nomem;
};

/* Appends a zeroed item to a growing table; capacities are powers of two, so the count alone tells when it is full. */
static void *append(struct build *b, void *table, size_t *n, size_t size)
{
    void **list = table;

    if (!(*n & (*n - 1))) {
        void *grown = realloc(*list, (*n ? *n * 2 : 1) * size);
        if (!grown) {
            b->nomem = true;
            return NULL;
        }
        *list = grown;
    }
    return memset((char *)*list + (*n)++ * size, 0, size);
}

#define APPEND(b, list) append(b, &(b)->p->list, &(b)->p->n_##list, sizeof *(b)->p->list)

static void warn(void *ctx, const struct patch_fixture *f, const char *what)
{
    struct build *b = ctx;
    const char *name = *f->row.label ? f->row.label : *f->row.model ? f->row.model : f->row.id;
    char text[256], **at;

    snprintf(text, sizeof text, "%.60s: %s", name, what);
    for (size_t i = 0; i < b->p->n_warnings; i++)
        if (!strcmp(b->p->warnings[i], text))
            return;
    if ((at = APPEND(b, warnings)) && !(*at = strdup(text)))
        b->nomem = true;
}

static struct out out_of(const struct plan_slot *s, size_t slot, uint8_t min, uint8_t max)
{
    struct out o = { .slot = { (int16_t)slot, (int16_t)s->fine[0], (int16_t)s->fine[1] }, .bytes = 1, .min = min, .max = max };

    o.bytes += s->fine[0] >= 0;
    o.bytes += s->fine[1] >= 0;
    return o;
}

static struct span add_strobes(struct build *b, const struct channel_strobes *s)
{
    struct span at = { (uint32_t)b->p->n_strobes, 0 };

    for (size_t i = 0; i < s->n; i++) {
        struct strobe_range *r = APPEND(b, strobes);
        if (r)
            *r = s->r[i], at.n++;
    }
    return at;
}

/* --- one function per property: the slot's channel into the zone's tables --- */

static void add_dimmer(struct build *b, const struct plan_slot *s, size_t slot)
{
    struct channel_dimmer c = channel_dimmer(s->channel);
    struct span strobes = { 0 };
    bool strobed = false;

    for (size_t i = 0; i < b->plan->n_zones; i++)
        strobed |= b->plan->zones[i].has_shutter_strobe && head_set_meets(&b->plan->zones[i].owners, &s->owners);
    if (!strobed)
        strobes = add_strobes(b, &c.strobes);
    struct dimmer_out *d = APPEND(b, dimmers);
    if (d)
        *d = (struct dimmer_out){ .out = out_of(s, slot, c.min, c.max), .zero = (int16_t)c.zero, .strobes = strobes };
}

static void add_emitter(struct build *b, const struct plan_slot *s, size_t slot)
{
    struct channel_dimmer c = channel_dimmer(s->channel);
    struct emit_out *e = APPEND(b, emitters);

    if (e)
        *e = (struct emit_out){ .out = out_of(s, slot, c.min, c.max), .emitter = plan_emitter(s->channel), .zero = (int16_t)c.zero };
}

static void add_shutter(struct build *b, const struct plan_slot *s, size_t slot)
{
    const struct plan *plan = b->plan;
    bool dimmed = plan_is_dimmed(plan, &s->owners), virtual = false;
    struct channel_shutter c = channel_shutter(s->channel, dimmed);
    enum shutter_gate gate = GATE_NONE;
    char text[128];

    for (size_t i = 0; i < plan->n_zones; i++)
        virtual |= plan->zones[i].mix != MIX_NONE && head_set_meets(&plan->zones[i].owners, &s->owners);
    if (c.has_closed && (!dimmed || c.closes_in_dark))
        gate = virtual || dimmed ? GATE_ZERO : GATE_HALF;
    if (!c.has_open) {
        snprintf(text, sizeof text, "%.60s: the file tells no open position, %d is sent", s->channel->name, c.open);
        warn(b, plan->fixture, text);
    }
    struct span strobes = add_strobes(b, &c.strobes);
    struct shutter_out *h = APPEND(b, shutters);
    if (h)
        *h = (struct shutter_out){ (int16_t)slot, c.open, c.closed, gate, strobes };
}

static void add_axis(struct build *b, const struct plan_slot *s, size_t slot)
{
    const struct patch_fixture *f = b->plan->fixture;
    bool tilt = s->class == CH_TILT;
    struct channel_dimmer c = { .min = 0, .max = 255 };
    struct axis_out *a;

    if (s->channel->n_ranges)           /* a position may be only the first part of its channel */
        c.min = s->channel->ranges[0].min, c.max = s->channel->ranges[0].max;
    channel_safe_span(s->channel, &c.min, &c.max);
    /* A shared axis under heads that all have their own stands in the middle: turning both would turn twice. */
    for (size_t i = 0; i < b->plan->n_slots; i++) {
        const struct plan_slot *o = &b->plan->slots[i];
        if (o->class == s->class && !o->is_fine && b->plan->zones[o->zone].n_owners < b->plan->zones[s->zone].n_owners &&
            head_set_covers(&s->owners, &o->owners)) {
            uint8_t *base = b->p->defaults + b->p->fixtures[b->p->n_fixtures - 1].defaults;
            base[slot] = (uint8_t)((c.min + c.max + 1) / 2);
            return;
        }
    }
    if (!(a = APPEND(b, axes)))
        return;
    *a = (struct axis_out){ .out = out_of(s, slot, c.min, c.max), .is_tilt = tilt != f->row.swap_pan_tilt,
                            .invert = tilt ? f->row.invert_tilt : f->row.invert_pan,
                            .range = (float)(tilt ? f->mode->tilt_max : f->mode->pan_max) };
    for (size_t h = 0; h < f->head_count; h++)
        if (head_set_has(&s->owners, h)) {
            struct head_info *info = &b->p->heads[f->head_first + h];
            *(a->is_tilt ? &info->tilt_range : &info->pan_range) = a->range;
        }
}

static void add_speed(struct build *b, const struct plan_slot *s, size_t slot)
{
    struct speed_out *v = APPEND(b, speeds);

    if (!v)
        return;
    v->slot = (int16_t)slot;
    channel_speed(s->channel, &v->fast, &v->slow);
}

static void add_wheel(struct build *b, const struct plan_slot *s, size_t slot, size_t index)
{
    struct wheel_out *w = APPEND(b, wheels);
    float rgb[3];

    if (!w)
        return;
    if (plan_is_mixed(b->plan, &s->owners)) {
        /* Colours are mixed elsewhere. A wheel before a lamp stands open; beside emitters it is a channel of macros, where white overrides them. */
        bool trapped;
        bool macros = plan_is_lit_in_colours(b->plan, &s->owners);
        *w = (struct wheel_out){ (int16_t)slot, macros ? channel_default(s->channel, &trapped) : channel_wheel_open(s->channel) };
        return;
    }
    *w = (struct wheel_out){ (int16_t)slot, channel_wheel_open(s->channel) };
    for (size_t i = 0; i < s->channel->n_ranges; i++) {
        const struct definition_range *r = &s->channel->ranges[i];
        uint8_t min = r->min, max = r->max;
        float most;
        struct wheel_slot *x;
        if (!range_color(r, rgb) || !((most = fmaxf(rgb[0], fmaxf(rgb[1], rgb[2]))) > .05f) || !channel_safe_span(s->channel, &min, &max) ||
            !(x = APPEND(b, wheel_slots)))
            continue;
        for (int k = 0; k < 3; k++)
            x->rgb[k] = rgb[k] /= most;
        color_oklab(rgb, x->lab);
        x->wheel = (uint16_t)index;
        x->value = (uint8_t)((min + max) / 2);
    }
}

/* --- a zone --- */

static void add_class(struct build *b, size_t zone, enum channel_class class, void (*add)(struct build *, const struct plan_slot *, size_t))
{
    for (size_t i = 0; i < b->plan->n_slots; i++) {
        const struct plan_slot *s = &b->plan->slots[i];
        if ((size_t)s->zone == zone && s->class == class && !s->is_fine && !(s->channel->byte && class != CH_INTENSITY))
            add(b, s, i);
    }
}

static bool mix_uses(enum mix mix, uint32_t mask, enum emitter e)
{
    bool hue = e >= EMIT_HUE;

    if (mix == MIX_HSV || mix == MIX_HSL)
        return hue;
    if (mix == MIX_CMY)
        return e >= EMIT_CYAN && e <= EMIT_YELLOW;
    return !hue || (mix == MIX_ONE && !(mask & (mask - 1)));
}

static void add_emitters(struct build *b, size_t zone)
{
    const struct plan_zone *z = &b->plan->zones[zone];
    bool unused = false;

    for (size_t i = 0; i < b->plan->n_slots; i++) {
        const struct plan_slot *s = &b->plan->slots[i];
        if ((size_t)s->zone != zone || s->is_fine || plan_emitter(s->channel) == EMITTERS)
            continue;
        if (mix_uses(z->mix, z->emitters, plan_emitter(s->channel)))
            add_emitter(b, s, i);
        else
            unused = true;
    }
    if (unused)
        warn(b, b->plan->fixture, "two ways to mix colours in one head: one is used, the channels of the other stay at their defaults");
}

static void add_zone(struct build *b, size_t zone, size_t first_zone)
{
    const struct plan *plan = b->plan;
    const struct plan_zone *pz = &plan->zones[zone];
    const struct patch_fixture *f = plan->fixture;
    struct program *p = b->p;
    struct zone z = { .parent = -1, .cover = -1, .mix = pz->mix, .is_part = pz->is_part, .mask = pz->emitters, .white = f->row.white };
    size_t wheels = 0;

    z.owners.first = (uint32_t)p->n_owners;
    for (size_t h = 0; h < f->head_count; h++)
        if (head_set_has(&pz->owners, h)) {
            uint32_t *o = APPEND(b, owners);
            if (o)
                *o = (uint32_t)(f->head_first + h), z.owners.n++;
        }
    for (size_t i = zone; i-- > 0 && z.parent < 0;)
        if (plan->zones[i].has_dimmer && head_set_covers(&plan->zones[i].owners, &pz->owners))
            z.parent = (int32_t)(first_zone + i);
    if (!plan_is_hazard(plan)) {
        z.cover = pz->has_dimmer ? (int32_t)(first_zone + zone) : z.parent;
        z.is_dimmed = z.cover < 0 && plan_is_dimmed(plan, &pz->owners);
    }
#define SPAN(list, ...) do { z.list.first = (uint32_t)p->n_##list; __VA_ARGS__; z.list.n = (uint32_t)(p->n_##list - z.list.first); } while (0)
    SPAN(dimmers, add_class(b, zone, CH_INTENSITY, add_dimmer));
    SPAN(emitters, add_emitters(b, zone));
    SPAN(shutters, add_class(b, zone, CH_SHUTTER, add_shutter));
    SPAN(axes, (add_class(b, zone, CH_PAN, add_axis), add_class(b, zone, CH_TILT, add_axis)));
    SPAN(speeds, add_class(b, zone, CH_SPEED_PAN_TILT, add_speed));
    z.wheels.first = (uint32_t)p->n_wheels, z.wheel_slots.first = (uint32_t)p->n_wheel_slots;
    for (size_t i = 0; i < plan->n_slots; i++)
        if ((size_t)plan->slots[i].zone == zone && plan->slots[i].class == CH_COLOR_WHEEL && !plan->slots[i].channel->byte)
            add_wheel(b, &plan->slots[i], i, wheels++);
    z.wheels.n = (uint32_t)(p->n_wheels - z.wheels.first), z.wheel_slots.n = (uint32_t)(p->n_wheel_slots - z.wheel_slots.first);
#undef SPAN
    struct zone *at = APPEND(b, zones);
    if (at)
        *at = z;
}

/* --- a fixture --- */

static void add_defaults(struct build *b)
{
    const struct plan *plan = b->plan;
    char text[128];

    for (size_t i = 0; i < plan->n_slots; i++) {
        const struct definition_channel *c = plan->slots[i].channel;
        uint8_t *at = APPEND(b, defaults);
        bool trapped;
        if (!at)
            return;
        *at = channel_default(c, &trapped);
        if (c->class == CH_IRIS && !c->byte)
            *at = channel_iris_open(c);
        if (trapped) {
            snprintf(text, sizeof text, "%.60s knows only lamp and reset values: its default %d is sent", c->name, *at);
            warn(b, plan->fixture, text);
        }
        if (c->class == CH_GOBO && channel_gobo_open(c) >= 0) {
            snprintf(text, sizeof text, "%.40s: closed at its default %d, park it at %d for light", c->name, *at, channel_gobo_open(c));
            warn(b, plan->fixture, text);
        }
    }
}

static void head_flags(struct build *b, const struct fixture_info *fx)
{
    for (size_t h = 0; h < fx->heads.n; h++)
        b->p->heads[fx->heads.first + h].flags = HEAD_SOFT_STROBE;
    for (size_t i = 0; i < fx->zones.n; i++) {
        const struct zone *z = &b->p->zones[fx->zones.first + i];
        bool strobes = false, in_dimmer = false;
        for (size_t k = 0; k < z->shutters.n; k++)
            strobes |= b->p->shutters[z->shutters.first + k].strobes.n > 0;
        for (size_t k = 0; k < z->dimmers.n; k++)
            in_dimmer |= b->p->dimmers[z->dimmers.first + k].strobes.n > 0;
        for (size_t k = 0; k < z->owners.n; k++) {
            struct head_info *h = &b->p->heads[b->p->owners[z->owners.first + k]];
            if (strobes)
                h->flags &= (uint8_t)~HEAD_SOFT_STROBE;
            if (in_dimmer)
                h->flags |= HEAD_STROBE_IN_DIMMER;
        }
    }
}

/* A head that makes light and has neither dimmer, emitters nor a shutter that closes shines on; the operator should know. */
static void warn_undimmable(struct build *b, const struct fixture_info *fx)
{
    const struct plan *plan = b->plan;
    bool wheel = false;

    if (plan_is_hazard(plan))
        return;
    for (size_t h = 0; h < fx->heads.n; h++) {
        struct head_set one = { { 0 } };
        bool dims = false;
        one.bits[h / 64] = UINT64_C(1) << (h % 64);
        for (size_t i = 0; i < plan->n_zones; i++)
            dims |= (plan->zones[i].has_dimmer || plan->zones[i].mix != MIX_NONE) && head_set_meets(&plan->zones[i].owners, &one);
        for (size_t i = 0; i < fx->zones.n && !dims; i++) {
            const struct zone *z = &b->p->zones[fx->zones.first + i];
            if (!head_set_meets(&plan->zones[i].owners, &one))
                continue;
            wheel |= z->wheels.n > 0;
            for (size_t k = 0; k < z->shutters.n; k++)
                dims |= b->p->shutters[z->shutters.first + k].gate != GATE_NONE;
        }
        if (!dims) {
            warn(b, plan->fixture, wheel ? "only a colour wheel: cannot be dimmed" : "nothing dims it: intensity has no effect");
            return;
        }
    }
}

static void add_fixture(struct build *b, const struct patch_fixture *f, const struct universes *u)
{
    int universe = universes_index(u, f->row.universe);
    struct fixture_info *fx;

    if (!f->mode || !f->channels)
        return;                 /* dark: the patch has said why; or a mode without a single slot */
    if (universe < 0 || f->row.address < 1 || f->row.address - 1 + f->channels > DMX_SLOTS) {
        warn(b, f, "its universe does not exist or its channels do not fit");
        return;
    }
    if (!(fx = APPEND(b, fixtures)))
        return;
    memcpy(fx->id, f->row.id, sizeof fx->id);
    fx->universe = (uint32_t)universe, fx->base = (uint32_t)f->row.address - 1, fx->channels = (uint32_t)f->channels;
    fx->defaults = (uint32_t)b->p->n_defaults;
    fx->heads = (struct span){ (uint32_t)f->head_first, (uint32_t)f->head_count };
    fx->curve = f->row.curve;
    fx->dim_max = (float)(f->row.dimmer_max > 0 && f->row.dimmer_max <= 1 ? f->row.dimmer_max : 1);
    fx->dim_min = (float)(f->row.dimmer_min > 0 && f->row.dimmer_min <= fx->dim_max ? f->row.dimmer_min : 0);
    plan_fixture(b->plan, f);
    add_defaults(b);
    fx->zones.first = (uint32_t)b->p->n_zones;
    for (size_t i = 0; i < b->plan->n_zones && !b->nomem; i++)
        add_zone(b, i, fx->zones.first);
    fx->zones.n = (uint32_t)(b->p->n_zones - fx->zones.first);
    if (b->nomem)
        return;
    head_flags(b, fx);
    warn_undimmable(b, fx);
}

enum lm_err program_new(const struct patch *patch, const struct universes *universes, const struct program **result)
{
    struct program *p = calloc(1, sizeof *p);
    struct plan *plan = calloc(1, sizeof *plan);
    struct build b = { .p = p, .plan = plan };
    enum lm_err err = LM_NOMEM;

    if (!p || !plan)
        goto out;
    plan->warn = warn, plan->ctx = &b;
    p->n_heads = patch->n_heads;
    p->heads = calloc(patch->n_heads + 1, sizeof *p->heads);
    if (!p->heads)
        goto out;
    for (size_t i = 0; i < patch->n_fixtures && !b.nomem; i++)
        add_fixture(&b, &patch->fixtures[i], universes);
    APPEND(&b, warnings);       /* the NULL at the end */
    if (b.nomem)
        goto out;
    *result = p, p = NULL;
    err = LM_OK;
out:
    free(plan);
    program_free(p);
    return err;
}

void program_free(const struct program *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_warnings; i++)
        free(p->warnings[i]);
    free(p->fixtures), free(p->zones), free(p->heads), free(p->owners), free(p->defaults), free(p->dimmers), free(p->emitters);
    free(p->shutters), free(p->strobes), free(p->axes), free(p->speeds), free(p->wheels), free(p->wheel_slots), free(p->warnings);
    free((struct program *)p);
}

const char *const *program_warnings(const struct program *p)
{
    return (const char *const *)p->warnings;
}

/* --- state --- */

/* Patches are in address order, so what follows an equal fixture is most often its follower: the search starts there. */
static const struct fixture_info *find_fixture(const struct program *p, const char *id, size_t *from)
{
    for (size_t k = 0; k < p->n_fixtures; k++) {
        size_t i = (*from + k) % p->n_fixtures;
        if (!strcmp(p->fixtures[i].id, id)) {
            *from = i + 1;
            return &p->fixtures[i];
        }
    }
    return NULL;
}

static void take_over(struct program_state *s, const struct program *old, const struct program_state *old_state)
{
    size_t from = 0;

    for (size_t i = 0; i < s->program->n_fixtures; i++) {
        const struct fixture_info *now = &s->program->fixtures[i], *was = find_fixture(old, now->id, &from);
        if (!was)
            continue;
        for (size_t h = 0; h < now->heads.n && h < was->heads.n; h++) {
            const struct head_state *o = &old_state->heads[was->heads.first + h];
            struct head_state *n = &s->heads[now->heads.first + h];
            atomic_store_explicit(&n->pan, atomic_load_explicit(&o->pan, memory_order_relaxed), memory_order_relaxed);
            atomic_store_explicit(&n->tilt, atomic_load_explicit(&o->tilt, memory_order_relaxed), memory_order_relaxed);
        }
        for (size_t z = 0; z < now->zones.n && z < was->zones.n; z++) {
            int32_t slot = atomic_load_explicit(&old_state->zones[was->zones.first + z].slot, memory_order_relaxed);
            if (slot < (int32_t)s->program->zones[now->zones.first + z].wheel_slots.n)
                atomic_store_explicit(&s->zones[now->zones.first + z].slot, slot, memory_order_relaxed);
        }
    }
}

struct program_state *program_state_new(const struct program *p, const struct program *old, const struct program_state *old_state)
{
    struct program_state *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->program = p;
    s->heads = calloc(p->n_heads + 1, sizeof *s->heads);
    s->zones = calloc(p->n_zones + 1, sizeof *s->zones);
    s->levels = calloc(p->n_heads + 1, sizeof *s->levels);
    if (!s->heads || !s->zones || !s->levels) {
        program_state_free(s);
        return NULL;
    }
    for (size_t i = 0; i < p->n_heads; i++)
        s->heads[i].phase = -1;
    for (size_t i = 0; i < p->n_zones; i++) {
        atomic_init(&s->zones[i].slot, -1);
        s->zones[i].hue[0] = -1;        /* no hue: the first one is a change */
    }
    if (old && old_state && old->n_fixtures)
        take_over(s, old, old_state);
    return s;
}

void program_state_free(struct program_state *s)
{
    if (!s)
        return;
    free(s->heads), free(s->zones), free(s->levels);
    free(s);
}

void program_mark_positions(const struct program *p, struct universes *marks)
{
    for (size_t f = 0; f < p->n_fixtures; f++) {
        const struct fixture_info *x = &p->fixtures[f];
        uint8_t *base = marks->u[x->universe].slots + x->base;
        for (uint32_t z = x->zones.first; z < x->zones.first + x->zones.n; z++)
            for (uint32_t a = p->zones[z].axes.first; a < p->zones[z].axes.first + p->zones[z].axes.n; a++)
                for (int i = 0; i < p->axes[a].out.bytes; i++)
                    base[p->axes[a].out.slot[i]] = 1;
    }
}

/* Zones of one fixture may overlap (a shutter before all heads, one before each): whoever is reached through any of them strobes with the rest. */
static void join_heads(const struct program *p, const struct zone *z, uint32_t *with)
{
    const uint32_t *o = p->owners + z->owners.first;
    uint32_t low = UINT32_MAX;

    for (size_t i = 0; i < z->owners.n; i++)
        low = with[o[i]] < low ? with[o[i]] : low;
    for (size_t i = 0; i < z->owners.n; i++) {
        uint32_t was = with[o[i]];
        for (size_t h = low; h < p->n_heads && was != low; h++)
            if (with[h] == was)
                with[h] = low;
    }
}

static bool zone_strobes(const struct program *p, const struct zone *z)
{
    bool strobes = false;

    for (size_t i = 0; i < z->shutters.n; i++)
        strobes |= p->shutters[z->shutters.first + i].strobes.n > 0;
    for (size_t i = 0; i < z->dimmers.n; i++)
        strobes |= p->dimmers[z->dimmers.first + i].strobes.n > 0;
    return strobes;
}

void program_get_shutters(const struct program *p, uint32_t *strobes_with, bool *is_gated)
{
    for (size_t i = 0; i < p->n_heads; i++)
        strobes_with[i] = (uint32_t)i, is_gated[i] = false;
    for (size_t k = 0; k < p->n_zones; k++) {
        const struct zone *z = &p->zones[k];
        if (zone_strobes(p, z))
            join_heads(p, z, strobes_with);
        for (size_t i = 0; i < z->shutters.n; i++)
            for (size_t h = 0; h < z->owners.n && p->shutters[z->shutters.first + i].gate == GATE_HALF; h++)
                is_gated[p->owners[z->owners.first + h]] = true;
    }
}
