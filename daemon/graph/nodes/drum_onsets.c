#include "dsp/dmath.h"
#include "graph/node.h"

/* Fallen below this an impulse is over. */
#define QUIET 1e-4

struct params { float decay_ms; };

static bool shape(struct node_setup *s)
{
    if (!s->ctx->analysis || !s->ctx->analysis->has_onsets)
        return node_not_analysed(s, "drums", "features");
    for (int i = 0; i < ANALYSIS_DRUMS; i++)
        s->out[i].varies = true;
    return true;
}

/* How many onsets are not after `seconds`. */
static size_t count_until(const struct analysis_onsets *o, double seconds)
{
    size_t low = 0, high = o->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (o->at[mid] <= seconds)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The strongest of the impulses that still ring; none is above 1, so the newest mostly says it all. */
static double level(const struct analysis_onsets *o, size_t heard, double seconds, double decay_s)
{
    double best = 0;

    for (size_t i = heard; i-- > 0;) {
        double fallen = dsp_exp((o->at[i] - seconds) / decay_s), now = fallen * (double)o->strength[i];
        if (fallen < QUIET || fallen <= best)
            break;
        best = now > best ? now : best;
    }
    return best;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    double decay_s = (double)p->decay_ms / 1000;

    for (unsigned drum = 0; drum < ANALYSIS_DRUMS; drum++) {
        const struct analysis_onsets *o = &io->ctx->analysis->drums[drum];
        float *out = node_out(io, drum, 0);
        size_t heard = count_until(o, node_seconds(io->ctx, io->from));
        for (uint32_t i = 0; i < io->count; i++) {
            double seconds = node_seconds(io->ctx, io->from + i);
            while (heard < o->n && o->at[heard] <= seconds)
                heard++;
            out[i] = (float)level(o, heard, seconds, decay_s);
        }
    }
}

const struct node_desc node_drum_onsets = {
    .id = "drum_onsets", .label = "Drum onsets", .category = "Audio and analysis",
    .help = "An impulse at each hit of the drums, as high as the hit is strong, that dies away; where several still ring, the highest. Needs the track's \"features\".",
    .out = (const struct port_desc[]){
        [DRUM_KICK] = { "kick", "Kick", PORT_SIGNAL, .channels = 1, .help = "0 to 1." },
        [DRUM_SNARE] = { "snare", "Snare", PORT_SIGNAL, .channels = 1, .help = "0 to 1." },
        [DRUM_HIHAT] = { "hihat", "Hi-hat", PORT_SIGNAL, .channels = 1, .help = "0 to 1." },
        { 0 },
    },
    .params = (const struct param_desc[]){
        { "decay_ms", "Decay", PARAM_FLOAT, offsetof(struct params, decay_ms), .def = 80, .min = 1, .max = 10000, .step = 5, .unit = "ms",
          .help = "Time constant: after it 37 % is left, after five times as long nothing to speak of." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .reads = READS_ANALYSIS,
    .shape = shape,
    .run = run,
};
