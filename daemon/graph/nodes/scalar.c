#include "graph/node.h"

struct params { float value; };

static void run(const struct node_io *io)
{
    const struct params *p = io->params;

    node_out(io, 0, 0)[0] = p->value;
}

const struct node_desc node_scalar = {
    .id = "scalar", .label = "Number", .category = "Sources", .help = "A constant.",
    .out = (const struct port_desc[]){
        { "out", "Value", PORT_SIGNAL, .channels = 1, .help = "The number." },
        { 0 },
    },
    .params = (const struct param_desc[]){
        { "value", "Value", PARAM_FLOAT, offsetof(struct params, value), .def = 1, .min = -1e6, .max = 1e6, .step = 0.01,
          .help = "The number." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .run = run,
};
