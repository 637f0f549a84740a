#include "graph/node.h"

#include <math.h>
#include <stdlib.h>

enum { INDEX, NORMALIZED_INDEX, POS_X, POS_Y, POS_Z, REL_X, REL_Y, REL_Z, MAJOR_SPAN, MAJOR_COUNT, RADIUS, ANGLE, ANGULAR_INDEX };

static const char *const attributes[] = { "index", "normalized_index", "pos_x", "pos_y", "pos_z", "rel_x", "rel_y", "rel_z", "rel_major_span",
                                          "rel_major_count", "circle_radius", "angular_position", "angular_index", NULL };
struct params { int attribute; };

/* The heads of one part: where they stand, a number for each, and room to sort. */
struct part {
    size_t n;
    double (*at)[3], *value;
    const float *fold;          /* of the selection; NULL: not mirrored */
    uint32_t *who, *rank;       /* index in the selection; rank */
    struct geometry_place *places;
};

static bool shape(struct node_setup *s)
{
    s->out[0].n = s->in[0].value.selection->n;
    return true;
}

static void axis_values(struct part *p, int axis)
{
    for (size_t i = 0; i < p->n; i++)
        p->value[i] = p->at[i][axis];
}

/* Values to 0..1 between the smallest and the largest; flat: 0. */
static void stretch(struct part *p)
{
    double low = INFINITY, high = -INFINITY;

    for (size_t i = 0; i < p->n; i++)
        low = fmin(low, p->value[i]), high = fmax(high, p->value[i]);
    for (size_t i = 0; i < p->n; i++)
        p->value[i] = high - low > GEOMETRY_SAME_M ? (p->value[i] - low) / (high - low) : 0;
}

/* Ranks to 0..1. */
static void spread_ranks(struct part *p, size_t ranks)
{
    for (size_t i = 0; i < p->n; i++)
        p->value[i] = ranks > 1 ? p->rank[i] / (double)(ranks - 1) : 0;
}

static void along_longest(struct part *p)
{
    double axis[3];

    geometry_axis((const double (*)[3])p->at, p->n, axis);
    for (size_t i = 0; i < p->n; i++)
        p->value[i] = axis[0] * p->at[i][0] + axis[1] * p->at[i][1] + axis[2] * p->at[i][2];
    stretch(p);
}

/* The axis on which the most places differ; of equal ones x before y before z. */
static void along_busiest(struct part *p)
{
    size_t most = 0, n;
    int busiest = 0;

    for (int axis = 0; axis < 3; axis++) {
        axis_values(p, axis);
        if ((n = geometry_rank(p->value, p->n, GEOMETRY_SAME_M, p->places, p->rank)) > most)
            most = n, busiest = axis;
    }
    axis_values(p, busiest);
    spread_ranks(p, geometry_rank(p->value, p->n, GEOMETRY_SAME_M, p->places, p->rank));
}

static void around(struct part *p, int attribute)
{
    struct geometry_circle circle;

    geometry_circle((const double (*)[3])p->at, p->n, &circle);
    for (size_t i = 0; i < p->n; i++)
        p->value[i] = attribute == RADIUS ? circle.radius : geometry_turn(&circle, p->at[i]);
    if (attribute == ANGULAR_INDEX)
        spread_ranks(p, geometry_rank(p->value, p->n, 1e-6, p->places, p->rank));
}

/* From the fold outwards; heads as far from it as each other count as one. */
static void count_from_fold(struct part *p, int attribute)
{
    for (size_t i = 0; i < p->n; i++)
        p->value[i] = (double)p->fold[p->who[i]];
    size_t ranks = geometry_rank(p->value, p->n, GEOMETRY_SAME_M, p->places, p->rank);
    for (size_t i = 0; i < p->n; i++)
        p->value[i] = attribute == INDEX ? p->rank[i] : ranks > 1 ? p->rank[i] / (double)(ranks - 1) : 0;
}

static void measure(struct part *p, int attribute)
{
    if (attribute <= NORMALIZED_INDEX && p->fold)
        count_from_fold(p, attribute);
    else if (attribute <= NORMALIZED_INDEX)
        for (size_t i = 0; i < p->n; i++)
            p->value[i] = attribute == INDEX ? (double)i : p->n > 1 ? (double)i / (double)(p->n - 1) : 0;
    else if (attribute <= REL_Z)
        axis_values(p, (attribute - POS_X) % 3);
    if (attribute >= REL_X && attribute <= REL_Z)
        stretch(p);
    if (attribute == MAJOR_SPAN)
        along_longest(p);
    if (attribute == MAJOR_COUNT)
        along_busiest(p);
    if (attribute >= RADIUS)
        around(p, attribute);
}

/* Runs once, when the graph is compiled. What it needs to sort is its own: without memory for that every head reads 0. */
static void run(const struct node_io *io)
{
    const struct params *params = io->params;
    const struct node_selection *s = io->in[0].value.selection;
    const struct patch *patch = io->ctx->patch;
    size_t n = s->n ? s->n : 1;
    struct part p = { .at = calloc(n, sizeof *p.at), .value = calloc(n, sizeof *p.value), .who = calloc(n, sizeof *p.who),
                      .rank = calloc(n, sizeof *p.rank), .places = calloc(n, sizeof *p.places), .fold = s->fold };
    bool has_memory = p.at && p.value && p.who && p.rank && p.places;

    for (uint32_t i = 0; i < s->n; i++)
        io->out[0].data[i] = 0;
    for (uint32_t part = 0; has_memory && part < s->parts; part++) {
        p.n = 0;
        for (uint32_t i = 0; i < s->n; i++)
            if (s->part[i] == part) {
                for (int axis = 0; axis < 3; axis++)
                    p.at[p.n][axis] = (double)(s->pos ? s->pos[i][axis] : patch->heads[s->heads[i]].pos[axis]);
                p.who[p.n++] = i;
            }
        measure(&p, params->attribute);
        for (size_t i = 0; i < p.n; i++)
            io->out[0].data[p.who[i]] = (float)p.value[i];
    }
    free(p.at), free(p.value), free(p.who), free(p.rank), free(p.places);
}

const struct node_desc node_get_attribute = {
    .id = "get_attribute", .label = "Head attribute", .category = "Selection and space",
    .help = "One number per head of a selection; a group-local selection counts and measures each group by itself, a mirrored one "
            "from its fold outwards.",
    .in = (const struct port_desc[]){ { "selection", "Selection", PORT_SELECTION, .help = "The heads." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Value", PORT_SIGNAL, .channels = 1, .help = "One per head." }, { 0 } },
    .params = (const struct param_desc[]){
        { "attribute", "Attribute", PARAM_CHOICE, offsetof(struct params, attribute), .options = attributes,
          .help = "index counts from 0 in patch order; normalized_index is index / (heads - 1); pos is in metres; rel is 0 to 1 in the selection's "
                  "bounding box, 0 where it is flat. rel_major_span is 0 to 1 along the selection's longest axis, whichever way that runs; rel_major_count "
                  "counts places on the axis (x, y or z) that has the most, heads in one place together. circle_radius is that of the circle the heads "
                  "stand on, in metres; angular_position is 0 to 1 around it, from the audience's right counter-clockwise (as seen from above or from the "
                  "audience); angular_index counts around it. Where the heads are on no circle, angles are about their centre." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
