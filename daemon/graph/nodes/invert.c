#include "graph/extent.h"

static void run(const struct node_io *io)
{
    const struct extent *e = io->global;
    uint32_t c = io->out[0].c;
    float sum = e->high >= e->low ? e->high + e->low : 0;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c);
        float *restrict out = node_out(io, 0, n);
        for (size_t i = 0; i < (size_t)io->count * c; i++)          /* vectorised */
            out[i] = sum - in[i];
    }
}

const struct node_desc node_invert = {
    .id = "invert", .label = "Invert", .category = "Signal maths", .kind = NODE_GLOBAL,
    .help = "Upside down within its own range over the annotation: max + min - v.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_SIGNAL, .help = "The signal." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "The same range, turned over." }, { 0 } },
    .global_size = sizeof(struct extent),
    .begin = extent_begin,
    .add = extent_add,
    .run = run,
};
