#include "../../tap.h"

#include <pthread.h>
#include <stdatomic.h>

#include "every.h"
#include "maker.h"

/* What the compile pool and the editor do to one program at a time: threads with workspaces of their own run tiles in orders of their own, one of them the views. Every
 * tile must be the one that a program of its own gives alone. Under ThreadSanitizer this also shows what is touched without the lock. */

enum { THREADS = 4, TILES = 3 };

struct shared_program {
    struct graph_program *g;
    struct tile *want[TILES];
    atomic_int differ, ready;
    unsigned seed;
};

struct worker { struct shared_program *p; unsigned number; };

static void *run_tiles(void *arg)
{
    struct worker *me = arg;
    struct shared_program *p = me->p;
    struct graph_workspace *w = graph_workspace_new();
    struct graph_errors errors = { 0 };
    uint32_t x = p->seed * 97 + me->number;

    atomic_fetch_add(&p->ready, 1);
    while (atomic_load(&p->ready) < THREADS)
        ;                               /* all at once */
    if (me->number == 0) {
        json_t *views = NULL;
        if (graph_run_views(p->g, w, NULL, &views, NULL) || !json_is_object(json_object_get(views, "views")))
            atomic_fetch_add(&p->differ, 1);
        json_decref(views);
    }
    for (int i = 0; i < 4; i++) {
        struct tile *t = NULL;
        x = x * 1664525u + 1013904223u;
        uint32_t k = (x >> 16) % graph_program_tiles(p->g);
        if (graph_run_tile(p->g, w, k, &t, &errors) || !tile_equal(t, p->want[k]))
            atomic_fetch_add(&p->differ, 1);
        tile_free(t);
    }
    graph_errors_clear(&errors);
    graph_workspace_free(w);
    return NULL;
}

/* How many tiles were wrong; -1: it does not compile. */
static int share(struct small *s, const json_t *graph, unsigned seed)
{
    struct graph_doc *d = NULL;
    struct graph_program *alone = NULL;
    struct shared_program p = { .seed = seed };
    struct graph_workspace *w = graph_workspace_new();
    struct worker worker[THREADS];
    pthread_t thread[THREADS];

    bool compiles = !graph_parse(graph, &d, NULL) && !graph_compile(d, &s->env, &alone, NULL) && !graph_compile(d, &s->env, &p.g, NULL);
    if (compiles) {
        for (uint32_t k = 0; k < graph_program_tiles(alone); k++)
            graph_run_tile(alone, w, k, &p.want[k], NULL);
        for (unsigned i = 0; i < THREADS; i++) {
            worker[i] = (struct worker){ &p, i };
            pthread_create(&thread[i], NULL, run_tiles, &worker[i]);
        }
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
    }
    for (uint32_t k = 0; k < TILES; k++)
        tile_free(p.want[k]);
    graph_program_free(p.g);
    graph_program_free(alone);
    graph_workspace_free(w);
    graph_doc_free(d);
    return compiles ? atomic_load(&p.differ) : -1;
}

TEST(threads_share_a_program_of_every_node)
{
    struct every e;
    int bad = 0;

    every_init(&e, 6);
    for (const struct node_desc *const *d = node_list(); *d; d++)
        for (unsigned round = 0; round < 3; round++) {
            json_t *v = every_graph(*d, round > 0, NULL);
            int differ = v ? share(&e.s, v, round) : 0;
            if (differ > 0)
                printf("# %s: %d tiles are not as they are alone\n", (*d)->id, differ);
            bad += differ > 0;
            json_decref(v);
        }
    every_clear(&e);
    CHECK_INT(bad, 0);
}

TEST(threads_share_programs_made_by_chance)
{
    struct every e;
    uint8_t bytes[300];
    uint32_t x = 2026;
    int bad = 0, compiled = 0;

    every_init(&e, 6);
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            x = x * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(x >> 24);
        }
        json_t *v = maker_graph(bytes, sizeof bytes);
        int differ = share(&e.s, v, round);
        compiled += differ >= 0;
        if (differ > 0)
            printf("# round %u: %d tiles are not as they are alone\n", round, differ);
        bad += differ > 0;
        json_decref(v);
    }
    every_clear(&e);
    CHECK_INT(bad, 0);
    CHECK(compiled >= 40);
}
