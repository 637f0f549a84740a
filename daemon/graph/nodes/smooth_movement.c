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

static inline float follow(float at, float in, float step)
{
    float way = in - at, next;

    way = way < -step ? -step : way;
    way = way > step ? step : way;
    next = at + way;
    next = fabsf(at) < INFINITY ? next : in;            /* where it stood was not known */
    return fabsf(in) < INFINITY ? next : at;
}

enum { BESIDE = 4 };

/* A sample waits for the one before it: some heads beside each other, so that the machine has something to do meanwhile. */
static void beside(const float *const *in, float *const *out, float *at, float step, uint32_t count)
{
    for (size_t t = 0; t < count; t++)
        for (size_t h = 0; h < BESIDE; h++)
            out[h][t] = at[h] = follow(at[h], in[h][t], step);
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;

    for (unsigned axis = 0; axis < 2; axis++) {
        float step = p->most[axis] / SAMPLE_RATE;
        bool spread = io->in[axis].value.n > 1 && io->in[axis].value.varies;        /* rows that stay, and do not share their room */
        for (uint32_t n = 0; n < io->out[0].n;) {
            uint32_t many = spread && n + BESIDE <= io->out[0].n ? BESIDE : 1;
            const float *in[BESIDE];
            float *out[BESIDE], at[BESIDE];
            for (uint32_t h = 0; h < many; h++) {
                in[h] = node_row(io, axis, n + h, 1);
                out[h] = node_out(io, axis, n + h);
                at[h] = io->is_first ? in[h][0] : io->state[2 * (size_t)(n + h) + axis];
            }
            if (many > 1)
                beside(in, out, at, step, io->count);
            else
                for (uint32_t t = 0; t < io->count; t++)
                    out[0][t] = at[0] = follow(at[0], in[0][t], step);
            for (uint32_t h = 0; h < many; h++)
                io->state[2 * (size_t)(n + h) + axis] = at[h];
            n += many;
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
