#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../tap.h"
#include "dsp/chords.h"
#include "dsp/chroma.h"

static const int triad[2][3] = { { 0, 4, 7 }, { 0, 3, 7 } };

/* Steps that hear a triad, its bass, and a little of everything. */
static void sound(struct chord_step *s, int root, bool is_minor)
{
    s->level = .1f, s->steady = .8f;
    for (int i = 0; i < 12; i++)
        s->treble[i] = s->bass[i] = .1f;
    for (int i = 0; i < 3; i++)
        s->treble[(root + triad[is_minor][i]) % 12] = 1;
    s->bass[root] = 1;
}

TEST(steps_are_half_beats_from_end_to_end)
{
    static const double beat[] = { 1, 1.5, 2, 2.5, 3, 3.5 }, downbeat[] = { 2 };
    struct chord_step *s;
    size_t n;

    CHECK_INT(chord_steps_make(beat, 6, downbeat, 1, 4.9, &s, &n), LM_OK);
    CHECK_NEAR(s[0].start, 0, 0);
    CHECK_NEAR(s[n - 1].end, 4.9, 0);
    for (size_t i = 1; i < n; i++)
        CHECK_NEAR(s[i].start, s[i - 1].end, 0);
    for (size_t i = 0; i < n; i++) {
        if (s[i].start == 2)
            CHECK_INT(s[i].position, 0);
        if (s[i].start == 1.5)
            CHECK_INT(s[i].position, 6);
        if (s[i].start == 2.25)
            CHECK_INT(s[i].position, 1);
    }
    free(s);
}

TEST(without_beats_steps_are_half_seconds)
{
    static const double same[] = { 1, 1, 1, 1, 1 };
    struct chord_step *s;
    size_t n;

    CHECK_INT(chord_steps_make(NULL, 0, NULL, 0, 2.2, &s, &n), LM_OK);
    CHECK_INT(n, 5);
    CHECK_INT(s[0].position, -1);
    CHECK_NEAR(s[4].end, 2.2, 1e-12);
    free(s);
    CHECK_INT(chord_steps_make(same, 5, NULL, 0, 1, &s, &n), LM_OK);      /* no time goes by from beat to beat */
    CHECK_INT(n, 2);
    free(s);
    CHECK_INT(chord_steps_make(NULL, 0, NULL, 0, 0, &s, &n), LM_OK);
    CHECK_INT(n, 1);
    free(s);
}

TEST(chords_and_key_of_a_song)
{
    enum { BARS = 16, N = BARS * 8 };
    static const struct { int root; bool is_minor; const char *label; } loop[] = { { 9, true, "Am" }, { 2, true, "Dm" }, { 4, false, "E" }, { 9, true, "Am" } };
    static struct chord_step s[N];
    struct chords c;
    char label[8];

    for (int i = 0; i < N; i++) {
        s[i] = (struct chord_step){ .start = i * .25, .end = i * .25 + .25, .position = i % 8 };
        sound(&s[i], loop[i / 8 % 4].root, loop[i / 8 % 4].is_minor);
    }
    CHECK_INT(chords_find(s, N, 8, &c), LM_OK);
    CHECK_INT(c.n, BARS - 3);           /* the last bar of a loop goes on in the first of the next */
    CHECK_INT(c.tonic, 9);
    CHECK(c.is_minor);
    CHECK(c.key_confidence > .5);
    for (size_t i = 0; i < 3; i++) {
        chord_label(&c.chord[i], label);
        CHECK_STR(label, loop[i].label);
        CHECK_NEAR(c.chord[i].start, (double)i * 2, 0);
        CHECK(c.chord[i].confidence > .8);
    }
    chords_clear(&c);
}

/* Bars that begin half a beat late still end where the music does. */
TEST(a_grid_that_is_off_does_little_harm)
{
    enum { N = 256 };
    static struct chord_step s[N];
    struct chords c;

    for (int i = 0; i < N; i++) {
        s[i] = (struct chord_step){ .start = i * .25, .end = i * .25 + .25, .position = (i + 3) % 8 };
        sound(&s[i], i / 8 % 2 ? 7 : 0, false);
    }
    CHECK_INT(chords_find(s, N, 8, &c), LM_OK);
    CHECK_INT(c.n, N / 8);
    for (size_t i = 0; i < c.n; i++)
        CHECK_NEAR(c.chord[i].start, (double)i * 2, 0);
    chords_clear(&c);
}

TEST(silence_and_everything_at_once_are_no_chord)
{
    enum { N = 64 };
    static struct chord_step s[N];
    struct chords c;

    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < N; i++) {
            s[i] = (struct chord_step){ .start = i * .5, .end = i * .5 + .5, .position = -1, .level = pass ? .2f : 0, .steady = pass ? .15f : 0 };
            for (int k = 0; k < 12; k++)
                s[i].treble[k] = s[i].bass[k] = pass ? .8f + .02f * (float)((i * 7 + k * 5) % 11) : 0;
        }
        CHECK_INT(chords_find(s, N, 8, &c), LM_OK);
        CHECK_INT(c.n, 1);
        CHECK_INT(c.chord[0].quality, CHORD_NONE);
        CHECK_INT(c.chord[0].root, -1);
        CHECK(c.chord[0].confidence > .5);
        CHECK_INT(c.tonic, -1);
        CHECK_NEAR(c.key_confidence, 0, 0);
        chords_clear(&c);
    }
    CHECK_INT(chords_find(NULL, 0, 8, &c), LM_OK);
    CHECK_INT(c.n, 0);
    chords_clear(&c);
}

/* Two notes at once are two of the twelve; where nothing sounds there is none. */
TEST(chroma_is_a_distribution)
{
    enum { RATE = 48000, N = 4 * RATE };
    float *x = calloc(N, sizeof(*x));
    struct chord_step s[2] = { { .start = 0, .end = 2 }, { .start = 2, .end = 4 } };
    struct chroma c;

    for (int i = 0; i < N / 2; i++)
        x[i] = .2f * (float)(sin(2 * M_PI * 261.63 * i / RATE) + sin(2 * M_PI * 392 * i / RATE));
    CHECK_INT(chroma_find(&(struct pitch_input){ x, 1 }, 1, N, RATE, s, 2, 1, NULL, &c), LM_OK);
    free(x);
    CHECK_INT(c.n, 4 * CHROMA_RATE + 1);
    for (size_t i = 0; i < c.n; i++) {
        float sum = 0;
        for (int k = 0; k < CHROMA_CLASSES; k++)
            sum += c.frame[i][k];
        if (i < 18)
            CHECK_NEAR(sum, 1, 1e-5);
        if (i > 30)
            CHECK_NEAR(sum, 0, 0);
    }
    CHECK(c.frame[10][0] > .3f && c.frame[10][7] > .3f);
    CHECK(s[0].treble[0] > s[0].treble[2] && s[0].treble[7] > s[0].treble[6] && s[0].level > 3 * s[1].level);
    chroma_clear(&c);
}
