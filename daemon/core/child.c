#include "core/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <unistd.h>

extern char **environ;

/* Copies above the places they are put to, so that none is overwritten before it is copied. */
static int lift(const struct child_options *o, int high[CHILD_FILES])
{
    int e = 0;

    for (size_t i = 0; i < o->n_files; i++) {
        high[i] = o->files[i] < 0 ? -1 : fcntl(o->files[i], F_DUPFD_CLOEXEC, CHILD_FILES);
        if (o->files[i] >= 0 && high[i] < 0 && !e)
            e = errno;
    }
    return e;
}

static int place(posix_spawn_file_actions_t *actions, const struct child_options *o, const int high[CHILD_FILES])
{
    int e = 0;

    for (size_t i = 0; i < o->n_files && !e; i++)
        if (o->files[i] == CHILD_NULL)
            e = posix_spawn_file_actions_addopen(actions, (int)i, "/dev/null", O_RDWR, 0);
        else if (high[i] >= 0)
            e = posix_spawn_file_actions_adddup2(actions, high[i], (int)i);
    return e ? e : posix_spawn_file_actions_addclosefrom_np(actions, (int)o->n_files);
}

static int set_manners(posix_spawnattr_t *attr)
{
    sigset_t all, none;

    sigfillset(&all), sigemptyset(&none);
    int e = posix_spawnattr_setsigdefault(attr, &all);
    e = e ? e : posix_spawnattr_setsigmask(attr, &none);
    e = e ? e : posix_spawnattr_setpgroup(attr, 0);
    return e ? e : posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

/* posix_spawn and not fork: fork would make the engine's next write to each of its pages a fault. */
enum lm_err child_start(const struct child_options *o, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int high[CHILD_FILES];
    int e = o->n_files > CHILD_FILES ? EINVAL : posix_spawn_file_actions_init(&actions);

    if (e) {
        errno = e;
        return lm_err_from_errno(e);
    }
    if ((e = posix_spawnattr_init(&attr))) {
        posix_spawn_file_actions_destroy(&actions);
        errno = e;
        return lm_err_from_errno(e);
    }
    e = lift(o, high);
    e = e ? e : place(&actions, o, high);
    e = e ? e : set_manners(&attr);
    e = e ? e : posix_spawn(pid, o->path, &actions, &attr, (char *const *)(uintptr_t)o->argv, environ);
    for (size_t i = 0; i < o->n_files; i++)
        if (high[i] >= 0)
            close(high[i]);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    errno = e;
    return e ? lm_err_from_errno(e) : LM_OK;
}
