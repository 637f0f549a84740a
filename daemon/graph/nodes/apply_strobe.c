#include "graph/node.h"

const struct node_desc node_apply_strobe = {
    .id = "apply_strobe", .label = "Apply strobe", .category = "Outputs",
    .help = "Writes the strobe.",
    .in = (const struct port_desc[]){
        { "selection", "Selection", PORT_SELECTION, .optional = true,
          .help = "The heads; unconnected: the pattern's first selection argument, else all." },
        { "signal", "Strobe", PORT_SIGNAL, .channels = 1, .help = "0 open to 1 fastest." },
        { 0 },
    },
    .writes = (const struct node_write[]){ { PROP_STROBE, 1, false } }, .n_writes = 1,
};
