#include "../../tap.h"

#include "graph/program.h"
#include "small.h"

/* What is worked out once, what is never, and what a tile still costs. */

#define PLACE "g:pattern_args place:get_attribute{'attribute':'index'} clk:beat_clock r:ramp "
#define PLACE_WIRES "g.s>place.selection clk.grid_out>r.grid "
#define ALL "s:selection='all'"

/* The nodes that one tile runs, in order, with a space behind each. */
static void turns(struct graph_program *g, uint32_t k, char *text, size_t size)
{
    struct graph_workspace *w = graph_workspace_new();
    struct tile *t = NULL;
    size_t at = 0;

    *text = '\0';
    if (!graph_run_tile(g, w, k, &t, NULL))
        for (uint32_t i = 0; i < g->n_ops && at < size; i++)
            if (w->slots[i].is_needed)
                at += (size_t)snprintf(text + at, size - at, "%s ", g->ops[i].id);
    tile_free(t);
    graph_workspace_free(w);
}

TEST(what_does_not_change_with_time_is_computed_once)
{
    struct small s;
    char ran[256];

    small_init(&s, 4);
    struct graph_program *g = small_make(&s, PLACE "far:math{'operation':'power'} two:scalar{'value':2} bent:falloff turned:modulo sum:math dim:apply_dimmer pos:apply_position",
                                         PLACE_WIRES "place.out>far.a two.out>far.b far.out>bent.in far.out>turned.in r.out>sum.a bent.out>sum.b sum.out>dim.signal turned.out>pos.pan", ALL);
    CHECK(g);
    turns(g, 1, ran, sizeof ran);
    CHECK_STR(ran, "r sum ");
    graph_program_free(g);
    g = small_make(&s, PLACE "n:normalize i:invert dim:apply_dimmer", PLACE_WIRES "place.out>n.in n.out>i.in i.out>dim.signal", ALL);
    CHECK(g);                           /* a pre-pass over what does not vary is none */
    CHECK_INT(g->levels, 0);
    turns(g, 0, ran, sizeof ran);
    CHECK_STR(ran, "");
    graph_program_free(g);
    small_clear(&s);
}

TEST(what_leads_nowhere_is_not_run_and_what_is_only_looked_at_not_for_light)
{
    struct small s;
    char ran[256];

    small_init(&s, 4);
    struct graph_program *g = small_make(&s, PLACE "lost:math lost2:modulo seen:falloff v:view_signal dim:apply_dimmer",
                                         PLACE_WIRES "r.out>lost.a lost.out>lost2.in r.out>seen.in seen.out>v.in r.out>dim.signal", ALL);
    CHECK(g);
    for (uint32_t i = 0; i < g->n_ops; i++)
        CHECK(strncmp(g->ops[i].id, "lost", 4));
    turns(g, 0, ran, sizeof ran);
    CHECK_STR(ran, "r ");
    graph_program_free(g);
    g = small_make(&s, PLACE "none:pattern_args wild:falloff dim:apply_dimmer", PLACE_WIRES "r.out>wild.in wild.out>dim.signal g.s>dim.selection", "s:selection='nobody'");
    CHECK(g);                           /* lights no head */
    turns(g, 0, ran, sizeof ran);
    CHECK_STR(ran, "");
    graph_program_free(g);
    small_clear(&s);
}

