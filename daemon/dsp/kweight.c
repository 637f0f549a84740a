#include "dsp/kweight.h"

#include <math.h>

enum { PHASES = 4, STRETCH = 64 };

/* BS.1770-4, annex 2, table 1: the phases of the interpolator; the last two are the first two backwards. */
static const float phases[PHASES][TRUE_PEAK_TAPS] = {
    { 0.0017089843750f, 0.0109863281250f, -0.0196533203125f, 0.0332031250000f, -0.0594482421875f, 0.1373291015625f, 0.9721679687500f, -0.1022949218750f,
      0.0476074218750f, -0.0266113281250f, 0.0148925781250f, -0.0083007812500f },
    { -0.0291748046875f, 0.0292968750000f, -0.0517578125000f, 0.0891113281250f, -0.1665039062500f, 0.4650878906250f, 0.7797851562500f, -0.2003173828125f,
      0.1015625000000f, -0.0582275390625f, 0.0330810546875f, -0.0189208984375f },
    { -0.0189208984375f, 0.0330810546875f, -0.0582275390625f, 0.1015625000000f, -0.2003173828125f, 0.7797851562500f, 0.4650878906250f, -0.1665039062500f,
      0.0891113281250f, -0.0517578125000f, 0.0292968750000f, -0.0291748046875f },
    { -0.0083007812500f, 0.0148925781250f, -0.0266113281250f, 0.0476074218750f, -0.1022949218750f, 0.9721679687500f, 0.1373291015625f, -0.0594482421875f,
      0.0332031250000f, -0.0196533203125f, 0.0109863281250f, 0.0017089843750f },
};

void kweight_init(struct kweight *f, double rate)
{
    double gain = pow(10, 3.999843853973347 / 20), middle = pow(gain, 0.4996667741545416), q = 0.7071752369554196;
    double k = tan(M_PI * 1681.974450955533 / rate), a0 = 1 + k / q + k * k;

    f->shelf = (struct kweight_section){
        .b0 = (gain + middle * k / q + k * k) / a0, .b1 = 2 * (k * k - gain) / a0, .b2 = (gain - middle * k / q + k * k) / a0,
        .a1 = 2 * (k * k - 1) / a0, .a2 = (1 - k / q + k * k) / a0,
    };
    q = 0.5003270373238773;
    k = tan(M_PI * 38.13547087602444 / rate);
    a0 = 1 + k / q + k * k;
    f->high = (struct kweight_section){ .b0 = 1, .b1 = -2, .b2 = 1, .a1 = 2 * (k * k - 1) / a0, .a2 = (1 - k / q + k * k) / a0 };
}

static inline kweight_pair section_run(struct kweight_section *f, kweight_pair x)
{
    kweight_pair y = f->b0 * x + f->s1;

    f->s1 = f->b1 * x - f->a1 * y + f->s2;
    f->s2 = f->b2 * x - f->a2 * y;
    return y;
}

/* In silence the filters ring on for ever, at last in numbers that processors are slow with. */
static kweight_pair settle(kweight_pair s)
{
    for (int c = 0; c < KWEIGHT_CHANNELS; c++)
        s[c] = fabs(s[c]) < 1e-30 ? 0 : s[c];
    return s;
}

void kweight_add(struct kweight *k, const float *left, const float *right, size_t n, kweight_pair *sum)
{
    struct kweight_section shelf = k->shelf, high = k->high;
    kweight_pair all = *sum;
    double both = right ? 1 : 0;

    if (!right)
        right = left;
    for (size_t i = 0; i < n; i++) {
        kweight_pair y = section_run(&high, section_run(&shelf, (kweight_pair){ (double)left[i], (double)right[i] * both }));
        all += y * y;
    }
    shelf.s1 = settle(shelf.s1), shelf.s2 = settle(shelf.s2);
    high.s1 = settle(high.s1), high.s2 = settle(high.s2);
    k->shelf = shelf, k->high = high, *sum = all;
}

/* ---- the true peak ---- */

static float interpolated(const float *x, size_t n)
{
    float most = 0, y[STRETCH];

    for (int p = 0; p < PHASES; p++) {
        for (size_t i = 0; i < n; i++)
            y[i] = 0;
        for (int t = 0; t < TRUE_PEAK_TAPS; t++)
            for (size_t i = 0; i < n; i++)
                y[i] += phases[p][t] * x[i + TRUE_PEAK_TAPS - 1 - (size_t)t];
        for (size_t i = 0; i < n; i++) {
            float v = fabsf(y[i]);
            most = v > most ? v : most;
        }
    }
    return most;
}

float true_peak_run(const float *x, size_t n)
{
    float most = 0;

    for (size_t at = 0; at < n; at += STRETCH) {
        float v = interpolated(x + at, n - at < STRETCH ? n - at : STRETCH);
        most = v > most ? v : most;
    }
    return most;
}

float true_peak_reach(void)
{
    float reach = 0;

    for (int p = 0; p < PHASES; p++) {
        float sum = 0;
        for (int t = 0; t < TRUE_PEAK_TAPS; t++)
            sum += fabsf(phases[p][t]);
        reach = sum > reach ? sum : reach;
    }
    return reach;
}
