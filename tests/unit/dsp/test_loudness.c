#include "dsp/loudness.h"

#include <math.h>
#include <stdlib.h>

#include "../../tap.h"

enum { RATE = 48000 };

/* Sines of EBU Tech 3341: level in dBFS for some seconds each, both channels alike. */
struct part { double seconds, db; };

static struct loudness *play(const struct part *parts, size_t n, double hz, int channels, double rate)
{
    struct loudness *l = loudness_new(channels, rate);
    float frame[2];
    uint64_t at = 0;

    for (size_t p = 0; p < n; p++)
        for (uint64_t i = 0; i < (uint64_t)(parts[p].seconds * rate); i++, at++) {
            frame[0] = frame[1] = (float)(pow(10, parts[p].db / 20) * sin(2 * M_PI * hz * (double)at / rate));
            if (loudness_add(l, frame, 1))
                return NULL;
        }
    return l;
}

TEST(sines_have_the_loudness_the_ebu_says)
{
    static const struct { struct part part[5]; size_t n; double want; } cases[] = {       /* Tech 3341, cases 1 to 5 */
        { { { 20, -23 } }, 1, -23 }, { { { 20, -33 } }, 1, -33 },
        { { { 10, -36 }, { 60, -23 }, { 10, -36 } }, 3, -23 },
        { { { 10, -72 }, { 10, -36 }, { 60, -23 }, { 10, -36 }, { 10, -72 } }, 5, -23 },
        { { { 20, -26 }, { 20.1, -20 }, { 20, -26 } }, 3, -23 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct loudness *l = play(cases[i].part, cases[i].n, 1000, 2, RATE);
        CHECK_NEAR(loudness_integrated(l), cases[i].want, 0.1);
        loudness_free(l);
    }
}

TEST(other_rates_measure_the_same)
{
    static const struct part part = { 5, -20 };

    for (double hz = 60; hz < 3000; hz *= 7) {
        struct loudness *a = play(&part, 1, hz, 1, RATE), *b = play(&part, 1, hz, 1, 44100);
        CHECK_NEAR(loudness_integrated(a), loudness_integrated(b), 0.05);
        loudness_free(a);
        loudness_free(b);
    }
}

TEST(one_channel_counts_once)
{
    static const struct part part = { 3, -20 };
    struct loudness *one = play(&part, 1, 1000, 1, RATE), *two = play(&part, 1, 1000, 2, RATE);

    CHECK_NEAR(loudness_integrated(two) - loudness_integrated(one), 3.01, 0.01);
    loudness_free(one);
    loudness_free(two);
}

TEST(momentary_loudness_is_of_the_time_around_its_instant)
{
    static const struct part parts[] = { { 1, -90 }, { 1, -20 }, { 1, -90 } };
    struct loudness *l = play(parts, 3, 1000, 2, RATE);

    CHECK_INT(loudness_blocks(l), 30);
    CHECK_NEAR(loudness_momentary(l, 15), -20, 0.1);
    CHECK_NEAR(loudness_momentary(l, 10), -23, 0.1);        /* half of its window */
    CHECK_NEAR(loudness_momentary(l, 20), -23, 0.1);
    CHECK_NEAR(loudness_momentary(l, 5), -70, 0);
    loudness_free(l);
}

TEST(the_true_peak_lies_between_samples)
{
    struct loudness *l = loudness_new(1, RATE);

    /* A quarter of the rate, 45 degrees off: all samples are at .707 of the peak. */
    for (int i = 0; i < 4800; i++) {
        float x = (float)(.5 * sin(2 * M_PI * (i / 4. + .125)));
        CHECK_INT(loudness_add(l, &x, 1), LM_OK);
    }
    CHECK_NEAR(loudness_true_peak(l), -6.02, 0.3);
    loudness_free(l);
}

TEST(pieces_make_no_difference)
{
    enum { N = 48000 };
    float *x = malloc(2 * N * sizeof *x);
    struct loudness *a = loudness_new(2, RATE), *b = loudness_new(2, RATE);

    srand(1);
    for (int i = 0; i < 2 * N; i++)
        x[i] = (float)rand() / (float)RAND_MAX - .5f;
    CHECK_INT(loudness_add(a, x, N), LM_OK);
    for (size_t i = 0, n; i < N; i += n) {
        n = (size_t)(rand() % 3000);
        n = n < N - i ? n : N - i;
        CHECK_INT(loudness_add(b, x + 2 * i, n), LM_OK);
    }
    CHECK_INT(loudness_blocks(a), loudness_blocks(b));
    for (size_t i = 0; i < loudness_blocks(a); i++)
        CHECK_NEAR(loudness_power(a, i), loudness_power(b, i), 0);
    CHECK_NEAR(loudness_true_peak(a), loudness_true_peak(b), 1e-6);
    loudness_free(a);
    loudness_free(b);
    free(x);
}

TEST(silence_is_silent)
{
    float x[2] = { 0, 0 };
    struct loudness *l = loudness_new(2, RATE);

    CHECK_NEAR(loudness_integrated(l), LOUDNESS_FLOOR, 0);
    CHECK_INT(loudness_add(l, x, 1), LM_OK);
    CHECK_INT(loudness_blocks(l), 0);
    CHECK_NEAR(loudness_momentary(l, 0), LOUDNESS_FLOOR, 0);
    CHECK_NEAR(loudness_true_peak(l), -200, 0);
    loudness_free(l);
    loudness_free(NULL);
    CHECK(!loudness_new(3, RATE));
    CHECK(!loudness_new(0, RATE));
}
