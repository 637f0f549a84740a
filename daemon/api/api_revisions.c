/* The history of graphs and scores: what was saved, what lies between two saves, back and forth, and variants. */
#include <string.h>

#include "api/crud.h"
#include "api/graph_errors.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"
#include "db/revisions.h"

static const struct crud graphs = { .table = &implementation_revisions_table };
static const struct crud scores = { .table = &score_revisions_table };
static const struct crud graph_branches = { .table = &implementation_branches_table };
static const struct crud score_branches = { .table = &score_branches_table };

static enum revision_of kind_of(const struct request *req)
{
    return str_starts(req->route->path, "/scores") ? REVISION_SCORE : REVISION_GRAPH;
}

/* ---- reading ---- */

static enum lm_err respond_place(struct request *req, struct response *res, int left_out)
{
    json_t *place = NULL;
    enum lm_err err = revision_place(req->db, kind_of(req), req->arg[0], &place, &res->problem);

    if (place)
        json_object_set_new(place, "left_out", json_integer(left_out));
    return err ? err : respond_json(res, place);
}

static enum lm_err get_place(struct request *req, struct response *res)
{
    return respond_place(req, res, 0);
}

static const char *content_name(enum revision_of kind)
{
    return kind == REVISION_GRAPH ? "graph" : "annotations";
}

static enum lm_err get_revision(struct request *req, struct response *res)
{
    enum revision_of kind;
    json_t *row = NULL, *content = NULL;
    enum lm_err err = revision_find(req->db, req->arg[0], &kind, &row, &res->problem);

    if (!err && !(err = revision_content(req->db, kind, req->arg[0], &content, &res->problem)))
        json_object_set_new(row, content_name(kind), content);
    if (err) {
        json_decref(row);
        return err;
    }
    res->is_more = true;
    return respond_json(res, row);
}

/* Against "previous", "live" or the id of another revision of the same owner. */
static enum lm_err read_against(struct request *req, enum revision_of kind, const json_t *row, json_t **content, struct problem *p)
{
    const char *owner = kind == REVISION_GRAPH ? "implementation_id" : "score_id";
    char text[64];
    enum revision_of other_kind;
    json_t *other = NULL;
    enum lm_err err = request_query(req, "against", text, sizeof(text), p);

    if (err)
        return err;
    if (!*text || !strcmp(text, "previous"))
        return revision_content(req->db, kind, json_get_text(row, "previous_id", NULL), content, p);
    if (!strcmp(text, "live"))
        return revision_live(req->db, kind, json_get_text(row, owner, ""), content, p);
    if ((err = revision_find(req->db, text, &other_kind, &other, p)))
        return err;
    if (other_kind != kind || strcmp(json_get_text(other, owner, ""), json_get_text(row, owner, "")))
        err = problem_set(p, LM_CONFLICT, "The two revisions are not of the same %s.", kind == REVISION_GRAPH ? "graph" : "score");
    else
        err = revision_content(req->db, kind, text, content, p);
    json_decref(other);
    return err;
}

static enum lm_err get_diff(struct request *req, struct response *res)
{
    enum revision_of kind;
    json_t *row = NULL, *from = NULL, *to = NULL;
    enum lm_err err = revision_find(req->db, req->arg[0], &kind, &row, &res->problem);

    if (!err && !(err = read_against(req, kind, row, &from, &res->problem)) &&
        !(err = revision_content(req->db, kind, req->arg[0], &to, &res->problem)))
        err = respond_json(res, revision_diff(kind, from, to));
    json_decref(row);
    json_decref(from);
    json_decref(to);
    return err;
}

/* ---- writing ---- */

struct work {
    const struct request *req;
    enum lm_err (*run)(struct db_conn *c, struct work *w, struct problem *p);
    enum revision_of kind;
    struct revision_move move;
    const char *name, *revision;
    bool is_switched;
    json_t *row;
};

static enum lm_err on_writer(struct db_conn *c, void *arg, struct problem *p)
{
    struct work *w = arg;

    return w->run(c, w, p);
}

static enum lm_err write_work(struct work *w, struct problem *p)
{
    return db_write(w->req->lumad->db, on_writer, w, p);
}

/* A move of the owner that the path names. */
static struct work work_of(const struct request *req, enum lm_err (*run)(struct db_conn *c, struct work *w, struct problem *p))
{
    enum revision_of kind = kind_of(req);

    return (struct work){ .req = req, .run = run, .kind = kind,
                          .move = { .kind = kind, .owner = req->arg[0], .if_match = req->if_match, .check = graph_errors_of } };
}

