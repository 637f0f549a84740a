#pragma once
/*
 * What results of an analysis were made from, so that what became stale is found. Versions are those of the rows (hybrid logical clock), which never go back, whatever
 * the wall clock does. Connections as in db/table.h. Steps are named as in analysis/steps.h.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/uuid.h"
#include "db/db.h"

/* Of the result a step of this name stored; 0: it has none, or stores none. As an input: of beats those that count (a corrected grid, else the analysed one, or when the correction
 * was taken away); as a result: when the step itself last stored. */
int64_t track_input_version(struct db_conn *c, const char *track_id, const char *step);
int64_t track_result_version(struct db_conn *c, const char *track_id, const char *step);
/* The kinds of results there are, also those that no analyser here makes (their rows may come from elsewhere); NULL behind the last. */
const char *track_result_name(int i);
/* SQL that follows EXISTS (SELECT 1 FROM and is completed by an expression for the track's id: there is such a result. */
const char *track_result_there(int i);
/* Who made the result that counts; false: there is none. */
bool track_result_made_by(struct db_conn *c, const char *track_id, const char *step, char analyser[64], int64_t *version);
/* What the newest result was made from; the result's own version when nothing is known. */
int64_t track_made_from(struct db_conn *c, const char *track_id, const char *step);
enum lm_err track_set_made_from(struct db_conn *c, const char *track_id, const char *step, int64_t inputs, struct problem *p);
/* The track a row of "track_beats" or "track_stems" is of. */
bool track_of_result(struct db_conn *c, const char *table, const char *row_id, char track_id[UUID_SIZE]);

/* Of the tracks whose sound is on this machine. Adds to `ids` (an object with track ids as keys) every one whose result of this step is by `analyser` in a version before `version`. */
enum lm_err tracks_outdated(struct db_conn *c, const char *step, const char *analyser, int version, json_t *ids, struct problem *p);
/* ... every track that has roots or features and a newer input row than these: to be looked at one by one. */
enum lm_err tracks_with_newer_inputs(struct db_conn *c, json_t *ids, struct problem *p);
enum lm_err tracks_all(struct db_conn *c, json_t **items, struct problem *p);           /* [{"track_id","name"}] by title */
