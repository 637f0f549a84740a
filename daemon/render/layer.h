#pragma once
/*
 * A layer: one annotation's light over its time, as tiles that come and go. The compile pool puts tiles in, the engine samples them.
 *
 * A layer may stand in a scene before its graph is compiled: until layer_fill() it lacks its light, and whoever plays it adds nothing.
 *
 * THREADS  layer_new/fill/free, layer_put_tile, layer_drop_tile, layer_take_program: control side (one thread at a time per layer). render_*: engine,
 *          real-time safe, only loads what was stored last (acquire). A dropped tile is handed back and may be freed only after the engine has finished the
 *          frame it was in (the show's business). The engine never reads the program.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fixtures/frame.h"
#include "graph/graph.h"
#include "graph/tile.h"

enum blend_mode { BLEND_REPLACE, BLEND_ADD, BLEND_SUBTRACT, BLEND_MULTIPLY, BLEND_SCREEN, BLEND_MAX, BLEND_MIN, BLEND_LIGHTEN, BLEND_VALUE, BLEND_MODES };
extern const char *const blend_mode_names[];        /* "replace", ..., NULL */
bool blend_mode_find(const char *name, enum blend_mode *mode);
float blend_scalar(enum blend_mode mode, float base, float top);        /* the vectors of light-model 5; value: base*(1-top) + top */

struct layer;

struct layer *layer_new_empty(void);                /* NULL: no memory */
/* Once; or again with the same graph, heads and range after layer_take_program(). Takes the program, also when it fails. `heads` = patch.n_heads. */
enum lm_err layer_fill(struct layer *l, struct graph_program *program, size_t heads);
void layer_fill_dark(struct layer *l);              /* it is not waited for any more: there is no light in it */
bool layer_is_filled(const struct layer *l);
/* Both in one. */
enum lm_err layer_new(struct graph_program *program, size_t heads, struct layer **result);
void layer_free(struct layer *l);                   /* and the program and tiles; NULL is fine */
struct graph_program *layer_program(const struct layer *l);             /* NULL: not filled, or taken */
/* For one that nobody runs: to be freed by the caller. What was made of it goes on being played. */
struct graph_program *layer_take_program(struct layer *l);
uint32_t layer_tiles(const struct layer *l);        /* 0: not filled, or dark */
bool layer_has_tile(const struct layer *l, uint32_t k);
void layer_put_tile(struct layer *l, struct tile *t);                   /* theirs now; a tile already there is kept and `t` freed */
struct tile *layer_drop_tile(struct layer *l, uint32_t k);              /* NULL: none there */
size_t layer_bytes(const struct layer *l);                              /* of memory, all in all: tiles, lists of heads, program */

/*
 * A block that was cut off in front (origin before start: splitting copies it) is computed from its origin on, so that what remembers, draws or follows looks
 * behind the cut as it did before it. Seconds before `start` at which the layer's first sample lies: at most LAYER_LEAD_S, and whole samples of the block it was.
 */
#define LAYER_LEAD_S 600.0
double layer_lead(double start, double origin);

struct render_item {                    /* an active or future annotation, in score order (z_index, start, id) */
    const struct layer *layer;          /* NULL: no light */
    double start, end;                  /* seconds, half-open */
    enum blend_mode blend;
    double lead;                        /* seconds of the layer before `start`: those of a block that was cut off in front */
};

/* Folds into `f` every item with start <= t < end (light-model 5). `f` has been reset by the caller. Returns how many items lacked their tile (they add nothing). */
size_t render_score(struct frame *f, const struct render_item *items, size_t n, double t);
/* Heads without a position at intensity 0 take the first position and hue of the next item (by start > t) that sets them. */
void render_preposition(struct frame *f, const struct render_item *items, size_t n, double t);
/* One layer over the frame at `seconds` from its first sample, blended, intensity scaled by level: what cues use too. false: tile missing. */
bool render_layer(struct frame *f, const struct layer *l, double seconds, enum blend_mode blend, float level);

/* Masters act once, on intensity (light-model 5). Per head: `limit`: of the masters of its groups; `is_fog`: smoke and fans, which `level` leaves alone. */
void render_masters(struct frame *f, const float *limit, const bool *is_fog, float level);
void render_blackout(struct frame *f);
