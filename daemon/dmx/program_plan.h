#pragma once
/*
 * The shape of one fixture before it is flattened into a program: which slot is which property, which bytes belong together, and which heads
 * share it. Control side only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "dmx/program_private.h"
#include "fixtures/patch.h"

enum { PLAN_SLOTS = 512, PLAN_WORDS = PLAN_SLOTS / 64 };

struct head_set { uint64_t bits[PLAN_WORDS]; };

struct plan_slot {
    const struct definition_channel *channel;
    enum channel_class class;           /* as used: a shutter that dims is an intensity here */
    struct head_set owners;
    int zone;                           /* index in plan.zones */
    int fine[2];                        /* slots of the lower bytes, -1 none */
    bool is_fine;                       /* belongs to another slot */
};

struct plan_zone {
    struct head_set owners;
    size_t n_owners;
    bool is_master;
    bool has_dimmer, has_shutter_strobe;
    bool is_part;                       /* its emitters make a colour only with those of other zones */
    uint32_t emitters;
    enum mix mix;
};

struct plan {
    const struct patch_fixture *fixture;
    struct plan_slot slots[PLAN_SLOTS];
    size_t n_slots;
    struct plan_zone zones[2 * PLAN_SLOTS];
    size_t n_zones;                     /* largest first, masters before others of the same heads */
    void (*warn)(void *ctx, const struct patch_fixture *f, const char *what);
    void *ctx;
};

/* Fills the plan for one fixture with a mode. */
void plan_fixture(struct plan *p, const struct patch_fixture *f);
bool head_set_has(const struct head_set *s, size_t head);
bool head_set_covers(const struct head_set *outer, const struct head_set *inner);
bool head_set_meets(const struct head_set *a, const struct head_set *b);
/* Whether each of the heads has a dimmer of its own or shared with others. */
bool plan_is_dimmed(const struct plan *p, const struct head_set *heads);
bool plan_is_mixed(const struct plan *p, const struct head_set *heads);     /* whether any of them mixes colours */
bool plan_is_lit_in_colours(const struct plan *p, const struct head_set *heads);    /* any of them has emitters, not filters before a lamp */
bool plan_is_hazard(const struct plan *p);      /* smoke, haze, fan: what its intensity drives is no light */
enum emitter plan_emitter(const struct definition_channel *c);  /* EMITTERS: none */
