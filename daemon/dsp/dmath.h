#pragma once
/*
 * Deterministic maths: only +, -, *, /, floor and the bits of a double, which IEEE 754 defines exactly, so that every machine and
 * every libm gives the same bytes (built with -ffp-contract=off). Errors are below 1e-9 relative, far under a float's.
 *
 * THREADS  Pure; real-time safe.
 */

/* sin(2 pi * turns): whole turns are exact, so phases may be large. */
double dsp_sin_turns(double turns);
/* The angle of (x, y) from the x axis, -1/2 .. 1/2 of a turn; 0 at the origin. */
double dsp_atan2_turns(double y, double x);
double dsp_exp2(double x);
double dsp_log2(double x);              /* x > 0, finite, not denormal (no float is, as a double) */
double dsp_exp(double x);
/* x^y; what has no real value (negative base with a fraction as exponent, 0 to a negative power) is 0. 0^0 = 1. */
float dsp_pow(float x, float y);
/* A response curve on 0..1: |c| < .001 is x; c > 0 x^(1+5c), late; c < 0 1-(1-x)^(1+5|c|), early. */
float dsp_shape(float x, float c);
/* Euclidean remainder, 0 <= result < |b|; b = 0 gives 0. */
float dsp_modulo(float a, float b);

/* NaN becomes 0. */
static inline float dsp_clamp01(float x)
{
    return x > 0 ? (x < 1 ? x : 1) : 0;
}
