/* What stands around the network: without it. */
#include <math.h>
#include <stdlib.h>

#include "../../tap.h"

#include "dsp/demucs.h"
#include "dsp/hash.h"

static float noise(uint64_t i)
{
    return (float)((double)(hash_mix(i) >> 11) / 4503599627370496.0 - 1);
}

/* fmax() would pass over what is no number. */
static double further(double worst, double off)
{
    return isfinite(off) ? fmax(worst, fabs(off)) : INFINITY;
}

static float *floats(size_t n)
{
    float *x = calloc(n, sizeof(*x));

    if (!x)
        abort();
    return x;
}

/* Sample i of the segment as the spectrum sees it: reflected at both ends, the end itself once. */
static double reflected(const float *x, long i)
{
    return x[i < 0 ? -i : i >= DEMUCS_SEGMENT ? 2L * (DEMUCS_SEGMENT - 1) - i : i];
}

/* One bin of one frame as torch.stft defines it: periodic Hann, 1 / sqrt(n). */
static void bin(const float *x, long frame, long b, double *re, double *im)
{
    *re = *im = 0;
    for (long i = 0; i < DEMUCS_FFT; i++) {
        double w = .5 - .5 * cos(2 * M_PI * (double)i / DEMUCS_FFT), turn = 2 * M_PI * (double)(i * b % DEMUCS_FFT) / DEMUCS_FFT;
        double v = w * reflected(x, frame * DEMUCS_HOP - 1536 + i) / 64;
        *re += v * cos(turn);
        *im -= v * sin(turn);
    }
}

TEST(a_spectrum_is_what_the_definition_says_also_at_both_ends)
{
    static const long frames[] = { 0, 1, 2, 100, 333, 334, 335 }, bins[] = { 0, 1, 17, 1000, 2047 };
    struct demucs_stft *f = demucs_stft_new();
    float *x = floats(DEMUCS_SEGMENT), *re = floats(DEMUCS_PLANE), *im = floats(DEMUCS_PLANE);

    for (size_t i = 0; i < DEMUCS_SEGMENT; i++)
        x[i] = noise(i);
    demucs_spectrum(f, x, re, im);
    for (size_t t = 0; t < sizeof(frames) / sizeof(*frames); t++)
        for (size_t b = 0; b < sizeof(bins) / sizeof(*bins); b++) {
            double r, i;
            bin(x, frames[t], bins[b], &r, &i);
            CHECK_NEAR(re[bins[b] * DEMUCS_FRAMES + frames[t]], r, 2e-6);
            CHECK_NEAR(im[bins[b] * DEMUCS_FRAMES + frames[t]], i, 2e-6);
        }
    free(x), free(re), free(im);
    demucs_stft_free(f);
}

/* The last frames that would complete the sum of windows are not among the 336: the first and last samples fade, as they do in the network's own library. */
TEST(a_spectrum_becomes_its_signal_again_and_is_added)
{
    struct demucs_stft *f = demucs_stft_new();
    float *x = floats(DEMUCS_SEGMENT), *y = floats(DEMUCS_SEGMENT), *re = floats(DEMUCS_PLANE), *im = floats(DEMUCS_PLANE);
    double worst = 0;

    for (size_t i = 0; i < DEMUCS_SEGMENT; i++) {
        x[i] = (float)(sin((double)i * .013) / 2 + sin((double)i * .31) / 4);
        y[i] = .25f;
    }
    demucs_spectrum(f, x, re, im);
    demucs_add_signal(f, re, im, y);
    for (size_t i = 2 * DEMUCS_HOP; i < DEMUCS_SEGMENT - 2 * DEMUCS_HOP; i++)
        worst = further(worst, y[i] - .25 - x[i]);
    CHECK_NEAR(worst, 0, 1e-5);
    /* at the first sample two of four windows are there; what they hold is quiet, never loud */
    CHECK(fabs(y[0] - .25) < .6 && fabs(y[DEMUCS_SEGMENT - 1] - .25) < .6);
    free(x), free(y), free(re), free(im);
    demucs_stft_free(f);
}

