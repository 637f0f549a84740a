#pragma once
/*
 * The patterns that come with lumad: one file each in config/demo/patterns, {name, description, category, graph}. Their rows have the same ids on every machine, so
 * that scores that use them can travel and adding them twice adds nothing.
 *
 * THREADS  Any non-real-time thread; shipped_put() in a write transaction.
 */
#include <jansson.h>
#include <stddef.h>

#include "core/err.h"
#include "core/uuid.h"
#include "db/db.h"

/* *patterns: {"colour_drift": the file's content}, by name. A file that is no pattern, or whose graph has errors, is LM_INVALID with which; LM_NOT_FOUND: no folder. */
enum lm_err shipped_read(json_t **patterns, struct problem *p);
/* Makes those that are not there, also those that were deleted, with their categories; what is there stays as its owner made it. *added: how many. */
enum lm_err shipped_put(struct db_conn *c, const json_t *patterns, size_t *added, struct problem *p);
void shipped_id(const char *key, char id[UUID_SIZE]);
/* A JSON file of lumad's own; what is wrong with it is told with its path. */
enum lm_err shipped_json(const char *path, json_t **json, struct problem *p);
