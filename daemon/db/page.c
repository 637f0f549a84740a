#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/uuid.h"
#include "db/private.h"

/*
 * Lists by keyset: a page begins behind the last row of the one before, so rows that come and go in between neither
 * repeat nor hide others. A cursor is the JSON [table, order values..., id] in base64url.
 */
enum { TERMS_MAX = 4, WORDS_MAX = 16, LIMIT_DEFAULT = 100, LIMIT_MAX = 1000, CURSOR_MAX = 8192 };

struct order {
    size_t n;
    bool descending;
    struct { const struct column *col; char expr[64]; } term[TERMS_MAX];
};

/* "a COLLATE NOCASE, b" or "a DESC, b DESC"; the directions must not be mixed, for the row comparison's sake. */
static void parse_order(const struct table *t, struct order *o)
{
    char text[256], *rest = NULL, *end;

    memset(o, 0, sizeof(*o));
    str_copy(text, sizeof(text), t->order);
    for (char *term = strtok_r(text, ",", &rest); term && o->n < TERMS_MAX; term = strtok_r(NULL, ",", &rest)) {
        char name[64];
        term += strspn(term, " ");
        if ((end = strstr(term, " DESC")))
            o->descending = true, *end = '\0';
        str_copy(o->term[o->n].expr, sizeof(o->term[0].expr), term);
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(term, " "), term);
        o->term[o->n++].col = table_column(t, name);
    }
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *base64url(const char *text)
{
    size_t n = strlen(text);
    char *out = malloc(n * 4 / 3 + 4), *to = out;

    for (size_t i = 0; out && i < n; i += 3) {
        unsigned v = (unsigned)(unsigned char)text[i] << 16;
        if (i + 1 < n)
            v |= (unsigned)(unsigned char)text[i + 1] << 8;
        if (i + 2 < n)
            v |= (unsigned char)text[i + 2];
        for (int k = 0; k < 4 && i + (size_t)k <= n; k++)
            *to++ = digits[v >> (18 - 6 * k) & 63];
    }
    if (out)
        *to = '\0';
    return out;
}

static size_t from_base64url(const char *text, char out[CURSOR_MAX])
{
    size_t n = 0;
    unsigned v = 0, bits = 0;

    for (; *text; text++) {
        const char *d = strchr(digits, *text);
        if (!d || n == CURSOR_MAX)
            return 0;
        v = v << 6 | (unsigned)(d - digits);
        if ((bits += 6) >= 8)
            out[n++] = (char)(v >> (bits -= 8) & 255);
    }
    return n;
}

static bool fits(const struct column *col, const json_t *v)
{
    return col->type == COL_REAL ? json_is_number(v) :
           col->type == COL_INT || col->type == COL_INSTANT || col->type == COL_BOOL ? json_is_integer(v) : json_is_string(v);
}

/* NULL: not a cursor of this list. */
static json_t *read_cursor(const struct table *t, const struct order *o, const char *cursor)
{
    char text[CURSOR_MAX];
    json_t *v = NULL;
    size_t n = strlen(cursor) < CURSOR_MAX ? from_base64url(cursor, text) : 0;

    if (!n || json_parse(text, n, &v, NULL))
        return NULL;
    bool good = json_array_size(v) == o->n + 2 && json_is_string(json_array_get(v, 0)) &&
                !strcmp(json_string_value(json_array_get(v, 0)), t->name) && json_is_string(json_array_get(v, o->n + 1)) &&
                uuid_valid(json_string_value(json_array_get(v, o->n + 1)));
    for (size_t i = 0; good && i < o->n; i++)
        good = fits(o->term[i].col, json_array_get(v, i + 1));
    if (good)
        return v;
    json_decref(v);
    return NULL;
}

static json_t *raw(sqlite3_stmt *s, int i)
{
    switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER: return json_integer(sqlite3_column_int64(s, i));
    case SQLITE_FLOAT:   return json_real(sqlite3_column_double(s, i));
    default:             return json_text_or_null((const char *)sqlite3_column_text(s, i));
    }
}

/* From the row the statement stands on; its order values and id are the last columns. */
static json_t *write_cursor(sqlite3_stmt *s, const struct table *t, const struct order *o)
{
    json_t *list = json_array();
    int first = sqlite3_column_count(s) - (int)o->n - 1;

    json_array_append_new(list, json_string(t->name));
    for (size_t i = 0; i <= o->n; i++)
        json_array_append_new(list, raw(s, first + (int)i));
    char *text = json_text(list), *code = text ? base64url(text) : NULL;
    json_t *cursor = code ? json_string(code) : NULL;
    free(code);
    free(text);
    json_decref(list);
    return cursor;
}

static int split_words(char *text, char *words[WORDS_MAX])
{
    int n = 0;
    char *rest = NULL;

    for (char *w = strtok_r(text, " \t\r\n", &rest); w && n < WORDS_MAX; w = strtok_r(NULL, " \t\r\n", &rest))
        words[n++] = w;
    return n;
}

