#include "graph/node.h"

#include <string.h>

#include "dsp/dmath.h"

struct params { float rise_ms, fall_ms; };

static size_t state_floats(const struct node_setup *s)
{
    return (size_t)s->in[0].value.n * s->in[0].value.c;
}

/* How much of the way is gone in one sample. */
static float step(float ms)
{
    return ms > 0 ? (float)(1 - dsp_exp(-1000.0 / (SAMPLE_RATE * (double)ms))) : 1;
}

/* What is no number is passed over, so that one such sample does not spoil all that follow. */
static inline float follow(float y, float in, float up, float down)
{
    bool is_number = in - in == 0, was_number = y - y == 0;
    float to = is_number ? in : y, next = y + (to - y) * (to > y ? up : down);

    return was_number ? next : to;
}

enum { BESIDE = 8 };

/* Heads n .. n + 7 of one channel. */
static void beside(const float *in, size_t in_stride, float *restrict out, size_t out_stride, float *restrict state, uint32_t count, float up, float down)
{
    float y[BESIDE];

    memcpy(y, state, sizeof y);
    for (size_t t = 0; t < count; t++)
        for (size_t h = 0; h < BESIDE; h++)
            out[h * out_stride + t] = y[h] = follow(y[h], in[h * in_stride + t], up, down);
    memcpy(state, y, sizeof y);
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;
    float up = step(p->rise_ms), down = step(p->fall_ms);

    for (uint32_t n = 0; n < io->out[0].n; n++)
        if (io->is_first)
            memcpy(io->state + (size_t)n * c, node_row(io, 0, n, c), c * sizeof(float));
    /* A sample waits for the one before it: eight heads beside each other, so that the machine has something to do meanwhile. */
    uint32_t n = 0;
    for (; c == 1 && io->in[0].value.varies && n + BESIDE <= io->out[0].n; n += BESIDE)
        beside(node_row(io, 0, n, 1), io->in[0].t, node_out(io, 0, n), io->out[0].stride, io->state + n, io->count, up, down);
    for (; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c);
        float *out = node_out(io, 0, n), *y = io->state + (size_t)n * c;
        for (uint32_t t = 0; t < io->count; t++, in += c, out += c)
            for (uint32_t k = 0; k < c; k++)
                out[k] = y[k] = follow(y[k], in[k], up, down);
    }
}

const struct node_desc node_smooth = {
    .id = "smooth", .label = "Smooth", .category = "Signal maths", .kind = NODE_SCAN,
    .help = "Follows the signal with one time constant upwards and one downwards; starts at the signal's first value. What is not a number is passed over.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_SIGNAL, .help = "The signal." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "The smoothed signal." }, { 0 } },
    .params = (const struct param_desc[]){
        { "rise_ms", "Rise", PARAM_FLOAT, offsetof(struct params, rise_ms), .def = 50, .min = 0, .max = 60000, .step = 1,
          .unit = "ms", .help = "Time constant upwards: 63 % of the way. 0 is at once." },
        { "fall_ms", "Fall", PARAM_FLOAT, offsetof(struct params, fall_ms), .def = 200, .min = 0, .max = 60000, .step = 1,
          .unit = "ms", .help = "Time constant downwards." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .state_floats = state_floats,
    .run = run,
};
