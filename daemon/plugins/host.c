#include "plugins/host.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/child.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/path.h"
#include "core/str.h"
#include "plugins/arena.h"
#include "plugins/protocol.h"

enum { LOAD_MS = 2000, SLICE_MS = 100, CLOCK_FACTOR = 4, DYING_MS = 100 };

struct host {
    pid_t pid;
    int sock, call_ms;
    struct host_arena arena;
    atomic_bool is_down;
    char why[200];              /* written once, before is_down */
};

/* --- start --- */

static enum lm_err spawn(struct host *h, const struct host_options *o, const char *path, int theirs)
{
    char parent[24];

    snprintf(parent, sizeof parent, "%ld", (long)getpid());
#ifdef __SANITIZE_ADDRESS__             /* else its report would be lost */
    enum { TALK = CHILD_SAME };
#else
    enum { TALK = CHILD_NULL };
#endif
    return child_start(&(struct child_options){
        .path = path, .argv = (const char *const[]){ path, o->name, parent, NULL },
        .files = { CHILD_NULL, TALK, TALK, [HOST_FD_SOCKET] = theirs, [HOST_FD_IMAGE] = o->image }, .n_files = HOST_FD_IMAGE + 1 }, &h->pid);
}

enum lm_err host_start(const struct host_options *o, struct host **result, struct problem *p)
{
    char path[PATH_SIZE];
    int pair[2] = { -1, -1 };
    struct host *h = calloc(1, sizeof *h);
    enum lm_err err = path_worker("node_worker", path, p);

    *result = NULL;
    if (!h || err) {
        free(h);
        return err ? err : problem_set(p, LM_NOMEM, "no memory for it");
    }
    h->pid = -1, h->sock = -1, h->arena.fd = -1, h->call_ms = o->call_ms;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        err = lm_err_from_errno(errno);
    } else {
        h->sock = pair[0];
        err = host_arena_reserve(&h->arena, HOST_ARENA_MIN) ? spawn(h, o, path, pair[1]) : lm_err_from_errno(errno);
    }
    if (err)
        problem_set(p, err, "its process cannot be started: %s", strerror(errno));
    if (pair[1] >= 0)
        close(pair[1]);
    if (err)
        host_free(h);
    else
        *result = h;
    return err;
}

