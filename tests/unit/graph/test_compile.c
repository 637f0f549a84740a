/* What compiling decides: arguments, selections, shapes, what is constant, what is dead, what is too much. */
#include "../../tap.h"

#include "small.h"

#include "graph/program.h"

#define LEVEL "g:pattern_args at:get_attribute{'attribute':'index'} "

static float first_pan(struct small *s, struct graph_program *g, uint32_t n)
{
    struct tile *t = g ? small_tile(s, g, 0) : NULL;
    float x = t ? tile_at(t, 0, n, 0, 0) : NAN;

    tile_free(t);
    return x;
}

TEST(arguments_take_their_value_else_their_default)
{
    struct small s;

    small_init(&s, 4);
    struct graph_program *g = small_make(&s, "g:pattern_args o:apply_position", "g.x>o.pan", "x:scalar=2.5");
    CHECK_NEAR(first_pan(&s, g, 0), 2.5, 0);
    graph_program_free(g);
    s.env.args = small_json("{'x':7}");
    g = small_make(&s, "g:pattern_args o:apply_position", "g.x>o.pan", "x:scalar=2.5");
    CHECK_INT(s.errors.n, 0);
    CHECK_NEAR(first_pan(&s, g, 0), 7, 0);
    graph_program_free(g);
    json_decref((json_t *)s.env.args);
    small_clear(&s);
}

TEST(a_wrong_argument_is_told_and_its_default_used)
{
    static const struct { const char *args, *port; } wrong[] = {
        { "{'x':'seven'}", "x" }, { "{'y':1}", "y" }, { "[1]", "" }, { "{'s':'(('}", "s" }, { "{'s':4}", "s" },
    };
    struct small s;

    small_init(&s, 4);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s.env.args = small_json(wrong[i].args);
        struct graph_program *g = small_make(&s, "g:pattern_args o:apply_position", "g.x>o.pan", "x:scalar=2.5 s:selection='right'");
        const struct graph_error *e = small_error(&s.errors, "bad_arg");
        CHECK(e);
        CHECK_STR(e->node, "g");
        CHECK_STR(e->port, wrong[i].port);
        CHECK_NEAR(first_pan(&s, g, 0), 2.5, 0);
        CHECK_INT(g->outputs[0].n, 2);
        graph_program_free(g);
        json_decref((json_t *)s.env.args);
    }
    small_clear(&s);
}

TEST(an_open_selection_is_the_first_selection_argument_else_all)
{
    struct small s;
    const struct graph_output *o;

    small_init(&s, 4);
    struct graph_program *g = small_make(&s, "v:scalar o:apply_dimmer", "v.out>o.signal", "");
    CHECK_INT(graph_program_outputs(g, &o), 1);
    CHECK_INT(o[0].n, 4);
    CHECK_INT(o[0].property, PROP_DIMMER);
    graph_program_free(g);
    g = small_make(&s, "v:scalar o:apply_dimmer", "v.out>o.signal", "x:scalar=1 a:selection='right' b:selection='left'");
    CHECK_INT(graph_program_outputs(g, &o), 1);
    CHECK_INT(o[0].n, 2);
    CHECK_INT(o[0].heads[0], 2);
    graph_program_free(g);
    small_clear(&s);
}

TEST(an_unknown_group_is_a_warning_and_lights_nothing)
{
    struct small s;
    const struct graph_output *o;

    small_init(&s, 4);
    struct graph_program *g = small_make(&s, "g:pattern_args v:scalar o:apply_dimmer", "v.out>o.signal g.a>o.selection",
                                         "a:selection='lefft'");
    const struct graph_error *e = small_error(&s.errors, "warning");
    CHECK(g && e);
    CHECK_STR(e->node, "g");
    CHECK_STR(e->port, "a");
    CHECK_INT(graph_program_outputs(g, &o), 0);
    struct tile *t = small_tile(&s, g, 0);
    CHECK(t && t->n_outputs == 0);
    tile_free(t);
    graph_program_free(g);
    small_clear(&s);
}

TEST(two_outputs_on_one_head_are_a_warning)
{
    struct small s;

    small_init(&s, 4);
    struct graph_program *g = small_make(&s, "g:pattern_args v:scalar one:apply_dimmer two:apply_dimmer",
                                         "v.out>one.signal v.out>two.signal g.a>one.selection g.b>two.selection",
                                         "a:selection='left' b:selection='odd'");
    const struct graph_error *e = small_error(&s.errors, "warning");
    CHECK(g && e);
    CHECK_STR(e->node, "two");
    CHECK(strstr(e->message, "dimmer"));
    graph_program_free(g);
    g = small_make(&s, "g:pattern_args v:scalar one:apply_dimmer two:apply_dimmer",
                   "v.out>one.signal v.out>two.signal g.a>one.selection g.b>two.selection",
                   "a:selection='left' b:selection='right'");
    CHECK(g);
    CHECK_INT(s.errors.n, 0);
    graph_program_free(g);
    small_clear(&s);
}

