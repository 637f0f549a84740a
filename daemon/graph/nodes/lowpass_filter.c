#include "graph/nodes/pass_filter.h"

static bool shape(struct node_setup *s)
{
    return pass_shape(s, AUDIO_LOW_PASS);
}

const struct node_desc node_lowpass_filter = {
    .id = "lowpass_filter", .label = "Low-pass filter", .category = "Audio and analysis",
    .help = "Takes away what is above the cutoff, 12 dB more with each octave.",
    .in = PASS_IN,
    .out = PASS_OUT,
    .params = (const struct param_desc[]){ PASS_CUTOFF("What is above it goes."), PASS_Q, { 0 } },
    .params_size = sizeof(struct pass_params),
    .shape = shape,
};
