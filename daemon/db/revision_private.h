#pragma once
/* What the files of the history share. */
#include "core/uuid.h"
#include "db/private.h"
#include "db/revisions.h"

struct revision_by {
    char author[REVISION_AUTHOR + 1], message[REVISION_MESSAGE + 1];
    enum revision_step step;
};

struct revision_kind {
    const struct table *owners, *revisions, *branches;
    const char *owner;          /* column of the last two that names the first: "score_id" */
    const char *content;        /* column: "graph", "data" */
};
extern const struct revision_kind revision_kinds[REVISION_KINDS];

/* The current branch of an owner. */
struct branch {
    bool exists, is_loose;
    char id[UUID_SIZE], name[64];
    char at[UUID_SIZE], tip[UUID_SIZE];         /* "" = the empty beginning */
    int64_t version;
};

/* --- revision_changes.c: states of a score as {id: row}, and what lies between two. Pure. NULL: no memory --- */
json_t *change_of(const char *id, const json_t *from, const json_t *to, bool *is_same);    /* rows or NULL; NULL with is_same: no change */
json_t *changes_between(const json_t *from, const json_t *to);
bool changes_apply(json_t *state, const json_t *changes, bool backwards);
bool changes_cancel(const json_t *a, const json_t *b);      /* b takes back exactly what a did */
bool changes_same(const json_t *a, const json_t *b);        /* in whatever order */
json_t *changes_join(const json_t *first, const json_t *then);
json_t *state_rows(const json_t *state);                    /* in order */
json_t *graph_between(const json_t *from, const json_t *to);
void graph_summary(const json_t *diff, char *out, size_t size);
void changes_summary(const json_t *changes, char *out, size_t size);

/* --- revision_store.c --- */
enum lm_err branch_current(struct db_conn *c, enum revision_of kind, const char *owner, struct branch *b, struct problem *p);
/* What a revision holds: a graph, or a state {id: row}. at "": the empty beginning. */
enum lm_err state_at(struct db_conn *c, enum revision_of kind, const char *at, json_t **state, struct problem *p);
/* Of where the branch stands. When that is not on this machine: the empty beginning, where the branch stands from then on. */
enum lm_err state_of_branch(struct db_conn *c, enum revision_of kind, struct branch *b, json_t **state, struct problem *p);
enum lm_err state_live(struct db_conn *c, enum revision_of kind, const char *owner, json_t **state, struct problem *p);
enum lm_err revision_previous(struct db_conn *c, enum revision_of kind, const char *id, char previous[UUID_SIZE], struct problem *p);
/* The next revision on the way to the tip; "" = there is none. */
enum lm_err revision_next(struct db_conn *c, enum revision_of kind, const struct branch *b, char next[UUID_SIZE], struct problem *p);
enum lm_err revision_changes(struct db_conn *c, const char *id, json_t **changes, struct problem *p);   /* of a score's revision */
/* Behind b->at, which it becomes; makes the branch if there is none. `content`: a graph, or the changes; is_whole: a score's state, without changes. */
enum lm_err revision_add(struct db_conn *c, enum revision_of kind, const char *owner, struct branch *b, const json_t *content, bool is_whole,
                         const char *author, const char *message, struct problem *p);
enum lm_err branch_move(struct db_conn *c, enum revision_of kind, struct branch *b, const char *at, bool is_loose, struct problem *p);
enum lm_err branch_insert(struct db_conn *c, enum revision_of kind, const char *owner, struct branch *b, bool is_current, struct problem *p);
/* Where nothing vouches that the place is what was live (`before`), a revision of that is put between. */
enum lm_err revision_settle(struct db_conn *c, enum revision_of kind, const char *owner, struct branch *b, const json_t *before, struct problem *p);
bool state_same(enum revision_of kind, const json_t *a, const json_t *b);
sqlite3_stmt *revision_sql(struct db_conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- revisions.c --- */
void revisions_forget(struct db_conn *c);                   /* what was noted since the write began is accounted for */

/* --- revision_prune.c --- */
enum lm_err revision_prune(struct db_conn *c, enum revision_of kind, const char *owner, int64_t newest, struct problem *p);
