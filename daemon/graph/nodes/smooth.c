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

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;
    float up = step(p->rise_ms), down = step(p->fall_ms);

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c);
        float *out = node_out(io, 0, n), *y = io->state + (size_t)n * c;
        if (io->is_first)
            memcpy(y, in, c * sizeof *y);
        for (uint32_t t = 0; t < io->count; t++, in += c, out += c)
            for (uint32_t k = 0; k < c; k++) {
                y[k] += (in[k] - y[k]) * (in[k] > y[k] ? up : down);
                out[k] = y[k];
            }
    }
}

const struct node_desc node_smooth = {
    .id = "smooth", .label = "Smooth", .category = "Signal maths", .kind = NODE_SCAN,
    .help = "Follows the signal with one time constant upwards and one downwards; starts at the signal's first value.",
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
