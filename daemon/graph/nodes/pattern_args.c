#include "graph/node.h"

const struct node_desc node_pattern_args = {
    .id = "pattern_args", .label = "Pattern arguments", .category = "Sources",
    .help = "One output per argument of the pattern, named by the argument's id: a colour, a number, a selection, "
            "or the number (from 0) of a choice.",
    .is_args = true,
};
