/* Tokens of programs. */
#include <stdlib.h>

#include "core/json.h"
#include "db/accounts.h"
#include "db/private.h"

struct load { struct token_row **list; size_t *n; };

static void take(sqlite3_stmt *s, void *row)
{
    struct token_row *r = row;

    account_text(r->id, sizeof(r->id), s, 0);
    account_text(r->name, sizeof(r->name), s, 1);
    account_text(r->role, sizeof(r->role), s, 2);
    account_text(r->token_hash, sizeof(r->token_hash), s, 3);
    account_text(r->user_id, sizeof(r->user_id), s, 4);
    r->created_at = sqlite3_column_int64(s, 5);
    r->last_used_at = sqlite3_column_int64(s, 6);
    r->expires_at = sqlite3_column_int64(s, 7);
}

static enum lm_err load(struct db_conn *c, void *arg, struct problem *p)
{
    struct load *l = arg;
    void *list;
    enum lm_err err = account_rows(c, "SELECT id, name, role, token_hash, user_id, created_at, last_used_at, expires_at FROM tokens ORDER BY created_at, id",
                                 sizeof(struct token_row), take, &list, l->n, p);
    *l->list = list;
    return err;
}

enum lm_err tokens_load(struct state *s, struct token_row **list, size_t *n, struct problem *p)
{
    return state_read(s, load, &(struct load){ list, n }, p);
}

static void bind_instant(sqlite3_stmt *s, int i, int64_t ms)
{
    if (ms)
        sqlite3_bind_int64(s, i, ms);
    else
        sqlite3_bind_null(s, i);
}

static enum lm_err store(struct db_conn *c, void *arg, struct problem *p)
{
    const struct token_row *r = arg;
    sqlite3_stmt *s = db_prepare(c, "INSERT INTO tokens (id, name, role, token_hash, user_id, created_at, last_used_at, expires_at) "
                                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    if (!s)
        return problem_set(p, LM_INTERNAL, "the token cannot be stored");
    sqlite3_bind_text(s, 1, r->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, r->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, r->role, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, r->token_hash, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 5, r->user_id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 6, r->created_at);
    bind_instant(s, 7, r->last_used_at);
    bind_instant(s, 8, r->expires_at);
    return account_run(c, s, p);
}

enum lm_err token_store(struct state *s, const struct token_row *row, struct problem *p)
{
    return state_write(s, store, (void *)row, p);
}

static enum lm_err forget(struct db_conn *c, void *arg, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "DELETE FROM tokens WHERE id = ?1");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the token cannot be revoked");
    sqlite3_bind_text(s, 1, arg, -1, SQLITE_STATIC);
    return account_run(c, s, p);
}

enum lm_err token_forget(struct state *s, const char *id, struct problem *p)
{
    return state_write(s, forget, (void *)id, p);
}

struct all { const struct token_row *list; size_t n; int64_t version; };

static enum lm_err touch(struct db_conn *c, const struct token_row *r, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "UPDATE tokens SET last_used_at = ?2 WHERE id = ?1 AND last_used_at IS NOT ?2");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the tokens cannot be stored");
    sqlite3_bind_text(s, 1, r->id, -1, SQLITE_STATIC);
    bind_instant(s, 2, r->last_used_at);
    return account_run(c, s, p);
}

static enum lm_err keep(struct db_conn *c, void *arg, struct problem *p)
{
    const struct all *all = arg;
    json_t *ids = json_array();
    enum lm_err err = LM_OK;

    if (conn_int(c, "PRAGMA data_version", 0) != all->version)
        err = problem_set(p, LM_STALE, "another process wrote the accounts");
    for (size_t i = 0; !err && i < all->n; i++)
        err = json_array_append_new(ids, json_string(all->list[i].id)) ? LM_NOMEM : touch(c, &all->list[i], p);
    char *text = ids && !err ? json_text(ids) : NULL;
    sqlite3_stmt *s = text ? db_prepare(c, "DELETE FROM tokens WHERE id NOT IN (SELECT value FROM json_each(?1))") : NULL;
    if (s) {
        sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
        err = account_run(c, s, p);
        sqlite3_clear_bindings(s);
    } else if (!err) {
        err = LM_NOMEM;
    }
    free(text);
    json_decref(ids);
    return err;
}

enum lm_err tokens_keep(struct state *s, const struct token_row *list, size_t n, int64_t version, struct problem *p)
{
    return state_write(s, keep, &(struct all){ list, n, version }, p);
}
