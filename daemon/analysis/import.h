#pragma once
/*
 * A file becomes a track: upload streams into import_write() (temp file in the data directory, SHA-256 on the way), import_finish() finds duplicates by hash, lets
 * decode_worker look at it in a process of its own (first frame decoded, tags, limits: 1..8 channels, 8..192 kHz, at most 12 h), moves it into tracks/, writes the row, queues the jobs.
 * Nothing is kept of what fails: 415 not audio we know, 422 broken (truncated, lying header), 507 disk full.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "analysis/jobs.h"
#include "core/err.h"
#include "db/db.h"

struct import;

/* `j` NULL: no jobs are queued. */
enum lm_err import_begin(struct jobs *j, struct db *db, const char *data_dir, const char *filename, struct import **result, struct problem *p);
enum lm_err import_write(struct import *i, const void *data, size_t n, struct problem *p);
/* `track` = the row; *created false when the very same file was there already. Ends the import in every case. */
enum lm_err import_finish(struct import *i, json_t **track, bool *created, struct problem *p);
void import_abort(struct import *i);                            /* NULL is fine; removes the temp file */
/*
 * The same of a file of this machine, copied piece by piece; no jobs are queued. One that is here already is known by its hash before anything is copied. `is_stopping` (may be NULL) is
 * asked each megabyte: LM_BUSY, and nothing is left.
 */
enum lm_err import_path(struct db *db, const char *data_dir, const char *path, bool (*is_stopping)(void *ctx), void *ctx, json_t **track, bool *created,
                        struct problem *p);
/* Is the audio of this track, a row, on this machine? Not when it came from another one, or when somebody removed the file. */
bool import_has_audio(struct db *db, const char *data_dir, const json_t *track);
/* The track that has this very file, without copying it. LM_NOT_FOUND: none. */
enum lm_err import_find(struct db *db, const char *path, bool (*is_stopping)(void *ctx), void *ctx, json_t **track, struct problem *p);
void import_clean(const char *data_dir);                        /* at start: leftovers of uploads that a crash cut off */