/* Runs it and answers with the place the owner has then; stale: with the one it has. */
static enum lm_err run_move(struct request *req, struct response *res, struct work *w)
{
    enum lm_err err = write_work(w, &res->problem);
    struct problem own = res->problem;

    if (err && err != LM_STALE)
        return err;
    enum lm_err answered = respond_place(req, res, w->move.left_out);
    if (err)
        res->problem = own;
    return err ? err : answered;
}

static enum lm_err write_undo(struct db_conn *c, struct work *w, struct problem *p) { return revision_undo(c, &w->move, p); }
static enum lm_err write_redo(struct db_conn *c, struct work *w, struct problem *p) { return revision_redo(c, &w->move, p); }
static enum lm_err write_restore(struct db_conn *c, struct work *w, struct problem *p) { return revision_restore(c, &w->move, w->revision, p); }

static enum lm_err undo(struct request *req, struct response *res)
{
    static const char *const known[] = { NULL };
    struct work w = work_of(req, write_undo);
    enum lm_err err = body_only(req->body, known, &res->problem);

    return err ? err : run_move(req, res, &w);
}

static enum lm_err redo(struct request *req, struct response *res)
{
    static const char *const known[] = { NULL };
    struct work w = work_of(req, write_redo);
    enum lm_err err = body_only(req->body, known, &res->problem);

    return err ? err : run_move(req, res, &w);
}

static enum lm_err restore(struct request *req, struct response *res)
{
    static const char *const known[] = { "revision_id", NULL };
    struct work w = work_of(req, write_restore);
    enum lm_err err = body_only(req->body, known, &res->problem);

    if (err == LM_BAD_REQUEST)
        return err;
    w.revision = body_text(req->body, "revision_id", true, &res->problem);
    return res->problem.err ? res->problem.err : run_move(req, res, &w);
}

static enum lm_err write_revision(struct db_conn *c, struct work *w, struct problem *p)
{
    enum revision_of kind;
    json_t *row = NULL;
    enum lm_err err = revision_find(c, w->req->arg[0], &kind, &row, p);

    json_decref(row);
    return err ? err : row_patch(c, kind == REVISION_GRAPH ? graphs.table : scores.table, w->req->arg[0], w->req->body, w->req->if_match, &w->row, p);
}

/* The answer of a write that gives a row: also the one that is there when the write came too late. */
static enum lm_err run_row(struct response *res, struct work *w)
{
    enum lm_err err = write_work(w, &res->problem);

    if (!err || err == LM_STALE)
        res->json = w->row;
    else
        json_decref(w->row);
    return err;
}

static enum lm_err patch_revision(struct request *req, struct response *res)
{
    struct work w = { .req = req, .run = write_revision };

    return run_row(res, &w);
}

/* ---- branches ---- */

static enum lm_err write_branch(struct db_conn *c, struct work *w, struct problem *p)
{
    return branch_create(c, &w->move, w->name, w->revision, w->is_switched, &w->row, p);
}

static enum lm_err create_branch(struct request *req, struct response *res)
{
    static const char *const known[] = { "name", "revision_id", "switch", NULL };
    struct problem *p = &res->problem;
    struct work w = work_of(req, write_branch);
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    w.name = body_text(req->body, "name", false, p);
    w.revision = body_text(req->body, "revision_id", false, p);
    w.is_switched = body_bool(req->body, "switch", false, true, p);
    if (p->err)
        return p->err;
    res->status = 201;
    err = run_row(res, &w);
    if (err)
        res->status = 0;
    return err;
}

static enum lm_err get_branch(struct request *req, struct response *res)
{
    enum revision_of kind;

    return branch_find(req->db, req->arg[0], &kind, &res->json, &res->problem);
}

static enum lm_err write_switch(struct db_conn *c, struct work *w, struct problem *p)
{
    json_t *row = NULL;
    enum lm_err err = branch_find(c, w->req->arg[0], &w->kind, &row, p);

    if (!err) {
        w->move.kind = w->kind;
        w->move.owner = json_get_text(row, w->kind == REVISION_GRAPH ? "implementation_id" : "score_id", "");
        if (!(err = branch_switch(c, &w->move, w->req->arg[0], p)))
            err = revision_place(c, w->kind, w->move.owner, &w->row, p);
    }
    json_decref(row);
    return err;
}

static enum lm_err switch_branch(struct request *req, struct response *res)
{
    static const char *const known[] = { NULL };
    struct work w = work_of(req, write_switch);
    enum lm_err err = body_only(req->body, known, &res->problem);

    if (err || (err = run_row(res, &w)))
        return err;
    if (res->json)
        json_object_set_new(res->json, "left_out", json_integer(w.move.left_out));
    return LM_OK;
}

