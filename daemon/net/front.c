#include "net/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/str.h"
#include "core/thread.h"
#include "net/head.h"
#include "net/role.h"

enum {
    PENDING_MAX = 256,
    PER_ADDRESS_MAX = 64,
    BACKLOG = 511,
    DEFER_S = 3, /* the kernel keeps a silent connection to itself that long */
    ACCEPT_BURST = 64,
};
#define DEADLINE_NS 3000000000LL

struct pending { /* fd < 0: free */
    int fd;
    uint32_t serial; /* of who has this slot: an event may be older than that */
    int64_t since_ns;
    struct sockaddr_storage addr;
    socklen_t addr_len;
};

struct front {
    struct front_options o;
    int listener, epoll, stop, port;
    pthread_t thread;
    bool is_running, is_open;
    bool is_out_of_fds; /* said once per trouble */
    uint32_t serial;
    struct pending pending[PENDING_MAX];
    char head[HEAD_MAX];
};

/* What epoll tells us about beside the slots of pending[], in the lower half of data.u64; above it is the slot's serial. */
enum { TAG_LISTENER = PENDING_MAX, TAG_STOP };

enum verdict { VERDICT_WAIT, VERDICT_WS, VERDICT_HTTP, VERDICT_DEAD };

static enum verdict classify(struct front *f, int fd)
{
    ssize_t n = recv(fd, f->head, sizeof(f->head), MSG_PEEK | MSG_DONTWAIT);

    if (n == 0)
        return VERDICT_DEAD;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? VERDICT_WAIT : VERDICT_DEAD;
    size_t head = head_length(f->head, (size_t)n);
    if (!head) /* a head beyond what we look at: the HTTP side has a limit of its own and an answer for it */
        return n == (ssize_t)sizeof(f->head) ? VERDICT_HTTP : VERDICT_WAIT;
    return head_is_websocket(f->head, head) ? VERDICT_WS : VERDICT_HTTP;
}

static void hand_over(struct front *f, enum verdict v, int fd, const struct sockaddr_storage *addr, socklen_t addr_len)
{
    switch (v) {
    case VERDICT_WS:
        f->o.ws(f->o.ws_ctx, fd, addr, addr_len);
        break;
    case VERDICT_HTTP:
        f->o.http(f->o.http_ctx, fd, addr, addr_len);
        break;
    case VERDICT_WAIT:
    case VERDICT_DEAD:
        close(fd);
        break;
    }
}

static void settle(struct front *f, struct pending *p, enum verdict v)
{
    int fd = p->fd;

    p->fd = -1;
    epoll_ctl(f->epoll, EPOLL_CTL_DEL, fd, NULL);
    hand_over(f, v, fd, &p->addr, p->addr_len);
}

static const void *address_of(const struct sockaddr_storage *a, size_t *n)
{
    if (a->ss_family == AF_INET6) {
        *n = sizeof(struct in6_addr);
        return &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
    }
    *n = sizeof(struct in_addr);
    return &((const struct sockaddr_in *)(const void *)a)->sin_addr;
}

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    size_t n, m;
    const void *x = address_of(a, &n), *y = address_of(b, &m);

    return a->ss_family == b->ss_family && n == m && !memcmp(x, y, n);
}

/* Room for one more: a free slot, or the oldest one's: the one address's that has too many, else of all. A newcomer is never
 * the one refused, so idle sockets cannot lock anybody out. */
static struct pending *make_room(struct front *f, const struct sockaddr_storage *addr)
{
    struct pending *oldest = NULL, *own_oldest = NULL, *free_slot = NULL;
    size_t own = 0;

    for (struct pending *p = f->pending; p < f->pending + PENDING_MAX; p++) {
        if (p->fd < 0) {
            free_slot = free_slot ? free_slot : p;
            continue;
        }
        if (!oldest || p->since_ns < oldest->since_ns)
            oldest = p;
        if (is_same_address(&p->addr, addr)) {
            own++;
            if (!own_oldest || p->since_ns < own_oldest->since_ns)
                own_oldest = p;
        }
    }
    struct pending *victim = own >= PER_ADDRESS_MAX ? own_oldest : free_slot ? NULL : oldest;
    if (victim) {
        settle(f, victim, VERDICT_DEAD);
        return victim;
    }
    return free_slot;
}

