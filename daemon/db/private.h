#pragma once
/* What the files of db/ share and nobody else needs. */
#include <pthread.h>
#include <sqlite3.h>

#include "core/path.h"
#include "core/str.h"
#include "db/db.h"
#include "db/table.h"

enum { STATEMENTS_KEPT = 256 };

struct revision_by;                     /* revisions.c: for whom a write is, and why */

struct statement {
    uint64_t hash;                      /* of the text */
    uint64_t used;                      /* when: the connection's count of calls */
    sqlite3_stmt *stmt;
};

struct db_conn {
    sqlite3 *h;
    struct statement statements[STATEMENTS_KEPT];
    size_t n_statements;
    uint64_t calls;
    const struct revision_by *by;       /* the writer's: for whom the write that runs is */
};

struct changes;                         /* changes.c: the rows a transaction touched */
struct writer;                          /* writer.c: the thread and its queue */
struct state;                           /* state.c: state.db */

struct db {
    char path[PATH_SIZE], state_path[PATH_SIZE];
    char scratch[PATH_SIZE];            /* folder of a ":memory:" database; "" = none */
    char device_id[UUID_SIZE];
    int64_t schema_version;
    struct event_bus *bus;
    struct db_conn *write_conn;         /* the writer thread's, once it runs */
    struct writer *writer;
    struct state *state;

    pthread_mutex_t lock;               /* of the readers */
    pthread_cond_t returned;
    struct db_conn **idle;
    int n_idle, n_open, max_readers;
};

/* --- connection.c --- */
enum conn_kind { CONN_WRITER, CONN_READER, CONN_STATE };
enum lm_err conn_open(const char *path, enum conn_kind kind, struct db_conn **result, struct problem *p);
/* The settings of a connection that writes; conn_open(CONN_WRITER) leaves them for its caller to apply once the file is known to be ours. */
enum lm_err conn_make_writer(struct db_conn *c, struct problem *p);
void conn_close(struct db_conn *c);                     /* NULL is fine */
void conn_reset(struct db_conn *c);                     /* ends whatever a statement still reads */
enum lm_err conn_exec(struct db_conn *c, const char *sql, struct problem *p);
int64_t conn_int(struct db_conn *c, const char *sql, int64_t def);     /* first column of the first row */

/* --- migrate.c --- */
/* Brings the database to the last of the files `<prefix>NNNN_*.sql` in `dir`; *version is then its number. */
enum lm_err migrate_check(struct db_conn *c, const char *path, const char *dir, const char *prefix, struct problem *p);
enum lm_err migrate_run(struct db_conn *c, const char *path, const char *dir, const char *prefix, int64_t *version, struct problem *p);
enum lm_err backup_to(const char *from, const char *to, struct problem *p);

/* --- state.c --- */
enum lm_err state_open(const char *path, const char *migrations, struct state **result, struct problem *p);
void state_close(struct state *s);                      /* NULL is fine */
enum lm_err state_set(struct state *s, const char *key, const char *value, bool durable);
enum lm_err state_get(struct state *s, const char *key, char **value);
/* With the connection to themselves; the second in a transaction that is on the disk when it is done (not LM_OK: rolled back). */
enum lm_err state_read(struct state *s, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p);
enum lm_err state_write(struct state *s, enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg, struct problem *p);

/* --- users.c, for the accounts of state.db --- */
void account_text(char *out, size_t size, sqlite3_stmt *s, int column);
/* All rows of a SELECT as an array of structs of `size` bytes; the caller's to free(). */
enum lm_err account_rows(struct db_conn *c, const char *sql, size_t size, void (*take)(sqlite3_stmt *s, void *row), void **list, size_t *n, struct problem *p);
enum lm_err account_run(struct db_conn *c, sqlite3_stmt *s, struct problem *p);           /* one that gives no rows; NULL is an error */

/* --- writer.c --- */
enum lm_err writer_start(struct db *db, struct writer **result, struct problem *p);
void writer_stop(struct writer *w);                     /* after what is queued; NULL is fine */

/* --- revisions.c --- */
const struct revision_by *revision_by_thread(void);     /* the calling thread's; as long as the thread */
enum lm_err revisions_prepare(struct db_conn *c, struct problem *p);    /* makes the triggers that note */
enum lm_err revisions_keep(struct db_conn *c, struct problem *p);       /* a write function is done */
enum lm_err revisions_pulled(struct db_conn *c, struct problem *p);     /* ... and stored what came from elsewhere */

/* --- changes.c --- */
struct changes *changes_new(struct db_conn *c, struct problem *p);     /* makes the triggers that tell; NULL: failed */
void changes_free(struct changes *x);
void changes_keep(struct changes *x);                   /* what was noted since the last call will be published */
void changes_drop(struct changes *x);                   /* ... was rolled back */
void changes_publish(struct changes *x, struct event_bus *bus);        /* all that was kept; bus may be NULL */
void changes_forget(struct changes *x);                 /* the commit failed */

/* --- table.c --- */
enum lm_err table_check(struct db_conn *c, struct problem *p);
const struct column *table_column(const struct table *t, const char *name);   /* NULL */
const struct column *table_parent_column(const struct table *t);
/* Content: what a change of is a new version of the row; what is synced. */
bool column_is_content(const struct column *col);

/* --- row.c --- */
/* The members of a row as stored; `hidden` with the hidden columns. `live` may be NULL, then a tombstone is LM_NOT_FOUND too. */
enum lm_err row_read(struct db_conn *c, const struct table *t, const char *id, bool hidden, bool *live, json_t **row, struct problem *p);
json_t *row_json(sqlite3_stmt *s, const struct table *t, bool hidden);
void row_columns(struct str *sql, const struct table *t);              /* the SELECT list row_json() reads */
enum lm_err row_not_found(const struct table *t, const char *id, struct problem *p);
/* The enum of problem p, its members' paths put behind `prefix`, added to `to`. */
enum lm_err problem_merge(struct problem *to, const char *prefix, const struct problem *p);

/* --- value.c --- */
/* A member that came from outside, made what the column stores (a new reference), or NULL and the reason in `message`. `null` must be dealt with before. */
json_t *value_check(struct db_conn *c, const struct column *col, const json_t *v, char message[PROBLEM_MESSAGE]);
enum lm_err value_bind(sqlite3_stmt *s, int i, const struct column *col, const json_t *v);
json_t *value_default(const struct column *col, const json_t *members);        /* what a column holds that nobody gave */
bool value_same(const json_t *a, const json_t *b);

/* tracks.c: `sql` gives the id of what a track (?1) has of this name (?2): of the row that is there, whoever made it; else the one that the table's manual says, made of `space`. */
enum lm_err track_row_id(struct db_conn *c, const char *sql, const char *space, const char *track_id, const char *name, char id[UUID_SIZE], struct problem *p);

/* Validators for struct column. */
bool valid_color(const json_t *v, char message[160]);
bool valid_name(const json_t *v, char message[160]);        /* something to read; for names with a default */
bool valid_movement(const json_t *v, char message[160]);
bool valid_time_of_day(const json_t *v, char message[160]);
bool valid_date(const json_t *v, char message[160]);
