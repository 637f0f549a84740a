#include <stdio.h>
#include <string.h>

#include "api/crud.h"
#include "core/json.h"
#include "core/uuid.h"
#include "db/domain.h"
#include "show/shipped.h"

static const struct crud crud = { .table = &patterns_table, .create = pattern_create };
static const struct crud categories = { .table = &pattern_categories_table };

struct choice {
    const struct request *req;
    const char *implementation;
    json_t *row;
};

/* LM_INVALID: it is not one of this pattern's. */
static enum lm_err check_owner(struct db_conn *c, const char *implementation, const char *pattern, struct problem *p)
{
    json_t *row = NULL;
    enum lm_err err = row_get(c, &implementations_table, implementation, &row, NULL);

    if (err == LM_NOT_FOUND || (!err && strcmp(json_get_text(row, "pattern_id", ""), pattern)))
        err = problem_add(p, "/implementation_id", "is no implementation of this pattern");
    json_decref(row);
    return err;
}

static enum lm_err check_version(const struct request *req, const json_t *row, struct problem *p)
{
    if (req->if_match == ETAG_ANY || req->if_match == json_get_int(row, "version", 0))
        return LM_OK;
    return problem_set(p, LM_STALE, "It was changed by someone else meanwhile.");
}

static enum lm_err write_default(struct db_conn *c, void *arg, struct problem *p)
{
    struct choice *w = arg;
    const char *id = w->req->arg[0];
    enum lm_err err;

    if ((err = row_get(c, &patterns_table, id, &w->row, p)) || (err = check_version(w->req, w->row, p)) ||
        (err = check_owner(c, w->implementation, id, p)))
        return err;
    json_t *members = json_pack("{s:s}", "default_implementation_id", w->implementation);
    err = members ? row_put(c, &patterns_table, id, members, p) : LM_NOMEM;
    json_decref(members);
    json_decref(w->row);
    w->row = NULL;
    return err ? err : row_get(c, &patterns_table, id, &w->row, p);
}

static enum lm_err choose(struct request *req, struct response *res,
                          enum lm_err (*write)(struct db_conn *c, void *arg, struct problem *p))
{
    static const char *const known[] = { "implementation_id", NULL };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    struct choice w = { .req = req, .implementation = body_text(req->body, "implementation_id", true, p) };
    err = p->err ? p->err : db_write(req->lumad->db, write, &w, p);
    res->json = w.row;
    return err;
}

static enum lm_err set_default(struct request *req, struct response *res)
{
    return choose(req, res, write_default);
}

static enum lm_err get_override(struct request *req, struct response *res)
{
    char key[2 * UUID_SIZE + ROUTE_ARG_SIZE], id[UUID_SIZE];

    snprintf(key, sizeof(key), "%.36s/%.36s", req->arg[0], req->arg[1]);
    uuid_from_key("override", key, id);
    enum lm_err err = row_get(req->db, &venue_implementation_overrides_table, id, &res->json, NULL);
    return err ? problem_set(&res->problem, err, "This venue plays the pattern's default implementation.") : LM_OK;
}

static enum lm_err write_override(struct db_conn *c, void *arg, struct problem *p)
{
    struct choice *w = arg;
    const char *venue = w->req->arg[0], *pattern = w->req->arg[1];
    const struct table *t = &venue_implementation_overrides_table;
    char key[2 * UUID_SIZE], id[UUID_SIZE];
    enum lm_err err;

    if ((err = crud_exists(c, &venues_table, venue, p)) || (err = crud_exists(c, &patterns_table, pattern, p)))
        return err;
    snprintf(key, sizeof(key), "%.36s/%.36s", venue, pattern);
    uuid_from_key("override", key, id);
    if (!w->implementation)
        return row_delete(c, t, id, w->req->if_match, &w->row, p);
    err = row_get(c, t, id, &w->row, NULL);
    if ((!err && (err = check_version(w->req, w->row, p))) || (err && err != LM_NOT_FOUND) ||
        (err = check_owner(c, w->implementation, pattern, p)))
        return err;
    json_t *members =
        json_pack("{s:s, s:s, s:s}", "venue_id", venue, "pattern_id", pattern, "implementation_id", w->implementation);
    err = members ? row_put(c, t, id, members, p) : LM_NOMEM;
    json_decref(members);
    json_decref(w->row);
    w->row = NULL;
    return err ? err : row_get(c, t, id, &w->row, p);
}

