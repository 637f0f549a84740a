#include "graph/node.h"

const struct node_desc node_apply_speed = {
    .id = "apply_speed", .label = "Apply speed", .category = "Outputs",
    .help = "Lets heads move or freezes them; layers multiply.",
    .in = (const struct port_desc[]){
        { "selection", "Selection", PORT_SELECTION, .optional = true,
          .help = "The heads; unconnected: the pattern's first selection argument, else all." },
        { "speed", "Speed", PORT_SIGNAL, .channels = 1, .help = "Above 0.5 moves, else freezes." },
        { 0 },
    },
    .writes = (const struct node_write[]){ { PROP_SPEED, 1, false } }, .n_writes = 1,
};
