#include "dsp/dmath.h"

#include <math.h>
#include <stdbool.h>

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

double dsp_exp2(double x)
{
    if (isnan(x))
        return x;
    if (x > 1100)
        return INFINITY;
    if (x < -1100)
        return 0;
    double whole = floor(x + 0.5), y = (x - whole) * LN2, sum = 1;

    for (int i = 12; i > 0; i--)        /* Horner over y^i / i!, |y| <= .35 */
        sum = 1 + sum * y / i;
    return ldexp(sum, (int)whole);
}

double dsp_log2(double x)
{
    int e;
    double m = frexp(x, &e);            /* 1/2 .. 1 */

    if (m < 0.70710678118654752440)
        m *= 2, e--;
    /* ln m = 2 atanh s; |s| <= .172, the first term left out is below 1e-14. */
    double s = (m - 1) / (m + 1), q = s * s, sum = 0;
    for (int i = 17; i > 0; i -= 2)
        sum = sum * q + 1.0 / i;
    return e + 2 * s * sum / LN2;
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
    float m = fabsf(b), r = fmodf(a, m);        /* exact */

    if (r < 0)
        r += m;
    return r < m ? r : 0;                       /* -tiny + m rounds to m */
}
