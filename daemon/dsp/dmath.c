#include "dsp/dmath.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TWO_PI 6.283185307179586476925
#define LN2    0.693147180559945309417

double dsp_sin_turns(double turns)
{
    double r = turns - floor(turns + 0.5);      /* -1/2 .. 1/2 of a turn */

    if (r > 0.25)
        r = 0.5 - r;
    else if (r < -0.25)
        r = -0.5 - r;
    /* Taylor on -pi/2 .. pi/2: the first term left out is (pi/2)^15 / 15! = 7e-10. */
    double x = r * TWO_PI, q = x * x;
    return x * (1 + q * (-1.0 / 6 + q * (1.0 / 120 + q * (-1.0 / 5040 + q * (1.0 / 362880 +
               q * (-1.0 / 39916800 + q * (1.0 / 6227020800.0)))))));
}

double dsp_atan2_turns(double y, double x)
{
    double ax = fabs(x), ay = fabs(y), high = ax > ay ? ax : ay, t = high > 0 ? (ax > ay ? ay : ax) / high : 0;

    /* atan t = 2 atan (t / (1 + sqrt(1 + t^2))), twice: t <= tan(pi/16) = .199, where the first term left out of the series is below 1e-13. sqrt is exact by IEEE 754. */
    t = t / (1 + sqrt(1 + t * t));
    t = t / (1 + sqrt(1 + t * t));
    double q = t * t, angle = 4 * t * (1 + q * (-1.0 / 3 + q * (1.0 / 5 + q * (-1.0 / 7 + q * (1.0 / 9 + q * (-1.0 / 11 + q * (1.0 / 13 - q / 15)))))))
                              / TWO_PI;
    if (ay > ax)
        angle = 0.25 - angle;
    if (x < 0)
        angle = 0.5 - angle;
    return y < 0 ? -angle : angle;
}

/* 2^n as its bits, -1022 <= n <= 1023: doubles are IEEE 754 wherever lumad runs. */
static double power_of_2(int n)
{
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

double dsp_exp2(double x)
{
    /* 1 / k!, from the last: |y| <= .35, the first term left out is below 1e-14. */
    static const double term[] = { 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120,
                                   1.0 / 24, 1.0 / 6, 0.5, 1, 1 };
    if (isnan(x))
        return x;
    if (x >= 1023)
        return INFINITY;
    if (x < -1022)
        return 0;                       /* what is denormal is dark */
    double whole = floor(x + 0.5), y = (x - whole) * LN2, sum = 0;

    for (size_t i = 0; i < sizeof term / sizeof *term; i++)
        sum = sum * y + term[i];
    return sum * power_of_2((int)whole);
}

double dsp_log2(double x)
{
    /* 2 / (k ln 2) for k = 17, 15 .. 1: atanh's series, |s| <= .172, the first term left out is below 1e-14. */
    static const double term[] = { 2 / (17 * LN2), 2 / (15 * LN2), 2 / (13 * LN2), 2 / (11 * LN2), 2 / (9 * LN2), 2 / (7 * LN2),
                                   2 / (5 * LN2), 2 / (3 * LN2), 2 / LN2 };
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> 52) - 1023;
    bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52;
    double m;                           /* 1 .. 2 */
    memcpy(&m, &bits, sizeof m);
    if (m > 1.41421356237309504880)
        m *= 0.5, e++;
    double s = (m - 1) / (m + 1), q = s * s, sum = 0;
    for (size_t i = 0; i < sizeof term / sizeof *term; i++)
        sum = sum * q + term[i];
    return e + s * sum;
}

double dsp_exp(double x)
{
    return dsp_exp2(x / LN2);
}

float dsp_pow(float x, float y)
{
    if (isnan(x) || isnan(y))
        return NAN;
    if (y == 0)
        return 1;
    if (x == 0)
        return 0;
    if (y == 1)
        return x;
    bool negative = x < 0;
    if (negative && y != floorf(y))
        return 0;
    if (isinf(x) || isinf(y))           /* no light follows from these: NaN is reported as such */
        return NAN;
    float r = (float)dsp_exp2((double)y * dsp_log2(fabs((double)x)));
    return negative && fmodf(y, 2) != 0 ? -r : r;
}

float dsp_shape(float x, float c)
{
    if (fabsf(c) < 0.001f)
        return x;
    if (c > 0)
        return dsp_pow(x, 1 + 5 * c);
    return 1 - dsp_pow(1 - x, 1 - 5 * c);
}

float dsp_modulo(float a, float b)
{
    if (b == 0)
        return 0;
    double m = fabs((double)b), r = (double)a - floor((double)a / m) * m;

    /* The quotient may round to the whole number above it, and what is just under the divisor to the divisor. */
    if (r < 0)
        r += m;
    return (float)r < (float)m ? (float)r : isnan(r) ? NAN : 0;
}
