#pragma once
/*
 * What can be done to a track, as a table: which program does it, what it needs, where its result goes. A new analyser is a file step_x.c, a row of the list in steps.c and
 * a program in workers/.
 *
 * `after` makes them a graph: decode -> waveform, beats -> stems -> roots, features. A step waits for those it comes after as long as they are queued or running, and goes on without
 * them when they fail or were never asked for: what it reads of them is an improvement, not a condition. Only decoded audio is one (needs_pcm). A quick step does not even wait
 * for a slow one: chords and drums are heard in the mix within seconds, and once more when the stems are there.
 *
 * A result remembers what it was made from (db/track_inputs.h): the newest version of the results its step comes after, as they were when it began. It is stale when one of them
 * is newer now: beats or stems that were analysed again and came out differently, a grid that was corrected or whose correction was taken away, stems that came where none
 * were. What is stale is done again by itself, two seconds after the last of such changes; the same result once more makes nothing stale.
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

enum { STEP_ARGS = 32, STEP_AFTER = 4, STEP_MEMORY_MB = 150 };

/* One run of a step. */
struct step_run {
    const struct step *step;
    const char *data_dir;
    char track_id[UUID_SIZE];
    char program[PATH_SIZE], source[PATH_SIZE], pcm[PATH_SIZE], preview[PATH_SIZE], full[PATH_SIZE];
    char hash[72];
    struct { char source[PATH_SIZE], pcm[PATH_SIZE]; } stem[TRACK_STEMS];       /* decode_stems and decode_stems_stereo */
    struct track_stem stems[TRACK_STEMS]; size_t n_stems;
    char out[PATH_SIZE], out_name[64];  /* stems: the folder that is made, and its place in the data directory */
    char model[PATH_SIZE], threads[8];  /* stems: the model that separates */
    bool is_cancelled;                  /* by somebody who may go on with it later */
    bool is_paused;                     /* lumad stops, or it is tried again: what the worker keeps to go on from stays */
    char dir[PATH_SIZE];                /* has_dir: DATA/cache/<track id>.<step>.d, for what the worker reads and writes */
    const char *argv[STEP_ARGS];
    const json_t *result;               /* what the worker said */
    int64_t inputs;                     /* version of the newest input, see above */
    bool is_done;                       /* and it is stored */
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
    bool waits_only;                    /* comes after these to keep nobody waiting, and reads nothing of them: no result of theirs makes its own stale */
    bool has_dir;                       /* a folder of its own, gone with the run */
    bool reads_stems;                   /* stems that are here are decoded first; it still runs when that fails (step_stem_decoded()) */
    bool is_on_demand;                  /* done when somebody reads what it makes, not with every track */
    bool (*is_automatic)(struct db_conn *c, const char *data_dir);      /* done with every track? NULL: is_on_demand says so. data_dir NULL: as a rule */
    bool is_slow;                       /* minutes, or after such: the quick steps of all tracks come before */
    double cost;                        /* CPU seconds a minute of audio, roughly: for the share of a progress; 0 = 1 */
    int memory_mb;                      /* what it usually needs besides files it maps; 0 = STEP_MEMORY_MB. One that takes step_memory_limit() is ended */
    int (*memory)(struct db_conn *c, const char *data_dir);             /* the same, where it depends on what is installed; NULL: memory_mb */
    int quiet_s;                        /* no sign of life for so long is a hang; 0 = WORKER_QUIET_MS */
    void (*tell)(const struct step_run *r, struct event_bus *bus);     /* after it is done: what no row says. May be NULL */
    bool (*is_there)(struct db_conn *c, const char *data_dir, const struct step *s, const char *track_id);
    enum lm_err (*prepare)(struct step_run *r, struct db_conn *c, struct problem *p);   /* sets argv behind argv[0] */
    enum lm_err (*collect)(struct step_run *r, struct problem *p);                      /* reads files the worker wrote; may be NULL */
    enum lm_err (*store)(struct db_conn *c, const struct step_run *r, struct problem *p);
    void (*clear)(struct step_run *r);  /* at the end of a run, whatever came of it; may be NULL */
};

extern const struct step *const steps[];                /* in the order they are done; ended by NULL */
const struct step *step_find(const char *name);         /* NULL */

enum lm_err step_prepare(struct step_run *r, const struct step *s, const char *data_dir, const char *track_id, struct db_conn *c, struct problem *p);
void step_tidy(struct step_run *r);                     /* removes its temporary files; before another run of the same step may begin */
void step_clear(struct step_run *r);                    /* frees */

/* --- steps_graph.c --- */
double step_cost(const struct step *s);
int step_memory(const struct step *s, struct db_conn *c, const char *data_dir);         /* MB */
int step_memory_limit(int usual_mb);                                                    /* MB: twice that and 200 */
bool step_comes_after(const struct step *s, const char *name);
int64_t step_inputs(struct db_conn *c, const struct step *s, const char *track_id);     /* version of the newest of what it comes after; 0: there is none */
bool step_can_be_stale(const struct step *s);           /* it stores a result that is made from others */
/* There is a result, and it is stale. */
bool step_is_stale(struct db_conn *c, const struct step *s, const char *track_id);