TEST(segments_cover_a_track_and_the_last_stands_in_the_middle)
{
    static const uint64_t lengths[] = { 1, 1000, DEMUCS_STRIDE, DEMUCS_STRIDE + 1, DEMUCS_SEGMENT, 2 * DEMUCS_STRIDE + 7, 10000000 };

    CHECK_INT(demucs_segments(0), 0);
    CHECK_INT(demucs_segments(1), 1);
    CHECK_INT(demucs_segments(DEMUCS_STRIDE), 1);
    CHECK_INT(demucs_segments(DEMUCS_STRIDE + 1), 2);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        uint64_t n = lengths[i], covered = 0;
        for (size_t k = 0; k < demucs_segments(n); k++) {
            struct demucs_segment s = demucs_segment(n, k);
            CHECK(s.offset <= covered && s.n > 0 && s.n <= DEMUCS_SEGMENT);
            CHECK_INT(s.from + (int64_t)s.skip, (int64_t)s.offset);
            CHECK_INT(s.skip, (DEMUCS_SEGMENT - s.n) / 2);
            covered = s.offset + s.n;
        }
        CHECK_INT(covered, n);
    }
}

/* A network that changes nothing: the track comes back, whatever its length. */
TEST(segments_that_say_the_same_are_joined_without_a_seam)
{
    static const uint64_t lengths[] = { 5, 44100, DEMUCS_SEGMENT, DEMUCS_SEGMENT + 1, 2 * DEMUCS_STRIDE + 3, 1500000 };
    float *x = floats(2 * DEMUCS_SEGMENT), *planes[2] = { x, x + DEMUCS_SEGMENT };
    const float *out[2];

    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        struct demucs_join *j = demucs_join_new(2);
        uint64_t frames = lengths[i], at = 0;
        double worst = 0;
        for (size_t k = 0; k < demucs_segments(frames); k++) {
            struct demucs_segment s = demucs_segment(frames, k);
            for (int64_t n = 0; n < DEMUCS_SEGMENT; n++) {
                planes[0][n] = noise((uint64_t)(s.from + n));
                planes[1][n] = noise((uint64_t)(s.from + n) + 1000000007);
            }
            size_t done = demucs_join_add(j, &s, frames, planes, out);
            for (size_t n = 0; n < done; n++, at++) {
                worst = further(worst, (double)out[0][n] - (double)noise(at));
                worst = further(worst, (double)out[1][n] - (double)noise(at + 1000000007));
            }
        }
        CHECK_INT(at, frames);
        CHECK_NEAR(worst, 0, 1e-6);
        demucs_join_free(j);
    }
    free(x);
}

/* Two that do not: from one to the other in a straight line of weights, (n + 1) up against the rest of the other's way down. */
TEST(what_two_segments_share_goes_from_one_to_the_other)
{
    enum { SHARED = DEMUCS_SEGMENT - DEMUCS_STRIDE };
    const uint64_t frames = DEMUCS_STRIDE + DEMUCS_SEGMENT;
    float *x = floats(DEMUCS_SEGMENT), *planes[1] = { x };
    const float *out[1];
    struct demucs_join *j = demucs_join_new(1);
    struct demucs_segment s = demucs_segment(frames, 0);

    CHECK_INT(demucs_join_add(j, &s, frames, planes, out), DEMUCS_STRIDE);
    CHECK_NEAR(out[0][DEMUCS_STRIDE - 1], 0, 0);
    for (int i = 0; i < DEMUCS_SEGMENT; i++)
        x[i] = 1;
    s = demucs_segment(frames, 1);
    demucs_join_add(j, &s, frames, planes, out);
    for (int i = 0; i < SHARED; i += 1000)
        CHECK_NEAR(out[0][i], (i + 1.) / (i + 1. + SHARED - i), 1e-5);
    CHECK_NEAR(out[0][SHARED], 1, 0);
    demucs_join_free(j);
    free(x);
}
