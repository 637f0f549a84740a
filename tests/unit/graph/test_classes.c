/* POINT, WINDOW, SCAN and GLOBAL: whatever a node needs of the past or the whole, a tile is the same whichever tiles ran before it. */
#include "../../tap.h"

#include <pthread.h>

#include "small.h"

#include "dsp/dmath.h"
#include "graph/program.h"

#define SOURCE "clk:beat_clock w:sine_wave{'subdivision':0.37} g:pattern_args at:get_attribute "
#define WIRES  "clk.grid_out>w.grid g.s>at.selection "
#define ARGS   "s:selection='all'"

/* The source at any sample, as the node computes it. */
static double wave(int64_t i)
{
    return (float)dsp_sin_turns((double)i / 60 * 2 * (double)0.37f);
}

static struct graph_program *make(struct small *s, const char *nodes, const char *edges)
{
    char all[1024], wires[1024];

    snprintf(all, sizeof all, SOURCE "%s o:apply_position", nodes);
    snprintf(wires, sizeof wires, WIRES "%s", edges);
    struct graph_program *g = small_make(s, all, wires, ARGS);
    for (size_t i = 0; i < s->errors.n; i++)
        printf("# %s\n", s->errors.e[i].message);
    return g;
}

/* Runs every tile in its own fresh program against `order` in one: the bytes must agree. */
static bool same_in_any_order(struct small *s, const char *nodes, const char *edges, const uint32_t *order, size_t n)
{
    struct graph_program *one = make(s, nodes, edges);
    struct graph_workspace *w = graph_workspace_new();
    bool same = one != NULL;

    for (size_t i = 0; i < n && same; i++) {
        struct graph_program *fresh = make(s, nodes, edges);
        struct tile *a = NULL, *b = small_tile(s, fresh, order[i]);
        same = !graph_run_tile(one, w, order[i], &a, NULL) && b && tile_equal(a, b);
        tile_free(a);
        tile_free(b);
        graph_program_free(fresh);
    }
    graph_workspace_free(w);
    graph_program_free(one);
    return same;
}

TEST(a_point_node_is_the_same_whatever_ran_before)
{
    struct small s;
    static const uint32_t order[] = { 2, 0, 1, 2 };

    small_init(&s, 3);
    CHECK(same_in_any_order(&s, "m:math", "w.out>m.a at.out>m.b m.out>o.pan", order, 4));
    small_clear(&s);
}

TEST(tiles_overlap_by_one_sample)
{
    struct small s;

    small_init(&s, 3);
    struct graph_program *g = make(&s, "", "w.out>o.pan");
    struct tile *a = small_tile(&s, g, 0), *b = small_tile(&s, g, 1), *c = small_tile(&s, g, 2);
    CHECK_INT(a->samples, 257);
    CHECK_INT(c->samples, 600 - 512);
    CHECK_NEAR(tile_at(a, 0, 0, 256, 0), tile_at(b, 0, 0, 0, 0), 0);
    CHECK_NEAR(tile_at(b, 0, 0, 256, 0), tile_at(c, 0, 0, 0, 0), 0);
    for (uint32_t i = 0; i < 88; i++)
        CHECK_NEAR(tile_at(c, 0, 0, i, 0), wave(512 + i), 1e-6);
    tile_free(a);
    tile_free(b);
    tile_free(c);
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_window_reads_its_past_across_tiles_and_clamps_at_the_ends)
{
    struct small s;
    /* Head n is late by n * 0.21 s - 0.1 s: head 0 looks ahead. */
    const char *nodes = "d:remap{'in_min':0,'in_max':1,'out_min':-0.1,'out_max':0.11} t:time_delay";
    const char *edges = "at.out>d.in w.out>t.in d.out>t.delay t.out>o.pan";
    static const uint32_t order[] = { 1, 2, 0 };

    small_init(&s, 5);
    struct graph_program *g = make(&s, nodes, edges);
    for (uint32_t k = 0; k < 3; k++) {
        struct tile *t = small_tile(&s, g, k);
        CHECK_INT(t->outputs[0].value.n, 5);
        for (uint32_t n = 0; n < 5; n++)
            for (uint32_t i = 0; i < t->samples; i++) {
                double at = k * 256 + i - (n * 0.21 - 0.1) * 60;
                at = at < 0 ? 0 : at > 599 ? 599 : at;
                double f = at - floor(at), want = wave((int64_t)at) * (1 - f) + wave((int64_t)at + (f > 0)) * f;
                CHECK_NEAR(tile_at(t, 0, n, i, 0), want, 2e-5);
            }
        tile_free(t);
    }
    graph_program_free(g);
    CHECK(same_in_any_order(&s, nodes, edges, order, 3));
    small_clear(&s);
}

