#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/crud.h"
#include "core/clock.h"
#include "core/json.h"
#include "db/domain.h"
#include "graph/graph.h"
#include "show/track_data.h"
#include "show/venue.h"

enum { DECODE_WAIT_MS = 20000, CHOSEN_MAX = 32 };
#define RUN_MAX_SECONDS 3600.0
#define RUN_LIMIT_US INT64_C(5000000)

static enum lm_err node_types(struct request *req, struct response *res)
{
    (void)req;
    return crud_respond_all(res, graph_node_types());
}

static enum lm_err parse(const json_t *graph, struct graph_doc **doc, struct problem *p)
{
    enum lm_err err = graph_parse(graph, doc, p);

    if (err)
        body_under("/graph", p);
    return err;
}

static enum lm_err check(struct request *req, struct response *res)
{
    static const char *const known[] = { "graph", NULL };
    struct graph_doc *doc = NULL;
    struct graph_errors errors = { 0 };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (!err && !json_object_get(req->body, "graph"))
        err = problem_add(p, "/graph", "is missing");
    if (err || (err = parse(json_object_get(req->body, "graph"), &doc, p)))
        return err;
    graph_check(doc, &errors);
    err = respond_json(res, json_pack("{s:o}", "errors", graph_errors_json(&errors)));
    graph_errors_clear(&errors);
    graph_doc_free(doc);
    return err;
}

/* What a run reads, opened; everything is released by context_clear(). */
struct context {
    struct patch *patch;
    struct track_data *track_data;
    const json_t *args;
    const char *track, *venue;
    double start, end;
    uint64_t seed;
};

static void context_clear(struct context *x)
{
    patch_free(x->patch);
    track_data_free(x->track_data);
}

static enum lm_err load_track(struct request *req, const struct graph_doc *doc, struct context *x, struct problem *p)
{
    const struct track_source source = { .db = req->db, .jobs = req->lumad->jobs, .track_id = x->track, .wait_ms = DECODE_WAIT_MS,
                                         .with_stems = graph_doc_reads(doc) & READS_STEMS,
                                         .is_stopping = req->is_stopping };
    enum lm_err err = x->track ? crud_exists(req->db, &tracks_table, x->track, p) : LM_OK;

    return err ? err : track_data_load(&source, &x->track_data, p);
}

static enum lm_err read_context(const json_t *o, struct context *x, struct problem *p)
{
    static const char *const known[] = { "track_id", "venue_id", "start", "end", "args", "seed", NULL };
    enum lm_err err = body_only(o, known, p);

    if (err == LM_BAD_REQUEST)
        return problem_set(p, LM_BAD_REQUEST, "The context must be an object.");
    x->track = body_text(o, "track_id", false, p);
    x->venue = body_text(o, "venue_id", false, p);
    x->start = body_real(o, "start", false, 0, 0, 1e6, p);
    x->end = body_real(o, "end", false, x->start + 8, 0, 1e6, p);
    x->seed = (uint64_t)body_real(o, "seed", false, 0, 0, 9007199254740992.0, p);
    x->args = json_object_get(o, "args");
    if (x->args && !json_is_null(x->args) && !json_is_object(x->args))
        problem_add(p, "/args", "must be an object");
    if (!p->err && !(x->end > x->start && x->end - x->start <= RUN_MAX_SECONDS))
        problem_add(p, "/end", "must be after start, by %g s at most", RUN_MAX_SECONDS);
    body_under("/context", p);
    return p->err;
}

static enum lm_err load_context(struct request *req, const struct graph_doc *doc, const json_t *o, struct context *x, struct problem *p)
{
    enum lm_err err = read_context(o, x, p);

    if (!err)
        err =
            x->venue ? venue_load(req->db, req->lumad->library, x->venue, &x->patch, p) : patch_new(NULL, 0, NULL, 0, &x->patch);
    return err ? err : load_track(req, doc, x, p);
}

/* ---- views of nodes of choice: for the run, the graph gets a view node behind each ---- */

struct chosen { char id[64], key[160]; };       /* of the view node, and in the answer */

/* The port that is meant when none is named: the first output. */
static const char *first_output(const json_t *types, const json_t *graph, const json_t *node)
{
    const char *type = json_get_text(node, "type", "");
    size_t i;
    json_t *t;

    if (!strcmp(type, "pattern_args"))
        return json_get_text(json_array_get(json_object_get(graph, "args"), 0), "id", NULL);
    json_array_foreach (types, i, t)
        if (!strcmp(json_get_text(t, "id", ""), type))
            return json_get_text(json_array_get(json_object_get(t, "outputs"), 0), "id", NULL);
    return NULL;
}

