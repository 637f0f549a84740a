#include "graph/node.h"

#include <string.h>

struct params { float color[4]; };

static bool shape(struct node_setup *s)
{
    s->out[0].c = 4;
    return true;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;

    memcpy(node_out(io, 0, 0), p->color, sizeof p->color);
}

const struct node_desc node_color = {
    .id = "color", .label = "Colour", .category = "Sources", .help = "A constant colour.",
    .out = (const struct port_desc[]){
        { "out", "Colour", PORT_SIGNAL, .channels = 4, .help = "Red, green, blue and alpha, 0 to 1." },
        { 0 },
    },
    .params = (const struct param_desc[]){
        { "color", "Colour", PARAM_COLOR, offsetof(struct params, color), .def_text = "#ff0000ff", .help = "The colour." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
