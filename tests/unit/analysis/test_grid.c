/* Corrections of a beat grid: what each operation makes of beats, bars and tempo. */
#include <math.h>
#include <stdlib.h>

#include "../../tap.h"
#include "analysis/grid_edit.h"
#include "core/json.h"

static struct grid g;
static struct problem problem;

/* n beats from `first`, every `gap`; every per_bar-th from `one` on begins a bar. */
static void make(double first, double gap, size_t n, size_t one, int per_bar)
{
    grid_clear(&g);
    g.per_bar = per_bar;
    g.bpm = 60 / gap;
    for (size_t i = 0; i < n; i++)
        grid_add(&g, first + (double)i * gap, i >= one && (i - one) % (size_t)per_bar == 0);
}

/* Sends a request's text through the reader and the editor. */
static enum lm_err edit_with(const char *text, const struct grid_heard *h)
{
    json_t *body = json_loads(text, 0, NULL);
    struct grid_change c;
    double *taps = NULL;

    problem_clear(&problem);
    enum lm_err err = grid_change_read(body, &c, &taps, &problem);
    if (!err)
        err = grid_edit(&g, &c, h, &problem);
    free(taps);
    json_decref(body);
    return err;
}

static enum lm_err edit(const char *text)
{
    return edit_with(text, &(struct grid_heard){ .duration = 60 });
}

/* Where the first bars begin, as "0 2 4". */
static const char *ones(size_t limit)
{
    static char text[256];
    size_t n = 0;

    *text = 0;
    for (size_t i = 0; i < g.n && limit; i++)
        if (g.is_one[i]) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, n ? " %g" : "%g", round(g.at[i] * 1000) / 1000);
            limit--;
        }
    return text;
}

TEST(double_makes_two_bars_of_each)
{
    make(1, .5, 16, 0, 4);
    CHECK_INT(edit("{\"op\":\"double\"}"), LM_OK);
    CHECK_INT(g.n, 32);                 /* the last beat has its second half, too: the track goes on */
    CHECK_NEAR(g.bpm, 240, 1e-9);
    CHECK_NEAR(g.at[1], 1.25, 1e-9);
    CHECK_STR(ones(4), "1 2 3 4");
}

TEST(halve_takes_back_double)
{
    make(1, .5, 17, 1, 4);
    CHECK_INT(edit("{\"op\":\"double\"}"), LM_OK);
    CHECK_INT(edit("{\"op\":\"halve\"}"), LM_OK);
    CHECK_INT(g.n, 17);
    CHECK_NEAR(g.at[16], 9, 1e-9);
    CHECK_STR(ones(3), "1.5 3.5 5.5");
    CHECK_NEAR(g.bpm, 120, 1e-9);
}

TEST(halve_keeps_the_beats_that_begin_bars)
{
    make(0, .3, 40, 3, 4);
    CHECK_INT(edit("{\"op\":\"halve\"}"), LM_OK);
    CHECK_NEAR(g.at[0], .3, 1e-9);      /* the odd ones: downbeats are among them */
    CHECK_STR(ones(3), "0.9 3.3 5.7");
    CHECK_NEAR(g.bpm, 100, 1e-9);
}

TEST(halve_of_an_irregular_bar_comes_back_to_the_bars)
{
    static const int begins[] = { 0, 4, 10, 14, 18, 22, -1 };

    make(0, .25, 26, 0, 4);
    for (size_t i = 0; i < g.n; i++)
        g.is_one[i] = false;
    for (int i = 0; begins[i] >= 0; i++)
        g.is_one[begins[i]] = true;
    CHECK_INT(edit("{\"op\":\"halve\"}"), LM_OK);
    CHECK_STR(ones(4), "0 2.5 4.5");
}

TEST(half_a_beat_later_and_the_bars_with_it)
{
    make(.4, .5, 8, 1, 4);
    CHECK_INT(edit("{\"op\":\"shift_half\"}"), LM_OK);
    CHECK_NEAR(g.at[0], .15, 1e-9);     /* there was room for one before */
    CHECK_NEAR(g.at[1], .65, 1e-9);
    CHECK_INT(g.n, 9);
    CHECK_STR(ones(2), "1.15 3.15");
}

