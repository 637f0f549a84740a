#pragma once
/*
 * What a sound's spectrum says over time: frame j is the stretch whose middle is sample j * hop of the track, through a Hann window; some numbers are measured in
 * each, and read between the frames (light-model 2). A frame has one value, whoever asks for it.
 *
 * THREADS  One.
 * MEMORY   The caller's, usually node_io.work: audio_frames_floats() of them.
 */
#include "dsp/spectrum.h"
#include "graph/audio.h"

enum { FRAME_NUMBERS = 12, FRAMES_KEPT = 8 };

struct audio_frames {
    struct audio_window window;         /* .sound and .size: a frame's */
    struct spectrum *spectrum;          /* of that size */
    uint32_t hop, n;                    /* n: numbers of a frame */
    uint32_t from, to;                  /* bins that measure() looks at */
    void (*measure)(const struct audio_frames *f, const float *bins, float *numbers);   /* bins[k - from] */
    const void *ctx;                    /* its own */

    float *bins, *kept;                 /* [frame % FRAMES_KEPT][n] */
    int64_t low, high;                  /* frames kept: low <= j < high */
};

size_t audio_frames_floats(uint32_t size);
/* `f` has everything above the line. */
void audio_frames_begin(struct audio_frames *f, float *work);
/* At an instant of the track; instants must ascend. */
void audio_frames_at(struct audio_frames *f, double seconds, float *numbers);
/* Nanoseconds for each of 60 instants a second. */
uint32_t audio_frames_effort(const struct audio_chain *chain, uint32_t size, uint32_t hop);
