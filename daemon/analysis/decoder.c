#include "analysis/decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/container.h"

#define AV_PACKAGES "libavformat-dev libavcodec-dev libswresample-dev libavutil-dev"

static enum lm_err check(const char *file, struct container *c, struct problem *p)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum lm_err err;

    if (fd < 0 || fstat(fd, &st))
        err = problem_set(p, lm_err_from_errno(errno), "%s: %s", file, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        err = problem_set(p, LM_INVALID, "It is no regular file");
    else
        err = container_check(fd, (uint64_t)st.st_size, c, p);
    if (fd >= 0)
        close(fd);
    return err;
}

enum lm_err decoder_find(const char *file, char program[PATH_SIZE], struct problem *p)
{
    struct container c;
    enum lm_err err = check(file, &c, p);

    if (err)
        return err;
    const struct container_kind *kind = container_find(c.format);
    err = path_worker(kind->worker, program, p);
    if (err == LM_NOT_FOUND && !strcmp(kind->worker, "av_worker"))
        return problem_set(p, LM_MEDIA_TYPE,
                           "This lumad cannot decode %s: it was built without FFmpeg's libraries. Install the packages " AV_PACKAGES " and build it again (make deps all), "
                           "or convert the file to FLAC.", kind->label);
    return err;
}
