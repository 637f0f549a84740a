#include <string.h>

#include "api/crud.h"
#include "api/graph_errors.h"
#include "core/json.h"
#include "db/domain.h"
#include "graph/graph.h"

enum lm_err graph_errors_of(const json_t *graph, json_t **errors, struct problem *p)
{
    struct graph_doc *doc = NULL;
    struct graph_errors found = { 0 };
    enum lm_err err = graph_parse(graph, &doc, p);

    if (err)
        return err;
    graph_check(doc, &found);
    *errors = graph_errors_json(&found);
    graph_errors_clear(&found);
    graph_doc_free(doc);
    return *errors ? LM_OK : LM_NOMEM;
}

/* A graph that came in as a member of the row: its errors are kept beside it, as PUT .../graph does. */
static enum lm_err check(struct db_conn *c, const struct lumad *l, const json_t *row, struct problem *p)
{
    const json_t *graph = json_object_get(row, "graph");
    json_t *errors = NULL, *members;
    enum lm_err err;

    (void)l;
    if (!graph)
        return LM_OK;
    if ((err = graph_errors_of(graph, &errors, p))) {
        body_under("/graph", p);
        return err;
    }
    if (!json_equal(errors, json_object_get(row, "errors"))) {
        members = json_pack("{s:O}", "errors", errors);
        err = members ? row_put(c, &implementations_table, json_get_text(row, "id", ""), members, p) : LM_NOMEM;
        json_decref(members);
    }
    json_decref(errors);
    return err;
}

static enum lm_err may_delete(struct db_conn *c, const char *id, struct problem *p)
{
    json_t *row = NULL, *pattern = NULL;
    enum lm_err err = row_get(c, &implementations_table, id, &row, p);

    if (!err && !row_get(c, &patterns_table, json_get_text(row, "pattern_id", ""), &pattern, NULL) &&
        !strcmp(json_get_text(pattern, "default_implementation_id", ""), id))
        err = problem_set(p, LM_CONFLICT,
                          "This is the default implementation of the pattern \"%.100s\". Make another one the default first.",
                          json_get_text(pattern, "name", ""));
    json_decref(pattern);
    json_decref(row);
    return err;
}

static const struct crud crud = { .table = &implementations_table, .check = check, .may_delete = may_delete };

/* The bare graph, with what is read-only beside it. Its errors as of now: a plug-in may have come or gone since it was stored. Takes the row. */
static enum lm_err respond_graph(struct response *res, json_t *row)
{
    json_t *graph = json_copy(json_object_get(row, "graph")), *errors = NULL, *version = json_object_get(row, "version");

    if (graph && graph_errors_of(graph, &errors, NULL))
        errors = json_object_get(row, "errors") ? json_incref(json_object_get(row, "errors")) : json_array();
    res->is_more = true;
    if (graph) {
        json_object_set_new(graph, "errors", errors);
        json_object_set(graph, "implementation_id", json_object_get(row, "id"));
        json_object_set(graph, "version", version);
    }
    json_decref(row);
    return respond_json(res, graph);
}

static enum lm_err get_graph(struct request *req, struct response *res)
{
    json_t *row = NULL;
    enum lm_err err = crud_exists(req->db, &patterns_table, req->arg[0], &res->problem);

    if (!err)
        err = pattern_implementation(req->db, req->arg[0], NULL, &row, &res->problem);
    return err ? err : respond_graph(res, row);
}

struct put {
    const struct request *req;
    const json_t *graph, *errors;
    json_t *row;
};

static enum lm_err write_graph(struct db_conn *c, void *arg, struct problem *p)
{
    struct put *w = arg;
    json_t *row = NULL;
    enum lm_err err = crud_exists(c, &patterns_table, w->req->arg[0], p);

    if (!err)
        err = pattern_implementation(c, w->req->arg[0], NULL, &row, p);
    if (!err)
        err = implementation_set_graph(c, json_get_text(row, "id", ""), w->graph, w->errors, w->req->if_match, &w->row, p);
    json_decref(row);
    return err;
}

static enum lm_err put_graph(struct request *req, struct response *res)
{
    static const char *const read_only[] = { "errors", "implementation_id", "version" };
    json_t *graph = json_copy((json_t *)req->body), *errors = NULL;
    struct put w = { .req = req };
    enum lm_err err;

    for (size_t i = 0; json_is_object(graph) && i < sizeof(read_only) / sizeof(read_only[0]); i++)
        json_object_del(graph, read_only[i]);
    if ((err = crud_exists(req->db, &patterns_table, req->arg[0], &res->problem)) ||
        (err = graph_errors_of(graph, &errors, &res->problem)))
        goto out;
    w.graph = graph;
    w.errors = errors;
    err = db_write(req->lumad->db, write_graph, &w, &res->problem);
    if (!err || err == LM_STALE) {
        enum lm_err answered = w.row ? respond_graph(res, w.row) : LM_OK;
        err = err ? err : answered;
    } else {
        json_decref(w.row);
    }
out:
    json_decref(graph);
    json_decref(errors);
    return err;
}

const struct route api_implementations[] = {
    { HTTP_GET, "/patterns/{id}/graph", get_graph, ROLE_VIEWER, NULL, "Graph",
      .doc = "The graph of the default implementation, with its errors." },
    { HTTP_PUT, "/patterns/{id}/graph", put_graph, ROLE_OPERATOR, "Graph", "Graph",
      .doc = "Store the graph of the default implementation. A broken one is stored too, with its errors; it gives no light.",
      .query = SAVE_QUERY },
    { HTTP_GET, "/patterns/{id}/implementations", crud_list, ROLE_VIEWER, NULL, "Implementation[]",
      .doc = "The implementations of a pattern.", .query = "limit cursor q", .crud = &crud },
    { HTTP_POST, "/patterns/{id}/implementations", crud_create, ROLE_OPERATOR, "ImplementationInput", "Implementation",
      .doc = "Add an implementation to a pattern.", .query = SAVE_QUERY, .crud = &crud },
    { HTTP_GET, "/implementations/{id}", crud_get, ROLE_VIEWER, NULL, "Implementation",
      .doc = "One implementation with its graph.", .crud = &crud },
    { HTTP_PATCH, "/implementations/{id}", crud_patch, ROLE_OPERATOR, "ImplementationPatch", "Implementation",
      .doc = "Change an implementation.", .query = SAVE_QUERY, .crud = &crud },
    { HTTP_DELETE, "/implementations/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL,
      .doc = "Delete an implementation that is not the default.", .crud = &crud },
    { 0 },
};
