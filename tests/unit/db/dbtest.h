#pragma once
/* What the tests of db/ share: a database in memory or in a folder, and rows in a line each. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/path.h"
#include "core/uuid.h"
#include "db/db.h"
#include "db/domain.h"
#include "../../tap.h"

#define MIGRATIONS "migrations"

static struct problem problem __attribute__((unused));

static inline struct db *test_open_at(const char *path, const char *migrations, struct event_bus *bus)
{
    struct db *db = NULL;
    enum lm_err err = db_open(&(struct db_options){ .path = path, .migrations = migrations, .bus = bus }, &db, &problem);

    if (err)
        printf("# db_open: %s: %s\n", lm_err_code(err), problem.detail);
    return db;
}

static inline struct db *test_open(void)
{
    return test_open_at(":memory:", MIGRATIONS, NULL);
}

static inline int test_remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st, (void)type, (void)f;
    return remove(path);
}

static inline void test_remove(const char *dir)
{
    nftw(dir, test_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* One step of a test on the writer thread. */
struct step {
    enum { GET, CREATE, PATCH, DELETE, PUT, SQL } what;
    const struct table *t;
    const char *parent, *id, *text;     /* text: JSON with ' for ", or SQL */
    int64_t if_match;
    json_t *row;
    bool created;
};

static inline json_t *test_json(const char *text)
{
    char buffer[8192];

    snprintf(buffer, sizeof(buffer), "%s", text);
    for (char *s = buffer; *s; s++)
        if (*s == '\'')
            *s = '"';
    return json_loads(buffer, JSON_DECODE_ANY, NULL);
}

static inline enum lm_err test_step(struct db_conn *c, void *arg, struct problem *p)
{
    struct step *s = arg;
    json_t *v = s->text && s->what != SQL ? test_json(s->text) : NULL;
    enum lm_err err = LM_OK;

    switch (s->what) {
    case GET:    err = row_get(c, s->t, s->id, &s->row, p); break;
    case CREATE: err = row_create(c, s->t, s->parent, v, &s->row, &s->created, p); break;
    case PATCH:  err = row_patch(c, s->t, s->id, v, s->if_match, &s->row, p); break;
    case DELETE: err = row_delete(c, s->t, s->id, s->if_match, &s->row, p); break;
    case PUT:    err = row_put(c, s->t, s->id, v, p); break;
    case SQL: {
        int rc = sqlite3_exec(db_handle(c), s->text, NULL, NULL, NULL);
        err = rc ? db_error(c, rc, p) : LM_OK;
        break;
    }
    }
    json_decref(v);
    return err;
}

static inline enum lm_err test_run(struct db *db, struct step *s)
{
    return db_write(db, test_step, s, &problem);
}

static inline enum lm_err test_sql(struct db *db, const char *sql)
{
    return test_run(db, &(struct step){ .what = SQL, .text = sql });
}

/* Creates a row and gives its id, "" on failure. */
static inline const char *test_create(struct db *db, const struct table *t, const char *parent, const char *text, char id[UUID_SIZE])
{
    struct step s = { .what = CREATE, .t = t, .parent = parent, .text = text };
    enum lm_err err = test_run(db, &s);

    snprintf(id, UUID_SIZE, "%s", err ? "" : json_get_text(s.row, "id", ""));
    if (err)
        printf("# create %s: %s %s%s %s\n", t->name, lm_err_code(err), problem.detail, problem.n ? problem.errors[0].path : "",
               problem.n ? problem.errors[0].message : "");
    json_decref(s.row);
    return id;
}

static inline enum lm_err test_patch(struct db *db, const struct table *t, const char *id, const char *text)
{
    struct step s = { .what = PATCH, .t = t, .id = id, .text = text, .if_match = -1 };
    enum lm_err err = test_run(db, &s);

    json_decref(s.row);
    return err;
}

static inline enum lm_err test_delete(struct db *db, const struct table *t, const char *id)
{
    struct step s = { .what = DELETE, .t = t, .id = id, .if_match = -1 };

    return test_run(db, &s);
}

static inline int64_t test_int(struct db *db, const char *sql)
{
    struct db_conn *c = db_reader_take(db);
    sqlite3_stmt *s = NULL;
    int64_t v = -1;

    if (!sqlite3_prepare_v2(db_handle(c), sql, -1, &s, NULL) && sqlite3_step(s) == SQLITE_ROW)
        v = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    db_reader_put(db, c);
    return v;
}

/* The row through a reader; a new reference, NULL when it is not there. */
static inline json_t *test_row(struct db *db, const struct table *t, const char *id)
{
    struct db_conn *c = db_reader_take(db);
    json_t *row = NULL;

    row_get(c, t, id, &row, NULL);
    db_reader_put(db, c);
    return row;
}
