#include <stdint.h>
#include <stdlib.h>

#include "analysis/waveform.h"
#include "../../tap.h"

enum { RATE = 48000 };

static uint32_t u32(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static float *sine(double hz, double amplitude, size_t n, int channels)
{
    float *x = malloc(n * (size_t)channels * sizeof(*x));

    for (size_t i = 0; i < n * (size_t)channels; i++)
        x[i] = (float)(amplitude * sin(2 * M_PI * hz * (double)(i / (size_t)channels) / RATE));
    return x;
}

/* RMS of a band in the last bucket. */
static double band(const unsigned char *w, size_t size, int k)
{
    double v = w[size - WAVEFORM_BUCKET + 2 + (size_t)k] / 255.;

    return v * v;
}

TEST(header_and_extremes)
{
    float x[10] = { 0, .5f, -.25f, 0, 1, 0, 0, -1, 0, .125f };
    void *data;
    size_t size;
    float peak;

    CHECK_INT(waveform_make(x, 10, 1, RATE, 4, &data, &size), LM_OK);
    unsigned char *w = data;
    CHECK_INT(size, WAVEFORM_HEADER + 3 * WAVEFORM_BUCKET);
    CHECK(!memcmp(w, "LMW1", 4));
    CHECK_INT(u32(w + 4), 3);
    CHECK_INT(u32(w + 8), RATE);
    CHECK_INT(u32(w + 12), 4);
    CHECK_INT(u32(w + 16), 10);
    memcpy(&peak, w + 24, 4);
    CHECK_NEAR(peak, 1, 0);
    CHECK_INT(u32(w + 28), 3);
    CHECK_INT((signed char)w[32], -32);         /* -.25 * 127, rounded */
    CHECK_INT((signed char)w[33], 64);
    CHECK_INT((signed char)w[37], -127);
    CHECK_INT((signed char)w[38], 127);
    CHECK_INT((signed char)w[42], 0);           /* the short last one: 0, .125 */
    CHECK_INT((signed char)w[43], 16);
    free(data);
}

TEST(a_sine_is_in_its_band)
{
    static const struct { double hz; int band; } tones[] = { { 50, 0 }, { 632, 1 }, { 9000, 2 } };

    for (int i = 0; i < 3; i++) {
        float *x = sine(tones[i].hz, .5, RATE, 2);
        void *data;
        size_t size;
        CHECK_INT(waveform_make(x, RATE, 2, RATE, RATE / 2, &data, &size), LM_OK);
        for (int k = 0; k < 3; k++) {
            double rms = band(data, size, k);
            if (k == tones[i].band)
                CHECK_NEAR(rms, .5 / sqrt(2), .02);
            else
                CHECK(rms < .02);
        }
        free(data);
        free(x);
    }
}

TEST(one_pass_gives_the_preview_too)
{
    enum { N = 256 * 2500 + 100 };
    float *x = sine(50, .8, N, 1);
    struct waveform *w = waveform_new(1, RATE, WAVEFORM_FULL_FRAMES);
    void *preview, *direct;
    size_t size, direct_size;

    for (size_t i = 0; i < N; i += 1000)
        CHECK_INT(waveform_add(w, x + i, i + 1000 < N ? 1000 : N - i), LM_OK);
    CHECK_INT(waveform_bytes(w, WAVEFORM_PREVIEW_BUCKETS, &preview, &size), LM_OK);
    CHECK_INT(u32((unsigned char *)preview + 4), 834);      /* 2501 buckets, three at a time */
    CHECK_INT(u32((unsigned char *)preview + 12), 768);
    CHECK_INT(waveform_make(x, N, 1, RATE, 768, &direct, &direct_size), LM_OK);
    CHECK_INT(size, direct_size);
    CHECK(!memcmp(preview, direct, size));
    free(preview);
    free(direct);
    waveform_free(w);
    free(x);
}

TEST(nothing_is_refused)
{
    void *data;
    size_t size;
    float x = 0;

    CHECK_INT(waveform_make(&x, 0, 1, RATE, 256, &data, &size), LM_INVALID);
    CHECK_INT(waveform_make(&x, 1, 0, RATE, 256, &data, &size), LM_INVALID);
    CHECK_INT(waveform_make(&x, 1, 1, RATE, 0, &data, &size), LM_INVALID);
}