void host_free(struct host *h)
{
    if (!h)
        return;
    if (h->pid > 0) {
        kill(h->pid, SIGKILL);
        while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (h->sock >= 0)
        close(h->sock);
    host_arena_clear(&h->arena);
    free(h);
}

/* --- end --- */

bool host_is_down(const struct host *h)
{
    return atomic_load(&h->is_down);
}

const char *host_why(const struct host *h)
{
    return atomic_load(&h->is_down) ? h->why : "";
}

int host_fd(const struct host *h)
{
    return h->sock;
}

static const char *meaning(int signal)
{
    static const struct { int signal; const char *text; } known[] = {
        { SIGFPE, "it divided by zero" }, { SIGSEGV, "it used memory that is not its own" }, { SIGBUS, "it used memory that is not there" },
        { SIGABRT, "it gave up" }, { SIGILL, "it ran into what is no instruction" }, { SIGKILL, "it was killed from outside" },
        { SIGSYS, "it asked the system for what it may not" }, { SIGTERM, "it was ended from outside" }, { 0, NULL },
    };

    for (size_t i = 0; known[i].text; i++)
        if (known[i].signal == signal)
            return known[i].text;
    return "it got a signal";
}

/* How the process ended, without taking that knowledge away from host_free(). false: it has not. */
static bool how_it_ended(struct host *h)
{
    siginfo_t info = { 0 };

    if (waitid(P_PID, (id_t)h->pid, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
        return false;
    if (info.si_code == CLD_EXITED)
        snprintf(h->why, sizeof h->why, "its process ended by itself, with status %d", info.si_status);
    else
        snprintf(h->why, sizeof h->why, "its process crashed (SIG%s): %s", sigabbrev_np(info.si_status), meaning(info.si_status));
    return true;
}

/* Its side of the connection is closed: the kernel does that a moment before the process counts as ended. */
static void went_down(struct host *h)
{
    struct timespec moment = { 0, 1000000 };

    for (int i = 0; i < DYING_MS; i++) {
        if (how_it_ended(h))
            break;
        nanosleep(&moment, NULL);
    }
    if (!h->why[0])
        snprintf(h->why, sizeof h->why, "it closed its connection to lumad");
    kill(h->pid, SIGKILL);
    atomic_store(&h->is_down, true);
}

static void end_it(struct host *h, const char *why)
{
    str_copy(h->why, sizeof h->why, why);
    kill(h->pid, SIGKILL);
    atomic_store(&h->is_down, true);
}

void host_look(struct host *h)
{
    struct pollfd fd = { .fd = h->sock };

    if (!host_is_down(h) && poll(&fd, 1, 0) > 0 && fd.revents & (POLLHUP | POLLERR))
        went_down(h);
}

/* --- ask --- */

static int64_t cpu_ns(const struct host *h)
{
    struct timespec t;
    clockid_t clock;

    if (clock_getcpuclockid(h->pid, &clock) || clock_gettime(clock, &t))
        return 0;
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static bool ask(struct host *h, enum host_kind kind)
{
    struct host_request q = { .kind = kind, .has_arena = h->arena.is_new, .arena_bytes = h->arena.bytes };
    struct iovec part = { &q, sizeof q };
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t n;

    if (h->arena.is_new) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &h->arena.fd, sizeof(int));
    }
    do
        n = sendmsg(h->sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    h->arena.is_new = h->arena.is_new && n != sizeof q;
    return n == sizeof q;
}

/* Its answer, or the host is down. `stop`: NULL or what ends the waiting. */
static bool hear(struct host *h, int ms, const atomic_bool *stop, struct host_reply *r)
{
    int64_t began = clock_mono_ns(), cpu = cpu_ns(h), limit = ms * INT64_C(1000000);
    struct pollfd fd = { .fd = h->sock, .events = POLLIN };
    char why[80];

    for (;;) {
        int n = poll(&fd, 1, ms / 8 < SLICE_MS ? ms / 8 + 1 : SLICE_MS);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0) {
            ssize_t got = recv(h->sock, r, sizeof *r, MSG_DONTWAIT);
            if (got == sizeof *r) {
                r->message[sizeof r->message - 1] = '\0';
                return true;
            }
            if (got < 0 && (errno == EAGAIN || errno == EINTR))
                continue;
            break;
        }
        if (n == 0 && stop && atomic_load(stop)) {
            end_it(h, "lumad is stopping");
            return false;
        }
        if (n == 0 && (clock_mono_ns() - began > CLOCK_FACTOR * limit || cpu_ns(h) - cpu > limit)) {
            snprintf(why, sizeof why, "it took longer than %d ms and was ended", ms);
            end_it(h, why);
            return false;
        }
    }
    went_down(h);
    return false;
}

/* One question, one answer. false: `message` has a sentence. */
static bool talk(struct host *h, enum host_kind kind, int ms, const atomic_bool *stop, struct host_reply *r, char *message, size_t size)
{
    if (!host_is_down(h)) {
        if (!ask(h, kind))
            went_down(h);
        else if (hear(h, ms, stop, r) && r->kind != (uint32_t)kind)
            end_it(h, "it answered what was not asked and was ended");
    }
    if (host_is_down(h)) {
        str_copy(message, size, h->why);
        return false;
    }
    utf8_tidy(message, r->message, size < sizeof r->message ? size - 1 : sizeof r->message - 1);
    return r->status == HOST_OK;
}

enum lm_err host_describe(struct host *h, const atomic_bool *stop, json_t **description, struct problem *p)
{
    struct host_reply r = { 0 };
    char message[sizeof r.message];

    *description = NULL;
    if (!talk(h, HOST_DESCRIBE, LOAD_MS, stop, &r, message, sizeof message))
        return problem_set(p, LM_INVALID, "%s", message);
    if (r.bytes > h->arena.bytes)
        return problem_set(p, LM_INVALID, "its description is longer than its memory");
    /* A copy: the other side could still be writing. */
    char *text = malloc(r.bytes + 1);
    if (!text)
        return problem_set(p, LM_NOMEM, "no memory for its description");
    memcpy(text, h->arena.map, r.bytes);
    enum lm_err err = json_parse(text, r.bytes, description, p);
    free(text);
    return err;
}

bool host_run(struct host *h, const struct plugin_node *node, const struct node_io *io, char *message, size_t size)
{
    struct host_reply r = { 0 };

    if (!host_arena_fill(&h->arena, node, io, message, size) || !talk(h, HOST_RUN, h->call_ms, NULL, &r, message, size))
        return false;
    host_arena_take(&h->arena, node, io);
    return true;
}