static void take_in(struct front *f, int fd, const struct sockaddr_storage *addr, socklen_t addr_len)
{
    enum verdict v = classify(f, fd);

    if (v != VERDICT_WAIT) {
        hand_over(f, v, fd, addr, addr_len);
        return;
    }
    struct pending *p = make_room(f, addr);
    /* Edge-triggered: peeking never drains the socket, so a level would be reported for ever. */
    struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = (uint64_t)++f->serial << 32 | (uint64_t)(p - f->pending) };
    *p = (struct pending){ .fd = fd, .serial = f->serial, .since_ns = clock_mono_ns(), .addr = *addr, .addr_len = addr_len };
    if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &e)) {
        p->fd = -1;
        close(fd);
    }
}

/* false: nothing more to accept now. */
static bool accept_one(struct front *f)
{
    struct sockaddr_storage addr = { 0 };
    socklen_t addr_len = sizeof(addr);
    int fd = accept4(f->listener, (struct sockaddr *)&addr, &addr_len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        f->is_out_of_fds = false;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
        take_in(f, fd, &addr, addr_len);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        if (!f->is_out_of_fds)
            log_warn("net", "cannot accept a connection: %s; further ones wait", strerror(errno));
        f->is_out_of_fds = true;
        thread_sleep_until(clock_mono_ns() + 10000000); /* the connection stays in the queue: without a pause we would spin */
        return false;
    }
    return errno == EINTR || errno == ECONNABORTED;
}

/* Closes who has been silent too long; returns ms until the next one is due, -1 for none. */
static int expire(struct front *f)
{
    int64_t now = clock_mono_ns(), next = INT64_MAX;

    for (struct pending *p = f->pending; p < f->pending + PENDING_MAX; p++) {
        if (p->fd < 0)
            continue;
        int64_t left = p->since_ns + DEADLINE_NS - now;
        if (left <= 0)
            settle(f, p, VERDICT_DEAD);
        else if (left < next)
            next = left;
    }
    return next == INT64_MAX ? -1 : (int)(next / 1000000) + 1;
}

static void *run(void *arg)
{
    struct front *f = arg;
    struct epoll_event events[32];
    bool is_stopping = false;

    while (!is_stopping) {
        int n = epoll_wait(f->epoll, events, 32, expire(f));
        for (int i = 0; i < n; i++) {
            uint32_t tag = (uint32_t)events[i].data.u64;
            if (tag == TAG_STOP) {
                is_stopping = true;
            } else if (tag == TAG_LISTENER) {
                for (int burst = 0; burst < ACCEPT_BURST && accept_one(f); burst++)
                    ;
            } else if (f->pending[tag].fd >= 0 && f->pending[tag].serial == events[i].data.u64 >> 32) {
                enum verdict v = classify(f, f->pending[tag].fd);
                if (v == VERDICT_WAIT && events[i].events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR))
                    v = VERDICT_DEAD;
                if (v != VERDICT_WAIT)
                    settle(f, &f->pending[tag], v);
            }
        }
    }
    for (struct pending *p = f->pending; p < f->pending + PENDING_MAX; p++)
        if (p->fd >= 0)
            settle(f, p, VERDICT_DEAD);
    return NULL;
}

/* "ADDR:PORT", "[v6]:PORT", "*:PORT", "localhost:PORT" -> an address; `is_any`: every address of both families. */
static enum lm_err parse_listen(const char *text, struct sockaddr_storage *addr, socklen_t *len, bool *is_any, struct problem *p)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)addr;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)addr;
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;

    memset(addr, 0, sizeof(*addr));
    *is_any = false;
    if (!digits || digits > 5 || colon[1 + digits] || atoi(colon + 1) > 65535 || (size_t)(colon - text) >= sizeof(host))
        return problem_set(p, LM_INVALID, "\"%s\" is no ADDRESS:PORT", text);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    uint16_t port = htons((uint16_t)atoi(colon + 1));

    if (!strcmp(host, "*") || !strcmp(host, "[::]")) {
        *is_any = true;
        v6->sin6_family = AF_INET6, v6->sin6_addr = in6addr_any, v6->sin6_port = port;
        *len = sizeof(*v6);
        return LM_OK;
    }
    if (host[0] == '[') {
        char *close = strchr(host, ']');
        if (close && !close[1]) {
            *close = '\0';
            v6->sin6_family = AF_INET6, v6->sin6_port = port, *len = sizeof(*v6);
            if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1)
                return LM_OK;
        }
    } else {
        v4->sin_family = AF_INET, v4->sin_port = port, *len = sizeof(*v4);
        if (inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &v4->sin_addr) == 1)
            return LM_OK;
    }
    return problem_set(p, LM_INVALID, "\"%s\" is no address to listen on", host);
}

