#pragma once
/*
 * One run of a worker program (analysis.md): started in a session of its own, out of the way of everything else, watched, ended. It prints JSON lines: {"progress","step"}
 * while it works, then {"result"} and status 0, or {"error":{"code","message"}} and another status. Anything else it prints, a line beyond JSON_MAX_BYTES, a
 * crash, more memory than it may have, no line for `quiet_ms` or no other progress for ten times as long is a failure, with what it wrote to stderr as the log. Time in
 * which it was ready to run and did not get a processor is not counted. When the machine has no memory left, the kernel takes a worker before it takes lumad.
 *
 * THREADS  worker_run(): any non-real-time thread, which waits in it; a worker dies with the thread that runs it. worker_cancel(): any other.
 */
#include <jansson.h>
#include <stdbool.h>

#include "core/err.h"

enum { WORKER_LOG = 4096, WORKER_QUIET_MS = 60000 };

/* How much it stands back. */
enum worker_priority {
    WORKER_LOW,                         /* nice 10 */
    WORKER_BATCH,                       /* nice 19, SCHED_BATCH: 1.5 % of a processor that somebody else wants, too */
    WORKER_IDLE,                        /* SCHED_IDLE: what nobody else wants, and at once gone when somebody does */
};

struct worker_end {
    json_t *result;                         /* of {"result"}; the caller's to decref; NULL when it failed */
    char code[32];                          /* of {"error"}, or "crashed", "quiet", "too_much_memory", "garbage", "cancelled", "not_started" */
    bool may_pass;                          /* the same run may go well later: a crash, no memory, a full disk, something in use. Not: a broken file */
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
    enum worker_priority priority;
    int memory_mb;                          /* it and its children together, without files they map; 0 = no limit */
    struct worker_stop *stop;               /* may be NULL */
    void (*progress)(void *ctx, double progress, const char *step);     /* may be NULL; from the thread in worker_run() */
    void *ctx;
};

/* LM_OK only with a result. LM_INVALID: it said why; LM_IO: it crashed, talked nonsense or fell silent; LM_TIMEOUT never: silence is LM_IO with code "quiet";
 * LM_CONFLICT: cancelled. `end` is filled in every case. */
enum lm_err worker_run(const struct worker_options *o, struct worker_end *end);
void worker_end_clear(struct worker_end *end);
