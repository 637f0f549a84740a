/* Undo, redo, restore and branches: what moves an owner's place in its history. */
#include <string.h>

#include "core/json.h"
#include "db/domain.h"
#include "db/revision_private.h"

/* {id, number, name, message, author, created_at}, or null for "". */
static json_t *short_row(struct db_conn *c, enum revision_of kind, const char *id)
{
    static const char *const shown[] = { "id", "number", "name", "message", "author", "created_at" };
    json_t *row = NULL, *brief;

    if (!*id || row_get(c, revision_kinds[kind].revisions, id, &row, NULL))
        return json_null();
    brief = json_object();
    for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
        json_object_set(brief, shown[i], json_object_get(row, shown[i]));
    json_decref(row);
    return brief;
}

enum lm_err revision_place(struct db_conn *c, enum revision_of kind, const char *owner, json_t **place, struct problem *p)
{
    json_t *row = NULL, *undo;
    char next[UUID_SIZE];
    struct branch b;
    enum lm_err err = row_get(c, revision_kinds[kind].owners, owner, &row, p);

    *place = NULL;
    json_decref(row);
    if (err || (err = branch_current(c, kind, owner, &b, p)) || (err = revision_next(c, kind, &b, next, p)))
        return err;
    undo = short_row(c, kind, b.at);
    *place = json_pack("{s:s?,s:s?,s:s?,s:O?,s:o,s:o,s:I}", "branch_id", b.exists ? b.id : NULL, "branch", b.exists ? b.name : NULL, "revision_id",
                       *b.at ? b.at : NULL, "number", json_object_get(undo, "number"), "undo", undo, "redo", short_row(c, kind, next),
                       "version", (json_int_t)b.version);
    return *place ? LM_OK : problem_set(p, LM_NOMEM, "no memory for a place");
}

static enum lm_err find_in(struct db_conn *c, const struct table *a, const struct table *b, const char *id, enum revision_of *kind, json_t **row,
                           struct problem *p)
{
    enum lm_err err = row_get(c, a, id, row, p);

    *kind = REVISION_GRAPH;
    if (err == LM_NOT_FOUND) {
        problem_clear(p);
        *kind = REVISION_SCORE;
        err = row_get(c, b, id, row, p);
    }
    return err;
}

enum lm_err revision_find(struct db_conn *c, const char *id, enum revision_of *kind, json_t **row, struct problem *p)
{
    return find_in(c, &implementation_revisions_table, &score_revisions_table, id, kind, row, p);
}

enum lm_err branch_find(struct db_conn *c, const char *id, enum revision_of *kind, json_t **row, struct problem *p)
{
    return find_in(c, &implementation_branches_table, &score_branches_table, id, kind, row, p);
}

static enum lm_err as_content(enum revision_of kind, enum lm_err err, json_t *state, json_t **content, struct problem *p)
{
    *content = err || kind == REVISION_GRAPH ? state : state_rows(state);
    if (kind == REVISION_SCORE)
        json_decref(state);
    return err || *content ? err : problem_set(p, LM_NOMEM, "no memory for a revision");
}

enum lm_err revision_content(struct db_conn *c, enum revision_of kind, const char *id, json_t **content, struct problem *p)
{
    json_t *state = NULL;
    enum lm_err err = state_at(c, kind, id ? id : "", &state, p);

    return as_content(kind, err, state, content, p);
}

enum lm_err revision_live(struct db_conn *c, enum revision_of kind, const char *owner, json_t **content, struct problem *p)
{
    json_t *state = NULL;
    enum lm_err err = state_live(c, kind, owner, &state, p);

    return as_content(kind, err, state, content, p);
}

/* ---- making a state live ---- */

static enum lm_err put_graph(struct db_conn *c, const struct revision_move *m, const json_t *graph, struct problem *p)
{
    json_t *errors = NULL;
    enum lm_err err = m->check(graph, &errors, p);

    if (!err)
        err = implementation_set_graph(c, m->owner, graph, errors, -1, NULL, p);
    json_decref(errors);
    return err;
}

static bool has_pattern(struct db_conn *c, const char *id)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT 1 FROM patterns WHERE id = ?1 AND deleted_at IS NULL");
    bool is_there = false;

    if (s) {
        sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
        is_there = sqlite3_step(s) == SQLITE_ROW;
        sqlite3_reset(s);
    }
    return is_there;
}

