#include "../../tap.h"

#include <time.h>

#include "../graph/small.h"
#include "show/layers.h"
#include "show/track_data.h"

static atomic_ullong frames;
static _Atomic double position;

static double playhead(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&frames, 1);           /* the engine's frames go on; often enough for retired tiles */
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

/* A block of `seconds` whose every tile is large: each head differs at each instant. */
static struct show_layer *big_layer(struct small *s, double seconds)
{
    json_t *g = small_graph("g:pattern_args clk:beat_clock i:get_attribute{'attribute':'index'} w:sine_wave m:math{'operation':'add'} o:apply_dimmer",
                            "clk.grid_out>w.grid g.s>i.selection i.out>m.a w.out>m.b m.out>o.signal g.s>o.selection", "s:selection='all'");
    static struct track_data track;
    track.grid = s->grid;
    struct shared *patch = shared_new(&s->patch, nothing), *data = shared_new(&track, nothing);
    struct layer_source source = { .annotation = "00000000-0000-4000-8000-000000000001", .graph = g, .end = seconds, .patch = patch, .track = data };
    struct graph_doc *doc = NULL;
    struct problem p;

    problem_clear(&p);
    if (graph_parse(g, &doc, &p))
        printf("# %s\n", p.detail);
    struct show_layer *l = show_layer_new(&source, doc, layer_source_key(&source, doc));
    json_decref(g);
    shared_unref(patch), shared_unref(data);
    return l;
}

struct stage { struct small s; struct show_layer *l; struct pool *p; size_t tile; };

static bool stage_open(struct stage *t, size_t tiles_kept)
{
    struct pool_options o = { 1, playhead, &frames, NULL, SIZE_MAX };

    small_init(&t->s, 64);
    position = 0;
    t->l = big_layer(&t->s, 600);
    if (!t->l || !t->l->layer)
        return false;
    t->p = pool_new(&o);
    pool_prepare(t->p, &t->l, 1, 0, 0, 5000);
    t->tile = layer_bytes(t->l->layer);
    pool_free(t->p);
    tile_free(layer_drop_tile(t->l->layer, 0));
    o.max_bytes = t->tile * tiles_kept + t->tile / 2;
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
    CHECK(layer_bytes(t.l->layer) <= t.tile * 8);
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
        CHECK(layer_bytes(t.l->layer) <= t.tile * 9);
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
        ready &= layer_bytes(t.l->layer) <= t.tile * 8;
    }
    CHECK(ready);
    CHECK(tiles_made(t.p) < 30);            /* 15 are played, a few ahead */
    stage_close(&t);
}