static const json_t *find_node(const json_t *graph, const char *id)
{
    size_t i;
    json_t *node;

    json_array_foreach (json_object_get(graph, "nodes"), i, node)
        if (!strcmp(json_get_text(node, "id", ""), id))
            return node;
    return NULL;
}

static enum lm_err choose(json_t *graph, const json_t *types, const json_t *wish, size_t i, struct chosen *c, struct problem *p)
{
    char path[32];
    const char *id = json_get_text(wish, "node", ""), *port = json_get_text(wish, "port", NULL);
    const json_t *node = find_node(graph, id);

    snprintf(path, sizeof(path), "/views/%zu", i);
    if (!json_is_object(wish) || !*id)
        return problem_add(p, path, "must be {\"node\": id} or {\"node\": id, \"port\": id}");
    if (!node)
        return problem_add(p, path, "there is no node \"%.64s\"", id);
    snprintf(c->key, sizeof(c->key), port ? "%.64s/%.64s" : "%.64s", id, port);
    if (!port && !(port = first_output(types, graph, node)))
        return problem_add(p, path, "the node \"%.64s\" has no output", id);
    for (unsigned k = 0; !c->id[0] || find_node(graph, c->id); k++)
        snprintf(c->id, sizeof(c->id), "view %zu.%u", i, k);
    json_t *edge = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", c->id, "from_node", id, "from_port", port, "to_node", c->id, "to_port", "in");
    return json_array_append_new(json_object_get(graph, "edges"), edge) ||
                   json_array_append_new(json_object_get(graph, "nodes"), json_pack("{s:s, s:s, s:{}}", "id", c->id, "type", "view_signal", "params"))
               ? LM_NOMEM
               : LM_OK;
}

/* A copy of the graph with a view behind each chosen node; NULL in *result when nothing is chosen. */
static enum lm_err choose_views(const json_t *body, struct chosen *chosen, json_t **result, struct problem *p)
{
    const json_t *views = json_object_get(body, "views"), *graph = json_object_get(body, "graph");
    json_t *wish, *types = NULL, *copy = NULL;
    size_t i;
    enum lm_err err = LM_OK;

    *result = NULL;
    if (!views || json_is_boolean(views))
        return LM_OK;
    if (!json_is_array(views))
        return problem_add(p, "/views", "must be true, false or a list of nodes");
    if (json_array_size(views) > CHOSEN_MAX)
        return problem_add(p, "/views", "may name %d nodes", CHOSEN_MAX);
    if (!json_is_array(json_object_get(graph, "nodes")) || !json_is_array(json_object_get(graph, "edges")))
        return LM_OK;                   /* which is said when it is parsed */
    if (!(types = graph_node_types()) || !(copy = json_deep_copy(graph)))
        err = LM_NOMEM;
    json_array_foreach (views, i, wish)
        if (!err)
            err = choose(copy, types, wish, i, &chosen[i], p);
    json_decref(types);
    if (err)
        json_decref(copy);
    else
        *result = copy;
    return err;
}

static void name_views(json_t *views, const struct chosen *chosen)
{
    for (size_t i = 0; i < CHOSEN_MAX && chosen[i].id[0]; i++) {
        json_t *view = json_object_get(views, chosen[i].id);
        if (view)
            json_object_set(views, chosen[i].key, view);
        json_object_del(views, chosen[i].id);
    }
}

/* ---- the run ---- */

static int64_t now_us(void)
{
    return clock_mono_ns() / 1000;
}

struct watchman { const struct request *req; int64_t end_us, looked_us; bool is_gone; };

/* Nodes take microseconds: the clock is asked each time, the socket now and then. */
static bool must_stop(void *ctx)
{
    struct watchman *w = ctx;
    int64_t now = now_us();

    if (now - w->looked_us > 20000) {
        w->looked_us = now;
        w->is_gone = request_is_gone(w->req);
    }
    return w->is_gone || now > w->end_us;
}

static enum lm_err stopped(const struct watchman *w, struct problem *p)
{
    problem_clear(p);
    if (w->is_gone)
        return problem_set(p, LM_BUSY, "Nobody waits for this run any more.");
    return problem_set(p, LM_INVALID, "The graph takes longer than %d s for this stretch. Run a shorter one, or look for nodes that compute much for each head.",
                       (int)(RUN_LIMIT_US / 1000000));
}

