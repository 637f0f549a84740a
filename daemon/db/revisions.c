#include "db/revisions.h"

#include <string.h>

#include "core/json.h"
#include "db/columns.h"
#include "db/revision_private.h"

/* The calling thread's; a write carries a pointer to it, for its caller waits. */
static _Thread_local struct revision_by by_thread = { .author = "lumad" };

void revision_by(const char *author, const char *message, enum revision_step step)
{
    str_copy(by_thread.author, sizeof(by_thread.author), author ? author : "lumad");
    str_copy(by_thread.message, sizeof(by_thread.message), message ? message : "");
    by_thread.step = step;
}

const struct revision_by *revision_by_thread(void)
{
    return &by_thread;
}

enum lm_err revision_step_find(const char *name, enum revision_step *step, struct problem *p)
{
    static const char *const names[] = { [STEP_SAVE] = "save", [STEP_UNDO] = "undo", [STEP_REDO] = "redo" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (!strcmp(names[i], name)) {
            *step = (enum revision_step)i;
            return LM_OK;
        }
    return problem_set(p, LM_BAD_REQUEST, "as must be save, undo or redo, not %.40s.", name);
}

/*
 * What a write does is noted in TEMP tables, which roll back with it. Of each row the first note stays: what it was before the write. Columns
 * have no type there, so values come back as they went in. A row that was not there, or was a tombstone, has deleted_at.
 */
enum lm_err revisions_prepare(struct db_conn *c, struct problem *p)
{
    struct str sql = { 0 }, cols = { 0 }, olds = { 0 }, content = { 0 };

    for (const struct column *col = score_annotations_table.cols; col->name; col++) {
        str_addf(&cols, "%s%s", cols.len ? ", " : "", col->name);
        str_addf(&olds, "%sOLD.%s", olds.len ? ", " : "", col->name);
        if (column_is_content(col) && !(col->flags & COL_PARENT))
            str_addf(&content, "%s, ", col->name);
    }
    str_addf(&sql, "CREATE TEMP TABLE was_block (%s);", cols.data ? cols.data : "");
    str_add(&sql, "CREATE UNIQUE INDEX temp.was_block_id ON was_block(id);"
            "CREATE TEMP TABLE was_graph (id UNIQUE, graph, deleted_at);"
            "CREATE TEMP TABLE was_score (id UNIQUE);"
            "CREATE TEMP TRIGGER note_block_i AFTER INSERT ON main.score_annotations WHEN NOT EXISTS (SELECT 1 FROM was_block WHERE id = NEW.id) "
            "BEGIN INSERT INTO was_block (id, score_id, deleted_at) VALUES (NEW.id, NEW.score_id, 1); END;");
    str_addf(&sql, "CREATE TEMP TRIGGER note_block_u AFTER UPDATE OF %sdeleted_at ON main.score_annotations WHEN NOT EXISTS (SELECT 1 FROM was_block "
             "WHERE id = NEW.id) BEGIN INSERT INTO was_block (%s) VALUES (%s); END;", content.data ? content.data : "", cols.data ? cols.data : "",
             olds.data ? olds.data : "");
    str_add(&sql, "CREATE TEMP TRIGGER note_graph_i AFTER INSERT ON main.implementations WHEN NOT EXISTS (SELECT 1 FROM was_graph WHERE id = NEW.id) "
            "BEGIN INSERT INTO was_graph VALUES (NEW.id, NULL, 1); END;"
            "CREATE TEMP TRIGGER note_graph_u AFTER UPDATE OF graph, deleted_at ON main.implementations WHEN NOT EXISTS (SELECT 1 FROM was_graph "
            "WHERE id = NEW.id) BEGIN INSERT INTO was_graph VALUES (OLD.id, OLD.graph, OLD.deleted_at); END;"
            "CREATE TEMP TRIGGER note_score_u AFTER UPDATE OF deleted_at ON main.scores WHEN NOT EXISTS (SELECT 1 FROM was_score WHERE id = NEW.id) "
            "BEGIN INSERT INTO was_score VALUES (NEW.id); END;");
    enum lm_err err = sql.failed || cols.failed || olds.failed || content.failed ? problem_set(p, LM_NOMEM, "no memory for the history")
                                                                                 : conn_exec(c, sql.data, p);
    str_clear(&sql);
    str_clear(&cols);
    str_clear(&olds);
    str_clear(&content);
    return err;
}

void revisions_forget(struct db_conn *c)
{
    static const char *const tables[] = { "was_block", "was_graph", "was_score" };

    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        sqlite3_stmt *s = revision_sql(c, "DELETE FROM temp.%s", tables[i]);
        if (s) {
            sqlite3_step(s);
            sqlite3_reset(s);
        }
    }
}

