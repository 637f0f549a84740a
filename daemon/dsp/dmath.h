#pragma once
/*
 * Deterministic maths: only +, -, *, /, the square root and the bits of a double, which IEEE 754 defines exactly, so that every machine and
 * every libm gives the same bytes (built with -ffp-contract=off). Errors are below 1e-9 relative, far under a float's.
 *
 * Written without branches and calls, so that a compiler makes loops over them into vector code (tests/vector looks): both sides of a choice are computed,
 * a quotient's divisor is made harmless beforehand, and whole numbers come from adding 1.5 * 2^52, where doubles have no fractions: plain SSE2 knows neither
 * floor() nor 64-bit integers from doubles. Rounding is to nearest, as it is unless somebody changes it.
 *
 * THREADS  Pure; real-time safe.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Loops are vector code only if nothing is called in them, however long it is. */
#define DSP_INLINE static inline __attribute__((always_inline))
#define DSP_WHOLE 0x1.8p52
#define DSP_LN2   0.693147180559945309417

/* NaN becomes 0. */
DSP_INLINE float dsp_clamp01(float x)
{
    x = x > 0 ? x : 0;
    return x < 1 ? x : 1;
}

/* The nearest whole number, halves to the even one. */
DSP_INLINE double dsp_nearest(double x)
{
    double near = (x + DSP_WHOLE) - DSP_WHOLE;

    return fabs(x) < 0x1p51 ? near : x;
}

DSP_INLINE double dsp_floor(double x)
{
    double near = (x + DSP_WHOLE) - DSP_WHOLE, low = near - (near > x ? 1.0 : 0.0);

    return fabs(x) < 0x1p51 ? low : x;
}

/* sin(2 pi * turns): whole turns are exact, so phases may be large. */
DSP_INLINE double dsp_sin_turns(double turns)
{
    double r = turns - dsp_nearest(turns);      /* -1/2 .. 1/2 of a turn */
    double high = 0.5 - r, low = -0.5 - r;

    r = r > 0.25 ? high : r < -0.25 ? low : r;
    /* Taylor on -pi/2 .. pi/2: the first term left out is (pi/2)^15 / 15! = 7e-10. */
    double x = r * 6.283185307179586476925, q = x * x;
    return x * (1 + q * (-1.0 / 6 + q * (1.0 / 120 + q * (-1.0 / 5040 + q * (1.0 / 362880 +
               q * (-1.0 / 39916800 + q * (1.0 / 6227020800.0)))))));
}

/* sin(radians) within 1e-13, for what is worked out once: where a head looks. */
double dsp_sin(double radians);

/* The angle of (x, y) from the x axis, -1/2 .. 1/2 of a turn; 0 at the origin. */
DSP_INLINE double dsp_atan2_turns(double y, double x)
{
    double ax = fabs(x), ay = fabs(y), high = ax > ay ? ax : ay, low = ax > ay ? ay : ax, t = low / (high > 0 ? high : 1);

    /* atan t = 2 atan (t / (1 + sqrt(1 + t^2))), twice: t <= tan(pi/16) = .199, where the first term left out of the series is below 1e-13. sqrt is exact by IEEE 754. */
    t = t / (1 + sqrt(1 + t * t));
    t = t / (1 + sqrt(1 + t * t));
    double q = t * t, angle = 4 * t * (1 + q * (-1.0 / 3 + q * (1.0 / 5 + q * (-1.0 / 7 + q * (1.0 / 9 + q * (-1.0 / 11 + q * (1.0 / 13 - q / 15)))))))
                              / 6.283185307179586476925;
    double across = 0.25 - angle, back, down;
    angle = ay > ax ? across : angle;
    back = 0.5 - angle;
    angle = x < 0 ? back : angle;
    down = -angle;
    return y < 0 ? down : angle;
}

