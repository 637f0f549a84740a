#include "core/arena.h"
#include "graph/node.h"

static const char *const capabilities[] = { "color", "movement", "strobe", "dimmer", "gobo", "zoom", NULL };
static const unsigned bits[] = { CAP_COLOR, CAP_MOVEMENT, CAP_STROBE, CAP_DIMMER, CAP_GOBO, CAP_ZOOM };

struct params { int capability; };

/* What is kept of a selection that has `all` heads, in its order. */
struct kept { struct node_selection *to; uint32_t *heads, *part, *twin, *new_of; float (*pos)[3], *fold; };

static bool kept_new(struct node_setup *s, const struct node_selection *from, struct kept *k)
{
    size_t n = (size_t)from->n + 1;

    k->to = arena_alloc(s->arena, sizeof *k->to);
    k->heads = arena_array(s->arena, n, sizeof *k->heads);
    k->part = arena_array(s->arena, n, sizeof *k->part);
    if (!k->to || !k->heads || !k->part)
        return false;
    if (!from->pos)
        return true;
    k->pos = arena_array(s->arena, n, sizeof *k->pos);
    k->fold = arena_array(s->arena, n, sizeof *k->fold);
    k->twin = arena_array(s->arena, n, sizeof *k->twin);
    k->new_of = arena_array(s->arena, n, sizeof *k->new_of);    /* of the twins that were: index + 1 of the first that is kept in that place */
    return k->pos && k->fold && k->twin && k->new_of;
}

static void keep(struct kept *k, const struct node_selection *from, uint32_t i)
{
    uint32_t n = k->to->n++;

    k->heads[n] = from->heads[i];
    k->part[n] = from->part[i];
    if (!from->pos)
        return;
    for (int axis = 0; axis < 3; axis++)
        k->pos[n][axis] = from->pos[i][axis];
    k->fold[n] = from->fold[i];
    uint32_t *first = &k->new_of[from->twin[i]];
    if (!*first)
        *first = n + 1;
    k->twin[n] = *first - 1;
}

static bool shape(struct node_setup *s)
{
    const struct params *p = s->params;
    const struct node_selection *from = s->in[0].value.selection;
    struct kept k = { 0 };

    if (!kept_new(s, from, &k))
        return node_starved(s);
    for (uint32_t i = 0; i < from->n; i++)
        if (s->ctx->patch->heads[from->heads[i]].capabilities & bits[p->capability])
            keep(&k, from, i);
    *k.to = (struct node_selection){ .n = k.to->n, .heads = k.heads, .part = k.part, .parts = from->parts, .expression = from->expression,
                                     .pos = (const float (*)[3])k.pos, .fold = k.fold, .twin = k.twin };
    s->out[0].selection = k.to;
    return true;
}

const struct node_desc node_filter_selection = {
    .id = "filter_selection", .label = "Filter heads", .category = "Selection and space",
    .help = "The heads of a selection that can do something: move, strobe, change colour. Where no head can, nothing is lit, and that is no fault.",
    .in = (const struct port_desc[]){ { "selection", "Selection", PORT_SELECTION, .help = "The heads." }, { 0 } },
    .out = (const struct port_desc[]){ { "out", "Selection", PORT_SELECTION, .help = "Those that are kept, in the same order." }, { 0 } },
    .params = (const struct param_desc[]){
        { "capability", "Capability", PARAM_CHOICE, offsetof(struct params, capability), .def = 1, .options = capabilities, .help = "What a head must have." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
};
