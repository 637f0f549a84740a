#include <string.h>

#include "dsp/dmath.h"
#include "graph/nodes/chroma.h"

struct params { float strength; };

static bool shape(struct node_setup *s)
{
    if (!node_broadcast_heads(s, &s->out[0]))
        return false;
    s->out[0].c = s->in[0].value.c;
    return true;
}

/* The strongest pitch, the lowest of equal ones; 0 too when nothing sounds. */
static int dominant(const float *chroma)
{
    int best = 0;

    for (int i = 1; i < CHROMA_PITCHES; i++)
        if (chroma_share(chroma[i]) > chroma_share(chroma[best]))
            best = i;
    return best;
}

/* The hue wheel, in turns; value and saturation stay. Of a grey: itself. */
static void turn_hue(const float *in, float turns, float *out)
{
    float high = in[0] > in[1] ? in[0] : in[1], low = in[0] < in[1] ? in[0] : in[1];

    high = in[2] > high ? in[2] : high;
    low = in[2] < low ? in[2] : low;
    float range = high - low, hue;
    if (!(range > 0 && range < INFINITY)) {
        memcpy(out, in, 3 * sizeof *out);
        return;
    }
    if (in[0] >= high)
        hue = (in[1] - in[2]) / range;
    else if (in[1] >= high)
        hue = 2 + (in[2] - in[0]) / range;
    else
        hue = 4 + (in[0] - in[1]) / range;
    hue = dsp_modulo(hue / 6 + turns, 1);
    for (int k = 0; k < 3; k++) {           /* a trapeze: full within a sixth of its own place, nothing beyond a third */
        float d = dsp_modulo(hue - (float)k / 3, 1);
        out[k] = low + range * dsp_clamp01(2 - 6 * (d < 0.5f ? d : 1 - d));
    }
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    uint32_t c = io->out[0].c;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c), *chroma = node_row(io, 1, n, CHROMA_PITCHES);
        float *out = node_out(io, 0, n);
        for (size_t t = 0; t < io->count; t++, in += c, out += c) {
            float turns = p->strength * (float)dominant(chroma + t * CHROMA_PITCHES) / CHROMA_PITCHES;
            if (turns < 0 || turns > 0)
                turn_hue(in, turns, out);
            else
                memcpy(out, in, 3 * sizeof *out);
            if (c == 4)
                out[3] = in[3];
        }
    }
}

const struct node_desc node_spectral_shift = {
    .id = "spectral_shift", .label = "Spectral shift", .category = "Colour",
    .help = "Turns the hue of a colour with the pitch that is heard most: C leaves it, each semitone above is a twelfth of the wheel. How bright and how full the "
            "colour is stays; what has no hue stays as it is.",
    .in = (const struct port_desc[]){
        { "in", "Colour", PORT_SIGNAL, .channels = 3, .help = "RGB or RGBA." },
        { "chroma", "Chroma", PORT_SIGNAL, .channels = 12, .help = "Shares of the twelve pitches, C to B." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "out", "Colour", PORT_SIGNAL, .channels = 3, .help = "The turned colour, with the alpha it had." }, { 0 } },
    .params = (const struct param_desc[]){
        { "strength", "Strength", PARAM_FLOAT, offsetof(struct params, strength), .def = 1, .min = -12, .max = 12, .step = 0.05,
          .help = "1 goes once round the wheel in an octave, 0 leaves the colour alone, below 0 it turns the other way." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
