#include "graph/node.h"

const struct node_desc node_apply_color = {
    .id = "apply_color", .label = "Apply colour", .category = "Outputs",
    .help = "Writes colour and intensity: the largest of red, green and blue is the intensity, alpha says how much "
            "of the hue below shows.",
    .in = (const struct port_desc[]){
        { "selection", "Selection", PORT_SELECTION, .optional = true,
          .help = "The heads; unconnected: the pattern's first selection argument, else all." },
        { "signal", "Colour", PORT_SIGNAL, .channels = 3, .help = "RGB or RGBA, 0 to 1." },
        { 0 },
    },
    .writes = (const struct node_write[]){ { PROP_COLOR, 1, false } }, .n_writes = 1,
};
