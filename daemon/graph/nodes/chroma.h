#pragma once
/* What the nodes that read a chroma share: twelve pitches C to B, each with its share of the sound. */
#include <math.h>

#include "graph/node.h"

enum { CHROMA_PITCHES = 12 };

/* What is no share (negative, not a number, infinite) is none. */
static inline double chroma_share(float x)
{
    return x > 0 && x < INFINITY ? (double)x : 0;
}
