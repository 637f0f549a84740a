#pragma once
/*
 * Work on tracks that takes time: the steps of analysis/steps.h, each run by a worker process that prints JSON lines (analysis/worker.h). A job is a row: a restart goes on
 * where it was, what was running is queued again (once; a job that was running at two crashes of lumad in a row is failed).
 *
 * Order: what somebody waits for now; the tracks that were opened or loaded last (jobs_prefer()), the newest first; the priority; quick steps before slow ones; first come,
 * first served. A step waits for the steps it comes after, a quick one not for a slow one (steps.h). At most one worker works on a step of a track.
 *
 * Room: at most `jobs_concurrency` workers (default: cores - 1, at least 1) at a time, one more for a preferred track and any number that somebody waits for; and only as
 * many as there is memory for: what a step usually needs must be available besides a reserve. One may always run. A job that has waited for memory for
 * a minute is not overtaken any more.
 *
 * Failure: a worker that crashes, hangs, talks nonsense or takes too much memory is a failed job with its log, and lumad goes on. What may pass (a crash, no memory,
 * a full disk, something in use) is tried again after 5 s, 30 s and 2 min, and says so in `error` meanwhile. When decoding fails, every job of the track that needs the
 * sound fails with the same reason; the failure of any other step stops nobody.
 *
 * What a newer result of another step or a correction makes stale is done again by itself (analysis/steps.h).
 *
 * THREADS  Any non-real-time thread. Own threads: one scheduler, one per running worker.
 */
#include <jansson.h>
#include <stdbool.h>

#include "analysis/worker.h"
#include "core/err.h"
#include "core/event.h"
#include "core/uuid.h"
#include "db/db.h"

struct jobs;

enum { JOBS_RETRIES = 3 };
/* The `priority` of a row. */
enum { JOBS_BATCH = -1, JOBS_NORMAL = 0, JOBS_URGENT = 1 };

struct jobs_options {
    struct db *db;
    struct event_bus *bus;          /* table "jobs" on every state change and at most 5 times a second on progress */
    const char *data_dir;           /* tracks/, cache/ below it */
    int cache_max_mb;
    bool (*is_playing)(void *ctx, const char *track_id);    /* never evict this one's decoded audio */
    void *ctx;
    enum worker_priority priority;  /* of workers nobody waits for and no preferred track has */
    int retry_ms[JOBS_RETRIES];     /* between two attempts; all 0 = 5 s, 30 s, 2 min */
    int memory_mb;                  /* what workers may take; 0 = what the machine has */
    int follow_ms;                  /* from the last change to what it made stale; 0 = 2 s */
};

enum lm_err jobs_new(const struct jobs_options *o, struct jobs **result);
void jobs_free(struct jobs *j);                                 /* kills workers, keeps their rows queued */

/* What a track needs, in order, skipping what is there and up to date (all when `force`). steps: JSON array of names or NULL = every step. jobs: array of job rows. */
enum lm_err jobs_analyze(struct jobs *j, const char *track_id, const json_t *steps, bool force, json_t **jobs, struct problem *p);
enum lm_err jobs_page(struct jobs *j, const char *track_id, int limit, json_t **page, struct problem *p);       /* newest first, live progress and "seconds_left" (null: not known) */
enum lm_err jobs_get(struct jobs *j, const char *id, json_t **job, struct problem *p);
enum lm_err jobs_cancel(struct jobs *j, const char *id, json_t **job, struct problem *p);                       /* LM_CONFLICT: already over */
enum lm_err jobs_retry(struct jobs *j, const char *id, json_t **job, struct problem *p);
size_t jobs_active(struct jobs *j);
void jobs_prefer(struct jobs *j, const char *track_id);         /* it was opened or loaded just now: its jobs, also those that are queued later, come first */

/* The same for many tracks, a part at a time. */
enum { JOBS_ASKED = 16 };
enum jobs_part { JOBS_ALL, JOBS_QUICK, JOBS_SLOW };
struct jobs_request {
    const char *track_id;
    const json_t *steps;
    enum jobs_part part;
    bool force;
    int64_t force_since;            /* wall ms; what was asked for and done since then is not done once more. 0: it is */
    int priority;
};
struct jobs_asked { size_t n; char id[JOBS_ASKED][UUID_SIZE]; };
enum lm_err jobs_ask(struct jobs *j, const struct jobs_request *r, struct jobs_asked *asked, struct problem *p);
/* How far these are, 0..1 by what their steps cost; *is_over: none is queued or running any more. */
double jobs_asked_progress(struct jobs *j, const struct jobs_asked *asked, bool *is_over);
/* Cancels those of them that nobody else has asked for meanwhile, without waiting for their end. */
void jobs_cancel_asked(struct jobs *j, const struct jobs_asked *asked);
void jobs_cancel_track(struct jobs *j, const char *track_id);      /* all of a track that is gone; does not wait for their end */
/* A list of names, or NULL or null; LM_INVALID points at "/steps/0". */
enum lm_err jobs_check_steps(const json_t *steps, struct problem *p);
/* What the steps of a request cost, roughly, in CPU seconds a minute of audio. */
double jobs_cost(struct db_conn *c, const json_t *steps, enum jobs_part part);
/* {"beats":{"state":"none|queued|running|done|failed","progress","stale","version","error"},"waveform":...,"roots":...,"stems":...,"features":...} for a track. */
enum lm_err jobs_track_analysis(struct jobs *j, struct db_conn *c, const char *track_id, json_t **analysis, struct problem *p);

/* The decoded audio of a track: its path in the cache; when it is not there the decode step runs now, first in line, and this waits (up to timeout_ms, LM_BUSY).
 * `c` reads the rows: whoever holds a reader must not wait for another. NULL: one is taken. */
enum lm_err jobs_decoded(struct jobs *j, struct db_conn *c, const char *track_id, int timeout_ms, char **path, struct problem *p);
/* The same of its stems, mono: path[i] of the stem jobs_stem_names[i]; NULL: not separated, or its file is not here. The caller frees the paths. `c`: not NULL. */
enum { JOBS_STEMS = 4 };
extern const char *const jobs_stem_names[JOBS_STEMS];           /* drums, bass, vocals, other */
enum lm_err jobs_stems(struct jobs *j, struct db_conn *c, const char *track_id, int timeout_ms, char *path[JOBS_STEMS], struct problem *p);
/* The same with as many channels as they were made with, to be played. *progress: 0..1 with LM_BUSY. No path: nothing was separated. */
enum lm_err jobs_stems_stereo(struct jobs *j, struct db_conn *c, const char *track_id, int timeout_ms, char *path[JOBS_STEMS], double *progress, struct problem *p);
