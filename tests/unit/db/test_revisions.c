/* The history: every write that changes a graph or a score leaves a revision, and every revision gives back exactly what was. */
#include "dbtest.h"

#include "db/revisions.h"

static char pattern[UUID_SIZE], implementation[UUID_SIZE], track[UUID_SIZE], score[UUID_SIZE];

static struct db *begin(void)
{
    struct db *db = test_open();
    json_t *row;

    if (!db || !*test_create(db, &patterns_table, NULL, "{'name':'Wash'}", pattern) ||
        !*test_create(db, &implementations_table, pattern, "{'name':'Default'}", implementation))
        return NULL;
    struct step s = { .what = SQL, .text = "INSERT INTO tracks (id, title, track_hash) VALUES ('00000000-0000-4000-8000-00000000000a', 'T', 'x')" };
    if (test_run(db, &s) || !(row = test_row(db, &tracks_table, "00000000-0000-4000-8000-00000000000a")))
        return NULL;
    snprintf(track, sizeof(track), "%s", json_get_text(row, "id", ""));
    json_decref(row);
    return *test_create(db, &scores_table, track, "{'name':'Main'}", score) ? db : NULL;
}

static enum lm_err no_errors(const json_t *graph, json_t **errors, struct problem *p)
{
    (void)graph, (void)p;
    *errors = json_array();
    return LM_OK;
}

enum what { UNDO, REDO, RESTORE, FORK, SWITCH, PLACE, RENAME, REMOVE };
struct deed { enum what what; enum revision_of kind; const char *id, *name; bool is_switched; int64_t if_match; int left_out; json_t *row; };

static enum lm_err do_it(struct db_conn *c, void *arg, struct problem *p)
{
    struct deed *d = arg;
    struct revision_move m = { .kind = d->kind, .owner = d->kind == REVISION_GRAPH ? implementation : score, .if_match = d->if_match ? d->if_match : -1,
                               .check = no_errors };
    json_t *patch = json_pack("{s:s?}", "name", d->name);
    enum lm_err err = LM_OK;

    switch (d->what) {
    case UNDO:    err = revision_undo(c, &m, p); break;
    case REDO:    err = revision_redo(c, &m, p); break;
    case RESTORE: err = revision_restore(c, &m, d->id, p); break;
    case FORK:    err = branch_create(c, &m, d->name, d->id, d->is_switched, &d->row, p); break;
    case SWITCH:  err = branch_switch(c, &m, d->id, p); break;
    case PLACE:   err = revision_place(c, d->kind, m.owner, &d->row, p); break;
    case RENAME:  err = branch_rename(c, d->kind, d->id, patch, -1, &d->row, p); break;
    case REMOVE:  err = branch_delete(c, d->kind, d->id, -1, &d->row, p); break;
    }
    d->left_out = m.left_out;
    json_decref(patch);
    return err;
}

static enum lm_err deed(struct db *db, enum what what, enum revision_of kind, const char *id, const char *name)
{
    struct deed d = { .what = what, .kind = kind, .id = id, .name = name, .is_switched = true };
    enum lm_err err = db_write(db, do_it, &d, &problem);

    json_decref(d.row);
    return err;
}

static json_t *place(struct db *db, enum revision_of kind)
{
    struct deed d = { .what = PLACE, .kind = kind };

    return db_write(db, do_it, &d, &problem) ? NULL : d.row;
}

static json_t *live(struct db *db, enum revision_of kind)
{
    struct db_conn *c = db_reader_take(db);
    json_t *v = NULL;

    revision_live(c, kind, kind == REVISION_GRAPH ? implementation : score, &v, &problem);
    db_reader_put(db, c);
    return v;
}

static json_t *content(struct db *db, enum revision_of kind, const char *id)
{
    struct db_conn *c = db_reader_take(db);
    json_t *v = NULL;

    if (revision_content(c, kind, id, &v, &problem))
        printf("# %s\n", problem.detail);
    db_reader_put(db, c);
    return v;
}

