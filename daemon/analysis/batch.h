#pragma once
/*
 * Work on many tracks that counts as one: a folder or a playlist that is imported, a library that is analysed again. A batch and its items are rows, so a restart (a crash
 * too) goes on where it was. One thread takes the items of all batches in order, the oldest batch first: an item with a path is imported, then its track is analysed
 * at the lowest priority. The quick steps of all items are done before the slow one (stems) of any; what was heard without stems is heard again with them by itself. Only
 * a few dozen items have jobs at a time, so that a batch of 50,000 costs the scheduler no more than one of 50.
 *
 * One bad item never stops the rest: it is `failed` with its reason, and batch_retry() takes the failed ones again. A file that is in the library already is a
 * `duplicate`; what its track still lacks is analysed all the same.
 *
 * On the wire (a batch, an item):
 *   {"id","kind":"import|analyze","name","state":"running|done|cancelled","total","done","duplicates","failed","cancelled","progress":0..1,"seconds_left":number|null,
 *    "created_at","finished_at"}
 *   {"id","batch_id","position","path","name","track_id","state":"queued|importing|analysing|done|duplicate|failed|cancelled","error"}
 *
 * THREADS  Any non-real-time thread. One own thread.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "analysis/jobs.h"
#include "core/err.h"
#include "core/event.h"
#include "core/uuid.h"
#include "db/db.h"

struct batches;

/*
 * Brings the file `path` of this machine into the library and applies what `params` (the item's, an object) says; queues no jobs, the batch does. Runs on the batches' thread. LM_OK: track_id is set,
 * *is_duplicate when the very same file was there already (params are applied to it all the same, where they say so). Anything else: the item has failed, with p->detail as
 * the reason an operator reads; when track_id is set all the same (the file came in, its beats did not fit) the track is analysed. `is_stopping` (may be asked often) is true when lumad stops or the batch was cancelled: a long copy then ends with LM_BUSY and leaves nothing.
 */
typedef enum lm_err batch_import_fn(void *ctx, const char *path, const json_t *params, bool (*is_stopping)(void *stop_ctx), void *stop_ctx,
                                    char track_id[UUID_SIZE], bool *is_duplicate, struct problem *p);

struct batches_options {
    struct db *db;
    struct event_bus *bus;              /* table "batches": every change of state, and at most 5 times a second and batch while it goes on */
    struct jobs *jobs;
    batch_import_fn *import;            /* NULL: items with a path cannot be made */
    void *ctx;
};

enum lm_err batches_new(const struct batches_options *o, struct batches **result);
void batches_free(struct batches *b);   /* what runs stays so in its row, for the next start; before jobs_free(). NULL is fine */

/* `items`: [{"path" or "track_id", "name" (shown; default: the file's or the track's), "params": {...}}], 1 to 100,000 of them. LM_INVALID names the wrong one. `kind`: "import" or
 * "analyze". `steps`: array of names or NULL = every step that is missing or out of date; `force`: also what is there. *batch (may be NULL): as on the wire. */
enum lm_err batch_new(struct batches *b, const char *kind, const char *name, const json_t *items, const json_t *steps, bool force, json_t **batch, struct problem *p);
/* Every track of the library, or those of `track_ids` (array; NULL = all), each once. LM_NOT_FOUND: one of them is unknown; LM_CONFLICT: there is none. */
enum lm_err batch_analyze(struct batches *b, const char *name, const json_t *track_ids, const json_t *steps, bool force, json_t **batch, struct problem *p);

enum lm_err batch_page(struct batches *b, int limit, json_t **page, struct problem *p);                         /* newest first; {"items","next"} */
enum lm_err batch_get(struct batches *b, const char *id, json_t **batch, struct problem *p);
/* In order. state: one of the items' or NULL; cursor: of the page before or NULL. */
enum lm_err batch_item_page(struct batches *b, const char *id, const char *state, int limit, const char *cursor, json_t **page, struct problem *p);
enum lm_err batch_cancel(struct batches *b, const char *id, json_t **batch, struct problem *p);                 /* LM_CONFLICT: already over. What is done stays */
enum lm_err batch_retry(struct batches *b, const char *id, json_t **batch, struct problem *p);                  /* its failed and cancelled items; LM_CONFLICT: none */
enum lm_err batch_delete(struct batches *b, const char *id, struct problem *p);                                 /* cancels it first; its tracks stay */