TEST(generators_go_on_before_the_annotation_and_after_it)
{
    struct small s;

    small_init(&s, 2);
    struct graph_program *g = make(&s, "", "w.out>o.pan");
    struct graph_workspace *w = graph_workspace_new();
    int32_t op = -1;
    for (uint32_t i = 0; i < g->n_ops; i++)
        if (strcmp(g->ops[i].id, "w") == 0)
            op = (int32_t)i;
    CHECK_INT(workspace_begin(w, g), LM_OK);
    eval_demand(w, g, op, -40, 30);
    eval_demand(w, g, op, 590, 620);
    CHECK_INT(eval(g, w, false), LM_OK);
    struct node_input in = eval_input(g, w, &g->ops[g->n_ops - 1], 1);
    CHECK_INT(in.from, -40);
    CHECK_INT(in.t, 660);
    for (int64_t i = -40; i < 620; i++)
        CHECK_NEAR(in.data[i + 40], wave(i), 1e-6);
    graph_workspace_free(w);
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_scan_carries_its_state_from_tile_to_tile)
{
    struct small s;
    const char *nodes = "m:math f:smooth{'rise_ms':300,'fall_ms':900}", *edges = "w.out>m.a at.out>m.b m.out>f.in f.out>o.pan";
    static const uint32_t order[] = { 2, 0, 2, 1 };
    float up = 1 - expf(-1 / (60 * 0.3f)), down = 1 - expf(-1 / (60 * 0.9f));

    small_init(&s, 3);
    struct graph_program *g = make(&s, nodes, edges);
    struct tile *t[3] = { small_tile(&s, g, 0), small_tile(&s, g, 1), small_tile(&s, g, 2) };
    for (uint32_t n = 0; n < 3; n++) {
        double y = wave(0) + n;
        for (uint32_t i = 0; i < 600; i++) {
            double x = wave(i) + n;
            y += (x - y) * (x > y ? up : down);
            CHECK_NEAR(tile_at(t[i / 256], 0, n, i % 256, 0), y, 1e-4);
        }
    }
    CHECK_NEAR(tile_at(t[0], 0, 1, 256, 0), tile_at(t[1], 0, 1, 0, 0), 0);
    for (int i = 0; i < 3; i++)
        tile_free(t[i]);
    graph_program_free(g);
    CHECK(same_in_any_order(&s, nodes, edges, order, 4));
    small_clear(&s);
}

TEST(a_scan_holds_its_first_sample_before_the_annotation)
{
    struct small s;

    small_init(&s, 2);
    struct graph_program *g = make(&s, "f:smooth", "w.out>f.in f.out>o.pan");
    struct graph_workspace *w = graph_workspace_new();
    int32_t op = g->ops[g->n_ops - 1].in[1].op;
    CHECK_INT(workspace_begin(w, g), LM_OK);
    eval_demand(w, g, op, -9, 300);
    CHECK_INT(eval(g, w, false), LM_OK);
    struct node_input in = eval_input(g, w, &g->ops[g->n_ops - 1], 1);
    struct tile *a = small_tile(&s, g, 0), *b = small_tile(&s, g, 1);
    CHECK_INT(in.from, -9);
    for (int64_t i = -9; i < 300; i++)
        CHECK_NEAR(in.data[i + 9], i < 0 ? tile_at(a, 0, 0, 0, 0) : tile_at(i < 256 ? a : b, 0, 0, (uint32_t)i % 256, 0), 0);
    tile_free(a);
    tile_free(b);
    graph_workspace_free(w);
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_scan_goes_on_from_the_nearest_saved_boundary)
{
    struct small s;

    small_init(&s, 2);
    struct graph_program *g = make(&s, "f:smooth", "w.out>f.in f.out>o.pan");
    struct op *f = NULL;
    for (uint32_t i = 0; i < g->n_ops; i++)
        if (strcmp(g->ops[i].id, "f") == 0)
            f = &g->ops[i];
    tile_free(small_tile(&s, g, 1));
    CHECK_INT(f->saved, 2);             /* its own boundary, and the next one for the tile that follows */
    tile_free(small_tile(&s, g, 0));
    CHECK_INT(f->saved, 2);
    tile_free(small_tile(&s, g, 2));
    CHECK_INT(f->saved, 2);             /* the annotation ends inside tile 2 */
    graph_program_free(g);
    small_clear(&s);
}

/* From the same thread: is the program's lock held while a node's turn comes? */
struct watched { struct graph_program *g; int turns, locked; };

static bool count_locked(void *ctx)
{
    struct watched *x = ctx;

    x->turns++;
    if (pthread_mutex_trylock(&x->g->lock))
        x->locked++;
    else
        pthread_mutex_unlock(&x->g->lock);
    return false;
}