static enum lm_err write_rename(struct db_conn *c, struct work *w, struct problem *p)
{
    json_t *row = NULL;
    enum lm_err err = branch_find(c, w->req->arg[0], &w->kind, &row, p);

    json_decref(row);
    return err ? err : branch_rename(c, w->kind, w->req->arg[0], w->req->body, w->req->if_match, &w->row, p);
}

static enum lm_err patch_branch(struct request *req, struct response *res)
{
    struct work w = { .req = req, .run = write_rename };

    return run_row(res, &w);
}

static enum lm_err write_delete(struct db_conn *c, struct work *w, struct problem *p)
{
    json_t *row = NULL;
    enum lm_err err = branch_find(c, w->req->arg[0], &w->kind, &row, p);

    json_decref(row);
    return err ? err : branch_delete(c, w->kind, w->req->arg[0], w->req->if_match, &w->row, p);
}

static enum lm_err delete_branch(struct request *req, struct response *res)
{
    struct work w = { .req = req, .run = write_delete };
    enum lm_err err = run_row(res, &w);

    if (!err)
        res->status = 204;
    return err;
}

#define OF_OWNER(path, revisions_crud, branches_crud, what)                                                                        \
    { HTTP_GET, path "/revisions", crud_list, ROLE_VIEWER, NULL, "Revision[]",                                                     \
      .doc = "The saves of a " what ", newest first, without their content.", .query = "limit cursor q", .crud = revisions_crud },  \
    { HTTP_GET, path "/history", get_place, ROLE_VIEWER, NULL, "Place",                                                             \
      .doc = "Where the " what " stands in its history: its branch, and what undo and redo would do." },                            \
    { HTTP_POST, path "/undo", undo, ROLE_OPERATOR, "Nothing", "Place",                                                             \
      .doc = "Back to the save before. If-Match: the version of the place.", .flags = ROUTE_BODY_OPTIONAL },                        \
    { HTTP_POST, path "/redo", redo, ROLE_OPERATOR, "Nothing", "Place",                                                             \
      .doc = "Forward again. If-Match: the version of the place.", .flags = ROUTE_BODY_OPTIONAL },                                  \
    { HTTP_POST, path "/restore", restore, ROLE_OPERATOR, "RevisionChoice", "Place",                                                \
      .doc = "Make an earlier save live again, as a new one. If-Match: the version of the place.", .query = "message" },            \
    { HTTP_GET, path "/branches", crud_list, ROLE_VIEWER, NULL, "Branch[]", .doc = "The variants of a " what ".",                   \
      .query = "limit cursor", .crud = branches_crud },                                                                             \
    { HTTP_POST, path "/branches", create_branch, ROLE_OPERATOR, "BranchInput", "Branch",                                           \
      .doc = "A variant of the " what ": of what is live, or of an earlier save. Without a name: the next free letter. It is live "  \
             "at once unless switch is false.", .flags = ROUTE_BODY_OPTIONAL }

const struct route api_revisions[] = {
    OF_OWNER("/implementations/{id}", &graphs, &graph_branches, "graph"),
    OF_OWNER("/scores/{id}", &scores, &score_branches, "score"),
    { HTTP_GET, "/revisions/{id}", get_revision, ROLE_VIEWER, NULL, "RevisionWhole", .doc = "One save, with its graph or its annotations." },
    { HTTP_PATCH, "/revisions/{id}", patch_revision, ROLE_OPERATOR, "RevisionPatch", "Revision",
      .doc = "Name a save, which keeps it for good, or say what it is about." },
    { HTTP_GET, "/revisions/{id}/diff", get_diff, ROLE_VIEWER, NULL, "RevisionDiff",
      .doc = "What this save changed. against: \"previous\" (the default), \"live\", or the id of another save, from which the changes lead to this one.",
      .query = "against" },
    { HTTP_GET, "/branches/{id}", get_branch, ROLE_VIEWER, NULL, "Branch", .doc = "One variant." },
    { HTTP_PATCH, "/branches/{id}", patch_branch, ROLE_OPERATOR, "BranchPatch", "Branch", .doc = "Rename a variant." },
    { HTTP_DELETE, "/branches/{id}", delete_branch, ROLE_OPERATOR, NULL, NULL,
      .doc = "Delete a variant that is not live. Its saves stay in the list and can be restored." },
    { HTTP_POST, "/branches/{id}/switch", switch_branch, ROLE_OPERATOR, "Nothing", "Place",
      .doc = "Make a variant live. If-Match: the version of the place.", .flags = ROUTE_BODY_OPTIONAL },
    { 0 },
};