TEST(shift_moves_all_and_drops_what_leaves_the_track)
{
    make(0, .5, 8, 0, 4);
    CHECK_INT(edit("{\"op\":\"shift\",\"seconds\":-0.005}"), LM_OK);
    CHECK_INT(g.n, 7);
    CHECK_NEAR(g.at[0], .495, 1e-9);
    CHECK_INT(edit("{\"op\":\"shift\",\"seconds\":59}"), LM_OK);
    CHECK_INT(g.n, 2);
    CHECK_INT(edit("{\"op\":\"shift\",\"seconds\":-60}"), LM_INVALID);      /* nothing would be left */
    CHECK_INT(g.n, 2);
}

TEST(this_is_the_one_counts_bars_from_here_on_or_everywhere)
{
    make(0, .5, 16, 0, 4);
    CHECK_INT(edit("{\"op\":\"set_downbeat\",\"at\":3.04}"), LM_OK);
    CHECK_STR(ones(5), "0 2 3 5 7");
    make(0, .5, 16, 0, 4);
    CHECK_INT(edit("{\"op\":\"set_downbeat\",\"at\":3.04,\"whole\":true}"), LM_OK);
    CHECK_STR(ones(5), "1 3 5 7");
}

TEST(meter_is_counted_from_the_first_bar_both_ways)
{
    make(0, .5, 12, 4, 4);
    CHECK_INT(edit("{\"op\":\"set_meter\",\"beats_per_bar\":3}"), LM_OK);
    CHECK_INT(g.per_bar, 3);
    CHECK_STR(ones(9), "0.5 2 3.5 5");
}

TEST(tempo_keeps_the_anchor_and_its_place_in_the_bar)
{
    make(1, .5, 20, 0, 4);
    CHECK_INT(edit("{\"op\":\"set_tempo\",\"bpm\":125}"), LM_OK);
    CHECK_NEAR(g.at[grid_nearest(&g, 1)], 1, 1e-9);
    CHECK_NEAR(g.bpm, 125, 1e-9);
    CHECK_INT(g.n, 125);                /* over all of the 60 s */
    CHECK_STR(ones(2), "1 2.92");
    make(1, .5, 20, 0, 4);
    CHECK_INT(edit("{\"op\":\"set_tempo\",\"bpm\":60,\"at\":4.5}"), LM_OK);
    CHECK_NEAR(g.at[grid_nearest(&g, 4.5)], 4.5, 1e-9);
    CHECK_STR(ones(2), "1.5 5.5");      /* 4.5 was the fourth beat of its bar */
}

TEST(tempo_and_taps_make_a_grid_where_there_is_none)
{
    make(0, 1, 0, 0, 4);
    CHECK_INT(edit("{\"op\":\"double\"}"), LM_CONFLICT);
    CHECK_INT(edit("{\"op\":\"set_tempo\",\"bpm\":120,\"at\":0.25}"), LM_OK);
    CHECK_INT(g.n, 120);
    CHECK_STR(ones(2), "0.25 2.25");
}

TEST(a_dragged_beat_takes_its_neighbours_along)
{
    make(0, .5, 30, 0, 4);
    CHECK_INT(edit("{\"op\":\"move\",\"from\":5.01,\"to\":5.09,\"reach\":3}"), LM_OK);
    CHECK_NEAR(g.at[10], 5.09, 1e-9);
    CHECK_NEAR(g.at[11], 5.5 + .09 * .75, 1e-9);
    CHECK_NEAR(g.at[13], 6.5 + .09 * .25, 1e-9);
    CHECK_NEAR(g.at[14], 7, 1e-9);
    CHECK_INT(edit("{\"op\":\"move\",\"from\":5,\"to\":5.6,\"reach\":0}"), LM_INVALID);
    CHECK_STR(problem.errors[0].path, "/to");
    CHECK_NEAR(g.at[10], 5.09, 1e-9);
}

/* Taps as a hand makes them: some late, one double, one missing, one astray. */
static void tap_text(char *text, size_t size, double first, double gap, int n, double jitter)
{
    static const double wobble[] = { .3, -.9, 1, .1, -.4, .8, -1, .5, -.2 };
    size_t at = (size_t)snprintf(text, size, "{\"op\":\"tap\",\"taps\":[");

    for (int i = 0; i < n; i++) {
        double t = first + i * gap + jitter * wobble[i % 9];
        if (i == 5)
            continue;
        at += (size_t)snprintf(text + at, size - at, at > 20 && i ? ",%.4f" : "%.4f", t);
        if (i == 7)
            at += (size_t)snprintf(text + at, size - at, ",%.4f", t + .03);
    }
    snprintf(text + at, size - at, "]}");
}

