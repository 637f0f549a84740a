#pragma once
/* What jobs.c (the calls), jobs_decoded.c and jobs_run.c (scheduler and workers) share. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "analysis/jobs.h"
#include "analysis/steps.h"
#include "analysis/worker.h"
#include "core/uuid.h"

enum { PINS = 16, PIN_MS = 60000 };

/* A job that is queued or running; what is over lives in the database only. */
struct job {
    char id[UUID_SIZE], track_id[UUID_SIZE];
    const struct step *step;
    int64_t priority;
    uint64_t order;                     /* of queueing */
    int crashes, attempts;
    bool is_urgent;                     /* somebody waits for it: a worker more than the limit, if need be */
    bool is_running, is_cancelled;
    double progress;
    char said[64];                      /* what the worker says it is doing */
    int64_t told_ms;                    /* when listeners last heard of its progress */
    struct worker_stop stop;
    struct jobs *owner;
    struct job *next;
};

struct jobs {
    struct jobs_options o;
    char data_dir[PATH_SIZE];
    pthread_mutex_t queueing;           /* one decision what to queue at a time; outside `lock`; held while rows are written */
    pthread_mutex_t lock;               /* guards what follows; never held while the database is asked */
    pthread_cond_t changed;             /* anything below */
    struct job *first;
    uint64_t orders;
    int running;                        /* threads */
    int limit;                          /* workers at a time */
    bool is_stopping, must_schedule;
    struct { char track_id[UUID_SIZE]; int64_t ms; } pins[PINS];    /* decoded audio that was just asked for */
    size_t next_pin;
    pthread_t scheduler;
};

int64_t jobs_now_ms(void);
struct job *jobs_find(struct jobs *j, const char *id);                                  /* lock held */
struct job *jobs_find_kind(struct jobs *j, const char *track_id, const char *kind);     /* lock held */
/* Writes the rows of new jobs and puts them into the queue; `queueing` held. ids: of the rows, in the order of the steps. */
enum lm_err jobs_add(struct jobs *j, const char *track_id, const struct step *const *steps, size_t n, bool is_urgent, char (*ids)[UUID_SIZE],
                     struct problem *p);
enum lm_err jobs_put_row(struct jobs *j, const char *id, json_t *members, struct problem *p);   /* takes the reference */
const json_t *jobs_newest(const json_t *rows, const char *kind);                        /* of rows that are the newest first; NULL: none of that kind */
void jobs_wait_until(struct jobs *j, int64_t deadline_ms);                              /* for any change; lock held */
void *jobs_schedule(void *arg);                                                         /* the scheduler thread */
