#include "dmx/program_plan.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmx/program_channel.h"
#include "fixtures/classify.h"

/* --- sets of heads --- */

bool head_set_has(const struct head_set *s, size_t head)
{
    return s->bits[head / 64] >> (head % 64) & 1;
}

static void set_add(struct head_set *s, size_t head)
{
    s->bits[head / 64] |= UINT64_C(1) << (head % 64);
}

static bool set_equal(const struct head_set *a, const struct head_set *b)
{
    return !memcmp(a, b, sizeof *a);
}

bool head_set_covers(const struct head_set *outer, const struct head_set *inner)
{
    for (int i = 0; i < PLAN_WORDS; i++)
        if (inner->bits[i] & ~outer->bits[i])
            return false;
    return true;
}

bool head_set_meets(const struct head_set *a, const struct head_set *b)
{
    for (int i = 0; i < PLAN_WORDS; i++)
        if (a->bits[i] & b->bits[i])
            return true;
    return false;
}

static size_t set_count(const struct head_set *s)
{
    size_t n = 0;

    for (int i = 0; i < PLAN_WORDS; i++)
        n += (size_t)__builtin_popcountll(s->bits[i]);
    return n;
}

/* --- what belongs to whom --- */

/* Heads that list a slot own it; what no head lists belongs to all of them. */
static void find_owners(struct plan *p, const struct definition_mode *m)
{
    struct head_set all = { { 0 } };

    for (size_t h = 0; h < m->n_heads; h++) {
        set_add(&all, h);
        for (size_t i = 0; i < m->heads[h].n; i++)
            set_add(&p->slots[m->heads[h].channels[i]].owners, h);
    }
    for (size_t i = 0; i < p->n_slots; i++)
        if (!set_count(&p->slots[i].owners))
            p->slots[i].owners = all;
}

/* Names without the words that tell coarse from fine, lower case: "Pan [Fine]" and "Pan (16 bit)" both become "pan". */
static void plain_name(const char *name, char out[64])
{
    static const char *const words[] = { "coarse", "fine", "16 bit", "16bit", "8 bit", "8bit", "16-bit", "8-bit", "lsb", "msb", "control" };
    size_t n = 0;

    for (const char *c = name; *c && n < 63;) {
        size_t skip = 0;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (!strncasecmp(c, words[i], strlen(words[i])))
                skip = strlen(words[i]);
        if (skip)
            c += skip;
        else if (isalnum((unsigned char)*c))
            out[n++] = (char)tolower((unsigned char)*c++);
        else
            c++;
    }
    out[n] = 0;
}

/* Fine bytes find their coarse one by class and heads, then by name, then by distance; never by adjacency alone (105 files). */
static int find_coarse(const struct plan *p, size_t fine)
{
    const struct plan_slot *f = &p->slots[fine];
    char name[64], other[64];
    int best = -1, best_score = -1;

    plain_name(f->channel->name, name);
    for (size_t i = 0; i < p->n_slots; i++) {
        const struct plan_slot *c = &p->slots[i];
        if (c->class != f->class || c->channel->byte || c->is_fine || c->fine[f->channel->byte - 1] >= 0 ||
            c->channel->is_master != f->channel->is_master || !head_set_meets(&c->owners, &f->owners))
            continue;
        int away = abs((int)i - (int)fine), score = away < 512 ? 512 - away : 0;
        plain_name(c->channel->name, other);
        score += set_equal(&c->owners, &f->owners) ? 2048 : 0;
        score += !strcmp(name, other) ? 4096 : 0;
        if (score > best_score)
            best = (int)i, best_score = score;
    }
    return best;
}

static bool is_namesake(const struct plan *p, size_t fine, size_t coarse)
{
    char name[64], other[64];

    plain_name(p->slots[fine].channel->name, name);
    plain_name(p->slots[coarse].channel->name, other);
    return !strcmp(name, other) && set_equal(&p->slots[fine].owners, &p->slots[coarse].owners);
}

static bool is_used(enum channel_class c)
{
    return c == CH_INTENSITY || class_is_emitter(c) || c == CH_PAN || c == CH_TILT;
}

