/* More than one fixture at a time. What can go wrong is known only beside the other fixtures, so all of it happens inside the one write. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/crud.h"
#include "core/json.h"
#include "db/domain.h"
#include "dmx/universe.h"
#include "show/patching.h"
#include "show/venue.h"

struct work {
    const struct request *req;
    struct patching_copies copies;
    struct patching_move move;
    const json_t *ids;                  /* NULL: every fixture */
    json_t *body, *rows, *errors, *result;
    int universe, address;
    bool replace;
};

/* A whole number; absent: `def`. */
static int whole(const json_t *body, const char *name, int min, int max, int def, struct problem *p)
{
    char path[PROBLEM_PATH];
    double v = body_real(body, name, false, def, min, max, p);

    if (v != floor(v)) {
        snprintf(path, sizeof(path), "/%s", name);
        problem_add(p, path, "must be a whole number");
        return def;
    }
    return (int)v;
}

/* The members of a body about some fixtures, or all of them when none are named. Only a body that is no object is an error at once. */
static enum lm_err read_ids(const json_t *body, const char *const *known, const json_t **ids, struct problem *p)
{
    const json_t *list = json_object_get(body, "fixture_ids");
    enum lm_err err = body_only(body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    if (list && !json_is_array(list) && !json_is_null(list))
        problem_add(p, "/fixture_ids", "must be a list of fixture ids");
    *ids = json_is_array(list) ? list : NULL;
    return LM_OK;
}

/* Metres along each axis, from the member "offset". */
static void read_offset(const json_t *body, double out[3], struct problem *p)
{
    static const char *const axes[] = { "x", "y", "z", NULL };
    const json_t *offset = json_object_get(body, "offset");
    struct problem inner;

    problem_clear(&inner);
    if (offset && !json_is_object(offset))
        problem_add(p, "/offset", "must be an object with x, y and z in metres");
    else if (offset && !body_only(offset, axes, &inner))
        for (int i = 0; i < 3; i++)
            out[i] = body_real(offset, axes[i], false, 0, -10000, 10000, &inner);
    body_under("/offset", &inner);
    for (size_t i = 0; i < inner.n; i++)
        problem_add(p, inner.errors[i].path, "%s", inner.errors[i].message);
}

/* Takes what is about the copies out of w->body; the rest is a fixture. */
static enum lm_err read_copies(struct work *w, struct problem *p)
{
    static const char *const own[] = { "count", "address_step", "offset" };

    if (!json_is_object(w->req->body))
        return problem_set(p, LM_BAD_REQUEST, "The body must be an object.");
    w->copies.count = whole(w->req->body, "count", 1, PATCHING_MAX, 1, p);
    w->copies.step = whole(w->req->body, "address_step", 1, DMX_SLOTS, 0, p);
    read_offset(w->req->body, w->copies.offset, p);
    if (p->err)
        return p->err;
    if (!(w->body = json_copy((json_t *)w->req->body)))
        return problem_set(p, LM_NOMEM, "There is no memory for the body.");
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        json_object_del(w->body, own[i]);
    return LM_OK;
}

static enum lm_err answer(struct work *w, struct response *res, enum lm_err err, int status)
{
    json_decref(w->body);
    if (err) {
        json_decref(w->rows);
        return err;
    }
    res->status = status;
    return crud_respond_all(res, w->rows);
}

static enum lm_err write_array(struct db_conn *c, void *arg, struct problem *p)
{
    struct work *w = arg;

    return patching_array(c, w->req->lumad->library, w->req->arg[0], w->body, &w->copies, &w->rows, p);
}

static enum lm_err write_clone(struct db_conn *c, void *arg, struct problem *p)
{
    struct work *w = arg;

    return patching_clone(c, w->req->lumad->library, w->req->arg[0], w->body, &w->copies, &w->rows, p);
}

static enum lm_err make_copies(struct request *req, struct response *res,
                               enum lm_err (*write)(struct db_conn *c, void *arg, struct problem *p))
{
    struct work w = { .req = req };
    enum lm_err err = read_copies(&w, &res->problem);