TEST(times_one_and_its_like_cost_nothing)
{
    static const struct { const char *node, *second; bool is_run; } kinds[] = {
        { "math{'operation':'multiply'}", "one", false }, { "math{'operation':'add'}", "none", false },      { "math{'operation':'subtract'}", "none", false },
        { "math{'operation':'divide'}", "one", false },   { "math{'operation':'power'}", "one", false },     { "math{'operation':'max'}", NULL, false },
        { "math{'operation':'modulo'}", NULL, false },    { "math{'operation':'multiply'}", NULL, false },   { "math{'operation':'multiply'}", "none", true },
        { "math{'operation':'add'}", "one", true },       { "math{'operation':'abs'}", NULL, true },         { "math{'operation':'max'}", "none", true },
        { "math{'operation':'modulo'}", "one", true },    { "math{'operation':'circular_distance'}", "none", true },
        { "math{'operation':'multiply'}", "ones", false },      /* heads x 1 times heads */
    };
    struct small s;

    small_init(&s, 4);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char nodes[400], edges[400], ran[128];
        struct tile *t, *plain;
        snprintf(nodes, sizeof nodes, PLACE "one:scalar{'value':1} none:scalar{'value':0} zero:math{'operation':'multiply'} ones:math wave:math same:%s again:math dim:apply_dimmer v:view_signal",
                 kinds[i].node);
        snprintf(edges, sizeof edges, PLACE_WIRES "place.out>zero.a none.out>zero.b zero.out>ones.a one.out>ones.b place.out>wave.a r.out>wave.b wave.out>same.a same.out>again.a "
                 "again.out>dim.signal same.out>v.in%s%s%s", kinds[i].second ? " " : "", kinds[i].second ? kinds[i].second : "", kinds[i].second ? ".out>same.b" : "");
        struct graph_program *g = small_make(&s, nodes, edges, ALL);
        CHECK(g);
        turns(g, 1, ran, sizeof ran);
        CHECK_STR(ran, kinds[i].is_run ? "r wave same " : "r wave ");
        t = small_tile(&s, g, 1);
        struct graph_program *p = small_make(&s, PLACE "wave:math dim:apply_dimmer", PLACE_WIRES "place.out>wave.a r.out>wave.b wave.out>dim.signal", ALL);
        plain = small_tile(&s, p, 1);
        CHECK(kinds[i].is_run || tile_equal(t, plain));
        tile_free(t), tile_free(plain);
        struct graph_workspace *w = graph_workspace_new();
        json_t *views = NULL;
        CHECK_INT(graph_run_views(g, w, NULL, &views, NULL), LM_OK);
        CHECK_STR(json_string_value(json_object_get(json_object_get(json_object_get(views, "views"), "v"), "source")), "same");
        json_decref(views);
        graph_workspace_free(w);
        graph_program_free(g), graph_program_free(p);
    }
    small_clear(&s);
}

TEST(nothing_is_spread_before_it_must_be)
{
    static const struct { const char *id; size_t floats; } want[] = { { "r", 1 }, { "turn", 1 }, { "wheel", 4 }, { "late", 4 }, { "sum", 50 } };
    struct small s;

    small_init(&s, 50);
    struct graph_program *g = small_make(&s, PLACE "turn:modulo wheel:rainbow delay:scalar{'value':0.1} late:time_delay sum:math dim:apply_dimmer col:apply_color",
                                         PLACE_WIRES "r.out>turn.in turn.out>wheel.in wheel.out>late.in delay.out>late.delay turn.out>sum.a place.out>sum.b sum.out>dim.signal late.out>col.signal", ALL);
    CHECK(g);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        for (uint32_t k = 0; k < g->n_ops; k++)
            if (strcmp(g->ops[k].id, want[i].id) == 0)
                CHECK_INT(g->ops[k].floats, want[i].floats);
    graph_program_free(g);
    small_clear(&s);
}

/* --- how far one may jump --- */

static struct graph_program *smooths(struct small *s, int n)
{
    size_t room = (size_t)n * 64 + 400, a = 0, b = 0;
    char *nodes = malloc(room), *edges = malloc(room), last[32] = "sum.out";