static void pair_bytes(struct plan *p)
{
    char text[128];

    for (size_t i = 0; i < p->n_slots; i++) {   /* those that say so by their name come first */
        int coarse = p->slots[i].channel->byte && p->slots[i].channel->byte <= 2 && is_used(p->slots[i].class) ? find_coarse(p, i) : -1;
        if (coarse >= 0 && is_namesake(p, i, (size_t)coarse))
            p->slots[i].is_fine = true, p->slots[coarse].fine[p->slots[i].channel->byte - 1] = (int)i;
    }
    for (size_t i = 0; i < p->n_slots; i++) {
        struct plan_slot *s = &p->slots[i];
        if (!s->channel->byte || !is_used(s->class) || s->is_fine)
            continue;
        int coarse = s->channel->byte <= 2 ? find_coarse(p, i) : -1;
        if (coarse < 0 && !text_has(s->channel->name, "fine|lsb|16"))
            continue;           /* whole files have Byte="1" or a Fine preset on their only bytes: it is the coarse one */
        s->is_fine = true;
        if (coarse >= 0) {
            p->slots[coarse].fine[s->channel->byte - 1] = (int)i;
        } else {
            snprintf(text, sizeof text, "%.60s has no coarse channel: it stays at its default", s->channel->name);
            p->warn(p->ctx, p->fixture, text);
        }
    }
    for (size_t i = 0; i < p->n_slots; i++)     /* a third byte without a second cannot be driven */
        if (p->slots[i].fine[0] < 0)
            p->slots[i].fine[1] = -1;
}

/* --- zones --- */

static int find_zone(struct plan *p, const struct plan_slot *s)
{
    bool master = s->class == CH_INTENSITY && s->channel->is_master;

    for (size_t i = 0; i < p->n_zones; i++)
        if (p->zones[i].is_master == master && set_equal(&p->zones[i].owners, &s->owners))
            return (int)i;
    p->zones[p->n_zones] = (struct plan_zone){ .owners = s->owners, .n_owners = set_count(&s->owners), .is_master = master };
    return (int)p->n_zones++;
}

static int by_size(const void *a, const void *b)
{
    const struct plan_zone *x = a, *y = b;

    if (x->n_owners != y->n_owners)
        return x->n_owners > y->n_owners ? -1 : 1;
    int c = memcmp(&x->owners, &y->owners, sizeof x->owners);
    return c ? c : y->is_master - x->is_master;
}

enum emitter plan_emitter(const struct definition_channel *c)
{
    static const enum emitter by_class[] = {
        [CH_RED] = EMIT_RED, [CH_GREEN] = EMIT_GREEN, [CH_BLUE] = EMIT_BLUE, [CH_WHITE] = EMIT_WHITE, [CH_AMBER] = EMIT_AMBER,
        [CH_UV] = EMIT_UV, [CH_LIME] = EMIT_LIME, [CH_INDIGO] = EMIT_INDIGO, [CH_CYAN] = EMIT_CYAN, [CH_MAGENTA] = EMIT_MAGENTA,
        [CH_YELLOW] = EMIT_YELLOW, [CH_HUE] = EMIT_HUE, [CH_SATURATION] = EMIT_SATURATION, [CH_VALUE] = EMIT_VALUE,
        [CH_LIGHTNESS] = EMIT_LIGHTNESS,
    };

    if (!class_is_emitter(c->class))
        return EMITTERS;
    /* Files that have no preset for a second white say amber or yellow to it. */
    bool white = c->class == CH_WHITE || ((c->class == CH_AMBER || c->class == CH_YELLOW) && text_has(c->name, "white"));
    if (white && text_has(c->name, "warm"))
        return EMIT_WARM;
    if (white && text_has(c->name, "cold|cool"))
        return EMIT_COLD;
    return by_class[c->class];
}

/*
 * Emitters that some heads share and others do not stand in zones of their own: a white beside every head's red, green and blue, or filters that the file
 * lists for one head too few. They are part of the colour that all of them make together.
 */
static void choose_mix(const struct plan *p, struct plan_zone *z)
{
    static const uint32_t filters = 1u << EMIT_CYAN | 1u << EMIT_MAGENTA | 1u << EMIT_YELLOW;
    uint32_t all = 0, everywhere = 0;

    z->mix = mix_choose(z->emitters);
    if (z->mix == MIX_NONE || z->mix == MIX_RGB || z->mix == MIX_CMY)
        return;
    for (size_t i = 0; i < p->n_zones; i++) {
        everywhere |= p->zones[i].emitters;
        if (head_set_meets(&p->zones[i].owners, &z->owners))
            all |= p->zones[i].emitters;
    }
    enum mix whole = mix_choose(all);
    if (!(z->emitters & ~filters) && mix_choose(everywhere) == MIX_CMY)
        whole = MIX_CMY;        /* what filters one beam is no lamp in the next */
    if (whole == z->mix || whole == MIX_ONE || whole == MIX_TUNABLE || whole == MIX_PARTIAL)
        return;
    z->is_part = true;
    z->mix = whole == MIX_RGB ? MIX_PARTIAL : whole;
}

