#include "../../tap.h"

#include "graph/beatgrid.h"

/* A pick-up beat, then three bars of which the second is slower and the third has three beats. */
static const double beats[] = { 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 7.5, 8, 8.5 };
static const double downs[] = { 1, 3, 7, 8.5 };

static struct beatgrid *grid(void)
{
    struct beatgrid *g = NULL;

    beatgrid_new(beats, 13, downs, 4, 120, 4, &g);
    return g;
}

TEST(musical_zero_is_the_first_downbeat)
{
    struct beatgrid *g = grid();

    CHECK_NEAR(beatgrid_beat(g, 1), 0, 0);
    CHECK_NEAR(beatgrid_beat(g, 0.5), -1, 1e-12);
    CHECK_NEAR(beatgrid_beat(g, 1.25), 0.5, 1e-12);
    CHECK_NEAR(beatgrid_beat(g, 3.5), 4.5, 1e-12);              /* a beat of one second */
    CHECK_NEAR(beatgrid_beat(g, -0.5), -3, 1e-12);              /* the first interval goes on backwards */
    CHECK_NEAR(beatgrid_beat(g, 9.5), 13, 1e-12);               /* the last one forwards */
    beatgrid_free(g);
}

TEST(seconds_are_the_inverse_of_beats)
{
    struct beatgrid *g = grid();

    for (double t = -3; t < 12; t += 0.0913)
        CHECK_NEAR(beatgrid_seconds(g, beatgrid_beat(g, t)), t, 1e-9);
    CHECK_NEAR(beatgrid_bpm(g, 1.7), 120, 1e-9);
    CHECK_NEAR(beatgrid_bpm(g, 3.7), 60, 1e-9);
    CHECK_NEAR(beatgrid_bpm(g, 100), 120, 1e-9);
    beatgrid_free(g);
}

TEST(bars_follow_the_downbeats_and_go_on_outside)
{
    struct beatgrid *g = grid();
    int64_t bar;
    double beat;

    beatgrid_bar(g, 1, &bar, &beat);
    CHECK_INT(bar, 0);
    CHECK_NEAR(beat, 0, 1e-12);
    beatgrid_bar(g, 0.75, &bar, &beat);
    CHECK_INT(bar, -1);
    CHECK_NEAR(beat, 3.5, 1e-12);
    beatgrid_bar(g, 4.5, &bar, &beat);
    CHECK_INT(bar, 1);
    CHECK_NEAR(beat, 1.5, 1e-12);
    beatgrid_bar(g, 8, &bar, &beat);
    CHECK_INT(bar, 2);
    CHECK_NEAR(beat, 2, 1e-12);
    CHECK_NEAR(beatgrid_bar_phase(g, 8), 2 / 3.0, 1e-12);       /* three beats in that bar */
    beatgrid_bar(g, 8.5 + 2.25, &bar, &beat);                   /* 4.5 beats after the last downbeat */
    CHECK_INT(bar, 4);
    CHECK_NEAR(beat, 0.5, 1e-12);
    beatgrid_free(g);
}

TEST(without_beats_120_bpm_is_assumed_and_said)
{
    struct beatgrid *g = NULL, *one = NULL;
    int64_t bar;
    double beat;

    CHECK_INT(beatgrid_new(NULL, 0, NULL, 0, 0, 0, &g), LM_OK);
    CHECK(g->is_assumed);
    CHECK_NEAR(beatgrid_beat(g, 3), 6, 1e-12);
    CHECK_NEAR(beatgrid_seconds(g, 6), 3, 1e-12);
    CHECK_NEAR(beatgrid_bpm(g, 0), 120, 1e-12);
    beatgrid_bar(g, 3, &bar, &beat);
    CHECK_INT(bar, 1);
    CHECK_NEAR(beat, 2, 1e-12);
    CHECK_INT(beatgrid_new(&(double){ 2 }, 1, NULL, 0, 60, 4, &one), LM_OK);
    CHECK(!one->is_assumed);
    CHECK_NEAR(beatgrid_beat(one, 5), 3, 1e-12);
    CHECK(one->hash != g->hash);
    beatgrid_free(g);
    beatgrid_free(one);
}

TEST(a_list_that_does_not_ascend_is_refused)
{
    struct beatgrid *g;

    CHECK_INT(beatgrid_new((double[]){ 1, 1 }, 2, NULL, 0, 0, 4, &g), LM_INVALID);
    CHECK_INT(beatgrid_new((double[]){ 1, NAN }, 2, NULL, 0, 0, 4, &g), LM_INVALID);
    CHECK_INT(beatgrid_new((double[]){ 1, 2 }, 2, (double[]){ 3, 2 }, 2, 0, 4, &g), LM_INVALID);
    CHECK(!g);
}

TEST(a_stretch_of_beats_is_each_of_them)
{
    double uneven[] = { 1, 1.5, 2.1, 2.2, 5 }, down[] = { 1.5 }, got[600];
    struct beatgrid *g = NULL, *none = NULL;

    CHECK_INT(beatgrid_new(uneven, 5, down, 1, 120, 4, &g), LM_OK);
    CHECK_INT(beatgrid_new(NULL, 0, NULL, 0, 0, 4, &none), LM_OK);
    for (int64_t from = -100; from < 100; from += 99) {
        beatgrid_beats(g, 0.3, 60, from, 600, got);
        for (int64_t i = 0; i < 600; i++)
            CHECK_NEAR(got[i], beatgrid_beat(g, 0.3 + (double)(from + i) / 60), 0);
        beatgrid_beats(none, 0.3, 60, from, 600, got);
        for (int64_t i = 0; i < 600; i++)
            CHECK_NEAR(got[i], beatgrid_beat(none, 0.3 + (double)(from + i) / 60), 0);
    }
    beatgrid_free(g);
    beatgrid_free(none);
}
