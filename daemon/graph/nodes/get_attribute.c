#include "graph/node.h"

#include <math.h>

enum { INDEX, NORMALIZED_INDEX, POS_X, POS_Y, POS_Z, REL_X, REL_Y, REL_Z };

static const char *const attributes[] = { "index", "normalized_index", "pos_x", "pos_y", "pos_z", "rel_x", "rel_y", "rel_z",
                                          NULL };
struct params { int attribute; };

/* Flatter than a tenth of a millimetre is what rotations leave in floats, no extent. */
#define FLAT_M 1e-4f

static bool shape(struct node_setup *s)
{
    s->out[0].n = s->in[0].value.selection->n;
    return true;
}

static void indexes(const struct node_selection *s, uint32_t part, bool normalized, float *out)
{
    uint32_t count = 0, at = 0;

    for (uint32_t i = 0; i < s->n; i++)
        count += s->part[i] == part;
    for (uint32_t i = 0; i < s->n; i++)
        if (s->part[i] == part) {
            out[i] = !normalized ? (float)at : count > 1 ? (float)at / (float)(count - 1) : 0;
            at++;
        }
}

static void positions(const struct node_selection *s, uint32_t part, const struct patch *patch, int axis, bool relative,
                      float *out)
{
    float low = INFINITY, high = -INFINITY;

    for (uint32_t i = 0; i < s->n; i++)
        if (s->part[i] == part) {
            out[i] = patch->heads[s->heads[i]].pos[axis];
            low = out[i] < low ? out[i] : low;
            high = out[i] > high ? out[i] : high;
        }
    for (uint32_t i = 0; relative && i < s->n; i++)
        if (s->part[i] == part)
            out[i] = high - low > FLAT_M ? (out[i] - low) / (high - low) : 0;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const struct node_selection *s = io->in[0].value.selection;

    for (uint32_t part = 0; part < s->parts; part++) {
        if (p->attribute <= NORMALIZED_INDEX)
            indexes(s, part, p->attribute == NORMALIZED_INDEX, io->out[0].data);
        else if (p->attribute <= POS_Z)
            positions(s, part, io->ctx->patch, p->attribute - POS_X, false, io->out[0].data);
        else
            positions(s, part, io->ctx->patch, p->attribute - REL_X, true, io->out[0].data);
    }
}

const struct node_desc node_get_attribute = {
    .id = "get_attribute", .label = "Head attribute", .category = "Selection and space",
    .help = "One number per head of a selection; a group-local selection counts and measures each group by itself.",
    .in = (const struct port_desc[]){ { "selection", "Selection", PORT_SELECTION, .help = "The heads." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Value", PORT_SIGNAL, .channels = 1, .help = "One per head." }, { 0 } },
    .params = (const struct param_desc[]){
        { "attribute", "Attribute", PARAM_CHOICE, offsetof(struct params, attribute), .options = attributes,
          .help = "index counts from 0 in patch order; normalized_index is index / (heads - 1); pos is in metres; "
                  "rel is 0 to 1 in the selection's bounding box, 0 where it is flat." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
