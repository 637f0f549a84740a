/* Users, and what is common to the accounts of state.db. */
#include <stdlib.h>
#include <string.h>

#include "db/accounts.h"
#include "db/private.h"

struct state *db_state(struct db *db)
{
    return db->state;
}

static enum lm_err read_version(struct db_conn *c, void *arg, struct problem *p)
{
    (void)p;
    *(int64_t *)arg = conn_int(c, "PRAGMA data_version", 0);
    return LM_OK;
}

enum lm_err accounts_version(struct state *s, int64_t *version)
{
    return state_read(s, read_version, version, NULL);
}

void account_text(char *out, size_t size, sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);

    str_copy(out, size, text ? text : "");
}

enum lm_err account_rows(struct db_conn *c, const char *sql, size_t size, void (*take)(sqlite3_stmt *s, void *row), void **list, size_t *n, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, sql);
    size_t room = 0;
    int rc;

    *list = NULL, *n = 0;
    if (!s)
        return problem_set(p, LM_INTERNAL, "the accounts cannot be read");
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (*n == room) {
            void *more = realloc(*list, (room = room ? 2 * room : 16) * size);
            if (!more) {
                rc = SQLITE_NOMEM;
                break;
            }
            *list = more;
        }
        void *row = (char *)*list + (*n)++ * size;
        memset(row, 0, size);
        take(s, row);
    }
    sqlite3_reset(s);
    if (rc == SQLITE_DONE)
        return LM_OK;
    free(*list);
    *list = NULL, *n = 0;
    return db_error(c, rc, p);
}

enum lm_err account_run(struct db_conn *c, sqlite3_stmt *s, struct problem *p)
{
    int rc = s ? sqlite3_step(s) : SQLITE_ERROR;

    sqlite3_reset(s);
    return db_error(c, rc, p);
}

/* ---- users ---- */

struct load { struct user_row **list; size_t *n; };

static void take(sqlite3_stmt *s, void *row)
{
    struct user_row *u = row;

    account_text(u->id, sizeof(u->id), s, 0);
    account_text(u->name, sizeof(u->name), s, 1);
    account_text(u->role, sizeof(u->role), s, 2);
    account_text(u->password_hash, sizeof(u->password_hash), s, 3);
    u->created_at = sqlite3_column_int64(s, 4);
    u->updated_at = sqlite3_column_int64(s, 5);
}

static enum lm_err load(struct db_conn *c, void *arg, struct problem *p)
{
    struct load *l = arg;
    void *list;
    enum lm_err err = account_rows(c, "SELECT id, name, role, password_hash, created_at, updated_at FROM users ORDER BY created_at, id",
                                 sizeof(struct user_row), take, &list, l->n, p);
    *l->list = list;
    return err;
}

enum lm_err users_load(struct state *s, struct user_row **list, size_t *n, struct problem *p)
{
    return state_read(s, load, &(struct load){ list, n }, p);
}

struct store { const struct user_row *u; bool ends; const char *but; };

static enum lm_err store(struct db_conn *c, void *arg, struct problem *p)
{
    const struct store *w = arg;
    const struct user_row *u = w->u;
    sqlite3_stmt *s = db_prepare(c, "INSERT INTO users (id, name, role, password_hash, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                                    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, password_hash = excluded.password_hash, "
                                    "updated_at = excluded.updated_at");
    if (!s)
        return problem_set(p, LM_INTERNAL, "the user cannot be stored");
    sqlite3_bind_text(s, 1, u->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, u->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, u->role, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, u->password_hash, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, u->created_at);
    sqlite3_bind_int64(s, 6, u->updated_at);
    enum lm_err err = account_run(c, s, p);
    if (err || !w->ends)
        return err;
    if (!(s = db_prepare(c, "DELETE FROM sessions WHERE user_id = ?1 AND token_hash <> ?2")))
        return problem_set(p, LM_INTERNAL, "the sessions cannot be ended");
    sqlite3_bind_text(s, 1, u->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, w->but ? w->but : "", -1, SQLITE_STATIC);
    return account_run(c, s, p);
}

enum lm_err user_store(struct state *s, const struct user_row *u, bool ends, const char *but, struct problem *p)
{
    return state_write(s, store, &(struct store){ u, ends, but }, p);
}

static enum lm_err forget(struct db_conn *c, void *arg, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "DELETE FROM users WHERE id = ?1");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the user cannot be removed");
    sqlite3_bind_text(s, 1, arg, -1, SQLITE_STATIC);
    return account_run(c, s, p);
}

enum lm_err user_forget(struct state *s, const char *id, struct problem *p)
{
    return state_write(s, forget, (void *)id, p);
}
