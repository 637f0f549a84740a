#pragma once
/* What batch.c (the calls), batch_run.c (the thread) and batch_meter.c (how far, how long) share. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "analysis/batch.h"
#include "db/batches.h"

enum { LIVE_MAX = 64 };

/* An item whose jobs were asked for. */
struct live {
    struct batch_item item;
    struct jobs_asked asked;
    double progress;
};

/* How far a running batch is. */
struct meter {
    char id[UUID_SIZE];
    double progress, rate;              /* rate: a second, smoothed; < 0: not known */
    double begun_at;                    /* progress when begun_ms was */
    int64_t begun_ms, reckoned_ms, told_ms;
    double reckoned;                    /* progress when reckoned_ms was */
    bool is_used;                       /* in the round that is made now */
};

struct batches {
    struct batches_options o;
    struct event_listener *news;
    pthread_t thread;
    pthread_mutex_t work;               /* what is decided about items and written of them; not held while a file is imported */
    struct live live[LIVE_MAX];
    size_t n_live;
    int64_t metered_ms;                 /* when the meters last were updated */
    uint64_t changes;                   /* of batches, from outside: what was read before is old */
    char importing[UUID_SIZE];          /* the batch whose item is being imported; "" none */

    pthread_mutex_t lock;               /* of the meters; nothing else is asked while it is held */
    struct meter *meters;
    size_t n_meters, cap_meters;
    atomic_bool is_stopping, is_import_off;     /* off: the batch of the import was cancelled */
};

int64_t batch_now_ms(void);
void *batch_run(void *batches);         /* the thread */
void batch_tell(struct batches *b, const char *id, char op);
/* The steps an item asks for: its own ("steps" of its params), else its batch's. NULL: every one. */
const json_t *batch_steps(const struct batch_item *item, const struct batch_row *row);
enum lm_err batch_check_items(const json_t *items, struct problem *p);

/* batch_meter.c; work held: */
void meters_update(struct batches *b, const char (*ids)[UUID_SIZE], size_t n);  /* of the batches that run, a few times a second: all meters anew, and what is due is told */
/* any thread: "progress" and "seconds_left" of a row. */
void meters_decorate(struct batches *b, json_t *row);
