#include "analysis/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analysis/worker_usage.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"

enum {
    STALL = 10,                         /* times quiet_ms without another progress */
    LOOK_MS = 250,                      /* between two looks at what it takes */
    STARVED = 5,                        /* it got less than this part of a processor while it could have run */
    IO_IDLE = 3 << 13, IO_PROCESS = 1,  /* ioprio_set(2) has no header */
    TERM_MS = 500,                      /* between SIGTERM and SIGKILL: lumad itself stops in under a second */
    CHUNK = 64 << 10,
};

#define OOM_SCORE "800"                 /* of 1000: the kernel's choice when there is no memory left */

struct worker {
    const struct worker_options *o;
    struct worker_end *end;
    pid_t pid;
    int pidfd, out, err;                /* -1: closed */
    struct str line;
    size_t log_n;
    int64_t last_line_ms, last_step_ms; /* of a line; of one that said something new */
    int64_t killed_ms;                  /* when SIGTERM was sent; 0 not yet */
    int64_t looked_ms, cpu_ms;          /* when worker_usage() was asked, and what it said */
    double progress; char step[64];     /* last said */
    bool is_group_low, is_dead, is_bad; /* bad: `end` says why it is being ended */
    int status;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum lm_err worker_stop_init(struct worker_stop *s)
{
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s->fd < 0 ? lm_err_from_errno(errno) : LM_OK;
}

void worker_stop_clear(struct worker_stop *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void worker_cancel(struct worker_stop *s)
{
    if (eventfd_write(s->fd, 1))
        log_warn("jobs", "a worker cannot be cancelled: %s", strerror(errno));
}

/* --- start --- */

static const struct { int policy, nice; } priorities[] = {
    [WORKER_LOW] = { SCHED_OTHER, 10 }, [WORKER_BATCH] = { SCHED_BATCH, 19 }, [WORKER_IDLE] = { SCHED_IDLE, 19 },
};

/* Between fork and exec: nothing but system calls, another thread may hold any lock. */
static void stand_back(const struct worker_options *o)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY);

    /* A session of its own is a scheduling group of its own (sched(7), autogroup). In lumad's, four of them take what is lumad's share of the processors, and then its threads
     * are not due when they wake, however little these ask for: 6.7 ms late in the middle instead of 0.1. */
    setsid();
    sched_setscheduler(0, priorities[o->priority].policy, &(struct sched_param){ 0 });
    setpriority(PRIO_PROCESS, 0, priorities[o->priority].nice);
    if (o->priority != WORKER_LOW)
        syscall(SYS_ioprio_set, IO_PROCESS, 0, IO_IDLE);
    if (fd >= 0) {
        if (write(fd, OOM_SCORE, sizeof(OOM_SCORE) - 1) < 0)
            _exit(127);
        close(fd);
    }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    /* For what is taken faster than it is looked at; these builds map terabytes. */
    if (o->memory_mb) {
        rlim_t most = (rlim_t)o->memory_mb * 3 / 2 << 20;
        setrlimit(RLIMIT_DATA, &(struct rlimit){ most, most });
    }
#endif
}

