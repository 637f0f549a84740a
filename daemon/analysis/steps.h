#pragma once
/*
 * What can be done to a track, as a table: which program does it, what it needs, where its result goes. A new analyser is a file step_x.c, a row of the list in steps.c and
 * a program in workers/.
 *
 * THREADS  step_store() runs on the database's writer thread, the rest on the thread of the job.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/event.h"
#include "core/path.h"
#include "core/uuid.h"
#include "db/db.h"
#include "db/domain.h"

enum { STEP_ARGS = 32, STEP_AFTER = 4 };

/* One run of a step. */
struct step_run {
    const struct step *step;
    const char *data_dir;
    char track_id[UUID_SIZE];
    char program[PATH_SIZE], source[PATH_SIZE], pcm[PATH_SIZE], preview[PATH_SIZE], full[PATH_SIZE];
    char hash[72];
    struct { char source[PATH_SIZE], pcm[PATH_SIZE]; } stem[TRACK_STEMS];       /* decode_stems */
    struct track_stem stems[TRACK_STEMS]; size_t n_stems;
    char dir[PATH_SIZE];                /* has_dir: DATA/cache/<track id>.<step>.d, for what the worker reads and writes */
    const char *argv[STEP_ARGS];
    const json_t *result;               /* what the worker said */
    char *preview_data, *full_data;
    size_t preview_n, full_n;
};

struct step {
    const char *name;                   /* job kind */
    const char *worker;
    const char *analyser;               /* stored with the result; NULL: nothing is stored under a name */
    int version;
    bool needs_pcm;                     /* decoded audio must be there */
    bool makes_pcm;                     /* what it makes is in the cache, which it may have filled */
    const char *after[STEP_AFTER];      /* steps of the same track that must be over first, when they are queued: this one reads what they found */
    bool has_dir;                       /* a folder of its own, gone with the run */
    bool is_on_demand;                  /* done when somebody reads what it makes, not with every track */
    void (*tell)(const struct step_run *r, struct event_bus *bus);     /* after it is done: what no row says. May be NULL */
    bool (*is_there)(struct db_conn *c, const char *data_dir, const struct step *s, const char *track_id);
    enum lm_err (*prepare)(struct step_run *r, struct db_conn *c, struct problem *p);   /* sets argv behind argv[0] */
    enum lm_err (*collect)(struct step_run *r, struct problem *p);                      /* reads files the worker wrote; may be NULL */
    enum lm_err (*store)(struct db_conn *c, const struct step_run *r, struct problem *p);
};

extern const struct step *const steps[];                /* in the order they are done; ended by NULL */
const struct step *step_find(const char *name);         /* NULL */

enum lm_err step_prepare(struct step_run *r, const struct step *s, const char *data_dir, const char *track_id, struct db_conn *c, struct problem *p);
void step_clear(struct step_run *r);                    /* frees, removes its temporary files */

/* What jobs_track_analysis() tells about, also steps that have no analyser here (their rows may come from elsewhere). */
struct step_result { const char *name, *sql; /* analyser_version of the row, for a track id */ };
extern const struct step_result step_results[];
/* *version of the stored result; false: there is none. */
bool step_result_there(struct db_conn *c, const struct step_result *r, const char *track_id, int64_t *version, char analyser[64]);
