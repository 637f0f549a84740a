#include <stdlib.h>

#include "api/crud.h"
#include "core/clock.h"
#include "core/json.h"
#include "db/domain.h"
#include "graph/graph.h"
#include "show/track_data.h"
#include "show/venue.h"

enum { DECODE_WAIT_MS = 20000 };
#define RUN_MAX_SECONDS 3600.0

static enum lm_err node_types(struct request *req, struct response *res)
{
    (void)req;
    return crud_respond_all(res, graph_node_types());
}

static enum lm_err parse(const json_t *body, struct graph_doc **doc, struct problem *p)
{
    enum lm_err err = graph_parse(json_object_get(body, "graph"), doc, p);

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
    if (err || (err = parse(req->body, &doc, p)))
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

static enum lm_err load_track(struct request *req, struct context *x, struct problem *p)
{
    const struct track_source source = { .db = req->db, .jobs = req->lumad->jobs, .track_id = x->track, .wait_ms = DECODE_WAIT_MS,
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

static enum lm_err load_context(struct request *req, const json_t *o, struct context *x, struct problem *p)
{
    enum lm_err err = read_context(o, x, p);

    if (!err)
        err =
            x->venue ? venue_load(req->db, req->lumad->library, x->venue, &x->patch, p) : patch_new(NULL, 0, NULL, 0, &x->patch);
    return err ? err : load_track(req, x, p);
}

static int64_t now_us(void)
{
    return clock_mono_ns() / 1000;
}

static enum lm_err run_graph(const struct graph_doc *doc, const struct context *x, bool views, struct response *res)
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

    track_data_env(x->track_data, &env);
    enum lm_err err = space ? graph_compile(doc, &env, &program, &errors) : LM_NOMEM;

    if (!err)
        err = graph_run_views(program, space, views ? now_us : NULL, &res->json, &res->problem);
    else if (err == LM_INVALID) /* a broken graph is an answer here: the editor shows its errors */
        err = respond_json(res, json_pack("{s:{}, s:[], s:n}", "views", "timings", "layer"));
    if (!err) {
        json_object_set_new(res->json, "errors", graph_errors_json(&errors));
        if (!views)
            json_object_set_new(res->json, "views", json_object());
    }
    graph_errors_clear(&errors);
    graph_program_free(program);
    graph_workspace_free(space);
    return err;
}

static enum lm_err run(struct request *req, struct response *res)
{
    static const char *const known[] = { "graph", "context", "views", NULL };
    struct problem *p = &res->problem;
    struct graph_doc *doc = NULL;
    struct context x = { 0 };
    json_t *none = json_object();
    const json_t *context = json_object_get(req->body, "context");
    enum lm_err err = body_only(req->body, known, p);

    if (!err && !json_object_get(req->body, "graph"))
        err = problem_add(p, "/graph", "is missing");
    bool views = body_bool(req->body, "views", false, true, p);
    if (!err && !(err = p->err) && !(err = parse(req->body, &doc, p)) &&
        !(err = load_context(req, context ? context : none, &x, p)))
        err = run_graph(doc, &x, views, res);
    context_clear(&x);
    graph_doc_free(doc);
    json_decref(none);
    return err;
}

const struct route api_graph[] = {
    { HTTP_GET, "/node-types", node_types, ROLE_VIEWER, NULL, "NodeType[]", .doc = "The catalogue of nodes; never paged." },
    { HTTP_POST, "/graph/check", check, ROLE_VIEWER, "GraphCheck", "GraphErrors", .doc = "What is wrong with a graph." },
    { HTTP_POST, "/graph/run", run, ROLE_OPERATOR, "GraphRun", "GraphViews",
      .doc = "Run a graph over a stretch of a track and see what its nodes give.", .flags = ROUTE_SLOW },
    { 0 },
};
