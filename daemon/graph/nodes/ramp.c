#include "graph/node.h"

static bool shape(struct node_setup *s)
{
    s->out[0].varies = true;
    return true;
}

static void run(const struct node_io *io)
{
    double zero = beatgrid_beat(io->ctx->grid, io->ctx->origin);
    const double *beats = node_beats(io);
    float *restrict out = node_out(io, 0, 0);

    for (uint32_t i = 0; i < io->count; i++)            /* vectorised */
        out[i] = (float)(beats[i] - zero);
}

const struct node_desc node_ramp = {
    .id = "ramp", .label = "Ramp", .category = "Time generators",
    .help = "Beats elapsed since the annotation's origin: a block cut in two goes on counting.",
    .in = (const struct port_desc[]){ { "grid", "Beat grid", PORT_GRID, .help = "The track's beats." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Beats", PORT_SIGNAL, .channels = 1,
      .help = "Beats, with fractions." }, { 0 } },
    .shape = shape,
    .run = run,
};
