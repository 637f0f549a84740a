#include "graph/node.h"

#include "dsp/dmath.h"

struct params { float width, curve; };

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c);
        float *restrict out = node_out(io, 0, n);
        size_t count = (size_t)io->count * c;
        for (size_t i = 0; i < count; i++)              /* vectorised */
            out[i] = dsp_clamp01(dsp_clamp01(in[i]) * p->width);
        dsp_shape_all(out, count, p->curve);
    }
}

const struct node_desc node_falloff = {
    .id = "falloff", .label = "Falloff", .category = "Signal maths",
    .help = "shape(clamp(clamp(v) * width), curve): makes a 0 to 1 signal narrower or wider and bends it.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_SIGNAL, .help = "The signal, 0 to 1." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "0 to 1." }, { 0 } },
    .params = (const struct param_desc[]){
        { "width", "Width", PARAM_FLOAT, offsetof(struct params, width), .def = 1, .min = 0, .max = 100, .step = 0.01,
          .help = "Factor before the curve." },
        { "curve", "Curve", PARAM_FLOAT, offsetof(struct params, curve), .def = 0, .min = -1, .max = 1, .step = 0.01,
          .help = "0 straight; above, late (x^(1+5c)); below, early." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .run = run,
};
