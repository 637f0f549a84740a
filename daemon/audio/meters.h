#pragma once
/*
 * What a listener would read on the meters of a desk: measured in the callback from what goes out, or from what an input device brings, at 48 kHz.
 *
 * Levels are dBFS with the full scale of samples as 0 (a sine that just reaches it has an RMS of -3.01), never below METERS_FLOOR. Each holds for itself, so that any
 * number of readers at any time see the same:
 *   peak, true_peak   the largest of the last 120 ms: whoever reads 20 times a second and is late now and then misses none. The true peak is that of four times the rate
 *                     (ITU-R BS.1770-4, annex 2)
 *   rms               of the last 300 ms
 *   clips             how often the signal left full scale, or stayed at its last 16-bit step for three samples; it only rises
 *   lufs              BS.1770-4 and EBU Tech 3341: momentary (400 ms), short (3 s) and integrated (both gates, in steps of a tenth) since meters_new() or meters_restart()
 *   bands             power of METERS_BANDS bands, each the same part of an octave wide, from 20 Hz to 20 kHz: 85 ms with a Hann window, every 40 ms, falling 40 dB a second.
 *                     A sine in the middle of a band has its RMS there; below 200 Hz bands are narrower than what the window tells apart, and neighbours share it
 *
 * THREADS  meters_run(), meters_restart(), meters_read(): one at a time, real-time safe: nothing is allocated after meters_new(). Readers elsewhere get a struct meters_now
 *          through a struct shared.
 */
#include <stdint.h>

enum { METERS_CHANNELS = 2, METERS_BANDS = 32 };
#define METERS_FLOOR -120.0f

struct meters_now {
    uint64_t seq;                       /* counts every 10 ms that were measured; 0: nothing yet */
    uint64_t clips[METERS_CHANNELS];
    uint32_t channels;                  /* that there are: 1 or 2; those there are not stay at the floor */
    float peak[METERS_CHANNELS], rms[METERS_CHANNELS], true_peak[METERS_CHANNELS];
    float lufs, lufs_short, lufs_integrated;
    float bands[METERS_CHANNELS][METERS_BANDS];
};

struct meters;

struct meters *meters_new(void);                        /* NULL: no memory */
void meters_free(struct meters *m);                     /* NULL is fine */
/* Interleaved; of more than two channels the first two are measured. What is no number is silence. */
void meters_run(struct meters *m, const float *interleaved, uint32_t n, int channels);
void meters_restart(struct meters *m);                  /* another programme begins: the integrated loudness is that of what comes */
void meters_read(const struct meters *m, struct meters_now *now);
/* As before the first sample: everything at the floor. */
void meters_now_clear(struct meters_now *now);
float meters_band_hz(int band);                         /* the middle of it; any thread */