TEST(nothing_is_kept_behind_the_end_and_the_last_tile_is_in_nobodys_way)
{
    static const double ends[] = { 1 + 512 / 60.0, 11 };        /* on a boundary, and inside a tile */

    for (int k = 0; k < 2; k++) {
        struct small s;
        small_init(&s, 2);
        s.env.end = ends[k];
        struct graph_program *g = make(&s, "f:smooth", "w.out>f.in f.out>o.pan");
        struct graph_workspace *w = graph_workspace_new();
        struct watched x = { .g = g };
        uint32_t last = graph_program_tiles(g) - 1;
        struct tile *t = NULL, *before = small_tile(&s, g, last);
        graph_workspace_set_stop(w, count_locked, &x);
        CHECK_INT(graph_run_tile(g, w, last, &t, NULL), LM_OK);
        CHECK(tile_equal(t, before));
        CHECK(x.turns > 0);
        CHECK_INT(x.locked, 0);
        for (uint32_t i = 0; i < g->n_ops; i++)
            CHECK(g->ops[i].saved <= last);
        tile_free(t);
        tile_free(before);
        graph_workspace_free(w);
        graph_program_free(g);
        small_clear(&s);
    }
}

TEST(a_pre_pass_sees_the_whole_annotation)
{
    struct small s;
    static const uint32_t order[] = { 1, 0, 2 };

    small_init(&s, 3);
    /* Beats elapsed, 0 .. 19.97; plus the head's index: 0 .. 21.97 over all. */
    struct graph_program *g = make(&s, "r:ramp m:math n:normalize i:invert", "clk.grid_out>r.grid r.out>m.a at.out>m.b m.out>n.in "
                                   "m.out>i.in n.out>o.pan i.out>o.tilt");
    double top = 599 / 30.0 + 2;
    for (uint32_t k = 0; k < 3; k++) {
        struct tile *t = small_tile(&s, g, 2 - k);
        for (uint32_t n = 0; n < 3; n++)
            for (uint32_t i = 0; i < t->samples; i += 17) {
                double v = ((2 - k) * 256 + i) / 30.0 + n;
                CHECK_NEAR(tile_at(t, 0, n, i, 0), v / top, 1e-5);
                CHECK_NEAR(tile_at(t, 1, n, i, 0), top - v, 1e-4);
            }
        tile_free(t);
    }
    graph_program_free(g);
    CHECK(same_in_any_order(&s, "n:normalize", "w.out>n.in n.out>o.pan", order, 3));
    small_clear(&s);
}

TEST(a_pre_pass_leaves_out_what_is_not_finite)
{
    struct small s;

    small_init(&s, 1);
    struct graph_program *g = make(&s, "r:ramp x:remap{'in_min':0,'in_max':20,'out_max':131072} e:scalar{'value':8} "
                                   "p:math{'operation':'power'} n:normalize",
                                   "clk.grid_out>r.grid r.out>x.in x.out>p.a e.out>p.b p.out>n.in n.out>o.pan");
    struct tile *t = small_tile(&s, g, 1);
    CHECK_NEAR(tile_at(t, 0, 0, 299 - 256, 0), 1, 1e-6);        /* the last finite one is the largest */
    CHECK(isnan(tile_at(t, 0, 0, 300 - 256, 0)));
    tile_free(t);
    graph_program_free(g);
    small_clear(&s);
}

/* Every class upstream of every other. */
static const char mixed_nodes[] = "d:remap{'in_min':0,'in_max':1,'out_min':0.5,'out_max':1.5} t:time_delay f:smooth n:normalize "
                                  "t2:time_delay f2:smooth n2:normalize i:invert f3:smooth";
static const char mixed_edges[] = "at.out>d.in w.out>t.in d.out>t.delay t.out>f.in f.out>n.in n.out>t2.in d.out>t2.delay t2.out>f2.in "
                                  "f2.out>n2.in n2.out>f3.in f3.out>o.pan f.out>i.in i.out>o.tilt";

TEST(classes_stack)
{
    struct small s;
    static const uint32_t order[] = { 2, 1, 0, 1, 2 };

    small_init(&s, 3);
    CHECK(same_in_any_order(&s, mixed_nodes, mixed_edges, order, 5));
    small_clear(&s);
}

struct job { struct graph_program *g; uint32_t first; struct tile *tiles[3]; };

static void *run_tiles(void *arg)
{
    struct job *j = arg;
    struct graph_workspace *w = graph_workspace_new();

    for (uint32_t i = 0; i < 3; i++)
        graph_run_tile(j->g, w, (j->first + i) % 3, &j->tiles[(j->first + i) % 3], NULL);
    graph_workspace_free(w);
    return NULL;
}

TEST(threads_on_one_program_give_the_same_bytes)
{
    struct small s;
    struct job jobs[4] = { { 0 } };
    pthread_t threads[4];

    small_init(&s, 3);
    struct graph_program *g = make(&s, mixed_nodes, mixed_edges);
    for (uint32_t i = 0; i < 4; i++) {
        jobs[i] = (struct job){ .g = g, .first = i };
        pthread_create(&threads[i], NULL, run_tiles, &jobs[i]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    int different = 0;
    for (int i = 1; i < 4; i++)
        for (int k = 0; k < 3; k++)
            different += !tile_equal(jobs[0].tiles[k], jobs[i].tiles[k]);
    for (int i = 0; i < 12; i++)
        tile_free(jobs[i / 3].tiles[i % 3]);
    graph_program_free(g);
    small_clear(&s);
    CHECK_INT(different, 0);
}
