/* The serial port of a widget. Thread: the widget's own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "core/clock.h"
#include "dmx/widget_private.h"

enum { ANSWER_MS = 300 };

/* To open something is to use it (a watchdog starts, a tape rewinds), so it is looked at first. */
static bool is_serial_port(const struct stat *st)
{
    unsigned kind = major(st->st_rdev), one = minor(st->st_rdev);
    char path[64], to[512];

    if (!S_ISCHR(st->st_mode) || (kind == 4 && one < 64) || kind == 5)
        return false;                   /* virtual consoles, /dev/tty, /dev/console */
    if (kind >= 136 && kind <= 143)
        return true;                    /* pseudo-terminals are in no class */
    snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/subsystem", kind, one);
    ssize_t n = readlink(path, to, sizeof(to));
    return n >= 4 && !memcmp(to + n - 4, "/tty", 4);
}

/* Called with the list's lock. */
static bool is_named(const struct widget *w, dev_t port)
{
    struct stat st;

    for (const struct widget *x = w->all->first; x; x = x->next)
        if (x != w && *x->device && !stat(x->device, &st) && st.st_rdev == port)
            return true;
    return false;
}

bool port_is_named_by_another(struct widget *w)
{
    pthread_mutex_lock(&w->all->lock);
    bool named = is_named(w, w->port);
    pthread_mutex_unlock(&w->all->lock);
    return named;
}

static bool claim(struct widget *w, dev_t port)
{
    bool is_free = true;

    pthread_mutex_lock(&w->all->lock);
    for (const struct widget *x = w->all->first; x && is_free; x = x->next)
        is_free = x == w || x->port != port;
    if (!*w->device && is_free)
        is_free = !is_named(w, port);
    if (is_free)
        w->port = port;
    pthread_mutex_unlock(&w->all->lock);
    return is_free;
}

static void unclaim(struct widget *w)
{
    pthread_mutex_lock(&w->all->lock);
    w->port = 0;
    pthread_mutex_unlock(&w->all->lock);
}

/* Bytes as they are. The speed is that of clones with a real UART; a device behind USB has none. */
static bool make_raw(int fd)
{
    struct termios t;

    if (tcgetattr(fd, &t))
        return false;
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    t.c_cflag &= ~(tcflag_t)(CRTSCTS | HUPCL);
    t.c_cc[VMIN] = 1, t.c_cc[VTIME] = 0;        /* with VMIN 0 an empty port reads like one that was pulled out */
    cfsetispeed(&t, B115200);
    cfsetospeed(&t, B115200);
    return !tcsetattr(fd, TCSANOW, &t) && !tcflush(fd, TCIOFLUSH);
}

static enum widget_state state_of(int error)
{
    switch (error) {
    case ENOENT: case ENODEV: case ENXIO: case ENOTDIR: case EIO:       /* EIO: its other end is not there */
        return WIDGET_MISSING;
    case EACCES: case EPERM:
        return WIDGET_FORBIDDEN;
    case EBUSY: case EWOULDBLOCK:
        return WIDGET_TAKEN;
    default:
        return WIDGET_FAILED;
    }
}

static enum widget_state open_path(struct widget *w, const char *path, int *error)
{
    struct stat st, opened;
    int fd;

    snprintf(w->path, sizeof(w->path), "%s", path);
    if (stat(path, &st))
        return state_of(*error = errno);
    if (!is_serial_port(&st))
        return WIDGET_NO_PORT;
    if (!claim(w, st.st_rdev))
        return WIDGET_SHARED;
    fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &opened) || opened.st_rdev != st.st_rdev || flock(fd, LOCK_EX | LOCK_NB) || !make_raw(fd)) {
        *error = errno;
        if (fd >= 0)
            close(fd);
        unclaim(w);
        return state_of(*error);
    }
    ioctl(fd, TIOCEXCL);                /* for programs that do not look at locks */
    w->fd = fd;
    w->opened_ns = w->progress_ns = clock_mono_ns();
    w->asked_ns = 0;
    w->length = w->at = 0;
    w->parser = (struct enttec_parser){ 0 };
    w->id = (struct enttec_identity){ 0 };
    return WIDGET_FINE;
}

size_t port_queued(const struct widget *w)
{
    int n = 0;

    return ioctl(w->fd, TIOCOUTQ, &n) || n < 0 ? 0 : (size_t)n;
}

void port_close(struct widget *w)
{
    if (w->fd < 0)
        return;
    if (w->length || port_queued(w))
        tcflush(w->fd, TCIOFLUSH);      /* or close() would wait for a device that takes nothing. Not otherwise: on a pseudo-terminal it takes back what was written */
    ioctl(w->fd, TIOCNXCL);
    close(w->fd);
    w->fd = -1;
    unclaim(w);
}

bool port_ask(struct widget *w)
{
    uint8_t both[2 * ENTTEC_REQUEST_MAX];
    size_t n = enttec_request(both, ENTTEC_GET_PARAMETERS);

    n += enttec_request(both + n, ENTTEC_GET_SERIAL);
    return write(w->fd, both, n) == (ssize_t)n;
}

bool port_listen(struct widget *w)
{
    uint8_t in[256];
    ssize_t n;

    while ((n = read(w->fd, in, sizeof(in))) > 0)
        for (ssize_t i = 0; i < n; i++)
            if (enttec_parse(&w->parser, in[i]))
                enttec_identify(&w->id, &w->parser);
    return n < 0 && (errno == EAGAIN || errno == EINTR);        /* 0: hung up */
}

static bool answers(struct widget *w)
{
    int64_t until = clock_mono_ns() + ANSWER_MS * INT64_C(1000000), now;

    if (!port_ask(w))
        return false;
    while ((now = clock_mono_ns()) < until && !atomic_load(&w->stop)) {
        struct pollfd p = { w->fd, POLLIN, 0 };
        if (poll(&p, 1, (int)((until - now) / 1000000) + 1) > 0 && !port_listen(w))
            return false;
        if (w->id.has_parameters || w->id.has_serial)
            return true;
    }
    return false;
}

/* Only what may be one is written to: another serial device could take our question for an order. */
static int is_likely(const struct dirent *e)
{
    return strcasestr(e->d_name, "dmx") || strcasestr(e->d_name, "enttec") || strcasestr(e->d_name, "ftdi");
}

static enum widget_state find(struct widget *w)
{
    struct dirent **names = NULL;
    int n = scandir(w->all->by_id, &names, is_likely, alphasort), error;
    enum widget_state none = WIDGET_NONE_FOUND;
    char path[OUTPUT_DESTINATION];

    for (int i = 0; i < n && w->fd < 0 && !atomic_load(&w->stop); i++) {
        if (snprintf(path, sizeof(path), "%s/%s", w->all->by_id, names[i]->d_name) >= (int)sizeof(path))
            continue;
        enum widget_state state = open_path(w, path, &error);
        if (state == WIDGET_FORBIDDEN || state == WIDGET_TAKEN)
            none = state;               /* nearer to what is wrong than that none is there */
        if (!state && !answers(w))
            port_close(w);
    }
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return w->fd < 0 ? none : WIDGET_FINE;
}

enum widget_state port_open(struct widget *w, int *error)
{
    return *w->device ? open_path(w, w->device, error) : find(w);
}