static int64_t count(struct db *db, const char *table)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE deleted_at IS NULL", table);
    return test_int(db, sql);
}

/* Column `what` of the newest revision. */
static const char *newest(struct db *db, enum revision_of kind, const char *what, char out[200])
{
    struct db_conn *c = db_reader_take(db);
    sqlite3_stmt *s = NULL;
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT %s FROM %s WHERE deleted_at IS NULL ORDER BY number DESC LIMIT 1", what,
             kind == REVISION_GRAPH ? "implementation_revisions" : "score_revisions");
    out[0] = '\0';
    if (!sqlite3_prepare_v2(db_handle(c), sql, -1, &s, NULL) && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0))
        snprintf(out, 200, "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    db_reader_put(db, c);
    return out;
}

static enum lm_err set_graph(struct db *db, double attack)
{
    char text[300];

    snprintf(text, sizeof(text), "{'graph':{'nodes':[{'id':'env','type':'beat_envelope','params':{'attack':%g},'x':0,'y':0}],'edges':[],'args':[]}}", attack);
    return test_patch(db, &implementations_table, implementation, text);
}

static double attack_of(json_t *graph)
{
    const json_t *node = json_array_get(json_object_get(graph, "nodes"), 0);
    double v = json_get_real(json_object_get(node, "params"), "attack", -1);

    json_decref(graph);
    return v;
}

static double live_attack(struct db *db)
{
    return attack_of(live(db, REVISION_GRAPH));
}

TEST(a_save_is_a_revision_with_author_and_message_and_no_change_is_none)
{
    char text[200];
    struct db *db = begin();

    CHECK(db);
    CHECK_INT(count(db, "implementation_revisions"), 0);        /* an empty graph is where all begins */
    revision_by("Ada", "Softer", STEP_SAVE);
    CHECK_INT(set_graph(db, 0.5), LM_OK);
    CHECK_INT(count(db, "implementation_revisions"), 1);
    CHECK_STR(newest(db, REVISION_GRAPH, "author", text), "Ada");
    CHECK_STR(newest(db, REVISION_GRAPH, "message", text), "Softer");
    CHECK_STR(newest(db, REVISION_GRAPH, "branch", text), "A");
    CHECK_INT(set_graph(db, 0.5), LM_OK);
    CHECK_INT(test_patch(db, &implementations_table, implementation, "{'name':'Other'}"), LM_OK);
    CHECK_INT(count(db, "implementation_revisions"), 1);
    revision_by("Ada", NULL, STEP_SAVE);
    CHECK_INT(set_graph(db, 0.7), LM_OK);
    CHECK_STR(newest(db, REVISION_GRAPH, "message", text), "env: attack");
    CHECK_STR(newest(db, REVISION_GRAPH, "number", text), "2");
    revision_by(NULL, NULL, STEP_SAVE);
    db_close(db);
}

static enum lm_err change_and_fail(struct db_conn *c, void *arg, struct problem *p)
{
    struct step s = { .what = PATCH, .t = &implementations_table, .id = implementation, .text = "{'graph':{'nodes':[],'edges':[],'args':[{'id':'a'}]}}", .if_match = -1 };
    enum lm_err err = test_step(c, &s, p);

    (void)arg;
    json_decref(s.row);
    return err ? err : problem_set(p, LM_CONFLICT, "not so");
}

TEST(what_is_rolled_back_leaves_nothing)
{
    struct db *db = begin();

    CHECK_INT(db_write(db, change_and_fail, NULL, &problem), LM_CONFLICT);
    CHECK_INT(count(db, "implementation_revisions"), 0);
    CHECK_INT(set_graph(db, 0.5), LM_OK);           /* and nothing is held against the next one */
    CHECK_INT(count(db, "implementation_revisions"), 1);
    json_t *v = content(db, REVISION_GRAPH, NULL);
    CHECK_INT(json_array_size(json_object_get(v, "args")), 0);
    json_decref(v);
    db_close(db);
}

