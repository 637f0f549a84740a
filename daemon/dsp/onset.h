#pragma once
/*
 * What begins when: how much new energy each hundredth of a second of a recording brings.
 *
 * bands: SuperFlux (S. Boeck, G. Widmer, DAFx 2013) in five bands: magnitudes of a 2048-point Hann spectrum through a triangular filter bank of 12
 * bands an octave, logarithmic, minus the maximum of the neighbours two frames before. kick and snare: the plain linear flux of 30-110 Hz and .9-5 kHz, since
 * on a logarithmic scale a hi-hat is as loud as a kick. tone: the logarithmic spectrum itself, coarsely: what sounds, not what begins.
 *
 * The recording is brought to one level first, so that the logarithm means the same for a quiet one. Samples that are no numbers count as silence.
 * Frame t stands for the instant t / ONSET_RATE. Pure; allocates.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { ONSET_RATE = 100, ONSET_BANDS = 5, ONSET_TONES = 10 };

struct onsets {
    size_t n;
    float *band[ONSET_BANDS];               /* below 130, 500, 2000, 6000 Hz, above */
    float *kick, *snare;
    float (*tone)[ONSET_TONES];             /* of each frame, low to high */
    double rms;                             /* of the whole recording, as it came */
};

/* frames: interleaved. `progress` may be NULL; 0..1. */
enum lm_err onset_find(const float *frames, uint64_t n, int channels, double rate, void (*progress)(double), struct onsets *o);
void onset_clear(struct onsets *o);
