/* Browsers that are signed in. */
#include "db/accounts.h"
#include "db/private.h"

struct load { struct session_row **list; size_t *n; };

static void take(sqlite3_stmt *s, void *row)
{
    struct session_row *r = row;

    account_text(r->token_hash, sizeof(r->token_hash), s, 0);
    account_text(r->user_id, sizeof(r->user_id), s, 1);
    account_text(r->address, sizeof(r->address), s, 2);
    account_text(r->user_agent, sizeof(r->user_agent), s, 3);
    r->created_at = sqlite3_column_int64(s, 4);
    r->last_used_at = sqlite3_column_int64(s, 5);
    r->expires_at = sqlite3_column_int64(s, 6);
}

static enum lm_err load(struct db_conn *c, void *arg, struct problem *p)
{
    struct load *l = arg;
    void *list;
    enum lm_err err = account_rows(c, "SELECT token_hash, user_id, address, user_agent, created_at, last_used_at, expires_at FROM sessions ORDER BY created_at",
                                 sizeof(struct session_row), take, &list, l->n, p);
    *l->list = list;
    return err;
}

enum lm_err sessions_load(struct state *s, struct session_row **list, size_t *n, struct problem *p)
{
    return state_read(s, load, &(struct load){ list, n }, p);
}

static enum lm_err store(struct db_conn *c, void *arg, struct problem *p)
{
    const struct session_row *r = arg;
    sqlite3_stmt *s = db_prepare(c, "INSERT INTO sessions (token_hash, user_id, address, user_agent, created_at, last_used_at, expires_at) "
                                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    if (!s)
        return problem_set(p, LM_INTERNAL, "the session cannot be stored");
    sqlite3_bind_text(s, 1, r->token_hash, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, r->user_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, r->address, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, r->user_agent, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, r->created_at);
    sqlite3_bind_int64(s, 6, r->last_used_at);
    sqlite3_bind_int64(s, 7, r->expires_at);
    return account_run(c, s, p);
}

enum lm_err session_store(struct state *s, const struct session_row *row, struct problem *p)
{
    return state_write(s, store, (void *)row, p);
}

static enum lm_err forget(struct db_conn *c, void *arg, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "DELETE FROM sessions WHERE token_hash = ?1");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the session cannot be ended");
    sqlite3_bind_text(s, 1, arg, -1, SQLITE_STATIC);
    return account_run(c, s, p);
}

enum lm_err session_forget(struct state *s, const char *token_hash, struct problem *p)
{
    return state_write(s, forget, (void *)token_hash, p);
}

struct all { const struct session_row *list; size_t n; int64_t version; };

static enum lm_err store_all(struct db_conn *c, void *arg, struct problem *p)
{
    const struct all *all = arg;

    if (conn_int(c, "PRAGMA data_version", 0) != all->version)
        return problem_set(p, LM_STALE, "another process wrote the accounts");
    enum lm_err err = conn_exec(c, "DELETE FROM sessions", p);
    for (size_t i = 0; !err && i < all->n; i++)
        err = store(c, (void *)&all->list[i], p);
    return err;
}

enum lm_err sessions_store(struct state *s, const struct session_row *list, size_t n, int64_t version, struct problem *p)
{
    return state_write(s, store_all, &(struct all){ list, n, version }, p);
}
