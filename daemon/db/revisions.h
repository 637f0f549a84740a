#pragma once
/*
 * The history of graphs and scores: every write that changes one leaves a revision, in the transaction of the write.
 *
 * There is one place where that happens. Triggers of the write connection note what any statement does to implementations and
 * annotations; when a write function is done the writer compares what was with what is (revisions_keep(), db/private.h) and stores the
 * difference. So routes, imports, batches, the deletion of a pattern and whatever comes later need not know of it. A write that changes
 * nothing makes no revision. Rows that come from another machine (db_apply_pulled()) make none either: their revisions come as rows.
 *
 * A revision belongs to an owner (an implementation or a score) and follows another one (previous_id; NULL: the empty state all began
 * with). A branch stands at a revision and remembers how far redo may go (tip_id). The current branch's place is what is live. Undo and
 * redo move the place; a save behind an undo begins a new path, and the old one stays in the list. A graph's revision holds the graph. A
 * score's holds what changed, [{"id", "from", "to"}] with the members that differ (null: the block is not there), and after CHAIN_MAX of
 * those, or as many bytes as CHAIN_BYTES, the whole score besides: the cost of a save depends on the edit, not on the score.
 *
 * Old ones are thinned (revision_prune.c): beyond the newest `revisions_keep` of an owner one for each hour stays, and those that were
 * named, that a branch stands at or that several follow.
 *
 * THREADS  Functions with a db_conn as in db/table.h; those that write: the writer's connection, inside db_write(). revision_by(): any.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "db/table.h"

enum { REVISION_MESSAGE = 1000, REVISION_AUTHOR = 100 };

enum revision_of { REVISION_GRAPH, REVISION_SCORE, REVISION_KINDS };
/* A write that takes back or repeats the last revision, or the last few, exactly moves along the history instead of adding to it, when it says so. */
enum revision_step { STEP_SAVE, STEP_UNDO, STEP_REDO };

/* For whom and why this thread writes, until the next call: author and message of revisions. NULL author: lumad itself. message NULL or
 * "": what changed, in words. Both are cut to their sizes. */
void revision_by(const char *author, const char *message, enum revision_step step);

/* LM_INVALID with a path when `name` is none that is known here: "save", "undo", "redo". */
enum lm_err revision_step_find(const char *name, enum revision_step *step, struct problem *p);

/* What is wrong with a graph, for the column `errors`; graphs are checked above db/. */
typedef enum lm_err revision_check_fn(const json_t *graph, json_t **errors, struct problem *p);

/* {"branch_id","branch","revision_id","number","undo","redo","version"}: where the owner stands; undo and redo: the revision that would be taken back or repeated
 * ({id, number, name, message, author, created_at}) or null. version rises with every save and every move; 0 before the first save. */
enum lm_err revision_place(struct db_conn *c, enum revision_of kind, const char *owner, json_t **place, struct problem *p);

/* A revision whatever it is of. *row without its content. LM_NOT_FOUND. */
enum lm_err revision_find(struct db_conn *c, const char *id, enum revision_of *kind, json_t **row, struct problem *p);
/* A graph, or an array of annotations in order of start_time and id. id NULL: the empty beginning. LM_CONFLICT: the history is not all here. */
enum lm_err revision_content(struct db_conn *c, enum revision_of kind, const char *id, json_t **content, struct problem *p);
/* The same of what is live. LM_NOT_FOUND: no such owner. */
enum lm_err revision_live(struct db_conn *c, enum revision_of kind, const char *owner, json_t **content, struct problem *p);

/* {"summary": "2 blocks moved", "nodes": {"added","removed","changed"}, "edges": {"added","removed"}, "args": {...}}, or "annotations" for scores. NULL: no memory. */
json_t *revision_diff(enum revision_of kind, const json_t *from, const json_t *to);

/* What the functions below have in common. `if_match` is the version of revision_place(); < 0: any; else LM_STALE. */
struct revision_move {
    enum revision_of kind;
    const char *owner;
    int64_t if_match;
    revision_check_fn *check;
    int left_out;               /* out: blocks that could not come back, because their pattern is deleted */
};

enum lm_err revision_undo(struct db_conn *c, struct revision_move *m, struct problem *p);       /* LM_CONFLICT: nothing to undo */
enum lm_err revision_redo(struct db_conn *c, struct revision_move *m, struct problem *p);
/* Makes a revision live again, as a new one: nothing is lost. Restoring what is live changes nothing. LM_INVALID: it is another owner's. */
enum lm_err revision_restore(struct db_conn *c, struct revision_move *m, const char *revision, struct problem *p);

/* --- branches --- */
/* name NULL: the next free letter. from NULL: where the owner stands. */
enum lm_err branch_create(struct db_conn *c, struct revision_move *m, const char *name, const char *from, bool is_switched, json_t **row, struct problem *p);
enum lm_err branch_find(struct db_conn *c, const char *id, enum revision_of *kind, json_t **row, struct problem *p);
/* m->owner is the branch's own. */
enum lm_err branch_switch(struct db_conn *c, struct revision_move *m, const char *branch, struct problem *p);
enum lm_err branch_rename(struct db_conn *c, enum revision_of kind, const char *branch, const json_t *patch, int64_t if_match, json_t **row, struct problem *p);
/* Its revisions stay in the list. LM_CONFLICT: it is the current one. */
enum lm_err branch_delete(struct db_conn *c, enum revision_of kind, const char *branch, int64_t if_match, json_t **row, struct problem *p);
