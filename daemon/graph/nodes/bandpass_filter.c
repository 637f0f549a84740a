#include "graph/audio.h"

#include <math.h>
#include <stdio.h>

struct params { float low_hz, high_hz; };

static bool check(const void *params, char *message, size_t size)
{
    const struct params *p = params;

    if (p->low_hz < p->high_hz)
        return true;
    snprintf(message, size, "low_hz must be below high_hz");
    return false;
}

static bool shape(struct node_setup *s)
{
    const struct params *p = s->params;
    const struct audio_filter band[] = {
        { AUDIO_HIGH_PASS, (double)p->low_hz, M_SQRT1_2 },
        { AUDIO_LOW_PASS, (double)p->high_hz, M_SQRT1_2 },
    };

    return audio_filter(s, 0, band, 2);
}

const struct node_desc node_bandpass_filter = {
    .id = "bandpass_filter", .label = "Band-pass filter", .category = "Audio and analysis",
    .help = "One band of the sound for what follows; what is outside goes, 12 dB more with each octave.",
    .in = (const struct port_desc[]){ { "audio_in", "Audio", PORT_AUDIO, .help = "The sound." }, { 0 } },
    .out = (const struct port_desc[]){ { "audio_out", "Audio", PORT_AUDIO, .help = "The band." }, { 0 } },
    .params = (const struct param_desc[]){
        { "low_hz", "From", PARAM_FLOAT, offsetof(struct params, low_hz), .def = 200, .min = 20, .max = 20000, .step = 1, .unit = "Hz",
          .help = "Where the band begins, 3 dB down." },
        { "high_hz", "To", PARAM_FLOAT, offsetof(struct params, high_hz), .def = 2000, .min = 20, .max = 20000, .step = 1, .unit = "Hz",
          .help = "Where it ends, 3 dB down; above the lower limit." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .check = check,
    .shape = shape,
};
