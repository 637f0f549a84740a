#include "graph/node.h"

const struct node_desc node_view_channel = {
    .id = "view_channel", .label = "View channel", .category = "Views",
    .help = "Shows in the editor one channel of a signal over time: red of a colour, C sharp of a chroma. A signal that has no such channel shows nothing. It runs "
            "only when an editor asks.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_ANY, .help = "The signal; what is none is shown as in View signal." }, { 0 } },
    .params = (const struct param_desc[]){
        { "channel", "Channel", PARAM_INT, offsetof(struct view_channel, channel), .def = 0, .min = 0, .max = 63, .step = 1, .help = "Counted from 0." },
        { 0 },
    },
    .params_size = sizeof(struct view_channel),
    .is_view = true, .view = VIEW_CHANNEL,
};
