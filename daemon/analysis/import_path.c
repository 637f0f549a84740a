/* A file of this machine becomes a track. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/import_private.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"

enum { PIECE = 1 << 20 };

struct file {
    int fd;
    struct stat st;
    char *piece;
    bool (*is_stopping)(void *ctx);
    void *ctx;
    struct problem *p;
};

static enum lm_err unreadable(struct file *f, int e)
{
    return problem_set(f->p, lm_err_from_errno(e), "The file cannot be read: %s.", strerror(e));
}

static enum lm_err file_open(struct file *f, const char *path)
{
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);       /* a pipe is not waited for */
    if (f->fd < 0 || fstat(f->fd, &f->st))
        return unreadable(f, errno);
    if (!S_ISREG(f->st.st_mode))
        return problem_set(f->p, LM_INVALID, "It is no regular file.");
    f->piece = malloc(PIECE);
    return f->piece ? LM_OK : problem_set(f->p, LM_NOMEM, "No memory to copy a file");
}

static void file_close(struct file *f)
{
    free(f->piece);
    if (f->fd >= 0)
        close(f->fd);
}

/* All of it, from the start, a piece at a time. */
static enum lm_err file_each(struct file *f, enum lm_err (*take)(void *arg, const void *data, size_t n, struct problem *p), void *arg)
{
    enum lm_err err = LM_OK;

    for (off_t at = 0; !err;) {
        if (f->is_stopping && f->is_stopping(f->ctx))
            return problem_set(f->p, LM_BUSY, "It was stopped.");
        ssize_t n = pread(f->fd, f->piece, PIECE, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return unreadable(f, errno);
        if (!n)
            break;
        err = take(arg, f->piece, (size_t)n, f->p);
        at += n;
    }
    return err;
}

static enum lm_err hash_piece(void *arg, const void *data, size_t n, struct problem *p)
{
    (void)p;
    crypto_hash_sha256_update(arg, data, n);
    return LM_OK;
}

static enum lm_err write_piece(void *arg, const void *data, size_t n, struct problem *p)
{
    return import_write(arg, data, n, p);
}

/* Hashing is asked for only where a track has just this size. */
static enum lm_err find(struct db *db, struct file *f, json_t **track)
{
    crypto_hash_sha256_state sha;
    unsigned char digest[crypto_hash_sha256_BYTES];
    char hash[2 * sizeof(digest) + 1];
    struct db_conn *c = db_reader_take(db);
    bool is_likely = track_has_size(c, f->st.st_size);
    enum lm_err err = LM_NOT_FOUND;

    db_reader_put(db, c);
    *track = NULL;
    if (!is_likely)
        return problem_set(f->p, LM_NOT_FOUND, "This file is not in the library.");
    crypto_hash_sha256_init(&sha);
    if ((err = file_each(f, hash_piece, &sha)))
        return err;
    crypto_hash_sha256_final(&sha, digest);
    sodium_bin2hex(hash, sizeof(hash), digest, sizeof(digest));
    c = db_reader_take(db);
    err = track_by_hash(c, hash, track, f->p);
    db_reader_put(db, c);
    return err;
}

enum lm_err import_find(struct db *db, const char *path, bool (*is_stopping)(void *ctx), void *ctx, json_t **track, struct problem *p)
{
    struct file f = { .is_stopping = is_stopping, .ctx = ctx, .p = p };
    enum lm_err err = file_open(&f, path);

    *track = NULL;
    if (!err)
        err = find(db, &f, track);
    file_close(&f);
    return err;
}

static enum lm_err copy(struct db *db, const char *data_dir, const char *path, struct file *f, json_t **track, bool *created)
{
    struct import *import = NULL;
    enum lm_err err = import_begin(NULL, db, data_dir, path, &import, f->p);

    if (err)
        return err;
    const char *name = strrchr(path, '/');
    if (name && name > path && (size_t)(name - path) < sizeof(import->beside))
        str_copy(import->beside, (size_t)(name - path) + 1, path);
    if ((err = file_each(f, write_piece, import))) {
        import_abort(import);
        return err;
    }
    return import_finish(import, track, created, f->p);
}

enum lm_err import_path(struct db *db, const char *data_dir, const char *path, bool (*is_stopping)(void *ctx), void *ctx, json_t **track, bool *created,
                        struct problem *p)
{
    struct problem own = { 0 };
    struct file f = { .is_stopping = is_stopping, .ctx = ctx, .p = p ? p : &own };
    enum lm_err err = file_open(&f, path);

    *track = NULL;
    *created = false;
    if (!err)
        err = find(db, &f, track);
    if (!err && !import_has_audio(db, data_dir, *track)) {      /* it takes the file */
        json_decref(*track);
        *track = NULL;
        err = LM_NOT_FOUND;
    }
    if (err == LM_NOT_FOUND && f.piece) {       /* of the track, not of the file */
        problem_clear(f.p);
        err = copy(db, data_dir, path, &f, track, created);
    }
    file_close(&f);
    return err;
}
