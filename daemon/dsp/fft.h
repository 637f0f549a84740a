#pragma once
/*
 * The magnitude spectrum of a windowed piece of a signal (KissFFT underneath).
 *
 * THREADS  One at a time per struct fft: it holds the scratch memory. Nothing is allocated after fft_new().
 */
#include <stddef.h>

struct fft;
enum fft_window { FFT_HANN, FFT_BLACKMAN };

struct fft *fft_new(size_t n, enum fft_window window);          /* n even; NULL: no memory */
void fft_free(struct fft *f);                                   /* NULL is fine */
/* n samples -> n / 2 + 1 magnitudes, neither scaled by n nor by the window. */
void fft_magnitude(struct fft *f, const float *in, float *out);
