#include "graph/node.h"

#include <string.h>

/* State: the trigger's last value, then what is held, for each head. */

static bool shape(struct node_setup *s)
{
    s->out[0].c = s->in[0].value.c;
    return node_broadcast_heads(s, &s->out[0]);
}

static size_t state_floats(const struct node_setup *s)
{
    return (size_t)s->out[0].n * (s->out[0].c + 1);
}

static void run(const struct node_io *io)
{
    uint32_t c = io->out[0].c;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *in = node_row(io, 0, n, c), *trigger = node_row(io, 1, n, 1);
        float *out = node_out(io, 0, n), *last = io->state + (size_t)n * (c + 1), *held = last + 1;
        if (io->is_first) {
            memcpy(held, in, c * sizeof *held);
            *last = trigger[0];
        }
        if (c == 1) {
            float now = *held, was = *last;
            for (uint32_t t = 0; t < io->count; t++) {
                now = trigger[t] > was ? in[t] : now;
                was = trigger[t];
                out[t] = now;
            }
            *held = now, *last = was;
            continue;
        }
        for (uint32_t t = 0; t < io->count; t++, in += c, out += c) {
            if (trigger[t] > *last)
                memcpy(held, in, c * sizeof *held);
            *last = trigger[t];
            memcpy(out, held, c * sizeof *out);
        }
    }
}

const struct node_desc node_sample_hold = {
    .id = "sample_hold", .label = "Sample and hold", .category = "Signal maths", .kind = NODE_SCAN,
    .help = "Takes the signal's value whenever the trigger rises, and keeps it until the trigger rises again. Begins with the first value.",
    .in = (const struct port_desc[]){
        { "in", "In", PORT_SIGNAL, .help = "The signal." },
        { "trigger", "Trigger", PORT_SIGNAL, .channels = 1, .help = "Takes a value at each sample at which this is higher than before." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "out", "Held", PORT_SIGNAL, .help = "The value held." }, { 0 } },
    .shape = shape,
    .state_floats = state_floats,
    .run = run,
};
