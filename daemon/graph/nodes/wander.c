#include <math.h>

#include "dsp/dmath.h"
#include "graph/nodes/cycle.h"
#include "graph/nodes/random.h"

struct params { float range, speed, smoothness; };

/* The k-th place of head n, -1..1. */
static float goal(const struct node_io *io, uint32_t n, double k, int axis)
{
    return 2 * random_unit(random_at(io->seed + (uint64_t)axis, n, (uint64_t)(int64_t)k)) - 1;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const double *beats = node_beats(io);

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *phase = node_row_or(io, 1, n, 1, 0);
        float *restrict uv = node_out(io, 0, n), from[2] = { 0 }, to[2] = { 0 };
        double last = NAN;
        for (uint32_t i = 0; i < io->count; i++, uv += 2) {
            double at = cycle_turns(beats[i], phase[i], p->speed), k = dsp_floor(fmax(-1e15, fmin(at, 1e15)));
            float way = (float)(at - k), eased = way * way * (3 - 2 * way);
            way += (eased - way) * p->smoothness;
            for (int axis = 0; axis < 2 && !(k >= last && k <= last); axis++)      /* seldom: a goal lasts many samples */
                from[axis] = goal(io, n, k, axis), to[axis] = goal(io, n, k + 1, axis);
            last = k;
            for (int axis = 0; axis < 2; axis++)
                uv[axis] = p->range * (from[axis] + (to[axis] - from[axis]) * way);
        }
    }
}

const struct node_desc node_wander = {
    .id = "wander", .label = "Wander", .category = "Movement",
    .help = "From one random place to the next about the group's base direction, in musical time; for apply_movement. Heads that have phases of their own wander each "
            "for itself; the annotation's seed decides where.",
    .in = (const struct port_desc[]){ CYCLE_INPUTS, { 0 } },
    .out = (const struct port_desc[]){ { "uv", "Direction", PORT_SIGNAL, .channels = 2, .help = "Across and up, -range to range." }, { 0 } },
    .params = (const struct param_desc[]){
        { "range", "Range", PARAM_FLOAT, offsetof(struct params, range), .def = 1, .min = -4, .max = 4, .step = 0.05,
          .help = "How far it strays; 1 reaches the edge of the group's movement." },
        CYCLE_SPEED(struct params),
        { "smoothness", "Smoothness", PARAM_FLOAT, offsetof(struct params, smoothness), .def = 1, .min = 0, .max = 1, .step = 0.05,
          .help = "0 goes at one speed and turns sharply, 1 slows down at each place." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = cycle_uv_shape,
    .run = run,
};
