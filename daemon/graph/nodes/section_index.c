#include "graph/node.h"

static bool shape(struct node_setup *s)
{
    if (!s->ctx->analysis || !s->ctx->analysis->has_sections)
        return node_not_analysed(s, "sections", "features");
    s->out[0].varies = s->out[1].varies = true;
    return true;
}

/* How many sections have begun. */
static size_t count_until(const struct analysis *a, double seconds)
{
    size_t low = 0, high = a->n_sections;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (a->sections[mid].start <= seconds)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void run(const struct node_io *io)
{
    const struct analysis *a = io->ctx->analysis;
    float *index = node_out(io, 0, 0), *is_drop = node_out(io, 1, 0);

    for (uint32_t i = 0; i < io->count; i++) {
        double seconds = node_seconds(io->ctx, io->from + i);
        size_t begun = count_until(a, seconds);
        index[i] = begun ? (float)(begun - 1) : 0;
        is_drop[i] = begun && a->sections[begun - 1].is_drop && seconds < a->sections[begun - 1].end ? 1 : 0;
    }
}

const struct node_desc node_section_index = {
    .id = "section_index", .label = "Section", .category = "Audio and analysis",
    .help = "Which section of the track plays: intro, verse, build, drop and so on, counted from 0 as they come. Before the first it is 0, after one it stays until "
            "the next begins. Needs the track's \"features\".",
    .out = (const struct port_desc[]){
        { "out", "Index", PORT_SIGNAL, .channels = 1, .help = "0, 1, 2 ..." },
        { "is_drop", "In a drop", PORT_SIGNAL, .channels = 1, .help = "1 in a drop, else 0." },
        { 0 },
    },
    .reads = READS_ANALYSIS,
    .shape = shape,
    .run = run,
};
