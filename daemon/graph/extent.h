#pragma once
/* The pre-pass of normalize and invert: the smallest and largest finite value over all heads, channels and the
 * whole annotation. */
#include <math.h>

#include "graph/node.h"

struct extent { float low, high; };

static inline void extent_begin(void *global)
{
    *(struct extent *)global = (struct extent){ INFINITY, -INFINITY };
}

static inline void extent_add(void *global, const struct node_io *io)
{
    struct extent *e = global;
    uint32_t c = io->in[0].value.c;

    for (uint32_t n = 0; n < io->in[0].value.n; n++) {
        const float *in = node_row(io, 0, n, c);
        for (size_t i = 0; i < (size_t)io->count * c; i++) {
            if (!isfinite(in[i]))
                continue;
            e->low = in[i] < e->low ? in[i] : e->low;
            e->high = in[i] > e->high ? in[i] : e->high;
        }
    }
}
