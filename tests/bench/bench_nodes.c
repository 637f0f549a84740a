/*
 * What each node type costs: nanoseconds for one float of its output, over 200 heads and 10 s, every input fed with a signal that differs over heads and time.
 * The fastest of several runs; what is worked out once when a graph is compiled has no line. BENCH_NODES=name,... only these.
 */
#include <stdlib.h>
#include <time.h>

#include "../unit/graph/every.h"

enum { HEADS = 200, RUNS = 5 };

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Nanoseconds its runs took; -1: it does not run, or not at all. */
static int64_t measure(struct every *e, const struct node_desc *d)
{
    json_t *graph = every_graph(d, true, NULL), *views = NULL, *timing;
    struct graph_doc *doc = NULL;
    struct graph_program *g = NULL;
    struct graph_workspace *w = graph_workspace_new();
    int64_t best = -1;
    size_t i;

    if (graph && !graph_parse(graph, &doc, NULL) && !graph_compile(doc, &e->s.env, &g, NULL))
        for (int run = 0; run < RUNS; run++) {
            if (graph_run_views(g, w, now_ns, &views, NULL))
                break;
            json_array_foreach(json_object_get(views, "timings"), i, timing) {
                int64_t ns = json_integer_value(json_object_get(timing, "us"));
                if (strcmp(json_string_value(json_object_get(timing, "node")), "it") == 0 && (best < 0 || ns < best))
                    best = ns;
            }
            json_decref(views);
        }
    graph_program_free(g);
    graph_workspace_free(w);
    graph_doc_free(doc);
    json_decref(graph);
    return best;
}

int main(void)
{
    const char *only = getenv("BENCH_NODES");
    struct every e;

    every_init(&e, HEADS);
    printf("%-22s %12s\n", "node", "ns per float");
    for (const struct node_desc *const *d = node_list(); *d; d++) {
        if (only && *only && !strstr(only, (*d)->id))
            continue;
        int64_t ns = measure(&e, *d);
        if (ns < 0)
            continue;
        /* What it really gives stands in the views: heads x samples x channels of all outputs. */
        json_t *graph = every_graph(*d, true, NULL), *views = NULL, *v;
        struct graph_doc *doc = NULL;
        struct graph_program *g = NULL;
        struct graph_workspace *w = graph_workspace_new();
        const char *key;
        double floats = 0;
        if (!graph_parse(graph, &doc, NULL) && !graph_compile(doc, &e.s.env, &g, NULL) && !graph_run_views(g, w, NULL, &views, NULL))
            json_object_foreach(json_object_get(views, "views"), key, v) {
                const json_t *shape = json_object_get(v, "shape");
                double n = 1;
                for (size_t i = 0; i < 3; i++)
                    n *= (double)json_integer_value(json_array_get(shape, i));
                floats += n;
            }
        json_decref(views);
        graph_program_free(g), graph_workspace_free(w), graph_doc_free(doc), json_decref(graph);
        if (floats > 0)
            printf("%-22s %12.2f\n", (*d)->id, (double)ns / floats);
    }
    every_clear(&e);
    return 0;
}
