/* The library as a list of any length, and edits of many tracks at once. */
#include <string.h>

#include "analysis/steps.h"
#include "analysis/trash.h"
#include "api/crud.h"
#include "api/tracks.h"
#include "core/json.h"
#include "core/uuid.h"
#include "db/domain.h"
#include "db/track_inputs.h"

enum { IDS_MAX = 100 };

/* What is made only when somebody asks for it is missed by nobody. */
static unsigned wanted(const struct request *req)
{
    unsigned bits = 0;
    const char *name;

    for (int i = 0; (name = track_result_name(i)); i++) {
        const struct step *s = step_find(name);
        if (s && (s->is_automatic ? s->is_automatic(req->db, req->lumad->data_dir) : !s->is_on_demand))
            bits |= 1u << i;
    }
    return bits;
}

static enum lm_err list_index(struct request *req, struct response *res)
{
    char q[512], sort[32], show[32];
    struct problem *p = &res->problem;
    enum lm_err err;

    if ((err = request_query(req, "q", q, sizeof(q), p)) || (err = request_query(req, "sort", sort, sizeof(sort), p)) ||
        (err = request_query(req, "show", show, sizeof(show), p)))
        return err;
    return track_index(req->db, &(struct track_wish){ q, sort, show, wanted(req) }, &res->json, p);
}

/* Those of these ids that are there, in the order they were asked for. */
static enum lm_err list_some(struct request *req, struct response *res, char *ids)
{
    json_t *rows = json_array(), *row;
    char *rest = NULL;
    int n = 0;
    enum lm_err err = rows ? LM_OK : LM_NOMEM;

    for (char *id = strtok_r(ids, ",", &rest); id && !err; id = strtok_r(NULL, ",", &rest)) {
        if (!uuid_valid(id) || ++n > IDS_MAX) {
            err = problem_set(&res->problem, LM_BAD_REQUEST, "The query parameter \"ids\" is a list of at most %d ids with commas between.", IDS_MAX);
            break;
        }
        if (row_get(req->db, &tracks_table, id, &row, &res->problem)) {
            problem_clear(&res->problem);
            continue;
        }
        json_array_append_new(rows, row);
        err = track_decorate(req, row, &res->problem);
    }
    if (!err)
        return crud_respond_all(res, rows);
    json_decref(rows);
    return err;
}

static enum lm_err list(struct request *req, struct response *res)
{
    char ids[IDS_MAX * UUID_SIZE + 1];
    enum lm_err err = request_query(req, "ids", ids, sizeof(ids), &res->problem);

    return err ? err : *ids ? list_some(req, res, ids) : crud_list(req, res);
}

struct batch { const json_t *body; json_t *result; };

static enum lm_err write_batch(struct db_conn *c, void *arg, struct problem *p)
{
    struct batch *b = arg;

    json_decref(b->result);
    b->result = NULL;
    return track_batch(c, b->body, &b->result, p);
}

static enum lm_err batch(struct request *req, struct response *res)
{
    struct batch b = { .body = req->body };
    json_t *id;
    size_t i;

    trash_hold();                       /* what is restored still has its file afterwards */
    enum lm_err err = db_write_long(req->lumad->db, write_batch, &b, &res->problem);
    trash_release();
    res->json = b.result;
    if (err)
        return err;
    json_array_foreach(json_object_get(b.result, "deleted"), i, id) {
        jobs_cancel_track(req->lumad->jobs, json_string_value(id));
    }
    trash_tidy(req->lumad->db, req->lumad->data_dir);
    return LM_OK;
}

static const struct crud crud = { .table = &tracks_table, .decorate = track_decorate };

const struct route api_track_list[] = {
    { HTTP_GET, "/tracks", list, ROLE_VIEWER, NULL, "Track[]",
      .doc = "Every track of the library by title, page by page; with ids (up to 100, commas between) those of them that are there.", .query = "limit cursor q ids", .crud = &crud },
    { HTTP_GET, "/tracks/index", list_index, ROLE_VIEWER, NULL, "TrackIndex",
      .doc = "All tracks in an order, ids and titles alone. sort: title, artist, album, bpm, key, length, added, analysis, with a - before it the other way round; what has no value "
             "comes last. show: all, unanalysed, failed, scored.",
      .query = "q sort show" },
    { HTTP_POST, "/tracks/batch", batch, ROLE_OPERATOR, "TrackBatch", "TrackBatchResult",
      .doc = "Change, delete and restore tracks: all of it or nothing. Each update is a row with its id, what changes, and perhaps the version it holds for, or was: what must still be there; the answer says what was there "
             "before. What is deleted here keeps its files for a week and can be restored with all that was known of it.",
      .flags = ROUTE_SLOW },
    { 0 },
};