/* Parameters: 1 limit, 2 parent, 3.. words, then the cursor's values. */
static void page_sql(struct str *sql, const struct table *t, const struct order *o, bool has_parent, int words, bool has_cursor)
{
    const char *sep = "";
    int param = 3;

    str_add(sql, "SELECT ");
    row_columns(sql, t);
    for (size_t i = 0; i < o->n; i++)
        str_addf(sql, ", %s", o->term[i].col->name);
    str_addf(sql, ", id FROM %s WHERE %s", t->name, t->synced ? "deleted_at IS NULL" : "1");
    if (has_parent)
        str_addf(sql, " AND %s = ?2", table_parent_column(t)->name);
    for (int i = 0; i < words; i++) {
        str_add(sql, " AND instr(lm_fold(");
        sep = "";
        for (const struct column *c = t->cols; c->name; c++)
            if (c->flags & COL_SEARCH)
                str_addf(sql, "%sifnull(%s, '')", sep, c->name), sep = " || char(10) || ";
        str_addf(sql, "%s), lm_fold(?%d)) > 0", *sep ? "" : "''", param++);
    }
    if (has_cursor) {
        str_add(sql, " AND (");
        for (size_t i = 0; i < o->n; i++)
            str_addf(sql, "%s, ", o->term[i].expr);
        str_addf(sql, "id) %s (", o->descending ? "<" : ">");
        for (size_t i = 0; i < o->n; i++)
            str_addf(sql, "?%d, ", param++);
        str_addf(sql, "?%d)", param);
    }
    str_add(sql, " ORDER BY ");
    for (size_t i = 0; i < o->n; i++)
        str_addf(sql, "%s%s, ", o->term[i].expr, o->descending ? " DESC" : "");
    str_addf(sql, "id%s LIMIT ?1", o->descending ? " DESC" : "");
}

static void bind_raw(sqlite3_stmt *s, int i, const json_t *v)
{
    if (json_is_integer(v))
        sqlite3_bind_int64(s, i, json_integer_value(v));
    else if (json_is_real(v))
        sqlite3_bind_double(s, i, json_real_value(v));
    else
        sqlite3_bind_text(s, i, json_string_value(v), -1, SQLITE_STATIC);
}

/* One row more than asked for is read, to know whether there is a next page. */
static enum lm_err read_page(struct db_conn *c, sqlite3_stmt *s, const struct table *t, const struct order *o, int limit, json_t **page, struct problem *p)
{
    json_t *items = json_array(), *next = NULL;
    enum lm_err err = items ? LM_OK : LM_NOMEM;
    int n = 0, rc = SQLITE_DONE;

    for (; !err && (rc = sqlite3_step(s)) == SQLITE_ROW; n++) {
        if (n == limit) {
            rc = SQLITE_DONE;
            break;
        }
        if (json_array_append_new(items, row_json(s, t, false)))
            err = LM_NOMEM;
        if (n + 1 == limit) {
            json_decref(next);
            next = write_cursor(s, t, o);       /* dropped below if nothing follows */
        }
    }
    if (!err && rc != SQLITE_DONE)
        err = db_error(c, rc, p);
    if (!err && n < limit)
        json_decref(next), next = NULL;
    else if (!err && sqlite3_data_count(s) == 0)
        json_decref(next), next = NULL;
    if (!err && !(*page = json_pack("{s:o,s:o}", "items", items, "next", next ? next : json_null())))
        return problem_set(p, LM_NOMEM, "no memory for %s", t->name);
    if (err) {
        json_decref(items);
        json_decref(next);
        problem_set(p, err, "%s cannot be read", t->name);
    }
    return err;
}

enum lm_err row_page(struct db_conn *c, const struct table *t, const char *parent_id, const struct row_query *q, json_t **page, struct problem *p)
{
    static const struct row_query plain;
    struct order o;
    struct str sql = { 0 };
    char *text = NULL, *words[WORDS_MAX];
    json_t *cursor = NULL;
    int n_words = 0, param = 3;
    enum lm_err err = LM_OK;

    *page = NULL;
    q = q ? q : &plain;
    int limit = q->limit <= 0 ? LIMIT_DEFAULT : q->limit > LIMIT_MAX ? LIMIT_MAX : q->limit;
    parse_order(t, &o);
    if (parent_id && !table_parent_column(t))
        return problem_set(p, LM_INTERNAL, "%s has no parent", t->name);
    if (q->cursor && *q->cursor && !(cursor = read_cursor(t, &o, q->cursor)))
        return problem_set(p, LM_BAD_REQUEST, "The cursor is not one of this list.");
    if (q->q && *q->q) {
        if (!(text = strdup(q->q)))
            err = problem_set(p, LM_NOMEM, "no memory for a search");
        else
            n_words = split_words(text, words);
    }
    page_sql(&sql, t, &o, parent_id, n_words, cursor);
    sqlite3_stmt *s = err || sql.failed ? NULL : db_prepare(c, sql.data);
    if (!s && !err)
        err = problem_set(p, LM_INTERNAL, "%s cannot be read", t->name);
    if (!err) {
        sqlite3_bind_int(s, 1, limit + 1);
        if (parent_id)
            sqlite3_bind_text(s, 2, parent_id, -1, SQLITE_STATIC);
        for (int i = 0; i < n_words; i++)
            sqlite3_bind_text(s, param++, words[i], -1, SQLITE_STATIC);
        for (size_t i = 1; i < json_array_size(cursor); i++)
            bind_raw(s, param++, json_array_get(cursor, i));
        err = read_page(c, s, t, &o, limit, page, p);
        sqlite3_reset(s);
    }
    str_clear(&sql);
    free(text);
    json_decref(cursor);
    return err;
}
