#pragma once
/*
 * Inside render/: how a layer is laid out so that a frame is straight loops.
 *
 * For each head and property the last output that writes it wins; heads with the same winners form a segment,
 * which is folded into the frame with fixed sources. Built once, in layer_fill(); only the tile pointers change afterwards.
 */
#include "render/layer.h"

struct segment {
    int32_t source[PROPERTIES];         /* index of the program's output; -1: not written */
    uint32_t n;
    uint32_t *heads;                    /* indexes into the frame */
    uint32_t *row[PROPERTIES];          /* per head: its row in the source; NULL where there is none */
};

struct layer {
    struct graph_program *program;
    size_t heads;
    uint32_t n_tiles, n_segments;
    struct segment *segments;
    bool moves;                         /* writes pan or tilt of some head */
    unsigned char *writes;              /* per head: bit per property */
    _Atomic(struct tile *) *tiles;
    uint32_t *indexes;                  /* all segments' lists */
    size_t bytes;                       /* of all this, without tiles and program */
    atomic_bool is_filled;              /* released last: what is above may be read */
};

enum { WRITES_POSITION = 1u << PROP_PAN | 1u << PROP_TILT, WRITES_LIGHT = 1u << PROP_COLOR | 1u << PROP_DIMMER };
