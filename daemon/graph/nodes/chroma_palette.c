#include "graph/nodes/chroma.h"

struct params { struct node_palette palette; };

static bool shape(struct node_setup *s)
{
    s->out[0].c = 3;
    return node_broadcast_heads(s, &s->out[0]);
}

static void colour(const struct node_palette *p, const float *chroma, float *out)
{
    double sum[3] = { 0 }, most = 0;

    for (int i = 0; i < CHROMA_PITCHES; i++)
        for (int k = 0; k < 3; k++)
            sum[k] += chroma_share(chroma[i]) * (double)p->rgb[i][k];
    for (int k = 0; k < 3; k++)
        most = sum[k] > most ? sum[k] : most;
    for (int k = 0; k < 3; k++)
        out[k] = most > 0 ? (float)(sum[k] / most) : 0;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *chroma = node_row(io, 0, n, CHROMA_PITCHES);
        float *out = node_out(io, 0, n);
        for (size_t t = 0; t < io->count; t++)
            colour(&p->palette, chroma + t * CHROMA_PITCHES, out + 3 * t);
    }
}

const struct node_desc node_chroma_palette = {
    .id = "chroma_palette", .label = "Chroma palette", .category = "Colour",
    .help = "The colours of the pitches that sound, mixed by how much each of them does. The mix is brought up until red, green or blue is full, however the sound is "
            "spread; silence is black. For less light, follow it with an apply_dimmer.",
    .in = (const struct port_desc[]){ { "chroma", "Chroma", PORT_SIGNAL, .channels = 12, .help = "Shares of the twelve pitches, C to B." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Colour", PORT_SIGNAL, .channels = 3, .help = "RGB." }, { 0 } },
    .params = (const struct param_desc[]){
        { "palette", "Palette", PARAM_PALETTE, offsetof(struct params, palette),
          .def_text = "#ff0000 #ff8000 #ffff00 #80ff00 #00ff00 #00ff80 #00ffff #0080ff #0000ff #8000ff #ff00ff #ff0080",
          .help = "A colour for each of C, C sharp, D, D sharp, E, F, F sharp, G, G sharp, A, A sharp and B." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
