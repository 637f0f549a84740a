#pragma once
/*
 * Rows of batches and of their items, and of jobs that are long over. Rows of batches and items (analysis/batch.h says what they are) are of this machine alone and their changes are no events of the bus: whoever works on them tells of them.
 * Connections as in db/table.h.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/uuid.h"
#include "db/db.h"

enum batch_item_state { ITEM_QUEUED, ITEM_IMPORTING, ITEM_ANALYSING, ITEM_DONE, ITEM_DUPLICATE, ITEM_FAILED, ITEM_CANCELLED, ITEM_STATES };
extern const char *const batch_item_states[ITEM_STATES + 1];    /* their names; ended by NULL */

/* How far an item that is being analysed is. */
enum batch_pass { PASS_NEW, PASS_QUICK, PASS_BETWEEN, PASS_SLOW, PASSES };

struct batch_row {
    char id[UUID_SIZE];
    char state[16];
    int64_t created_at;
    json_t *params;                     /* {"steps": [...] or null, "force": bool}; batch_row_clear() */
};

struct batch_item {
    char id[UUID_SIZE], batch_id[UUID_SIZE], track_id[UUID_SIZE];       /* track_id "": none yet */
    enum batch_item_state state;
    enum batch_pass pass;
    bool is_duplicate;
    int starts;                         /* how often its import was begun */
    char *path, *error;                 /* NULL: none; batch_item_clear() */
    json_t *params;
};

/* Of a batch: how many items are in each state, and of those that are analysed in each pass. */
struct batch_tally { int64_t state[ITEM_STATES], pass[PASSES]; };

/* Writing. `items` as batch_new() takes them, checked. */
enum lm_err batch_row_insert(struct db_conn *c, const char *id, const char *kind, const char *name, const json_t *params, int64_t created_at, const json_t *items, struct problem *p);
enum lm_err batch_row_set_state(struct db_conn *c, const char *id, const char *state, int64_t finished_at, struct problem *p);
enum lm_err batch_row_delete(struct db_conn *c, const char *id, struct problem *p);             /* LM_NOT_FOUND */
enum lm_err batch_item_put(struct db_conn *c, const struct batch_item *i, struct problem *p);   /* what may change: all but path and params. Gone meanwhile: nothing */
enum lm_err batch_items_cancel(struct db_conn *c, const char *batch_id, struct problem *p);     /* all that is not over */
enum lm_err batch_items_requeue(struct db_conn *c, const char *batch_id, int64_t *n, struct problem *p);        /* all that failed or was cancelled */
/* At start: what was being imported is queued again (or has failed, when it was so twice), what was being analysed asks its jobs again. */
enum lm_err batch_items_resume(struct db_conn *c, struct problem *p);

/* Of the jobs that are over, those before the newest `keep` are forgotten; one that failed only when the same was tried again later. */
enum lm_err jobs_forget(struct db_conn *c, int keep, struct problem *p);

/* Reading. Rows as on the wire, "total", "done", "duplicates", "failed" and "cancelled" included, "progress" and "seconds_left" not. */
enum lm_err batch_row_json(struct db_conn *c, const char *id, json_t **row, struct problem *p);         /* LM_NOT_FOUND */
enum lm_err batch_row_page(struct db_conn *c, int limit, json_t **rows, struct problem *p);             /* array, newest first */
enum lm_err batch_row_read(struct db_conn *c, const char *id, struct batch_row *row, struct problem *p);
void batch_row_clear(struct batch_row *row);
enum lm_err batch_rows_running(struct db_conn *c, char (**ids)[UUID_SIZE], size_t *n, struct problem *p);       /* oldest first; the caller frees */
/* Whether any item is in this state and one of these passes, without counting them; true when that cannot be read. */
bool batch_has_items(struct db_conn *c, const char *batch_id, enum batch_item_state state, enum batch_pass first, enum batch_pass last);
/* Counts every item: four milliseconds for 50,000. */
enum lm_err batch_row_tally(struct db_conn *c, const char *id, struct batch_tally *t, struct problem *p);
/* In order, those behind `after` (-1: from the first). *next: the position to go on behind, -1 at the end. */
enum lm_err batch_items_json(struct db_conn *c, const char *batch_id, const char *state, int limit, int64_t after, json_t **items, int64_t *next, struct problem *p);
/* The first `max` in this state and (analysing) pass, in order; *n of them into `items`. */
enum lm_err batch_items_take(struct db_conn *c, const char *batch_id, enum batch_item_state state, enum batch_pass pass, struct batch_item *items, size_t max, size_t *n,
                             struct problem *p);
void batch_item_clear(struct batch_item *i);
/* Whether another item of the batch has this track, or the track was there before the batch: what an import that was cut off by a crash cannot know. */
bool batch_track_is_older(struct db_conn *c, const struct batch_item *i, const char *track_id);
