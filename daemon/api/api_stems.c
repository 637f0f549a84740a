#include <stdlib.h>
#include <string.h>

#include "api/crud.h"
#include "api/mime.h"
#include "core/json.h"
#include "core/path.h"
#include "db/domain.h"

/* Whether it can be heard here: the row of another machine's stem has no file, and a disk may have lost one. */
static enum lm_err add_is_here(const struct request *req, json_t *row, struct problem *p)
{
    struct track_stem stems[TRACK_STEMS];
    size_t n = 0;
    char full[PATH_SIZE];
    bool is_here = false;
    enum lm_err err = track_stem_files(req->db, json_get_text(row, "track_id", ""), stems, &n, p);

    for (size_t i = 0; i < n; i++)
        is_here |= !strcmp(stems[i].name, json_get_text(row, "name", "")) && !path_join(full, req->lumad->data_dir, stems[i].path) && path_exists(full);
    track_stems_free(stems, n);
    return err ? err : json_object_set_new(row, "is_here", json_boolean(is_here)) ? LM_NOMEM : LM_OK;
}

static const struct crud crud = { .table = &track_stems_table, .decorate = add_is_here };

static enum lm_err audio(struct request *req, struct response *res)
{
    struct track_stem stems[TRACK_STEMS];
    const struct track_stem *stem = NULL;
    struct problem *p = &res->problem;
    size_t n = 0;
    enum lm_err err = crud_exists(req->db, &tracks_table, req->arg[0], p);

    if (!err)
        err = track_stem_files(req->db, req->arg[0], stems, &n, p);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(stems[i].name, req->arg[1]))
            stem = &stems[i];
    if (!err && !stem)
        err = problem_set(p, LM_NOT_FOUND, n ? "This track has no such stem here; there are drums, bass, vocals and other."
                                             : "This track has no stems here: run the job stems of the track.");
    if (!err && !(err = crud_respond_file(req, res, stem->path, stem->hash[0] ? stem->hash : stem->id)))
        res->type = mime_of_audio(stem->path);
    track_stems_free(stems, n);
    return err;
}

const struct route api_stems[] = {
    { HTTP_GET, "/tracks/{id}/stems", crud_list, ROLE_VIEWER, NULL, "Stem[]",
      .doc = "The separated parts of a track: drums, bass, vocals and other, which add up to it. None before the job stems is done.", .query = "limit cursor",
      .crud = &crud },
    { HTTP_GET, "/tracks/{id}/stems/{name}/audio", audio, ROLE_VIEWER, NULL, "binary",
      .doc = "A separated part as FLAC; name: drums, bass, vocals or other. Range is understood." },
    { 0 },
};
