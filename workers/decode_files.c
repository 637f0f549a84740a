#include "decode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum lm_err input_open(struct input *f, const char *path, struct problem *p)
{
    struct stat st;

    f->path = path;
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);      /* a pipe would let it wait for who writes */
    if (f->fd < 0 || fstat(f->fd, &st))
        return problem_set(p, lm_err_from_errno(errno), "%s", strerror(errno));
    f->size = (uint64_t)st.st_size;
    return S_ISREG(st.st_mode) ? LM_OK : problem_set(p, LM_INVALID, "It is no regular file");
}

enum lm_err output_open(struct output *o, const char *path, struct problem *p)
{
    o->path = path;
    o->fd = -1;
    o->temp[0] = '\0';
    if (!path)
        return LM_OK;
    if (snprintf(o->temp, sizeof(o->temp), "%s.part", path) >= (int)sizeof(o->temp)) {
        o->temp[0] = '\0';
        return problem_set(p, LM_INVALID, "The name of the output is too long");
    }
    o->fd = open(o->temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return o->fd >= 0 ? LM_OK : problem_set(p, lm_err_from_errno(errno), "%s: %s", o->temp, strerror(errno));
}

enum lm_err output_write(struct output *o, const void *data, size_t n, struct problem *p)
{
    const char *at = data;

    while (n) {
        ssize_t done = write(o->fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return problem_set(p, lm_err_from_errno(errno), "Writing decoded audio: %s", strerror(errno));
        at += done;
        n -= (size_t)done;
    }
    return LM_OK;
}

enum lm_err output_write_at_start(struct output *o, const void *data, size_t n, struct problem *p)
{
    return pwrite(o->fd, data, n, 0) == (ssize_t)n ? LM_OK : problem_set(p, lm_err_from_errno(errno), "%s: %s", o->path, strerror(errno));
}

/* No fsync: all of this can be made again, and who reads it compares the header with the file's size. One that holds nothing was not wanted in the end. */
enum lm_err output_commit(struct output *o, struct problem *p)
{
    struct stat st;

    if (!o->path || fstat(o->fd, &st) || !st.st_size)
        return LM_OK;
    if (rename(o->temp, o->path))
        return problem_set(p, lm_err_from_errno(errno), "%s: %s", o->path, strerror(errno));
    o->temp[0] = '\0';
    return LM_OK;
}

void output_drop(struct output *o)
{
    if (o->path && o->fd >= 0)
        close(o->fd);
    if (o->path && o->fd >= 0 && o->temp[0])
        unlink(o->temp);
    *o = (struct output){ .fd = -1 };
}
