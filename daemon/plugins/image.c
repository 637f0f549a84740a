#include "plugins/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dsp/hash.h"

static struct stamp stamp_of(const struct stat *st)
{
    struct stamp s;

    memset(&s, 0, sizeof s);
    s.dev = st->st_dev, s.ino = st->st_ino, s.size = st->st_size, s.mode = st->st_mode, s.uid = st->st_uid;
    s.modified = st->st_mtim, s.changed = st->st_ctim;
    return s;
}

bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mode == b->mode && a->uid == b->uid &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

enum lm_err image_stamp(const char *path, struct stamp *stamp)
{
    struct stat st;

    if (stat(path, &st))
        return lm_err_from_errno(errno);
    *stamp = stamp_of(&st);
    return LM_OK;
}

static int memory_file(void)
{
    int fd = -1;

#ifdef MFD_EXEC
    fd = memfd_create("lumad-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
#endif
    return fd >= 0 ? fd : memfd_create("lumad-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

static bool copy(int from, struct image *image)
{
    char buffer[65536];
    size_t total = 0;
    ssize_t n;

    image->hash = HASH_START;
    while ((n = read(from, buffer, sizeof buffer)) > 0) {
        total += (size_t)n;
        if (total > IMAGE_MAX_BYTES) {
            errno = EFBIG;
            return false;
        }
        image->hash = hash_bytes(image->hash, buffer, (size_t)n);
        for (ssize_t at = 0, put; at < n; at += put)
            if ((put = write(image->fd, buffer + at, (size_t)(n - at))) < 0)
                return false;
    }
    image->hash = hash_mix(image->hash);
    return n == 0 && !fcntl(image->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

enum lm_err image_open(const char *path, struct image *image, struct stamp *stamp, struct problem *p)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum lm_err err = LM_OK;

    image->fd = -1;
    memset(stamp, 0, sizeof *stamp);
    if (fd < 0 || fstat(fd, &st)) {
        err = errno == ENOENT ? LM_NOT_FOUND : LM_FORBIDDEN;
        problem_set(p, err, "its file cannot be read: %s", strerror(errno));
        image_stamp(path, stamp);       /* not tried again until it changes */
        goto out;
    }
    *stamp = stamp_of(&st);
    if (!S_ISREG(st.st_mode)) {
        err = problem_set(p, LM_FORBIDDEN, "it is no regular file");
    } else if (st.st_uid != 0 && st.st_uid != geteuid()) {
        err = problem_set(p, LM_FORBIDDEN, "its file belongs to another user than root and lumad's own");
    } else if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        err = problem_set(p, LM_FORBIDDEN, "others may write to its file: chmod go-w");
    } else if ((image->fd = memory_file()) < 0 || !copy(fd, image)) {
        err = problem_set(p, errno == EFBIG ? LM_TOO_LARGE : LM_IO, "its file cannot be read: %s", strerror(errno));
        image_close(image);
    }
out:
    if (fd >= 0)
        close(fd);
    return err;
}

void image_close(struct image *image)
{
    if (image->fd >= 0)
        close(image->fd);
    image->fd = -1;
}
