#include "graph/node.h"

#include <string.h>

#include "dsp/dmath.h"

struct params { float start_color[4], end_color[4]; struct node_stops stops; };

static bool shape(struct node_setup *s)
{
    s->out[0].c = 4;
    return node_broadcast_heads(s, &s->out[0]);
}

/* Both ends exactly themselves at 0 and 1. */
static void mix(const float *a, const float *b, float x, float *out)
{
    for (int i = 0; i < 4; i++)
        out[i] = a[i] * (1 - x) + b[i] * x;
}

static void along(const struct node_stops *s, float x, float *out)
{
    uint32_t k = 0;

    while (k < s->n && s->stop[k].position <= x)
        k++;
    if (k == 0 || k == s->n) {
        memcpy(out, s->stop[k ? k - 1 : 0].rgba, 4 * sizeof *out);
        return;
    }
    const struct node_stop *a = &s->stop[k - 1], *b = &s->stop[k];
    mix(a->rgba, b->rgba, (x - a->position) / (b->position - a->position), out);
}

/* An unwired colour: its parameter, for every sample. */
static const float *color_row(const struct node_io *io, unsigned port, uint32_t n, const float *def, size_t *step)
{
    *step = io->in[port].wired ? 4 : 0;
    return io->in[port].wired ? node_row(io, port, n, 4) : def;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        size_t sa, sb;
        const float *in = node_row(io, 0, n, 1);
        const float *a = color_row(io, 1, n, p->start_color, &sa), *b = color_row(io, 2, n, p->end_color, &sb);
        float *out = node_out(io, 0, n);
        for (size_t t = 0; p->stops.n && t < io->count; t++)
            along(&p->stops, dsp_clamp01(in[t]), out + 4 * t);
        for (size_t t = 0; !p->stops.n && t < io->count; t++)
            mix(a + t * sa, b + t * sb, dsp_clamp01(in[t]), out + 4 * t);
    }
}

const struct node_desc node_gradient = {
    .id = "gradient", .label = "Gradient", .category = "Colour",
    .help = "A mix of two colours, or along a list of stops: 0 is the start, 1 the end, what lies outside is held.",
    .in = (const struct port_desc[]){
        { "in", "In", PORT_SIGNAL, .channels = 1, .help = "Where on the gradient, 0 to 1." },
        { "start_color", "Start colour", PORT_SIGNAL, .channels = 4, .optional = true, .help = "Instead of the parameter." },
        { "end_color", "End colour", PORT_SIGNAL, .channels = 4, .optional = true, .help = "Instead of the parameter." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "out", "Colour", PORT_SIGNAL, .channels = 4, .help = "RGBA." }, { 0 } },
    .params = (const struct param_desc[]){
        { "start_color", "Start colour", PARAM_COLOR, offsetof(struct params, start_color), .def_text = "#000000",
          .help = "The colour at 0." },
        { "end_color", "End colour", PARAM_COLOR, offsetof(struct params, end_color), .def_text = "#ffffff",
          .help = "The colour at 1." },
        { "stops", "Stops", PARAM_STOPS, offsetof(struct params, stops),
          .help = "Up to 16 of {\"position\":0..1,\"color\":\"#rrggbb\"}, ascending. When there are any, they are "
                  "the whole gradient and start and end are not used." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
