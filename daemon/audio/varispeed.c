#include "audio/varispeed.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS = 512, SIZE = VARISPEED_CROSSINGS * STEPS + 2 };

/* Of the Nyquist frequency: flat to 19.7 kHz and closed from 24 kHz on at 48 kHz. */
#define CUTOFF 0.91
#define KAISER_BETA 9.0

struct varispeed { float kernel[SIZE]; };       /* one side, STEPS a crossing */

/* The modified Bessel function of the first kind, order 0, as its power series. */
static double bessel(double x)
{
    double sum = 1, term = 1;

    for (int k = 1; term > 1e-12 * sum; k++) {
        term *= (x / 2 / k) * (x / 2 / k);
        sum += term;
    }
    return sum;
}

struct varispeed *varispeed_new(void)
{
    struct varispeed *s = calloc(1, sizeof(*s));

    for (int i = 0; s && i < VARISPEED_CROSSINGS * STEPS; i++) {
        double x = (double)i / STEPS, w = x / VARISPEED_CROSSINGS;
        s->kernel[i] = (float)((i ? sin(M_PI * x) / (M_PI * x) : 1) * bessel(KAISER_BETA * sqrt(1 - w * w)) / bessel(KAISER_BETA));
    }
    return s;
}

void varispeed_free(struct varispeed *s)
{
    free(s);
}

void varispeed_run(const struct varispeed *s, const float *in, double at, double rate, float *out, uint32_t n)
{
    double cutoff = CUTOFF / fmax(rate, 1), reach = VARISPEED_CROSSINGS / cutoff;
    float scale = (float)(cutoff * STEPS);

    for (uint32_t i = 0; i < n; i++) {
        double x = at + i * rate;
        int64_t first = (int64_t)ceil(x - reach), last = (int64_t)floor(x + reach);
        float left = 0, right = 0;

        for (int64_t j = first; j <= last; j++) {
            float place = fabsf((float)((double)j - x)) * scale;
            int k = (int)place;
            if (k >= VARISPEED_CROSSINGS * STEPS)
                continue;
            float h = s->kernel[k] + (place - (float)k) * (s->kernel[k + 1] - s->kernel[k]);
            left += h * in[2 * j];
            right += h * in[2 * j + 1];
        }
        out[2 * i] = left * (float)cutoff;
        out[2 * i + 1] = right * (float)cutoff;
    }
}