    a += (size_t)snprintf(nodes, room, PLACE "sum:math dim:apply_dimmer");
    b += (size_t)snprintf(edges, room, PLACE_WIRES "place.out>sum.a r.out>sum.b");
    for (int i = 0; i < n; i++) {
        a += (size_t)snprintf(nodes + a, room - a, " x%d:smooth", i);
        b += (size_t)snprintf(edges + b, room - b, " %s>x%d.in", last, i);
        snprintf(last, sizeof last, "x%d.out", i);
    }
    snprintf(edges + b, room - b, " %s>dim.signal", last);
    struct graph_program *g = small_make(s, nodes, edges, ALL);
    free(nodes);
    free(edges);
    return g;
}

TEST(a_far_place_that_takes_too_long_to_reach_is_refused_with_words)
{
    struct small s;

    small_init(&s, 1000);
    s.env.end = s.env.start + 240;
    CHECK(!smooths(&s, 200));
    const struct graph_error *e = small_error(&s.errors, "too_large");
    CHECK(e && strstr(e->message, "far into"));
    CHECK(e->node[0] == 'x');
    struct graph_program *g = smooths(&s, 20);
    CHECK(g);
    graph_program_free(g);
    s.env.end = s.env.start + 10;       /* a short block may be as rich as it likes */
    g = smooths(&s, 200);
    CHECK(g);
    graph_program_free(g);
    small_clear(&s);
    small_init(&s, 2);                  /* and a very long one be simple */
    s.env.end = s.env.start + 12 * 3600;
    g = smooths(&s, 10);
    CHECK(g);
    struct tile *t = small_tile(&s, g, graph_program_tiles(g) - 1);
    CHECK(t);
    tile_free(t);
    graph_program_free(g);
    small_clear(&s);
}

struct patience { int left; };

static bool is_over(void *ctx)
{
    struct patience *p = ctx;

    return p->left-- <= 0;
}

/* Somebody else has to have the thread meanwhile: what was done so far is not done again. */
TEST(what_is_stopped_on_the_way_goes_on_there)
{
    struct small s;
    int stopped = 0;

    small_init(&s, 3);
    s.env.end = s.env.start + 100;
    for (int pass = 0; pass < 3; pass++) {
        struct graph_program *g = small_make(&s, PLACE "sum:math soft:smooth n:normalize softer:smooth i:invert dim:apply_dimmer",
                                             PLACE_WIRES "place.out>sum.a r.out>sum.b sum.out>soft.in soft.out>n.in n.out>softer.in softer.out>i.in i.out>dim.signal", ALL);
        struct graph_program *alone = small_make(&s, PLACE "sum:math soft:smooth n:normalize softer:smooth i:invert dim:apply_dimmer",
                                                 PLACE_WIRES "place.out>sum.a r.out>sum.b sum.out>soft.in soft.out>n.in n.out>softer.in softer.out>i.in i.out>dim.signal", ALL);
        CHECK(g && alone);
        struct graph_workspace *w = graph_workspace_new();
        uint32_t last = graph_program_tiles(g) - 1;
        struct tile *t = NULL, *want = small_tile(&s, alone, last);
        enum lm_err err;
        do {
            struct patience p = { .left = pass < 2 ? 16 : 0 };
            if (pass < 2)
                graph_workspace_set_stop(w, is_over, &p);
            else                        /* whoever has no patience at all gets there as well */
                graph_workspace_set_pause(w, is_over, &p);
            err = graph_run_tile(g, w, last, &t, NULL);
            stopped += err == LM_TIMEOUT;
            if (pass == 1 && stopped % 40 == 7) {    /* and an editor looks at it in between */
                json_t *views = NULL;
                graph_workspace_set_stop(w, NULL, NULL);
                graph_run_views(g, w, NULL, &views, NULL);
                json_decref(views);
            }
        } while (err == LM_TIMEOUT && stopped < 2000);
        CHECK_INT(err, LM_OK);
        CHECK(tile_equal(t, want));
        tile_free(t), tile_free(want);
        graph_workspace_free(w);
        graph_program_free(g), graph_program_free(alone);
    }
    CHECK(stopped > 20 && stopped < 500);
    small_clear(&s);
}