static enum lm_err noted(struct db_conn *c, const char *sql, json_t **ids, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, sql);
    int rc = SQLITE_ERROR;

    *ids = json_array();
    while (s && (rc = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(*ids, json_text_or_null((const char *)sqlite3_column_text(s, 0)));
    if (s)
        sqlite3_reset(s);
    return rc == SQLITE_DONE && *ids ? LM_OK : s ? db_error(c, rc, p) : problem_set(p, LM_INTERNAL, "the history cannot be written");
}

static bool is_anything_noted(struct db_conn *c)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT EXISTS (SELECT 1 FROM temp.was_block) OR EXISTS (SELECT 1 FROM temp.was_graph) OR "
                                 "EXISTS (SELECT 1 FROM temp.was_score)");
    bool any = s && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0);

    if (s)
        sqlite3_reset(s);
    return any;
}

/* ---- a save ---- */

enum { STEPS_MAX = 32 };

struct save {
    struct db_conn *c;
    const struct revision_by *by;
    enum revision_of kind;
    const char *owner;
    struct branch b;
};

/* One revision further; *end: there is none. */
static enum lm_err further(struct save *x, struct branch *at, bool is_undo, json_t **theirs, bool *end, struct problem *p)
{
    char passed[UUID_SIZE], to[UUID_SIZE] = "";
    enum lm_err err;

    str_copy(passed, sizeof(passed), at->at);
    *theirs = NULL;
    if ((*end = is_undo && !*passed))
        return LM_OK;
    err = is_undo ? revision_previous(x->c, x->kind, passed, to, p) : revision_next(x->c, x->kind, at, to, p);
    if (err || (*end = !is_undo && !*to))
        return err;
    str_copy(at->at, sizeof(at->at), to);
    return x->kind == REVISION_GRAPH ? state_at(x->c, x->kind, to, theirs, p) : revision_changes(x->c, is_undo ? passed : to, theirs, p);
}

/*
 * Was this only a step along the history? Then the place moves; *moved. One step of an editor may be several saves (a slider that was
 * dragged): so it is looked for a few revisions further, too, with the changes of a score joined on the way.
 */
static enum lm_err step_along(struct save *x, const json_t *after, const json_t *changes, bool *moved, struct problem *p)
{
    bool is_undo = x->by->step == STEP_UNDO, end = false;
    struct branch at = x->b;
    json_t *theirs = NULL, *joined = NULL, *more;
    enum lm_err err = LM_OK;

    *moved = false;
    if (x->by->step == STEP_SAVE || x->b.is_loose)
        return LM_OK;
    for (int i = 0; i < STEPS_MAX && !*moved; i++) {
        if ((err = further(x, &at, is_undo, &theirs, &end, p)) || end || !theirs)
            break;
        if (x->kind == REVISION_GRAPH) {
            *moved = value_same(theirs, after);
        } else {
            more = !joined ? json_incref(theirs) : is_undo ? changes_join(theirs, joined) : changes_join(joined, theirs);
            json_decref(joined);
            joined = more;
            *moved = joined && (is_undo ? changes_cancel(joined, changes) : changes_same(joined, changes));
        }
        json_decref(theirs);
        theirs = NULL;
    }
    json_decref(theirs);
    json_decref(joined);
    if (err == LM_CONFLICT) {                   /* the rest of the history is elsewhere: a save like any */
        problem_clear(p);
        err = LM_OK;
    }
    return !err && *moved ? branch_move(x->c, x->kind, &x->b, at.at, false, p) : err;
}

static enum lm_err add(struct save *x, const json_t *content, const char *summary, struct problem *p)
{
    return revision_add(x->c, x->kind, x->owner, &x->b, content, false, x->by->author, *x->by->message ? x->by->message : summary, p);
}

