#pragma once
/*
 * One run of a worker program (analysis.md): started in a process group of its own, niced, watched, ended. It prints JSON lines: {"progress","step"}
 * while it works, then {"result"} and status 0, or {"error":{"code","message"}} and another status. Anything else it prints, a line beyond JSON_MAX_BYTES, a
 * crash, or no line for `quiet_ms` is a failure, with what it wrote to stderr as the log.
 *
 * THREADS  worker_run(): any non-real-time thread, which waits in it; a worker dies with the thread that runs it. worker_cancel(): any other.
 */
#include <jansson.h>
#include <stdbool.h>

#include "core/err.h"

enum { WORKER_LOG = 4096, WORKER_QUIET_MS = 60000 };

struct worker_end {
    json_t *result;                         /* of {"result"}; the caller's to decref; NULL when it failed */
    char code[32];                          /* of {"error"}, or "crashed", "quiet", "garbage", "cancelled", "not_started" */
    char message[512];                      /* what an operator reads */
    char log[WORKER_LOG];                   /* the end of its stderr; always UTF-8 */
};

/* Cancels one worker_run() from outside. */
struct worker_stop { int fd; };

enum lm_err worker_stop_init(struct worker_stop *s);
void worker_stop_clear(struct worker_stop *s);
void worker_cancel(struct worker_stop *s);      /* SIGTERM, and SIGKILL half a second later; worker_run() then returns */

struct worker_options {
    const char *const *argv;                /* argv[0] is the path of the program; NULL-terminated */
    int quiet_ms;                           /* 0 = WORKER_QUIET_MS */
    struct worker_stop *stop;               /* may be NULL */
    void (*progress)(void *ctx, double progress, const char *step);     /* may be NULL; from the thread in worker_run() */
    void *ctx;
};

/* LM_OK only with a result. LM_INVALID: it said why; LM_IO: it crashed, talked nonsense or fell silent; LM_TIMEOUT never: silence is LM_IO with code "quiet";
 * LM_CONFLICT: cancelled. `end` is filled in every case. */
enum lm_err worker_run(const struct worker_options *o, struct worker_end *end);
void worker_end_clear(struct worker_end *end);
