#include "../../tap.h"

#include "dsp/dmath.h"

TEST(sine_agrees_with_libm_over_many_turns)
{
    for (double x = -20; x < 20; x += 0.00137)
        CHECK_NEAR(dsp_sin_turns(x), sin(2 * M_PI * x), 2e-9);
    CHECK_NEAR(dsp_sin_turns(0), 0, 0);
    CHECK_NEAR(dsp_sin_turns(0.25), 1, 1e-9);
    CHECK_NEAR(dsp_sin_turns(1e9), 0, 0);           /* whole turns are exact */
    CHECK_NEAR(dsp_sin_turns(1e9 + 0.75), -1, 1e-9);
}

TEST(angles_agree_with_libm_all_the_way_round)
{
    for (double turns = -0.4999; turns < 0.5; turns += 0.00073)
        for (double r = 1e-30; r < 1e31; r *= 1e10) {
            double x = r * cos(2 * M_PI * turns), y = r * sin(2 * M_PI * turns);
            CHECK_NEAR(dsp_atan2_turns(y, x), atan2(y, x) / (2 * M_PI), 1e-12);
        }
    CHECK_NEAR(dsp_atan2_turns(0, 0), 0, 0);
    CHECK_NEAR(dsp_atan2_turns(0, -1), 0.5, 0);
    CHECK_NEAR(dsp_atan2_turns(-1, 0), -0.25, 0);
}

TEST(exponentials_agree_with_libm)
{
    for (double x = -40; x < 40; x += 0.0173) {
        CHECK_NEAR(dsp_exp2(x) / exp2(x), 1, 1e-11);
        CHECK_NEAR(dsp_exp(x) / exp(x), 1, 1e-11);
    }
    for (double x = 1e-6; x < 1e6; x *= 1.0123)
        CHECK_NEAR(dsp_log2(x), log2(x), 1e-11);
    CHECK(isinf(dsp_exp2(1e9)));
    CHECK_NEAR(dsp_exp2(-1e9), 0, 0);
    CHECK(isnan(dsp_exp2(NAN)));
    CHECK_NEAR(dsp_log2(1), 0, 0);
    CHECK_NEAR(dsp_log2(8), 3, 0);
}

TEST(powers_are_those_of_real_numbers_and_0_where_there_is_none)
{
    for (float x = 0.01f; x < 3; x += 0.0371f)
        for (float y = -3; y < 3; y += 0.173f)
            CHECK_NEAR(dsp_pow(x, y) / powf(x, y), 1, 1e-6);
    CHECK_NEAR(dsp_pow(-2, 3), -8, 1e-6);
    CHECK_NEAR(dsp_pow(-2, 2), 4, 1e-6);
    CHECK_NEAR(dsp_pow(-2, 0.5f), 0, 0);
    CHECK_NEAR(dsp_pow(0, -1), 0, 0);
    CHECK_NEAR(dsp_pow(0, 0), 1, 0);
    CHECK_NEAR(dsp_pow(0, 2), 0, 0);
    CHECK_NEAR(dsp_pow(-7.5f, 1), -7.5, 0);
    CHECK(isnan(dsp_pow(NAN, 2)));
}

TEST(shape_bends_late_and_early)
{
    CHECK_NEAR(dsp_shape(0.3f, 0), 0.3f, 0);
    CHECK_NEAR(dsp_shape(0.3f, 0.0009f), 0.3f, 0);
    CHECK_NEAR(dsp_shape(0.5f, 0.2f), 0.25, 1e-6);              /* x^2 */
    CHECK_NEAR(dsp_shape(0.5f, -0.2f), 0.75, 1e-6);             /* 1 - (1-x)^2 */
    CHECK_NEAR(dsp_shape(0.5f, 1), 1 / 64.0, 1e-6);             /* x^6 */
    for (float c = -1; c <= 1; c += 0.25f) {
        CHECK_NEAR(dsp_shape(0, c), 0, 0);
        CHECK_NEAR(dsp_shape(1, c), 1, 1e-7);
    }
}

TEST(modulo_is_euclidean)
{
    CHECK_NEAR(dsp_modulo(5.5f, 2), 1.5, 0);
    CHECK_NEAR(dsp_modulo(-0.25f, 1), 0.75, 0);
    CHECK_NEAR(dsp_modulo(-0.25f, -1), 0.75, 0);
    CHECK_NEAR(dsp_modulo(3, 0), 0, 0);
    CHECK_NEAR(dsp_modulo(-1e-30f, 1), 0, 0);                   /* never the divisor itself */
    CHECK(isnan(dsp_modulo(NAN, 1)) && isnan(dsp_modulo(1, NAN)) && isnan(dsp_modulo(INFINITY, 1)));
    for (float a = -50; a < 50; a += 0.0173f)
        for (float b = 0.1f; b < 9; b += 0.37f) {
            CHECK(dsp_modulo(a, b) >= 0 && dsp_modulo(a, b) < b);
            CHECK_NEAR(remainder(dsp_modulo(a, b) - (double)a, (double)b), 0, 1e-5);
        }
    /* Of a large quotient nothing but rounding is left; that is not below 0 either. */
    for (float a = 1e-20f; a < 1e37f; a *= 7.3f)
        for (float b = 1e-37f; b < 1e37f; b *= 5.7f)
            CHECK(dsp_modulo(a, b) >= 0 && dsp_modulo(a, b) < b && dsp_modulo(-a, b) >= 0 && dsp_modulo(-a, b) < b);
}

TEST(whole_numbers_are_those_of_libm)
{
    static const double odd[] = { 0, -0.0, 0.5, -0.5, 1.5, 2.5, 0.49999999999999994, -0.49999999999999994, 0x1p51, 0x1p51 - 0.5, -0x1p51, 0x1p52 + 1, 1e300, -1e300 };

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        CHECK_NEAR(dsp_floor(odd[i]), floor(odd[i]), 0);
        CHECK_NEAR(dsp_nearest(odd[i]), nearbyint(odd[i]), 0);
    }
    for (double x = -5; x < 5; x += 0.0173) {
        CHECK_NEAR(dsp_floor(x), floor(x), 0);
        CHECK_NEAR(dsp_nearest(x), nearbyint(x), 0);
    }
    CHECK(isnan(dsp_floor(NAN)) && isinf(dsp_floor(INFINITY)));
    CHECK_NEAR(dsp_sin_turns(1e300), 0, 0);
    CHECK(isnan(dsp_sin_turns(INFINITY)));
}

TEST(many_shapes_are_each_of_them)
{
    static const float curves[] = { 0, 0.0009f, 0.3f, 1, -0.3f, -1 };

    for (size_t k = 0; k < sizeof curves / sizeof *curves; k++) {
        float x[101];
        for (int i = 0; i <= 100; i++)
            x[i] = (float)i / 100;
        dsp_shape_all(x, 101, curves[k]);
        for (int i = 0; i <= 100; i++)
            CHECK_NEAR(x[i], dsp_shape((float)i / 100, curves[k]), 0);
    }
}

TEST(the_fine_sine_agrees_with_libm)
{
    for (double x = -20; x < 20; x += 0.00137)
        CHECK_NEAR(dsp_sin(x), sin(x), 1e-13);
    CHECK_NEAR(dsp_sin(0), 0, 0);
}