static enum lm_err read_graph_before(struct db_conn *c, const char *id, json_t **before, bool *was_live, struct problem *p)
{
    sqlite3_stmt *s = db_prepare(c, "SELECT graph, deleted_at IS NULL FROM temp.was_graph WHERE id = ?1");
    const char *text;

    *before = NULL;
    *was_live = false;
    if (!s)
        return problem_set(p, LM_INTERNAL, "the history cannot be written");
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW) {
        *was_live = sqlite3_column_int(s, 1);
        text = (const char *)sqlite3_column_text(s, 0);
        *before = text ? json_loadb(text, strlen(text), JSON_DECODE_ANY, NULL) : NULL;
    }
    sqlite3_reset(s);
    return LM_OK;
}

static enum lm_err save_graph(struct db_conn *c, const char *id, struct problem *p)
{
    struct save x = { .c = c, .by = c->by, .kind = REVISION_GRAPH, .owner = id };
    json_t *before = NULL, *after = NULL, *state = NULL, *diff = NULL;
    char summary[400];
    bool was_live, moved = false;
    enum lm_err err = state_live(c, x.kind, id, &after, p);

    if (err == LM_NOT_FOUND) {                  /* deleted: its history sleeps with it */
        problem_clear(p);
        return LM_OK;
    }
    if (err || (err = branch_current(c, x.kind, id, &x.b, p)) || (err = read_graph_before(c, id, &before, &was_live, p)))
        goto out;
    if (was_live && before && (err = revision_settle(c, x.kind, id, &x.b, before, p)))
        goto out;
    if ((err = state_of_branch(c, x.kind, &x.b, &state, p)) || value_same(state, after))
        goto out;
    if ((err = step_along(&x, after, NULL, &moved, p)) || moved)
        goto out;
    if (!(diff = graph_between(state, after))) {
        err = problem_set(p, LM_NOMEM, "no memory for a revision");
        goto out;
    }
    graph_summary(diff, summary, sizeof(summary));
    err = add(&x, after, summary, p);
out:
    json_decref(diff);
    json_decref(state);
    json_decref(before);
    json_decref(after);
    return err;
}

static json_t *block_content(json_t *row)
{
    static const char *const others[] = { "created_at", "updated_at", "version", "score_id" };

    for (size_t i = 0; row && i < sizeof(others) / sizeof(*others); i++)
        json_object_del(row, others[i]);
    return row;
}

/* What the write did to the blocks of a score. Notes come first, whole, because reading the rows uses the connection as well. */
static enum lm_err read_changes(struct db_conn *c, const char *score, json_t **changes, struct problem *p)
{
    struct str sql = { 0 };
    json_t *was = json_array(), *row, *item;
    enum lm_err err = LM_OK;
    bool is_same;
    size_t i;
    int rc = SQLITE_ERROR;

    *changes = json_array();
    str_add(&sql, "SELECT ");
    row_columns(&sql, &score_annotations_table);
    str_add(&sql, ", id, deleted_at IS NULL FROM temp.was_block WHERE score_id = ?1");
    sqlite3_stmt *s = sql.failed ? NULL : db_prepare(c, sql.data);
    str_clear(&sql);
    if (s)
        sqlite3_bind_text(s, 1, score, -1, SQLITE_STATIC);
    while (s && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        int n = sqlite3_column_count(s);
        json_t *before = sqlite3_column_int(s, n - 1) ? block_content(row_json(s, &score_annotations_table, false)) : json_null();
        json_array_append_new(was, json_pack("{s:s,s:o}", "id", (const char *)sqlite3_column_text(s, n - 2), "row", before));
    }
    if (s)
        sqlite3_reset(s);
    if (rc != SQLITE_DONE)
        err = s ? db_error(c, rc, p) : problem_set(p, LM_INTERNAL, "the history cannot be written");
    json_array_foreach(was, i, item) {
        const char *id = json_get_text(item, "id", "");
        const json_t *before = json_object_get(item, "row");
        if (err || ((err = row_get(c, &score_annotations_table, id, &row, p)) && err != LM_NOT_FOUND))
            break;
        if (err)
            problem_clear(p);
        err = LM_OK;
        json_t *change = change_of(id, json_is_object(before) ? before : NULL, block_content(row), &is_same);
        json_decref(row);
        if (!is_same && json_array_append_new(*changes, change))
            err = problem_set(p, LM_NOMEM, "no memory for a revision");
    }
    json_decref(was);
    return err;
}

