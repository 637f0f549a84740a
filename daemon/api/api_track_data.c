#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/crud.h"
#include "api/mime.h"
#include "core/json.h"
#include "core/path.h"
#include "db/domain.h"

enum { BEATS_MAX = 200000, BEATS_PER_BAR_MAX = 32 };
#define TRACK_MAX_SECONDS (12 * 3600.0)

static enum lm_err respond_file(struct request *req, struct response *res, const char *name, const char *hash)
{
    char full[PATH_SIZE];
    struct stat st;

    if (path_join(full, req->lumad->data_dir, name))
        return problem_set(&res->problem, LM_NOT_FOUND, "There is no such file.");
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        return problem_set(&res->problem, LM_NOT_FOUND, "The file is not on this machine.");
    }
    res->fd = fd;
    res->fd_size = (uint64_t)st.st_size;
    res->cache = "private, no-cache";
    snprintf(res->etag, sizeof(res->etag), "\"%.64s\"", hash);
    return LM_OK;
}

static enum lm_err audio(struct request *req, struct response *res)
{
    json_t *row = NULL;
    char *file = NULL;
    enum lm_err err = row_get(req->db, &tracks_table, req->arg[0], &row, &res->problem);

    if (!err && !(err = track_file(req->db, req->arg[0], &file, &res->problem)) &&
        !(err = respond_file(req, res, file, json_get_text(row, "track_hash", req->arg[0]))))
        res->type = mime_of_audio(file);
    free(file);
    json_decref(row);
    return err;
}

