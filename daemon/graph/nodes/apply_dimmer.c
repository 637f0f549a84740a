#include "graph/node.h"

const struct node_desc node_apply_dimmer = {
    .id = "apply_dimmer", .label = "Apply dimmer", .category = "Outputs",
    .help = "Writes intensity alone; together with a colour the two multiply.",
    .in = (const struct port_desc[]){
        { "selection", "Selection", PORT_SELECTION, .optional = true,
          .help = "The heads; unconnected: the pattern's first selection argument, else all." },
        { "signal", "Level", PORT_SIGNAL, .channels = 1, .help = "0 to 1." },
        { 0 },
    },
    .writes = (const struct node_write[]){ { PROP_DIMMER, 1, false } }, .n_writes = 1,
};
