#include "dsp/peaks.h"

#include <math.h>
#include <string.h>

enum {
    HALF = 32, FINE = 10, METER = 12,   /* taps; HALF is half of them */
    EDGE = FINE / 2 - 1,                /* halves that the fine interpolator reads besides the one of its frame */
};
_Static_assert(PEAKS_BEFORE == HALF - 1 + EDGE / 2 && PEAKS_BEHIND == HALF + EDGE / 2, "what is read stands in the header");

/*
 * Interpolators: what a value between the two samples in the middle takes of each. Where a value is half-way, the second half of its taps is the first one backwards
 * and left out; one that is not is read backwards too, for the value that is as far from the other sample. half and fine: sinc under a Kaiser window (beta 5 and 6),
 * with the sum 1.
 */
static const float half[HALF] = {
    -0.000446575f, 0.000636015f, -0.000865005f, 0.001138235f, -0.001460717f, 0.001837826f, -0.002275349f, 0.002779562f,
    -0.003357322f, 0.004016207f, -0.004764685f, 0.005612356f, -0.006570274f, 0.007651375f, -0.008871077f, 0.010248091f,
    -0.011805562f, 0.013572696f, -0.015587110f, 0.017898315f, -0.020573032f, 0.023703538f, -0.027421285f, 0.031920140f,
    -0.037498197f, 0.044638186f, -0.054175572f, 0.067690774f, -0.088573703f, 0.125643141f, -0.211243511f, 0.636502520f,
};
static const float fine_quarter[FINE] = {
    0.004381938f, -0.018972983f, 0.055878025f, -0.151339491f, 0.893955066f, 0.282023739f, -0.091060387f, 0.033479096f, -0.009817507f, 0.001472503f,
};
static const float fine_half[FINE / 2] = { 0.003782517f, -0.019577139f, 0.061482726f, -0.164989595f, 0.619301491f };

/* Annex 2, table 1: 1/8 and 3/8 of the way. */
static const float annex_1[METER] = {
    0.001708984f, 0.010986328f, -0.019653320f, 0.033203125f, -0.059448242f, 0.137329102f,
    0.972167969f, -0.102294922f, 0.047607422f, -0.026611328f, 0.014892578f, -0.008300781f,
};
static const float annex_3[METER] = {
    -0.029174805f, 0.029296875f, -0.051757812f, 0.089111328f, -0.166503906f, 0.465087891f,
    0.779785156f, -0.200317383f, 0.101562500f, -0.058227539f, 0.033081055f, -0.018920898f,
};

/* libebur128, interp_create(): sinc under a Hann window of 49 samples at four times the rate, and at twice. */
static const float ebur_quarter[METER] = {
    -0.000167442f, 0.004895983f, -0.018526006f, 0.046265053f, -0.103456726f, 0.288683356f,
    0.896465151f, -0.161458527f, 0.069158470f, -0.030107748f, 0.010359955f, -0.001631726f,
};
static const float ebur_half[METER / 2] = { -0.000986013f, 0.010358979f, -0.033703604f, 0.080138909f, -0.181129655f, 0.625773626f };
static const float ebur_twice[METER] = {
    -0.000118399f, 0.001153805f, -0.003461983f, 0.007325594f, -0.013099864f, 0.021289393f,
    -0.032714333f, 0.048902423f, -0.073154952f, 0.114168420f, -0.204129958f, 0.633896587f,
};

typedef float four __attribute__((vector_size(4 * sizeof(float))));

static inline four four_at(const float *x)
{
    four v;

    memcpy(&v, x, sizeof v);
    return v;
}

static inline void four_put(float *x, four v)
{
    memcpy(x, &v, sizeof v);
}

static inline four four_most(four a, four b)
{
    four most = { 0 };

    for (int i = 0; i < 4; i++) {
        float v = fabsf(b[i]);
        most[i] = a[i] > v ? a[i] : v;
    }
    return most;
}

/* Of z[0] .. z[2 n - 1]. */
static inline four half_way(const four *z, const float *taps, int n)
{
    four y = { 0 };

    for (int t = 0; t < n; t++)
        y += taps[t] * (z[t] + z[2 * n - 1 - t]);
    return y;
}

/* The two values that are equally far from the middle of z[0] .. z[n - 1]. */
static inline four two_of(four most, const four *z, const float *taps, int n)
{
    four y = { 0 }, back = { 0 };

    for (int t = 0; t < n; t++) {
        y += taps[t] * z[t];
        back += taps[n - 1 - t] * z[t];
    }
    return four_most(four_most(most, y), back);
}

static inline four finer(four most, const four *z)
{
    return four_most(two_of(most, z, fine_quarter, FINE), half_way(z, fine_half, FINE / 2));
}

/* The four frames that begin at x[0] .. x[3]; halves: those half-way after the frames from EDGE / 2 before x on. */
static four highest(const float *x, const float *halves, four most)
{
    four z[FINE + 1], near[2 * METER];

    for (int t = 0; t <= FINE; t++)
        z[t] = t % 2 ? four_at(halves + t / 2) : four_at(x - EDGE / 2 + t / 2);
    most = four_most(four_most(most, z[EDGE]), z[EDGE + 1]);
    most = finer(finer(most, z), z + 1);

    for (int t = 0; t < 2 * METER; t++)
        near[t] = four_at(x - METER + 1 + t);
    const four *middle = near + METER / 2;
    most = two_of(two_of(most, middle, annex_1, METER), middle, annex_3, METER);
    most = four_most(two_of(most, middle, ebur_quarter, METER), half_way(middle, ebur_half, METER / 2));
    most = four_most(most, half_way(near, ebur_twice, METER));
    return four_most(most, near[METER]);
}

void peaks_between(const float *x, uint32_t n, float *most)
{
    float halves[PEAKS_MOST + 2 * EDGE];

    for (uint32_t i = 0; i < n + EDGE; i += 4) {
        four y = { 0 };
        for (int t = 0; t < HALF; t++)
            y += half[t] * (four_at(x + i + t) + four_at(x + i + 2 * HALF - 1 - t));
        four_put(halves + i, y);
    }
    for (uint32_t i = 0; i < n; i += 4)
        four_put(most + i, highest(x + PEAKS_BEFORE + i, halves + i, four_at(most + i)));
}
