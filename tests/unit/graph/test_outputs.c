/* What a tile holds: light as hue, v and alpha; hues of dark samples; numbers that are none. */
#include "../../tap.h"

#include "small.h"

/* A flash of the given colour in beats 16..17 (8 s to 8.5 s after the start: tile 1, samples 480-510). */
#define FLASH "c:beat_clock st:step_sequencer{'steps':'00000000000000001000','per_beat':1} k:color{'color':'#ff000080'} m:math{'operation':'multiply'}"
#define FLASH_WIRES "c.grid_out>st.grid st.out>m.a k.out>m.b m.out>o.signal"

TEST(dark_samples_take_the_nearest_later_hue_else_the_earlier)
{
    struct small s;

    small_init(&s, 2);
    struct graph_program *g = small_make(&s, FLASH " o:apply_color", FLASH_WIRES, "");
    CHECK(g);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t k = 0; k < 3; k++) {
            struct tile *t = small_tile(&s, g, round ? 2 - k : k);
            CHECK_INT(t->outputs[0].hue.c, 3);
            CHECK_INT(t->outputs[0].value.n, 1);
            for (uint32_t i = 0; i < t->samples; i++) {
                uint32_t at = t->index * 256 + i;
                bool lit = at >= 480 && at < 510;
                CHECK_NEAR(tile_at(t, 0, 0, i, 0), 1, 0);       /* hue red everywhere, tiles apart */
                CHECK_NEAR(tile_at(t, 0, 0, i, 1), 0, 0);
                CHECK_NEAR(tile_at(t, 0, 0, i, 3), lit ? 1 : 0, 0);
                CHECK_NEAR(tile_at(t, 0, 0, i, 4), lit ? 128 / 255.0 : 0, 1e-6);
            }
            tile_free(t);
        }
    graph_program_free(g);
    small_clear(&s);
}

