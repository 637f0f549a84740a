#pragma once
/* A venue for one test: fixtures from inline definitions, one frame, the bytes that come out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmx/program.h"
#include "fixtures/definition.h"
#include "fixtures/frame.h"
#include "fixtures/patch.h"

struct rig {
    struct patch *patch;
    struct universes *universes;
    const struct program *program;
    struct program_state *state;
    struct frame *frame;
    int64_t now;
};

static inline struct patch_fixture_row rig_row(const struct definition *d, const char *mode, int universe, int address)
{
    struct patch_fixture_row r = { .universe = universe, .address = address, .definition = d, .mode_name = mode, .label = "light", .model = "",
                                   .dimmer_max = 1 };

    snprintf(r.id, sizeof r.id, "00000000-0000-4000-8000-%06d%06d", universe, address);
    return r;
}

static inline const struct definition *rig_parse(const char *body)
{
    const struct definition *d = NULL;
    struct problem p = { 0 };
    char *xml = malloc(strlen(body) + 400);

    sprintf(xml, "<?xml version=\"1.0\"?><!DOCTYPE FixtureDefinition><FixtureDefinition xmlns=\"http://www.qlcplus.org/FixtureDefinition\">"
                 "<Manufacturer>Test</Manufacturer><Model>Thing</Model>%s</FixtureDefinition>", body);
    if (definition_parse(xml, strlen(xml), &d, &p))
        printf("# %s\n", p.detail);
    free(xml);
    return d;
}

static inline bool rig_open(struct rig *g, const struct patch_fixture_row *rows, size_t n)
{
    int numbers[8];

    *g = (struct rig){ .now = 1000000000 };
    for (size_t i = 0; i < n && i < 8; i++)
        numbers[i] = rows[i].universe;
    if (patch_new(rows, n, NULL, 0, &g->patch) || !(g->universes = universes_new(numbers, n < 8 ? n : 8)) ||
        program_new(g->patch, g->universes, &g->program))
        return false;
    g->state = program_state_new(g->program, NULL, NULL);
    g->frame = frame_new(g->patch->n_heads);
    return g->state && g->frame;
}

/* One fixture at 1.1 from an inline definition; its only mode is called "m". */
static inline bool rig_open_xml(struct rig *g, const char *body, const struct patch_fixture_row *options)
{
    const struct definition *d = rig_parse(body);
    struct patch_fixture_row r = rig_row(d, "m", 1, 1);
    bool ok;

    if (options) {
        struct patch_fixture_row o = *options;
        memcpy(o.id, r.id, sizeof o.id);
        o.definition = d, o.mode_name = "m", o.label = "light", o.model = "", o.universe = o.address = 1;
        r = o;
    }
    ok = d && rig_open(g, &r, 1) && g->patch->fixtures[0].mode;
    definition_unref(d);
    return ok;
}

static inline void rig_close(struct rig *g)
{
    program_state_free(g->state);
    program_free(g->program);
    universes_free(g->universes);
    patch_free(g->patch);
    frame_free(g->frame);
}

static inline const uint8_t *rig_run(struct rig *g)
{
    g->now += 1000000000 / 44;
    program_run(g->program, g->state, g->frame, g->now, g->universes);
    return g->universes->u[0].slots;
}

static inline void rig_set(struct rig *g, size_t head, float r, float gr, float b, float intensity)
{
    g->frame->r[head] = r, g->frame->g[head] = gr, g->frame->b[head] = b, g->frame->intensity[head] = intensity;
}
