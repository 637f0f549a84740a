#pragma once
/*
 * Magnitude spectra of several pieces of sound at a time: Hann window, real FFT. A transform of n real samples is one of n / 2 complex ones (even samples
 * real, odd ones imaginary), done in Stockham's order by four with a last step by two where n / 2 is no power of four; each SIMD lane holds a piece of its own,
 * so what comes out of a lane does not depend on what stands in the others. Three times as fast as fft.h, and the same on every machine: tables are made
 * by dsp/dmath.h, the rest is + - * and sqrt.
 *
 * THREADS  One at a time per struct spectrum: it holds the memory it works in. Nothing is allocated after spectrum_new().
 */
#include <stdint.h>

enum { SPECTRUM_LANES = 4, SPECTRUM_MIN = 64, SPECTRUM_MAX = 65536 };

struct spectrum;

struct spectrum *spectrum_new(uint32_t n);              /* a power of two; NULL: no memory */
void spectrum_free(struct spectrum *s);                 /* NULL is fine */
uint32_t spectrum_size(const struct spectrum *s);
/* n finite samples into a lane; the window's middle is sample n / 2. */
void spectrum_put(struct spectrum *s, unsigned lane, const float *in);
void spectrum_run(struct spectrum *s);                  /* all lanes; those without a piece hold what they held */
/* Bins from <= k < to, at most n / 2 + 1, of a lane: a sine of amplitude 1 in the middle of a bin gives 1 there (and .5 beside). */
void spectrum_read(const struct spectrum *s, unsigned lane, uint32_t from, uint32_t to, float *out);
