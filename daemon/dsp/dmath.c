#include "dsp/dmath.h"

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