/* The first bytes tell what a picture is; anything else is not shown to a browser. */
static const char *picture_type(int fd)
{
    unsigned char b[12] = { 0 };

    if (pread(fd, b, sizeof(b), 0) < 12)
        return NULL;
    return !memcmp(b, "\xff\xd8\xff", 3) ? "image/jpeg"
           : !memcmp(b, "\x89PNG", 4)    ? "image/png"
           : !memcmp(b + 8, "WEBP", 4)   ? "image/webp"
                                         : NULL;
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
    if (!*hash || strspn(hash, "0123456789abcdef") != strlen(hash) || respond_file(req, res, name, hash) ||
        !(res->type = picture_type(res->fd)))
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

static enum lm_err respond_beats(struct request *req, struct response *res)
{
    enum lm_err err = track_beats(req->db, req->arg[0], &res->json, NULL);

    return err ? problem_set(&res->problem, err,
                             err == LM_NOT_FOUND ? "This track has no beats yet." : "The beats cannot be read.")
               : LM_OK;
}

static enum lm_err get_beats(struct request *req, struct response *res)
{
    enum lm_err err = crud_exists(req->db, &tracks_table, req->arg[0], &res->problem);

    return err ? err : respond_beats(req, res);
}

static void check_instants(const json_t *list, const char *name, struct problem *p)
{
    double before = -INFINITY;
    char path[PROBLEM_PATH];
    json_t *v;
    size_t i;

    snprintf(path, sizeof(path), "/%s", name);
    if (!json_is_array(list)) {
        problem_add(p, path, "must be a list of seconds");
        return;
    }
    if (json_array_size(list) > BEATS_MAX) {
        problem_add(p, path, "may have %d instants", BEATS_MAX);
        return;
    }
    json_array_foreach (list, i, v) {
        double t = json_number_value(v);
        snprintf(path, sizeof(path), "/%s/%zu", name, i);
        if (!json_is_number(v) || !(t >= 0 && t <= TRACK_MAX_SECONDS))
            problem_add(p, path, "must be seconds from 0 to %g", TRACK_MAX_SECONDS);
        else if (t <= before)
            problem_add(p, path, "must be later than the one before it");
        else
            before = t;
        if (p->more) /* enough said */
            return;
    }
}

/* Both lists ascend: one walk through both. */
static void check_subset(const json_t *beats, const json_t *downbeats, struct problem *p)
{
    char path[PROBLEM_PATH];
    size_t i, b = 0;
    json_t *v;

    json_array_foreach (downbeats, i, v) {
        while (b < json_array_size(beats) && json_number_value(json_array_get(beats, b)) < json_number_value(v))
            b++;
        if (b < json_array_size(beats) && json_number_value(json_array_get(beats, b)) == json_number_value(v))
            continue;
        snprintf(path, sizeof(path), "/downbeats/%zu", i);
        problem_add(p, path, "must be one of the beats");
    }
}

static enum lm_err check_beats(const json_t *body, struct problem *p)
{
    /* What GET gives may be sent back as it is; what lumad knows better is not read. */
    static const char *const known[] = { "beats", "downbeats", "bpm", "beats_per_bar", "confidence", "corrected", NULL };
    const json_t *beats = json_object_get(body, "beats"), *downbeats = json_object_get(body, "downbeats");
    enum lm_err err = body_only(body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    check_instants(beats, "beats", p);
    if (downbeats)
        check_instants(downbeats, "downbeats", p);
    if (!p->err && downbeats)
        check_subset(beats, downbeats, p);
    body_real(body, "bpm", false, 0, 20, 400, p);
    double per_bar = body_real(body, "beats_per_bar", false, 4, 1, BEATS_PER_BAR_MAX, p);
    if (per_bar != floor(per_bar))
        problem_add(p, "/beats_per_bar", "must be a whole number");
    return p->err;
}

struct correction {
    const char *track;
    json_t *beats;
};

static enum lm_err write_beats(struct db_conn *c, void *arg, struct problem *p)
{
    struct correction *w = arg;
    enum lm_err err = crud_exists(c, &tracks_table, w->track, p);

    return err ? err : track_set_beats(c, w->track, w->beats, true, "operator", 1, p);
}

/* Beats a minute over the whole grid, for an operator who only moves beats. */
static double mean_bpm(const json_t *beats)
{
    size_t n = json_array_size(beats);

    if (n < 2)
        return 0;
    double span = json_number_value(json_array_get(beats, n - 1)) - json_number_value(json_array_get(beats, 0));
    return 60.0 * (double)(n - 1) / span;
}

static enum lm_err put_beats(struct request *req, struct response *res)
{
    enum lm_err err = crud_exists(req->db, &tracks_table, req->arg[0], &res->problem);

    if (err || (err = check_beats(req->body, &res->problem)))
        return err;
    const json_t *b = req->body;
    double bpm = json_get_real(b, "bpm", mean_bpm(json_object_get(b, "beats")));
    json_t *downbeats = json_object_get(b, "downbeats");
    json_t *beats = json_pack("{s:O, s:o, s:o, s:I, s:f, s:b}", "beats", json_object_get(b, "beats"), "downbeats",
                              downbeats ? json_incref(downbeats) : json_array(), "bpm", bpm > 0 ? json_number(bpm) : json_null(),
                              "beats_per_bar", json_get_int(b, "beats_per_bar", 4), "confidence", 1.0, "corrected", 1);
    struct correction w = { req->arg[0], beats };
    err = beats ? db_write(req->lumad->db, write_beats, &w, &res->problem) : LM_NOMEM;
    json_decref(beats);
    return err ? err : respond_beats(req, res);
}

const struct route api_track_data[] = {
    { HTTP_GET, "/tracks/{id}/audio", audio, ROLE_VIEWER, NULL, "binary",
      .doc = "The file as it was uploaded; Range is understood." },
    { HTTP_GET, "/tracks/{id}/art", art, ROLE_VIEWER, NULL, "binary", .doc = "The picture of a track." },
    { HTTP_GET, "/tracks/{id}/waveform", waveform, ROLE_VIEWER, NULL, "binary",
      .doc =
          "LMW1: a 32-byte header, then 5 bytes a bucket (min, max, low, mid, high). preview: at most 1,000 buckets; full: 256 frames each.",
      .query = "level" },
    { HTTP_GET, "/tracks/{id}/beats", get_beats, ROLE_VIEWER, NULL, "Beats",
      .doc = "The beat grid: the operator's if there is one, else the analysed one." },
    { HTTP_PUT, "/tracks/{id}/beats", put_beats, ROLE_OPERATOR, "BeatsInput", "Beats",
      .doc = "Correct the beat grid; analysing again does not touch it." },
    { 0 },
};
