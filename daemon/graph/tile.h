#pragma once
/*
 * What running a graph yields: tiles of un-broadcast tensors (light-model 2).
 *
 * A tile covers samples [index*256, index*256 + 256) of the annotation (60 per second, sample i = start + i/60) plus one overlap sample, so that
 * sampling between its last sample and the next tile's first needs one tile only. Tile k's samples do not depend on which tiles were run before.
 *
 * MEMORY   One allocation per tile; tile_free() frees all. Immutable.
 */
#include <stddef.h>
#include <stdint.h>

enum { TILE_SAMPLES = 256, SAMPLE_RATE = 60 };

struct tensor {                         /* data[(n*t_count + t)*c_count + c]; a dimension of 1 broadcasts */
    uint32_t n, t, c;
    const float *data;
};

enum property { PROP_COLOR, PROP_DIMMER, PROP_PAN, PROP_TILT, PROP_STROBE, PROP_SPEED, PROPERTIES };

struct tile {
    uint32_t index, samples;            /* samples incl. the overlap, fewer at the annotation's end */
    size_t bytes;
    uint32_t n_outputs;
    struct tensor outputs[];            /* in the order of the program's outputs. PROP_COLOR has c = 5: hue r, g, b (max 1), v, alpha; hue where v = 0 as
                                         * light-model 5 says (nearest later, else earlier; never any: alpha as written and hue NaN = inherits) */
};

void tile_free(struct tile *t);
