#include "dsp/dmath.h"
#include "graph/nodes/cycle.h"

struct params { float angle, range, speed; };

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const double *beats = node_beats(io);
    float across = p->range * (float)dsp_sin_turns((double)p->angle / 360 + 0.25), up = p->range * (float)dsp_sin_turns((double)p->angle / 360);

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *phase = node_row_or(io, 1, n, 1, 0);
        float *restrict uv = node_out(io, 0, n);
        for (size_t i = 0; i < io->count; i++) {        /* vectorised */
            float at = (float)dsp_sin_turns(cycle_turns(beats[i], phase[i], p->speed));
            uv[2 * i] = across * at;
            uv[2 * i + 1] = up * at;
        }
    }
}

const struct node_desc node_sweep = {
    .id = "sweep", .label = "Sweep", .category = "Movement",
    .help = "To and fro along a line through the group's base direction, slow at the ends, in musical time; for apply_movement.",
    .in = (const struct port_desc[]){ CYCLE_INPUTS, { 0 } },
    .out = (const struct port_desc[]){ { "uv", "Direction", PORT_SIGNAL, .channels = 2, .help = "Across and up." }, { 0 } },
    .params = (const struct param_desc[]){
        { "angle", "Angle", PARAM_FLOAT, offsetof(struct params, angle), .def = 0, .min = -360, .max = 360, .step = 5,
          .unit = "deg", .help = "The line's slope: 0 is across, 90 up and down." },
        { "range", "Range", PARAM_FLOAT, offsetof(struct params, range), .def = 1, .min = -4, .max = 4, .step = 0.05,
          .help = "How far to each side; 1 reaches the edge of the group's movement." },
        CYCLE_SPEED(struct params),
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = cycle_uv_shape,
    .run = run,
};
