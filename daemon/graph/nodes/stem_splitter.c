#include "graph/audio.h"

#include <stdio.h>

/* The stems in the order of the ports. */
static const enum graph_stem stems[] = { STEM_DRUMS, STEM_BASS, STEM_VOCALS, STEM_OTHER };

static bool shape(struct node_setup *s)
{
    if (s->in[0].value.audio->stem != AUDIO_MIX) {
        s->port = "audio_in";
        s->code = "bad_input";
        snprintf(s->message, sizeof s->message, "what comes in is a stem already");
        return false;
    }
    for (unsigned i = 0; i < GRAPH_STEMS; i++)
        if (!audio_replace(s, i, (int)stems[i]))
            return false;
    return true;
}

const struct node_desc node_stem_splitter = {
    .id = "stem_splitter", .label = "Stem splitter", .category = "Audio and analysis",
    .help = "The four parts of the track's sound, as the job stems separated them. Filters in front of it act on each of them. A part that is used and not "
            "there is an error.",
    .in = (const struct port_desc[]){ { "audio_in", "Audio", PORT_AUDIO, .help = "The track's sound." }, { 0 } },
    .out = (const struct port_desc[]){
        { "drums_out", "Drums", PORT_AUDIO, .help = "Drums and percussion." },
        { "bass_out", "Bass", PORT_AUDIO, .help = "The bass." },
        { "vocals_out", "Vocals", PORT_AUDIO, .help = "Voices." },
        { "other_out", "Other", PORT_AUDIO, .help = "Everything else." },
        { 0 },
    },
    .reads = READS_STEMS,
    .shape = shape,
};
