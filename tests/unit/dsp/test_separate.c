#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../tap.h"
#include "dsp/separate.h"

enum { RATE = 44100 };

/* A recording and what became of it; all interleaved stereo. */
struct sound { size_t n, written, most; int told; float *mix, *truth[SEPARATE_PARTS], *part[SEPARATE_PARTS]; };

static struct sound *sound_new(double seconds)
{
    struct sound *s = calloc(1, sizeof(*s));

    s->n = (size_t)(seconds * RATE);
    s->mix = calloc(2 * s->n + 2, sizeof(float));
    for (int i = 0; i < SEPARATE_PARTS; i++) {
        s->truth[i] = calloc(2 * s->n + 2, sizeof(float));
        s->part[i] = calloc(2 * s->n + 2, sizeof(float));
    }
    return s;
}

static void sound_free(struct sound *s)
{
    for (int i = 0; i < SEPARATE_PARTS; i++) {
        free(s->truth[i]);
        free(s->part[i]);
    }
    free(s->mix);
    free(s);
}

static enum lm_err take(void *ctx, int64_t from, size_t n, float *out)
{
    struct sound *s = ctx;

    s->most = n > s->most ? n : s->most;
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < 2; c++) {
            int64_t k = from + (int64_t)i;
            out[2 * i + (size_t)c] = k >= 0 && k < (int64_t)s->n ? s->mix[2 * k + c] : 0;
        }
    return LM_OK;
}

static enum lm_err put(void *ctx, const float *const part[SEPARATE_PARTS], size_t n)
{
    struct sound *s = ctx;

    if (s->written + n > s->n)
        return LM_RANGE;
    for (int i = 0; i < SEPARATE_PARTS; i++)
        memcpy(s->part[i] + 2 * s->written, part[i], 2 * n * sizeof(float));
    s->written += n;
    return LM_OK;
}

static void told(void *ctx, double part)
{
    ((struct sound *)ctx)->told += part > 0 && part <= 1;
}

static enum lm_err run(struct sound *s, int channels)
{
    s->written = 0;
    return separate(&(struct separate_io){ .ctx = s, .frames = s->n, .rate = RATE, .channels = channels, .read = take, .write = put, .progress = told });
}

static unsigned seed = 1;

static double noise(void)
{
    seed = seed * 1664525 + 1013904223;
    return (double)(seed >> 8) / (1 << 23) - 1;
}

/* A beat of noises and thuds, a walking bass, a sung line in the middle with vibrato, chords far left and right. */
static struct sound *song(double seconds)
{
    static const double root[] = { 55, 73.42, 65.41, 82.41 }, tune[] = { 330, 392, 370, 294, 440, 330 };
    struct sound *s = sound_new(seconds);
    double phase[8] = { 0 }, voice = 0;

    seed = 1;
    for (size_t i = 0; i < s->n; i++) {
        double t = (double)i / RATE, beat = fmod(t, .5), half = fmod(t, .25), bar = root[(int)(t / 2) % 4];
        double kick = .5 * exp(-beat * 25) * sin(2 * M_PI * (50 * beat + 4 * (1 - exp(-beat * 40)))), hat = .12 * exp(-half * 90) * noise();
        double snare = fmod(t, 1) > .5 ? .35 * exp(-beat * 30) * noise() : 0;
        double bass = 0, sung = 0, left = 0, right = 0;
        double f = tune[(int)(t / .8) % 6] * (1 + .008 * sin(2 * M_PI * 5.5 * t));
        voice = fmod(voice + f / RATE, 1);
        for (int h = 1; h <= 12; h++)
            sung += .12 / (1 + .3 * h) * sin(2 * M_PI * voice * h);
        for (int h = 1; h <= 3; h++)
            bass += .2 / h * sin(2 * M_PI * bar * h * t);
        for (int k = 0; k < 6; k++) {
            phase[k] = fmod(phase[k] + bar * (double[]){ 4, 5, 6, 8, 10, 12 }[k] / RATE, 1);
            *(k % 2 ? &left : &right) += .06 * sin(2 * M_PI * phase[k]);
        }
        sung *= fmin(1, fmod(t, .8) / .05) * (fmod(t, 6.4) < 4.8);
        for (int c = 0; c < 2; c++) {
            s->truth[SEPARATE_DRUMS][2 * i + (size_t)c] = (float)(kick + snare + hat);
            s->truth[SEPARATE_BASS][2 * i + (size_t)c] = (float)bass;
            s->truth[SEPARATE_VOCALS][2 * i + (size_t)c] = (float)sung;
            s->truth[SEPARATE_OTHER][2 * i + (size_t)c] = (float)(c ? right : left);
        }
    }
    for (size_t i = 0; i < 2 * s->n; i++)
        for (int k = 0; k < SEPARATE_PARTS; k++)
            s->mix[i] += s->truth[k][i];
    return s;
}

