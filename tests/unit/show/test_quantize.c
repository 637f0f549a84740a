#include "show/quantize.h"

#include "../../tap.h"

/* A pick-up beat, then three bars of which the second is slower and the third has three beats. */
static const double beats[] = { 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 7.5, 8, 8.5 };
static const double downs[] = { 1, 3, 7, 8.5 };

static struct beatgrid *grid(void)
{
    struct beatgrid *g = NULL;

    beatgrid_new(beats, 13, downs, 4, 120, 4, &g);
    return g;
}

TEST(the_next_beat_is_behind_the_place)
{
    static const double cases[][2] = { { 1, 1.5 }, { 1.2, 1.5 }, { 1.4999995, 2 }, { 3, 4 }, { 3.99, 4 }, { 8.4, 8.5 }, { 8.5, 9 }, { 20, 20.5 }, { 0, 0.5 }, { -0.2, 0 } };
    struct beatgrid *g = grid();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_NEAR(quantize_next(g, QUANTIZE_BEAT, cases[i][0]), cases[i][1], 1e-9);
    beatgrid_free(g);
}

TEST(the_next_bar_is_a_downbeat_or_counted_on)
{
    /* The first bar before the first downbeat begins at -1 s: four beats of half a second. */
    static const double cases[][2] = { { 0.5, 1 }, { 0, 1 }, { -1.5, -1 }, { 1, 3 }, { 2.9, 3 }, { 3, 7 }, { 7, 8.5 }, { 8.5, 10.5 }, { 10.4, 10.5 }, { 10.5, 12.5 } };
    struct beatgrid *g = grid();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_NEAR(quantize_next(g, QUANTIZE_BAR, cases[i][0]), cases[i][1], 1e-9);
    beatgrid_free(g);
}

TEST(what_has_begun_is_before)
{
    struct beatgrid *g = grid();

    CHECK_NEAR(quantize_before(g, QUANTIZE_BEAT, 1.5), 1.5, 1e-9);
    CHECK_NEAR(quantize_before(g, QUANTIZE_BEAT, 1.49), 1, 1e-9);
    CHECK_NEAR(quantize_before(g, QUANTIZE_BAR, 6.99), 3, 1e-9);
    CHECK_NEAR(quantize_before(g, QUANTIZE_BAR, 7), 7, 1e-9);
    CHECK_NEAR(quantize_before(g, QUANTIZE_BAR, 11), 10.5, 1e-9);
    beatgrid_free(g);
}

TEST(the_nearest_stays_in_the_track)
{
    struct beatgrid *g = grid();

    CHECK_NEAR(quantize_nearest(g, QUANTIZE_BEAT, 1.2, 9), 1, 1e-9);
    CHECK_NEAR(quantize_nearest(g, QUANTIZE_BEAT, 1.3, 9), 1.5, 1e-9);
    CHECK_NEAR(quantize_nearest(g, QUANTIZE_BEAT, 1.25, 9), 1, 1e-9);         /* the earlier one of two */
    CHECK_NEAR(quantize_nearest(g, QUANTIZE_BAR, 5.1, 9), 7, 1e-9);
    CHECK_NEAR(quantize_nearest(g, QUANTIZE_BAR, 0, 9), 1, 1e-9);             /* -1 is nearer than nothing, but not in the track */
    CHECK_NEAR(quantize_nearest(g, QUANTIZE_BAR, 8.9, 9), 8.5, 1e-9);
    CHECK_NEAR(quantize_nearest(g, QUANTIZE_BAR, 10.4, 9), 8.5, 1e-9);
    CHECK(isnan(quantize_nearest(g, QUANTIZE_BAR, 0.2, 0.9)));
    beatgrid_free(g);
}

/* Every place is reached from the one before, and nearest to itself. */
TEST(places_follow_each_other)
{
    struct beatgrid *g = grid();

    for (int q = QUANTIZE_BEAT; q <= QUANTIZE_BAR; q++) {
        double at = quantize_next(g, q, 0), before = 0;
        for (int i = 0; i < 30; i++, before = at, at = quantize_next(g, q, at)) {
            CHECK(at > before + 0.4);
            CHECK_NEAR(quantize_before(g, q, at), at, 1e-9);
            CHECK_NEAR(quantize_nearest(g, q, at, 1000), at, 1e-9);
            if (i)
                CHECK_NEAR(quantize_before(g, q, at - 0.001), before, 1e-9);
        }
    }
    beatgrid_free(g);
}

TEST(a_grid_without_downbeats_counts_bars_from_its_first_beat)
{
    struct beatgrid *g = NULL;

    beatgrid_new(beats, 2, NULL, 0, 120, 3, &g);
    CHECK_NEAR(quantize_next(g, QUANTIZE_BAR, 0.6), 2, 1e-9);
    CHECK_NEAR(quantize_next(g, QUANTIZE_BAR, 2), 3.5, 1e-9);
    beatgrid_free(g);
    beatgrid_new(beats, 1, NULL, 0, 60, 4, &g);                 /* one beat and a tempo */
    CHECK_NEAR(quantize_next(g, QUANTIZE_BEAT, 0.6), 1.5, 1e-9);
    CHECK_NEAR(quantize_next(g, QUANTIZE_BAR, 0.6), 4.5, 1e-9);
    beatgrid_free(g);
}
