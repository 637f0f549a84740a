#include "graph/nodes/pass_filter.h"

static bool shape(struct node_setup *s)
{
    return pass_shape(s, AUDIO_HIGH_PASS);
}

const struct node_desc node_highpass_filter = {
    .id = "highpass_filter", .label = "High-pass filter", .category = "Audio and analysis",
    .help = "Takes away what is below the cutoff, 12 dB more with each octave.",
    .in = PASS_IN,
    .out = PASS_OUT,
    .params = (const struct param_desc[]){ PASS_CUTOFF("What is below it goes."), PASS_Q, { 0 } },
    .params_size = sizeof(struct pass_params),
    .shape = shape,
};
