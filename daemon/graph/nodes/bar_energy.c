#include "graph/node.h"

static bool shape(struct node_setup *s)
{
    if (!s->ctx->analysis || !s->ctx->analysis->has_energy)
        return node_not_analysed(s, "bar energies", "features");
    s->out[0].varies = true;
    return true;
}

/* The bar that has begun last; NULL before the first. */
static const struct analysis_bar *bar_at(const struct analysis *a, double seconds)
{
    size_t low = 0, high = a->n_bars;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (a->bars[mid].start <= seconds)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? &a->bars[low - 1] : NULL;
}

static void run(const struct node_io *io)
{
    const struct analysis *a = io->ctx->analysis;
    float *out = node_out(io, 0, 0);

    for (uint32_t i = 0; i < io->count; i++) {
        double seconds = node_seconds(io->ctx, io->from + i);
        const struct analysis_bar *b = bar_at(a, seconds);
        bool is_over = b == a->bars + a->n_bars - 1 && b && seconds >= b->end;
        out[i] = b && !is_over ? b->energy : 0;
    }
}

const struct node_desc node_bar_energy = {
    .id = "bar_energy", .label = "Bar energy", .category = "Audio and analysis",
    .help = "How loud and busy the current bar is against the track's other bars; it steps at each bar. 0 before the first bar and after the last. Needs the track's "
            "\"features\".",
    .out = (const struct port_desc[]){ { "out", "Energy", PORT_SIGNAL, .channels = 1, .help = "0 for the quietest bar to 1 for the fullest." }, { 0 } },
    .reads = READS_ANALYSIS,
    .shape = shape,
    .run = run,
};
