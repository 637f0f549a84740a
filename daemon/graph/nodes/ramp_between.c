#include "graph/node.h"

#include "dsp/dmath.h"

static bool shape(struct node_setup *s)
{
    if (!node_broadcast(s, &s->out[0]))
        return false;
    s->out[0].varies = true;
    return true;
}

static void run(const struct node_io *io)
{
    const struct node_context *ctx = io->ctx;
    double zero = beatgrid_beat(ctx->grid, ctx->origin), span = beatgrid_beat(ctx->grid, ctx->end) - zero;
    const double *beats = node_beats(io);
    uint32_t c = io->out[0].c;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *a = node_row(io, 1, n, c), *b = node_row(io, 2, n, c);
        float *restrict out = node_out(io, 0, n);
        for (uint32_t t = 0; c == 1 && t < io->count; t++) {        /* vectorised */
            float x = span > 0 ? dsp_clamp01((float)((beats[t] - zero) / span)) : 1;
            out[t] = a[t] * (1 - x) + b[t] * x;
        }
        for (uint32_t t = 0; c > 1 && t < io->count; t++, a += c, b += c, out += c) {
            float x = span > 0 ? dsp_clamp01((float)((beats[t] - zero) / span)) : 1;
            for (uint32_t k = 0; k < c; k++)
                out[k] = a[k] * (1 - x) + b[k] * x;
        }
    }
}

const struct node_desc node_ramp_between = {
    .id = "ramp_between", .label = "Ramp between", .category = "Time generators",
    .help = "From start to end over the beats from the annotation's origin to its end.",
    .in = (const struct port_desc[]){
        { "grid", "Beat grid", PORT_GRID, .help = "The track's beats." },
        { "start", "Start", PORT_SIGNAL, .help = "The value at the beginning." },
        { "end", "End", PORT_SIGNAL, .help = "The value at the end." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "Between the two." }, { 0 } },
    .shape = shape,
    .run = run,
};
