#pragma once
/*
 * The demo show, of `lumad --demo` and of the page's welcome: puts it into the database, once: renders the track (workers/demo_worker, our own material), imports it, stores
 * its known beats as an operator's correction would be stored, and creates the venue, patterns and score of config/demo/. What is there is left alone, so an
 * operator may edit the demo and start it again.
 *
 * THREADS  Any non-real-time thread, after the jobs are running; takes seconds the first time. A second caller waits for the first.
 */
#include "analysis/jobs.h"
#include "core/err.h"
#include "db/db.h"
#include "library/library.h"

struct demo_how {
    bool with_autoplay;                 /* if it was not there, it also loops by itself from now on */
    bool (*is_gone)(void *ctx);         /* nobody waits for it any more: what is made is dropped; may be NULL. From the caller's thread */
    void *ctx;
};

/* *venue_id, *score_id (UUID_SIZE) of the demo. LM_NOT_FOUND: config/demo is missing; LM_CONFLICT: nobody waited for it. */
enum lm_err demo_install(struct db *db, struct jobs *jobs, struct library *library, const char *data_dir, const struct demo_how *how, char venue_id[37],
                         char score_id[37], struct problem *p);
