#include "core/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"

enum { REMOVE_DEPTH = 8 };               /* folders in folders that path_remove() looks into */
enum { HASH_BLOCK = 1 << 18 };
enum { SHARE_UP = 8, WORKER_UP = 3 };   /* folders looked at above the program's own; 3 = a unit test's in build/<variant>/tests/unit/<room> */

enum lm_err path_join(char out[PATH_SIZE], const char *dir, const char *name)
{
    size_t n = strlen(dir);
    bool needs_slash = n && dir[n - 1] != '/';
    int len = snprintf(out, PATH_SIZE, "%s%s%s", dir, needs_slash ? "/" : "", name);

    return len >= 0 && len < PATH_SIZE ? LM_OK : LM_INVALID;
}

static bool is_dir(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static enum lm_err make_dir(const char *dir, mode_t mode)
{
    if (!mkdir(dir, mode))
        return LM_OK;
    int e = errno;
    return is_dir(dir) ? LM_OK : lm_err_from_errno(e);
}

enum lm_err path_make_dirs(const char *dir, mode_t mode)
{
    char path[PATH_SIZE];
    enum lm_err err;

    if (!*dir || !str_copy(path, sizeof(path), dir))
        return LM_INVALID;
    for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        err = make_dir(path, mode);
        *slash = '/';
        if (err)
            return err;
    }
    return make_dir(path, mode);
}

bool path_exists(const char *path)
{
    return !access(path, F_OK);
}

static void remove_at(int dir, const char *name, int depth)
{
    if (!unlinkat(dir, name, 0) || !depth)
        return;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            remove_at(fd, e->d_name, depth - 1);
    closedir(d);
    unlinkat(dir, name, AT_REMOVEDIR);
}

void path_remove(const char *path)
{
    remove_at(AT_FDCWD, path, REMOVE_DEPTH);
}

enum lm_err path_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return lm_err_from_errno(errno);

    /* EINVAL: a file system that cannot, and then needs not, sync folders. */
    enum lm_err err = fsync(fd) && errno != EINVAL ? lm_err_from_errno(errno) : LM_OK;
    close(fd);
    return err;
}

static enum lm_err write_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t done = write(fd, data, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return lm_err_from_errno(errno);
        data += done;
        n -= (size_t)done;
    }
    return LM_OK;
}

static enum lm_err fill(int fd, const void *data, size_t n, mode_t mode)
{
    enum lm_err err = write_all(fd, data, n);

    if (!err && (fchmod(fd, mode) || fsync(fd)))
        err = lm_err_from_errno(errno);
    return err;
}

enum lm_err path_write(const char *path, const void *data, size_t n, mode_t mode)
{
    char temp[PATH_SIZE], dir[PATH_SIZE];
    int len = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
    if (len < 0 || len >= (int)sizeof(temp))
        return LM_INVALID;

    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return lm_err_from_errno(errno);
    enum lm_err err = fill(fd, data, n, mode);
    if (close(fd) && !err)
        err = lm_err_from_errno(errno);
    if (!err && rename(temp, path))
        err = lm_err_from_errno(errno);
    if (err) {
        unlink(temp);
        return err;
    }

    str_copy(dir, sizeof(dir), path);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = '\0';     /* keeps the one of "/" */
    return path_sync_dir(slash ? dir : ".");
}

static enum lm_err read_all(int fd, size_t max, struct str *s)
{
    char buffer[16384];

    for (;;) {
        ssize_t got = read(fd, buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return lm_err_from_errno(errno);
        if (!got)
            return LM_OK;
        if ((size_t)got > max - s->len)
            return LM_TOO_LARGE;
        str_add_mem(s, buffer, (size_t)got);
        if (s->failed)
            return LM_NOMEM;
    }
}

enum lm_err path_read(const char *path, size_t max, char **data, size_t *n)
{
    struct str s = { 0 };
    struct stat st;
    enum lm_err err = LM_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);     /* a pipe in the place of a file must not hang us */

    if (fd < 0)
        return lm_err_from_errno(errno);
    if (fstat(fd, &st)) {
        err = lm_err_from_errno(errno);
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        err = S_ISDIR(st.st_mode) ? lm_err_from_errno(EISDIR) : LM_INVALID;
        goto out;
    }
    if ((err = read_all(fd, max, &s)))
        goto out;
    *n = s.len;
    if (!(*data = str_take(&s)))
        err = LM_NOMEM;
out:
    str_clear(&s);
    close(fd);
    return err;
}

