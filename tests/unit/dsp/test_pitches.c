#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../tap.h"
#include "dsp/harmony.h"
#include "dsp/median.h"
#include "dsp/notes.h"
#include "dsp/pitches.h"

enum { RATE = 48000 };

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Against sorting every window anew. */
TEST(medians_are_those_of_sorted_windows)
{
    enum { N = 200 };
    static float row[MEDIAN_WINDOW + 1][N], a[N], b[N], along[N];
    const float *in[MEDIAN_WINDOW + 1];
    float w[MEDIAN_WINDOW];
    unsigned seed = 7;

    for (int r = 0; r <= MEDIAN_WINDOW; r++)
        for (int i = 0; i < N; i++)
            row[r][i] = (float)((seed = seed * 1103515245 + 12345) >> 16 & 63);
    for (int r = 0; r <= MEDIAN_WINDOW; r++)
        in[r] = row[r];
    median_pair(in, N, a, b);
    median_along(row[3], N, along);
    for (int i = 0; i < N; i++)
        for (int which = 0; which < 3; which++) {
            for (int k = 0; k < MEDIAN_WINDOW; k++) {
                int at = i + k - MEDIAN_WINDOW / 2;
                w[k] = which == 2 ? row[3][at < 0 ? 0 : at >= N ? N - 1 : at] : row[k + which][i];
            }
            qsort(w, MEDIAN_WINDOW, sizeof(*w), compare);
            CHECK_NEAR((which == 0 ? a : which == 1 ? b : along)[i], w[MEDIAN_WINDOW / 2], 0);
        }
}

static float *tone(size_t n, double hz, double seconds_between)
{
    float *x = calloc(n, sizeof(*x));

    for (size_t i = 0; i < n; i++)
        for (int k = 1; k < 6; k++)
            x[i] += (float)(.2 / k * sin(2 * M_PI * hz * k * (double)i / RATE));
    for (size_t i = 0; seconds_between > 0 && i < n; i++)
        x[i] += fmod((double)i / RATE, seconds_between) < .002 ? .5f : 0;
    return x;
}

static int strongest(const float *v, int n)
{
    int best = 0;

    for (int i = 0; i < n; i++)
        best = v[i] > v[best] ? i : best;
    return best;
}

static struct pitch_frame frame_at(const float *x, size_t n, double seconds, double *tuning)
{
    struct pitches *p = pitches_new(&(struct pitch_input){ x, 1 }, 1, n, RATE);
    struct pitch_frame f = { 0 };
    double confidence;

    *tuning = pitches_tuning(p, &confidence);
    while (f.at < seconds && pitches_next(p, &f))
        ;
    pitches_free(p);
    return f;
}

/* The middle third of its note, whatever the recording is tuned to; clicks do not matter. */
TEST(a_note_is_where_it_belongs_however_it_is_tuned)
{
    static const double cents[] = { 0, 30, -40 };

    for (int i = 0; i < 3; i++) {
        double tuning;
        size_t n = 4 * RATE;
        float *x = tone(n, 220 * exp2(cents[i] / 1200), .25);
        struct pitch_frame f = frame_at(x, n, 2, &tuning);
        free(x);
        CHECK_NEAR(f.at, 2, .05);
        CHECK_NEAR(tuning, cents[i] / 100, .08);
        CHECK_INT(strongest(f.strength, PITCHES), (57 - PITCH_LOWEST) * PITCH_PER_NOTE);
        CHECK(f.steady > .8);
    }
}

TEST(noise_has_little_that_lasts)
{
    size_t n = 3 * RATE;
    float *x = malloc(n * sizeof(*x));
    unsigned seed = 3;
    double tuning;

    for (size_t i = 0; i < n; i++)
        x[i] = (float)((seed = seed * 1103515245 + 12345) >> 16 & 0x7fff) / 16384 - 1;
    struct pitch_frame f = frame_at(x, n, 1.5, &tuning);
    free(x);
    CHECK(f.steady < .6);
}

/* Numbers that are none, and less sound than one spectrum is long. */
TEST(bad_and_short_input)
{
    size_t n = RATE;
    float *x = tone(n, 220, 0);
    double tuning;

    for (size_t i = 0; i < n; i += 100)
        x[i] = i % 200 ? NAN : INFINITY;
    struct pitch_frame f = frame_at(x, n, .5, &tuning);
    for (int i = 0; i < PITCHES; i++)
        CHECK(isfinite(f.strength[i]) && f.strength[i] >= 0);
    CHECK(isfinite(tuning));
    f = frame_at(x, 10, 1, &tuning);
    CHECK_NEAR(f.at, 0, 0);
    f = frame_at(x, 0, 1, &tuning);
    CHECK_NEAR(f.level, 0, 0);
    free(x);
}

/* Several inputs are one sound. */
TEST(inputs_are_heard_together)
{
    size_t n = 2 * RATE;
    float *a = tone(n, 220, 0), *b = tone(n, 330, 0), *sum = malloc(n * sizeof(*sum)), worst = 0;
    struct pitch_frame f, g;

    for (size_t i = 0; i < n; i++)
        sum[i] = a[i] + b[i];
    struct pitches *p = pitches_new((struct pitch_input[]){ { a, 1 }, { b, 1 } }, 2, n, RATE), *q = pitches_new(&(struct pitch_input){ sum, 1 }, 1, n, RATE);
    while (pitches_next(p, &f) && pitches_next(q, &g))
        for (int i = 0; i < PITCHES; i++)
            worst = fmaxf(worst, fabsf(f.strength[i] - g.strength[i]));
    CHECK_NEAR(pitches_done(p), 1, 0);
    pitches_free(p);
    pitches_free(q);
    free(a);
    free(b);
    free(sum);
    CHECK(worst < 1e-3f);
}

/* Partials are not notes: an A with all of them is one A. */
TEST(partials_are_explained_by_their_note)
{
    size_t n = 3 * RATE;
    float *x = tone(n, 110, 0), note[PITCH_NOTES] = { 0 }, sum = 0;
    struct notes *notes = notes_new();
    double tuning;
    struct pitch_frame f = frame_at(x, n, 1.5, &tuning);

    notes_find(notes, f.strength, 100, note);
    notes_free(notes);
    free(x);
    for (int i = 0; i < PITCH_NOTES; i++)
        sum += note[i];
    CHECK_INT(strongest(note, PITCH_NOTES) + PITCH_LOWEST, 45);
    CHECK(note[45 - PITCH_LOWEST] > .5f * sum);
}