/* One block as it was: its id, origin_time and seed with it. A tombstone comes back to life. */
static enum lm_err put_block(struct db_conn *c, struct revision_move *m, const json_t *row, struct problem *p)
{
    if (!has_pattern(c, json_get_text(row, "pattern_id", ""))) {
        m->left_out++;
        return LM_OK;
    }
    json_t *members = json_copy((json_t *)row);
    enum lm_err err = LM_NOMEM;
    if (members && !json_object_set_new(members, "score_id", json_string(m->owner))) {
        json_object_del(members, "id");
        err = row_put(c, &score_annotations_table, json_get_text(row, "id", ""), members, p);
    }
    json_decref(members);
    return err;
}

static enum lm_err put_score(struct db_conn *c, struct revision_move *m, const json_t *live, const json_t *state, struct problem *p)
{
    json_t *changes = changes_between(live, state), *change;
    enum lm_err err = changes ? LM_OK : problem_set(p, LM_NOMEM, "no memory for a score");
    size_t i;

    json_array_foreach(changes, i, change) {
        const char *id = json_get_text(change, "id", "");
        const json_t *row = json_object_get(state, id);
        if (err)
            break;
        err = row ? put_block(c, m, row, p) : row_delete(c, &score_annotations_table, id, -1, NULL, p);
    }
    json_decref(changes);
    return err;
}

static enum lm_err make_live(struct db_conn *c, struct revision_move *m, const json_t *live, const json_t *state, struct problem *p)
{
    if (state_same(m->kind, live, state))
        return LM_OK;
    return m->kind == REVISION_GRAPH ? put_graph(c, m, state, p) : put_score(c, m, live, state, p);
}

/* An editor that knows its graph's own version need not know the place's: each save changes both. */
static bool is_graph_version(struct db_conn *c, const struct revision_move *m)
{
    json_t *row = NULL;
    bool is_it = m->kind == REVISION_GRAPH && !row_get(c, &implementations_table, m->owner, &row, NULL) &&
                 json_get_int(row, "version", 0) == m->if_match;

    json_decref(row);
    return is_it;
}

/* What every move begins with: the place, nothing between it and what is live, and nobody's edit meanwhile. *live is the state. */
static enum lm_err begin(struct db_conn *c, struct revision_move *m, struct branch *b, json_t **live, struct problem *p)
{
    enum lm_err err = state_live(c, m->kind, m->owner, live, p);

    m->left_out = 0;
    if (err || (err = branch_current(c, m->kind, m->owner, b, p)))
        return err;
    if (m->if_match >= 0 && b->version != m->if_match && !is_graph_version(c, m))
        return problem_set(p, LM_STALE, "It was changed by someone else meanwhile.");
    return revision_settle(c, m->kind, m->owner, b, *live, p);
}

/* To a revision this branch has been at; nothing is added to the history. */
static enum lm_err go(struct db_conn *c, struct revision_move *m, struct branch *b, const char *to, const json_t *live, struct problem *p)
{
    json_t *state = NULL;
    enum lm_err err = state_at(c, m->kind, to, &state, p);

    if (!err)
        err = make_live(c, m, live, state, p);
    json_decref(state);
    if (!err)
        err = branch_move(c, m->kind, b, to, m->left_out > 0, p);
    revisions_forget(c);
    return err;
}

enum lm_err revision_undo(struct db_conn *c, struct revision_move *m, struct problem *p)
{
    char to[UUID_SIZE];
    struct branch b;
    json_t *live = NULL;
    enum lm_err err = begin(c, m, &b, &live, p);

    if (!err && !*b.at)
        err = problem_set(p, LM_CONFLICT, "There is nothing to undo.");
    if (!err && !(err = revision_previous(c, m->kind, b.at, to, p)))
        err = go(c, m, &b, to, live, p);
    json_decref(live);
    return err;
}

enum lm_err revision_redo(struct db_conn *c, struct revision_move *m, struct problem *p)
{
    char to[UUID_SIZE] = "";
    struct branch b;
    json_t *live = NULL;
    enum lm_err err = begin(c, m, &b, &live, p);

    if (!err && !(err = revision_next(c, m->kind, &b, to, p)) && !*to)
        err = problem_set(p, LM_CONFLICT, "There is nothing to redo.");
    if (!err)
        err = go(c, m, &b, to, live, p);
    json_decref(live);
    return err;
}

/* LM_INVALID: the revision is of something else. */
static enum lm_err check_owner(struct db_conn *c, const struct revision_move *m, const char *id, json_t **row, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[m->kind];
    enum lm_err err = row_get(c, k->revisions, id, row, NULL);

    if (err == LM_NOT_FOUND || (!err && strcmp(json_get_text(*row, k->owner, ""), m->owner)))
        return problem_add(p, "/revision_id", "is no revision of this %s", k->owners->one);
    return err ? problem_set(p, err, "the revision cannot be read") : LM_OK;
}

