#include "dsp/dmath.h"

#define TWO_PI 6.283185307179586476925

double dsp_sin(double radians)
{
    /* 1 / k! for k = 19, 17 .. 1, signs alternating: on -pi/2 .. pi/2 the first term left out is below 1e-15. */
    static const double term[] = { -1.0 / 121645100408832000, 1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880,
                                   -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1 };
    double r = radians / TWO_PI, sum = 0;

    r -= dsp_nearest(r);
    r = r > 0.25 ? 0.5 - r : r < -0.25 ? -0.5 - r : r;
    r *= TWO_PI;
    for (size_t i = 0; i < sizeof term / sizeof *term; i++)
        sum = sum * r * r + term[i];
    return sum * r;
}

float dsp_shape(float x, float c)
{
    if (fabsf(c) < 0.001f)
        return x;
    if (c > 0)
        return dsp_pow(x, 1 + 5 * c);
    return 1 - dsp_pow(1 - x, 1 - 5 * c);
}

/* dsp_pow() where neither is odd: 0 <= x <= 1, y > 1. */
DSP_INLINE float power(float x, double y)
{
    double r = dsp_exp2(y * dsp_log2((double)(x > 0 ? x : 1)));

    return x > 0 ? (float)r : 0;
}

void dsp_shape_all(float *x, size_t n, float c)
{
    double late = (double)(1 + 5 * c), early = (double)(1 - 5 * c);

    if (fabsf(c) < 0.001f)
        return;
    if (c > 0)
        for (size_t i = 0; i < n; i++)  /* vectorised */
            x[i] = power(x[i], late);
    else
        for (size_t i = 0; i < n; i++)  /* vectorised */
            x[i] = 1 - power(1 - x[i], early);
}
