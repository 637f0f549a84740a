#pragma once
/*
 * Work on tracks that takes time: a table of steps (decode, decode_stems, waveform, beats; stems, roots and features join the table later), each run by a
 * worker process that prints JSON lines (analysis.md), with progress, cancel, a time limit, memory limit, and a crash of the worker as a failed job with its log. Jobs are rows, so a restart goes on where
 * it was: what was running is queued again (once; a job that was running at two crashes in a row is failed).
 *
 * THREADS  Any non-real-time thread. Own threads: one scheduler, one per running worker (at most `jobs_concurrency` of the settings, default cores - 1, at least 1).
 *          Workers are niced.
 */
#include <jansson.h>
#include <stdbool.h>

#include "core/err.h"
#include "core/event.h"
#include "core/uuid.h"
#include "db/db.h"

struct jobs;

struct jobs_options {
    struct db *db;
    struct event_bus *bus;          /* table "jobs" on every state change and at most 5 times a second on progress */
    const char *data_dir;           /* tracks/, cache/ below it */
    int cache_max_mb;
    bool (*is_playing)(void *ctx, const char *track_id);    /* never evict this one's decoded audio */
    void *ctx;
};

enum lm_err jobs_new(const struct jobs_options *o, struct jobs **result);
void jobs_free(struct jobs *j);                                 /* kills workers, keeps their rows queued */

/* What a track needs, in order, skipping what is there (all when `force`). steps: JSON array of names or NULL = every step. jobs: array of job rows. */
enum lm_err jobs_analyze(struct jobs *j, const char *track_id, const json_t *steps, bool force, json_t **jobs, struct problem *p);
enum lm_err jobs_page(struct jobs *j, const char *track_id, int limit, json_t **page, struct problem *p);       /* newest first, live progress */
enum lm_err jobs_get(struct jobs *j, const char *id, json_t **job, struct problem *p);
enum lm_err jobs_cancel(struct jobs *j, const char *id, json_t **job, struct problem *p);                       /* LM_CONFLICT: already over */
enum lm_err jobs_retry(struct jobs *j, const char *id, json_t **job, struct problem *p);
size_t jobs_active(struct jobs *j);
/* {"beats":{"state":"none|queued|running|done|failed","progress","version","error"},"waveform":...,"roots":...,"stems":...,"features":...} for a track. */
enum lm_err jobs_track_analysis(struct jobs *j, struct db_conn *c, const char *track_id, json_t **analysis, struct problem *p);

/* The decoded audio of a track: its path in the cache; when it is not there the decode step runs now, first in line, and this waits (up to timeout_ms, LM_BUSY).
 * `c` reads the rows: whoever holds a reader must not wait for another. NULL: one is taken. */
enum lm_err jobs_decoded(struct jobs *j, struct db_conn *c, const char *track_id, int timeout_ms, char **path, struct problem *p);
/* The same of its stems, mono: path[i] of the stem jobs_stem_names[i]; NULL: not separated, or its file is not here. The caller frees the paths. `c`: not NULL. */
enum { JOBS_STEMS = 4 };
extern const char *const jobs_stem_names[JOBS_STEMS];           /* drums, bass, vocals, other */
enum lm_err jobs_stems(struct jobs *j, struct db_conn *c, const char *track_id, int timeout_ms, char *path[JOBS_STEMS], struct problem *p);