static void restore_message(const struct revision_by *by, const json_t *row, char *out, size_t size)
{
    const char *name = json_get_text(row, "name", NULL), *message = json_get_text(row, "message", "");

    if (*by->message)
        str_copy(out, size, by->message);
    else
        snprintf(out, size, "Restored %lld: %s", (long long)json_get_int(row, "number", 0), name ? name : message);
    utf8_mend(out);
}

enum lm_err revision_restore(struct db_conn *c, struct revision_move *m, const char *revision, struct problem *p)
{
    char message[REVISION_MESSAGE + 1];
    json_t *live = NULL, *state = NULL, *now = NULL, *row = NULL, *changes = NULL;
    const json_t *content;
    struct branch b;
    enum lm_err err = begin(c, m, &b, &live, p);

    if (err || (err = check_owner(c, m, revision, &row, p)) || (err = state_at(c, m->kind, revision, &state, p)) ||
        (err = make_live(c, m, live, state, p)) || (err = state_live(c, m->kind, m->owner, &now, p)))
        goto out;
    revisions_forget(c);
    if (state_same(m->kind, live, now))
        goto out;
    content = now;
    if (m->kind == REVISION_SCORE)
        content = changes = changes_between(live, now);
    restore_message(c->by, row, message, sizeof(message));
    err = content ? revision_add(c, m->kind, m->owner, &b, content, false, c->by->author, message, p)
                  : problem_set(p, LM_NOMEM, "no memory for a revision");
out:
    json_decref(changes);
    json_decref(now);
    json_decref(row);
    json_decref(state);
    json_decref(live);
    return err;
}

/* ---- branches ---- */

