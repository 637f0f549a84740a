#pragma once
/*
 * Bands as the ear spaces them (mel scale of O'Shaughnessy: 2595 log10(1 + f / 700)): triangles that overlap by half, each with 1 at its middle. A band that is
 * narrower than a bin of the spectrum reads between the two bins around its middle.
 *
 * THREADS  Immutable.
 */
#include <stdint.h>

struct mel_bank;

/* `size`: samples of the spectrum (dsp/spectrum.h), max_hz <= rate / 2. NULL: no memory. */
struct mel_bank *mel_bank_new(uint32_t bands, double min_hz, double max_hz, double rate, uint32_t size);
void mel_bank_free(struct mel_bank *m);                 /* NULL is fine */
/* bins: size / 2 + 1 magnitudes; adds each band's power to power[band]. */
void mel_bank_add(const struct mel_bank *m, const float *bins, double *power);