static double energy(const float *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < 2 * n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

static double ratio_db(const float *truth, const float *estimate, size_t n)
{
    double error = 0;

    for (size_t i = 0; i < 2 * n; i++)
        error += ((double)truth[i] - (double)estimate[i]) * ((double)truth[i] - (double)estimate[i]);
    return 10 * log10(energy(truth, n) / (error + 1e-12));
}

/* Infinite when a part has what is no number, which fmax() would pass over. */
static double worst_sum(const struct sound *s)
{
    double worst = 0;

    for (size_t i = 0; i < 2 * s->n; i++) {
        double sum = 0;
        for (int k = 0; k < SEPARATE_PARTS; k++)
            sum += (double)s->part[k][i];
        double off = fabs(sum - (double)s->mix[i]);
        worst = isfinite(off) ? fmax(worst, off) : INFINITY;
    }
    return worst;
}

TEST(the_parts_add_up_to_the_recording)
{
    static const double seconds[] = { 5, 1, .01, 1. / RATE, 33 };

    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        struct sound *s = song(seconds[i]);
        enum lm_err err = run(s, 2);
        bool is_whole = s->written == s->n;
        double worst = worst_sum(s);
        int times = s->told;
        sound_free(s);
        CHECK_INT(err, LM_OK);
        CHECK(is_whole);
        CHECK(worst < .5 / 32768);
        CHECK(times > 0);
    }
}

TEST(each_part_is_nearer_to_itself_than_the_recording_is)
{
    static const double least[SEPARATE_PARTS] = { 4, 6, 4, 3 };
    struct sound *s = song(14);
    double db[SEPARATE_PARTS], before[SEPARATE_PARTS];

    CHECK_INT(run(s, 2), LM_OK);
    for (int i = 0; i < SEPARATE_PARTS; i++) {
        db[i] = ratio_db(s->truth[i], s->part[i], s->n);
        before[i] = ratio_db(s->truth[i], s->mix, s->n);
    }
    sound_free(s);
    for (int i = 0; i < SEPARATE_PARTS; i++) {
        printf("# part %d: %.1f dB, the recording %.1f dB\n", i, db[i], before[i]);
        CHECK(db[i] > least[i]);
        CHECK(db[i] > before[i] + 4);
    }
}

TEST(the_same_recording_gives_the_same_bits)
{
    struct sound *a = song(4), *b = song(4);

    run(a, 2);
    run(b, 2);
    int differ = 0;
    for (int i = 0; i < SEPARATE_PARTS; i++)
        differ += memcmp(a->part[i], b->part[i], 2 * a->n * sizeof(float)) != 0;
    sound_free(a);
    sound_free(b);
    CHECK_INT(differ, 0);
}

TEST(silence_stays_silent)
{
    struct sound *s = sound_new(3);
    enum lm_err err = run(s, 2);
    double sum = 0;

    for (int i = 0; i < SEPARATE_PARTS; i++)
        sum += energy(s->part[i], s->n);
    sound_free(s);
    CHECK_INT(err, LM_OK);
    CHECK_NEAR(sum, 0, 0);
    struct sound *none = sound_new(0);
    err = run(none, 2);
    sound_free(none);
    CHECK_INT(err, LM_OK);
}

TEST(one_channel_gives_the_same_on_both_sides)
{
    struct sound *s = song(6);
    double differ = 0;

    for (size_t i = 0; i < s->n; i++)
        s->mix[2 * i] = s->mix[2 * i + 1] = (s->mix[2 * i] + s->mix[2 * i + 1]) / 2;
    enum lm_err err = run(s, 1);
    for (int k = 0; k < SEPARATE_PARTS; k++)
        for (size_t i = 0; i < s->n; i++)
            differ += fabs((double)s->part[k][2 * i] - (double)s->part[k][2 * i + 1]);
    double worst = worst_sum(s), drums = ratio_db(s->truth[SEPARATE_DRUMS], s->part[SEPARATE_DRUMS], s->n);
    sound_free(s);
    CHECK_INT(err, LM_OK);
    CHECK_NEAR(differ, 0, 0);
    CHECK(worst < .5 / 32768);
    CHECK(drums > 3);
}

TEST(noise_and_full_scale_are_finite_and_add_up)
{
    struct sound *s = sound_new(4);

    for (size_t i = 0; i < 2 * s->n; i++)
        s->mix[i] = (float)(i < s->n ? noise() : noise() > 0 ? 8 : -8);         /* the second half is beyond full scale */
    enum lm_err err = run(s, 2);
    double worst = worst_sum(s);
    sound_free(s);
    CHECK_INT(err, LM_OK);
    CHECK(worst < 1e-4);
}

TEST(a_long_recording_is_read_in_pieces)
{
    struct sound *s = sound_new(70);
    enum lm_err err = run(s, 2);
    size_t most = s->most, written = s->written, n = s->n;

    sound_free(s);
    CHECK_INT(err, LM_OK);
    CHECK_INT(written, n);
    CHECK(most < 50 * RATE);
}

static enum lm_err refuse(void *ctx, const float *const part[SEPARATE_PARTS], size_t n)
{
    (void)ctx, (void)part, (void)n;
    return LM_FULL;
}

TEST(who_cannot_write_ends_it)
{
    struct sound *s = song(2);
    enum lm_err err = separate(&(struct separate_io){ .ctx = s, .frames = s->n, .rate = RATE, .channels = 2, .read = take, .write = refuse });

    sound_free(s);
    CHECK_INT(err, LM_FULL);
}