static enum lm_err run_graph(const struct request *req, const struct graph_doc *doc, const struct context *x, bool views, struct response *res)
{
    struct graph_env env = {
        .patch = x->patch,
        .start = x->start,
        .end = x->end,
        .origin = x->start,
        .seed = x->seed,
        .args = json_is_object(x->args) ? x->args : NULL,
    };
    struct graph_program *program = NULL;
    struct graph_errors errors = { 0 };
    struct graph_workspace *space = graph_workspace_new();
    int64_t begin = now_us(), compiled = begin;
    struct watchman watchman = { .req = req, .end_us = begin + RUN_LIMIT_US, .looked_us = begin };

    track_data_env(x->track_data, &env);
    enum lm_err err = space ? graph_compile(doc, &env, &program, &errors) : LM_NOMEM;

    if (!err) {
        compiled = now_us();
        graph_workspace_set_stop(space, must_stop, &watchman);
        if ((err = graph_run_views(program, space, now_us, &res->json, &res->problem)) == LM_TIMEOUT)
            err = stopped(&watchman, &res->problem);
    } else if (err == LM_INVALID) { /* a broken graph is an answer here: the editor shows its errors */
        err = respond_json(res, json_pack("{s:{}, s:[], s:n}", "views", "timings", "layer"));
    }
    if (!err) {
        json_object_set_new(res->json, "errors", graph_errors_json(&errors));
        json_object_set_new(res->json, "compile_us", json_integer(compiled - begin));
        json_object_set_new(res->json, "run_us", json_integer(program ? now_us() - compiled : 0));
        if (!views)
            json_object_set_new(res->json, "views", json_object());
    }
    graph_errors_clear(&errors);
    graph_program_free(program);
    graph_workspace_free(space);
    return err;
}

/* One at a time: it computes as hard as it can, and the other half of the slow requests is for those who run the show. */
static enum lm_err run_alone(const struct request *req, const struct graph_doc *doc, const struct context *x, bool views, struct response *res)
{
    static atomic_bool is_running;

    if (atomic_exchange(&is_running, true))
        return problem_set(&res->problem, LM_BUSY, "Another graph is being run; ask again.");
    enum lm_err err = run_graph(req, doc, x, views, res);
    atomic_store(&is_running, false);
    return err;
}

static enum lm_err run(struct request *req, struct response *res)
{
    static const char *const known[] = { "graph", "context", "views", NULL };
    struct problem *p = &res->problem;
    struct graph_doc *doc = NULL;
    struct context x = { 0 };
    struct chosen chosen[CHOSEN_MAX + 1] = { 0 };
    json_t *none = json_object(), *viewed = NULL;
    const json_t *context = json_object_get(req->body, "context");
    enum lm_err err = body_only(req->body, known, p);

    if (!err && !json_object_get(req->body, "graph"))
        err = problem_add(p, "/graph", "is missing");
    bool views = !json_is_false(json_object_get(req->body, "views"));
    if (!err && !(err = choose_views(req->body, chosen, &viewed, p)) && !(err = parse(viewed ? viewed : json_object_get(req->body, "graph"), &doc, p)) &&
        !(err = load_context(req, doc, context ? context : none, &x, p)))
        err = run_alone(req, doc, &x, views, res);
    if (!err)
        name_views(json_object_get(res->json, "views"), chosen);
    context_clear(&x);
    graph_doc_free(doc);
    json_decref(viewed);
    json_decref(none);
    return err;
}

const struct route api_graph[] = {
    { HTTP_GET, "/node-types", node_types, ROLE_VIEWER, NULL, "NodeType[]", .doc = "The catalogue of nodes; never paged." },
    { HTTP_POST, "/graph/check", check, ROLE_VIEWER, "GraphCheck", "GraphErrors", .doc = "What is wrong with a graph.", .flags = ROUTE_ASKS },
    { HTTP_POST, "/graph/run", run, ROLE_OPERATOR, "GraphRun", "GraphViews",
      .doc = "Run a graph over a stretch of a track and see what its nodes give: those of view nodes, and of the nodes named in `views`. 5 s at most, one at a time.", .flags = ROUTE_SLOW | ROUTE_ASKS },
    { 0 },
};
