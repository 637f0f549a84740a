#include "graph/audio.h"

static bool shape(struct node_setup *s)
{
    return audio_source(s, 0, AUDIO_MIX);
}

const struct node_desc node_audio_input = {
    .id = "audio_input", .label = "Audio input", .category = "Sources",
    .help = "The track's sound over the annotation; what reads it mixes it to mono, at the track's own rate.",
    .out = (const struct port_desc[]){
        { "out", "Audio", PORT_AUDIO, .help = "The track's sound." },
        { 0 },
    },
    .reads = READS_AUDIO,
    .shape = shape,
};
