#include "graph/node.h"

const struct node_desc node_apply_position = {
    .id = "apply_position", .label = "Apply position", .category = "Outputs",
    .help = "Moves heads. An axis that is not connected, and a value that is not a number, hold.",
    .in = (const struct port_desc[]){
        { "selection", "Selection", PORT_SELECTION, .optional = true,
          .help = "The heads; unconnected: the pattern's first selection argument, else all." },
        { "pan", "Pan", PORT_SIGNAL, .channels = 1, .optional = true,
          .help = "Degrees from the middle, counter-clockwise." },
        { "tilt", "Tilt", PORT_SIGNAL, .channels = 1, .optional = true,
          .help = "Degrees from the middle, towards the audience." },
        { 0 },
    },
    .writes = (const struct node_write[]){ { PROP_PAN, 1, false }, { PROP_TILT, 2, false } }, .n_writes = 2,
};