TEST(undo_and_redo_walk_and_a_save_behind_an_undo_drops_nothing)
{
    struct db *db = begin();
    json_t *v;

    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_CONFLICT);
    for (int i = 1; i <= 3; i++)
        CHECK_INT(set_graph(db, i), LM_OK);
    CHECK_INT(deed(db, REDO, REVISION_GRAPH, NULL, NULL), LM_CONFLICT);
    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 2, 0);
    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), -1, 0);             /* the empty beginning */
    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_CONFLICT);
    CHECK_INT(deed(db, REDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 1, 0);
    CHECK_INT(deed(db, REDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 2, 0);
    CHECK_INT(count(db, "implementation_revisions"), 3);
    CHECK_INT(set_graph(db, 9), LM_OK);
    CHECK_INT(count(db, "implementation_revisions"), 4);
    CHECK_INT(deed(db, REDO, REVISION_GRAPH, NULL, NULL), LM_CONFLICT);
    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 2, 0);
    v = place(db, REVISION_GRAPH);
    CHECK_STR(json_get_text(v, "branch", ""), "A");
    CHECK_INT(json_get_int(json_object_get(v, "undo"), "number", 0), 2);
    CHECK_INT(json_get_int(json_object_get(v, "redo"), "number", 0), 4);
    json_decref(v);
    db_close(db);
}

