#include "analysis/import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/import_private.h"
#include "analysis/trash.h"
#include "core/json.h"
#include "core/log.h"
#include "core/path.h"
#include "core/str.h"
#include "core/uuid.h"
#include "db/domain.h"

#define TEMP_PREFIX ".upload-"
#define TEMPO_MIN 20.
#define TEMPO_MAX 999.

/* The last part of whatever path a browser sent; only shown, never opened. */
static void set_filename(struct import *i, const char *filename)
{
    const char *name = filename;

    for (const char *c = filename; *c; c++)
        if (*c == '/' || *c == '\\')
            name = c + 1;
    if (!utf8_valid(name, strlen(name)) || !*name)
        name = "track";
    str_copy(i->filename, sizeof(i->filename), name);
    for (char *c = i->filename; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
}

/* A folder that is read-only or gone is lumad's trouble and not the client's, who would otherwise read 403 or 404. */
static enum lm_err not_stored(enum lm_err err, const char *what, struct problem *p)
{
    bool is_said = err == LM_FULL || err == LM_NOMEM || err == LM_BUSY;

    return problem_set(p, is_said ? err : LM_IO, "The %s cannot be stored: %s", what, lm_err_text(err));
}

enum lm_err import_begin(struct jobs *j, struct db *db, const char *data_dir, const char *filename, struct import **result, struct problem *p)
{
    struct import *i = calloc(1, sizeof(*i));
    enum lm_err err;

    if (!i)
        return problem_set(p, LM_NOMEM, "No memory for an upload");
    i->fd = -1;
    i->jobs = j;
    i->db = db;
    str_copy(i->data_dir, sizeof(i->data_dir), data_dir);
    set_filename(i, filename ? filename : "");
    crypto_hash_sha256_init(&i->sha);
    if ((err = path_join(i->dir, data_dir, "tracks")) || (err = path_make_dirs(i->dir, 0700))
        || (err = path_join(i->temp, i->dir, TEMP_PREFIX "XXXXXX")))
        goto out;
    if ((i->fd = mkostemp(i->temp, O_CLOEXEC)) < 0)
        err = lm_err_from_errno(errno);
out:
    if (err) {
        free(i);
        return not_stored(err, "upload", p);
    }
    *result = i;
    return LM_OK;
}

enum lm_err import_write(struct import *i, const void *data, size_t n, struct problem *p)
{
    const char *at = data;

    crypto_hash_sha256_update(&i->sha, data, n);
    i->bytes += n;
    while (n) {
        ssize_t done = write(i->fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            enum lm_err err = lm_err_from_errno(errno);
            return not_stored(err, "upload", p);
        }
        at += done;
        n -= (size_t)done;
    }
    return LM_OK;
}

void import_abort(struct import *i)
{
    if (!i)
        return;
    if (i->fd >= 0)
        close(i->fd);
    if (i->temp[0])
        unlink(i->temp);
    free(i);
}

/* "05 - Song.flac" without tags is "05 - Song". */
static json_t *title_of(const struct import *i, const char *tag)
{
    char name[NAME_MAX_BYTES];

    if (*tag)
        return json_string(tag);
    str_copy(name, sizeof(name), i->filename);
    char *dot = strrchr(name, '.');
    if (dot && dot != name)
        *dot = '\0';
    return json_string(name);
}

static json_t *year_of(const char *date)
{
    int year = 0;

    return sscanf(date, "%4d", &year) == 1 && year > 0 ? json_integer(year) : json_null();
}

static json_t *tempo_of(const char *text)
{
    double bpm = 0;

    return sscanf(text, "%5lf", &bpm) == 1 && bpm >= TEMPO_MIN && bpm <= TEMPO_MAX ? json_real(bpm) : json_null();
}

/* --- the row --- */

struct row_args { struct import *i; const json_t *probe; const char *file, *art; json_t *row; bool created; };

static enum lm_err put_track(struct db_conn *c, void *arg, struct problem *p)
{
    struct row_args *a = arg;
    char id[UUID_SIZE];
    const json_t *tags = json_object_get(a->probe, "tags");
    enum lm_err err = track_by_hash(c, a->i->hash, &a->row, p);

    if (err != LM_NOT_FOUND)            /* somebody else has just brought the same file */
        return err;
    problem_clear(p);
    uuid_from_key("track", a->i->hash, id);
    json_t *members = json_pack("{s:o,s:s,s:s,s:s,s:o,s:o,s:f,s:s,s:s,s:s,s:i,s:i,s:I,s:s,s:s?}", "title",
                                title_of(a->i, json_get_text(tags, "title", "")),
                                "artist", json_get_text(tags, "artist", ""), "album", json_get_text(tags, "album", ""),
                                "genre", json_get_text(tags, "genre", ""), "year", year_of(json_get_text(tags, "date", "")),
                                "bpm", tempo_of(json_get_text(tags, "bpm", "")),
                                "duration_seconds", json_get_real(a->probe, "duration_seconds", 0),
                                "track_hash", a->i->hash, "filename", a->i->filename,
                                "format", json_get_text(a->probe, "format", ""),
                                "sample_rate", (int)json_get_int(a->probe, "sample_rate", 0),
                                "channels", (int)json_get_int(a->probe, "channels", 0),
                                "size_bytes", (json_int_t)a->i->bytes, "file_path", a->file, "art_hash", *a->art ? a->art : NULL);
    err = members ? row_put(c, &tracks_table, id, members, p) : problem_set(p, LM_NOMEM, "No memory for a track");
    json_decref(members);
    if (!err)
        err = row_get(c, &tracks_table, id, &a->row, p);
    a->created = !err;
    return err;
}

/* Moves the file to its place, named by its content. An equal file that is there already is the same one. */
static enum lm_err move_in(struct import *i, const char *format, char file[PATH_SIZE], bool *was_there, struct problem *p)
{
    char path[PATH_SIZE];
    enum lm_err err;

    snprintf(file, PATH_SIZE, "tracks/%s.%.8s", i->hash, format);
    if ((err = path_join(path, i->data_dir, file)))
        return err;
    *was_there = path_exists(path);
    if (rename(i->temp, path))
        err = lm_err_from_errno(errno);
    else
        i->temp[0] = '\0';
    if (!err)
        err = path_sync_dir(i->dir);
    return err ? not_stored(err, "track", p) : LM_OK;
}

static enum lm_err find_known(struct import *i, json_t **row, struct problem *p)
{
    struct db_conn *c = db_reader_take(i->db);
    enum lm_err err = track_by_hash(c, i->hash, row, p);

    db_reader_put(i->db, c);
    if (err == LM_NOT_FOUND)
        problem_clear(p);
    return err;
}

struct restore_args { const char *id, *file; };

static enum lm_err put_file(struct db_conn *c, void *arg, struct problem *p)
{
    const struct restore_args *a = arg;
    json_t *members = json_pack("{s:s}", "file_path", a->file);
    enum lm_err err = members ? row_put(c, &tracks_table, a->id, members, p) : LM_NOMEM;

    json_decref(members);
    return err;
}

bool import_has_audio(struct db *db, const char *data_dir, const json_t *track)
{
    char *file = NULL, path[PATH_SIZE];
    struct db_conn *c = db_reader_take(db);
    bool is_here = !track_file(c, json_get_text(track, "id", ""), &file, NULL) && !path_join(path, data_dir, file) && path_exists(path);

    db_reader_put(db, c);
    free(file);
    return is_here;
}

/* The track is known; its audio may still be missing here. */
static enum lm_err restore(struct import *i, const json_t *row, struct problem *p)
{
    char made[PATH_SIZE];
    bool was_there;
    enum lm_err err = LM_OK;

    if (import_has_audio(i->db, i->data_dir, row))
        return LM_OK;
    trash_hold();
    if (!(err = move_in(i, json_get_text(row, "format", "audio"), made, &was_there, p)))
        err = db_write(i->db, put_file, &(struct restore_args){ json_get_text(row, "id", ""), made }, p);
    trash_release();
    return err;
}

static enum lm_err store(struct import *i, json_t **track, bool *created, struct problem *p)
{
    char file[PATH_SIZE], art[PATH_HASH];
    bool was_there;                     /* as that of a deleted track, which may come back */
    json_t *found = NULL;
    enum lm_err err = import_look(i, &found, art, p);

    if (err)
        return err;
    trash_hold();
    if (!(err = move_in(i, json_get_text(found, "format", "audio"), file, &was_there, p))) {
        struct row_args a = { .i = i, .probe = found, .file = file, .art = art };
        if ((err = db_write(i->db, put_track, &a, p)) && !was_there) {
            char path[PATH_SIZE];
            if (!path_join(path, i->data_dir, file))
                unlink(path);
        }
        *track = a.row;
        *created = a.created;
    }
    trash_release();
    json_decref(found);
    return err;
}

static enum lm_err seal(struct import *i, struct problem *p)
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256_final(&i->sha, digest);
    sodium_bin2hex(i->hash, sizeof(i->hash), digest, sizeof(digest));
    enum lm_err err = fchmod(i->fd, 0600) || fsync(i->fd) ? lm_err_from_errno(errno) : LM_OK;
    if (close(i->fd) && !err)
        err = lm_err_from_errno(errno);
    i->fd = -1;
    return err ? not_stored(err, "upload", p) : LM_OK;
}

enum lm_err import_finish(struct import *i, json_t **track, bool *created, struct problem *p)
{
    struct problem own = { 0 };

    p = p ? p : &own;
    *track = NULL;
    *created = false;
    enum lm_err err = seal(i, p);
    if (!err) {
        err = find_known(i, track, p);
        err = err == LM_NOT_FOUND ? store(i, track, created, p) : err ? err : restore(i, *track, p);
    }
    if (!err && i->jobs) {
        struct problem ignored = { 0 };
        if (jobs_analyze(i->jobs, json_get_text(*track, "id", ""), NULL, false, NULL, &ignored))
            log_warn("jobs", "%s is not analysed: %s", i->filename, ignored.detail);
    }
    if (err) {
        json_decref(*track);
        *track = NULL;
    }
    import_abort(i);
    return err;
}

void import_clean(const char *data_dir)
{
    char dir[PATH_SIZE];
    DIR *d = path_join(dir, data_dir, "tracks") ? NULL : opendir(dir);

    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));)
        if (str_starts(e->d_name, TEMP_PREFIX))
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}
