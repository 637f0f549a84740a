#include "graph/audio.h"

static bool shape(struct node_setup *s)
{
    return audio_source(s, 0, AUDIO_MIX);
}

const struct node_desc node_pattern_entry = {
    .id = "pattern_entry", .label = "Pattern entry", .category = "Sources",
    .help = "The annotation's audio and beat grid in one node.",
    .out = (const struct port_desc[]){
        { "audio", "Audio", PORT_AUDIO, .help = "The track's sound." },
        { "grid", "Beat grid", PORT_GRID, .help = "The track's beats." },
        { 0 },
    },
    .reads = READS_AUDIO,
    .shape = shape,
};
