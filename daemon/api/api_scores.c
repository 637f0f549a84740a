#include <string.h>

#include "api/crud.h"
#include "core/json.h"
#include "core/uuid.h"
#include "db/domain.h"

static const struct crud crud = { .table = &scores_table };
static const struct crud annotations = { .table = &score_annotations_table };

struct wish {
    const char *track, *venue;
    json_t *row;
};

static enum lm_err write_default(struct db_conn *c, void *arg, struct problem *p)
{
    struct wish *w = arg;
    enum lm_err err;

    if ((err = crud_exists(c, &tracks_table, w->track, p)) || (err = crud_exists(c, &venues_table, w->venue, p)))
        return err;
    return score_default(c, w->track, w->venue, &w->row, p);
}

/* The scores of a track; with a venue only those for it, and when there is none, one is made: an operator can start at once. */
static enum lm_err list(struct request *req, struct response *res)
{
    struct problem *p = &res->problem;
    char venue[UUID_SIZE];
    json_t *rows = NULL, *row;
    size_t i;
    enum lm_err err = request_query(req, "venue_id", venue, sizeof(venue), p);

    if (err || !*venue)
        return err ? err : crud_list(req, res);
    if ((err = crud_exists(req->db, &tracks_table, req->arg[0], p)) || (err = crud_exists(req->db, &venues_table, venue, p)) ||
        (err = row_all(req->db, &scores_table, "track_id", req->arg[0], &rows, p)))
        return err;
    json_t *own = json_array();
    json_array_foreach (rows, i, row)
        if (!strcmp(json_get_text(row, "venue_id", ""), venue))
            json_array_append(own, row);
    json_decref(rows);
    if (!json_array_size(own)) {
        struct wish w = { req->arg[0], venue, NULL };
        err = db_write(req->lumad->db, write_default, &w, p);
        if (err) {
            json_decref(own);
            return err;
        }
        json_array_append_new(own, w.row);
    }
    return crud_respond_all(res, own);
}

struct batch {
    const struct request *req;
    json_t *result;
};

static enum lm_err write_batch(struct db_conn *c, void *arg, struct problem *p)
{
    struct batch *b = arg;
    enum lm_err err = crud_exists(c, &scores_table, b->req->arg[0], p);

    return err ? err : score_batch(c, b->req->arg[0], b->req->body, &b->result, p);
}

static enum lm_err batch(struct request *req, struct response *res)
{
    struct batch b = { .req = req };
    enum lm_err err = db_write(req->lumad->db, write_batch, &b, &res->problem);

    res->json = b.result;
    return err;
}

const struct route api_scores[] = {
    { HTTP_GET, "/tracks/{id}/scores", list, ROLE_VIEWER, NULL, "Score[]",
      .doc = "The scores of a track. With venue_id: those for that venue, one is made if there is none.",
      .query = "venue_id limit cursor q", .crud = &crud },
    { HTTP_POST, "/tracks/{id}/scores", crud_create, ROLE_OPERATOR, "ScoreInput", "Score",
      .doc = "Make a score for a track in a venue.", .crud = &crud },
    { HTTP_GET, "/scores/{id}", crud_get, ROLE_VIEWER, NULL, "Score", .doc = "One score.", .crud = &crud },
    { HTTP_PATCH, "/scores/{id}", crud_patch, ROLE_OPERATOR, "ScorePatch", "Score", .doc = "Rename a score.", .crud = &crud },
    { HTTP_DELETE, "/scores/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL, .doc = "Delete a score with its annotations.",
      .crud = &crud },
    { HTTP_GET, "/scores/{id}/annotations", crud_list, ROLE_VIEWER, NULL, "Annotation[]", .doc = "The annotations of a score.",
      .query = "limit cursor", .crud = &annotations },
    { HTTP_POST, "/scores/{id}/annotations", crud_create, ROLE_OPERATOR, "AnnotationInput", "Annotation",
      .doc = "Place a pattern on a score.", .query = SAVE_QUERY, .crud = &annotations },
    { HTTP_POST, "/scores/{id}/batch", batch, ROLE_OPERATOR, "Batch", "BatchResult",
      .doc = "Create, change and delete annotations: all of it or nothing.", .query = SAVE_QUERY },
    { HTTP_GET, "/annotations/{id}", crud_get, ROLE_VIEWER, NULL, "Annotation", .doc = "One annotation.", .crud = &annotations },
    { HTTP_PATCH, "/annotations/{id}", crud_patch, ROLE_OPERATOR, "AnnotationPatch", "Annotation",
      .doc = "Move or change an annotation.", .query = SAVE_QUERY, .crud = &annotations },
    { HTTP_DELETE, "/annotations/{id}", crud_delete, ROLE_OPERATOR, NULL, NULL, .doc = "Delete an annotation.",
      .query = SAVE_QUERY, .crud = &annotations },
    { 0 },
};