    return answer(&w, res, err ? err : db_write(req->lumad->db, write, &w, &res->problem), 201);
}

static enum lm_err array(struct request *req, struct response *res)
{
    return make_copies(req, res, write_array);
}

static enum lm_err clone(struct request *req, struct response *res)
{
    return make_copies(req, res, write_clone);
}

static enum lm_err write_numbers(struct db_conn *c, void *arg, struct problem *p)
{
    struct work *w = arg;

    return patching_renumber(c, w->req->lumad->library, w->req->arg[0], w->ids, w->universe, w->address, &w->rows, p);
}

static enum lm_err renumber(struct request *req, struct response *res)
{
    static const char *const known[] = { "fixture_ids", "universe", "address", NULL };
    struct work w = { .req = req };
    struct problem *p = &res->problem;
    enum lm_err err = read_ids(req->body, known, &w.ids, p);

    if (err)
        return err;
    w.universe = whole(req->body, "universe", 1, DMX_MAX_UNIVERSE, 1, p);
    w.address = whole(req->body, "address", 1, DMX_SLOTS, 1, p);
    return answer(&w, res, p->err ? p->err : db_write(req->lumad->db, write_numbers, &w, p), 200);
}

static enum lm_err write_move(struct db_conn *c, void *arg, struct problem *p)
{
    struct work *w = arg;

    return patching_move(c, w->req->lumad->library, w->req->arg[0], w->ids, &w->move, &w->rows, p);
}

static enum lm_err move(struct request *req, struct response *res)
{
    static const char *const known[] = { "fixture_ids", "universe_offset", "address_offset", "offset", NULL };
    struct work w = { .req = req };
    struct problem *p = &res->problem;
    enum lm_err err = read_ids(req->body, known, &w.ids, p);

    if (err)
        return err;
    w.move.universes = whole(req->body, "universe_offset", -DMX_MAX_UNIVERSE, DMX_MAX_UNIVERSE, 0, p);
    w.move.slots = whole(req->body, "address_offset", -DMX_SLOTS, DMX_SLOTS, 0, p);
    read_offset(req->body, w.move.offset, p);
    return answer(&w, res, p->err ? p->err : db_write(req->lumad->db, write_move, &w, p), 200);
}

static enum lm_err write_batch(struct db_conn *c, void *arg, struct problem *p)
{
    struct work *w = arg;

    return patching_batch(c, w->req->lumad->library, w->req->arg[0], w->req->body, &w->result, &w->errors, p);
}

static enum lm_err batch(struct request *req, struct response *res)
{
    struct work w = { .req = req };
    enum lm_err err = db_write_long(req->lumad->db, write_batch, &w, &res->problem);

    res->errors = w.errors;
    if (err)
        json_decref(w.result);
    else
        res->json = w.result;
    return err;
}

static enum lm_err next_address(struct request *req, struct response *res)
{
    struct problem *p = &res->problem;
    struct shared *patch = NULL;
    double universe, channels;
    int u, at = 0;
    enum lm_err err = request_query_real(req, "universe", 1, DMX_MAX_UNIVERSE, 1, &universe, p);

    if (err || (err = request_query_real(req, "channels", 1, DMX_SLOTS, 1, &channels, p)) ||
        (err = patches_get(req->lumad->patches, req->db, req->arg[0], &patch, p)))
        return err;
    u = (int)universe;
    if (patching_next(shared_get(patch), (int)channels, &u, &at))
        err = respond_json(res, json_pack("{s:i, s:i, s:i}", "universe", u, "address", at, "channels", (int)channels));
    else
        err = problem_set(p, LM_CONFLICT, "From universe %d on no %d slots are free.", u, (int)channels);
    shared_unref(patch);
    return err;
}

static enum lm_err export_csv(struct request *req, struct response *res)
{
    struct str csv = { 0 };
    enum lm_err err = patching_export(req->db, req->arg[0], &csv, &res->problem);

