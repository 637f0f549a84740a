#include "../../tap.h"

#include "small.h"

static int64_t ticks;

static int64_t tick(void)
{
    return ticks += 3;
}

static json_t *run(struct small *s, const char *nodes, const char *edges, const char *args)
{
    struct graph_program *g = small_make(s, nodes, edges, args);
    struct graph_workspace *w = graph_workspace_new();
    json_t *v = NULL;

    if (g)
        graph_run_views(g, w, tick, &v, NULL);
    graph_workspace_free(w);
    graph_program_free(g);
    return v;
}

static double number(const json_t *row, const char *which, size_t i)
{
    return json_number_value(json_array_get(json_object_get(row, which), i));
}

TEST(a_signal_is_shown_in_at_most_512_columns)
{
    struct small s;

    small_init(&s, 3);
    json_t *v = run(&s, "c:beat_clock r:ramp n:normalize f:smooth{'rise_ms':0,'fall_ms':0} v:view_signal o:apply_dimmer",
                    "c.grid_out>r.grid r.out>n.in n.out>f.in f.out>v.in r.out>o.signal", "");
    const json_t *view = json_object_get(json_object_get(v, "views"), "v");
    const json_t *row = json_array_get(json_object_get(view, "rows"), 0);
    CHECK(view);
    CHECK_STR(json_string_value(json_object_get(view, "type")), "signal");
    CHECK_STR(json_string_value(json_object_get(view, "source")), "f");
    CHECK_INT(json_integer_value(json_object_get(view, "columns")), 512);
    CHECK_INT(json_integer_value(json_array_get(json_object_get(view, "shape"), 1)), 600);
    CHECK_INT(json_array_size(json_object_get(row, "max")), 512);
    CHECK_NEAR(number(row, "min", 0), 0, 0);
    CHECK_NEAR(number(row, "max", 511), 1, 1e-6);
    for (size_t i = 0; i < 512; i++) {
        CHECK(number(row, "min", i) <= number(row, "mean", i) && number(row, "mean", i) <= number(row, "max", i));
        CHECK_NEAR(number(row, "mean", i), i / 511.0, 0.003);
    }
    CHECK_INT(json_integer_value(json_object_get(json_object_get(v, "layer"), "heads")), 3);
    CHECK_INT(json_integer_value(json_object_get(json_object_get(v, "layer"), "samples")), 600);
    CHECK(json_array_size(json_object_get(v, "timings")) >= 3);
    CHECK(json_integer_value(json_object_get(json_array_get(json_object_get(v, "timings"), 0), "us")) > 0);
    json_decref(v);
    small_clear(&s);
}

TEST(sound_beats_heads_and_constants_can_be_seen)
{
    struct small s;
    static float sound[2 * 48000];
    const json_t *view;

    small_init(&s, 4);
    for (int i = 0; i < 48000; i++)
        sound[2 * i] = i < 24000 ? 0 : 0.5f;                    /* left only */
    s.env.audio = (struct graph_audio){ sound, 48000, 2, 24000 };       /* two seconds */
    s.env.end = 2;
    json_t *v = run(&s, "e:pattern_entry a:audio_input g:pattern_args at:get_attribute v1:view_signal v2:view_signal v3:view_signal "
                    "v4:view_signal", "e.grid>v1.in a.out>v2.in g.s>v3.in g.s>at.selection at.out>v4.in", "s:selection='right'");
    view = json_object_get(json_object_get(v, "views"), "v1");
    CHECK_INT(json_array_size(json_object_get(view, "beats")), 2);
    CHECK_NEAR(json_number_value(json_object_get(view, "bpm")), 120, 1e-9);
    view = json_object_get(json_object_get(v, "views"), "v2");
    CHECK_NEAR(number(view, "max", 100), 0.25, 1e-6);           /* the second second: half of one channel */
    view = json_object_get(json_object_get(v, "views"), "v3");
    CHECK_INT(json_array_size(json_object_get(view, "heads")), 2);
    CHECK_INT(json_integer_value(json_array_get(json_object_get(view, "heads"), 0)), 2);
    view = json_object_get(json_object_get(v, "views"), "v4");
    CHECK_INT(json_integer_value(json_object_get(view, "columns")), 1);
    CHECK_INT(json_array_size(json_object_get(view, "rows")), 2);
    json_decref(v);
    small_clear(&s);
}

