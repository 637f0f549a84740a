#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/crud.h"
#include "api/mime.h"
#include "audio/picture.h"
#include "core/json.h"
#include "db/domain.h"

static enum lm_err audio(struct request *req, struct response *res)
{
    json_t *row = NULL;
    char *file = NULL;
    enum lm_err err = row_get(req->db, &tracks_table, req->arg[0], &row, &res->problem);

    if (!err && !(err = track_file(req->db, req->arg[0], &file, &res->problem)) &&
        !(err = crud_respond_file(req, res, file, json_get_text(row, "track_hash", req->arg[0]))))
        res->type = mime_of_audio(file);
    free(file);
    json_decref(row);
    return err;
}

/* The first bytes tell what a picture is; anything else is not shown to a browser. */
static const char *type_of(int fd, uint64_t size)
{
    unsigned char b[PICTURE_MIN];

    return size <= PICTURE_MAX && pread(fd, b, sizeof(b), 0) == sizeof(b) ? picture_type(b, sizeof(b)) : NULL;
}

static enum lm_err art(struct request *req, struct response *res)
{
    json_t *row = NULL;
    char name[96];
    enum lm_err err = row_get(req->db, &tracks_table, req->arg[0], &row, &res->problem);

    if (err)
        return err;
    const char *hash = json_get_text(row, "art_hash", "");
    snprintf(name, sizeof(name), "art/%.64s", hash);
    if (!*hash || strspn(hash, "0123456789abcdef") != strlen(hash) || crud_respond_file(req, res, name, hash) ||
        !(res->type = type_of(res->fd, res->fd_size)))
        err = problem_set(&res->problem, LM_NOT_FOUND, "This track has no picture.");
    json_decref(row);
    return err;
}

static enum lm_err waveform(struct request *req, struct response *res)
{
    char level[16], etag[ETAG_SIZE];
    void *data = NULL;
    struct problem *p = &res->problem;
    json_t *rows = NULL;
    enum lm_err err = request_query(req, "level", level, sizeof(level), p);

    if (!err && *level && strcmp(level, "preview") && strcmp(level, "full"))
        err = problem_set(p, LM_BAD_REQUEST, "The query parameter \"level\" is preview or full.");
    if (err || (err = crud_exists(req->db, &tracks_table, req->arg[0], p)))
        return err;
    if ((err = row_all(req->db, &track_waveforms_table, "track_id", req->arg[0], &rows, p)))
        return err;
    etag_of_version(json_get_int(json_array_get(rows, 0), "version", 0), etag);
    json_decref(rows);
    err = track_waveform(req->db, req->arg[0], *level ? level : "preview", &data, &res->n, NULL);
    if (err)
        return problem_set(p, err, err == LM_NOT_FOUND ? "This track has no waveform yet." : "The waveform cannot be read.");
    res->data = data;
    res->type = "application/octet-stream";
    snprintf(res->etag, sizeof(res->etag), "%s", etag);
    return LM_OK;
}

const struct route api_track_data[] = {
    { HTTP_GET, "/tracks/{id}/audio", audio, ROLE_VIEWER, NULL, "binary",
      .doc = "The file as it was uploaded; Range is understood." },
    { HTTP_GET, "/tracks/{id}/art", art, ROLE_VIEWER, NULL, "binary", .doc = "The picture of a track, where `art_hash` is not null: JPEG, PNG, WebP or GIF, at most 8 MB. Its ETag is that hash." },
    { HTTP_GET, "/tracks/{id}/waveform", waveform, ROLE_VIEWER, NULL, "binary",
      .doc =
          "LMW1: a 32-byte header, then 5 bytes a bucket (min, max, low, mid, high). preview: at most 1,000 buckets; full: 256 frames each.",
      .query = "level" },
    { 0 },
};
