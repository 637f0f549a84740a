#include "ws/ws.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/thread.h"
#include "ws/handshake.h"
#include "ws/session.h"

enum {
    SEND_BUFFER = 64 << 10, /* with the kernel's own tuning a stuck client would hold 4 MB of old frames */
    LOW_WATER = 16 << 10,
    NEWS = 4096,
    EVENTS = 64,
};
#define FAREWELL_NS 200000000LL

/* ---- sockets come in ---- */

static void take_in(struct ws *w, int fd)
{
    struct caller who;

    if (!handshake(&w->guard, w->lumad->auth, fd, w->is_stopping, &who))
        return;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){ LOW_WATER }, sizeof(int));
    enum lm_err err = session_open(w, fd, &who);
    if (err)
        log_warn("ws", "a client could not be taken in: %s", lm_err_text(err));
}

static void empty_inbox(struct ws *w)
{
    for (;;) {
        pthread_mutex_lock(&w->lock);
        int fd = w->inbox_n ? w->inbox[w->inbox_first] : -1;
        if (fd >= 0) {
            w->inbox_first = (w->inbox_first + 1) % INBOX;
            w->inbox_n--;
        }
        pthread_mutex_unlock(&w->lock);
        if (fd < 0)
            return;
        take_in(w, fd);
    }
}

static void wake(void *ctx)
{
    struct ws *w = ctx;
    uint64_t one = 1;

    if (write(w->wake, &one, sizeof(one)) < 0 && errno != EAGAIN) /* EAGAIN: it is awake already */
        log_error("ws", "the WebSocket thread cannot be woken: %s", strerror(errno));
}

void ws_adopt(void *ws, int fd, const struct sockaddr_storage *addr, unsigned addr_len)
{
    struct ws *w = ws;

    (void)addr, (void)addr_len;
    pthread_mutex_lock(&w->lock);
    bool is_taken = w->inbox_n < INBOX && !w->is_stopping;
    if (is_taken)
        w->inbox[(w->inbox_first + w->inbox_n++) % INBOX] = fd;
    pthread_mutex_unlock(&w->lock);
    if (!is_taken)
        close(fd);
    else
        wake(w);
}

/* ---- the thread ---- */

/* The timer rings at the next tick: timeouts of epoll_wait() are whole milliseconds, and a beat would be one of them late. */
static void set_timer(struct ws *w)
{
    struct itimerspec at = { .it_value = { .tv_sec = w->tick_ns / 1000000000, .tv_nsec = w->tick_ns % 1000000000 } };

    if (w->tick_ns == w->timer_ns)
        return;
    w->timer_ns = w->tick_ns;
    if (timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &at, NULL))        /* all zeros: it rings no more */
        log_error("ws", "the timer of the WebSocket thread cannot be set: %s", strerror(errno));
}

static void empty(int fd)
{
    uint64_t count;

    if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        log_error("ws", "cannot read what woke the WebSocket thread: %s", strerror(errno));
}

static void sweep(struct ws *w)
{
    for (struct session *s = w->sessions, *next; s; s = next) {
        next = s->next;
        if (s->is_dead)
            session_free(s);
    }
}

static void turn(struct ws *w, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(w->epoll, events, EVENTS, timeout_ms);

    for (int i = 0; i < n; i++) {
        struct session *s = events[i].data.ptr;
        if (events[i].data.ptr == &w->timer) {
            empty(w->timer);
            w->timer_ns = 0;
            continue;
        }
        if (!s) {
            empty(w->wake);
            feed_change(w);
            empty_inbox(w);
            feed_news(w);
            continue;
        }
        if (!s->is_dead && events[i].events & EPOLLIN)
            session_read(s);
        else if (events[i].events & (EPOLLHUP | EPOLLERR)) /* it hung up while nothing of it is read */
            s->is_dead = true;
        if (!s->is_dead && events[i].events & EPOLLOUT)
            session_write(s);
    }
    int64_t now = clock_mono_ns();
    if (w->tick_ns && now >= w->tick_ns) {
        feed_tick(w, now);
        for (struct session *s = w->sessions; s; s = s->next)
            session_check(s, now);
    }
    sweep(w);
}

static void *run(void *arg)
{
    struct ws *w = arg;

    thread_ask_short_slices();          /* a beat that comes while requests are answered is still one */
    while (!w->is_stopping) {
        set_timer(w);
        turn(w, -1);
    }
    for (struct session *s = w->sessions; s; s = s->next)
        session_dismiss(s, WSLAY_CODE_GOING_AWAY, "lumad is stopping");
    int64_t until = clock_mono_ns() + FAREWELL_NS;
    for (int64_t left; w->sessions && (left = until - clock_mono_ns()) > 0;) {
        set_timer(w);
        turn(w, (int)(left / 1000000) + 1);
    }
    empty_inbox(w); /* to be refused in words */
    while (w->sessions)
        session_free(w->sessions);
    return NULL;
}

/* ---- life ---- */

static void release(struct ws *w)
{
    if (w->epoll >= 0)
        close(w->epoll);
    if (w->wake >= 0)
        close(w->wake);
    if (w->timer >= 0)
        close(w->timer);
    pthread_mutex_destroy(&w->lock);
    free(w->host_audio.text);
    free(w->meters.text);
    free(w->buffer);
    free(w);
}

enum lm_err ws_start(const struct lumad *l, struct ws **result, struct problem *p)
{
    struct ws *w = calloc(1, sizeof(*w));
    struct epoll_event woken = { .events = EPOLLIN, .data.ptr = NULL }, ring = { .events = EPOLLIN };
    enum lm_err err = LM_OK;

    if (!w)
        return problem_set(p, LM_NOMEM, "no memory for the WebSocket server");
    w->lumad = l;
    guard_init(&w->guard, l->config->allowed_hosts);
    pthread_mutex_init(&w->lock, NULL);
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    ring.data.ptr = &w->timer;
    if (w->epoll < 0 || w->wake < 0 || w->timer < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->wake, &woken) ||
        epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->timer, &ring)) {
        err = problem_set(p, LM_IO, "cannot watch WebSockets: %s", strerror(errno));
        goto out;
    }
    if (!(w->news = event_listen(l->bus, NEWS, wake, w))) {
        err = problem_set(p, LM_NOMEM, "no memory for the WebSocket server");
        goto out;
    }
    if ((err = thread_start(&w->thread, &(struct thread_options){ .name = "ws", .stack = 512 << 10, .nice = -5 }, run, w))) {
        event_unlisten(w->news);
        problem_set(p, err, "cannot start the thread of the WebSocket server");
        goto out;
    }
    show_follow_audio(l->show, wake, w);
    *result = w, w = NULL;
out:
    if (w)
        release(w);
    return err;
}

void ws_stop(struct ws *w)
{
    if (!w)
        return;
    w->is_stopping = true;
    wake(w);
    pthread_join(w->thread, NULL);
    show_follow_audio(w->lumad->show, NULL, NULL);
    event_unlisten(w->news); /* no wake() after this */
    release(w);
}
