#pragma once
/*
 * `lumad --demo`: puts the demo show into a data directory, once: renders the track (workers/demo_worker, our own material), imports it, stores its known
 * beats as an operator's correction would be stored, creates the venue, patterns and score of config/demo/, and sets the autoplay to loop it. What is there is left alone, so an
 * operator may edit the demo and start it again.
 *
 * THREADS  Any non-real-time thread, after the jobs are running.
 */
#include "analysis/jobs.h"
#include "core/err.h"
#include "db/db.h"
#include "library/library.h"

/* *venue_id, *score_id (UUID_SIZE) of the demo. LM_NOT_FOUND: config/demo is missing. */
enum lm_err demo_install(struct db *db, struct jobs *jobs, struct library *library, const char *data_dir, char venue_id[37], char score_id[37],
                         struct problem *p);
