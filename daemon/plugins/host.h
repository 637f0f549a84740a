#pragma once
/*
 * The process of one plug-in, as lumad sees it: workers/node_worker.c, started, asked, ended. protocol.h has the words.
 *
 * A call has `call_ms` of the process's own computing time and four times that by the clock: a machine that is busy is not the plug-in's
 * fault, one that sleeps or waits is. What overruns is killed. A host that is down stays down; a new one takes its place (plugins.c).
 *
 * THREADS  host_start(): the process ends with the thread that called it. host_describe() and host_run(): one at a time, the caller sees to it.
 *          host_is_down(), host_why(), host_fd(): any thread.
 * MEMORY   Arrays lie in shared memory of 1 MiB at first, which grows to HOST_ARENA_MAX; nothing is allocated for a call that fits.
 */
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "graph/plugin.h"

struct host;

struct host_options {
    const char *name;
    int image;                  /* a sealed memfd with the shared object; stays the caller's */
    int call_ms;
};

enum lm_err host_start(const struct host_options *o, struct host **result, struct problem *p);
void host_free(struct host *h);         /* kills and waits; NULL is fine */
/* What it says of itself, for node_plugin_new(). One that never answers holds nobody up once `stop` is true. */
enum lm_err host_describe(struct host *h, const atomic_bool *stop, json_t **description, struct problem *p);
/* false: `message` is a sentence about it. */
bool host_run(struct host *h, const struct plugin_node *node, const struct node_io *io, char *message, size_t size);
bool host_is_down(const struct host *h);
void host_look(struct host *h);         /* down if its process is gone, though nobody called */
const char *host_why(const struct host *h);     /* "it crashed (SIGFPE: ...)"; "" while it is up */
int host_fd(const struct host *h);      /* hangs up when the process ends */
