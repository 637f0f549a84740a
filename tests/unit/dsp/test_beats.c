#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../tap.h"
#include "dsp/beats.h"
#include "dsp/harmony.h"
#include "dsp/meter.h"
#include "dsp/onset.h"

enum { RATE = 48000 };

static float noise(void)
{
    static uint32_t seed = 1;

    seed = seed * 1664525 + 1013904223;
    return (float)(int32_t)seed / 2147483648.f;
}

/* Drums from `from` seconds on: kick on the first beat of each bar and, of four, on the third; snare on the others (of three) or on 2 and 4; a chord a bar. */
static float *drums(double bpm, int bar, double from, double seconds, size_t *n)
{
    static const double chord[4] = { 220, 174.61, 261.63, 196 };
    *n = (size_t)(seconds * RATE);
    float *x = calloc(*n, sizeof(*x));

    for (int i = 0; from + i * 60 / bpm < seconds; i++) {
        size_t at = (size_t)((from + i * 60 / bpm) * RATE);
        int beat = i % bar;
        int is_kick = beat == 0 || (bar == 4 && beat == 2);
        for (size_t k = 0; k < 6000 && at + k < *n; k++) {
            double t = (double)k / RATE;
            x[at + k] += (float)(.7 * exp(-t * 50)) * (is_kick ? (float)sin(2 * M_PI * 60 * t) : .7f * noise());
        }
        if (!beat)
            for (size_t k = 0; k < (size_t)(bar * 60 / bpm * RATE) && at + k < *n; k++)
                for (int tone = 0; tone < 3; tone++)
                    x[at + k] += .05f * (float)sin(2 * M_PI * chord[i / bar % 4] * (tone == 0 ? 1 : tone == 1 ? 1.25 : 1.5) * (double)k / RATE);
    }
    return x;
}

static struct onsets onsets;
static struct beat_cues cues;
static struct beats beats;
static double periodicity;

static bool listen(const float *x, size_t n)
{
    return !onset_find(x, n, 1, RATE, NULL, &onsets) && !beat_cues_make(&onsets, &cues) && !beats_find(&cues, &beats, &periodicity);
}

static void forget(void)
{
    onset_clear(&onsets);
    beat_cues_clear(&cues);
    beats_clear(&beats);
}

TEST(beats_are_where_the_drums_are)
{
    static const double tempi[] = { 72, 97.3, 124, 150 };

    for (int k = 0; k < 4; k++) {
        size_t n;
        float *x = drums(tempi[k], 4, .5, 30, &n);
        bool ok = listen(x, n);
        double worst = 0;
        for (size_t i = 2; i + 2 < beats.n; i++) {
            double at = beats.frame[i] / ONSET_RATE + .0055 - .5, per = 60 / tempi[k];
            worst = fmax(worst, fabs(at - round(at / per) * per));
        }
        double bpm = 60. * ONSET_RATE / beats_interval(beats.frame, beats.n), heard = periodicity;
        forget();
        free(x);
        CHECK(ok);
        CHECK_NEAR(bpm, tempi[k], tempi[k] * .02);
        CHECK_NEAR(worst, 0, .012);
        CHECK(heard > .2);
    }
}

TEST(noise_does_not_repeat)
{
    size_t n = 40 * RATE;
    float *x = malloc(n * sizeof(*x));

    for (size_t i = 0; i < n; i++)
        x[i] = .3f * noise();
    bool ok = listen(x, n);
    double heard = periodicity;
    forget();
    free(x);
    CHECK(ok);
    CHECK(heard < .04);
}

TEST(bars_of_three_and_four)
{
    for (int bar = 3; bar <= 4; bar++) {
        size_t n, right = 0, half_n;
        float *x = drums(110, bar, .3, 40, &n);
        struct meter m = { 0 };
        bool ok = listen(x, n);
        half_n = 2 * (beats.n - 1);
        struct harmony *half = malloc(half_n * sizeof(*half));
        double *edge = malloc((half_n + 1) * sizeof(*edge));
        for (size_t i = 0; i <= half_n; i++)
            edge[i] = (i % 2 ? (beats.frame[i / 2] + beats.frame[i / 2 + 1]) / 2 : beats.frame[i / 2]) / ONSET_RATE;
        ok = ok && !harmony_find(x, n, 1, RATE, edge, half_n, NULL, half) && !meter_find(&beats, &cues, half, &m);
        for (size_t i = 0; i < m.n; i++) {
            double beat = (m.beat[i] / ONSET_RATE - .3) / 60 * 110;
            right += ((int)lround(beat) % bar == 0) == (m.position[i] == 0);
        }
        double part = (double)right / (double)m.n;
        int found = m.beats_per_bar;
        meter_clear(&m);
        free(half), free(edge), free(x);
        forget();
        CHECK(ok);
        CHECK_INT(found, bar);
        CHECK(part > .95);
    }
}

/* A chord that changes on the second is where the harmony differs, and its notes are where they belong. */
TEST(harmony_hears_notes)
{
    size_t n = 8 * RATE;
    float *x = calloc(n, sizeof(*x));
    double edge[9];
    struct harmony h[8];

    for (size_t i = 0; i < n; i++)
        for (int k = 1; k < 6; k++)
            x[i] += (float)(.2 / k * sin(2 * M_PI * (i < n / 2 ? 220 : 261.63) * k * (double)i / RATE));
    for (int i = 0; i <= 8; i++)
        edge[i] = i;
    enum lm_err err = harmony_find(x, n, 1, RATE, edge, 8, NULL, h);
    free(x);
    CHECK_INT(err, LM_OK);
    for (int i = 1; i < 8; i++) {
        int best = 0;
        for (int k = 0; k < HARMONY_NOTES; k++)
            best = h[i].note[k] > h[i].note[best] ? k : best;
        if (i != 4)
            CHECK_INT(best + HARMONY_LOWEST, i < 4 ? 57 : 60);
        CHECK_NEAR(h[i].frames, RATE / 4 / 512., 2);
    }
}

TEST(too_little_is_no_meter)
{
    double frame[3] = { 0, 50, 100 };
    struct beats few = { frame, 3 };
    struct beat_cues none = { 0 };
    struct meter m;

    CHECK_INT(meter_find(&few, &none, NULL, &m), LM_INVALID);
    CHECK(!m.beat);
}
