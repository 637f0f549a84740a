#include "graph/node.h"

#include "dsp/dmath.h"

struct params { float offset, spread, saturation; };

static bool shape(struct node_setup *s)
{
    s->out[0].c = 4;
    return node_broadcast_heads(s, &s->out[0]);
}

/* One channel of full value at `turn` of the wheel: a trapeze, 1 within a sixth of its own place, 0 beyond a third. */
static float channel(float turn, float place)
{
    float d = dsp_modulo(turn - place, 1);

    float back = 1 - d;

    return dsp_clamp01(2 - 6 * (d < 0.5f ? d : back));
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row_or(io, 0, n, 1, 0);
        float *restrict out = node_out(io, 0, n);
        for (size_t t = 0; t < io->count; t++) {        /* vectorised */
            float turn = p->offset + p->spread * in[t];
            out[4 * t] = 1 - p->saturation * (1 - channel(turn, 0));
            out[4 * t + 1] = 1 - p->saturation * (1 - channel(turn, 1.0f / 3));
            out[4 * t + 2] = 1 - p->saturation * (1 - channel(turn, 2.0f / 3));
            out[4 * t + 3] = 1;
        }
    }
}

const struct node_desc node_rainbow = {
    .id = "rainbow", .label = "Rainbow", .category = "Colour",
    .help = "The hue wheel: 0 red, 1/3 green, 2/3 blue, 1 red again.",
    .in = (const struct port_desc[]){
        { "in", "In", PORT_SIGNAL, .channels = 1, .optional = true, .help = "Where on the wheel, in turns." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "out", "Colour", PORT_SIGNAL, .channels = 4, .help = "RGBA." }, { 0 } },
    .params = (const struct param_desc[]){
        { "offset", "Offset", PARAM_FLOAT, offsetof(struct params, offset), .def = 0, .min = -1e4, .max = 1e4, .step = 0.01,
          .unit = "turns", .help = "Turns the wheel." },
        { "spread", "Spread", PARAM_FLOAT, offsetof(struct params, spread), .def = 1, .min = -1e4, .max = 1e4, .step = 0.01,
          .unit = "turns", .help = "How much of the wheel an input of 1 goes." },
        { "saturation", "Saturation", PARAM_FLOAT, offsetof(struct params, saturation), .def = 1, .min = 0, .max = 1,
          .step = 0.01, .help = "0 white to 1 full." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
