#include "library/library_watch.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/log.h"

enum {
    QUIET_MS = 250,             /* a copy of many files is one change */
    SETTLE_TURNS = 40,          /* but one that never ends is looked at every ten seconds */
    EVENTS = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF,
};

struct watch { int wake, notify; };

struct watch *watch_new(void)
{
    struct watch *w = malloc(sizeof *w);

    if (!w)
        return NULL;
    *w = (struct watch){ .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK) };
    if (w->wake < 0) {
        watch_free(w);
        return NULL;
    }
    if (w->notify < 0)
        log_warn("library", "changed definitions are not noticed (%s): POST /fixture-library/reload reads them", strerror(errno));
    return w;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    if (w->wake >= 0)
        close(w->wake);
    if (w->notify >= 0)
        close(w->notify);
    free(w);
}

void watch_folder(struct watch *w, const char *path)
{
    if (w && w->notify >= 0 && inotify_add_watch(w->notify, path, EVENTS | IN_ONLYDIR | IN_EXCL_UNLINK) < 0 && errno != ENOENT && errno != ENOTDIR)
        log_debug("library", "%s is not watched: %s", path, strerror(errno));
}

static bool is_news(const struct inotify_event *e)
{
    size_t n = e->len ? strlen(e->name) : 0;

    if (e->mask & (IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_Q_OVERFLOW))
        return true;
    if (e->mask & IN_CREATE)            /* a link; a file is news when it has been written */
        return n > 4 && !strcmp(e->name + n - 4, ".qxf");
    return !(e->mask & IN_IGNORED) && n > 4 && !strcmp(e->name + n - 4, ".qxf");
}

/* Takes everything that is there. */
static bool drain(const struct watch *w)
{
    _Alignas(struct inotify_event) char buffer[8192];
    bool news = false;
    ssize_t n;

    while ((n = read(w->notify, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const void *)(buffer + at);
            news |= is_news(e);
            at += (ssize_t)sizeof *e + e->len;
        }
    return news;
}

static bool was_woken(const struct watch *w)
{
    uint64_t count;

    return read(w->wake, &count, sizeof count) == sizeof count;
}

bool watch_wait(struct watch *w)
{
    struct pollfd fds[2] = { { .fd = w->wake, .events = POLLIN }, { .fd = w->notify, .events = POLLIN } };      /* a negative one is not looked at */
    bool news = false;

    for (int turn = 0; turn < SETTLE_TURNS; turn += news) {
        int n = poll(fds, 2, news ? QUIET_MS : -1);
        if (n < 0 && errno != EINTR)
            return news;
        if (n == 0)
            return true;
        if (n > 0 && fds[0].revents && was_woken(w))
            return news;
        if (n > 0 && fds[1].revents)
            news |= drain(w);
    }
    return true;
}

void watch_wake(struct watch *w)
{
    uint64_t one = 1;

    if (write(w->wake, &one, sizeof one) < 0)
        return;                         /* full: it is awake */
}
