#include "graph/node.h"

#include <math.h>

/* Longer echoes would make every tile compute minutes of what feeds it. */
#define MAX_DELAY_S 30.0f

static float held(float delay)
{
    return delay > MAX_DELAY_S ? MAX_DELAY_S : delay > -MAX_DELAY_S ? delay : isnan(delay) ? 0 : -MAX_DELAY_S;
}

static bool shape(struct node_setup *s)
{
    s->out[0].c = s->in[0].value.c;
    return node_broadcast_heads(s, &s->out[0]);
}

/* Constant delays, the usual case, say exactly how far; others may go as far as is allowed. */
static void window(const struct node_setup *s, uint32_t *before, uint32_t *after)
{
    const struct node_input *delay = &s->in[1];
    float low = 0, high = 0;

    if (delay->wired && delay->value.varies)
        low = -MAX_DELAY_S, high = MAX_DELAY_S;
    for (uint32_t i = 0; delay->wired && !delay->value.varies && i < delay->value.n; i++) {
        float d = held(delay->data[i]);
        low = d < low ? d : low;
        high = d > high ? d : high;
    }
    *before = (uint32_t)ceilf(high * SAMPLE_RATE) + 1;
    *after = (uint32_t)ceilf(-low * SAMPLE_RATE) + 1;
}

/*
 * One delay for the whole stretch, the usual case: where a sample comes from moves along with it. From `from` on `whole` samples further and `part` of the next
 * one, held at the annotation's ends.
 */
static void shifted(const struct node_io *io, const float *in, int64_t first, float delay, float *restrict out)
{
    uint32_t c = io->out[0].c;
    double shift = -(double)held(delay) * SAMPLE_RATE, whole = floor(shift);
    float part = (float)(shift - whole);
    int64_t from = io->from + (int64_t)whole, last = (int64_t)io->ctx->samples - 1, count = io->count;
    int64_t early = from < 0 ? -from : 0, late = last - from;

    early = early < count ? early : count;              /* samples [0, early) hold the first one, [late, count) the last */
    late = late < early ? early : late < count ? late : count;
    for (int64_t i = 0; i < early; i++)
        for (uint32_t k = 0; k < c; k++)
            out[i * c + k] = in[-first * c + k];
    if (early < late) {
        const float *a = in + (from + early - first) * c, *b = part > 0 ? a + c : a;
        float *moved = out + early * c;
        for (int64_t i = 0; i < (late - early) * c; i++)        /* vectorised */
            moved[i] = a[i] * (1 - part) + b[i] * part;
    }
    for (int64_t i = late; i < count; i++)
        for (uint32_t k = 0; k < c; k++)
            out[i * c + k] = in[(last - first) * c + k];
}

static void run(const struct node_io *io)
{
    const struct node_input *in = &io->in[0];
    uint32_t c = io->out[0].c;
    double last = (double)io->ctx->samples - 1;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *from = in->data + (in->value.n == 1 ? 0 : (size_t)n * in->t * c);
        const float *delay = node_row_or(io, 1, n, 1, 0);
        float *out = node_out(io, 0, n);
        if (in->value.varies && !io->in[1].value.varies) {
            shifted(io, from, in->from, delay[0], out);
            continue;
        }
        for (uint32_t i = 0; i < io->count; i++, out += c) {
            double at = (double)(io->from + i) - (double)held(delay[i]) * SAMPLE_RATE;
            at = at < 0 ? 0 : at > last ? last : at;
            double whole = floor(at);
            float part = (float)(at - whole);
            const float *a = in->value.varies ? from + (size_t)((int64_t)whole - in->from) * c : from;
            const float *b = in->value.varies && part > 0 ? a + c : a;
            for (uint32_t k = 0; k < c; k++)
                out[k] = a[k] * (1 - part) + b[k] * part;
        }
    }
}

const struct node_desc node_time_delay = {
    .id = "time_delay", .label = "Time delay", .category = "Signal maths", .kind = NODE_WINDOW, .ends_clamp = true,
    .help = "The signal some seconds later, for each head by its own delay. Before the annotation's first sample "
            "and after its last, these are held. A negative delay looks ahead; 30 s is the most either way.",
    .in = (const struct port_desc[]){
        { "in", "In", PORT_SIGNAL, .help = "The signal." },
        { "delay", "Delay", PORT_SIGNAL, .channels = 1, .optional = true,
          .help = "Seconds, one per head; unconnected: none." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "out", "Out", PORT_SIGNAL, .help = "The delayed signal." }, { 0 } },
    .shape = shape,
    .window = window,
    .run = run,
};
