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

/* The envelope at `phase` (0..1) of the span between two pulses. */
static float envelope(const struct params *p, float phase)
{
    float at = phase * (p->attack + p->decay + p->sustain + p->release);
    float decay = p->attack, sustain = decay + p->decay, release = sustain + p->sustain;

    if (at < decay)
        return dsp_shape(dsp_clamp01(stage(at, 0, p->attack)), p->attack_curve);
    if (at < sustain)
        return 1 - (1 - p->sustain_level) * dsp_shape(dsp_clamp01(stage(at, decay, p->decay)), p->decay_curve);
    if (at < release)
        return p->sustain_level;
    return p->sustain_level * (1 - dsp_shape(dsp_clamp01(stage(at, release, p->release)), p->decay_curve));
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const struct beatgrid *grid = io->ctx->grid;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *pulses = node_row_or(io, 1, n, 1, p->subdivision);
        float *out = node_out(io, 0, n);
        for (uint32_t i = 0; i < io->count; i++) {
            double beat = node_beat(io->ctx, io->from + i) - p->offset, phase;
            if (p->only_downbeats)
                phase = beatgrid_bar_phase(grid, beatgrid_seconds(grid, beat));
            else
                phase = beat * (double)pulses[i];
            float at = (float)(phase - floor(phase));
            if (at >= 1)                /* rounded up: the next pulse */
                at = 0;
            out[i] = pulses[i] > 0 || p->only_downbeats ? p->amplitude * envelope(p, at) : 0;
        }
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