    if (err) {
        str_clear(&csv);
        return err;
    }
    res->n = csv.len;
    res->data = str_take(&csv);
    res->type = "text/csv; charset=utf-8; header=present";
    snprintf(res->disposition, sizeof(res->disposition), "attachment; filename=\"patch.csv\"");
    return res->data ? LM_OK : LM_NOMEM;
}

static enum lm_err write_csv(struct db_conn *c, void *arg, struct problem *p)
{
    struct work *w = arg;

    return patching_import(c, w->req->lumad->library, w->req->arg[0], w->req->text, w->req->text_n, w->replace, &w->rows, &w->errors,
                           p);
}

static enum lm_err import_csv(struct request *req, struct response *res)
{
    struct work w = { .req = req };
    struct problem *p = &res->problem;
    char replace[16];
    enum lm_err err = request_query(req, "replace", replace, sizeof(replace), p);

    if (err)
        return err;
    w.replace = !strcmp(replace, "true") || !strcmp(replace, "1");
    if (!w.replace && *replace && strcmp(replace, "false") && strcmp(replace, "0"))
        return problem_set(p, LM_BAD_REQUEST, "replace is true or false.");
    err = db_write_long(req->lumad->db, write_csv, &w, p);
    res->errors = w.errors;
    return answer(&w, res, err, 200);
}

const struct route api_patch[] = {
    { HTTP_POST, "/venues/{id}/fixtures/array", array, ROLE_OPERATOR, "FixtureArray", "Fixture[]",
      .doc = "Patch `count` equal fixtures one behind the other, all or none. What does not fit in the rest of a universe begins the next; "
             "a label that ends in a number counts on." },
    { HTTP_POST, "/fixtures/{id}/clone", clone, ROLE_OPERATOR, "FixtureClone", "Fixture[]",
      .doc = "Copies of a fixture, behind it or from the universe and address given; any other member given is what the copies have instead.",
      .flags = ROUTE_BODY_OPTIONAL },
    { HTTP_GET, "/venues/{id}/next-address", next_address, ROLE_VIEWER, NULL, "NextAddress",
      .doc = "Where so many channels fit: the first place in this universe, else in the next that has one.", .query = "universe channels" },
    { HTTP_POST, "/venues/{id}/renumber", renumber, ROLE_OPERATOR, "Renumber", "Fixture[]",
      .doc = "Pack fixtures from universe.address on, in the order given, or all in patch order. All or none.", .flags = ROUTE_BODY_OPTIONAL },
    { HTTP_POST, "/venues/{id}/fixtures/move", move, ROLE_OPERATOR, "FixtureMove", "Fixture[]",
      .doc = "Move fixtures, or all, by so many universes, slots and metres. All or none." },
    { HTTP_PATCH, "/venues/{id}/fixtures", batch, ROLE_OPERATOR, "FixtureBatch", "FixtureBatchResult",
      .doc = "Create, change and delete fixtures of a venue: all of it or nothing. Whether it fits is asked at the end, so fixtures may change places. "
             "An update may carry the `version` it was made on, a new one its own `id`; what is not there to be deleted is passed over. `errors[].path` is "
             "/update/3/address." },
    { HTTP_GET, "/venues/{id}/patch.csv", export_csv, ROLE_VIEWER, NULL, "csv", .doc = "The patch as a table, one fixture a line." },
    { HTTP_POST, "/venues/{id}/patch.csv", import_csv, ROLE_OPERATOR, "csv", "Fixture[]",
      .doc = "Patch the fixtures of a table, all or none; `errors[].path` is /lines/7/address. With `replace=true` it is the whole patch: fixtures that it "
             "names by id keep their groups, the others go.",
      .query = "replace" },
    { 0 },
};
