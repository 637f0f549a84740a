#include "graph/node.h"

const struct node_desc node_mel_spec_viewer = {
    .id = "mel_spec_viewer", .label = "View spectrogram", .category = "Views",
    .help = "Shows in the editor which frequencies sound when, in 128 bands as the ear spaces them, from 20 Hz to 16 kHz. It runs only when an editor asks.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_AUDIO, .help = "The sound, as it is behind filters and splitters." }, { 0 } },
    .is_view = true, .view = VIEW_MEL,
};