TEST(later_wins_over_earlier_within_and_across_tiles)
{
    struct small s;

    small_init(&s, 1);
    /* Red in beat 0, green in beat 4 (samples 120-149), blue in beat 12 (360-389). */
    struct graph_program *g = small_make(&s,
        "c:beat_clock a:step_sequencer{'steps':'10000000000000000000','per_beat':1} b:step_sequencer{'steps':'00001000000000000000','per_beat':1} "
        "d:step_sequencer{'steps':'00000000000010000000','per_beat':1} r:color{'color':'#ff0000'} n:color{'color':'#00ff00'} "
        "u:color{'color':'#0000ff'} m1:math{'operation':'multiply'} m2:math{'operation':'multiply'} m3:math{'operation':'multiply'} "
        "s1:math s2:math o:apply_color",
        "c.grid_out>a.grid c.grid_out>b.grid c.grid_out>d.grid a.out>m1.a r.out>m1.b b.out>m2.a n.out>m2.b d.out>m3.a u.out>m3.b "
        "m1.out>s1.a m2.out>s1.b s1.out>s2.a m3.out>s2.b s2.out>o.signal", "");
    CHECK(g);
    static const struct { uint32_t i; int channel; } rows[] = {
        { 0, 0 }, { 29, 0 }, { 30, 1 }, { 119, 1 }, { 149, 1 }, { 150, 2 }, { 255, 2 }, { 256, 2 }, { 389, 2 }, { 390, 2 }, { 599, 2 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tile *t = small_tile(&s, g, rows[i].i / 256);
        for (int c = 0; c < 3; c++)
            CHECK_NEAR(tile_at(t, 0, 0, rows[i].i % 256, (uint32_t)c), c == rows[i].channel, 0);
        tile_free(t);
    }
    graph_program_free(g);
    small_clear(&s);
}

TEST(the_first_hue_of_the_tiles_to_come_is_taken_and_the_last_of_those_gone)
{
    struct small s;

    small_init(&s, 1);
    /* Tile 1 holds red in beat 10 (samples 300-329) and blue in beat 14 (420-449); tiles 0 and 2 are dark. */
    struct graph_program *g = small_make(&s,
        "c:beat_clock a:step_sequencer{'steps':'00000000001000000000','per_beat':1} "
        "b:step_sequencer{'steps':'00000000000000100000','per_beat':1} r:color{'color':'#ff0000'} u:color{'color':'#0000ff'} "
        "m1:math{'operation':'multiply'} m2:math{'operation':'multiply'} s1:math o:apply_color",
        "c.grid_out>a.grid c.grid_out>b.grid a.out>m1.a r.out>m1.b b.out>m2.a u.out>m2.b m1.out>s1.a m2.out>s1.b s1.out>o.signal",
        "");
    struct tile *before = small_tile(&s, g, 0), *after = small_tile(&s, g, 2);
    CHECK_NEAR(tile_at(before, 0, 0, 17, 0), 1, 0);
    CHECK_NEAR(tile_at(before, 0, 0, 17, 2), 0, 0);
    CHECK_NEAR(tile_at(after, 0, 0, 17, 0), 0, 0);
    CHECK_NEAR(tile_at(after, 0, 0, 17, 2), 1, 0);
    tile_free(before);
    tile_free(after);
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_head_that_is_never_lit_inherits_and_keeps_its_alpha)
{
    struct small s;

    small_init(&s, 3);
    struct graph_program *g = small_make(&s, "g:pattern_args at:get_attribute{'attribute':'rel_x'} k:color{'color':'#804000'} "
                                         "m:math{'operation':'multiply'} o:apply_color",
                                         "g.s>at.selection at.out>m.a k.out>m.b m.out>o.signal", "s:selection='all'");
    struct tile *t = small_tile(&s, g, 0);
    CHECK(isnan(tile_at(t, 0, 0, 0, 0)));
    CHECK_NEAR(tile_at(t, 0, 0, 0, 3), 0, 0);
    CHECK_NEAR(tile_at(t, 0, 2, 0, 0), 1, 0);
    CHECK_NEAR(tile_at(t, 0, 2, 0, 1), 0.5, 1e-2);
    CHECK_NEAR(tile_at(t, 0, 2, 0, 3), 128 / 255.0, 1e-6);
    CHECK_NEAR(tile_at(t, 0, 2, 0, 4), 1, 1e-6);
    tile_free(t);
    graph_program_free(g);
    g = small_make(&s, "k:color{'color':'#00000080'} o:apply_color", "k.out>o.signal", "");
    t = small_tile(&s, g, 1);
    CHECK(isnan(tile_at(t, 0, 0, 0, 0)));
    CHECK_NEAR(tile_at(t, 0, 0, 0, 4), 128 / 255.0, 1e-6);
    tile_free(t);
    graph_program_free(g);
    small_clear(&s);
}

TEST(light_is_clamped_and_positions_are_not)
{
    struct small s;

    small_init(&s, 1);
    struct graph_program *g = small_make(&s, "k:scalar{'value':-300} d:apply_dimmer p:apply_position t:apply_strobe v:apply_speed",
                                         "k.out>d.signal k.out>p.tilt k.out>t.signal k.out>v.speed", "");
    struct tile *t = small_tile(&s, g, 0);
    CHECK_INT(t->n_outputs, 4);
    CHECK_NEAR(tile_at(t, 0, 0, 0, 0), 0, 0);
    CHECK_NEAR(tile_at(t, 1, 0, 0, 0), -300, 0);
    CHECK_NEAR(tile_at(t, 2, 0, 0, 0), 0, 0);
    tile_free(t);
    graph_program_free(g);
    small_clear(&s);
}

TEST(what_is_not_a_number_is_dark_or_holds_and_is_told_once)
{
    struct small s;
    struct tile *t = NULL;
    struct graph_workspace *w = graph_workspace_new();

    small_init(&s, 1);
    /* 1e6^8 overflows a float; times 0 it is no number. */
    struct graph_program *g = small_make(&s, "k:scalar{'value':1000000} e:scalar{'value':8} p:math{'operation':'power'} "
                                         "d:apply_dimmer o:apply_position", "k.out>p.a e.out>p.b p.out>d.signal p.out>o.pan", "");
    CHECK(g);
    for (uint32_t k = 0; k < 2; k++) {
        CHECK_INT(graph_run_tile(g, w, k, &t, &s.errors), LM_OK);
        CHECK_NEAR(tile_at(t, 0, 0, 0, 0), 0, 0);
        CHECK(isnan(tile_at(t, 1, 0, 0, 0)));
        tile_free(t);
    }
    CHECK_INT(s.errors.n, 2);           /* one per node, over both tiles */
    CHECK_STR(s.errors.e[0].code, "not_finite");
    CHECK_STR(s.errors.e[0].node, "d");
    CHECK_STR(s.errors.e[1].port, "pan");
    CHECK_INT(graph_run_tile(g, w, 3, &t, NULL), LM_RANGE);
    graph_workspace_free(w);
    graph_program_free(g);
    small_clear(&s);
}

TEST(samples_and_tiles_follow_the_length)
{
    static const struct { double length; uint32_t samples, tiles, last; } rows[] = {
        { 0.001, 1, 1, 1 }, { 1, 60, 1, 60 }, { 256 / 60.0 - 1e-4, 256, 1, 256 }, { 256 / 60.0 + 1e-4, 257, 2, 1 },
        { 512 / 60.0 - 1e-4, 512, 2, 256 },
    };
    struct small s;

    small_init(&s, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s.env.end = s.env.start + rows[i].length;
        struct graph_program *g = small_make(&s, "c:beat_clock r:ramp o:apply_dimmer", "c.grid_out>r.grid r.out>o.signal", "");
        CHECK_INT(graph_program_samples(g), rows[i].samples);
        CHECK_INT(graph_program_tiles(g), rows[i].tiles);
        struct tile *t = small_tile(&s, g, rows[i].tiles - 1);
        CHECK_INT(t->samples, rows[i].last);
        tile_free(t);
        graph_program_free(g);
    }
    small_clear(&s);
}
