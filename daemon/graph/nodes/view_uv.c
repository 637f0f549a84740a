#include "graph/node.h"

const struct node_desc node_view_uv = {
    .id = "view_uv", .label = "View direction", .category = "Views",
    .help = "Shows in the editor the path that a direction goes: across and up, one line for each head. Of a signal with more channels the first two, one with fewer as "
            "in View signal. It runs only when an editor asks.",
    .in = (const struct port_desc[]){ { "in", "In", PORT_ANY, .help = "A direction." }, { 0 } },
    .is_view = true, .view = VIEW_UV,
};
