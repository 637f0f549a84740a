#include "graph/node.h"

#include "dsp/dmath.h"

struct params { float divisor; };

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c);
        float *restrict out = node_out(io, 0, n);
        for (size_t i = 0; i < (size_t)io->count * c; i++)          /* vectorised */
            out[i] = dsp_modulo(in[i], p->divisor);
    }
}

const struct node_desc node_modulo = {
    .id = "modulo", .label = "Modulo", .category = "Signal maths",
    .help = "What is left after dividing, never negative. Divisor 0 gives 0.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_SIGNAL, .help = "The signal." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "0 up to the divisor." }, { 0 } },
    .params = (const struct param_desc[]){
        { "divisor", "Divisor", PARAM_FLOAT, offsetof(struct params, divisor), .def = 1, .min = -1e6, .max = 1e6, .step = 0.01,
          .help = "Where it starts again from 0." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .run = run,
};