enum lm_err path_hash(const char *path, char hash[PATH_HASH], uint64_t *bytes)
{
    unsigned char digest[crypto_hash_sha256_BYTES], *block = malloc(HASH_BLOCK);
    crypto_hash_sha256_state sha;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum lm_err err = !block ? LM_NOMEM : fd < 0 ? lm_err_from_errno(errno) : LM_OK;
    uint64_t all = 0;
    ssize_t n = 1;

    _Static_assert(2 * sizeof(digest) + 1 == PATH_HASH, "two digits a byte");
    crypto_hash_sha256_init(&sha);
    while (!err && n) {
        n = read(fd, block, HASH_BLOCK);
        if (n < 0 && errno != EINTR)
            err = lm_err_from_errno(errno);
        if (n <= 0)
            continue;
        crypto_hash_sha256_update(&sha, block, (size_t)n);
        all += (uint64_t)n;
    }
    int why = errno;
    crypto_hash_sha256_final(&sha, digest);
    sodium_bin2hex(hash, PATH_HASH, digest, sizeof(digest));
    if (fd >= 0)
        close(fd);
    free(block);
    errno = why;
    if (bytes)
        *bytes = all;
    return err;
}

/* The folder the running program lies in. */
static bool program_dir(char out[PATH_SIZE])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_SIZE - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    slash[slash == out] = '\0';
    return true;
}

/* Cuts the last part off; false at the root. */
static bool go_up(char *dir)
{
    char *slash = strrchr(dir, '/');

    if (!slash || !dir[1])
        return false;
    slash[slash == dir] = '\0';
    return true;
}

static bool is_source_tree(const char *dir)
{
    char path[PATH_SIZE];

    return !path_join(path, dir, "migrations") && is_dir(path) && !path_join(path, dir, "daemon") && is_dir(path);
}

/* Is there a `name` in `dir`? If not, `dir` joins the list of places tried. */
static bool try(char out[PATH_SIZE], const char *dir, const char *name, struct str *tried)
{
    if (!path_join(out, dir, name) && path_exists(out))
        return true;
    str_addf(tried, "%s%s", tried->len ? ", " : "", dir);
    return false;
}

static enum lm_err not_found(const char *name, struct str *tried, struct problem *p)
{
    enum lm_err err = problem_set(p, LM_NOT_FOUND, "%s is not in %s", name, tried->data ? tried->data : "any folder");

    str_clear(tried);
    return err;
}

enum lm_err path_share(const char *name, char out[PATH_SIZE], struct problem *p)
{
    struct str tried = { 0 };
    char dir[PATH_SIZE], share_dir[PATH_SIZE];
    const char *share = getenv("LUMAD_SHARE");

    if (share && *share && try(out, share, name, &tried))
        goto found;
    if (program_dir(dir)) {
        bool there = is_source_tree(dir);
        for (int i = 0; !there && i < SHARE_UP && go_up(dir); i++)
            there = is_source_tree(dir);
        if (there && try(out, dir, name, &tried))
            goto found;
    }
    if (program_dir(dir) && go_up(dir) && !path_join(share_dir, dir, "share/lumad") && try(out, share_dir, name, &tried))
        goto found;
    if (try(out, LUMAD_PREFIX "/share/lumad", name, &tried))
        goto found;
    return not_found(name, &tried, p);
found:
    str_clear(&tried);
    return LM_OK;
}

enum lm_err path_worker(const char *name, char out[PATH_SIZE], struct problem *p)
{
    struct str tried = { 0 };
    char dir[PATH_SIZE], libexec[PATH_SIZE];
    const char *own = getenv("LUMAD_WORKERS");
    bool found = own && *own == '/' && try(out, own, name, &tried);

    if (!found && program_dir(dir)) {
        found = try(out, dir, name, &tried);
        for (int i = 0; !found && i < WORKER_UP && go_up(dir); i++)
            found = try(out, dir, name, &tried);
    }
    if (!found && program_dir(dir) && go_up(dir) && !path_join(libexec, dir, "libexec/lumad"))
        found = try(out, libexec, name, &tried);
    if (!found && !try(out, LUMAD_PREFIX "/libexec/lumad", name, &tried))
        return not_found(name, &tried, p);
    str_clear(&tried);
    return access(out, X_OK) ? problem_set(p, LM_FORBIDDEN, "%s may not be run", out) : LM_OK;
}