TEST(a_write_that_says_it_is_an_undo_moves_instead_of_adding)
{
    struct db *db = begin();

    CHECK_INT(set_graph(db, 1), LM_OK);
    CHECK_INT(set_graph(db, 2), LM_OK);
    revision_by("Ada", NULL, STEP_UNDO);
    CHECK_INT(set_graph(db, 1), LM_OK);
    CHECK_INT(count(db, "implementation_revisions"), 2);
    revision_by("Ada", NULL, STEP_REDO);
    CHECK_INT(set_graph(db, 2), LM_OK);
    CHECK_INT(count(db, "implementation_revisions"), 2);
    revision_by("Ada", NULL, STEP_UNDO);
    CHECK_INT(set_graph(db, 7), LM_OK);             /* it takes back something else: a save like any */
    CHECK_INT(count(db, "implementation_revisions"), 3);
    revision_by("Ada", NULL, STEP_SAVE);
    CHECK_INT(set_graph(db, 2), LM_OK);
    CHECK_INT(count(db, "implementation_revisions"), 4);
    revision_by("Ada", NULL, STEP_UNDO);
    CHECK_INT(set_graph(db, 1), LM_OK);             /* three saves back at once */
    CHECK_INT(count(db, "implementation_revisions"), 4);
    revision_by("Ada", NULL, STEP_REDO);
    CHECK_INT(set_graph(db, 7), LM_OK);
    CHECK_INT(count(db, "implementation_revisions"), 4);
    CHECK_INT(deed(db, REDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 2, 0);
    revision_by(NULL, NULL, STEP_SAVE);
    db_close(db);
}

static const char *annotate(struct db *db, double start, char id[UUID_SIZE])
{
    char text[300];

    snprintf(text, sizeof(text), "{'pattern_id':'%s','start_time':%.17g,'end_time':%.17g,'seed':77,'origin_time':0.1}", pattern, start, start + 1);
    return test_create(db, &score_annotations_table, score, text, id);
}

TEST(the_same_undo_works_for_blocks)
{
    char a[UUID_SIZE], text[200];
    struct db *db = begin();

    CHECK(*annotate(db, 1.0 / 3, a));
    CHECK_STR(newest(db, REVISION_SCORE, "message", text), "1 block added");
    CHECK_INT(test_patch(db, &score_annotations_table, a, "{'start_time':0.7}"), LM_OK);
    CHECK_STR(newest(db, REVISION_SCORE, "message", text), "1 block moved");
    revision_by(NULL, NULL, STEP_UNDO);
    snprintf(text, sizeof(text), "{'start_time':%.17g}", 1.0 / 3);
    CHECK_INT(test_patch(db, &score_annotations_table, a, text), LM_OK);
    CHECK_INT(count(db, "score_revisions"), 2);
    revision_by(NULL, NULL, STEP_REDO);
    CHECK_INT(test_patch(db, &score_annotations_table, a, "{'start_time':0.7}"), LM_OK);
    CHECK_INT(count(db, "score_revisions"), 2);
    revision_by(NULL, NULL, STEP_SAVE);
    CHECK_INT(test_patch(db, &score_annotations_table, a, "{'start_time':0.8,'z_index':2}"), LM_OK);
    revision_by(NULL, NULL, STEP_UNDO);                         /* of two saves at once */
    snprintf(text, sizeof(text), "{'start_time':%.17g,'z_index':0}", 1.0 / 3);
    CHECK_INT(test_patch(db, &score_annotations_table, a, text), LM_OK);
    json_t *here = place(db, REVISION_SCORE);
    CHECK_INT(json_get_int(here, "number", 0), 1);
    json_decref(here);
    revision_by(NULL, NULL, STEP_REDO);
    CHECK_INT(test_patch(db, &score_annotations_table, a, "{'start_time':0.8,'z_index':2}"), LM_OK);
    here = place(db, REVISION_SCORE);
    CHECK_INT(json_get_int(here, "number", 0), 3);
    json_decref(here);
    revision_by(NULL, NULL, STEP_SAVE);
    CHECK_INT(test_patch(db, &score_annotations_table, a, "{'start_time':0.7,'z_index':0}"), LM_OK);
    CHECK_INT(test_delete(db, &score_annotations_table, a), LM_OK);
    CHECK_INT(count(db, "score_revisions"), 5);
    CHECK_INT(count(db, "score_annotations"), 0);
    CHECK_INT(deed(db, UNDO, REVISION_SCORE, NULL, NULL), LM_OK);
    json_t *row = test_row(db, &score_annotations_table, a);    /* with its id */
    CHECK_NEAR(json_get_real(row, "start_time", 0), 0.7, 0);
    CHECK_NEAR(json_get_real(row, "origin_time", 0), 0.1, 0);
    CHECK_INT(json_get_int(row, "seed", 0), 77);
    json_decref(row);
    db_close(db);
}

TEST(a_restore_is_a_new_save)
{
    char first[200], text[200];
    struct db *db = begin();

    CHECK_INT(set_graph(db, 1), LM_OK);
    newest(db, REVISION_GRAPH, "id", first);
    CHECK_INT(set_graph(db, 2), LM_OK);
    CHECK_INT(deed(db, RESTORE, REVISION_GRAPH, first, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 1, 0);
    CHECK_INT(count(db, "implementation_revisions"), 3);
    CHECK(strstr(newest(db, REVISION_GRAPH, "message", text), "Restored 1"));
    CHECK_INT(deed(db, RESTORE, REVISION_GRAPH, first, NULL), LM_OK);
    CHECK_INT(count(db, "implementation_revisions"), 3);        /* it is live already */
    CHECK_INT(deed(db, RESTORE, REVISION_SCORE, first, NULL), LM_INVALID);
    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 2, 0);
    db_close(db);
}

TEST(branches_stand_each_at_their_own_place)
{
    struct db *db = begin();
    struct deed fork = { .what = FORK, .kind = REVISION_GRAPH, .is_switched = true };
    char b[UUID_SIZE], a[200] = "";

    CHECK_INT(set_graph(db, 1), LM_OK);
    CHECK_INT(set_graph(db, 2), LM_OK);
    CHECK_INT(db_write(db, do_it, &fork, &problem), LM_OK);
    CHECK_STR(json_get_text(fork.row, "name", ""), "B");
    CHECK(json_get_bool(fork.row, "is_current", false));
    snprintf(b, sizeof(b), "%s", json_get_text(fork.row, "id", ""));
    json_decref(fork.row);
    CHECK_INT(count(db, "implementation_branches"), 2);
    CHECK_INT(set_graph(db, 5), LM_OK);
    struct db_conn *c = db_reader_take(db);
    sqlite3_stmt *s = db_prepare(c, "SELECT id FROM implementation_branches WHERE name = 'A'");
    if (sqlite3_step(s) == SQLITE_ROW)
        snprintf(a, sizeof(a), "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_reset(s);
    db_reader_put(db, c);
    CHECK_INT(deed(db, SWITCH, REVISION_GRAPH, a, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 2, 0);
    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 1, 0);
    CHECK_INT(deed(db, SWITCH, REVISION_GRAPH, b, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 5, 0);
    CHECK_INT(deed(db, SWITCH, REVISION_GRAPH, a, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 1, 0);
    CHECK_INT(deed(db, REDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 2, 0);
    CHECK_INT(deed(db, REMOVE, REVISION_GRAPH, a, NULL), LM_CONFLICT);      /* it is live */
    CHECK_INT(deed(db, RENAME, REVISION_GRAPH, b, "a"), LM_CONFLICT);
    CHECK_INT(deed(db, RENAME, REVISION_GRAPH, b, "Loud"), LM_OK);
    CHECK_INT(test_int(db, "SELECT count(*) FROM implementation_revisions WHERE branch = 'Loud'"), 1);
    CHECK_INT(deed(db, REMOVE, REVISION_GRAPH, b, NULL), LM_OK);
    CHECK_INT(count(db, "implementation_revisions"), 3);                    /* its saves stay */
    CHECK_INT(deed(db, FORK, REVISION_GRAPH, NULL, "Loud"), LM_OK);         /* the name is free again */
    CHECK_INT(deed(db, FORK, REVISION_GRAPH, NULL, " "), LM_INVALID);
    db_close(db);
}

TEST(stale_moves_are_refused)
{
    struct db *db = begin();

    CHECK_INT(set_graph(db, 1), LM_OK);
    json_t *v = place(db, REVISION_GRAPH);
    int64_t version = json_get_int(v, "version", 0);
    json_decref(v);
    CHECK_INT(set_graph(db, 2), LM_OK);
    CHECK_INT(db_write(db, do_it, &(struct deed){ .what = UNDO, .if_match = version }, &problem), LM_STALE);
    CHECK_NEAR(live_attack(db), 2, 0);
    v = place(db, REVISION_GRAPH);
    CHECK(json_get_int(v, "version", 0) > version);
    CHECK_INT(db_write(db, do_it, &(struct deed){ .what = UNDO, .if_match = json_get_int(v, "version", 0) }, &problem), LM_OK);
    json_decref(v);
    v = test_row(db, &implementations_table, implementation);
    CHECK_INT(db_write(db, do_it, &(struct deed){ .what = REDO, .if_match = json_get_int(v, "version", 0) }, &problem), LM_OK);
    json_decref(v);
    db_close(db);
}

TEST(what_was_there_before_the_history_can_be_gone_back_to)
{
    char id[UUID_SIZE], text[200];
    struct db *db = begin();

    CHECK(*annotate(db, 1, id));
    CHECK(*annotate(db, 2, id));
    CHECK_INT(test_sql(db, "DELETE FROM score_revisions; DELETE FROM score_branches"), LM_OK);      /* as a database from before it has none */
    CHECK_INT(test_patch(db, &score_annotations_table, id, "{'z_index':4}"), LM_OK);
    CHECK_INT(count(db, "score_revisions"), 2);
    CHECK_STR(newest(db, REVISION_SCORE, "message", text), "1 block moved");
    CHECK_INT(deed(db, UNDO, REVISION_SCORE, NULL, NULL), LM_OK);
    json_t *v = live(db, REVISION_SCORE);
    CHECK_INT(json_array_size(v), 2);
    CHECK_INT(json_get_int(json_array_get(v, 1), "z_index", -1), 0);
    json_decref(v);
    db_close(db);
}

static enum lm_err pull(struct db_conn *c, void *arg, struct problem *p)
{
    enum lm_err err = db_apply_pulled(c, true, p);

    return err ? err : test_step(c, arg, p);
}

TEST(what_comes_from_elsewhere_makes_no_revision_and_is_not_lost_by_the_next_save)
{
    char id[UUID_SIZE];
    struct db *db = begin();
    json_t *v;

    CHECK(*annotate(db, 1, id));
    CHECK_INT(db_write(db, pull, &(struct step){ .what = SQL, .text = "UPDATE score_annotations SET z_index = 9" }, &problem), LM_OK);
    CHECK_INT(count(db, "score_revisions"), 1);
    CHECK_INT(test_patch(db, &score_annotations_table, id, "{'seed':5}"), LM_OK);
    CHECK_INT(count(db, "score_revisions"), 3);                 /* what came, and the edit */
    CHECK_INT(deed(db, UNDO, REVISION_SCORE, NULL, NULL), LM_OK);
    v = live(db, REVISION_SCORE);
    CHECK_INT(json_get_int(json_array_get(v, 0), "z_index", 0), 9);
    CHECK_INT(json_get_int(json_array_get(v, 0), "seed", 0), 77);
    json_decref(v);
    CHECK_INT(deed(db, UNDO, REVISION_SCORE, NULL, NULL), LM_OK);
    v = live(db, REVISION_SCORE);
    CHECK_INT(json_get_int(json_array_get(v, 0), "z_index", -1), 0);
    json_decref(v);
    db_close(db);
}

TEST(a_place_whose_revision_is_not_here_does_not_stop_anybody)
{
    char id[UUID_SIZE];
    struct db *db = begin();

    CHECK(*annotate(db, 1, id));
    CHECK_INT(set_graph(db, 1), LM_OK);
    CHECK_INT(test_sql(db, "UPDATE score_branches SET revision_id = '99999999-9999-4999-8999-999999999999', tip_id = revision_id;"
                       "UPDATE implementation_branches SET revision_id = '99999999-9999-4999-8999-999999999999', tip_id = revision_id"), LM_OK);
    revision_by(NULL, NULL, STEP_UNDO);
    CHECK_INT(test_patch(db, &score_annotations_table, id, "{'seed':5}"), LM_OK);
    CHECK_INT(set_graph(db, 2), LM_OK);
    revision_by(NULL, NULL, STEP_SAVE);
    CHECK_INT(count(db, "score_revisions"), 3);                 /* what was there, and the edit */
    CHECK_INT(count(db, "implementation_revisions"), 3);
    CHECK_INT(deed(db, UNDO, REVISION_SCORE, NULL, NULL), LM_OK);
    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 1, 0);
    json_t *v = live(db, REVISION_SCORE);
    CHECK_INT(json_get_int(json_array_get(v, 0), "seed", 0), 77);
    json_decref(v);
    db_close(db);
}

TEST(a_score_that_was_deleted_comes_back_with_its_history)
{
    char id[UUID_SIZE], sql[300];
    struct db *db = begin();

    CHECK(*annotate(db, 1, id));
    CHECK(*annotate(db, 2, id));
    CHECK_INT(test_delete(db, &scores_table, score), LM_OK);
    CHECK_INT(count(db, "score_revisions"), 0);
    snprintf(sql, sizeof(sql), "UPDATE scores SET deleted_at = NULL WHERE id = '%s'", score);
    CHECK_INT(test_sql(db, sql), LM_OK);
    CHECK_INT(count(db, "score_revisions"), 2);                 /* and nothing was saved by that */
    CHECK_INT(count(db, "score_annotations"), 2);
    CHECK_INT(deed(db, UNDO, REVISION_SCORE, NULL, NULL), LM_OK);
    CHECK_INT(count(db, "score_annotations"), 1);
    db_close(db);
}

TEST(what_was_deleted_comes_back_also_when_its_history_is_elsewhere)
{
    char id[UUID_SIZE], sql[600];
    struct db *db = begin();

    CHECK(*annotate(db, 1, id));
    CHECK_INT(set_graph(db, 1), LM_OK);
    CHECK_INT(test_sql(db, "UPDATE score_branches SET revision_id = '99999999-9999-4999-8999-999999999999', tip_id = revision_id;"
                       "UPDATE implementation_branches SET revision_id = '99999999-9999-4999-8999-999999999999', tip_id = revision_id"), LM_OK);
    CHECK_INT(test_delete(db, &scores_table, score), LM_OK);
    CHECK_INT(test_delete(db, &implementations_table, implementation), LM_OK);
    snprintf(sql, sizeof(sql), "UPDATE scores SET deleted_at = NULL WHERE id = '%s'; UPDATE implementations SET deleted_at = NULL WHERE id = '%s'", score,
             implementation);
    CHECK_INT(test_sql(db, sql), LM_OK);
    CHECK_INT(count(db, "score_annotations"), 1);
    CHECK_NEAR(live_attack(db), 1, 0);
    CHECK_INT(test_patch(db, &score_annotations_table, id, "{'seed':5}"), LM_OK);
    CHECK_INT(set_graph(db, 2), LM_OK);
    CHECK_INT(deed(db, UNDO, REVISION_SCORE, NULL, NULL), LM_OK);
    CHECK_INT(deed(db, UNDO, REVISION_GRAPH, NULL, NULL), LM_OK);
    CHECK_NEAR(live_attack(db), 1, 0);
    json_t *v = live(db, REVISION_SCORE);
    CHECK_INT(json_get_int(json_array_get(v, 0), "seed", 0), 77);
    json_decref(v);
    db_close(db);
}

TEST(blocks_of_a_deleted_pattern_stay_away_and_nothing_else_does)
{
    char other[UUID_SIZE], a[UUID_SIZE], b[UUID_SIZE], text[300];
    struct db *db = begin();
    struct deed undo = { .what = UNDO, .kind = REVISION_SCORE };

    CHECK(*annotate(db, 1, a));
    CHECK(*test_create(db, &patterns_table, NULL, "{'name':'Other'}", other));
    snprintf(text, sizeof(text), "{'pattern_id':'%s','start_time':3,'end_time':4}", other);
    CHECK(*test_create(db, &score_annotations_table, score, text, b));
    CHECK_INT(test_delete(db, &patterns_table, other), LM_OK);
    CHECK_STR(newest(db, REVISION_SCORE, "message", text), "1 block removed");
    CHECK_INT(count(db, "score_annotations"), 1);
    CHECK_INT(test_delete(db, &score_annotations_table, a), LM_OK);
    CHECK_INT(deed(db, UNDO, REVISION_SCORE, NULL, NULL), LM_OK);
    CHECK_INT(count(db, "score_annotations"), 1);
    CHECK_INT(db_write(db, do_it, &undo, &problem), LM_OK);
    CHECK_INT(undo.left_out, 1);
    CHECK_INT(count(db, "score_annotations"), 1);
    CHECK_INT(test_delete(db, &score_annotations_table, a), LM_OK);
    CHECK_INT(deed(db, UNDO, REVISION_SCORE, NULL, NULL), LM_OK);
    CHECK_INT(count(db, "score_annotations"), 1);
    db_close(db);
}

/* ---- any edits at all ---- */

static uint64_t seed;

static unsigned dice(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

enum { EDITS = 700, IDS = 40 };
static char ids[IDS][UUID_SIZE];

static enum lm_err random_batch(struct db_conn *c, void *arg, struct problem *p)
{
    int n = 1 + (int)dice(4);
    enum lm_err err = LM_OK;

    (void)arg;
    for (int i = 0; !err && i < n; i++) {
        const char *id = ids[dice(IDS)];
        json_t *row = NULL, *body = NULL, *out = NULL;
        bool is_there = !row_get(c, &score_annotations_table, id, &row, NULL);
        double start = dice(1000) / 7.0;
        if (!is_there)
            body = json_pack("{s:s,s:s,s:f,s:f,s:i,s:{s:f}}", "id", id, "pattern_id", pattern, "start_time", start, "end_time", start + 1, "seed", (int)dice(99),
                             "args", "level", dice(1000) / 3.0);
        else if (dice(3))
            body = dice(2) ? json_pack("{s:f,s:f}", "start_time", start, "end_time", start + 2) : json_pack("{s:{s:f,s:n}}", "args", dice(2) ? "a" : "b", start, "level");
        if (!is_there)
            err = row_create(c, &score_annotations_table, score, body, &out, NULL, p);
        else if (body)
            err = row_patch(c, &score_annotations_table, id, body, -1, &out, p);
        else
            err = row_delete(c, &score_annotations_table, id, -1, NULL, p);
        json_decref(row);
        json_decref(body);
        json_decref(out);
    }
    return err;
}

/* What each revision must give back; a NULL is one that was thinned out. */
struct memory { char id[UUID_SIZE]; json_t *state; };

static int check_all(struct db *db, struct memory *memory, int n)
{
    int wrong = 0;

    for (int i = 0; i < n; i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM score_revisions WHERE id = '%.36s' AND deleted_at IS NULL", memory[i].id);
        if (!test_int(db, sql))
            continue;
        json_t *v = content(db, REVISION_SCORE, memory[i].id);
        wrong += !v || !json_equal(v, memory[i].state);
        json_decref(v);
    }
    return wrong;
}

TEST(every_revision_gives_back_exactly_what_was)
{
    static struct memory memory[EDITS];
    struct db *db = begin();
    char text[200];
    int n = 0, deepest = 0;

    CHECK(db);
    seed = 42;
    for (int i = 0; i < IDS; i++)
        uuid_new(ids[i]);
    for (int i = 0; i < EDITS; i++) {
        unsigned d = dice(20);
        enum lm_err err = d == 0 ? deed(db, UNDO, REVISION_SCORE, NULL, NULL) : d == 1 ? deed(db, REDO, REVISION_SCORE, NULL, NULL) :
                          d == 2 && n ? deed(db, RESTORE, REVISION_SCORE, memory[dice((unsigned)n)].id, NULL) :
                          d == 3 && !dice(10) ? deed(db, FORK, REVISION_SCORE, n ? memory[dice((unsigned)n)].id : NULL, NULL) :
                                                db_write(db, random_batch, NULL, &problem);
        CHECK(!err || err == LM_CONFLICT);
        newest(db, REVISION_SCORE, "id", text);
        int depth = (int)test_int(db, "SELECT max(depth) FROM score_revisions");
        deepest = depth > deepest ? depth : deepest;
        if (!*text || (n && !strcmp(memory[n - 1].id, text)))
            continue;
        memory[n].state = live(db, REVISION_SCORE);
        snprintf(memory[n++].id, UUID_SIZE, "%.36s", text);
    }
    CHECK(n > EDITS / 2);
    printf("# %d revisions, %lld of them whole, at most %d from a whole one\n", n,
           (long long)test_int(db, "SELECT count(*) FROM score_revisions WHERE depth = 0"), deepest);
    CHECK(test_int(db, "SELECT count(*) FROM score_revisions WHERE depth = 0") >= 1);
    CHECK_INT(check_all(db, memory, n), 0);

    /* Thinned, and named ones stay. */
    int64_t before = count(db, "score_revisions");
    CHECK_INT(test_sql(db, "UPDATE score_revisions SET name = 'Keep' WHERE number IN (7, 100)"), LM_OK);
    CHECK_INT(test_sql(db, "INSERT OR REPLACE INTO settings (key, value) VALUES ('revisions_keep', '50')"), LM_OK);
    for (int i = 0; i < 700; i++)
        CHECK_INT(db_write(db, random_batch, NULL, &problem), LM_OK);
    int64_t after = count(db, "score_revisions");
    printf("# %lld thinned to %lld\n", (long long)(before + 700), (long long)after);
    CHECK(after < before);
    CHECK_INT(test_int(db, "SELECT count(*) FROM score_revisions WHERE name = 'Keep' AND deleted_at IS NULL"), 2);
    CHECK_INT(check_all(db, memory, n), 0);
    for (int i = 0; i < n; i++)
        json_decref(memory[i].state);
    db_close(db);
}
