#include "graph/audio_frames.h"

#include <math.h>
#include <string.h>

#include "dsp/dmath.h"

/* Notes lie between these; peaks 40 dB below the strongest are its side lobes or noise, and below -100 dB there is silence. */
#define LOWEST_HZ   55.0
#define HIGHEST_HZ  5000.0
#define WEAKEST     0.01f
#define SILENCE     1e-5f
enum { CLASSES = 12 };

/* About 0.19 s, so that a semitone is two bins wide at 110 Hz. */
static uint32_t size_for(double rate)
{
    uint32_t size = SPECTRUM_MIN;

    while (size < SPECTRUM_MAX && size * M_SQRT2 < rate * 8192 / 44100)
        size *= 2;
    return size;
}

static bool shape(struct node_setup *s)
{
    s->out[0].c = CLASSES;
    s->out[0].varies = true;
    if (s->in[0].wired)
        return audio_expect(s, 0);
    if (s->ctx->analysis && s->ctx->analysis->chroma)
        return true;
    return node_not_analysed(s, "chords", "roots");
}

static uint32_t spectrum_of(const struct node_setup *s)
{
    return s->in[0].wired ? size_for(s->in[0].value.audio->source->rate) : 0;
}

static size_t work_floats(const struct node_setup *s)
{
    return s->in[0].wired ? audio_frames_floats(spectrum_of(s)) : 0;
}

static uint32_t effort(const struct node_setup *s)
{
    uint32_t size = spectrum_of(s);

    return size ? 2 * audio_frames_effort(s->in[0].value.audio, size, size / 4) : CLASSES;
}

/* To the sum 1; what is silent stays 0. */
static void normalise(float *x)
{
    float sum = 0;

    for (int i = 0; i < CLASSES; i++)
        sum += x[i];
    for (int i = 0; i < CLASSES && sum > 0; i++)
        x[i] /= sum;
}

/* --- of the sound --- */

/* Where between its neighbours a peak has its top: a parabola through the three logarithms. */
static double top_of(const float *m)
{
    double a = dsp_log2((double)m[-1] + 1e-12), b = dsp_log2((double)m[0] + 1e-12), c = dsp_log2((double)m[1] + 1e-12);
    double bend = a - 2 * b + c;

    return bend < 0 ? (a - c) / (2 * bend) : 0;
}

/* Between two classes both have their share, so that a glide is one. */
static void fold(double hz, float weight, float *classes)
{
    double note = 69 + 12 * dsp_log2(hz / 440), whole = floor(note);
    float part = (float)(note - whole);
    int class = (int)((int64_t)whole % CLASSES);

    classes[class] += weight * (1 - part);
    classes[(class + 1) % CLASSES] += weight * part;
}

static void measure(const struct audio_frames *f, const float *bins, float *classes)
{
    double width = f->window.sound.chain->source->rate / f->window.size;
    uint32_t n = f->to - f->from;
    float most = 0;

    memset(classes, 0, CLASSES * sizeof *classes);
    for (uint32_t i = 0; i < n; i++)
        most = bins[i] > most ? bins[i] : most;
    if (!(most > SILENCE))
        return;
    for (uint32_t i = 1; i + 1 < n; i++)
        if (bins[i] > bins[i - 1] && bins[i] >= bins[i + 1] && bins[i] > most * WEAKEST)
            fold((f->from + i + top_of(bins + i)) * width, bins[i], classes);
    normalise(classes);
}

static void hear(const struct node_io *io)
{
    const struct audio_chain *chain = io->in[0].value.audio;
    uint32_t size = spectrum_size(io->spectrum);
    double width = chain->source->rate / size;
    struct audio_frames f = { .window.sound = audio_open(chain), .spectrum = io->spectrum, .hop = size / 4, .n = CLASSES, .measure = measure,
                              .from = (uint32_t)(LOWEST_HZ / width), .to = (uint32_t)(HIGHEST_HZ / width) + 2 };
    float *out = node_out(io, 0, 0);

    f.from = f.from > 1 ? f.from : 1;
    f.to = f.to < size / 2 ? f.to : size / 2;
    audio_frames_begin(&f, io->work);
    for (uint32_t i = 0; i < io->count; i++, out += CLASSES) {
        audio_frames_at(&f, node_seconds(io->ctx, io->from + i), out);
        normalise(out);
    }
}

/* --- of the stored rows --- */

static void recall(const struct node_io *io)
{
    static const float none[CLASSES];
    const struct analysis *a = io->ctx->analysis;
    float *out = node_out(io, 0, 0);

    for (uint32_t i = 0; i < io->count; i++, out += CLASSES) {
        double at = node_seconds(io->ctx, io->from + i) * a->chroma_rate, whole = floor(at);
        float part = (float)(at - whole);
        const float *x = whole >= 0 && whole < (double)a->n_chroma ? a->chroma + (size_t)whole * CLASSES : none;
        const float *y = whole >= -1 && whole + 1 < (double)a->n_chroma ? a->chroma + (size_t)(whole + 1) * CLASSES : none;
        for (int k = 0; k < CLASSES; k++)
            out[k] = x[k] * (1 - part) + y[k] * part;
        normalise(out);
    }
}

static void run(const struct node_io *io)
{
    if (io->in[0].wired)
        hear(io);
    else
        recall(io);
}

const struct node_desc node_harmony_analysis = {
    .id = "harmony_analysis", .label = "Harmony", .category = "Audio and analysis",
    .help = "Which of the twelve notes sound, C to B, as shares of 1; in silence all are 0. Without a sound at its input it reads what the job roots heard in the "
            "track; with one it listens to that: to the bass alone, or to a band.",
    .in = (const struct port_desc[]){
        { "audio_in", "Audio", PORT_AUDIO, .optional = true, .help = "The sound; unconnected: the track as it was analysed." },
        { 0 },
    },
    .out = (const struct port_desc[]){ { "signal", "Notes", PORT_SIGNAL, .channels = 12, .help = "Twelve channels, C, C#, ... B." }, { 0 } },
    .reads = READS_ANALYSIS,
    .shape = shape,
    .work_floats = work_floats,
    .spectrum_size = spectrum_of,
    .effort = effort,
    .run = run,
};