static int open_listener(const struct sockaddr_storage *addr, socklen_t len)
{
    int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    if (addr->ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 0 }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &(int){ DEFER_S }, sizeof(int));
    if (bind(fd, (const struct sockaddr *)addr, len) || listen(fd, BACKLOG)) {
        int e = errno;
        close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

static enum lm_err listen_on(struct front *f, const char *where, struct problem *p)
{
    struct sockaddr_storage addr;
    socklen_t len;
    bool is_any;
    enum lm_err err = parse_listen(where, &addr, &len, &is_any, p);

    if (err)
        return err;
    f->listener = open_listener(&addr, len);
    if (f->listener < 0 && is_any && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) { /* no IPv6 on this machine */
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = ((struct sockaddr_in6 *)(void *)&addr)->sin6_port };
        memset(&addr, 0, sizeof(addr));
        memcpy(&addr, &v4, sizeof(v4));
        f->listener = open_listener(&addr, sizeof(v4));
    }
    if (f->listener < 0)
        return problem_set(p, lm_err_from_errno(errno), "cannot listen on %s: %s", where, strerror(errno));
    len = sizeof(addr);
    if (getsockname(f->listener, (struct sockaddr *)&addr, &len))
        return problem_set(p, LM_IO, "cannot tell which port %s is: %s", where, strerror(errno));
    f->is_open = !role_is_loopback((const struct sockaddr *)&addr);
    f->port = ntohs(addr.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&addr)->sin6_port
                                               : ((struct sockaddr_in *)(void *)&addr)->sin_port);
    return LM_OK;
}

static bool watch(struct front *f, int fd, uint32_t tag)
{
    struct epoll_event e = { .events = EPOLLIN, .data.u64 = tag };

    return !epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &e);
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

enum lm_err front_open(const char *listen, struct front **result, struct problem *p)
{
    struct front *f = calloc(1, sizeof(*f));
    enum lm_err err;

    if (!f)
        return problem_set(p, LM_NOMEM, "no memory for the front door");
    f->listener = f->epoll = f->stop = -1;
    for (size_t i = 0; i < PENDING_MAX; i++)
        f->pending[i].fd = -1;
    err = listen_on(f, listen, p);
    if (err)
        front_free(f);
    else
        *result = f;
    return err;
}

enum lm_err front_start(struct front *f, const struct front_options *o, struct problem *p)
{
    f->o = *o;
    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    f->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (f->epoll < 0 || f->stop < 0 || !watch(f, f->listener, TAG_LISTENER) || !watch(f, f->stop, TAG_STOP))
        return problem_set(p, LM_IO, "cannot watch sockets: %s", strerror(errno));
    enum lm_err err = thread_start(&f->thread, &(struct thread_options){ .name = "front" }, run, f);
    f->is_running = !err;
    return err ? problem_set(p, err, "cannot start the thread of the front door") : LM_OK;
}

void front_stop(struct front *f)
{
    uint64_t one = 1;

    if (!f)
        return;
    if (f->is_running) {
        if (write(f->stop, &one, sizeof(one)) != sizeof(one))
            log_error("net", "the front door does not hear that it should stop");
        pthread_join(f->thread, NULL);
        f->is_running = false;
    }
    shut(&f->listener);
}

void front_free(struct front *f)
{
    if (!f)
        return;
    shut(&f->listener);
    shut(&f->epoll);
    shut(&f->stop);
    free(f);
}

int front_port(const struct front *f)
{
    return f->port;
}

bool front_is_open(const struct front *f)
{
    return f->is_open;
}
