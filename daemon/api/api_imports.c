/* Folders, playlists and libraries of DJ programs of this machine become tracks; the batch that does it is answered (api_batches.c). */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/imports.h"
#include "api/crud.h"
#include "core/json.h"
#include "core/str.h"

#define OFFSET_MAX_MS 1000.0
#define WISHES "only_known replace beats cues offset_ms playlist"

static enum lm_err make_batch(struct request *req, struct response *res, const char *name, json_t *items)
{
    enum lm_err err = batch_new(req->lumad->batches, "import", name, items, NULL, false, &res->json, &res->problem);

    json_decref(items);
    malloc_trim(0);         /* of 50,000 items all threads would keep what this one had */
    if (!err)
        res->status = 202;
    return err;
}

static bool is_gone(void *ctx)
{
    return request_is_gone(ctx);
}

static enum lm_err create(struct request *req, struct response *res)
{
    static const char *const known[] = { "path", "recursive", "only_known", "replace", "beats", "cues", "offset_ms", "playlist", NULL };
    struct problem *p = &res->problem;
    char name[DJ_TEXT_MAX];
    json_t *items = NULL;
    enum lm_err err = body_only(req->body, known, p);

    if (err == LM_BAD_REQUEST)
        return err;
    const char *path = body_text(req->body, "path", true, p), *playlist = body_text(req->body, "playlist", false, p);
    struct import_wish w = {
        .is_recursive = body_bool(req->body, "recursive", false, true, p),
        .only_known = body_bool(req->body, "only_known", false, false, p),
        .replace = body_bool(req->body, "replace", false, false, p),
        .no_beats = !body_bool(req->body, "beats", false, true, p),
        .no_cues = !body_bool(req->body, "cues", false, true, p),
        .offset_ms = body_real(req->body, "offset_ms", false, 0, -OFFSET_MAX_MS, OFFSET_MAX_MS, p),
        .playlist = playlist,
    };
    if (p->err)
        return p->err;
    err = imports_list(req->lumad->imports, path, &w, is_gone, req, &items, name, p);
    return err ? err : make_batch(req, res, name, items);
}

/* --- an uploaded library: a file for the time of the request --- */

struct upload { FILE *file; char path[PATH_SIZE], name[256]; uint64_t bytes; };

static enum lm_err upload_begin(struct request *req, const char *filename, struct problem *p)
{
    struct upload *u = calloc(1, sizeof(*u));
    char dir[PATH_SIZE];
    int fd = -1;

    if (!u)
        return problem_set(p, LM_NOMEM, "There is no memory for an upload.");
    const char *name = strrchr(filename, '/') ? strrchr(filename, '/') + 1 : filename;
    str_copy(u->name, sizeof(u->name), utf8_valid(name, strlen(name)) ? name : "");
    if (!path_join(dir, req->lumad->data_dir, "cache") && !path_join(u->path, dir, IMPORT_TEMP_PREFIX "XXXXXX"))
        fd = mkostemp(u->path, O_CLOEXEC);
    if (fd < 0 || !(u->file = fdopen(fd, "w"))) {
        enum lm_err err = lm_err_from_errno(errno);
        if (fd >= 0)
            close(fd), unlink(u->path);
        free(u);
        return problem_set(p, err == LM_FULL ? err : LM_IO, "The upload cannot be stored: %s", lm_err_text(err));
    }
    req->upload = u;
    return LM_OK;
}

static enum lm_err upload_data(struct request *req, const void *bytes, size_t n, struct problem *p)
{
    struct upload *u = req->upload;

    u->bytes += n;
    if (u->bytes > (uint64_t)DJ_TEXT_FILE_MB << 20)
        return problem_set(p, LM_TOO_LARGE, "A library may have %d MiB.", DJ_TEXT_FILE_MB);
    if (fwrite(bytes, 1, n, u->file) != n)
        return problem_set(p, errno == ENOSPC ? LM_FULL : LM_IO, "The upload cannot be stored: %s", strerror(errno));
    return LM_OK;
}

