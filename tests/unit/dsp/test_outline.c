#include "dsp/outline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../tap.h"

enum { BARS = 48, RATE = 48000 };

/* A bar of so much level; bands from the lowest on are filled; kicks on the beats when it has drums. */
static struct outline_bar bar(double db, int bands, bool has_drums, int note)
{
    struct outline_bar b = { .power = pow(10, db / 10) };

    for (int i = 0; i < bands; i++)
        b.texture.power[i] = (float)(b.power / 8);
    b.texture.chroma[note] = .6f, b.texture.chroma[(note + 7) % 12] = .4f;
    for (int k = 0; has_drums && k < OUTLINE_SLOTS; k++) {
        b.hits[2][k] = .5f;
        b.hits[k % 4 == 2][k] += k % 2 ? 0 : .9f;
    }
    return b;
}

/* 8 bars of each. */
static void play(struct outline_bar *b)
{
    static const int loop[4] = { 0, 9, 5, 7 };

    for (int i = 0; i < BARS; i++) {
        int note = loop[i % 4];
        switch (i / 8) {
        case 0: b[i] = bar(-24, 6, false, note); break;                                 /* intro */
        case 1: b[i] = bar(-18 + i % 8 * .5, 8 + i % 8, false, note); break;            /* build */
        case 2: b[i] = bar(-9, 16, true, note); break;                                  /* drop */
        case 3: b[i] = bar(-22, 7, false, (note + 2) % 12); break;                      /* break */
        case 4: b[i] = bar(-9, 16, true, note); break;                                  /* drop */
        default: b[i] = bar(-20, 5, false, note);                                       /* outro */
        }
    }
}

TEST(a_form_is_found_and_named)
{
    static const enum outline_kind want[] = { OUTLINE_INTRO, OUTLINE_BUILD, OUTLINE_DROP, OUTLINE_BREAK, OUTLINE_DROP, OUTLINE_OUTRO };
    struct outline_bar b[BARS];
    struct outline_part *parts;
    size_t n;

    play(b);
    CHECK_INT(outline_find(b, BARS, &parts, &n), LM_OK);
    if (n != 6)
        for (size_t i = 0; i < n; i++)
            printf("# %zu to %zu: %s\n", parts[i].from, parts[i].to, outline_names[parts[i].kind]);
    CHECK_INT(n, 6);
    for (size_t i = 0; i < n; i++) {
        CHECK_INT(parts[i].from, 8 * i);
        CHECK_INT(parts[i].to, 8 * i + 8);
        CHECK_STR(outline_names[parts[i].kind], outline_names[want[i]]);
    }
    CHECK(b[20].energy > .9f);
    CHECK(b[4].energy < .4f);
    CHECK(b[15].energy > b[8].energy);
    free(parts);
}

TEST(what_stays_the_same_is_one_part)
{
    struct outline_bar b[BARS];
    struct outline_part *parts;
    size_t n;

    for (int i = 0; i < BARS; i++)
        b[i] = bar(-12, 12, true, i % 4 * 3);
    CHECK_INT(outline_find(b, BARS, &parts, &n), LM_OK);
    CHECK_INT(n, 1);
    CHECK_STR(outline_names[parts[0].kind], "verse");
    CHECK_INT(parts[0].to, BARS);
    for (int i = 0; i < BARS; i++)
        CHECK(b[i].energy > .9f);
    free(parts);
}

TEST(a_loop_that_gives_way_to_another_is_a_new_part)
{
    static const int a[4] = { 0, 9, 5, 7 }, c[4] = { 2, 4, 11, 7 };
    struct outline_bar b[32];
    struct outline_part *parts;
    size_t n;

    for (int i = 0; i < 32; i++)
        b[i] = bar(-12, 12, true, i / 16 ? c[i % 4] : a[i % 4]);
    CHECK_INT(outline_find(b, 32, &parts, &n), LM_OK);
    CHECK_INT(n, 2);
    CHECK_INT(parts[1].from, 16);
    free(parts);
}

TEST(silence_is_no_part)
{
    struct outline_bar b[BARS] = { 0 };
    struct outline_part *parts;
    size_t n;

    CHECK_INT(outline_find(b, BARS, &parts, &n), LM_OK);
    CHECK_INT(n, 0);
    free(parts);
    for (int i = 0; i < BARS; i++)
        CHECK_NEAR(b[i].energy, 0, 0);
    for (int i = 8; i < 40; i++)
        b[i] = bar(-12, 12, true, 0);
    CHECK_INT(outline_find(b, BARS, &parts, &n), LM_OK);
    CHECK_INT(parts[0].from, 8);
    CHECK_INT(parts[n - 1].to, 40);
    free(parts);
}

TEST(few_bars_are_no_trouble)
{
    struct outline_bar b[6];
    struct outline_part *parts;
    size_t n;

    for (size_t count = 0; count <= 6; count++) {
        for (size_t i = 0; i < count; i++)
            b[i] = bar(-12 - 3. * (double)i, 12, i % 2, 0);
        CHECK_INT(outline_find(b, count, &parts, &n), LM_OK);
        CHECK(count ? n >= 1 && parts[n - 1].to == count : n == 0);
        free(parts);
    }
}

TEST(texture_says_what_sounds)
{
    float *x = malloc(2 * RATE * sizeof *x), *hz;
    double edge[3] = { 0, 1, 2 };
    struct texture t[2];
    size_t n;

    for (int i = 0; i < 2 * RATE; i++)      /* an A of 440 Hz, then of 1,760 Hz */
        x[i] = (float)(.5 * sin(2 * M_PI * (i < RATE ? 440 : 1760) * i / RATE));
    CHECK_INT(texture_find(x, 2 * RATE, 1, RATE, edge, 2, NULL, NULL, t, &hz, &n), LM_OK);
    CHECK_INT(n, 2 * TEXTURE_RATE + 1);
    CHECK_NEAR(hz[5], 440, 30);
    CHECK_NEAR(hz[15], 1760, 60);
    for (int i = 0; i < 2; i++)
        CHECK(t[i].chroma[9] > .6f);
    CHECK_NEAR(t[0].power[5], .125, .015);  /* 320 to 450 Hz */
    CHECK_NEAR(t[1].power[9], .125, .015);  /* 1,270 to 1,800 Hz */
    CHECK(t[0].power[12] < 1e-4f);
    free(hz);
    free(x);
}
