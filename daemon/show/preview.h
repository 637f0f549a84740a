#pragma once
/*
 * Graphs on trial: what an editor has open plays on the running show in place of what is stored, until the editor's socket closes.
 *
 * A preview stands for one annotation, for all annotations of one pattern, or (solo) beside the score and over all of it, for a pattern that no
 * annotation uses yet. Nothing of it is stored. Of several that mean the same annotation the newest shows; when it ends the one before shows again, in
 * the end what is stored.
 *
 *   show_client_join(), _leave()   sockets come and go (show.h); only who has one may preview, and the socket's end is the preview's
 *   preview_rows(), preview_graph()  asked by the loader of the score (score.c): the rows to add, and the graph that takes a stored one's place
 *   preview_judge()                what the graph on trial became; when it is broken the loader gives up, and the light that is there stays
 *
 * THREADS  The table has a lock of its own, below `control` of state.h, never held for long: joining and leaving is the ws thread's. The functions here
 *          are the loader's: control lock held.
 * LIMITS   64 previews, 8 of a client; 1 MiB of graph each, 16 MiB together.
 */
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/uuid.h"
#include "show/layers.h"
#include "show/shared.h"
#include "show/show.h"

/* More than the ws thread serves: one that leaves may still be there when the next comes. */
enum { PREVIEW_CLIENTS = 320, PREVIEW_SPANS = 64 };

enum preview_target { PREVIEW_ANNOTATION, PREVIEW_PATTERN, PREVIEW_SOLO };

struct preview {
    struct preview *next;               /* newest first */
    char id[UUID_SIZE];                 /* of the annotation that a solo is */
    char client[UUID_SIZE], of[UUID_SIZE];
    enum preview_target target;
    struct shared *graph;               /* json_t, never changed */
    json_t *args;                       /* of a solo; NULL: the defaults */
    size_t bytes;
    uint64_t serial;                    /* the list is in this order */
    size_t shown;                       /* annotations of the score that play it; the loader counts. Control lock */
    bool is_lit;                        /* the playhead is in one of them */
    double spans[PREVIEW_SPANS][2];     /* where they are, seconds on the track: the first `shown` */
};

struct preview_client { char id[UUID_SIZE], caller[CALLER_SIZE]; };

struct previews {
    pthread_mutex_t lock;
    struct preview_client clients[PREVIEW_CLIENTS];
    size_t n_clients;
    struct preview *first;
    uint64_t serial;
    bool ended;
    bool told;                          /* control thread: the warning is up */
    /* Control lock, and no other: */
    const struct shared *trial;         /* the graph that may not be broken */
    json_t *errors;                     /* what was said of it */
    bool is_refused;
    double now;                         /* where light is taken from */
};

struct previews *previews_new(void);                            /* NULL: no memory */
void previews_free(struct previews *v);                         /* NULL is fine */

/* Before the rows of a score become layers: the annotations of solo previews are added to `rows` (NULL: there is no score), from end to end of the track. */
enum lm_err preview_rows(struct show *s, json_t *rows);
/* The graph that `row` plays instead of the stored one, a new reference; NULL: the stored one. */
struct shared *preview_graph(struct previews *v, const json_t *row);
/* `l` was made of what preview_graph() gave. LM_INVALID: it is the one on trial, and broken. */
enum lm_err preview_judge(struct previews *v, const struct shared *graph, const struct show_layer *l);
/* Whether previews ended since this was asked last, so that the score must be looked at again. Any thread. */
bool previews_ended(struct previews *v);
/* --- between preview.c and preview_ask.c, with the lock held --- */
struct preview_client *preview_client_find(struct previews *v, const char *id);
/* LM_CONFLICT: no such socket; LM_FORBIDDEN: someone else's. */
enum lm_err preview_client_check(struct previews *v, const char *client, const char *caller, struct problem *p);
/* Takes the client's out of the list and counts them in *n; to be freed by the caller without the lock. `of`: those that stand for it; NULL: all. */
struct preview *previews_take(struct previews *v, const char *client, const char *of, size_t *n);
void previews_insert(struct previews *v, struct preview *p);
void preview_free_list(struct preview *p);              /* without the lock; NULL is fine */

/* Raises and lowers the warning that says so; twice a second. */
void show_check_previews(struct show *s);
