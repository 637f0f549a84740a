#include "graph/node.h"

#include <math.h>

#include "dsp/dmath.h"

struct params {
    float subdivision, offset, attack, decay, sustain, release, sustain_level, attack_curve, decay_curve, amplitude;
    bool only_downbeats;
};

static bool shape(struct node_setup *s)
{
    if (!node_broadcast_heads(s, &s->out[0]))
        return false;
    s->out[0].varies = true;
    return true;
}

/* x of a stage of weight `weight` that starts at `from`; a stage of weight 0 is over at once. */
static float stage(float at, float from, float weight)
{
    return weight > 0 ? (at - from) / weight : 1;
}

/* The envelope at `phase` (0..1) of the span between two pulses. All stages are computed and one is chosen: that is quicker than to ask first. */
static inline float envelope(const struct params *p, float phase, bool is_straight)
{
    float at = phase * (p->attack + p->decay + p->sustain + p->release);
    float decay = p->attack, sustain = decay + p->decay, release = sustain + p->sustain;
    float up = dsp_clamp01(stage(at, 0, p->attack)), down = dsp_clamp01(stage(at, decay, p->decay)), out = dsp_clamp01(stage(at, release, p->release));

    if (!is_straight)
        up = dsp_shape(up, p->attack_curve), down = dsp_shape(down, p->decay_curve), out = dsp_shape(out, p->decay_curve);
    down = 1 - (1 - p->sustain_level) * down;
    out = p->sustain_level * (1 - out);
    out = at < release ? p->sustain_level : out;
    out = at < sustain ? down : out;
    return at < decay ? up : out;
}

/* Where between two pulses each sample lies; below 0: there are none. */
static void phases(const struct params *p, const struct node_io *io, const double *beats, const float *pulses, float *restrict out)
{
    const struct beatgrid *grid = io->ctx->grid;

    if (!p->only_downbeats) {
        for (size_t i = 0; i < io->count; i++) {        /* vectorised */
            double phase = (beats[i] - (double)p->offset) * (double)pulses[i];
            float at = (float)(phase - dsp_floor(phase));
            at = at < 1 ? at : 0;       /* rounded up: the next pulse */
            out[i] = pulses[i] > 0 ? at : -1;
        }
        return;
    }
    for (size_t i = 0; i < io->count; i++) {
        float at = (float)beatgrid_bar_phase(grid, beatgrid_seconds(grid, beats[i] - (double)p->offset));
        out[i] = at >= 0 && at < 1 ? at : 0;
    }
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const double *beats = node_beats(io);

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        float *restrict out = node_out(io, 0, n);
        phases(p, io, beats, node_row_or(io, 1, n, 1, p->subdivision), out);
        if (fabsf(p->attack_curve) < 0.001f && fabsf(p->decay_curve) < 0.001f)
            for (size_t i = 0; i < io->count; i++) {    /* vectorised */
                float level = p->amplitude * envelope(p, out[i], true);
                out[i] = out[i] < 0 ? 0 : level;
            }
        else
            for (size_t i = 0; i < io->count; i++)
                out[i] = out[i] < 0 ? 0 : p->amplitude * envelope(p, out[i], false);
    }
}

const struct node_desc node_beat_envelope = {
    .id = "beat_envelope", .label = "Beat envelope", .category = "Audio and analysis",
    .help = "An envelope on each pulse of the track's beat. The span between two pulses is divided among attack, "
            "decay, sustain and release by their weights. With x going from 0 to 1 in each stage: attack shape(x, "
            "attack_curve); decay 1 - (1 - sustain_level) shape(x, decay_curve); sustain sustain_level; release "
            "sustain_level (1 - shape(x, decay_curve)); all times amplitude. A stage of weight 0 is left out; all "
            "weights 0 give 0.",
    .in = (const struct port_desc[]){
        { "grid", "Beat grid", PORT_GRID, .help = "The track's beats." },
        { "subdivision", "Subdivision", PORT_SIGNAL, .channels = 1, .optional = true,
          .help = "Pulses per beat, instead of the parameter; 0 or less gives no pulse." },
        { 0 },
    },
    .out = (const struct port_desc[]){
        { "out", "Envelope", PORT_SIGNAL, .channels = 1, .help = "0 to amplitude." },
        { 0 },
    },
    .params = (const struct param_desc[]){
#define WEIGHT(name, text, value)                                                                                          \
    { #name, text, PARAM_FLOAT, offsetof(struct params, name), .def = value, .min = 0, .max = 100, .step = 0.01,           \
      .help = "Share of the span between two pulses." }
        { "subdivision", "Subdivision", PARAM_FLOAT, offsetof(struct params, subdivision), .def = 1, .min = 0.015625, .max = 64,
          .step = 0.25, .unit = "pulses per beat", .help = "2 is eighths, 0.25 one pulse in four beats." },
        { "only_downbeats", "Only downbeats", PARAM_BOOL, offsetof(struct params, only_downbeats),
          .help = "One pulse per bar, on its first beat; subdivision is not used." },
        { "offset", "Offset", PARAM_FLOAT, offsetof(struct params, offset), .def = 0, .min = -64, .max = 64, .step = 0.25,
          .unit = "beats", .help = "Moves every pulse later." },
        WEIGHT(attack, "Attack", 0.3),
        WEIGHT(decay, "Decay", 0.2),
        WEIGHT(sustain, "Sustain", 0.3),
        WEIGHT(release, "Release", 0.2),
#undef WEIGHT
        { "sustain_level", "Sustain level", PARAM_FLOAT, offsetof(struct params, sustain_level), .def = 0.7, .min = 0, .max = 1,
          .step = 0.01, .help = "Level after the decay, as a part of the peak." },
        { "attack_curve", "Attack curve", PARAM_FLOAT, offsetof(struct params, attack_curve), .def = 0, .min = -1, .max = 1,
          .step = 0.01, .help = "0 straight; above, rises late; below, rises early." },
        { "decay_curve", "Decay curve", PARAM_FLOAT, offsetof(struct params, decay_curve), .def = 0, .min = -1, .max = 1,
          .step = 0.01, .help = "The same for decay and release: above 0 they fall late, below early." },
        { "amplitude", "Amplitude", PARAM_FLOAT, offsetof(struct params, amplitude), .def = 1, .min = -1e4, .max = 1e4,
          .step = 0.01, .help = "Factor on the whole." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
