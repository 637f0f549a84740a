#pragma once
/*
 * The hits of kick, snare and hi-hat in a recording of drums, or of a whole band.
 *
 * One spectrum each hundredth of a second. What a hit brings is what is there now and was not 20 ms ago (S. Boeck, G. Widmer, DAFx 2013), in 17 bands, and within a band the mean of
 * square roots, squared: noise fills a band, a note does not. Where that stands out in any of four ranges something was hit. What it was is told by a small network (two layers,
 * dsp/drum_net.h) from the attack's spectrum against the others of the recording, from what was there before and from what is left 80 and 160 ms later. It was fitted to known hits of sampled and
 * synthesised drum sets, alone and within music.
 *
 * Streams: memory grows by about 3 kB a second with the hits. Pure; allocates.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum drum { HIT_KICK, HIT_SNARE, HIT_HIHAT, HIT_DRUMS };

struct hit { double at; float strength; };      /* seconds; 0..1 against the recording's loudest of its kind */
struct hits { struct hit *hit[HIT_DRUMS]; size_t n[HIT_DRUMS]; };

/* frames: interleaved, finite. `progress` may be NULL; it is told how many frames have been read for good. LM_OK with none: nothing was hit. */
enum lm_err drums_find(const float *frames, uint64_t n, int channels, double rate, void (*progress)(void *ctx, uint64_t read), void *ctx, struct hits *h);
void hits_clear(struct hits *h);
