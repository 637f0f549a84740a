#include "audio/card.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/child.h"
#include "core/json.h"
#include "core/log.h"
#include "core/path.h"

/* A report of a sanitizer is for whoever runs the tests. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { ERRORS_ARE_OURS = 1 };
#else
enum { ERRORS_ARE_OURS = 0 };
#endif

void card_init(struct card *c)
{
    *c = (struct card){ .in = -1, .out = -1, .err = -1 };
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

enum lm_err card_start(struct card *c, const char *mode, const char *wish, int memory, struct problem *p)
{
    char path[PATH_SIZE];
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
    enum lm_err e = path_worker("audio_worker", path, p);

    if (e)
        return e;
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
        e = lm_err_from_errno(errno);
    else
        e = child_start(&(struct child_options){ .path = path, .argv = (const char *const[]){ path, mode, wish, NULL },
                                                 .files = { in[0], out[1], ERRORS_ARE_OURS ? CHILD_SAME : err[1], memory }, .n_files = memory < 0 ? 3 : 4 }, &c->pid);
    if (e) {
        problem_set(p, e, "audio_worker cannot be started: %s", strerror(errno));
        c->pid = 0;
        int *ours[] = { &in[1], &out[0], &err[0] };
        for (int i = 0; i < 3; i++)
            shut(ours[i]);
    } else {
        c->in = in[1], c->out = out[0], c->err = err[0];
        fcntl(c->out, F_SETFL, O_NONBLOCK);
        fcntl(c->err, F_SETFL, O_NONBLOCK);
        c->said[0] = '\0';
    }
    int *theirs[] = { &in[0], &out[1], &err[1] };
    for (int i = 0; i < 3; i++)
        shut(theirs[i]);
    return e;
}

/* Its last words are what an assertion says. */
static void hear_errors(struct card *c)
{
    char text[512];
    ssize_t n;

    for (size_t heard = 0; c->err >= 0 && (n = read(c->err, text, sizeof(text) - 1)) != 0; heard += sizeof(text)) {
        if (heard >= CARD_HEARD || (n < 0 && errno != EINTR))
            return;
        if (n < 0)
            continue;
        text[n] = '\0';
        for (char *part = text, *line; (line = strsep(&part, "\n"));)
            if (*line) {
                char clean[sizeof(text) + 1];
                utf8_tidy(clean, line, strlen(line) + 1);
                str_copy(c->said, sizeof(c->said), clean);
                log_debug("audio", "audio_worker: %s", clean);
            }
    }
    shut(&c->err);
}

static bool take_line(const struct str *line, void (*take)(void *ctx, const json_t *line), void *ctx)
{
    struct problem p = { 0 };
    json_t *v = NULL;
    bool is_good = !line->failed && line->len && !json_parse(line->data, line->len, &v, &p) && json_is_object(v);

    if (is_good)
        take(ctx, v);
    json_decref(v);
    return is_good;
}

bool card_read(struct card *c, void (*take)(void *ctx, const json_t *line), void *ctx, bool *is_mad)
{
    char chunk[4096];
    ssize_t n;

    *is_mad = false;
    hear_errors(c);
    for (size_t heard = 0; c->out >= 0; heard += n > 0 ? (size_t)n : 0) {
        if (heard >= CARD_HEARD) {
            *is_mad = true;
            return false;
        }
        if (!(n = read(c->out, chunk, sizeof(chunk))))
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        for (const char *from = chunk, *end = chunk + n, *nl; from < end; from = nl + 1) {
            nl = memchr(from, '\n', (size_t)(end - from));
            str_add_mem(&c->line, from, (size_t)((nl ? nl : end) - from));
            if (c->line.len > CARD_LINE || (nl && !take_line(&c->line, take, ctx))) {
                *is_mad = true;
                return false;
            }
            if (!nl)
                break;
            c->line.len = 0;
        }
    }
    return false;
}

void card_end(struct card *c)
{
    shut(&c->in);
}

void card_kill(struct card *c)
{
    if (c->pid > 0)
        kill(c->pid, SIGKILL);
    shut(&c->in);
}

static void tell(const struct card *c, bool is_known, char *why, size_t size)
{
    if (!is_known)
        snprintf(why, size, "its process is gone");
    else if (WIFSIGNALED(c->status))
        snprintf(why, size, "its process was ended (SIG%s)%s%s", sigabbrev_np(WTERMSIG(c->status)), c->said[0] ? ": " : "", c->said);
    else
        snprintf(why, size, "its process ended by itself, with status %d%s%s", WEXITSTATUS(c->status), c->said[0] ? ": " : "", c->said);
}

bool card_is_gone(struct card *c, char *why, size_t size)
{
    if (c->pid <= 0)
        return true;
    pid_t pid = waitpid(c->pid, &c->status, WNOHANG);
    if (!pid || (pid < 0 && errno != ECHILD))   /* ECHILD: somebody ignores SIGCHLD, so its end was not kept for us */
        return false;
    hear_errors(c);
    tell(c, pid > 0, why, size);
    shut(&c->in);
    shut(&c->out);
    shut(&c->err);
    str_clear(&c->line);
    memset(&c->line, 0, sizeof(c->line));
    c->pid = 0;
    return true;
}
