#include "graph/node.h"

const struct node_desc node_view_signal = {
    .id = "view_signal", .label = "View signal", .category = "Views",
    .help = "Shows in the editor what passes here: a signal over time, the sound's waveform, the beats, or the "
            "heads of a selection. It runs only when an editor asks.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_ANY, .help = "Whatever is to be seen." }, { 0 } },
    .is_view = true,
};
