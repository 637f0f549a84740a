#include <math.h>
#include <stdlib.h>

#include "core/arena.h"
#include "graph/node.h"

static const char *const axes[] = { "x", "y", "z", NULL };

struct params { int axis; };

static float place(const struct node_selection *s, const struct patch *patch, uint32_t i, int axis)
{
    return s->pos ? s->pos[i][axis] : patch->heads[s->heads[i]].pos[axis];
}

/* The middle of the bounding box of one part, as get_attribute's rel measures. */
static float centre(const struct node_selection *s, const struct patch *patch, uint32_t part, int axis)
{
    float low = INFINITY, high = -INFINITY;

    for (uint32_t i = 0; i < s->n; i++)
        if (s->part[i] == part) {
            low = fminf(low, place(s, patch, i, axis));
            high = fmaxf(high, place(s, patch, i, axis));
        }
    return low <= high ? low + (high - low) / 2 : 0;
}

/* ---- who stands in whose place ---- */

struct key { long at[3]; uint32_t part, index; };

static int by_place(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    for (int i = 0; i < 3; i++)
        if (x->at[i] != y->at[i])
            return x->at[i] < y->at[i] ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Cells of a centimetre; their borders lie where nobody hangs a lamp, so that rounding does not part a pair. */
static long cell(float metres)
{
    double at = floor((double)metres * 100 + 0.3183);

    return at > -1e9 && at < 1e9 ? (long)at : 0;
}

static bool find_twins(const struct node_selection *s, const float (*pos)[3], uint32_t *twin)
{
    struct key *keys = calloc((size_t)s->n + 1, sizeof *keys);

    if (!keys)
        return false;
    for (uint32_t i = 0; i < s->n; i++)
        keys[i] = (struct key){ { cell(pos[i][0]), cell(pos[i][1]), cell(pos[i][2]) }, s->part[i], i };
    qsort(keys, s->n, sizeof *keys, by_place);
    for (uint32_t i = 0; i < s->n; i++) {
        bool is_same = i && keys[i].part == keys[i - 1].part && keys[i].at[0] == keys[i - 1].at[0] && keys[i].at[1] == keys[i - 1].at[1]
                       && keys[i].at[2] == keys[i - 1].at[2];
        twin[keys[i].index] = is_same ? twin[keys[i - 1].index] : keys[i].index;
    }
    free(keys);
    return true;
}

static bool shape(struct node_setup *s)
{
    const struct params *p = s->params;
    const struct node_selection *from = s->in[0].value.selection;
    size_t n = (size_t)from->n + 1;
    struct node_selection *to = arena_alloc(s->arena, sizeof *to);
    float (*pos)[3] = arena_array(s->arena, n, sizeof *pos), *fold = arena_array(s->arena, n, sizeof *fold);
    uint32_t *twin = arena_array(s->arena, n, sizeof *twin);

    if (!to || !pos || !fold || !twin)
        return node_starved(s);
    for (uint32_t part = 0; part < from->parts; part++) {
        float middle = centre(from, s->ctx->patch, part, p->axis);
        for (uint32_t i = 0; i < from->n; i++) {
            if (from->part[i] != part)
                continue;
            for (int axis = 0; axis < 3; axis++)
                pos[i][axis] = place(from, s->ctx->patch, i, axis);
            pos[i][p->axis] = fabsf(pos[i][p->axis] - middle);
            /* Folded before along another axis: from where the folds cross. */
            fold[i] = from->fold ? sqrtf(from->fold[i] * from->fold[i] + pos[i][p->axis] * pos[i][p->axis]) : pos[i][p->axis];
        }
    }
    if (!find_twins(from, (const float (*)[3])pos, twin))
        return node_starved(s);
    *to = *from;
    to->pos = (const float (*)[3])pos, to->fold = fold, to->twin = twin;
    s->out[0].selection = to;
    s->out[1].n = from->n;
    return true;
}

/* Runs once, when the graph is compiled. */
static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const struct node_selection *s = io->in[0].value.selection;

    for (uint32_t part = 0; part < s->parts; part++) {
        float middle = centre(s, io->ctx->patch, part, p->axis);
        for (uint32_t i = 0; i < s->n; i++) {
            if (s->part[i] != part)
                continue;
            float off = place(s, io->ctx->patch, i, p->axis) - middle;
            *node_out(io, 1, i) = fabsf(off) <= (float)GEOMETRY_SAME_M ? 0 : off < 0 ? -1 : 1;
        }
    }
}

const struct node_desc node_mirror = {
    .id = "mirror", .label = "Mirror", .category = "Selection and space",
    .help = "The same heads, folded about their centre: a head and its counterpart on the other side count as standing in one place, so that whatever is made of \"out\" "
            "looks the same on both sides. pos is then the distance from the centre in metres, rel is 0 for the innermost heads and 1 for the outermost, index "
            "counts from the centre outwards, and random heads come in pairs; aiming still starts from where each head really hangs. Two mirrors in a row fold both ways. Each group "
            "of a group-local selection has its own centre.",
    .in = (const struct port_desc[]){ { "selection", "Selection", PORT_SELECTION, .help = "The heads." }, { 0 } },
    .out = (const struct port_desc[]){
        { "out", "Selection", PORT_SELECTION, .help = "The same heads, folded." },
        { "side", "Side", PORT_SIGNAL, .channels = 1, .help = "-1 left of the centre (in front of it, below it), 0 on it, 1 right of it (behind it, above it)." },
        { 0 },
    },
    .params = (const struct param_desc[]){
        { "axis", "Axis", PARAM_CHOICE, offsetof(struct params, axis), .options = axes,
          .help = "What is folded: x left and right, y front and back, z below and above." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
