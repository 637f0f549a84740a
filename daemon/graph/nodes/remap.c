#include "dsp/dmath.h"
#include "graph/node.h"

struct params { float in_min, in_max, out_min, out_max; bool clamp; };

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;
    float span = p->in_max - p->in_min;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c);
        float *restrict out = node_out(io, 0, n);
        for (size_t i = 0; i < (size_t)io->count * c; i++) {        /* vectorised */
            float x = span != 0 ? (in[i] - p->in_min) / span : 0;
            x = p->clamp ? dsp_clamp01(x) : x;
            out[i] = p->out_min * (1 - x) + p->out_max * x;
        }
    }
}

#define RANGE(name, text, value)                                                                                           \
    { #name, text, PARAM_FLOAT, offsetof(struct params, name), .def = value, .min = -1e6, .max = 1e6, .step = 0.01,        \
      .help = "in_min becomes out_min and in_max out_max." }

const struct node_desc node_remap = {
    .id = "remap", .label = "Remap", .category = "Signal maths",
    .help = "From one range to another, straight, all channels alike. An input range without width gives out_min.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_SIGNAL, .help = "The signal." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "The signal in its new range." }, { 0 } },
    .params = (const struct param_desc[]){
        RANGE(in_min, "In from", -1), RANGE(in_max, "In to", 1), RANGE(out_min, "Out from", 0), RANGE(out_max, "Out to", 180),
        { "clamp", "Clamp", PARAM_BOOL, offsetof(struct params, clamp), .help = "Never leave the new range." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .run = run,
};
