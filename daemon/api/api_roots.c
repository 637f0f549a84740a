/* The chords and the key of a track. */
#include "api/crud.h"
#include "core/json.h"
#include "db/domain.h"

static enum lm_err get_roots(struct request *req, struct response *res)
{
    enum lm_err err = crud_exists(req->db, &tracks_table, req->arg[0], &res->problem);

    if (!err && !(err = track_roots(req->db, req->arg[0], &res->json, &res->problem)))
        etag_of_version(json_get_int(res->json, "version", 0), res->etag);
    return err;
}

const struct route api_roots[] = {
    { HTTP_GET, "/tracks/{id}/roots", get_roots, ROLE_VIEWER, NULL, "Roots",
      .doc = "The chords of a track, one after the other, and its key; 404 before the job roots is done. No chord: quality N, root null. No key: null." },
    { 0 },
};
