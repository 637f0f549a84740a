#include <stdlib.h>

#include "../../tap.h"
#include "dsp/crossover.h"
#include "dsp/fft.h"
#include "dsp/order.h"

TEST(percentiles)
{
    float v[] = { 5, 1, 4, 2, 3 }, p;

    CHECK_INT(order_percentile(v, 5, 50, &p), LM_OK);
    CHECK_NEAR(p, 3, 0);
    order_percentile(v, 5, 100, &p);
    CHECK_NEAR(p, 5, 0);
    order_percentile(v, 5, 90, &p);
    CHECK_NEAR(p, 4.6, 1e-6);
    CHECK_NEAR(v[0], 5, 0);
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Against sorting every window anew, mirrored ends included. */
TEST(sliding_is_the_same_as_sorting)
{
    enum { N = 300, W = 21 };
    float v[N], out[N], mean[N];
    unsigned seed = 1;

    for (int i = 0; i < N; i++)
        v[i] = (float)((seed = seed * 1103515245 + 12345) >> 16 & 63);
    CHECK_INT(order_slide(v, N, W, 90, out), LM_OK);
    order_mean(v, N, W, mean);
    for (int i = 0; i < N; i++) {
        float w[W], sum = 0;
        for (int k = 0; k < W; k++) {
            int at = i - W / 2 + k;
            w[k] = v[at < 0 ? -1 - at : at >= N ? 2 * N - 1 - at : at];
            sum += w[k];
        }
        qsort(w, W, sizeof(*w), compare);
        CHECK_NEAR(out[i], w[(int)(.9 * W)], 0);
        CHECK_NEAR(mean[i], sum / W, 1e-4);
    }
}

TEST(a_sine_is_one_peak)
{
    enum { N = 1024 };
    float in[N], out[N / 2 + 1];
    struct fft *f = fft_new(N, FFT_HANN);

    for (int i = 0; i < N; i++)
        in[i] = (float)cos(2 * M_PI * 100 * i / N);
    fft_magnitude(f, in, out);
    CHECK_NEAR(out[100], N / 4., 1);
    CHECK_NEAR(out[101], N / 8., 1);
    CHECK(out[110] < .05);
    CHECK(out[0] < .05);
    fft_free(f);
    fft_free(NULL);
}

/* At a crossing both sides are 6 dB down, and the bands of a sine add up in power to no more than the sine. */
TEST(the_crossover_splits)
{
    static const struct { double hz, band[3]; } cases[] = {
        { 30, { 1, 0, 0 } }, { 200, { .5, .5, 0 } }, { 632, { 0, 1, 0 } }, { 2000, { 0, .5, .5 } }, { 11027, { 0, 0, 1 } },
    };

    for (int k = 0; k < 5; k++) {
        struct crossover c;
        double begin[3] = { 0 }, power[3] = { 0 };
        crossover_init(&c, 200, 2000, 48000);
        for (int i = 0; i < 48000; i++) {
            float x = (float)sin(2 * M_PI * cases[k].hz * i / 48000);
            crossover_power(&c, &x, 1, i < 24000 ? begin : power);
        }
        for (int b = 0; b < 3; b++)         /* the amplitude of the second half */
            CHECK_NEAR(sqrt(power[b] / 12000), cases[k].band[b], .03);
    }
}
