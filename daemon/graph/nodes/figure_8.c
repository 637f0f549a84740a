#include "dsp/dmath.h"
#include "graph/nodes/cycle.h"

struct params { float width, height, speed; };

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const double *beats = node_beats(io);

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *phase = node_row_or(io, 1, n, 1, 0);
        float *restrict uv = node_out(io, 0, n);
        for (size_t i = 0; i < io->count; i++) {        /* vectorised */
            double turns = cycle_turns(beats[i], phase[i], p->speed);
            uv[2 * i] = p->width * (float)dsp_sin_turns(turns);
            uv[2 * i + 1] = p->height * (float)dsp_sin_turns(2 * turns);
        }
    }
}

const struct node_desc node_figure_8 = {
    .id = "figure_8", .label = "Figure eight", .category = "Movement",
    .help = "A lying eight about the group's base direction, in musical time; for apply_movement.",
    .in = (const struct port_desc[]){ CYCLE_INPUTS, { 0 } },
    .out = (const struct port_desc[]){ { "uv", "Direction", PORT_SIGNAL, .channels = 2, .help = "Across and up." }, { 0 } },
    .params = (const struct param_desc[]){
        { "width", "Width", PARAM_FLOAT, offsetof(struct params, width), .def = 1, .min = -4, .max = 4, .step = 0.05,
          .help = "How far across; 1 reaches the edge of the group's movement." },
        { "height", "Height", PARAM_FLOAT, offsetof(struct params, height), .def = 1, .min = -4, .max = 4, .step = 0.05, .help = "How far up and down." },
        CYCLE_SPEED(struct params),
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = cycle_uv_shape,
    .run = run,
};
