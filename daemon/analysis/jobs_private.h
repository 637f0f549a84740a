#pragma once
/*
 * What the files of the jobs share: jobs.c (start, stop, queueing), jobs_ask.c (what a track needs), jobs_look.c (rows with what is live), jobs_control.c (cancel, retry,
 * prefer), jobs_schedule.c (what runs next), jobs_run.c (one job), jobs_follow.c (what became stale), jobs_decoded.c (sound for whoever waits).
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "analysis/jobs.h"
#include "analysis/steps.h"
#include "analysis/worker.h"
#include "core/uuid.h"

enum { PINS = 16, PIN_MS = 60000, PREFERRED = 4, STEPS_MAX = JOBS_ASKED };

/* A job that is queued or running; what is over lives in the database only. */
struct job {
    char id[UUID_SIZE], track_id[UUID_SIZE];
    uint64_t track;                     /* hash of track_id: most comparisons end here */
    const struct step *step;
    int priority;
    uint64_t order;                     /* of queueing */
    int crashes, attempts;
    int tries;                          /* since it was queued: how often it failed of what may pass */
    int decodes;                        /* how often the sound was decoded for it and was not there after all, in a row */
    bool is_urgent;                     /* somebody waits for it: a worker more than the limit, if need be */
    bool is_running;                    /* somebody works on it: its worker, or the scheduler that looks at it; nobody else takes it then */
    bool is_cancelled, has_tried_stems;
    int64_t not_before_ms;              /* a pause between two attempts, or until memory is looked at again */
    int64_t hungry_ms;                  /* since when there is no memory for it; 0: there is */
    int64_t started_ms;
    int memory_mb;                      /* of its worker, usually */
    double progress, left_s;            /* left_s < 0: not known */
    int64_t left_ms;                    /* when left_s was reckoned */
    char said[64];                      /* what the worker says it is doing */
    int64_t told_ms;                    /* when listeners last heard of its progress */
    struct worker_stop stop;
    struct jobs *owner;
    struct job *next;
};

struct follow;

struct jobs {
    struct jobs_options o;
    char data_dir[PATH_SIZE];
    pthread_mutex_t queueing;           /* one decision what to queue at a time; outside `lock`; held while rows are written */
    pthread_mutex_t lock;               /* guards what follows; never held while the database is asked */
    pthread_cond_t changed;             /* anything below */
    struct job *first;                  /* in the order of queueing */
    uint64_t orders, forgotten;         /* forgotten: orders when old rows last were */
    int running;                        /* threads */
    int limit;                          /* workers at a time */
    bool is_stopping, must_schedule, has_news;
    struct { char track_id[UUID_SIZE]; int64_t ms; } pins[PINS];    /* decoded audio that was just asked for or made */
    size_t next_pin;
    uint64_t preferred[PREFERRED];      /* tracks, the last first */
    struct follow *follow;              /* the scheduler's thread only */
    pthread_t scheduler;
};

int64_t jobs_now_ms(void);
int jobs_preference(const struct jobs *j, const struct job *job);                       /* PREFERRED for the track that was opened last, 0 for those that were not; lock held */
uint64_t jobs_track_key(const char *track_id);
/* Lock held. */
struct job *jobs_find(struct jobs *j, const char *id);
struct job *jobs_find_kind(struct jobs *j, const char *track_id, const char *kind);
void jobs_wait_until(struct jobs *j, int64_t deadline_ms);                              /* for any change; < 0: as long as it takes */
void jobs_pin(struct jobs *j, const char *track_id);                                    /* its decoded audio is kept for PIN_MS */

/* Writes the rows of new jobs and puts them into the queue; `queueing` held. ids: of the rows, in the order of the steps. */
enum lm_err jobs_add(struct jobs *j, const char *track_id, const struct step *const *steps, size_t n, int priority, char (*ids)[UUID_SIZE], struct problem *p);
enum lm_err jobs_requeue(struct jobs *j, const char *id, const char *track_id, const struct step *s, int attempts);     /* whose row says "queued" already */
enum lm_err jobs_put_row(struct jobs *j, const char *id, json_t *members, struct problem *p);   /* takes the reference */
const json_t *jobs_newest(const json_t *rows, const char *kind);                        /* of rows that are the newest first; NULL: none of that kind */

void jobs_forget_old(struct jobs *j);                                                   /* rows of jobs that are long over; no lock held */

/* jobs_run.c. The job is ours (is_running). */
void *jobs_run(void *job);                                                              /* a thread's function; counted in `running` before */
void jobs_fail_dependents(struct jobs *j, const char *track_id, const char *state, const char *error);
void jobs_drop(struct jobs *j, struct job *job, const char *state, const char *error);  /* ends one that never ran */

void *jobs_schedule(void *jobs);                                                        /* the scheduler thread */
int jobs_memory_mb(void);                                                               /* jobs_memory.c: what workers may take now; < 0: nobody knows */

/* jobs_follow.c: on the scheduler's thread. */
struct follow *follow_new(struct jobs *j);                                              /* NULL: no memory */
void follow_free(struct follow *f);
int64_t follow_work(struct follow *f);                                                  /* what is due; when the next is, < 0: never. No lock held */
