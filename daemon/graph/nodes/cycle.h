#pragma once
/* What the nodes that go round in musical time share: their inputs (0 grid, 1 phase), and where in its cycle a head is. */
#include "graph/node.h"

#define CYCLE_INPUTS                                                                                                                       \
    { "grid", "Beat grid", PORT_GRID, .help = "The track's beats." },                                                                      \
    { "phase", "Phase", PORT_SIGNAL, .channels = 1, .optional = true, .help = "Turns ahead, one per head: spread heads over the cycle." }
#define CYCLE_SPEED(params)                                                                                                                \
    { "speed", "Speed", PARAM_FLOAT, offsetof(params, speed), .def = 0.25, .min = -64, .max = 64, .step = 0.05,                            \
      .unit = "cycles per beat", .help = "0.25 is once in four beats; negative goes the other way." }

/* `outputs` of `channels` each, as many heads as the phase has. */
static inline bool cycle_shape(struct node_setup *s, unsigned outputs, uint32_t channels)
{
    if (!node_broadcast_heads(s, &s->out[0]))
        return false;
    s->out[0].c = channels;
    s->out[0].varies = true;
    for (unsigned i = 1; i < outputs; i++)
        s->out[i] = s->out[0];
    return true;
}

/* Of those that give one direction, across and up. */
static inline bool cycle_uv_shape(struct node_setup *s)
{
    return cycle_shape(s, 1, 2);
}

/* Turns since beat 0. `phase`: a sample of node_row_or(io, 1, n, 1, 0). */
static inline double cycle_turns(double beat, float phase, float speed)
{
    return beat * (double)speed + (double)phase;
}
