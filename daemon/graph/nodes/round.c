#include "graph/node.h"

#include <math.h>

enum { FLOOR, CEIL, ROUND };
static const char *const operations[] = { "floor", "ceil", "round", NULL };
struct params { int operation; };

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c);
        float *out = node_out(io, 0, n);
        for (size_t i = 0; i < (size_t)io->count * c; i++)
            out[i] = p->operation == FLOOR ? floorf(in[i]) : p->operation == CEIL ? ceilf(in[i]) : roundf(in[i]);
    }
}

const struct node_desc node_round = {
    .id = "round", .label = "Round", .category = "Signal maths", .help = "To whole numbers; halves go away from zero.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_SIGNAL, .help = "The signal." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "Whole numbers." }, { 0 } },
    .params = (const struct param_desc[]){
        { "operation", "Operation", PARAM_CHOICE, offsetof(struct params, operation), .options = operations,
          .help = "Down, up, or to the nearest." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .run = run,
};