TEST(taps_alone_are_a_line_over_the_track)
{
    char text[1024];

    make(0, 1, 0, 0, 4);
    tap_text(text, sizeof(text), 10.2, .5, 24, .02);
    CHECK_INT(edit(text), LM_OK);
    CHECK_NEAR(g.bpm, 120, .5);
    CHECK(g.at[0] < .5 && g.at[g.n - 1] > 59.4);
    CHECK_NEAR(g.at[grid_nearest(&g, 15)] - 15, .2 - .5 * round(.2 / .5), .02);
    CHECK(g.is_one[grid_nearest(&g, 10.2)]);        /* who taps begins on the one */
}

TEST(taps_choose_among_what_was_heard)
{
    static const struct { double first, gap; double bpm; } cases[] = {
        { 10.02, .5, 120 }, { 10.27, .5, 120 }, { 10.01, .25, 240 }, { 10.03, 1, 60 }, { 10.53, 1, 60 },
    };
    struct grid heard = { .per_bar = 4, .bpm = 120 };
    char text[1024];

    for (int i = 0; i < 120; i++)
        grid_add(&heard, i * .5, i % 4 == 0);
    for (size_t i = 0; i < 5; i++) {
        grid_clear(&g);
        grid_copy(&g, &heard);
        tap_text(text, sizeof(text), cases[i].first, cases[i].gap, 16, .02);
        CHECK_INT(edit_with(text, &(struct grid_heard){ .duration = 60, .analysed = &heard }), LM_OK);
        CHECK_NEAR(g.bpm, cases[i].bpm, 1e-6);
        double want = round(cases[i].first * 4) / 4;                    /* exactly: it is the analysis' beat */
        CHECK_NEAR(g.at[grid_nearest(&g, want)], want, 1e-9);
    }
    grid_clear(&heard);
}

TEST(taps_beside_what_was_heard_are_believed)
{
    struct grid heard = { .per_bar = 4, .bpm = 97 };
    char text[1024];

    for (int i = 0; i < 90; i++)
        grid_add(&heard, i * 60 / 97., i % 4 == 0);
    grid_clear(&g);
    grid_copy(&g, &heard);
    tap_text(text, sizeof(text), 10, .5, 24, .01);
    CHECK_INT(edit_with(text, &(struct grid_heard){ .duration = 60, .analysed = &heard }), LM_OK);
    CHECK_NEAR(g.bpm, 120, .5);
    grid_clear(&heard);
}

TEST(drums_lead_what_was_tapped_to_both_ends)
{
    double onsets[480];
    size_t n = 0;
    char text[1024];

    for (int i = 0; i < 390; i++)       /* 121.3 bpm: no tap of eight seconds is that exact; each seventh drum is not played */
        if (i % 7)
            onsets[n++] = .11 + i * 60 / 121.3;
    make(0, 1, 0, 0, 4);
    tap_text(text, sizeof(text), .11 + 160 * 60 / 121.3 + .03, 60 / 120.6, 16, .015);
    CHECK_INT(edit_with(text, &(struct grid_heard){ .duration = 190, .onsets = onsets, .n_onsets = n }), LM_OK);
    CHECK_NEAR(g.bpm, 121.3, .02);
    CHECK_NEAR(g.at[0], .11, .01);
    CHECK_NEAR(g.at[grid_nearest(&g, .11 + 380 * 60 / 121.3)], .11 + 380 * 60 / 121.3, .01);
}

TEST(drums_that_slow_down_are_followed)
{
    double onsets[400], at = .2, gap = .5;
    char text[1024];

    for (int i = 0; i < 200; i++, at += gap, gap *= 1.0003)
        onsets[i] = at;
    make(0, 1, 0, 0, 4);
    tap_text(text, sizeof(text), onsets[20], onsets[21] - onsets[20], 16, .01);
    CHECK_INT(edit_with(text, &(struct grid_heard){ .duration = onsets[199] + .1, .onsets = onsets, .n_onsets = 200 }), LM_OK);
    CHECK_NEAR(g.at[grid_nearest(&g, onsets[180])], onsets[180], .03);
    CHECK(g.at[g.n - 1] - g.at[g.n - 2] > .525);
}

TEST(bars_survive_the_tapping_where_they_agree)
{
    char text[1024];

    make(.5, .5, 100, 2, 4);            /* bars at 1.5, 3.5 */
    tap_text(text, sizeof(text), 10.02, .5, 16, .01);
    CHECK_INT(edit(text), LM_OK);
    CHECK(g.is_one[grid_nearest(&g, 11.5)] && !g.is_one[grid_nearest(&g, 10)]);
}