TEST(shapes_that_do_not_fit_are_an_error_with_both)
{
    struct small s;

    small_init(&s, 6);
    struct graph_program *g = small_make(&s, "g:pattern_args a:get_attribute b:get_attribute m:math o:apply_dimmer",
                                         "g.a>a.selection g.b>b.selection a.out>m.a b.out>m.b m.out>o.signal",
                                         "a:selection='left' b:selection='all'");
    const struct graph_error *e = small_error(&s.errors, "shape_mismatch");
    CHECK(!g && e);
    CHECK_STR(e->node, "m");
    CHECK_STR(e->port, "b");
    CHECK(strstr(e->message, "3x1x1") && strstr(e->message, "6x1x1"));
    g = small_make(&s, "g:pattern_args a:get_attribute o:apply_dimmer", "g.a>a.selection a.out>o.signal g.b>o.selection",
                   "a:selection='left' b:selection='all'");
    e = small_error(&s.errors, "shape_mismatch");
    CHECK(!g && e);
    CHECK_STR(e->node, "o");
    CHECK(strstr(e->message, "3x1x1") && strstr(e->message, "6 heads"));
    g = small_make(&s, "c:color k:scalar m:math o:apply_dimmer", "c.out>m.a k.out>m.b m.out>o.signal", "");
    e = small_error(&s.errors, "shape_mismatch");
    CHECK(!g && e);                     /* four channels into a dimmer, seen only through the maths between */
    CHECK_STR(e->port, "signal");
    small_clear(&s);
}

TEST(constants_are_folded_and_dead_nodes_dropped)
{
    struct small s;

    small_init(&s, 4);
    struct graph_program *g = small_make(&s, LEVEL "k:scalar m:math dead:math clk:beat_clock r:ramp lost:ramp o:apply_position",
                                         "g.s>at.selection at.out>m.a k.out>m.b m.out>o.pan r.out>o.tilt clk.grid_out>r.grid "
                                         "clk.grid_out>lost.grid k.out>dead.a", "s:selection='all'");
    CHECK(g);
    for (uint32_t i = 0; i < g->n_ops; i++) {
        CHECK(strcmp(g->ops[i].id, "dead") && strcmp(g->ops[i].id, "lost"));
        CHECK(g->ops[i].is_const == (strcmp(g->ops[i].id, "r") != 0 && strcmp(g->ops[i].id, "o") != 0));
    }
    struct tile *t = small_tile(&s, g, 0);
    CHECK_INT(t->outputs[0].value.n, 4);      /* per head, no time */
    CHECK_INT(t->outputs[0].value.t, 1);
    CHECK_INT(t->outputs[1].value.n, 1);      /* over time, all heads alike */
    CHECK_INT(t->outputs[1].value.t, 257);
    CHECK_NEAR(tile_at(t, 0, 3, 0, 0), 4, 0);
    tile_free(t);
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_broken_graph_gives_no_program)
{
    struct small s;

    small_init(&s, 4);
    CHECK(!small_make(&s, "o:apply_dimmer", "", ""));
    CHECK(small_error(&s.errors, "missing_input"));
    s.env.end = s.env.start;
    CHECK(!small_make(&s, "v:scalar o:apply_dimmer", "v.out>o.signal", ""));
    CHECK(small_error(&s.errors, "bad_range"));
    s.env.end = s.env.start + 1e9;
    CHECK(!small_make(&s, "v:scalar o:apply_dimmer", "v.out>o.signal", ""));
    small_clear(&s);
}

/* `n` nodes of a kind in a row. */
static struct graph_program *chain(struct small *s, const char *node, int n, const char *start, const char *first)
{
    json_t *g = small_graph(start, first, "s:selection='all'");
    json_t *nodes = json_object_get(g, "nodes"), *edges = json_object_get(g, "edges");
    char id[32], before[32] = "x0";

    for (int i = 0; i <= n; i++) {
        snprintf(id, sizeof id, "x%d", i);
        json_array_append_new(nodes, json_pack("{s:s, s:s}", "id", id, "type", node));
        if (i)
            json_array_append_new(edges, json_pack("{s:s, s:s, s:s, s:s}", "from_node", before, "from_port", "out", "to_node", id,
                                                   "to_port", "in"));
        strcpy(before, id);
    }
    json_array_append_new(nodes, json_pack("{s:s, s:s}", "id", "o", "type", "apply_dimmer"));
    json_array_append_new(edges, json_pack("{s:s, s:s, s:s, s:s}", "from_node", before, "from_port", "out", "to_node", "o", "to_port",
                                           "signal"));
    char *text = json_dumps(g, 0);
    struct graph_program *p = small_compile(s, text);
    free(text);
    json_decref(g);
    return p;
}

