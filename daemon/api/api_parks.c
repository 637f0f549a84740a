/* Channels held at a value, above everything else. */
#include <stdio.h>
#include <string.h>

#include "api/crud.h"
#include "core/json.h"
#include "db/domain.h"
#include "dmx/universe.h"
#include "fixtures/definition.h"

/* {"fixture_id", "channels": {"3": 255}} of each fixture that has any. */
static json_t *grouped(const json_t *rows)
{
    json_t *list = json_array(), *row, *one = NULL;
    size_t i;

    json_array_foreach (rows, i, row) {
        const char *id = json_get_text(row, "fixture_id", "");
        char channel[16];
        if (!one || strcmp(json_get_text(one, "fixture_id", ""), id)) {
            one = json_pack("{s:s, s:{}}", "fixture_id", id, "channels");
            if (json_array_append_new(list, one)) {
                json_decref(list);
                return NULL;
            }
        }
        snprintf(channel, sizeof(channel), "%d", (int)json_get_int(row, "channel", 0));
        json_object_set(json_object_get(one, "channels"), channel, json_object_get(row, "value"));
    }
    return list;
}

static enum lm_err of_venue(struct request *req, struct response *res)
{
    json_t *rows = NULL;
    enum lm_err err = crud_exists(req->db, &venues_table, req->arg[0], &res->problem);

    if (err || (err = parks_of_venue(req->db, req->arg[0], &rows, &res->problem)))
        return err;
    err = crud_respond_all(res, grouped(rows));
    json_decref(rows);
    return err;
}

static enum lm_err respond(struct response *res, const char *fixture_id, const json_t *rows)
{
    json_t *list = grouped(rows);
    enum lm_err err = !list ? LM_NOMEM
                            : respond_json(res, json_array_size(list) ? json_incref(json_array_get(list, 0))
                                                                      : json_pack("{s:s, s:{}}", "fixture_id", fixture_id, "channels"));

    json_decref(list);
    return err;
}

static enum lm_err of_fixture(struct request *req, struct response *res)
{
    json_t *rows = NULL;
    enum lm_err err = crud_exists(req->db, &fixtures_table, req->arg[0], &res->problem);

    if (err || (err = row_all(req->db, &parks_table, "fixture_id", req->arg[0], &rows, &res->problem)))
        return err;
    err = respond(res, req->arg[0], rows);
    json_decref(rows);
    return err;
}

struct work {
    const struct request *req;
    json_t *rows;
};

/* A fixture whose definition is gone may still be freed. */
static int channels_of(const struct lumad *l, const json_t *fixture)
{
    const struct definition *d = NULL;
    const struct definition_mode *m = NULL;

    if (!library_definition(l->library, json_get_text(fixture, "fixture_path", ""), &d, NULL))
        m = definition_mode(d, json_get_text(fixture, "mode_name", ""));
    int n = m ? (int)m->n_channels : DMX_SLOTS;
    definition_unref(d);
    return n;
}

static enum lm_err write_parks(struct db_conn *c, void *arg, struct problem *p)
{
    struct work *w = arg;
    const char *id = w->req->arg[0];
    const json_t *channels = json_object_get(w->req->body, "channels");
    json_t *fixture = NULL;
    enum lm_err err = row_get(c, &fixtures_table, id, &fixture, p);

    if (!err && !(err = fixture_park(c, id, json_is_null(channels) ? NULL : channels, channels_of(w->req->lumad, fixture), p)))
        err = row_all(c, &parks_table, "fixture_id", id, &w->rows, p);
    json_decref(fixture);
    return err;
}

static enum lm_err park(struct request *req, struct response *res)
{
    static const char *const known[] = { "channels", NULL };
    struct work w = { .req = req };
    struct problem *p = &res->problem;
    const json_t *channels = json_object_get(req->body, "channels");
    enum lm_err err = body_only(req->body, known, p);

    if (!err && !json_is_object(channels) && !json_is_null(channels))
        err = problem_add(p, "/channels", "must be an object like {\"3\": 255}, or null to free them all");
    if (!err && !(err = db_write(req->lumad->db, write_parks, &w, p)))
        err = respond(res, req->arg[0], w.rows);
    json_decref(w.rows);
    return err;
}

const struct route api_parks[] = {
    { HTTP_GET, "/venues/{id}/parks", of_venue, ROLE_VIEWER, NULL, "Parked[]", .doc = "The fixtures of a venue with parked channels; never paged." },
    { HTTP_GET, "/fixtures/{id}/park", of_fixture, ROLE_VIEWER, NULL, "Parked", .doc = "The parked channels of a fixture." },
    { HTTP_PUT, "/fixtures/{id}/park", park, ROLE_OPERATOR, "Park", "Parked",
      .doc = "Park these channels (1-based within the fixture) at these values and free the others; null frees all. "
             "A parked channel is sent as it is, whatever the show, the masters and a blackout say." },
    { 0 },
};
