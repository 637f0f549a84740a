#include "graph/node.h"
#include "graph/nodes/random.h"

/* State of a head: the trigger's last value, and how often it changed. */
enum { LAST, CHANGES, STATES };

struct params { float min[3], max[3]; };

static bool shape(struct node_setup *s)
{
    if (!node_broadcast_heads(s, &s->out[0]))
        return false;
    s->out[0].c = 1;
    s->out[1] = s->out[2] = s->out[0];
    return true;
}

static size_t state_floats(const struct node_setup *s)
{
    return (size_t)s->out[0].n * STATES;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *trigger = node_row(io, 0, n, 1);
        float *state = io->state + (size_t)n * STATES;
        float *out[3] = { node_out(io, 0, n), node_out(io, 1, n), node_out(io, 2, n) }, at[3] = { 0 };
        if (io->is_first)
            state[LAST] = trigger[0], state[CHANGES] = 0;
        for (uint32_t t = 0; t < io->count; t++) {
            bool is_new = trigger[t] < state[LAST] || trigger[t] > state[LAST];
            state[CHANGES] += is_new;
            state[LAST] = trigger[t];
            for (unsigned axis = 0; axis < 3 && (is_new || t == 0); axis++)
                at[axis] = p->min[axis] + (p->max[axis] - p->min[axis]) * random_unit(random_at(io->seed + axis, n, (uint64_t)state[CHANGES]));
            out[0][t] = at[0], out[1][t] = at[1], out[2][t] = at[2];
        }
    }
}

#define AXIS(name, label, k, low, high)                                                                                                    \
    { "min_" name, "Least " label, PARAM_FLOAT, offsetof(struct params, min[k]), .def = low, .min = -1000, .max = 1000, .step = 0.1,       \
      .unit = "m", .help = "Points lie from here ..." },                                                                                   \
    { "max_" name, "Most " label, PARAM_FLOAT, offsetof(struct params, max[k]), .def = high, .min = -1000, .max = 1000, .step = 0.1,       \
      .unit = "m", .help = "... to here." }

const struct node_desc node_random_position = {
    .id = "random_position", .label = "Random position", .category = "Movement", .kind = NODE_SCAN,
    .help = "A random point in the room, a new one whenever the trigger changes; for look_at_position. A trigger per head gives each head points of its own.",
    .in = (const struct port_desc[]){ { "trigger", "Trigger", PORT_SIGNAL, .channels = 1, .help = "A step, a count, an onset: any change gives a new point." }, { 0 } },
    .out = (const struct port_desc[]){
        { "x", "X", PORT_SIGNAL, .channels = 1, .help = "Metres, to the audience's right." },
        { "y", "Y", PORT_SIGNAL, .channels = 1, .help = "Metres, away from the audience." },
        { "z", "Z", PORT_SIGNAL, .channels = 1, .help = "Metres above the floor." },
        { 0 },
    },
    .params = (const struct param_desc[]){ AXIS("x", "x", 0, -4, 4), AXIS("y", "y", 1, -4, 4), AXIS("z", "z", 2, 0, 2), { 0 } },
    .params_size = sizeof(struct params),
    .shape = shape,
    .state_floats = state_floats,
    .run = run,
};
