#include <math.h>
#include <string.h>

#include "api/crud.h"
#include "core/json.h"
#include "db/domain.h"
#include "fixtures/patch.h"

/* Where the group is in the room: its own axes, and what the positions say where it has none. */
static enum lm_err add_axes(const struct request *req, json_t *row, struct problem *p)
{
    const char *id = json_get_text(row, "id", "");
    struct shared *shared = NULL;
    enum lm_err err = patches_get(req->lumad->patches, req->db, json_get_text(row, "venue_id", ""), &shared, p);
    const struct patch *patch = shared_get(shared);
    json_t *axes = NULL;

    for (size_t i = 0; patch && !axes && i < patch->n_groups; i++) {
        const double *a = patch->groups[i].axis;
        if (!strcmp(patch->groups[i].id, id))
            axes = json_pack("{s:f, s:f, s:f}", "lr", round(a[0] * 1e4) / 1e4, "fb", round(a[1] * 1e4) / 1e4, "ab", round(a[2] * 1e4) / 1e4);
    }
    shared_unref(shared);
    if (err == LM_NOT_FOUND || (!err && !axes)) {       /* removed in this very moment */
        problem_clear(p);
        err = LM_OK, axes = json_null();
    }
    return err ? err : json_object_set_new(row, "axes", axes) ? LM_NOMEM : LM_OK;
}

static enum lm_err decorate(const struct request *req, json_t *row, struct problem *p)
{
    json_t *ids = NULL;
    enum lm_err err = group_members(req->db, json_get_text(row, "id", ""), &ids, p);

    if (!err && json_object_set_new(row, "fixture_ids", ids))
        err = LM_NOMEM;
    return err ? err : add_axes(req, row, p);
}

static const struct crud crud = { .table = &fixture_groups_table, .decorate = decorate };

struct members {
    const struct request *req;
    json_t *row;
};

static enum lm_err write_members(struct db_conn *c, void *arg, struct problem *p)
{
    struct members *m = arg;
    const char *id = m->req->arg[0];
    enum lm_err err = row_get(c, &fixture_groups_table, id, &m->row, p);

    if (err)
        return err;
    if (m->req->if_match != ETAG_ANY && m->req->if_match != json_get_int(m->row, "version", 0))
        return problem_set(p, LM_STALE, "The group was changed by someone else meanwhile.");
    if ((err = group_set_members(c, id, json_object_get(m->req->body, "fixture_ids"), p)))
        return err;
    json_decref(m->row);
    m->row = NULL;
    return row_get(c, &fixture_groups_table, id, &m->row, p);
}

static enum lm_err set_members(struct request *req, struct response *res)
{
    static const char *const known[] = { "fixture_ids", NULL };
    struct members m = { .req = req };
    struct problem *p = &res->problem;
    enum lm_err err = body_only(req->body, known, p);

    if (!err && !json_is_array(json_object_get(req->body, "fixture_ids")))
        err = problem_add(p, "/fixture_ids", "must be a list of fixture ids");
    if (!err)
        err = db_write(req->lumad->db, write_members, &m, p);
    if (err && err != LM_STALE) {
        json_decref(m.row);
        return err;
    }
    enum lm_err decorated = crud_respond(req, res, &crud, m.row);
    return err ? err : decorated;
}

static enum lm_err identify(struct request *req, struct response *res)
{
    enum lm_err err = crud_exists(req->db, &fixture_groups_table, req->arg[0], &res->problem);

    res->status = 204;
    return err ? err : show_identify_group(req->lumad->show, req->arg[0], &res->problem);
}

const struct route api_groups[] = {
    { HTTP_GET, "/venues/{id}/groups", crud_list, ROLE_VIEWER, NULL, "Group[]",
      .doc = "The groups of a venue, each with its members, and in `axes` where it is: its own axes, the others from positions.",
      .query = "limit cursor q", .crud = &crud },
    { HTTP_POST, "/venues/{id}/groups", crud_create, ROLE_OPERATOR, "GroupInput", "Group",
      .doc = "Make a group. Selection expressions speak of it by its name.", .crud = &crud },
    { HTTP_GET, "/groups/{id}", crud_get, ROLE_VIEWER, NULL, "Group", .doc = "One group.", .crud = &crud },
    { HTTP_PATCH, "/groups/{id}", crud_patch, ROLE_OPERATOR, "GroupPatch", "Group",
      .doc = "Change a group: name, axes, movement base, colour, place in lists.", .crud = &crud },
    { HTTP_DELETE, "/groups/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL, .doc = "Delete a group; its fixtures stay.",
      .crud = &crud },
    { HTTP_PUT, "/groups/{id}/members", set_members, ROLE_OPERATOR, "GroupMembers", "Group",
      .doc = "The fixtures of a group, in order." },
    { HTTP_POST, "/groups/{id}/identify", identify, ROLE_OPERATOR, NULL, NULL,
      .doc = "Light the fixtures of this group for 0.6 s, in the active venue; smoke, haze, fans and lasers stay as they are." },
    { 0 },
};
