#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/columns.h"
#include "db/revision_private.h"

enum {
    CHAIN_MAX = 256,            /* revisions read to know a score: some milliseconds */
    CHAIN_BYTES = 256 << 10,    /* of changes; a score that is always changed as a whole is stored as a whole each time */
    HISTORY_MAX = 1000000,
};

const struct revision_kind revision_kinds[REVISION_KINDS] = {
    [REVISION_GRAPH] = { &implementations_table, &implementation_revisions_table, &implementation_branches_table, "implementation_id", "graph" },
    [REVISION_SCORE] = { &scores_table, &score_revisions_table, &score_branches_table, "score_id", "data" },
};

sqlite3_stmt *revision_sql(struct db_conn *c, const char *fmt, ...)
{
    char sql[800];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(sql, sizeof(sql), fmt, ap);
    va_end(ap);
    return n < (int)sizeof(sql) ? db_prepare(c, sql) : NULL;
}

static enum lm_err unreadable(struct problem *p)
{
    return problem_set(p, LM_INTERNAL, "the history cannot be read");
}

static void bind(sqlite3_stmt *s, int i, const char *id)
{
    if (id && *id)
        sqlite3_bind_text(s, i, id, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, i);
}

static void column_copy(sqlite3_stmt *s, int i, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(s, i);

    str_copy(out, size, text ? text : "");
}

/* Two machines may each have made one current: the newest choice counts. A place whose revision did not come yet vouches for nothing. */
enum lm_err branch_current(struct db_conn *c, enum revision_of kind, const char *owner, struct branch *b, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    sqlite3_stmt *s = revision_sql(c, "SELECT id, name, revision_id, tip_id, version, is_loose OR (revision_id IS NOT NULL AND NOT EXISTS "
                                   "(SELECT 1 FROM %s r WHERE r.id = b.revision_id AND r.deleted_at IS NULL)) FROM %s b WHERE %s = ?1 "
                                   "AND deleted_at IS NULL ORDER BY is_current DESC, version DESC LIMIT 1", k->revisions->name, k->branches->name, k->owner);

    *b = (struct branch){ .exists = false };
    if (!s)
        return unreadable(p);
    bind(s, 1, owner);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        b->exists = true;
        column_copy(s, 0, b->id, sizeof(b->id));
        column_copy(s, 1, b->name, sizeof(b->name));
        column_copy(s, 2, b->at, sizeof(b->at));
        column_copy(s, 3, b->tip, sizeof(b->tip));
        b->version = sqlite3_column_int64(s, 4);
        b->is_loose = sqlite3_column_int(s, 5);
    }
    sqlite3_reset(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

static enum lm_err gone(struct problem *p)
{
    return problem_set(p, LM_CONFLICT, "A part of this history is not on this machine.");
}

static json_t *parse_column(sqlite3_stmt *s, int i)
{
    return json_loadb((const char *)sqlite3_column_text(s, i), (size_t)sqlite3_column_bytes(s, i), JSON_DECODE_ANY, NULL);
}

/* One revision's content and predecessor. */
static enum lm_err read_one(struct db_conn *c, enum revision_of kind, const char *id, json_t **content, char previous[UUID_SIZE], struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    sqlite3_stmt *s = revision_sql(c, "SELECT previous_id, %s FROM %s WHERE id = ?1 AND deleted_at IS NULL", k->content, k->revisions->name);
    enum lm_err err = LM_OK;

    if (!s)
        return unreadable(p);
    bind(s, 1, id);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        column_copy(s, 0, previous, UUID_SIZE);
        if (content && !(*content = parse_column(s, 1)))
            err = problem_set(p, LM_INTERNAL, "a revision cannot be read");
    } else {
        err = rc == SQLITE_DONE ? gone(p) : db_error(c, rc, p);
    }
    sqlite3_reset(s);
    return err;
}

enum lm_err revision_previous(struct db_conn *c, enum revision_of kind, const char *id, char previous[UUID_SIZE], struct problem *p)
{
    return read_one(c, kind, id, NULL, previous, p);
}

enum lm_err revision_changes(struct db_conn *c, const char *id, json_t **changes, struct problem *p)
{
    char previous[UUID_SIZE];
    json_t *data = NULL;
    enum lm_err err = read_one(c, REVISION_SCORE, id, &data, previous, p);

