#include "db/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/private.h"

enum { WORDS_MAX = 8 };

static void bind_or_null(sqlite3_stmt *s, int i, const char *text)
{
    if (*text)
        sqlite3_bind_text(s, i, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, i);
}

enum lm_err audit_insert(struct db_conn *c, const struct audit_row *row, int64_t *id, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "INSERT INTO audit_log (at, user_name, role, address, action, table_name, row_id, detail) "
                                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    if (!s)
        return problem_set(p, LM_INTERNAL, "the audit log cannot be written");
    sqlite3_bind_int64(s, 1, row->at);
    sqlite3_bind_text(s, 2, row->user_name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, row->role, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, row->address, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 5, row->action, -1, SQLITE_STATIC);
    bind_or_null(s, 6, row->table);
    bind_or_null(s, 7, row->row_id);
    sqlite3_bind_text(s, 8, row->detail, -1, SQLITE_STATIC);
    enum lm_err err = account_run(c, s, p);
    if (!err)
        *id = sqlite3_last_insert_rowid(c->h);
    return err;
}

enum lm_err audit_amend(struct db_conn *c, int64_t id, const char *detail, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "UPDATE audit_log SET detail = ?2 WHERE id = ?1");

    if (!s)
        return problem_set(p, LM_INTERNAL, "the audit log cannot be written");
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_text(s, 2, detail, -1, SQLITE_STATIC);
    return account_run(c, s, p);
}

enum lm_err audit_prune(struct db_conn *c, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "DELETE FROM audit_log WHERE id <= (SELECT max(id) FROM audit_log) - ?1");
    enum lm_err err;

    if (!s)
        return problem_set(p, LM_INTERNAL, "the audit log cannot be pruned");
    sqlite3_bind_int(s, 1, AUDIT_KEPT);
    if ((err = account_run(c, s, p)))
        return err;
    s = db_prepare(c, "DELETE FROM audit_log WHERE action = ?1 AND id <= (SELECT id FROM audit_log WHERE action = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)");
    if (!s)
        return problem_set(p, LM_INTERNAL, "the audit log cannot be pruned");
    sqlite3_bind_text(s, 1, AUDIT_FAILED, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, AUDIT_FAILED_KEPT);
    return account_run(c, s, p);
}

/* The words of `q` in `space`, cut into words. */
static size_t take_words(const char *q, char *space, size_t size, const char *words[WORDS_MAX])
{
    size_t n = 0;
    char *save = NULL;

    str_copy(space, size, q ? q : "");
    for (char *w = strtok_r(space, " \t", &save); w && n < WORDS_MAX; w = strtok_r(NULL, " \t", &save))
        words[n++] = w;
    return n;
}

static json_t *line(sqlite3_stmt *s)
{
    const char *text = (const char *)sqlite3_column_text(s, 8);
    json_t *detail = NULL;

    if (!text || json_parse(text, strlen(text), &detail, NULL))
        detail = json_object();
    return json_pack("{s:I, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "id", (json_int_t)sqlite3_column_int64(s, 0), "at",
                     json_instant(sqlite3_column_int64(s, 1)), "user_name", (const char *)sqlite3_column_text(s, 2), "role",
                     (const char *)sqlite3_column_text(s, 3), "address", (const char *)sqlite3_column_text(s, 4), "action",
                     (const char *)sqlite3_column_text(s, 5), "table", json_text_or_null((const char *)sqlite3_column_text(s, 6)), "row_id",
                     json_text_or_null((const char *)sqlite3_column_text(s, 7)), "detail", detail);
}

enum lm_err audit_page(struct db_conn *c, const char *q, const char *cursor, int limit, json_t **page, struct problem *p)
{
    char space[512], number[24] = "";
    const char *words[WORDS_MAX];
    size_t n = take_words(q, space, sizeof(space), words), got = 0;
    struct str sql = { 0 };
    json_t *items = json_array();
    char *end;
    int64_t before = cursor ? strtoll(cursor, &end, 10) : INT64_MAX;
    int rc;

    *page = NULL;
    if (cursor && (*end || before < 1)) {
        json_decref(items);
        return problem_set(p, LM_BAD_REQUEST, "The cursor is none of ours.");
    }
    str_add(&sql, "SELECT id, at, user_name, role, address, action, table_name, row_id, detail FROM audit_log WHERE id < ?1");
    for (size_t i = 0; i < n; i++)
        str_addf(&sql, " AND instr(lm_fold(user_name || ' ' || role || ' ' || address || ' ' || action || ' ' || ifnull(table_name, '') || ' ' || "
                       "ifnull(row_id, '') || ' ' || detail), lm_fold(?%zu)) > 0", i + 3);
    str_add(&sql, " ORDER BY id DESC LIMIT ?2");
    sqlite3_stmt *s = sql.failed ? NULL : db_prepare(c, sql.data);
    str_clear(&sql);
    if (!s || !items) {
        json_decref(items);
        return problem_set(p, LM_INTERNAL, "the audit log cannot be read");
    }
    sqlite3_bind_int64(s, 1, before);
    sqlite3_bind_int(s, 2, limit + 1);
    for (size_t i = 0; i < n; i++)
        sqlite3_bind_text(s, (int)i + 3, words[i], -1, SQLITE_TRANSIENT);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (got++ == (size_t)limit)
            break;
        snprintf(number, sizeof(number), "%lld", (long long)sqlite3_column_int64(s, 0));
        json_array_append_new(items, line(s));
    }
    sqlite3_reset(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        json_decref(items);
        return db_error(c, rc, p);
    }
    *page = json_pack("{s:o, s:o}", "items", items, "next", got > (size_t)limit ? json_string(number) : json_null());
    return *page ? LM_OK : LM_NOMEM;
}
