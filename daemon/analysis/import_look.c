/* Looking at a file that comes in: what it is, what it says of itself, its picture. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/decoder.h"
#include "analysis/import_private.h"
#include "analysis/worker.h"
#include "audio/picture.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"

enum { PROBE_QUIET_MS = 60000 };

/* --- the picture: DATA/art/<sha-256>, one file however many tracks have it --- */

static enum lm_err store_art(struct import *i, const void *data, size_t n, char art[PATH_HASH])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char dir[PATH_SIZE], path[PATH_SIZE], hash[PATH_HASH];
    enum lm_err err;

    crypto_hash_sha256(digest, data, n);
    sodium_bin2hex(hash, sizeof(hash), digest, sizeof(digest));
    if ((err = path_join(dir, i->data_dir, "art")) || (err = path_make_dirs(dir, 0700)) || (err = path_join(path, dir, hash)))
        return err;
    if (!path_exists(path) && (err = path_write(path, data, n, 0600)))
        return err;
    str_copy(art, PATH_HASH, hash);
    return LM_OK;
}

/* A file that holds a picture and nothing else; true when it was taken. Links are not followed: they may lead out of the folders that may be imported from. */
static bool take_picture(struct import *i, const char *path, char art[PATH_HASH])
{
    struct stat st;
    char *data = NULL;
    size_t n = 0;
    bool is_good = !lstat(path, &st) && S_ISREG(st.st_mode) && !path_read(path, PICTURE_MAX, &data, &n) && picture_type(data, n);
    enum lm_err err = is_good ? store_art(i, data, n, art) : LM_OK;

    if (err)
        log_warn("jobs", "the picture of %s cannot be stored: %s", i->filename, lm_err_text(err));
    free(data);
    return is_good && !err;
}

static void take_picture_beside(struct import *i, char art[PATH_HASH])
{
    static const char *const names[] = { "cover", "Cover", "folder", "Folder", "front", "Front", "AlbumArt" }, *const endings[] = { ".jpg", ".jpeg", ".png", ".webp" };
    char name[32], path[PATH_SIZE];

    for (size_t a = 0; a < sizeof(names) / sizeof(names[0]); a++)
        for (size_t b = 0; b < sizeof(endings) / sizeof(endings[0]); b++) {
            snprintf(name, sizeof(name), "%s%s", names[a], endings[b]);
            if (!path_join(path, i->beside, name) && take_picture(i, path, art))
                return;
        }
}

/* --- the file --- */

static enum lm_err run(struct import *i, const char *program, const char *picture, json_t **result, struct problem *p)
{
    struct worker_end *end = calloc(1, sizeof(*end));
    const char *argv[] = { program, "--probe", i->temp, "--art", picture, NULL };
    enum lm_err err;

    if (!end)
        return problem_set(p, LM_NOMEM, "No memory to look at a file");
    err = worker_run(&(struct worker_options){ .argv = argv, .quiet_ms = PROBE_QUIET_MS }, end);
    if (!err)
        *result = json_incref(end->result);
    else if (err == LM_INVALID && !strcmp(end->code, "not_audio"))
        err = problem_set(p, LM_MEDIA_TYPE, "%s", end->message);
    else if (err == LM_INVALID)
        err = problem_set(p, LM_INVALID, "%s", end->message);
    else if (!strcmp(end->code, "not_started"))
        err = problem_set(p, LM_INTERNAL, "%s", end->message);
    else
        err = problem_set(p, LM_INVALID, "The file makes the decoder fail: %s", end->message);
    worker_end_clear(end);
    free(end);
    return err;
}

enum lm_err import_look(struct import *i, json_t **result, char art[PATH_HASH], struct problem *p)
{
    char program[PATH_SIZE], picture[PATH_SIZE];
    enum lm_err err = decoder_find(i->temp, program, p);

    art[0] = '\0';
    if (!err && snprintf(picture, sizeof(picture), "%s.art", i->temp) >= (int)sizeof(picture))
        err = problem_set(p, LM_INVALID, "The path of the data directory is too long");
    if (!err && !(err = run(i, program, picture, result, p))) {
        if (!take_picture(i, picture, art) && i->beside[0])
            take_picture_beside(i, art);
        unlink(picture);
    }
    if (err)
        log_info("jobs", "upload %s refused: %s", i->filename, p->detail);
    return err;
}
