#include "graph/node.h"

const struct node_desc node_apply_movement = {
    .id = "apply_movement", .label = "Apply movement", .category = "Outputs",
    .help = "Moves heads about the base direction of their group: across 1 is the group's pan range away from it, up 1 its tilt range, turned by its rotation. A "
            "head in several of the groups that the selection names moves about the first one's; one in none about straight ahead, 90 and 45 degrees wide.",
    .in = (const struct port_desc[]){
        { "selection", "Selection", PORT_SELECTION, .optional = true,
          .help = "The heads; unconnected: the pattern's first selection argument, else all." },
        { "uv", "Direction", PORT_SIGNAL, .channels = 2, .help = "Across and up, -1 to 1." },
        { 0 },
    },
    .writes = (const struct node_write[]){ { PROP_PAN, 1, .is_direction = true }, { PROP_TILT, 1, .is_direction = true } }, .n_writes = 2,
};
