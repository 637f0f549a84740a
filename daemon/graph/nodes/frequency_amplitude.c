#include "graph/audio_frames.h"

#include <math.h>

enum { SIZE = 2048, HOP = 512, HALF_MAX = 64, RAW = 2 * HALF_MAX };     /* RAW: a power of two above twice the longest half */

struct params { struct node_ranges ranges; float smoothing_ms; };

/* Bins of all ranges together, each once: spans from .. to - 1 that do not touch, in no order. */
struct bins { uint32_t n; struct { uint32_t from, to; } span[NODE_RANGES]; };

static bool shape(struct node_setup *s)
{
    s->out[0].varies = true;
    return audio_expect(s, 0);
}

static size_t work_floats(const struct node_setup *s)
{
    (void)s;
    return audio_frames_floats(SIZE) + RAW;
}

static uint32_t size_of(const struct node_setup *s)
{
    (void)s;
    return SIZE;
}

static uint32_t effort(const struct node_setup *s)
{
    return audio_frames_effort(s->in[0].value.audio, SIZE, HOP);
}

/* Bins whose middle lies in a range; the one nearest to its middle when there is none. */
static void bins_find(const struct node_ranges *ranges, double rate, struct bins *b)
{
    const double width = rate / SIZE;

    b->n = 0;
    for (uint32_t i = 0; i < ranges->n; i++) {
        double low = ceil((double)ranges->range[i].low / width), high = floor((double)ranges->range[i].high / width);
        if (low > high)
            low = high = floor(((double)ranges->range[i].low + (double)ranges->range[i].high) / 2 / width + .5);
        if (low > SIZE / 2)
            continue;                   /* the sound does not go so far */
        uint32_t from = (uint32_t)low, to = high > SIZE / 2 ? SIZE / 2 + 1 : (uint32_t)high + 1, k = 0;
        /* Put in, eating what it touches. */
        for (uint32_t j = 0; j < b->n; j++) {
            if (b->span[j].to < from || b->span[j].from > to) {
                b->span[k++] = b->span[j];
                continue;
            }
            from = b->span[j].from < from ? b->span[j].from : from;
            to = b->span[j].to > to ? b->span[j].to : to;
        }
        b->span[k].from = from, b->span[k].to = to;
        b->n = k + 1;
    }
}

static void measure(const struct audio_frames *f, const float *bins, float *numbers)
{
    const struct bins *b = f->ctx;
    double sum = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < b->n; i++)
        for (uint32_t k = b->span[i].from; k < b->span[i].to; k++, count++)
            sum += (double)bins[k - f->from];
    numbers[0] = count ? (float)(sum / count) : 0;
}

/* Samples to each side that are taken together. */
static int half_of(float ms)
{
    int half = (int)(ms * SAMPLE_RATE / 2000 + .5f);

    return half < HALF_MAX ? half : HALF_MAX - 1;
}

static void run(const struct node_io *io)
{
    const struct params *p = io->params;
    struct audio_frames f = { .window.sound = audio_open(io->in[0].value.audio), .spectrum = io->spectrum, .hop = HOP, .n = 1, .measure = measure };
    float *raw = io->work + audio_frames_floats(SIZE), *out = node_out(io, 0, 0);
    int half = half_of(p->smoothing_ms);
    int64_t next = io->from - half;
    struct bins bins;

    bins_find(&p->ranges, f.window.sound.chain->source->rate, &bins);
    f.ctx = &bins;
    f.from = SIZE / 2 + 1;
    for (uint32_t i = 0; i < bins.n; i++) {
        f.from = bins.span[i].from < f.from ? bins.span[i].from : f.from;
        f.to = bins.span[i].to > f.to ? bins.span[i].to : f.to;
    }
    f.from = f.from < f.to ? f.from : f.to;
    audio_frames_begin(&f, io->work);
    for (uint32_t i = 0; i < io->count; i++) {
        int64_t at = io->from + i;
        float sum = 0;
        for (; next <= at + half; next++)
            audio_frames_at(&f, node_seconds(io->ctx, next), &raw[next & (RAW - 1)]);
        for (int64_t k = at - half; k <= at + half; k++)
            sum += raw[k & (RAW - 1)];
        out[i] = sum / (float)(2 * half + 1);
    }
}

const struct node_desc node_frequency_amplitude = {
    .id = "frequency_amplitude", .label = "Frequency amplitude", .category = "Audio and analysis",
    .help = "How much of the sound lies in some ranges of frequency: the mean magnitude of a spectrum of 2048 samples, every 512 samples. A sine of full "
            "scale gives 1 at its frequency, music much less: normalize follows well.",
    .in = (const struct port_desc[]){ { "audio_in", "Audio", PORT_AUDIO, .help = "The sound." }, { 0 } },
    .out = (const struct port_desc[]){ { "amplitude_out", "Amplitude", PORT_SIGNAL, .channels = 1, .help = "0 and up." }, { 0 } },
    .params = (const struct param_desc[]){
        { "ranges", "Ranges", PARAM_RANGES, offsetof(struct params, ranges), .def_text = "[[20,200]]", .min = 0, .max = 96000, .unit = "Hz",
          .help = "Lowest and highest frequency of each range, like [[20, 200], [2000, 4000]]; where they overlap it counts once." },
        { "smoothing_ms", "Smoothing", PARAM_FLOAT, offsetof(struct params, smoothing_ms), .def = 0, .min = 0, .max = 2000, .step = 1, .unit = "ms",
          .help = "The mean over so long a stretch around each instant; nothing comes late." },
        { 0 },
    },
    .params_size = sizeof(struct params),
    .shape = shape,
    .work_floats = work_floats,
    .spectrum_size = size_of,
    .effort = effort,
    .run = run,
};