TEST(taps_may_begin_with_the_track)
{
    make(0, 1, 0, 0, 4);
    CHECK_INT(edit("{\"op\":\"tap\",\"taps\":[0,1.5,2,2.553]}"), LM_OK);     /* the line through them begins before it */
    CHECK(g.at[0] >= 0 && g.at[0] < .6);
    CHECK_NEAR(g.bpm, 117, 3);
}

TEST(taps_without_a_time_are_refused)
{
    make(0, .5, 8, 0, 4);
    CHECK_INT(edit("{\"op\":\"tap\",\"taps\":[1,1.5,2]}"), LM_INVALID);
    CHECK_INT(edit("{\"op\":\"tap\",\"taps\":[1,1,1,1,1]}"), LM_INVALID);
    CHECK_INT(edit("{\"op\":\"tap\",\"taps\":[2,1,3,4]}"), LM_INVALID);
    CHECK_INT(edit("{\"op\":\"tap\",\"taps\":[1,11,21,31,41]}"), LM_INVALID);   /* six a minute */
    CHECK_INT(edit("{\"op\":\"tap\",\"taps\":[1,1.1,1.9,2.35,3.6,3.8,5.55,5.9]}"), LM_INVALID);
    CHECK_INT(g.n, 8);
}

TEST(what_an_operation_does_not_take_is_named)
{
    make(0, .5, 8, 0, 4);
    CHECK_INT(edit("{\"op\":\"twice\"}"), LM_INVALID);
    CHECK_STR(problem.errors[0].path, "/op");
    CHECK_INT(edit("{\"op\":\"double\",\"at\":1}"), LM_INVALID);
    CHECK_STR(problem.errors[0].path, "/at");
    CHECK_INT(edit("{\"op\":\"set_downbeat\"}"), LM_INVALID);
    CHECK_INT(edit("{\"op\":\"set_meter\",\"beats_per_bar\":2.5}"), LM_INVALID);
    CHECK_INT(edit("{\"op\":\"set_tempo\",\"bpm\":1}"), LM_INVALID);
    CHECK_INT(edit("{\"op\":\"shift\",\"seconds\":\"1\"}"), LM_INVALID);
    for (int i = 0; i < 4; i++)
        edit("{\"op\":\"double\"}");    /* 120 bpm four times over is no tempo, and nearer than beats may be */
    CHECK(g.bpm <= 960 && g.at[1] - g.at[0] >= GRID_GAP_MIN);
}

TEST(a_stored_grid_is_read_and_written)
{
    json_t *row = json_loads("{\"beats\":[0.5,1,1.5,2,2.5,3,3.5,4,4.5],\"downbeats\":[0.5,2.501,9],\"bpm\":120,\"beats_per_bar\":4}", 0, NULL);

    CHECK_INT(grid_read(&g, row), LM_OK);
    CHECK_INT(g.n, 9);
    CHECK_STR(ones(9), "0.5 2.5");
    json_t *out = grid_write(&g), *bars = grid_bars(&g);
    CHECK_INT(json_array_size(json_object_get(out, "downbeats")), 2);
    CHECK_INT(json_array_size(json_object_get(out, "tempo_curve")), 1);
    CHECK_INT(json_array_size(bars), 2);
    CHECK_INT(json_get_int(json_array_get(bars, 0), "beats", 0), 4);
    CHECK_NEAR(json_get_real(json_array_get(bars, 1), "end", 0), 5, 1e-9);
    json_decref(out);
    json_decref(bars);
    json_decref(row);
}

TEST(the_tempo_curve_has_a_point_where_tempo_changes)
{
    grid_clear(&g);
    g.per_bar = 4;
    for (int i = 0; i < 80; i++)
        grid_add(&g, i < 40 ? i * .5 : 20 + (i - 40) * .4, i % 4 == 0);
    json_t *curve = grid_tempo_curve(&g);
    size_t n = json_array_size(curve);
    CHECK(n > 1 && n < 6);
    CHECK_NEAR(json_number_value(json_array_get(json_array_get(curve, 0), 1)), 120, .01);
    CHECK_NEAR(json_number_value(json_array_get(json_array_get(curve, n - 1), 1)), 150, .01);
    json_decref(curve);
    grid_clear(&g);
}