static _Noreturn void become(const struct worker_options *o, int out, int err, pid_t parent)
{
    struct sigaction standard = { .sa_handler = SIG_DFL };
    const char *const *argv = o->argv;
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)            /* lumad died before the line above */
        _exit(127);
    stand_back(o);
    for (int s = 1; s < NSIG; s++)
        sigaction(s, &standard, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(127);
    close_range(3, ~0u, 0);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    dprintf(2, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static bool start(struct worker *w)
{
    int out[2] = { -1, -1 }, err[2] = { -1, -1 };
    pid_t parent = getpid();
    bool ok = false;

    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || (w->pid = fork()) < 0)
        goto end;
    if (!w->pid)
        become(w->o, out[1], err[1], parent);
    w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
    w->out = out[0];
    w->err = err[0];
    fcntl(w->out, F_SETFL, O_NONBLOCK);
    fcntl(w->err, F_SETFL, O_NONBLOCK);
    out[0] = err[0] = -1;
    ok = true;
end:
    for (int i = 0; i < 2; i++) {
        if (out[i] >= 0)
            close(out[i]);
        if (err[i] >= 0)
            close(err[i]);
    }
    return ok;
}

/* --- end --- */

static void kill_all(struct worker *w, int sig)
{
    if (w->pid > 0 && kill(-w->pid, sig) && !w->is_dead)
        kill(w->pid, sig);              /* it has not come to its own session yet */
}

/* The first reason stands. */
static void give_up(struct worker *w, const char *code, const char *message)
{
    if (w->is_bad)
        return;
    w->is_bad = true;
    str_copy(w->end->code, sizeof(w->end->code), code);
    str_copy(w->end->message, sizeof(w->end->message), message);
    if (!w->is_dead) {
        kill_all(w, SIGTERM);
        w->killed_ms = now_ms();
    }
}

/* --- what it says --- */

static void add_log(struct worker *w, const char *data, size_t n)
{
    char *log = w->end->log;
    size_t max = WORKER_LOG - 1;

    if (n > max) {
        data += n - max;
        n = max;
    }
    size_t keep = w->log_n + n > max ? max - n : w->log_n;
    memmove(log, log + w->log_n - keep, keep);
    memcpy(log + keep, data, n);
    log[w->log_n = keep + n] = '\0';
}

/* The log goes into JSON: what is no UTF-8, also because the front was cut off, becomes '?'. */
static void clean_log(struct worker *w)
{
    char *s = w->end->log;

    for (size_t i = 0; i < w->log_n;) {
        size_t step = utf8_step(s + i, w->log_n - i);
        if (!step || ((unsigned char)s[i] < ' ' && s[i] != '\n' && s[i] != '\t')) {
            s[i] = '?';
            step = 1;
        }
        i += step;
    }
}

static void take_error(struct worker *w, const json_t *error)
{
    w->is_bad = true;
    str_copy(w->end->code, sizeof(w->end->code), json_get_text(error, "code", "failed"));
    str_copy(w->end->message, sizeof(w->end->message),
             json_get_text(error, "message", "The worker failed without saying why"));
}

static void take_line(struct worker *w, const char *text, size_t n)
{
    struct problem p = { 0 };
    json_t *v = NULL, *result, *error;

    if (w->is_bad)
        return;
    if (json_parse(text, n, &v, &p) || !json_is_object(v)) {
        give_up(w, "garbage", "The worker printed something that is no JSON object");
    } else if ((error = json_object_get(v, "error"))) {
        take_error(w, error);
    } else if ((result = json_object_get(v, "result"))) {
        json_decref(w->end->result);
        w->end->result = json_incref(result);
    } else if (json_is_number(json_object_get(v, "progress"))) {
        double progress = fmax(0, fmin(1, json_get_real(v, "progress", 0)));
        const char *step = json_get_text(v, "step", "");
        if (progress > w->progress || strncmp(step, w->step, sizeof(w->step) - 1))
            w->last_step_ms = now_ms();
        w->progress = fmax(progress, w->progress);
        str_copy(w->step, sizeof(w->step), step);
        if (w->o->progress)
            w->o->progress(w->o->ctx, progress, step);
    } else {
        give_up(w, "garbage", "The worker printed a line without progress, result or error");
    }
    w->last_line_ms = now_ms();
    json_decref(v);
}

static void take_output(struct worker *w, const char *data, size_t n)
{
    for (const char *nl; n && (nl = memchr(data, '\n', n));) {
        size_t part = (size_t)(nl - data);
        str_add_mem(&w->line, data, part);
        if (w->line.len <= JSON_MAX_BYTES && !w->line.failed)
            take_line(w, w->line.data ? w->line.data : "", w->line.len);
        w->line.len = 0;
        data = nl + 1;
        n -= part + 1;
    }
    if (w->line.len <= JSON_MAX_BYTES)
        str_add_mem(&w->line, data, n);
    if (w->line.failed || w->line.len > JSON_MAX_BYTES)
        give_up(w, "garbage", "The worker printed a line that has no end");
}

/* Reads what is there; closes at the end. */
static void drain(struct worker *w, int *fd, void (*take)(struct worker *, const char *, size_t))
{
    char chunk[CHUNK];

    while (*fd >= 0) {
        ssize_t n = read(*fd, chunk, sizeof(chunk));
        if (n > 0) {
            take(w, chunk, (size_t)n);
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        close(*fd);
        *fd = -1;
    }
}

/* --- the loop --- */

/* Groups share the processors by their own nice value, then the processes within. One may be set each tenth of a second, so it is tried until it is taken. */
static void lower_group(struct worker *w)
{
    char path[48], nice[8];

    if (getsid(w->pid) != w->pid)       /* not yet: the group would be ours */
        return;
    snprintf(path, sizeof(path), "/proc/%d/autogroup", (int)w->pid);
    snprintf(nice, sizeof(nice), "%d", priorities[w->o->priority].nice);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    w->is_group_low = fd < 0 || write(fd, nice, strlen(nice)) > 0 || errno != EAGAIN;     /* no such file: no such groups */
    if (fd >= 0)
        close(fd);
}

static void check_usage(struct worker *w)
{
    int64_t now = now_ms(), passed = now - w->looked_ms;
    struct worker_usage u;
    char message[128];

    if (w->killed_ms || passed < LOOK_MS || !worker_usage(w->pid, &u))
        return;
    if (u.is_waiting_for_cpu && (u.cpu_ms - w->cpu_ms) * STARVED < passed) {
        w->last_line_ms += passed;      /* not its fault */
        w->last_step_ms += passed;
    }
    w->looked_ms = now;
    w->cpu_ms = u.cpu_ms;
    if (w->o->memory_mb && u.memory_kb >> 10 > w->o->memory_mb) {
        snprintf(message, sizeof(message), "The worker needed more than %d MB of memory", w->o->memory_mb);
        give_up(w, "too_much_memory", message);
    }
}

static void check_time(struct worker *w)
{
    int64_t quiet = w->o->quiet_ms ? w->o->quiet_ms : WORKER_QUIET_MS, now = now_ms();
    int64_t silent = now - w->last_line_ms, stalled = now - w->last_step_ms;
    char message[128];

    if (w->killed_ms && now - w->killed_ms >= TERM_MS)
        kill_all(w, SIGKILL);
    if (!w->killed_ms && (silent >= quiet || stalled >= STALL * quiet)) {
        snprintf(message, sizeof(message), "The worker showed no progress for %d s", (int)((silent >= quiet ? silent : stalled) / 1000));
        give_up(w, "quiet", message);
    }
}

static void reap(struct worker *w)
{
    pid_t pid = waitpid(w->pid, &w->status, WNOHANG);

    /* ECHILD: somebody ignores SIGCHLD, so its end was not kept for us; what it said must do. */
    if (pid == w->pid || (pid < 0 && errno == ECHILD))
        w->is_dead = true;
}

static void watch(struct worker *w)
{
    bool is_cancelled = false;

    while (!w->is_dead) {
        struct pollfd fds[4] = {
            { .fd = w->out, .events = POLLIN }, { .fd = w->err, .events = POLLIN },
            { .fd = w->pidfd, .events = POLLIN },
            { .fd = w->o->stop && !is_cancelled ? w->o->stop->fd : -1, .events = POLLIN },
        };
        /* Without pidfd (before Linux 5.3) the end is found by looking often. */
        poll(fds, 4, w->pidfd < 0 ? 20 : 100);
        drain(w, &w->out, take_output);
        drain(w, &w->err, add_log);
        if (fds[3].revents) {
            is_cancelled = true;
            give_up(w, "cancelled", "Cancelled");
        }
        if (!w->is_group_low && !w->killed_ms)
            lower_group(w);
        check_usage(w);
        check_time(w);
        reap(w);
    }
    /* What it wrote last; a child of it that holds the pipe open is not waited for. */
    drain(w, &w->out, take_output);
    drain(w, &w->err, add_log);
    kill_all(w, SIGKILL);
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(word, *words))
        words++;
    return *words;
}

static enum lm_err conclude(struct worker *w)
{
    struct worker_end *end = w->end;
    char message[128];

    if (w->line.len && !w->is_bad)
        take_line(w, w->line.data, w->line.len);
    if (!w->is_bad && WIFSIGNALED(w->status)) {
        bool is_killed = WTERMSIG(w->status) == SIGKILL;
        snprintf(message, sizeof(message), is_killed ? "The worker was killed from outside, as happens when no memory is left (SIG%s)" : "The worker crashed (SIG%s)",
                 sigabbrev_np(WTERMSIG(w->status)));
        give_up(w, "crashed", message);
    } else if (!w->is_bad && WEXITSTATUS(w->status)) {
        snprintf(message, sizeof(message), "The worker failed with status %d", WEXITSTATUS(w->status));
        give_up(w, "crashed", message);
    } else if (!w->is_bad && !end->result) {
        give_up(w, "garbage", "The worker ended without a result");
    }
    if (!w->is_bad)
        return LM_OK;
    json_decref(end->result);
    end->result = NULL;
    static const char *const ours[] = { "crashed", "garbage", "quiet", "too_much_memory", NULL };
    static const char *const passing[] = { "crashed", "no_memory", "memory", "full", "write", "io", "busy", NULL };
    end->may_pass = is_one_of(end->code, passing);
    return is_one_of(end->code, ours) ? LM_IO : strcmp(end->code, "cancelled") ? LM_INVALID : LM_CONFLICT;
}

enum lm_err worker_run(const struct worker_options *o, struct worker_end *end)
{
    struct worker w = { .o = o, .end = end, .pidfd = -1, .out = -1, .err = -1,
                        .last_line_ms = now_ms(), .last_step_ms = now_ms(), .looked_ms = now_ms() };
    enum lm_err err;

    memset(end, 0, sizeof(*end));
    if (start(&w)) {
        watch(&w);
        err = conclude(&w);
    } else {
        str_copy(end->code, sizeof(end->code), "not_started");
        end->may_pass = true;
        snprintf(end->message, sizeof(end->message), "The worker cannot be started: %s", strerror(errno));
        err = LM_IO;
    }
    clean_log(&w);
    str_clear(&w.line);
    int fds[] = { w.pidfd, w.out, w.err };
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return err;
}

void worker_end_clear(struct worker_end *end)
{
    json_decref(end->result);
    end->result = NULL;
}
