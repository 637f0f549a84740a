#include "graph/node.h"

#include "dsp/dmath.h"

struct params { float subdivision, phase_deg, amplitude, offset; };

static bool shape(struct node_setup *s)
{
    if (!node_broadcast_heads(s, &s->out[0]))
        return false;
    s->out[0].varies = true;
    return true;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const double *beats = node_beats(io);
    double phase = p->phase_deg / 360.0;

    for (uint32_t n = 0; n < io->out[0].n; n++) {
        const float *cycles = node_row_or(io, 1, n, 1, p->subdivision);
        float *restrict out = node_out(io, 0, n);
        for (uint32_t i = 0; i < io->count; i++)        /* vectorised */
            out[i] = p->offset + p->amplitude * (float)dsp_sin_turns(beats[i] * (double)cycles[i] + phase);
    }
}

const struct node_desc node_sine_wave = {
    .id = "sine_wave", .label = "Sine wave", .category = "Time generators",
    .help = "offset + amplitude * sin(2 pi (beats * subdivision + phase / 360)), locked to the track's musical time.",
    .in = (const struct port_desc[]){
        { "grid", "Beat grid", PORT_GRID, .help = "The track's beats." },
        { "subdivision", "Subdivision", PORT_SIGNAL, .channels = 1, .optional = true,
          .help = "Cycles per beat, instead of the parameter." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "out", "Wave", PORT_SIGNAL, .channels = 1,
      .help = "offset +- amplitude." }, { 0 } },
    .params = (const struct param_desc[]){
        { "subdivision", "Subdivision", PARAM_FLOAT, offsetof(struct params, subdivision), .def = 1, .min = -64, .max = 64,
          .step = 0.25, .unit = "cycles per beat", .help = "2 is twice a beat, 0.25 once in four beats." },
        { "phase_deg", "Phase", PARAM_FLOAT, offsetof(struct params, phase_deg), .def = 0, .min = -3600, .max = 3600, .step = 1,
          .unit = "deg", .help = "Where in its cycle it stands at beat 0." },
        { "amplitude", "Amplitude", PARAM_FLOAT, offsetof(struct params, amplitude), .def = 1, .min = -1e4, .max = 1e4,
          .step = 0.01, .help = "How far it swings to each side." },
        { "offset", "Offset", PARAM_FLOAT, offsetof(struct params, offset), .def = 0, .min = -1e4, .max = 1e4, .step = 0.01,
          .help = "What it swings about." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .run = run,
};