    *changes = json_is_array(json_object_get(data, "changes")) ? json_incref(json_object_get(data, "changes")) : NULL;
    json_decref(data);
    return err;
}

enum lm_err revision_next(struct db_conn *c, enum revision_of kind, const struct branch *b, char next[UUID_SIZE], struct problem *p)
{
    const char *t = revision_kinds[kind].revisions->name;

    *next = '\0';
    if (!*b->tip || !strcmp(b->tip, b->at))
        return LM_OK;
    sqlite3_stmt *s = revision_sql(c, "WITH RECURSIVE up(id, prev, n) AS (SELECT id, previous_id, 0 FROM %s WHERE id = ?1 AND deleted_at IS NULL UNION ALL "
                                   "SELECT r.id, r.previous_id, n + 1 FROM up JOIN %s r ON r.id = up.prev WHERE up.prev IS NOT ?2 AND r.deleted_at IS NULL "
                                   "AND n < %d) SELECT id FROM up WHERE prev IS ?2", t, t, HISTORY_MAX);
    if (!s)
        return unreadable(p);
    bind(s, 1, b->tip);
    bind(s, 2, b->at);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        column_copy(s, 0, next, UUID_SIZE);
    sqlite3_reset(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

/* ---- states ---- */

static json_t *empty_state(enum revision_of kind)
{
    return kind == REVISION_GRAPH ? json_pack("{s:[],s:[],s:[]}", "nodes", "edges", "args") : json_object();
}

static json_t *state_of_rows(const json_t *rows)
{
    json_t *state = json_object(), *row;
    size_t i;

    json_array_foreach((json_t *)rows, i, row) {
        json_object_set(state, json_get_text(row, "id", ""), row);
    }
    return state;
}

/* Back to the last whole score, or to the beginning, then forwards. */
static enum lm_err score_at(struct db_conn *c, const char *at, json_t **state, struct problem *p)
{
    json_t *chain = json_array(), *data;
    char id[UUID_SIZE], previous[UUID_SIZE];
    enum lm_err err = chain ? LM_OK : LM_NOMEM;

    *state = NULL;
    str_copy(id, sizeof(id), at);
    while (!err && !*state && *id && json_array_size(chain) < HISTORY_MAX) {
        if ((err = read_one(c, REVISION_SCORE, id, &data, previous, p)))
            break;
        const json_t *all = json_object_get(data, "all");
        if (all)
            *state = state_of_rows(all);
        else
            json_array_append(chain, json_object_get(data, "changes"));
        json_decref(data);
        str_copy(id, sizeof(id), previous);
    }
    if (!err && !*state && !(*state = json_object()))
        err = problem_set(p, LM_NOMEM, "no memory for a score");
    for (size_t i = json_array_size(chain); !err && i; i--)
        if (!changes_apply(*state, json_array_get(chain, i - 1), false))
            err = problem_set(p, LM_NOMEM, "no memory for a score");
    json_decref(chain);
    if (err) {
        json_decref(*state);
        *state = NULL;
    }
    return err;
}

enum lm_err state_at(struct db_conn *c, enum revision_of kind, const char *at, json_t **state, struct problem *p)
{
    char previous[UUID_SIZE];

    *state = NULL;
    if (!*at)
        return (*state = empty_state(kind)) ? LM_OK : problem_set(p, LM_NOMEM, "no memory for a revision");
    return kind == REVISION_SCORE ? score_at(c, at, state, p) : read_one(c, kind, at, state, previous, p);
}

enum lm_err state_of_branch(struct db_conn *c, enum revision_of kind, struct branch *b, json_t **state, struct problem *p)
{
    enum lm_err err = state_at(c, kind, b->at, state, p);

    if (err != LM_CONFLICT)
        return err;
    problem_clear(p);                   /* its history is elsewhere: a new one begins here */
    *b->at = '\0';
    return state_at(c, kind, b->at, state, p);
}

static enum lm_err add_row(void *ctx, json_t *row, struct problem *p)
{
    static const char *const kept[] = { "created_at", "updated_at", "version", "score_id" };
    json_t *content = json_copy(row);

    for (size_t i = 0; content && i < sizeof(kept) / sizeof(*kept); i++)
        json_object_del(content, kept[i]);
    return json_object_set_new(ctx, json_get_text(row, "id", ""), content) ? problem_set(p, LM_NOMEM, "no memory for a score") : LM_OK;
}

enum lm_err state_live(struct db_conn *c, enum revision_of kind, const char *owner, json_t **state, struct problem *p)
{
    json_t *row = NULL;
    enum lm_err err = row_get(c, revision_kinds[kind].owners, owner, &row, p);

    *state = NULL;
    if (!err && kind == REVISION_GRAPH) {
        *state = json_incref(json_object_get(row, "graph"));
    } else if (!err) {
        *state = json_object();
        err = row_each(c, &score_annotations_table, "score_id", owner, add_row, *state, p);
    }
    json_decref(row);
    if (err) {
        json_decref(*state);
        *state = NULL;
    }
    return err;
}

bool state_same(enum revision_of kind, const json_t *a, const json_t *b)
{
    (void)kind;
    return value_same(a, b);
}

/* ---- adding ---- */

static enum lm_err step_done(struct db_conn *c, sqlite3_stmt *s, struct problem *p)
{
    int rc = sqlite3_step(s);

    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

/* The id of a first branch comes from its owner: two machines that each make it make the same one. */
enum lm_err branch_insert(struct db_conn *c, enum revision_of kind, const char *owner, struct branch *b, bool is_current, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    char key[UUID_SIZE + 70];
    json_t *old = NULL;
    bool live;

    snprintf(key, sizeof(key), "%s/%s", owner, b->name);
    uuid_from_key("branch", key, b->id);
    if (!row_read(c, k->branches, b->id, true, &live, &old, NULL))
        uuid_new(b->id);
    json_decref(old);
    sqlite3_stmt *s = revision_sql(c, "INSERT INTO %s (id, %s, name, revision_id, tip_id, is_current) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                                   k->branches->name, k->owner);
    if (!s)
        return problem_set(p, LM_INTERNAL, "the branch cannot be written");
    bind(s, 1, b->id);
    bind(s, 2, owner);
    sqlite3_bind_text(s, 3, b->name, -1, SQLITE_STATIC);
    bind(s, 4, b->at);
    bind(s, 5, b->tip);
    sqlite3_bind_int(s, 6, is_current);
    enum lm_err err = step_done(c, s, p);
    b->exists = !err;
    return err;
}

enum lm_err branch_move(struct db_conn *c, enum revision_of kind, struct branch *b, const char *at, bool is_loose, struct problem *p)
{
    sqlite3_stmt *s = revision_sql(c, "UPDATE %s SET revision_id = ?2, tip_id = ?3, is_loose = ?4 WHERE id = ?1", revision_kinds[kind].branches->name);

    if (!s)
        return problem_set(p, LM_INTERNAL, "the branch cannot be written");
    char place[UUID_SIZE];
    str_copy(place, sizeof(place), at);         /* `at` may be a part of *b */
    str_copy(b->at, sizeof(b->at), place);
    b->is_loose = is_loose;
    bind(s, 1, b->id);
    bind(s, 2, b->at);
    bind(s, 3, b->tip);
    sqlite3_bind_int(s, 4, is_loose);
    return step_done(c, s, p);
}

struct chain { int64_t number, depth, behind; };

/* The next number, and how far the whole score before is. */
static enum lm_err read_chain(struct db_conn *c, enum revision_of kind, const char *owner, const char *at, struct chain *x, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    sqlite3_stmt *s = revision_sql(c, "SELECT max(number) FROM %s WHERE %s = ?1", k->revisions->name, k->owner);

    *x = (struct chain){ .number = 1 };
    if (!s)
        return unreadable(p);
    bind(s, 1, owner);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        x->number = sqlite3_column_int64(s, 0) + 1;
    sqlite3_reset(s);
    if (rc != SQLITE_ROW || kind == REVISION_GRAPH || !*at)
        return rc == SQLITE_ROW ? LM_OK : db_error(c, rc, p);
    if (!(s = db_prepare(c, "SELECT depth, behind FROM score_revisions WHERE id = ?1")))
        return unreadable(p);
    bind(s, 1, at);
    if (sqlite3_step(s) == SQLITE_ROW) {
        x->depth = sqlite3_column_int64(s, 0);
        x->behind = sqlite3_column_int64(s, 1);
    }
    sqlite3_reset(s);
    return LM_OK;
}

/* The text of a score's revision. With a chain that got long the whole score is put beside the changes. */
static enum lm_err score_text(struct db_conn *c, const char *owner, const json_t *content, bool is_whole, struct chain *x, char **text, struct problem *p)
{
    json_t *data = json_object(), *state = NULL;
    enum lm_err err = LM_OK;

    *text = NULL;
    if (is_whole)
        json_object_set_new(data, "all", state_rows(content));
    else
        json_object_set(data, "changes", (json_t *)content);
    x->depth = is_whole ? 0 : x->depth + 1;
    if (!is_whole && (x->depth >= CHAIN_MAX || x->behind >= CHAIN_BYTES) && !(err = state_live(c, REVISION_SCORE, owner, &state, p))) {
        json_object_set_new(data, "all", state_rows(state));
        x->depth = 0;
    }
    if (!err && (json_object_size(data) != 1u + (state != NULL) || !(*text = json_text(data))))
        err = problem_set(p, LM_NOMEM, "no memory for a revision");
    x->behind = x->depth && *text ? x->behind + (int64_t)strlen(*text) : 0;
    json_decref(state);
    json_decref(data);
    return err;
}

static enum lm_err insert(struct db_conn *c, enum revision_of kind, const char *owner, const struct branch *b, const char *id, char *text,
                          const struct chain *x, const char *author, const char *message, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    bool is_score = kind == REVISION_SCORE;
    sqlite3_stmt *s = revision_sql(c, "INSERT INTO %s (id, %s, branch, message, author, previous_id, number, %s%s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8%s)",
                                   k->revisions->name, k->owner, k->content, is_score ? ", depth, behind" : "", is_score ? ", ?9, ?10" : "");

    if (!s) {
        free(text);
        return problem_set(p, LM_INTERNAL, "the revision cannot be written");
    }
    sqlite3_bind_text(s, 8, text, -1, free);
    bind(s, 1, id);
    bind(s, 2, owner);
    sqlite3_bind_text(s, 3, b->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, message, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 5, author, -1, SQLITE_STATIC);
    bind(s, 6, b->at);
    sqlite3_bind_int64(s, 7, x->number);
    if (is_score) {
        sqlite3_bind_int64(s, 9, x->depth);
        sqlite3_bind_int64(s, 10, x->behind);
    }
    return step_done(c, s, p);
}

enum lm_err revision_add(struct db_conn *c, enum revision_of kind, const char *owner, struct branch *b, const json_t *content, bool is_whole,
                         const char *author, const char *message, struct problem *p)
{
    char id[UUID_SIZE], *text = NULL;
    struct chain x;
    enum lm_err err = read_chain(c, kind, owner, b->at, &x, p);

    if (!err && !b->exists)
        str_copy(b->name, sizeof(b->name), "A");
    if (!err && kind == REVISION_SCORE)
        err = score_text(c, owner, content, is_whole, &x, &text, p);
    else if (!err && !(text = json_text(content)))
        err = problem_set(p, LM_NOMEM, "no memory for a revision");
    if (err)
        return err;
    uuid_new(id);
    if ((err = insert(c, kind, owner, b, id, text, &x, author, message, p)))
        return err;
    str_copy(b->at, sizeof(b->at), id);
    str_copy(b->tip, sizeof(b->tip), id);
    err = b->exists ? branch_move(c, kind, b, id, false, p) : branch_insert(c, kind, owner, b, true, p);
    return err ? err : revision_prune(c, kind, owner, x.number, p);
}

enum lm_err revision_settle(struct db_conn *c, enum revision_of kind, const char *owner, struct branch *b, const json_t *before, struct problem *p)
{
    json_t *state = NULL;
    enum lm_err err;

    if (b->exists && *b->at && !b->is_loose)
        return LM_OK;
    err = state_of_branch(c, kind, b, &state, p);
    if (!err && !state_same(kind, state, before))
        err = revision_add(c, kind, owner, b, before, true, "", "As it was before", p);
    json_decref(state);
    return err;
}