static void upload_abort(struct request *req)
{
    struct upload *u = req->upload;

    if (u) {
        if (u->file)
            fclose(u->file);
        unlink(u->path);
        free(u);
    }
    req->upload = NULL;
}

static const struct route_upload upload = { upload_begin, upload_data, upload_abort };

static enum lm_err query_bool(struct request *req, const char *name, bool def, bool *value, struct problem *p)
{
    char text[8];
    enum lm_err err = request_query(req, name, text, sizeof(text), p);

    *value = *text ? !strcmp(text, "true") : def;
    if (!err && *text && strcmp(text, "true") && strcmp(text, "false"))
        err = problem_set(p, LM_BAD_REQUEST, "The query parameter \"%s\" is true or false.", name);
    return err;
}

static enum lm_err finish(struct request *req, struct response *res)
{
    struct upload *u = req->upload;
    struct problem *p = &res->problem;
    char playlist[DJ_TEXT_MAX], name[DJ_TEXT_MAX], filename[256];
    struct import_wish w = { .playlist = playlist };
    bool beats = true, cues = true;
    json_t *items = NULL;
    enum lm_err err;

    if (!(err = query_bool(req, "only_known", false, &w.only_known, p)) && !(err = query_bool(req, "replace", false, &w.replace, p)) &&
        !(err = query_bool(req, "beats", true, &beats, p)) && !(err = query_bool(req, "cues", true, &cues, p)) &&
        !(err = request_query_real(req, "offset_ms", -OFFSET_MAX_MS, OFFSET_MAX_MS, 0, &w.offset_ms, p)) &&
        !(err = request_query(req, "filename", filename, sizeof(filename), p)))
        err = request_query(req, "playlist", playlist, sizeof(playlist), p);
    w.no_beats = !beats, w.no_cues = !cues;
    if (!err && fflush(u->file))
        err = problem_set(p, LM_IO, "The upload cannot be stored: %s", strerror(errno));
    if (!err)
        err = imports_list_upload(req->lumad->imports, u->path, *filename ? filename : u->name, &w, &items, name, p);
    upload_abort(req);
    return err ? err : make_batch(req, res, name, items);
}

/* --- what there is to import --- */

static enum lm_err browse(struct request *req, struct response *res)
{
    char path[PATH_SIZE];
    enum lm_err err = request_query(req, "path", path, sizeof(path), &res->problem);

    return err ? err : imports_browse(req->lumad->imports, path, &res->json, &res->problem);
}

static enum lm_err look(struct request *req, struct response *res)
{
    char path[PATH_SIZE];
    enum lm_err err = request_query(req, "path", path, sizeof(path), &res->problem);

    return err ? err : imports_look(req->lumad->imports, path, &res->json, &res->problem);
}

const struct route api_imports[] = {
    { HTTP_POST, "/imports", create, ROLE_OPERATOR, "Import", "TrackBatch",
      .doc = "Import a folder, a playlist (M3U, M3U8, PLS) or the library of a DJ program (rekordbox XML, Traktor NML, Engine m.db, mixxxdb.sqlite) of this machine, with its "
             "beat grids and cues.",
      .flags = ROUTE_SLOW },
    { HTTP_POST, "/imports/playlist", finish, ROLE_OPERATOR, "binary", "TrackBatch",
      .doc = "The same of a playlist or library that is uploaded; its paths are of this machine.", .flags = ROUTE_SLOW, .query = "filename " WISHES,
      .upload = &upload },
    { HTTP_GET, "/imports/browse", browse, ROLE_OPERATOR, NULL, "ImportFolder",
      .doc = "Folders, libraries and the number of audio files in a folder that may be imported from; without a path those of the configuration.", .flags = ROUTE_SLOW,
      .query = "path" },
    { HTTP_GET, "/imports/library", look, ROLE_OPERATOR, NULL, "ImportLibrary", .doc = "What a playlist or library of this machine holds.", .flags = ROUTE_SLOW,
      .query = "path" },
    { 0 },
};
