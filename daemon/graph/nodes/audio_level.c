#include "graph/audio.h"

#include <math.h>

/* The sound is cut into slices of about a millisecond, at the same places for whoever asks; a window is so many of them. */
enum { KEPT = 4096, PIECE = 4096 };     /* slices of the longest window, and what it may overlap; samples read at a time */

struct params { float window_ms; };

struct slices {
    struct audio_reader sound;
    uint32_t size;                      /* samples of one */
    int64_t low, high;                  /* kept: low <= i < high */
    float *energy, *peak, *samples;     /* [i % KEPT]; [PIECE] */
};

static bool shape(struct node_setup *s)
{
    s->out[0].varies = s->out[1].varies = true;
    return audio_expect(s, 0);
}

static size_t work_floats(const struct node_setup *s)
{
    (void)s;
    return 2 * KEPT + PIECE;
}

static uint32_t effort(const struct node_setup *s)
{
    const struct params *p = s->params;

    return audio_effort(s->in[0].value.audio) + (uint32_t)(2 * p->window_ms);
}

static void add(struct slices *s, const float *x)
{
    float energy = 0, peak = 0;

    for (uint32_t i = 0; i < s->size; i++) {
        float level = fabsf(x[i]);
        energy += x[i] * x[i];
        peak = level > peak ? level : peak;
    }
    s->energy[s->high & (KEPT - 1)] = energy;
    s->peak[s->high & (KEPT - 1)] = peak;
    s->high++;
}

static void reach(struct slices *s, int64_t from, int64_t to)
{
    if (from > s->high || s->high == s->low)
        s->low = s->high = from;
    while (s->high < to) {
        int64_t n = PIECE / s->size, left = to - s->high;
        n = left < n ? left : n;
        audio_read(&s->sound, s->high * s->size, (uint32_t)n * s->size, s->samples);
        for (int64_t i = 0; i < n; i++)
            add(s, s->samples + i * s->size);
    }
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    const struct audio_chain *chain = io->in[0].value.audio;
    double rate = chain->source->rate;
    struct slices s = { .sound = audio_open(chain), .size = (uint32_t)(rate / 1000), .energy = io->work, .peak = io->work + KEPT,
                        .samples = io->work + 2 * KEPT };
    double half = (double)p->window_ms / 2000 * rate / s.size;
    float *rms = node_out(io, 0, 0), *top = node_out(io, 1, 0);

    for (uint32_t i = 0; i < io->count; i++) {
        double at = node_seconds(io->ctx, io->from + i) * rate / s.size, sum = 0;
        int64_t from = (int64_t)floor(at - half + .5), to = (int64_t)floor(at + half + .5);
        float peak = 0;
        to = to > from ? to : from + 1;
        reach(&s, from, to);
        for (int64_t k = from; k < to; k++) {
            sum += (double)s.energy[k & (KEPT - 1)];
            peak = s.peak[k & (KEPT - 1)] > peak ? s.peak[k & (KEPT - 1)] : peak;
        }
        rms[i] = (float)sqrt(sum / ((double)(to - from) * s.size));
        top[i] = peak;
    }
}

const struct node_desc node_audio_level = {
    .id = "audio_level", .label = "Audio level", .category = "Audio and analysis",
    .help = "How loud the sound is around each instant; 1 is full scale.",
    .in = (const struct port_desc[]){ { "audio_in", "Audio", PORT_AUDIO, .help = "The sound." }, { 0 } },
    .out = (const struct port_desc[]){
        { "rms", "RMS", PORT_SIGNAL, .channels = 1, .help = "Root mean square: what the ear takes for loudness. A sine of full scale has 0.71." },
        { "peak", "Peak", PORT_SIGNAL, .channels = 1, .help = "The largest sample." },
        { 0 },
    },
    .params = (const struct param_desc[]){
        { "window_ms", "Window", PARAM_FLOAT, offsetof(struct params, window_ms), .def = 50, .min = 1, .max = 2000, .step = 1, .unit = "ms",
          .help = "How long a stretch is taken together, half of it before the instant and half after." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .work_floats = work_floats,
    .effort = effort,
    .run = run,
};
