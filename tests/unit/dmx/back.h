#pragma once
/* There and back: a frame through the channel program, and its bytes through program_decode(). */
#include <math.h>

#include "dmx/decode.h"
#include "rig.h"

static const float step = 1 / 255.f;
static const float hues[][3] = {
    { 1, 1, 1 }, { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 1, 1, 0 }, { 0, 1, 1 }, { 1, 0, 1 }, { 1, .6f, 0 }, { 1, .75f, .45f }, { .3f, 0, 1 },
    { .2f, 1, .1f }, { 1, .9f, .8f }, { .5f, .51f, 1 }, { .7f, 1, 0 }, { 1, .02f, .4f },
};
enum { HUES = sizeof hues / sizeof *hues };
static const float levels[] = { 1, .75f, .5f, .2f, .05f, .01f, 0 };
enum { LEVELS = sizeof levels / sizeof *levels };

static struct frame *back;              /* what was read */

static inline void start(struct rig *g)
{
    back = frame_new(g->patch->n_heads);
}

static inline void stop(struct rig *g)
{
    frame_free(back);
    rig_close(g);
}

static inline void there_and_back(struct rig *g)
{
    rig_run(g);
    program_decode(g->program, g->universes, back);
}

/* The largest difference of a component of the light. */
static inline float light_off(const struct rig *g, size_t i)
{
    const struct frame *f = g->frame;
    float r = fabsf(f->intensity[i] * f->r[i] - back->intensity[i] * back->r[i]);

    r = fmaxf(r, fabsf(f->intensity[i] * f->g[i] - back->intensity[i] * back->g[i]));
    return fmaxf(r, fabsf(f->intensity[i] * f->b[i] - back->intensity[i] * back->b[i]));
}

static inline float level_off(const struct rig *g, size_t i)
{
    return fabsf(g->frame->intensity[i] - back->intensity[i]);
}

static inline bool same(float a, float b, float within)
{
    return fabsf(a - b) <= within + 1e-5f;
}