static enum lm_err put_override(struct request *req, struct response *res)
{
    return choose(req, res, write_override);
}

static enum lm_err delete_override(struct request *req, struct response *res)
{
    struct choice w = { .req = req };
    enum lm_err err = db_write(req->lumad->db, write_override, &w, &res->problem);

    if (err == LM_STALE)
        res->json = w.row;
    else
        json_decref(w.row);
    res->status = 204;
    return err;
}

/* ---- those that come with lumad ---- */

struct shipped { json_t *patterns; size_t added; };

static enum lm_err write_shipped(struct db_conn *c, void *arg, struct problem *p)
{
    struct shipped *s = arg;

    return shipped_put(c, s->patterns, &s->added, p);
}

static enum lm_err add_shipped(struct request *req, struct response *res)
{
    struct shipped s = { 0 };
    enum lm_err err = shipped_read(&s.patterns, &res->problem);

    if (!err)
        err = db_write(req->lumad->db, write_shipped, &s, &res->problem);
    if (!err)
        err = respond_json(res, json_pack("{s:I, s:I}", "added", (json_int_t)s.added, "total", (json_int_t)json_object_size(s.patterns)));
    json_decref(s.patterns);
    return err;
}

const struct route api_patterns[] = {
    { HTTP_GET, "/patterns", crud_list, ROLE_VIEWER, NULL, "Pattern[]", .doc = "Every pattern.", .query = "limit cursor q",
      .crud = &crud },
    { HTTP_POST, "/patterns", crud_create, ROLE_OPERATOR, "PatternInput", "Pattern",
      .doc = "Make a pattern, with an empty graph as its default implementation.", .crud = &crud },
    { HTTP_POST, "/patterns/shipped", add_shipped, ROLE_OPERATOR, NULL, "ShippedPatterns",
      .doc = "Add the patterns that come with lumad and are not there; what is there stays as it is." },
    { HTTP_GET, "/patterns/{id}", crud_get, ROLE_VIEWER, NULL, "Pattern", .doc = "One pattern.", .crud = &crud },
    { HTTP_PATCH, "/patterns/{id}", crud_patch, ROLE_OPERATOR, "PatternPatch", "Pattern",
      .doc = "Change a pattern's name, description or category.", .crud = &crud },
    { HTTP_DELETE, "/patterns/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL,
      .doc = "Delete a pattern with its implementations and its places on scores.", .crud = &crud },
    { HTTP_PUT, "/patterns/{id}/default-implementation", set_default, ROLE_OPERATOR, "ImplementationChoice", "Pattern",
      .doc = "Which implementation plays where no venue says otherwise." },
    { HTTP_GET, "/venues/{id}/overrides/{pattern_id}", get_override, ROLE_VIEWER, NULL, "Override",
      .doc = "The implementation this venue plays for a pattern." },
    { HTTP_PUT, "/venues/{id}/overrides/{pattern_id}", put_override, ROLE_OPERATOR, "ImplementationChoice", "Override",
      .doc = "Play another implementation in this venue." },
    { HTTP_DELETE, "/venues/{id}/overrides/{pattern_id}", delete_override, ROLE_OPERATOR, NULL, NULL,
      .doc = "Play the default implementation in this venue again." },
    { HTTP_GET, "/pattern-categories", crud_list, ROLE_VIEWER, NULL, "PatternCategory[]",
      .doc = "The shelves of the pattern gallery.", .query = "limit cursor q", .crud = &categories },
    { HTTP_POST, "/pattern-categories", crud_create, ROLE_OPERATOR, "PatternCategoryInput", "PatternCategory",
      .doc = "Make a shelf.", .crud = &categories },
    { HTTP_PATCH, "/pattern-categories/{id}", crud_patch, ROLE_OPERATOR, "PatternCategoryPatch", "PatternCategory",
      .doc = "Change a shelf.", .crud = &categories },
    { HTTP_DELETE, "/pattern-categories/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL,
      .doc = "Remove a shelf; its patterns stay.", .crud = &categories },
    { 0 },
};
