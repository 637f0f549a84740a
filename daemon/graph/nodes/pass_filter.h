#pragma once
/* What lowpass_filter and highpass_filter share: one filter of second order. */
#include "graph/audio.h"

struct pass_params { float cutoff_hz, q; };

static inline bool pass_shape(struct node_setup *s, enum audio_pass pass)
{
    const struct pass_params *p = s->params;

    return audio_filter(s, 0, &(struct audio_filter){ pass, (double)p->cutoff_hz, (double)p->q }, 1);
}

#define PASS_IN  (const struct port_desc[]){ { "audio_in", "Audio", PORT_AUDIO, .help = "The sound." }, { 0 } }
#define PASS_OUT (const struct port_desc[]){ { "audio_out", "Audio", PORT_AUDIO, .help = "What is left of it." }, { 0 } }
#define PASS_CUTOFF(text) \
    { "cutoff_hz", "Cutoff", PARAM_FLOAT, offsetof(struct pass_params, cutoff_hz), .def = 200, .min = 20, .max = 20000, .step = 1, .unit = "Hz", .help = text }
#define PASS_Q \
    { "q", "Q", PARAM_FLOAT, offsetof(struct pass_params, q), .def = 0.707, .min = 0.1, .max = 10, .step = 0.01, \
      .help = "0.707 is flat up to the cutoff; more rings there, less falls earlier." }