/* A, B ... Z, then A2, B2 ... */
static enum lm_err free_name(struct db_conn *c, const struct revision_kind *k, const char *owner, char name[64], struct problem *p)
{
    for (int i = 0; i < 26 * 100; i++) {
        if (i < 26)
            snprintf(name, 64, "%c", 'A' + i);
        else
            snprintf(name, 64, "%c%d", 'A' + i % 26, i / 26 + 1);
        sqlite3_stmt *s = revision_sql(c, "SELECT 1 FROM %s WHERE %s = ?1 AND name = ?2 COLLATE NOCASE AND deleted_at IS NULL", k->branches->name, k->owner);
        if (!s)
            return problem_set(p, LM_INTERNAL, "the branches cannot be read");
        sqlite3_bind_text(s, 1, owner, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
        int rc = sqlite3_step(s);
        sqlite3_reset(s);
        if (rc == SQLITE_DONE)
            return LM_OK;
        if (rc != SQLITE_ROW)
            return db_error(c, rc, p);
    }
    return problem_set(p, LM_CONFLICT, "There are too many branches.");
}

static enum lm_err make_current(struct db_conn *c, const struct revision_move *m, const char *id, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[m->kind];
    sqlite3_stmt *s = revision_sql(c, "UPDATE %s SET is_current = (id = ?2) WHERE %s = ?1 AND deleted_at IS NULL AND (is_current OR id = ?2)",
                                   k->branches->name, k->owner);

    if (!s)
        return problem_set(p, LM_INTERNAL, "the branch cannot be written");
    sqlite3_bind_text(s, 1, m->owner, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, id, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? LM_OK : db_error(c, rc, p);
}

static bool is_taken(struct db_conn *c, const struct revision_kind *k, const char *owner, const char *name, const char *but)
{
    sqlite3_stmt *s = revision_sql(c, "SELECT 1 FROM %s WHERE %s = ?1 AND name = ?2 COLLATE NOCASE AND id IS NOT ?3 AND deleted_at IS NULL", k->branches->name,
                                   k->owner);
    bool found = false;

    if (s) {
        sqlite3_bind_text(s, 1, owner, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 3, but, -1, SQLITE_STATIC);
        found = sqlite3_step(s) == SQLITE_ROW;
        sqlite3_reset(s);
    }
    return found;
}

static enum lm_err check_name(struct db_conn *c, const struct revision_kind *k, const char *owner, const char *name, const char *but, struct problem *p)
{
    size_t n = strlen(name);

    if (!n || n > 60 || name[strspn(name, " \t\r\n")] == '\0')
        return problem_add(p, "/name", "must have 1 to 60 bytes and something to read");
    if (!is_taken(c, k, owner, name, but))
        return LM_OK;
    problem_set(p, LM_CONFLICT, "There is already a branch %.60s.", name);
    problem_add(p, "/name", "is taken");
    return LM_CONFLICT;
}

enum lm_err branch_create(struct db_conn *c, struct revision_move *m, const char *name, const char *from, bool is_switched, json_t **row, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[m->kind];
    struct branch here, b = { .exists = false };
    json_t *live = NULL, *revision = NULL;
    enum lm_err err = begin(c, m, &here, &live, p);

    *row = NULL;
    if (!err && !here.exists) {                 /* nothing was saved yet: what is there is A */
        str_copy(here.name, sizeof(here.name), "A");
        err = branch_insert(c, m->kind, m->owner, &here, true, p);
    }
    if (!err && from)
        err = check_owner(c, m, from, &revision, p);
    if (!err)
        err = name ? check_name(c, k, m->owner, name, NULL, p) : free_name(c, k, m->owner, b.name, p);
    if (err)
        goto out;
    if (name)
        str_copy(b.name, sizeof(b.name), name);
    str_copy(b.at, sizeof(b.at), from ? from : here.at);
    str_copy(b.tip, sizeof(b.tip), b.at);
    if (!(err = branch_insert(c, m->kind, m->owner, &b, false, p)) && is_switched)
        err = branch_switch(c, &(struct revision_move){ .kind = m->kind, .owner = m->owner, .if_match = -1, .check = m->check }, b.id, p);
    if (!err)
        err = row_get(c, k->branches, b.id, row, p);
out:
    json_decref(revision);
    json_decref(live);
    return err;
}

enum lm_err branch_switch(struct db_conn *c, struct revision_move *m, const char *branch, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[m->kind];
    json_t *row = NULL, *live = NULL;
    struct branch b, to = { .exists = true };
    enum lm_err err = begin(c, m, &b, &live, p);

    if (err || (err = row_get(c, k->branches, branch, &row, p)) || !strcmp(b.id, branch))
        goto out;
    str_copy(to.id, sizeof(to.id), branch);
    str_copy(to.at, sizeof(to.at), json_get_text(row, "revision_id", ""));
    str_copy(to.tip, sizeof(to.tip), json_get_text(row, "tip_id", ""));
    if (!(err = go(c, m, &to, to.at, live, p)))
        err = make_current(c, m, branch, p);
out:
    json_decref(row);
    json_decref(live);
    return err;
}

enum lm_err branch_rename(struct db_conn *c, enum revision_of kind, const char *branch, const json_t *patch, int64_t if_match, json_t **row, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    const char *name = json_get_text(patch, "name", NULL);
    json_t *old = NULL;
    enum lm_err err = row_get(c, k->branches, branch, &old, p);

    *row = NULL;
    if (!err && name)
        err = check_name(c, k, json_get_text(old, k->owner, ""), name, branch, p);
    if (!err)
        err = row_patch(c, k->branches, branch, patch, if_match, row, p);
    if (!err && name && strcmp(name, json_get_text(old, "name", ""))) {
        sqlite3_stmt *s = revision_sql(c, "UPDATE %s SET branch = ?3 WHERE %s = ?1 AND branch = ?2 AND deleted_at IS NULL", k->revisions->name, k->owner);
        if (!s)
            err = problem_set(p, LM_INTERNAL, "the branch cannot be written");
        for (int i = 0; s && i < 3; i++)
            sqlite3_bind_text(s, i + 1, i == 0 ? json_get_text(old, k->owner, "") : i == 1 ? json_get_text(old, "name", "") : name, -1, SQLITE_TRANSIENT);
        int rc = s ? sqlite3_step(s) : SQLITE_DONE;
        if (s)
            sqlite3_reset(s);
        if (rc != SQLITE_DONE)
            err = db_error(c, rc, p);
    }
    json_decref(old);
    return err;
}

enum lm_err branch_delete(struct db_conn *c, enum revision_of kind, const char *branch, int64_t if_match, json_t **row, struct problem *p)
{
    const struct revision_kind *k = &revision_kinds[kind];
    json_t *old = NULL;
    struct branch b = { .exists = false };
    enum lm_err err = row_get(c, k->branches, branch, &old, p);

    *row = NULL;
    if (!err)
        err = branch_current(c, kind, json_get_text(old, k->owner, ""), &b, p);
    json_decref(old);
    if (!err && !strcmp(b.id, branch))
        err = problem_set(p, LM_CONFLICT, "This branch is live. Switch to another one first.");
    return err ? err : row_delete(c, k->branches, branch, if_match, row, p);
}