DSP_INLINE uint64_t dsp_bits(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

DSP_INLINE double dsp_from_bits(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 0 for what is denormal: that is dark. */
DSP_INLINE double dsp_exp2(double x)
{
    double most = x < 1023 ? x : 1023, at = most > -1022 ? most : -1022, whole = dsp_nearest(at), y = (at - whole) * DSP_LN2;
    /* 1 / k!, from the last: |y| <= .35, the first term left out is below 1e-14. */
    double sum = 1.0 / 39916800;

    sum = sum * y + 1.0 / 3628800;
    sum = sum * y + 1.0 / 362880;
    sum = sum * y + 1.0 / 40320;
    sum = sum * y + 1.0 / 5040;
    sum = sum * y + 1.0 / 720;
    sum = sum * y + 1.0 / 120;
    sum = sum * y + 1.0 / 24;
    sum = sum * y + 1.0 / 6;
    sum = sum * y + 0.5;
    sum = sum * y + 1;
    sum = sum * y + 1;
    /* The low bits of whole + 1.5 * 2^52 are `whole`; as an exponent they are 2^whole. */
    double r = sum * dsp_from_bits((dsp_bits(whole + DSP_WHOLE) + 1023) << 52);
    r = x < 1023 ? r : INFINITY;
    r = x < -1022 ? 0 : r;
    return isnan(x) ? x : r;
}

/* x > 0, finite, not denormal (no float is, as a double). */
DSP_INLINE double dsp_log2(double x)
{
    const uint64_t fraction = UINT64_C(0xfffffffffffff), one = UINT64_C(1023) << 52, whole = UINT64_C(1075) << 52;        /* 2^52, whose last bit counts 1 */
    uint64_t bits = dsp_bits(x);
    double e = dsp_from_bits(bits >> 52 | whole) - (0x1p52 + 1023), m = dsp_from_bits((bits & fraction) | one);           /* 1 .. 2 */
    double above = m > 1.41421356237309504880 ? 1.0 : 0.0;

    m *= 1 - above / 2;
    e += above;
    /* 2 / (k ln 2) for k = 17, 15 .. 1: atanh's series, |s| <= .172, the first term left out is below 1e-14. */
    double s = (m - 1) / (m + 1), q = s * s, sum = 2 / (17 * DSP_LN2);
    sum = sum * q + 2 / (15 * DSP_LN2);
    sum = sum * q + 2 / (13 * DSP_LN2);
    sum = sum * q + 2 / (11 * DSP_LN2);
    sum = sum * q + 2 / (9 * DSP_LN2);
    sum = sum * q + 2 / (7 * DSP_LN2);
    sum = sum * q + 2 / (5 * DSP_LN2);
    sum = sum * q + 2 / (3 * DSP_LN2);
    sum = sum * q + 2 / DSP_LN2;
    return e + s * sum;
}

DSP_INLINE double dsp_exp(double x)
{
    return dsp_exp2(x / DSP_LN2);
}

/* x^y; what has no real value (negative base with a fraction as exponent, 0 to a negative power) is 0. 0^0 = 1. Of infinities: NaN. */
DSP_INLINE float dsp_pow(float base, float exponent)
{
    double x = (double)base, y = (double)exponent, ax = fabs(x), whole = dsp_floor(y), pair = dsp_floor(y * 0.5) * 2;
    double r = dsp_exp2(y * dsp_log2(ax > 0 ? ax : 1)), minus = -r;
    double under = whole < y ? 0 : pair < y ? minus : r;        /* of a negative base; no light follows from infinities: NaN is reported as such */

    r = x < 0 ? under : r;
    r = ax < INFINITY && fabs(y) < INFINITY ? r : (double)NAN;
    r = y < 1 || y > 1 ? r : x;
    r = ax > 0 ? r : 0;
    r = y < 0 || y > 0 ? r : 1;
    r = isnan(x) ? x : r;
    r = isnan(y) ? y : r;
    return (float)r;
}

/* A response curve on 0..1: |c| < .001 is x; c > 0 x^(1+5c), late; c < 0 1-(1-x)^(1+5|c|), early. */
float dsp_shape(float x, float c);
void dsp_shape_all(float *x, size_t n, float c);         /* of x that are 0..1; the same bits */

/* Euclidean remainder, 0 <= result < |b|; b = 0 gives 0. */
DSP_INLINE float dsp_modulo(float a, float b)
{
    double m = fabs((double)b), x = (double)a, r = x - dsp_floor(x / (m > 0 ? m : 1)) * m;

    /* The quotient may round to the whole number above it, and what is just under the divisor to the divisor; of one beyond 2^52 only rounding is left. */
    r += r < 0 ? m : 0;
    float f = (float)r;
    f = f >= (float)m ? 0 : f;
    f = f < 0 ? 0 : f;
    return m > 0 ? f : b * 0;           /* NaN stays */
}
