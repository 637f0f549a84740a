#pragma once
/*
 * A venue as one document that can be carried to another machine:
 *
 *   {"format": "lumad venue", "version": 1, "venue": {..}, "fixtures": [{"id", ..}], "groups": [{.., "fixture_ids"}], "outputs": [{..}],
 *    "parks": [{"fixture_id", "channel", "value"}], "definitions": [{"path", "text"}]}
 *
 * Members are those of the rows without what a place gives them (ids, times, versions); the ids of fixtures are there for groups and parks alone. `definitions`
 * are the files of the user's own folder that fixtures use; those of the distribution are not taken along.
 *
 * On import all ids are new, and all of it is stored or nothing. Definitions that are not here yet come into the user's own folder; where another file has the name,
 * theirs gets another one and their fixtures use it. A fixture without a definition comes dark, as it was. Everything else must fit, as when it is patched by hand.
 *
 * THREADS  Any non-real-time thread but the writer.
 */
#include <jansson.h>

#include "core/err.h"
#include "db/db.h"
#include "library/library.h"

enum { VENUE_FILE_VERSION = 1, VENUE_FILE_DEFINITIONS = 512, VENUE_FILE_ROWS = 20000 };     /* of fixtures, groups and outputs each: nobody else writes meanwhile */

/* LM_NOT_FOUND: no such venue. */
enum lm_err venue_export(struct db_conn *c, struct library *l, const char *venue_id, json_t **doc, struct problem *p);
/* name "": the document's. *row: the venue's. Errors: "/fixtures/3/address". */
enum lm_err venue_import(struct db *db, struct library *l, const json_t *doc, const char *name, json_t **row, struct problem *p);
/* All of it once more, beside the first; name "": "<its name> copy". */
enum lm_err venue_duplicate(struct db *db, struct library *l, const char *venue_id, const char *name, json_t **row, struct problem *p);
/* What an output's row alone cannot say: protocol, destination and ranges together. */
enum lm_err venue_check_output(const json_t *row, struct problem *p);
