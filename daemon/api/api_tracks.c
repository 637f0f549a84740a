#include <stdlib.h>

#include "analysis/import.h"
#include "analysis/trash.h"
#include "api/tracks.h"
#include "core/json.h"
#include "db/domain.h"

enum lm_err track_decorate(const struct request *req, json_t *row, struct problem *p)
{
    json_t *analysis = NULL;
    const char *id = json_get_text(row, "id", "");
    char key[64];
    enum lm_err err = track_key(req->db, id, key, p);

    if (!err)
        err = jobs_track_analysis(req->lumad->jobs, req->db, id, &analysis, p);
    if (err)
        return err;
    return json_object_set_new(row, "analysis", analysis) || json_object_set_new(row, "key", json_text_or_null(*key ? key : NULL)) ? LM_NOMEM : LM_OK;
}

static const struct crud crud = { .table = &tracks_table, .decorate = track_decorate };

/* --- upload: the bytes go through import_write() as they come, nothing is held in memory --- */

static enum lm_err upload_begin(struct request *req, const char *filename, struct problem *p)
{
    struct import *import = NULL;
    enum lm_err err =
        import_begin(req->lumad->jobs, req->lumad->db, req->lumad->data_dir, *filename ? filename : "track", &import, p);

    if (!err)
        req->upload = import;
    return err;
}

static enum lm_err upload_data(struct request *req, const void *bytes, size_t n, struct problem *p)
{
    return import_write(req->upload, bytes, n, p);
}

static void upload_abort(struct request *req)
{
    import_abort(req->upload);
    req->upload = NULL;
}

static const struct route_upload upload = { upload_begin, upload_data, upload_abort };

static enum lm_err finish(struct request *req, struct response *res)
{
    struct import *import = req->upload;
    json_t *track = NULL;
    bool created = false;

    req->upload = NULL; /* import_finish() ends it in every case */
    enum lm_err err = import_finish(import, &track, &created, &res->problem);
    if (err) {
        json_decref(track);
        return err;
    }
    res->status = created ? 201 : 200;
    return crud_respond(req, res, &crud, track);
}

/* The row goes first: a crash in between leaves a file too many, never a track without one. */
static enum lm_err remove_track(struct request *req, struct response *res)
{
    enum lm_err err = crud_delete(req, res);

    if (!err) {
        jobs_cancel_track(req->lumad->jobs, req->arg[0]);
        trash_remove(req->lumad->db, req->lumad->data_dir, req->arg[0]);
    }
    return err;
}

static enum lm_err analyze(struct request *req, struct response *res)
{
    static const char *const known[] = { "steps", "force", "first", NULL };
    struct problem *p = &res->problem;
    const json_t *steps = json_object_get(req->body, "steps");
    json_t *jobs = NULL;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    bool force = body_bool(req->body, "force", false, false, p), is_first = body_bool(req->body, "first", false, false, p);
    if (steps && !json_is_null(steps) && !json_is_array(steps))
        problem_add(p, "/steps", "must be a list of names");
    if (p->err)
        return p->err;
    if ((err = crud_exists(req->db, &tracks_table, req->arg[0], p)))
        return err;
    if (is_first)
        jobs_prefer(req->lumad->jobs, req->arg[0]);
    if ((err = jobs_analyze(req->lumad->jobs, req->arg[0], json_is_array(steps) ? steps : NULL, force, &jobs, p)))
        return err;
    res->status = 202;
    return crud_respond_all(res, jobs);
}

const struct route api_tracks[] = {
    { HTTP_POST, "/tracks", finish, ROLE_OPERATOR, "binary", "Track",
      .doc =
          "Upload an audio file, as the body or as multipart/form-data. The same file again answers 200 with the track that is there.",
      .flags = ROUTE_SLOW, .query = "filename", .upload = &upload },
    { HTTP_GET, "/tracks/{id}", crud_get, ROLE_VIEWER, NULL, "Track", .doc = "One track and how far its analysis is.",
      .crud = &crud },
    { HTTP_PATCH, "/tracks/{id}", crud_patch, ROLE_OPERATOR, "TrackPatch", "Track",
      .doc = "Change a track's title, artist or album.", .crud = &crud },
    { HTTP_DELETE, "/tracks/{id}", remove_track, ROLE_OPERATOR, NULL, NULL,
      .doc = "Delete a track, its file, stems, analysis and scores.", .crud = &crud },
    { HTTP_POST, "/tracks/{id}/analyze", analyze, ROLE_OPERATOR, "Analyze", "Job[]",
      .doc = "Queue what is missing or out of date, or everything with force; with first, before what other tracks wait for.", .flags = ROUTE_BODY_OPTIONAL },
    { 0 },
};
