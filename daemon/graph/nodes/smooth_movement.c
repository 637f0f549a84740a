#include <math.h>

#include "graph/node.h"

struct params { float most[2]; };       /* degrees per second: pan, tilt */

static bool shape(struct node_setup *s)
{
    if (!node_broadcast_heads(s, &s->out[0]))
        return false;
    s->out[0].c = 1;
    s->out[1] = s->out[0];
    return true;
}

static size_t state_floats(const struct node_setup *s)
{
    return 2 * (size_t)s->out[0].n;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;

    for (unsigned axis = 0; axis < 2; axis++) {
        float step = p->most[axis] / SAMPLE_RATE;
        for (uint32_t n = 0; n < io->out[0].n; n++) {
            const float *in = node_row(io, axis, n, 1);
            float *out = node_out(io, axis, n), *at = &io->state[2 * (size_t)n + axis];
            if (io->is_first)
                *at = in[0];
            for (uint32_t t = 0; t < io->count; t++) {
                if (isfinite(in[t]) && isfinite(*at))
                    *at += fminf(fmaxf(in[t] - *at, -step), step);
                else if (isfinite(in[t]))
                    *at = in[t];        /* where it stood was not known */
                out[t] = *at;
            }
        }
    }
}

const struct node_desc node_smooth_movement = {
    .id = "smooth_movement", .label = "Smooth movement", .category = "Movement", .kind = NODE_SCAN,
    .help = "Follows a pan and a tilt no faster than a real head does, so that jumps become moves. What is not a number holds.",
    .in = (const struct port_desc[]){
        { "pan_in", "Pan", PORT_SIGNAL, .channels = 1, .help = "Degrees." },
        { "tilt_in", "Tilt", PORT_SIGNAL, .channels = 1, .help = "Degrees." },
        { 0 },
    },
    .out = (const struct port_desc[]){
        { "pan", "Pan", PORT_SIGNAL, .channels = 1, .help = "Degrees." },
        { "tilt", "Tilt", PORT_SIGNAL, .channels = 1, .help = "Degrees." },
        { 0 },
    },
    .params = (const struct param_desc[]){
        { "pan_max_deg_per_s", "Fastest pan", PARAM_FLOAT, offsetof(struct params, most[0]), .def = 360, .min = 0, .max = 10000, .step = 10, .unit = "deg/s",
          .help = "How fast it may turn." },
        { "tilt_max_deg_per_s", "Fastest tilt", PARAM_FLOAT, offsetof(struct params, most[1]), .def = 180, .min = 0, .max = 10000, .step = 10, .unit = "deg/s",
          .help = "How fast it may nod." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .state_floats = state_floats,
    .run = run,
};
