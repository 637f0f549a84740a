#include "graph/node.h"

const struct node_desc node_beat_clock = {
    .id = "beat_clock", .label = "Beat clock", .category = "Sources",
    .help = "Beats, downbeats and tempo of the track, reaching beyond the annotation on both sides.",
    .out = (const struct port_desc[]){
        { "grid_out", "Beat grid", PORT_GRID, .help = "The track's beats." },
        { 0 },
    },
};
