#pragma once
/*
 * Patching more than one fixture at a time: rows of copies, renumbering, a patch as a table (CSV). Each is called inside one write and leaves nothing behind
 * when it fails: all or nothing.
 *
 * THREADS  The writer's, inside db_write(); patching_next() and patching_export() with any connection.
 */
#include <jansson.h>

#include "core/err.h"
#include "core/str.h"
#include "db/db.h"
#include "fixtures/patch.h"
#include "library/library.h"

enum { PATCHING_MAX = 2000, PATCH_TABLE_LINES = 20000 };        /* copies, lines of a table at a time */

/* How copies follow each other. One that does not fit in the rest of its universe begins the next universe. */
struct patching_copies {
    int count;                          /* 1 .. PATCHING_MAX */
    int step;                           /* slots from one to the next; 0 = the channels of the mode */
    double offset[3];                   /* metres from one to the next */
};

/* `fixture` as POST /venues/{id}/fixtures takes it, then copies of it. A label that ends in a number counts on, another gets one. *rows: array. */
enum lm_err patching_array(struct db_conn *c, struct library *l, const char *venue_id, const json_t *fixture, const struct patching_copies *k,
                           json_t **rows, struct problem *p);
/* Copies of a fixture that is there, with what `changes` says differently. They begin behind it, unless `changes` has a universe or an address. */
enum lm_err patching_clone(struct db_conn *c, struct library *l, const char *fixture_id, const json_t *changes, const struct patching_copies *k,
                           json_t **rows, struct problem *p);
/* The fixtures of `ids` in that order, or all of the venue in patch order (NULL), packed from universe.address on. *rows in that order. */
enum lm_err patching_renumber(struct db_conn *c, struct library *l, const char *venue_id, const json_t *ids, int universe, int address, json_t **rows,
                              struct problem *p);
/* The fixtures of `ids`, or all of the venue (NULL), each moved by so many universes, slots and metres. *rows in that order. */
struct patching_move { int universes, slots; double offset[3]; };
enum lm_err patching_move(struct db_conn *c, struct library *l, const char *venue_id, const json_t *ids, const struct patching_move *by, json_t **rows,
                          struct problem *p);
/* The first run of `channels` free slots from this universe on; false: there is none. */
bool patching_next(const struct patch *patch, int channels, int *universe, int *address);

/*
 * patch_batch.c: {"create": [fixture], "update": [{"id", "version"?, what changes}], "delete": [id]} -> {"created": [row], "updated": [row], "deleted": [id]}.
 * What is deleted goes first and whether all of it fits is asked at the end, of the whole: fixtures may change places with each other. A version that is not
 * the row's any more: LM_STALE. What stands there with a lost definition may be changed, moved and brought back, but not made. What is not there to be
 * deleted is passed over. *errors: all that is wrong, [{path, message}], "/update/3/address".
 */
enum lm_err patching_batch(struct db_conn *c, struct library *l, const char *venue_id, const json_t *batch, json_t **result, json_t **errors,
                           struct problem *p);

/* Which item of a request a row comes from: "lines", 7. No list: it is passed over. */
struct patching_origin { const char *list; size_t index; };
/* Every fixture of these rows (of one venue, just written) has a mode and stands where it fits and nothing else is. `from`: where each comes from, for the
 * paths of errors ("/lines/7/address"), all of which are added to `errors` ([{path, message}]); NULL, NULL: the first that does not fit, "/address". */
enum lm_err patching_check(struct db_conn *c, struct library *l, const char *venue_id, const json_t *rows, const struct patching_origin *from, json_t *errors,
                           struct problem *p);
/* What is wrong with one item, told of the whole: each error of `of` behind `prefix`, in `p` and, unless it is NULL, in `errors`. */
void patching_tell(struct problem *p, json_t *errors, const char *prefix, const struct problem *of);
/* Manufacturer and model of the definition, where `members` say nothing of them. */
void patching_name(json_t *members, const struct definition *d);

/*
 * patch_table.c: the patch as CSV, one fixture a line. The first line names the columns: all of them on export, any of them in any order on
 * import (core/csv.h: with semicolons and decimal commas too). An empty cell is as if the column were missing. Without fixture_path the definition is
 * the library's for manufacturer and model. An id may stand in one line only. It matters with `replace` alone: that fixture of the venue is changed and
 * keeps its groups and parked channels, also when it had been removed; ids of other venues are passed over.
 */
enum lm_err patching_export(struct db_conn *c, const char *venue_id, struct str *csv, struct problem *p);
/* `replace`: fixtures of the venue that are not in the table are removed. *errors: all that is wrong with the table, in its order, [{path, message}]. */
enum lm_err patching_import(struct db_conn *c, struct library *l, const char *venue_id, const char *csv, size_t n, bool replace, json_t **rows,
                            json_t **errors, struct problem *p);
