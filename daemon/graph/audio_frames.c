#include "graph/audio_frames.h"

#include <math.h>

size_t audio_frames_floats(uint32_t size)
{
    return (size_t)size + size / 2 + 1 + FRAMES_KEPT * FRAME_NUMBERS;
}

void audio_frames_begin(struct audio_frames *f, float *work)
{
    uint32_t size = spectrum_size(f->spectrum);

    f->window.samples = work;
    f->window.size = size;
    f->bins = work + size;
    f->kept = f->bins + size / 2 + 1;
    f->low = f->high = 0;
}

static void compute(struct audio_frames *f, int64_t first)
{
    for (unsigned lane = 0; lane < SPECTRUM_LANES; lane++) {
        audio_window_move(&f->window, (first + lane) * f->hop - f->window.size / 2);
        spectrum_put(f->spectrum, lane, f->window.samples);
    }
    spectrum_run(f->spectrum);
    for (unsigned lane = 0; lane < SPECTRUM_LANES; lane++) {
        spectrum_read(f->spectrum, lane, f->from, f->to, f->bins);
        f->measure(f, f->bins, f->kept + (size_t)((first + lane) & (FRAMES_KEPT - 1)) * f->n);
    }
}

/* Frames j and j + 1 are kept. */
static void reach(struct audio_frames *f, int64_t j)
{
    if (j < f->low || j > f->high)
        f->low = f->high = j;
    while (f->high < j + 2) {
        compute(f, f->high);
        f->high += SPECTRUM_LANES;
    }
    if (f->low < f->high - FRAMES_KEPT)
        f->low = f->high - FRAMES_KEPT;
}

void audio_frames_at(struct audio_frames *f, double seconds, float *numbers)
{
    double at = seconds * f->window.sound.chain->source->rate / f->hop, whole = floor(at);
    int64_t j = (int64_t)whole;
    float part = (float)(at - whole);

    reach(f, j);
    const float *a = f->kept + (size_t)(j & (FRAMES_KEPT - 1)) * f->n, *b = f->kept + (size_t)((j + 1) & (FRAMES_KEPT - 1)) * f->n;
    for (uint32_t i = 0; i < f->n; i++)
        numbers[i] = a[i] * (1 - part) + b[i] * part;
}

uint32_t audio_frames_effort(const struct audio_chain *chain, uint32_t size, uint32_t hop)
{
    double frames = fmin(chain->source->rate / hop / SAMPLE_RATE, SPECTRUM_LANES);

    return audio_effort(chain) + (uint32_t)(frames * size * 1.5);
}