static void make_zones(struct plan *p)
{
    for (size_t i = 0; i < p->n_slots; i++)
        find_zone(p, &p->slots[i]);
    qsort(p->zones, p->n_zones, sizeof *p->zones, by_size);
    for (size_t i = 0; i < p->n_slots; i++) {
        struct plan_slot *s = &p->slots[i];
        s->zone = find_zone(p, s);
        struct plan_zone *z = &p->zones[s->zone];
        enum emitter e = plan_emitter(s->channel);
        if (s->is_fine)
            continue;
        z->has_dimmer |= s->class == CH_INTENSITY;
        if (e < EMITTERS)
            z->emitters |= 1u << e;
        if (s->class == CH_SHUTTER && !s->channel->byte)
            z->has_shutter_strobe |= channel_shutter(s->channel, false).strobes.n > 0;
    }
    for (size_t i = 0; i < p->n_zones; i++)
        choose_mix(p, &p->zones[i]);
}

bool plan_is_hazard(const struct plan *p)
{
    enum fixture_type t = p->fixture->row.definition->type;

    return t == FIXTURE_SMOKE || t == FIXTURE_HAZER || t == FIXTURE_FAN;
}

bool plan_is_dimmed(const struct plan *p, const struct head_set *heads)
{
    struct head_set rest = *heads;

    for (size_t i = 0; i < p->n_zones; i++)
        if (p->zones[i].has_dimmer)
            for (int k = 0; k < PLAN_WORDS; k++)
                rest.bits[k] &= ~p->zones[i].owners.bits[k];
    return !set_count(&rest);
}

bool plan_is_mixed(const struct plan *p, const struct head_set *heads)
{
    for (size_t i = 0; i < p->n_zones; i++)
        if (p->zones[i].mix != MIX_NONE && p->zones[i].mix != MIX_ONE && p->zones[i].mix != MIX_TUNABLE &&
            head_set_meets(&p->zones[i].owners, heads))
            return true;
    return false;
}

bool plan_is_lit_in_colours(const struct plan *p, const struct head_set *heads)
{
    for (size_t i = 0; i < p->n_zones; i++)
        if (p->zones[i].mix != MIX_NONE && p->zones[i].mix != MIX_CMY && head_set_meets(&p->zones[i].owners, heads))
            return true;
    return false;
}

/* "Shutter" channels that are dimmers with a strobe behind: used as such where the heads have no other dimmer. */
static void promote_shutters(struct plan *p)
{
    struct head_set dimmed = { { 0 } };

    for (size_t i = 0; i < p->n_slots; i++)
        if (p->slots[i].class == CH_INTENSITY)
            for (int k = 0; k < PLAN_WORDS; k++)
                dimmed.bits[k] |= p->slots[i].owners.bits[k];
    for (size_t i = 0; i < p->n_slots; i++) {
        struct plan_slot *s = &p->slots[i];
        if (s->class == CH_SHUTTER && !s->channel->byte && channel_shutter_dims(s->channel) && !head_set_meets(&s->owners, &dimmed))
            s->class = CH_INTENSITY;
    }
}

void plan_fixture(struct plan *p, const struct patch_fixture *f)
{
    const struct definition *d = f->row.definition;

    p->fixture = f;
    p->n_slots = f->mode->n_channels;
    p->n_zones = 0;
    memset(p->slots, 0, p->n_slots * sizeof *p->slots);
    for (size_t i = 0; i < p->n_slots; i++) {
        p->slots[i].channel = &d->channels[f->mode->channels[i]];
        p->slots[i].class = p->slots[i].channel->class;
        p->slots[i].fine[0] = p->slots[i].fine[1] = -1;
    }
    find_owners(p, f->mode);
    promote_shutters(p);
    pair_bytes(p);
    make_zones(p);
}
