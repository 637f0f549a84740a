#include <stdlib.h>

#include "api/crud.h"
#include "audio/pcm.h"
#include "core/clock.h"
#include "core/json.h"
#include "db/domain.h"
#include "graph/graph.h"
#include "show/venue.h"

enum { DECODE_WAIT_MS = 20000, SLICE_MS = 250 };
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
    struct beatgrid *grid;
    struct pcm pcm;
    const json_t *args;
    const char *track, *venue;
    double start, end;
    uint64_t seed;
};

static void context_clear(struct context *x)
{
    patch_free(x->patch);
    beatgrid_free(x->grid);
    if (x->pcm.map)
        pcm_close(&x->pcm);
}

static double *numbers(const json_t *list, size_t *n)
{
    size_t i;
    json_t *v;
    double *d = calloc(json_array_size(list) + 1, sizeof(*d));

    *n = d ? json_array_size(list) : 0;
    if (d)
        json_array_foreach (list, i, v)
            d[i] = json_number_value(v);
    return d;
}

static enum lm_err load_grid(struct request *req, const char *track, struct context *x, struct problem *p)
{
    json_t *beats = NULL;
    size_t n, n_down;
    enum lm_err err = track ? track_beats(req->db, track, &beats, NULL) : LM_NOT_FOUND;

    if (err && err != LM_NOT_FOUND)
        return problem_set(p, err, "The beats cannot be read.");
    double *b = numbers(json_object_get(beats, "beats"), &n), *down = numbers(json_object_get(beats, "downbeats"), &n_down);
    err = b && down ? beatgrid_new(b, n, down, n_down, json_get_real(beats, "bpm", 0),
                                   (int)json_get_int(beats, "beats_per_bar", 4), &x->grid)
                    : LM_NOMEM;
    free(b);
    free(down);
    json_decref(beats);
    return err ? problem_set(p, err, "The beats cannot be read.") : LM_OK;
}

static enum lm_err load_audio(struct request *req, const char *track, struct context *x, struct problem *p)
{
    char *path = NULL;
    enum lm_err err = crud_exists(req->db, &tracks_table, track, p);

    if (err)
        return err;
    /* In slices: when lumad stops, nobody waits for a long track. */
    for (int waited = 0; waited < DECODE_WAIT_MS && !*req->is_stopping; waited += SLICE_MS)
        if ((err = jobs_decoded(req->lumad->jobs, track, SLICE_MS, &path, p)) != LM_BUSY)
            break;
    if (err || !path)
        return err ? err : problem_set(p, LM_BUSY, "lumad is stopping.");
    err = pcm_open(path, &x->pcm, p);
    free(path);
    return err;
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
    if (!err && x->track)
        err = load_audio(req, x->track, x, p);
    return err ? err : load_grid(req, x->track, x, p);
}

static int64_t now_us(void)
{
    return clock_mono_ns() / 1000;
}

static enum lm_err run_graph(const struct graph_doc *doc, const struct context *x, bool views, struct response *res)
{
    struct graph_env env = {
        .patch = x->patch,
        .grid = x->grid,
        .audio = { x->pcm.data, x->pcm.frames, x->pcm.channels, x->pcm.rate },
        .start = x->start,
        .end = x->end,
        .origin = x->start,
        .seed = x->seed,
        .args = json_is_object(x->args) ? x->args : NULL,
    };
    struct graph_program *program = NULL;
    struct graph_errors errors = { 0 };
    struct graph_workspace *space = graph_workspace_new();
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
