#pragma once
/*
 * What loudness is made of (ITU-R BS.1770-4): the K-weighting, a shelf above 1.7 kHz and a high-pass at 38 Hz, and the interpolator of the true peak. The filters are those
 * of the standard at 48 kHz, worked out for any other rate (B. De Man, "Evaluation of Implementations of the EBU R128 Loudness Measurement", AES 145, 2018).
 *
 * THREADS  One at a time per struct kweight; nothing allocated, real-time safe.
 */
#include <stddef.h>

enum { KWEIGHT_CHANNELS = 2, TRUE_PEAK_TAPS = 12 };

/* The two channels side by side: compilers make one instruction of an operation on both. */
typedef double kweight_pair __attribute__((vector_size(KWEIGHT_CHANNELS * sizeof(double))));

/* Second order, transposed direct form II; the coefficients are the same for both channels. */
struct kweight_section { double b0, b1, b2, a1, a2; kweight_pair s1, s2; };
struct kweight { struct kweight_section shelf, high; };

void kweight_init(struct kweight *k, double rate);
/* Adds the squares of n weighted samples of each channel to sum. right: NULL, there is one. The samples must be finite. */
void kweight_add(struct kweight *k, const float *left, const float *right, size_t n, kweight_pair *sum);

/* The largest of n samples at four times the rate (annex 2). x: TRUE_PEAK_TAPS - 1 samples that came before, then the n. The samples themselves are not looked at. */
float true_peak_run(const float *x, size_t n);
float true_peak_reach(void);            /* how many times the largest sample an interpolated one may be */
