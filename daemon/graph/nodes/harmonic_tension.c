#include "dsp/dmath.h"
#include "graph/nodes/chroma.h"

static bool shape(struct node_setup *s)
{
    s->out[0].c = 1;
    return node_broadcast_heads(s, &s->out[0]);
}

/* H = -sum p log p over log 12, with p the shares. C. E. Shannon, A Mathematical Theory of Communication, 1948. */
static float tension(const float *chroma)
{
    const double most = 3.584962500721156;      /* log2 12 */
    double sum = 0, bits = 0;

    for (int i = 0; i < CHROMA_PITCHES; i++)
        sum += chroma_share(chroma[i]);
    for (int i = 0; i < CHROMA_PITCHES && sum > 0; i++) {
        double p = chroma_share(chroma[i]) / sum;
        bits -= p > 0 ? p * dsp_log2(p) : 0;
    }
    return dsp_clamp01((float)(bits / most));
}

static void run(const struct node_io *io)
{
    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *chroma = node_row(io, 0, n, CHROMA_PITCHES);
        float *out = node_out(io, 0, n);
        for (size_t t = 0; t < io->count; t++)
            out[t] = tension(chroma + t * CHROMA_PITCHES);
    }
}

const struct node_desc node_harmonic_tension = {
    .id = "harmonic_tension", .label = "Harmonic tension", .category = "Audio and analysis",
    .help = "How many pitches share the sound: 0 for one alone and for silence, 1 when all twelve are equally strong (their entropy over that of twelve).",
    .in = (const struct port_desc[]){ { "chroma", "Chroma", PORT_SIGNAL, .channels = 12, .help = "Shares of the twelve pitches, C to B." }, { 0 } },
    .out = (const struct port_desc[]){ { "tension", "Tension", PORT_SIGNAL, .channels = 1, .help = "0 to 1." }, { 0 } },
    .shape = shape,
    .run = run,
};
