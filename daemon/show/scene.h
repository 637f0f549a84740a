#pragma once
/*
 * What the engine plays: built by the control side, immutable for everyone else, handed over by one message.
 *
 * A `space` is the part that depends on the patch alone (program, universes, the frames the engine works in); scenes that differ only in their score share
 * it, so an edited annotation costs no new frame buffers and heads keep their positions.
 *
 * THREADS  Built and freed on the control side; the last reference to a space may also be dropped by the ws thread. While a scene is in the engine, only the
 *          engine touches what is marked so.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"
#include "dmx/input.h"
#include "dmx/output.h"
#include "dmx/program.h"
#include "dmx/universe.h"
#include "fixtures/frame.h"
#include "fixtures/patch.h"
#include "render/guard.h"
#include "render/layer.h"
#include "show/layers.h"
#include "show/shared.h"

struct space {
    struct shared *patch;               /* struct patch */
    const struct program *program;
    uint32_t serial;                    /* of the list of heads, for the frame message */
    struct universes *steady;           /* 1 where a slot is pan or tilt: these follow the input even in a blackout */
    bool *is_laser;                     /* per head: dark in a blackout whatever else says */
    bool *is_fog;                       /* per head: smoke, haze, fans; no light, so no master dims it */
    struct universes *spared;           /* 1 where no test pattern goes (show/dmx_test.h) */
    /* the engine's */
    struct program_state *state;
    struct universes *own, *universes;  /* what the program makes of the frame; what is sent */
    struct frame *frame, *held, *look;  /* now; frozen; the last lit one, for `keeps_last_look` */
    bool has_look, has_kin;             /* kin: heads that the space before had too */
    float *last_pan, *last_tilt;
    float *limit;                       /* per head: of the masters of its groups, the lowest */
    int64_t *identify_until;            /* per head, monotonic: at full till then */
    struct guard *guard;
};

struct scene_park { uint32_t universe; uint16_t slot; uint8_t value; };        /* universe: index in space->universes; slot from 0 */

struct scene {
    uint64_t id;                        /* ascending */
    uint64_t serial;                    /* of the player, when the loaded track is the score's; else 0 */
    uint64_t coming;                    /* the same for the track that follows it */
    struct shared *space;               /* struct space */
    struct shared *outputs;             /* struct output_set */
    struct shared *input;               /* struct input_set */
    struct show_layer **layers;         /* references */
    struct render_item *items;          /* score order */
    size_t n;
    struct scene_park *parks; size_t n_parks;
    double offset_s;                    /* venues.offset_ms: light earlier (+) than sound */
    float max_brightness;
    float *group_level;                 /* of the patch's groups; the engine's from the moment it is posted */
    int flash_limit;                    /* flashes a second that the guard lets pass; 0: no guard */
    bool plays_score;                   /* mode `score` with a score */
    bool keeps_last_look;               /* idle: last look, else dark */
    struct scene *next;                 /* waiting to be freed */
};

struct space *space_new(struct shared *patch, const int *universes, size_t n, uint32_t serial);    /* NULL: no memory */
/* Positions, wheels, the frozen and the last look go on from the old space; the engine must not be running `old` meanwhile. */
enum lm_err space_take_state(struct space *s, const struct space *old);
void space_free(void *space);
void scene_free(struct scene *s);

/* The engine's, real-time safe. */
void scene_limit_heads(const struct scene *s);                  /* from the levels of the groups to those of their heads */
void scene_set_group(const struct scene *s, const char *group_id, float level);        /* "": all groups; one that is not there is passed over */
void scene_identify(const struct scene *s, const char *group_id, size_t first, size_t n, int64_t until_ns);        /* "": the n heads from `first` */
void space_darken_lasers(const struct space *s, struct frame *f);
void scene_park(const struct scene *s, struct universes *u);
