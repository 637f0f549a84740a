#include "graph/node.h"

struct params { float threshold; };

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c);
        float *restrict out = node_out(io, 0, n);
        for (size_t i = 0; i < (size_t)io->count * c; i++)          /* vectorised */
            out[i] = in[i] >= p->threshold ? 1 : 0;
    }
}

const struct node_desc node_threshold = {
    .id = "threshold", .label = "Threshold", .category = "Signal maths",
      .help = "1 where the signal is at least the threshold, else 0.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_SIGNAL, .help = "The signal." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "0 or 1." }, { 0 } },
    .params = (const struct param_desc[]){
        { "threshold", "Threshold", PARAM_FLOAT, offsetof(struct params, threshold), .def = 0.5, .min = -1e6, .max = 1e6,
          .step = 0.01, .help = "The least value that counts." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .run = run,
};