TEST(what_would_cost_too_much_is_refused)
{
    struct small s;
    const char *start = "clk:beat_clock r:ramp", *first = "clk.grid_out>r.grid r.out>x0.in";

    small_init(&s, 4);
    struct graph_program *g = chain(&s, "normalize", 7, start, first);
    CHECK(g);
    graph_program_free(g);
    CHECK(!chain(&s, "normalize", 8, start, first));
    CHECK(small_error(&s.errors, "too_deep"));
    g = chain(&s, "modulo", 1900, start, first);
    CHECK(g);                           /* long, but each step small */
    graph_program_free(g);
    g = chain(&s, "smooth", 1900, start, first);
    CHECK(g);
    graph_program_free(g);
    small_clear(&s);

    small_init(&s, 2000);
    CHECK(!chain(&s, "modulo", 1900, "g:pattern_args at:get_attribute clk:beat_clock r:ramp m:math", /* 2,000 heads each */
                 "clk.grid_out>r.grid g.s>at.selection at.out>m.a r.out>m.b m.out>x0.in"));
    CHECK(small_error(&s.errors, "too_large"));
    s.env.end = s.env.start + 2 * 3600;         /* pre-passes over two hours before the first light */
    CHECK(!chain(&s, "normalize", 7, "g:pattern_args at:get_attribute clk:beat_clock r:ramp m:math",
                 "clk.grid_out>r.grid g.s>at.selection at.out>m.a r.out>m.b m.out>x0.in"));
    CHECK(small_error(&s.errors, "too_large"));
    small_clear(&s);
}

TEST(long_ranges_of_many_states_are_refused)
{
    struct small s;
    const char *start = "clk:beat_clock r:ramp", *first = "clk.grid_out>r.grid r.out>x0.in";

    small_init(&s, 4);
    s.env.end = s.env.start + 20 * 3600;
    struct graph_program *g = chain(&s, "smooth", 5, start, first);
    CHECK(g);
    graph_program_free(g);
    CHECK(!chain(&s, "smooth", 1900, start, first));
    CHECK(small_error(&s.errors, "too_large"));
    small_clear(&s);
}

TEST(an_empty_venue_is_dark_and_well)
{
    struct small s;
    const struct graph_output *o;

    small_init(&s, 0);
    struct graph_program *g = small_make(&s, LEVEL "clk:beat_clock r:ramp m:math n:normalize f:smooth o:apply_position v:view_signal",
                                         "g.s>at.selection clk.grid_out>r.grid at.out>m.a r.out>m.b m.out>n.in n.out>f.in f.out>o.pan "
                                         "f.out>v.in", "s:selection='all'");
    CHECK(g);
    CHECK_INT(graph_program_outputs(g, &o), 0);
    struct tile *t = small_tile(&s, g, 1);
    CHECK(t);
    tile_free(t);
    struct graph_workspace *w = graph_workspace_new();
    json_t *views = NULL;
    CHECK_INT(graph_run_views(g, w, NULL, &views, NULL), LM_OK);
    json_decref(views);
    graph_workspace_free(w);
    graph_program_free(g);
    small_clear(&s);
}

TEST(seeds_depend_on_the_annotation_and_the_node)
{
    struct small s;
    uint64_t seeds[3];

    small_init(&s, 4);
    for (int i = 0; i < 2; i++) {
        s.env.seed = (uint64_t)i;
        struct graph_program *g = small_make(&s, "a:scalar b:scalar o:apply_position", "a.out>o.pan b.out>o.tilt", "");
        seeds[i] = g->ops[0].seed;
        seeds[2] = g->ops[1].seed;
        graph_program_free(g);
    }
    CHECK(seeds[0] != seeds[1] && seeds[1] != seeds[2]);
    small_clear(&s);
}

/* What it is computed from is not there when constants are. */
TEST(a_constant_trigger_and_a_count_that_moves)
{
    struct small s;

    small_init(&s, 4);
    struct graph_program *g = small_make(&s, "a:pattern_args c:beat_clock w:sine_wave{'offset':2} t:scalar m:random_select_mask o:apply_dimmer",
                                         "a.s>m.selection t.out>m.trigger c.grid_out>w.grid w.out>m.count a.s>o.selection m.out>o.signal", "s:selection='all'");
    CHECK(g);
    struct tile *x = small_tile(&s, g, 0), *y = small_tile(&s, g, 1);
    float sum[2] = { 0 };
    for (uint32_t n = 0; n < 4; n++) {
        sum[0] += tile_at(x, 0, n, 0, 0);
        sum[1] += tile_at(y, 0, n, 100, 0);
    }
    CHECK_NEAR(sum[0], 2, 0);           /* drawn once, with the count of the first sample */
    CHECK_NEAR(sum[1], 2, 0);
    tile_free(x);
    tile_free(y);
    graph_program_free(g);
    small_clear(&s);
}
