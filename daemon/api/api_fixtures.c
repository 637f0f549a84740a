#include "api/crud.h"
#include "core/json.h"
#include "db/domain.h"
#include "show/venue.h"

/* Whether it fits is known only beside its neighbours, so it is asked in the transaction that wrote it. */
static enum lm_err check(struct db_conn *c, const struct lumad *l, const json_t *row, struct problem *p)
{
    return venue_check_fixture(c, l->library, json_get_text(row, "id", ""), p);
}

static const struct crud crud = { .table = &fixtures_table, .check = check };

static enum lm_err identify(struct request *req, struct response *res)
{
    enum lm_err err = crud_exists(req->db, &fixtures_table, req->arg[0], &res->problem);

    res->status = 204;
    return err ? err : show_identify(req->lumad->show, req->arg[0], &res->problem);
}

static enum lm_err test(struct request *req, struct response *res)
{
    json_t *row = NULL;
    enum lm_err err = row_get(req->db, &fixtures_table, req->arg[0], &row, &res->problem);

    if (!err)
        err = show_test_fixture(req->lumad->show, req->caller, row, req->body, &res->json, &res->problem);
    json_decref(row);
    return err;
}

const struct route api_fixtures[] = {
    { HTTP_GET, "/venues/{id}/fixtures", crud_list, ROLE_VIEWER, NULL, "Fixture[]", .doc = "The fixtures of a venue.",
      .query = "limit cursor q", .crud = &crud },
    { HTTP_POST, "/venues/{id}/fixtures", crud_create, ROLE_OPERATOR, "FixtureInput", "Fixture",
      .doc = "Patch a fixture. Where it does not fit, the answer names what is in the way and the next free address.",
      .crud = &crud },
    { HTTP_GET, "/fixtures/{id}", crud_get, ROLE_VIEWER, NULL, "Fixture", .doc = "One fixture.", .crud = &crud },
    { HTTP_PATCH, "/fixtures/{id}", crud_patch, ROLE_OPERATOR, "FixturePatch", "Fixture", .doc = "Change or move a fixture.",
      .crud = &crud },
    { HTTP_DELETE, "/fixtures/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL,
      .doc = "Remove a fixture from its venue and its groups.", .crud = &crud },
    { HTTP_POST, "/fixtures/{id}/identify", identify, ROLE_OPERATOR, NULL, NULL,
      .doc = "Light this fixture for 0.6 s, in the active venue." },
    { HTTP_PUT, "/fixtures/{id}/test", test, ROLE_OPERATOR, "FixtureTest", "FixtureTested",
      .doc = "Hold these channels (1-based within the fixture) at these values and let go of all others that the client holds of it; null lets go of all. "
             "Sent as it is, above the show, the masters, what is received and parks; a blackout is above it. Never stored: it ends with the client's socket." },
    { 0 },
};
