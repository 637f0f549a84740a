#include <math.h>
#include <string.h>

#include "graph/node.h"
#include "graph/nodes/random.h"

/* State: the trigger's last value, the draws so far, and for each head the last draw it was in (counted from 1; 0: none). */
enum { LAST, DRAW, WAS_IN };

struct params { bool avoid_repeat; };

static bool shape(struct node_setup *s)
{
    s->out[0].n = s->in[0].value.selection->n;
    s->out[0].varies = s->in[1].value.varies;
    return true;
}

static size_t state_floats(const struct node_setup *s)
{
    return WAS_IN + (size_t)s->out[0].n;
}

/* The lot a head draws: the lowest are taken. Who was in the last draw stands behind all others. */
static uint64_t lot(const struct node_io *io, uint32_t head)
{
    const struct node_selection *s = io->in[0].value.selection;
    const struct params *p = io->params;
    float last = io->state[DRAW] - 1;
    bool is_repeat = p->avoid_repeat && last > 0 && !(io->state[WAS_IN + head] < last);

    return (uint64_t)is_repeat << 63 | random_at(io->seed, s->twin ? s->twin[head] : head, (uint64_t)io->state[DRAW]) >> 1;
}

/* Heads of this part whose lot is not above `limit`. */
static uint32_t count_below(const struct node_io *io, const struct node_selection *s, uint32_t part, uint64_t limit)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->n; i++)
        n += s->part[i] == part && lot(io, i) <= limit;
    return n;
}

/* What just the k lowest lots of a part do not exceed, by halving: about as many looks at the heads as their number has bits, 64 at the most, and no memory. */
static uint64_t find_lot(const struct node_io *io, const struct node_selection *s, uint32_t part, uint32_t k)
{
    uint64_t low = 0, high = UINT64_MAX;

    while (low < high) {
        uint64_t mid = low + (high - low) / 2;
        uint32_t n = count_below(io, s, part, mid);
        if (n == k)
            return mid;
        if (n > k)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static void draw(const struct node_io *io, const struct node_selection *s, float wanted)
{
    uint32_t most = wanted >= 0.5f ? wanted < (float)s->n ? (uint32_t)lrintf(wanted) : s->n : 0;

    io->state[DRAW]++;
    for (uint32_t part = 0; part < s->parts; part++) {
        uint32_t there = count_below(io, s, part, UINT64_MAX), k = most < there ? most : there;
        uint64_t limit = k ? find_lot(io, s, part, k) : 0;
        for (uint32_t i = 0; k && i < s->n; i++)        /* a mark changes no other head's lot */
            if (s->part[i] == part && lot(io, i) <= limit)
                io->state[WAS_IN + i] = io->state[DRAW];
    }
}

static bool differs(float a, float b)
{
    return a < b || a > b;
}

static void run(const struct node_io *io)
{
    const struct node_selection *s = io->in[0].value.selection;

    if (!io->in[1].value.n || (io->in[2].wired && !io->in[2].value.n)) {       /* of no heads: nothing triggers, and nobody is drawn */
        for (uint32_t n = 0; n < s->n; n++)
            memset(node_out(io, 0, n), 0, io->count * sizeof(float));
        return;
    }
    const float *trigger = node_row(io, 1, 0, 1), *count = node_row_or(io, 2, 0, 1, 1);

    for (uint32_t t = 0, end; t < io->count; t = end) {
        if ((io->is_first && !t) || differs(trigger[t], io->state[LAST]))
            draw(io, s, count[t]);
        for (end = t + 1; end < io->count && !differs(trigger[end], trigger[end - 1]);)
            end++;
        io->state[LAST] = trigger[end - 1];
        for (uint32_t n = 0; n < s->n; n++) {           /* the same until the next draw */
            float in = io->state[WAS_IN + n] < io->state[DRAW] ? 0 : 1, *out = node_out(io, 0, n);
            for (uint32_t i = t; i < end; i++)
                out[i] = in;
        }
    }
}

const struct node_desc node_random_select_mask = {
    .id = "random_select_mask", .label = "Random heads", .category = "Selection and space", .kind = NODE_SCAN,
    .help = "1 for some heads of the selection, drawn anew whenever the trigger changes, 0 for the others. A group-local selection draws in each group; of a mirrored one "
            "both of a pair are drawn together.",
    .in = (const struct port_desc[]){
        { "selection", "Selection", PORT_SELECTION, .help = "The heads." },
        { "trigger", "Trigger", PORT_SIGNAL, .channels = 1, .help = "A step, a count, an onset: any change is a new draw. One for all heads: of several the first." },
        { "count", "Count", PORT_SIGNAL, .channels = 1, .optional = true, .help = "How many are drawn, in each group; unconnected: 1. All heads together have one: of several the first." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "out", "Mask", PORT_SIGNAL, .channels = 1, .help = "0 or 1 for each head." }, { 0 } },
    .params = (const struct param_desc[]){
        { "avoid_repeat", "Avoid repeats", PARAM_BOOL, offsetof(struct params, avoid_repeat), .def = 1,
          .help = "Heads of the last draw are taken again only when there are no others." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .state_floats = state_floats,
    .run = run,
};