/* What a save of a score follows on, when that is not known from its place alone. `is_back`: the score itself was dead: nothing came between. */
static enum lm_err settle_score(struct save *x, bool is_back, json_t **changes, struct problem *p)
{
    json_t *live = NULL, *before = NULL;
    enum lm_err err;

    if (!is_back && x->b.exists && *x->b.at && !x->b.is_loose)
        return LM_OK;
    if ((err = state_live(x->c, x->kind, x->owner, &live, p)))
        return err;
    if (is_back) {
        if (!(err = state_of_branch(x->c, x->kind, &x->b, &before, p))) {
            json_decref(*changes);
            *changes = changes_between(before, live);
        }
    } else if (!(before = json_copy(live)) || !changes_apply(before, *changes, true)) {
        err = problem_set(p, LM_NOMEM, "no memory for a revision");
    } else {
        err = revision_settle(x->c, x->kind, x->owner, &x->b, before, p);
    }
    json_decref(before);
    json_decref(live);
    return err;
}

static enum lm_err save_score(struct db_conn *c, const char *id, bool is_back, struct problem *p)
{
    struct save x = { .c = c, .by = c->by, .kind = REVISION_SCORE, .owner = id };
    json_t *changes = NULL, *score = NULL;
    char summary[400];
    bool moved = false;
    enum lm_err err = row_get(c, &scores_table, id, &score, p);

    json_decref(score);
    if (err == LM_NOT_FOUND) {
        problem_clear(p);
        return LM_OK;
    }
    if (err || (err = branch_current(c, x.kind, id, &x.b, p)) || (err = read_changes(c, id, &changes, p)) ||
        (err = settle_score(&x, is_back, &changes, p)) || !json_array_size(changes))
        goto out;
    if ((err = step_along(&x, NULL, changes, &moved, p)) || moved)
        goto out;
    changes_summary(changes, summary, sizeof(summary));
    err = add(&x, changes, summary, p);
out:
    json_decref(changes);
    return err;
}

static bool is_in(const json_t *list, const char *id)
{
    json_t *v;
    size_t i;

    json_array_foreach((json_t *)list, i, v) {
        if (!strcmp(json_string_value(v), id))
            return true;
    }
    return false;
}

enum lm_err revisions_keep(struct db_conn *c, struct problem *p)
{
    json_t *graphs = NULL, *scores = NULL, *back = NULL, *id;
    size_t i;
    enum lm_err err;

    if (!is_anything_noted(c))
        return LM_OK;
    if (!(err = noted(c, "SELECT id FROM temp.was_graph", &graphs, p)) &&
        !(err = noted(c, "SELECT id FROM temp.was_score", &back, p)))
        err = noted(c, "SELECT DISTINCT score_id FROM temp.was_block", &scores, p);
    json_array_foreach(graphs, i, id) {
        err = err ? err : save_graph(c, json_string_value(id), p);
    }
    json_array_foreach(scores, i, id) {
        err = err ? err : save_score(c, json_string_value(id), is_in(back, json_string_value(id)), p);
    }
    json_decref(graphs);
    json_decref(scores);
    json_decref(back);
    revisions_forget(c);
    return err;
}

/* What a pull stored has its own history; where that history leaves us is seen at the next save here. */
enum lm_err revisions_pulled(struct db_conn *c, struct problem *p)
{
    enum lm_err err;

    if (!is_anything_noted(c))
        return LM_OK;
    err = conn_exec(c, "UPDATE score_branches SET is_loose = 1 WHERE is_current AND NOT is_loose AND score_id IN (SELECT score_id FROM temp.was_block);"
                    "UPDATE implementation_branches SET is_loose = 1 WHERE is_current AND NOT is_loose AND implementation_id IN "
                    "(SELECT id FROM temp.was_graph)", p);
    revisions_forget(c);
    return err;
}