TEST(views_cost_the_light_nothing)
{
    struct small s;

    small_init(&s, 2);
    struct graph_program *g = small_make(&s, "c:beat_clock r:ramp n:normalize v:view_signal k:scalar o:apply_dimmer",
                                         "c.grid_out>r.grid r.out>n.in n.out>v.in k.out>o.signal", "");
    struct tile *t = small_tile(&s, g, 0);
    CHECK_INT(t->n_outputs, 1);
    CHECK_INT(t->outputs[0].value.t, 1);
    tile_free(t);
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_channel_is_shown_alone)
{
    struct small s;

    small_init(&s, 3);
    json_t *v = run(&s, "g:pattern_args at:get_attribute{'attribute':'rel_x'} r:rainbow v:view_channel{'channel':1} w:view_channel{'channel':9} b:view_channel c:beat_clock",
                    "g.s>at.selection at.out>r.in r.out>v.in r.out>w.in c.grid_out>b.in", "s:selection='all'");
    const json_t *views = json_object_get(v, "views"), *view = json_object_get(views, "v"), *rows = json_object_get(view, "rows");
    CHECK_STR(json_string_value(json_object_get(view, "type")), "signal");
    CHECK_INT(json_array_size(rows), 3);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(json_integer_value(json_object_get(json_array_get(rows, i), "head")), (json_int_t)i);
        CHECK_INT(json_integer_value(json_object_get(json_array_get(rows, i), "channel")), 1);
        CHECK_NEAR(number(json_array_get(rows, i), "mean", 0), i == 1 ? 1 : 0, 1e-6);     /* green of red, cyan, red */
    }
    CHECK_INT(json_array_size(json_object_get(json_object_get(views, "w"), "rows")), 0);
    CHECK_STR(json_string_value(json_object_get(json_object_get(views, "b"), "type")), "grid");
    json_decref(v);
    small_clear(&s);
}

TEST(a_direction_is_shown_as_the_path_it_goes)
{
    struct small s;

    small_init(&s, 2);
    json_t *v = run(&s, "g:pattern_args c:beat_clock at:get_attribute{'attribute':'normalized_index'} o:circle{'radius':0.5} v:view_uv one:scalar w:view_uv",
                    "c.grid_out>o.grid g.s>at.selection at.out>o.phase o.uv>v.in one.out>w.in", "s:selection='all'");
    const json_t *views = json_object_get(v, "views"), *view = json_object_get(views, "v"), *rows = json_object_get(view, "rows");
    CHECK_STR(json_string_value(json_object_get(view, "type")), "path");
    CHECK_INT(json_integer_value(json_object_get(view, "columns")), 512);
    CHECK_INT(json_array_size(rows), 2);
    for (size_t r = 0; r < 2; r++)
        for (size_t i = 0; i < 512; i++) {
            double x = number(json_array_get(rows, r), "u", i), y = number(json_array_get(rows, r), "v", i);
            CHECK_NEAR(x * x + y * y, 0.25, 1e-4);        /* both of one instant, or it would leave the circle */
        }
    CHECK_NEAR(number(json_array_get(rows, 0), "u", 0), 0.5, 1e-4);
    CHECK_STR(json_string_value(json_object_get(json_object_get(views, "w"), "type")), "signal");
    json_decref(v);
    small_clear(&s);
}

TEST(views_never_put_out_the_light)
{
    struct small s;

    small_init(&s, 2);
    struct graph_program *g = small_make(&s, "one:scalar c:color v:view_uv w:view_channel{'channel':63} o:apply_dimmer",
                                         "one.out>v.in c.out>w.in one.out>o.signal", "");
    CHECK(g && s.errors.n == 0);
    graph_program_free(g);
    small_clear(&s);
}

TEST(beats_are_shown_where_patterns_count_them)
{
    struct small s;
    struct beatgrid *assumed = NULL;

    small_init(&s, 1);
    s.env.start = -1, s.env.end = 3;        /* the first beat of the grid is at 1 s */
    json_t *v = run(&s, "c:beat_clock v:view_signal", "c.grid_out>v.in", "");
    const json_t *beats = json_object_get(json_object_get(json_object_get(v, "views"), "v"), "beats");
    CHECK_INT(json_array_size(beats), 8);
    for (size_t i = 0; i < 8; i++)
        CHECK_NEAR(json_number_value(json_array_get(beats, i)), -1 + 0.5 * (double)i, 1e-6);
    json_decref(v);
    CHECK_INT(beatgrid_new(NULL, 0, NULL, 0, 0, 4, &assumed), LM_OK);
    s.env.grid = assumed;
    v = run(&s, "c:beat_clock v:view_signal", "c.grid_out>v.in", "");
    const json_t *view = json_object_get(json_object_get(v, "views"), "v");
    CHECK_INT(json_array_size(json_object_get(view, "beats")), 8);
    CHECK(json_is_true(json_object_get(view, "assumed")));
    json_decref(v);
    beatgrid_free(assumed);
    small_clear(&s);
}
