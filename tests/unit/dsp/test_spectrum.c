#include <math.h>
#include <stdlib.h>

#include "../../tap.h"

#include "dsp/biquad.h"
#include "dsp/hash.h"
#include "dsp/spectrum.h"

static float noise(uint64_t i)
{
    return (float)((double)(hash_mix(i) >> 11) / 4503599627370496.0 - 1);
}

/* Bin k as the definition has it. */
static double bin(const float *x, uint32_t n, uint32_t k)
{
    double re = 0, im = 0;

    for (uint32_t i = 0; i < n; i++) {
        double w = .5 - .5 * cos(2 * M_PI * i / n), turn = 2 * M_PI * ((uint64_t)i * k % n) / n;
        re += w * (double)x[i] * cos(turn);
        im -= w * (double)x[i] * sin(turn);
    }
    return 4. / n * sqrt(re * re + im * im);
}

/* By fours alone (64 .. 4^k * 2) and with a last step by two. */
TEST(a_spectrum_is_what_the_definition_says)
{
    for (uint32_t n = SPECTRUM_MIN; n <= 2048; n *= 2) {
        struct spectrum *s = spectrum_new(n);
        float *x = malloc(n * SPECTRUM_LANES * sizeof *x), out[1025];
        CHECK_INT(spectrum_size(s), n);
        for (uint32_t i = 0; i < n * SPECTRUM_LANES; i++)
            x[i] = noise(i);
        for (unsigned l = 0; l < SPECTRUM_LANES; l++)
            spectrum_put(s, l, x + l * n);
        spectrum_run(s);
        for (unsigned l = 0; l < SPECTRUM_LANES; l++) {
            spectrum_read(s, l, 0, n / 2 + 1, out);
            for (uint32_t k = 0; k <= n / 2; k += n > 256 ? 37 : 1)
                CHECK_NEAR(out[k], bin(x + l * n, n, k), 1e-6);
            CHECK_NEAR(out[n / 2], bin(x + l * n, n, n / 2), 1e-6);
        }
        free(x);
        spectrum_free(s);
    }
}

TEST(a_lane_does_not_hear_the_others)
{
    struct spectrum *s = spectrum_new(512);
    float x[512], loud[512], alone[257], beside[257];

    for (int i = 0; i < 512; i++)
        x[i] = noise((uint64_t)i), loud[i] = 8 * noise((uint64_t)i + 1000);
    spectrum_put(s, 1, x);
    spectrum_run(s);
    spectrum_read(s, 1, 0, 257, alone);
    for (unsigned l = 0; l < SPECTRUM_LANES; l++)
        spectrum_put(s, l, l == 2 ? x : loud);
    spectrum_run(s);
    spectrum_read(s, 2, 0, 257, beside);
    for (int i = 0; i < 257; i++)
        CHECK_NEAR(alone[i], beside[i], 0);
    spectrum_free(s);
}

TEST(a_sine_is_one)
{
    struct spectrum *s = spectrum_new(1024);
    float x[1024], out[3];

    for (int i = 0; i < 1024; i++)
        x[i] = (float)cos(2 * M_PI * 100 * i / 1024 + 1);
    spectrum_put(s, 0, x);
    spectrum_run(s);
    spectrum_read(s, 0, 99, 102, out);
    CHECK_NEAR(out[0], .5, 1e-5);
    CHECK_NEAR(out[1], 1, 1e-5);
    CHECK_NEAR(out[2], .5, 1e-5);
    spectrum_free(s);
}

TEST(other_sizes_are_refused)
{
    CHECK(!spectrum_new(0) && !spectrum_new(32) && !spectrum_new(1000) && !spectrum_new(2 * SPECTRUM_MAX));
    spectrum_free(NULL);
}

static double gain(struct biquad f, double hz, double rate)
{
    double peak = 0;

    for (int i = 0; i < 3 * rate; i++) {
        double y = biquad_run(&f, sin(2 * M_PI * hz * i / rate));
        if (i > 2 * rate)
            peak = fmax(peak, fabs(y));
    }
    return peak;
}

TEST(a_filter_has_its_q_at_the_cutoff)
{
    static const double hz[] = { 20, 200, 3000 }, q[] = { .5, M_SQRT1_2, 4 };
    struct biquad f;

    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            biquad_low_pass(&f, hz[i], q[k], 48000);
            CHECK_NEAR(gain(f, hz[i], 48000), q[k], .002 * q[k]);
            if (hz[i] > 100)            /* a whole period in the second that is looked at */
                CHECK_NEAR(gain(f, hz[i] / 50, 48000), 1, .01);
            biquad_high_pass(&f, hz[i], q[k], 48000);
            CHECK_NEAR(gain(f, hz[i], 48000), q[k], .002 * q[k]);
        }
}

TEST(what_a_filter_was_fed_is_forgotten_in_its_memory)
{
    static const double hz[] = { 20, 200, 3000 }, q[] = { .1, M_SQRT1_2, 10 };

    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            struct biquad f;
            biquad_low_pass(&f, hz[i], q[k], 48000);
            double most = 0, late = 0, memory = biquad_memory(&f);
            for (int n = 0; n < 3 * memory; n++) {
                double y = fabs(biquad_run(&f, n == 0));
                most = fmax(most, y);
                if (n > memory)
                    late = fmax(late, y);
            }
            CHECK(late < 1e-4 * most && late > 0);
        }
}
