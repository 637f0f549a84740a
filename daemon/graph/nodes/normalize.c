#include "graph/extent.h"

static void run(const struct node_io *io)
{
    const struct extent *e = io->global;
    uint32_t c = io->out[0].c;
    float span = e->high - e->low;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c);
        float *restrict out = node_out(io, 0, n);
        for (size_t i = 0; i < (size_t)io->count * c; i++)          /* vectorised */
            out[i] = span > 0 ? (in[i] - e->low) / span : 0;
    }
}

const struct node_desc node_normalize = {
    .id = "normalize", .label = "Normalize", .category = "Signal maths", .kind = NODE_GLOBAL,
    .help = "Stretches the signal so that its smallest value in the annotation becomes 0 and its largest 1; a "
            "constant becomes 0.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_SIGNAL, .help = "The signal." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "0 to 1." }, { 0 } },
    .global_size = sizeof(struct extent),
    .begin = extent_begin,
    .add = extent_add,
    .run = run,
};
