#include "dsp/dmath.h"
#include "graph/nodes/cycle.h"

struct params { float radius, speed; };

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const double *beats = node_beats(io);

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *phase = node_row_or(io, 1, n, 1, 0);
        float *restrict uv = node_out(io, 0, n);
        for (size_t i = 0; i < io->count; i++) {        /* vectorised */
            double turns = cycle_turns(beats[i], phase[i], p->speed);
            uv[2 * i] = p->radius * (float)dsp_sin_turns(turns + 0.25);
            uv[2 * i + 1] = p->radius * (float)dsp_sin_turns(turns);
        }
    }
}

const struct node_desc node_circle = {
    .id = "circle", .label = "Circle", .category = "Movement",
    .help = "A circle about the group's base direction, in musical time; for apply_movement.",
    .in = (const struct port_desc[]){ CYCLE_INPUTS, { 0 } },
    .out = (const struct port_desc[]){ { "uv", "Direction", PORT_SIGNAL, .channels = 2, .help = "Across and up, -radius to radius." }, { 0 } },
    .params = (const struct param_desc[]){
        { "radius", "Radius", PARAM_FLOAT, offsetof(struct params, radius), .def = 1, .min = -4, .max = 4, .step = 0.05,
          .help = "1 reaches the edge of the group's movement." },
        CYCLE_SPEED(struct params),
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = cycle_uv_shape,
    .run = run,
};
