#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../tap.h"
#include "dsp/beats.h"
#include "dsp/harmony.h"
#include "dsp/meter.h"
#include "dsp/onset.h"
#include "dsp/readings.h"
#include "dsp/tempo.h"

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

static bool read_meter(const float *x, size_t n, struct meter *m)
{
    size_t spans = READING_SPANS * (beats.n - 1);
    struct harmony *h = malloc(spans * sizeof(*h));
    double *edge = malloc((spans + 1) * sizeof(*edge));

    meter_edges(&beats, edge);
    bool ok = !harmony_find(x, n, 1, RATE, edge, spans, NULL, h) && !meter_find(&beats, &cues, h, 0, m);
    free(h);
    free(edge);
    return ok;
}

/* Every 97th sample is no number, and the whole very quiet: the same beats. */
TEST(level_and_holes_do_not_matter)
{
    size_t n, same = 0;
    float *x = drums(118, 4, .4, 24, &n);
    double first[80];

    bool ok = listen(x, n);
    size_t count = beats.n < 80 ? beats.n : 80;
    for (size_t i = 0; i < count; i++)
        first[i] = beats.frame[i];
    forget();
    for (size_t i = 0; i < n; i++)
        x[i] = i % 97 ? x[i] * .002f : NAN;
    ok &= listen(x, n);
    for (size_t i = 0; i < beats.n && i < count; i++)
        same += fabs(beats.frame[i] - first[i]) < 1.5;
    size_t again = beats.n;
    forget();
    free(x);
    CHECK(ok);
    CHECK_INT(again, count);
    CHECK(same + 2 >= count);
}

/* Clicks whose tempo rises from 100 to 130 in 40 s: each is found. */
TEST(a_ramp_is_followed)
{
    size_t n = 42 * RATE, clicks = 0, found = 0;
    float *x = calloc(n, sizeof(*x));
    double at[120];

    for (double t = .4; t < 41; t += 60 / (100 + 30 * t / 41)) {
        at[clicks++] = t;
        for (size_t k = 0; k < 3000; k++)
            x[(size_t)(t * RATE) + k] += .6f * (float)exp(-(double)k / 300) * noise();
    }
    bool ok = listen(x, n);
    for (size_t i = 0; i < clicks; i++)
        for (size_t k = 0; k < beats.n; k++)
            if (fabs(beats.frame[k] / ONSET_RATE + .0055 - at[i]) < .02) {
                found++;
                break;
            }
    size_t most = beats.n;
    forget();
    free(x);
    CHECK(ok);
    CHECK(found + 2 >= clicks);
    CHECK(most <= clicks + 4);
}

TEST(smoothing_takes_the_jitter_not_the_tempo)
{
    double at[64], worst = 0, rubato[32], before[32];

    for (int i = 0; i < 64; i++)
        at[i] = .5 * i + .008 * (double)noise();
    at[20] += .04;
    CHECK_INT(tempo_smooth(at, 64, .012), LM_OK);
    for (int i = 0; i < 64; i++)
        worst = fmax(worst, fabs(at[i] - .5 * i));
    CHECK_NEAR(worst, 0, .012);
    CHECK_NEAR(60 * tempo_median(at, 64), 120, .1);
    CHECK_NEAR(60 * tempo_at(at, 64, 0), 120, .5);
    CHECK_NEAR(60 * tempo_at(at, 64, 63), 120, .5);
    for (int i = 0; i < 32; i++)
        before[i] = rubato[i] = .7 * i + .25 * sin(i * .9);
    CHECK_INT(tempo_smooth(rubato, 32, .012), LM_OK);
    for (int i = 0; i < 32; i++)
        CHECK_NEAR(rubato[i], before[i], 1e-9);
    CHECK(tempo_median(at, 3) == 0);
}

TEST(bars_of_three_and_four)
{
    for (int bar = 3; bar <= 4; bar++) {
        size_t n, right = 0;
        float *x = drums(110, bar, .3, 40, &n);
        struct meter m = { 0 };
        bool ok = listen(x, n) && read_meter(x, n, &m);
        for (size_t i = 0; i < m.n; i++) {
            double beat = (m.beat[i] / ONSET_RATE - .3) / 60 * 110;
            right += ((int)lround(beat) % bar == 0) == (m.position[i] == 0);
        }
        double part = (double)right / (double)m.n;
        int found = m.beats_per_bar;
        double certain = m.certainty, bpm = 60. * ONSET_RATE * tempo_median(m.beat, m.n);
        meter_clear(&m);
        free(x);
        forget();
        CHECK(ok);
        CHECK_INT(found, bar);
        CHECK(part > .95);
        CHECK(certain > .5 && certain <= 1);
        CHECK_NEAR(bpm, 110, .1);
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

/* A shuffle: beats, and a note two thirds of the way to the next. */
TEST(short_notes_lead_to_the_beat)
{
    enum { BEATS = 40, INTERVAL = 48, FRAMES = BEATS * INTERVAL, ON = 0, THIRD_AFTER = 14 };
    static float activation[FRAMES], none[FRAMES], tone[FRAMES][ONSET_TONES];
    static struct harmony spans[READING_SPANS * (BEATS - 1)];
    double frame[BEATS];
    struct beats b = { .frame = frame, .n = BEATS };
    struct beat_cues c = { .n = FRAMES, .activation = activation, .kick = none, .snare = none, .low = none, .tone = (const float (*)[ONSET_TONES])tone };
    struct reading on, after;

    for (int i = 0; i < BEATS; i++) {
        frame[i] = i * INTERVAL;
        activation[i * INTERVAL] = 1;
        activation[i * INTERVAL + INTERVAL * 2 / 3] = .8f;
    }
    CHECK_INT(reading_make(ON, &b, &c, spans, &on), LM_OK);
    CHECK_INT(reading_make(THIRD_AFTER, &b, &c, spans, &after), LM_OK);
    CHECK(on.n == BEATS && after.first == GRID_PARTS / 3);
    CHECK_NEAR(on.trait[TRAIT_THIRD], .8, .01);
    CHECK_NEAR(on.trait[TRAIT_WITHIN], -1, .01);
    CHECK_NEAR(after.trait[TRAIT_THIRD], .2, .01);
    CHECK_NEAR(after.trait[TRAIT_WITHIN], .8, .01);
    reading_clear(&on);
    reading_clear(&after);
}

TEST(too_little_is_no_meter)
{
    double frame[3] = { 0, 50, 100 };
    struct beats few = { frame, 3 };
    struct beat_cues none = { 0 };
    struct meter m;

    CHECK_INT(meter_find(&few, &none, NULL, 0, &m), LM_INVALID);
    CHECK(!m.beat);
}
