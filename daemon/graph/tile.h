#pragma once
/*
 * What running a graph yields: tiles of un-broadcast tensors (light-model 2).
 *
 * A tile covers samples [index*256, index*256 + 256) of the annotation (60 per second, sample i = start + i/60) plus one overlap sample, so that
 * sampling between its last sample and the next tile's first needs one tile only. Tile k's samples do not depend on which tiles were run before.
 *
 * Stored is what is different and nothing else, and nothing is lost by it: an output lies in planes (intensity, hue, alpha apart), a plane has one head where
 * all its heads are the same bits, and samples that are the same as the one before, in all heads, are stored once. A wave of intensity in one colour costs one
 * float per head and sample, steps on the beat cost next to nothing. Within a plane the heads of one instant lie side by side: that is what a frame reads.
 *
 * MEMORY   One allocation per tile, of `bytes`; tile_free() frees all. Immutable. Only what graph_run_tile() made may be freed so.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TILE_SAMPLES = 256, SAMPLE_RATE = 60 };

enum property { PROP_COLOR, PROP_DIMMER, PROP_PAN, PROP_TILT, PROP_STROBE, PROP_SPEED, PROPERTIES };

struct plane {                          /* data[(column*n + head)*c + channel]; n or t of 1 broadcasts */
    uint32_t n, t, c;                   /* t: columns stored */
    uint32_t samples;                   /* entries of `column` */
    const float *data;                  /* NULL: there is none */
    const uint16_t *column;             /* of each sample; NULL: its own */
};

struct tile_output {
    struct plane value;                 /* c = 1; PROP_COLOR: v, the largest of the colour's components */
    struct plane hue, alpha;            /* PROP_COLOR alone. hue: c = 3, r, g, b (max 1); where v = 0 as light-model 5 says (nearest later, else earlier;
                                         * never any: NaN = inherits) */
};

struct tile {
    uint32_t index, samples;            /* samples incl. the overlap, fewer at the annotation's end */
    size_t bytes;
    uint32_t n_outputs;
    struct tile_output outputs[];       /* in the order of the program's outputs */
};

static inline const float *plane_at(const struct plane *p, uint32_t head, uint32_t sample)
{
    uint32_t column = p->column ? p->column[sample] : p->t == 1 ? 0 : sample;

    return p->data + ((size_t)column * p->n + (p->n == 1 ? 0 : head)) * p->c;
}

void tile_free(struct tile *t);                                 /* NULL is fine */
bool tile_equal(const struct tile *a, const struct tile *b);    /* the same bits */
