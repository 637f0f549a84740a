#include "../../tap.h"

#include <pthread.h>
#include <time.h>

#include "../graph/small.h"
#include "core/clock.h"
#include "show/layers.h"
#include "show/track_data.h"

static atomic_ullong frames;
static _Atomic double position;
static atomic_bool has_engine;              /* a thread of the test makes the frames */

static double playhead(void *ctx)
{
    (void)ctx;
    if (!has_engine)
        atomic_fetch_add(&frames, 1);       /* the engine's frames go on; often enough for retired tiles */
    return position;
}

static void nothing(void *obj)
{
    (void)obj;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

#define WAVE "g:pattern_args clk:beat_clock i:get_attribute{'attribute':'index'} w:sine_wave m:math{'operation':'add'} o:apply_dimmer"
#define WIRES "clk.grid_out>w.grid g.s>i.selection i.out>m.a w.out>m.b m.out>o.signal g.s>o.selection"

static void free_doc(void *d)
{
    graph_doc_free(d);
}

static struct shared *doc_of(const char *nodes, const char *edges)
{
    json_t *g = small_graph(nodes, edges, "s:selection='all' x:scalar=1");
    struct graph_doc *doc = NULL;
    struct problem p;

    problem_clear(&p);
    if (graph_parse(g, &doc, &p))
        printf("# %s\n", p.detail);
    json_decref(g);
    return shared_new(doc, free_doc);
}

/* One block of a graph; `which` makes annotation and key its own. */
static struct show_layer *layer_from(struct small *s, const char *nodes, const char *edges, double origin, double start, double end, int which)
{
    static struct track_data track;
    if (track.grid != s->grid)
        track.grid = s->grid;
    struct shared *patch = shared_new(&s->patch, nothing), *data = shared_new(&track, nothing), *doc = doc_of(nodes, edges);
    char id[UUID_SIZE];
    snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012d", which);
    struct layer_source source = { .annotation = id, .doc = doc, .start = start, .end = end, .origin = origin, .seed = (uint64_t)which, .patch = patch, .track = data };
    struct show_layer *l = show_layer_new(&source, layer_source_key(&source));
    shared_unref(patch), shared_unref(data), shared_unref(doc);
    return l;
}

static struct show_layer *layer_of(struct small *s, const char *nodes, const char *edges, double start, double end, int which)
{
    return layer_from(s, nodes, edges, start, start, end, which);
}

/* A block of `seconds` whose every tile is large: each head differs at each instant. */
static struct show_layer *big_layer(struct small *s, double seconds)
{
    return layer_of(s, WAVE, WIRES, 0, seconds, 1);
}

struct stage { struct small s; struct show_layer *l; struct pool *p; size_t tile, rest; };

static bool stage_open(struct stage *t, size_t tiles_kept)
{
    struct pool_options o = { 1, playhead, &frames, NULL, SIZE_MAX };

    small_init(&t->s, 64);
    position = 0;
    t->l = big_layer(&t->s, 600);
    if (!t->l)
        return false;
    t->p = pool_new(&o);
    pool_prepare(t->p, &t->l, 1, 0, 0, 5000);
    size_t all = layer_bytes(t->l->layer);
    struct pool_stats stats;
    pool_get_stats(t->p, &stats);
    size_t work = stats.work_bytes;
    pool_free(t->p);
    tile_free(layer_drop_tile(t->l->layer, 0));
    t->rest = sizeof(struct show_layer) + layer_bytes(t->l->layer);
    t->tile = all - layer_bytes(t->l->layer);
    o.max_bytes = work + t->rest + t->tile * tiles_kept + t->tile / 2;
    t->p = pool_new(&o);
    return t->tile > 64 * 256 && !pool_set_layers(t->p, &t->l, 1);
}

static void stage_close(struct stage *t)
{
    pool_free(t->p);
    show_layer_unref(t->l);
    small_clear(&t->s);
}

static uint64_t tiles_made(struct pool *p)
{
    struct pool_stats s;

    pool_get_stats(p, &s);
    return s.tiles;
}

TEST(with_the_memory_used_up_nothing_is_made_twice)
{
    struct stage t;

    CHECK(stage_open(&t, 6));               /* a minute ahead would be 15 tiles */
    pool_set_loop(t.p, 300);                /* and the loop's start is one or two more */
    sleep_ms(400);
    uint64_t made = tiles_made(t.p);
    sleep_ms(400);
    CHECK_INT(tiles_made(t.p), made);
    CHECK(made <= 12);
    CHECK(layer_has_tile(t.l->layer, 0));
    CHECK(layer_has_tile(t.l->layer, 70));  /* 300 s */
    CHECK(layer_bytes(t.l->layer) <= t.rest + t.tile * 8);
    stage_close(&t);
}

TEST(a_jump_finds_its_tiles_however_little_memory_there_is)
{
    struct stage t;

    CHECK(stage_open(&t, 2));
    sleep_ms(200);
    for (int i = 1; i < 8; i++) {
        CHECK(pool_prepare_at(t.p, i * 70.0, 2000));
        sleep_ms(20);                       /* the jump takes a moment */
        CHECK(layer_has_tile(t.l->layer, (uint32_t)(i * 70.0 * SAMPLE_RATE / TILE_SAMPLES)));
        position = i * 70.0;
        sleep_ms(120);
        CHECK(layer_bytes(t.l->layer) <= t.rest + t.tile * 9);
    }
    stage_close(&t);
}

TEST(playing_on_through_a_full_memory_is_always_ready)
{
    struct stage t;
    bool ready = true;

    CHECK(stage_open(&t, 3));
    pool_prepare_at(t.p, 0, 2000);
    for (double now = 0; now < 60; now += 0.5) {
        position = now;
        for (int i = 0; i < 100 && !layer_has_tile(t.l->layer, (uint32_t)((now + 2) * SAMPLE_RATE / TILE_SAMPLES)); i++)
            sleep_ms(2);
        ready &= layer_has_tile(t.l->layer, (uint32_t)(now * SAMPLE_RATE / TILE_SAMPLES));
        ready &= layer_bytes(t.l->layer) <= t.rest + t.tile * 8;
    }
    CHECK(ready);
    CHECK(tiles_made(t.p) < 30);            /* 15 are played, a few ahead */
    stage_close(&t);
}

/* ---- layers that leave and come back ---- */

enum { BLOCKS = 6 };

struct score { struct small s; struct pool *p; struct show_layer *l[BLOCKS]; };

static bool score_open(struct score *c, size_t max_bytes)
{
    struct pool_options o = { 2, playhead, &frames, NULL, max_bytes };

    small_init(&c->s, 64);
    position = 0;
    c->p = pool_new(&o);
    for (int i = 0; i < BLOCKS; i++)
        if (!(c->l[i] = layer_of(&c->s, WAVE, WIRES, i * 12.0, i * 12.0 + 12, i)))
            return false;
    return c->p && !pool_set_layers(c->p, c->l, BLOCKS) && pool_prepare(c->p, c->l, BLOCKS, 0, BLOCKS * 12.0, 10000);
}

static void score_close(struct score *c)
{
    pool_free(c->p);
    for (int i = 0; i < BLOCKS; i++)
        show_layer_unref(c->l[i]);
    small_clear(&c->s);
}

static struct pool_stats stats_of(struct pool *p)
{
    struct pool_stats s;

    pool_get_stats(p, &s);
    return s;
}

TEST(what_left_the_score_comes_back_as_it_was)
{
    struct score c;

    CHECK(score_open(&c, SIZE_MAX));
    struct pool_stats before = stats_of(c.p);
    CHECK_INT(before.kept, 0);
    CHECK_INT(pool_set_layers(c.p, NULL, 0), LM_OK);            /* another score */
    struct pool_stats away = stats_of(c.p);
    CHECK_INT(away.kept, BLOCKS);
    CHECK_INT(away.layers, 0);
    CHECK_INT(away.bytes, before.bytes);
    CHECK_INT(away.kept_bytes, before.bytes);
    struct show_layer *back[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        back[i] = pool_find(c.p, c.l[i]->annotation, c.l[i]->key);
        CHECK(back[i] == c.l[i]);
    }
    CHECK(!pool_find(c.p, c.l[0]->annotation, c.l[0]->key + 1));
    CHECK(!pool_find(c.p, c.l[1]->annotation, c.l[0]->key));
    CHECK_INT(pool_set_layers(c.p, back, BLOCKS), LM_OK);
    CHECK(pool_prepare(c.p, back, BLOCKS, 0, 72, 0));           /* all there, nobody waited */
    struct pool_stats after = stats_of(c.p);
    CHECK_INT(after.tiles, before.tiles);
    CHECK_INT(after.compiled, before.compiled);
    CHECK_INT(after.found, BLOCKS);
    CHECK_INT(after.kept, 0);
    CHECK_INT(after.bytes, before.bytes);
    for (int i = 0; i < BLOCKS; i++)
        show_layer_unref(back[i]);
    score_close(&c);
}

/* Whether the pool still has it, beside the score. */
static bool is_there(struct pool *p, const struct show_layer *l)
{
    struct show_layer *found = pool_find(p, l->annotation, l->key);

    show_layer_unref(found);
    return found;
}

TEST(what_was_heard_longest_ago_goes_first)
{
    struct score c;

    CHECK(score_open(&c, SIZE_MAX));
    static const int order[] = { 3, 0, 5, 1, 4, 2 };            /* heard in this order */
    for (int i = 0; i < BLOCKS; i++) {
        position = order[i] * 12.0 + 1;
        sleep_ms(160);
    }
    pool_set_layers(c.p, NULL, 0);
    size_t bytes = stats_of(c.p).bytes, one = bytes / BLOCKS, work = stats_of(c.p).work_bytes;
    for (int gone = 1; gone <= BLOCKS; gone++) {
        pool_set_limit(c.p, work + bytes - (size_t)gone * one + one / 2);
        for (int i = 0; i < BLOCKS; i++)
            CHECK_INT(is_there(c.p, c.l[order[i]]), i >= gone);
        CHECK(stats_of(c.p).bytes <= bytes - (size_t)gone * one + one / 2);
    }
    CHECK_INT(stats_of(c.p).bytes, 0);
    score_close(&c);
}

TEST(beside_the_score_goes_before_the_score_and_what_plays_never)
{
    struct score c;

    CHECK(score_open(&c, SIZE_MAX));
    pool_set_layers(c.p, c.l, 3);                               /* the second half has left */
    CHECK_INT(stats_of(c.p).kept, 3);
    position = 1;
    pool_set_limit(c.p, 1);
    CHECK_INT(stats_of(c.p).kept, 0);
    CHECK(layer_has_tile(c.l[0]->layer, 0) && layer_has_tile(c.l[0]->layer, 1));
    for (uint32_t k = 0; k < layer_tiles(c.l[2]->layer); k++)
        CHECK(!layer_has_tile(c.l[2]->layer, k));               /* 23 s away */
    score_close(&c);
}

TEST(programs_are_counted_and_given_up_and_made_again)
{
    struct score c;

    CHECK(score_open(&c, SIZE_MAX));
    struct pool_stats all = stats_of(c.p);
    position = 300;                                             /* all of it is long over, and nobody is about to jump back */
    pool_prepare_at(c.p, 300, 0);
    pool_set_limit(c.p, 1);
    struct pool_stats none = stats_of(c.p);
    for (int i = 0; i < BLOCKS; i++)
        CHECK_INT(atomic_load(&c.l[i]->state), LAYER_WAITING);
    CHECK(none.bytes < all.bytes / 10);
    sleep_ms(250);
    CHECK_INT(stats_of(c.p).compiled, all.compiled);            /* not again for nothing */
    position = 0;
    pool_set_limit(c.p, SIZE_MAX);
    CHECK(pool_prepare(c.p, c.l, BLOCKS, 0, 72, 5000));
    CHECK_INT(atomic_load(&c.l[0]->state), LAYER_LIT);
    CHECK(stats_of(c.p).compiled >= all.compiled + BLOCKS);
    CHECK_INT(stats_of(c.p).bytes, all.bytes);
    score_close(&c);
}

TEST(a_broken_graph_is_no_light_and_says_why_and_is_not_waited_for)
{
    struct small s;
    struct pool_options o = { 1, playhead, &frames, NULL, SIZE_MAX };

    small_init(&s, 4);
    struct show_layer *l = layer_of(&s, "k:scalar m:no_such_node o:apply_dimmer", "k.out>m.in m.out>o.signal", 0, 10, 1);
    struct pool *p = pool_new(&o);
    CHECK(!show_layer_errors_of(l) && !show_layer_is_broken(l));
    CHECK(pool_wait(p, &(struct pool_wish){ .layers = &l, .n = 1, .compile_only = true, .timeout_ms = 5000 }));
    CHECK(show_layer_is_broken(l));
    CHECK(json_array_size(show_layer_errors_of(l)) > 0);
    CHECK(pool_prepare(p, &l, 1, 0, 5, 5000));
    struct frame *f = frame_new(4);
    CHECK_INT(render_score(f, &(struct render_item){ l->layer, 0, 10, BLEND_REPLACE, 0 }, 1, 1), 0);      /* nothing is missing */
    frame_free(f);
    pool_free(p);
    show_layer_unref(l);
    small_clear(&s);
}

TEST(before_it_is_compiled_a_layer_lacks_its_light)
{
    struct small s;

    small_init(&s, 4);
    struct show_layer *l = layer_of(&s, WAVE, WIRES, 0, 10, 1);
    struct frame *f = frame_new(4);
    struct render_item item = { l->layer, 0, 10, BLEND_REPLACE, 0 };
    frame_reset(f);
    CHECK_INT(render_score(f, &item, 1, 1), 1);
    render_preposition(f, &item, 1, -1);
    CHECK_NEAR(f->intensity[0], 0, 0);
    frame_free(f);
    show_layer_unref(l);
    small_clear(&s);
}

static atomic_bool stale;

static bool is_stale(void *ctx)
{
    (void)ctx;
    return stale;
}

TEST(work_that_was_overtaken_is_not_waited_for_and_what_is_right_of_it_is_kept)
{
    struct score c;

    CHECK(score_open(&c, SIZE_MAX));
    struct show_layer *edit = layer_of(&c.s, WAVE, WIRES, 0, 600, 77);
    stale = true;
    CHECK(!pool_wait(c.p, &(struct pool_wish){ .layers = &edit, .n = 1, .to = 600, .timeout_ms = 10000, .is_stale = is_stale }));
    pool_keep(c.p, &edit, 1);
    struct show_layer *again = pool_find(c.p, edit->annotation, edit->key);
    CHECK(again == edit);
    uint64_t compiled = stats_of(c.p).compiled;
    CHECK(pool_prepare(c.p, &again, 1, 0, 5, 5000));
    CHECK(stats_of(c.p).compiled <= compiled + 1);
    show_layer_unref(again);
    show_layer_unref(edit);
    score_close(&c);
}

static uint64_t dice(uint64_t *x)
{
    *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
    return *x;
}

static atomic_bool over;

/* A hand on the seek bar, and the engine beside it. */
static void *seek(void *arg)
{
    struct score *c = arg;
    uint64_t x = 99;

    while (!over) {
        double to = (double)(dice(&x) % 7000) / 100;
        pool_prepare_at(c->p, to, 50);
        position = to;
        if (dice(&x) % 5 == 0)
            pool_set_loop(c->p, (double)(dice(&x) % 60));
    }
    return NULL;
}

/* Plays what the score is now, as an engine that holds references would. */
struct on_stage { pthread_mutex_t lock; struct show_layer *l[BLOCKS]; };
static struct on_stage stage = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *play(void *arg)
{
    struct frame *f = frame_new(64);

    (void)arg;
    while (!over) {
        struct render_item items[BLOCKS];
        struct show_layer *held[BLOCKS];
        pthread_mutex_lock(&stage.lock);
        for (int i = 0; i < BLOCKS; i++)
            held[i] = show_layer_ref(stage.l[i]);
        pthread_mutex_unlock(&stage.lock);
        for (int i = 0; i < BLOCKS; i++)
            items[i] = (struct render_item){ held[i]->layer, held[i]->start, held[i]->end, BLEND_MAX, 0 };
        frame_reset(f);
        render_score(f, items, BLOCKS, position);
        render_preposition(f, items, BLOCKS, position);
        atomic_fetch_add(&frames, 1);
        for (int i = 0; i < BLOCKS; i++)
            show_layer_unref(held[i]);
    }
    frame_free(f);
    return NULL;
}

TEST(edits_seeks_evictions_and_the_engine_at_once)
{
    struct score c;
    pthread_t seeker, player;
    uint64_t x = 12345;
    bool found_right = true;

    CHECK(score_open(&c, SIZE_MAX));
    over = false;
    has_engine = true;
    for (int i = 0; i < BLOCKS; i++)
        stage.l[i] = show_layer_ref(c.l[i]);
    size_t bytes = stats_of(c.p).bytes;
    pthread_create(&seeker, NULL, seek, &c);
    pthread_create(&player, NULL, play, NULL);
    for (int round = 0; round < 150; round++) {
        int at = (int)(dice(&x) % BLOCKS), version = at + 100 * (int)(dice(&x) % 4);
        struct show_layer *fresh = layer_of(&c.s, WAVE, WIRES, at * 12.0, at * 12.0 + 12, version);
        struct show_layer *had = pool_find(c.p, fresh->annotation, fresh->key);     /* an undo */
        found_right &= !had || (had->key == fresh->key && had->start == fresh->start);
        struct show_layer *next = had ? had : show_layer_ref(fresh);
        show_layer_unref(fresh);
        stale = dice(&x) % 3 == 0;
        if (!pool_wait(c.p, &(struct pool_wish){ .layers = &next, .n = 1, .from = next->start, .to = next->end, .timeout_ms = 30, .is_stale = is_stale }) && stale) {
            pool_keep(c.p, &next, 1);
            show_layer_unref(next);
            continue;
        }
        show_layer_unref(c.l[at]);
        c.l[at] = next;
        pool_set_layers(c.p, c.l, BLOCKS);
        pthread_mutex_lock(&stage.lock);
        struct show_layer *old = stage.l[at];
        stage.l[at] = show_layer_ref(next);
        pthread_mutex_unlock(&stage.lock);
        show_layer_unref(old);
        if (dice(&x) % 4 == 0)
            pool_set_limit(c.p, bytes / (1 + dice(&x) % 8));
    }
    over = true;
    pthread_join(seeker, NULL);
    pthread_join(player, NULL);
    has_engine = false;
    pool_set_limit(c.p, SIZE_MAX);
    position = 0;
    CHECK(found_right);
    CHECK(pool_prepare(c.p, c.l, BLOCKS, 0, 72, 10000));
    pool_set_layers(c.p, c.l, 0);
    pool_set_limit(c.p, 1);
    CHECK_INT(stats_of(c.p).bytes, 0);          /* not a byte is lost from the count */
    for (int i = 0; i < BLOCKS; i++)
        show_layer_unref(stage.l[i]);
    score_close(&c);
}

/* Forty nodes that remember, over two hundred heads: what is heard ten minutes in waits for all that came before. */
TEST(a_tile_that_takes_long_leaves_its_thread_to_others)
{
    struct pool_options o = { 1, playhead, &frames, NULL, SIZE_MAX };
    struct small s;
    char nodes[1600], edges[1600], last[32] = "m.out";
    size_t a, b;

    small_init(&s, 200);
    a = (size_t)snprintf(nodes, sizeof nodes, "g:pattern_args clk:beat_clock i:get_attribute{'attribute':'index'} w:sine_wave m:math o:apply_dimmer");
    b = (size_t)snprintf(edges, sizeof edges, "clk.grid_out>w.grid g.s>i.selection i.out>m.a w.out>m.b g.s>o.selection");
    for (int i = 0; i < 40; i++) {
        a += (size_t)snprintf(nodes + a, sizeof nodes - a, " x%d:smooth", i);
        b += (size_t)snprintf(edges + b, sizeof edges - b, " %s>x%d.in", last, i);
        snprintf(last, sizeof last, "x%d.out", i);
    }
    snprintf(edges + b, sizeof edges - b, " %s>o.signal", last);
    struct show_layer *both[2] = { layer_of(&s, nodes, edges, 0, 600, 1), layer_of(&s, WAVE, WIRES, 0, 600, 2) };
    struct pool *p = pool_new(&o);
    const uint32_t far = (uint32_t)(590 / ((double)TILE_SAMPLES / SAMPLE_RATE));
    position = 590;
    pool_set_layers(p, both, 1);
    CHECK(!pool_prepare(p, both, 1, 590, 0, 60));       /* it is at work */
    pool_set_layers(p, both, 2);
    CHECK(pool_prepare(p, &both[1], 1, 590, 0, 30000));
    CHECK(!layer_has_tile(both[0]->layer, far));
    CHECK(pool_prepare(p, both, 2, 590, 0, 300000));    /* and comes to its end all the same */
    CHECK(layer_has_tile(both[0]->layer, far));
    pool_free(p);
    show_layer_unref(both[0]);
    show_layer_unref(both[1]);
    small_clear(&s);
}

/* Fifteen hundred nodes of noise: a tile of them takes seconds. */
TEST(the_end_does_not_wait_for_a_tile_that_takes_long)
{
    enum { NOISES = 1500, SIZE = 64 * NOISES };
    struct pool_options o = { 1, playhead, &frames, NULL, SIZE_MAX };
    struct small s;
    char *nodes = malloc(SIZE), *edges = malloc(SIZE), last[32] = "i.out";
    size_t a, b;

    small_init(&s, 64);
    a = (size_t)snprintf(nodes, SIZE, "g:pattern_args i:get_attribute{'attribute':'index'} o:apply_dimmer");
    b = (size_t)snprintf(edges, SIZE, "g.s>i.selection g.s>o.selection");
    for (int i = 0; i < NOISES; i++) {
        a += (size_t)snprintf(nodes + a, SIZE - a, " x%d:noise{'octaves':8}", i);
        b += (size_t)snprintf(edges + b, SIZE - b, " %s>x%d.x", last, i);
        snprintf(last, sizeof last, "x%d.out", i);
    }
    snprintf(edges + b, SIZE - b, " %s>o.signal", last);
    struct show_layer *l = layer_of(&s, nodes, edges, 0, 60, 1);
    struct pool *p = pool_new(&o);
    position = 0;
    pool_set_layers(p, &l, 1);
    for (int i = 0; i < 1000 && !layer_is_filled(l->layer); i++)
        sleep_ms(10);
    sleep_ms(50);
    CHECK(layer_is_filled(l->layer) && !layer_has_tile(l->layer, 0));
    int64_t t0 = clock_mono_ns();
    pool_free(p);
    CHECK((clock_mono_ns() - t0) / 1000000 < 500);
    show_layer_unref(l);
    small_clear(&s);
    free(nodes), free(edges);
}

TEST(of_a_block_cut_off_in_front_only_what_is_heard_is_made)
{
    struct small s;
    struct pool_options o = { 1, playhead, &frames, NULL, SIZE_MAX };

    small_init(&s, 4);
    position = 0;
    struct show_layer *l = layer_from(&s, WAVE, WIRES, 10, 60, 64, 1);         /* 3,000 samples before its start: in tile 11 */
    struct pool *p = pool_new(&o);
    CHECK(l && p && !pool_set_layers(p, &l, 1));
    CHECK_NEAR(l->lead, 50, 0);
    CHECK(pool_prepare(p, &l, 1, 60, 10, 5000));
    CHECK_INT(layer_tiles(l->layer), (54 * 60 + 255) / 256);
    for (uint32_t k = 0; k < layer_tiles(l->layer); k++)
        CHECK_INT(layer_has_tile(l->layer, k), k >= 3000 / 256);
    pool_free(p);
    show_layer_unref(l);
    small_clear(&s);
}
