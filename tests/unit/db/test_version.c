/* The sync columns: clock, versions, pending operations, tombstones; and that triggers and descriptors agree. */
#include "dbtest.h"

static int64_t wall = 1800000000000;

static int64_t wall_ms(void)
{
    return wall;
}

static int64_t version_of(struct db *db, const char *table, const char *id)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT version FROM %s WHERE id = '%s'", table, id);
    return test_int(db, sql);
}

static int64_t count(struct db *db, const char *from)
{
    char sql[300];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", from);
    return test_int(db, sql);
}

TEST(versions_rise_even_when_the_wall_clock_steps_back)
{
    char id[UUID_SIZE], sql[200];
    clock_set_for_test(NULL, wall_ms);
    struct db *db = test_open();

    CHECK(db);
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    int64_t first = version_of(db, "venues", id);
    CHECK_INT(first, (wall << 10) + 1);
    CHECK_INT(test_int(db, "SELECT created_at FROM venues"), wall);
    wall -= 3600000;
    CHECK_INT(test_patch(db, &venues_table, id, "{'name':'Room'}"), LM_OK);
    CHECK_INT(version_of(db, "venues", id), first + 1);
    snprintf(sql, sizeof(sql), "SELECT updated_at FROM venues WHERE id = '%s'", id);
    CHECK_INT(test_int(db, sql), wall);
    wall += 7200000;
    CHECK_INT(test_patch(db, &venues_table, id, "{'name':'Hall'}"), LM_OK);
    CHECK_INT(version_of(db, "venues", id), (wall << 10) + 1);
    CHECK_INT(test_int(db, "SELECT created_at FROM venues"), wall - 3600000);
    db_close(db);
    clock_set_for_test(NULL, NULL);
}

TEST(a_pure_synced_write_is_no_change)
{
    char id[UUID_SIZE];
    struct db *db = test_open();

    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    int64_t version = version_of(db, "venues", id);
    CHECK_INT(test_sql(db, "DELETE FROM pending_ops; UPDATE venues SET synced_at = 5, synced_version = version"), LM_OK);
    CHECK_INT(version_of(db, "venues", id), version);
    CHECK_INT(count(db, "pending_ops"), 0);
    db_close(db);
}

TEST(pending_operations_on_one_row_are_one)
{
    char id[UUID_SIZE], sql[200];
    struct db *db = test_open();

    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", id));
    CHECK_INT(test_patch(db, &venues_table, id, "{'name':'Room'}"), LM_OK);
    CHECK_INT(test_sql(db, "UPDATE pending_ops SET attempts = 3, parked_at = 1, error = 'x'"), LM_OK);
    CHECK_INT(test_patch(db, &venues_table, id, "{'name':'Club'}"), LM_OK);
    CHECK_INT(count(db, "pending_ops"), 1);
    CHECK_INT(count(db, "pending_ops WHERE attempts = 0 AND parked_at IS NULL AND error IS NULL AND op = 'upsert'"), 1);
    snprintf(sql, sizeof(sql), "pending_ops WHERE table_name = 'venues' AND row_id = '%s' AND version = %lld", id,
             (long long)version_of(db, "venues", id));
    CHECK_INT(count(db, sql), 1);
    CHECK_INT(test_delete(db, &venues_table, id), LM_OK);
    CHECK_INT(count(db, "pending_ops WHERE op = 'delete'"), 1);
    CHECK_INT(count(db, "pending_ops"), 1);
    db_close(db);
}

static enum lm_err pull(struct db_conn *c, void *arg, struct problem *p)
{
    enum lm_err err = db_apply_pulled(c, true, p);

    return err ? err : test_step(c, arg, p);
}

TEST(pulled_rows_keep_their_version_are_not_queued_and_raise_the_clock)
{
    char id[UUID_SIZE];
    struct db *db = test_open();
    int64_t far = (clock_wall_ms() + 100000) << 10;
    char sql[500];

    snprintf(sql, sizeof(sql), "INSERT INTO venues (id, name, version, device_id, created_at, updated_at) VALUES "
             "('00000000-0000-4000-8000-000000000001', 'Theirs', %lld, 'other', 11, 12)", (long long)far);
    CHECK_INT(db_write(db, pull, &(struct step){ .what = SQL, .text = sql }, &problem), LM_OK);
    CHECK_INT(count(db, "pending_ops"), 0);
    CHECK_INT(version_of(db, "venues", "00000000-0000-4000-8000-000000000001"), far);
    CHECK_INT(count(db, "venues WHERE device_id = 'other' AND created_at = 11 AND updated_at = 12"), 1);
    CHECK_INT(test_int(db, "SELECT applying FROM sync_clock"), 0);      /* off by itself */

    snprintf(sql, sizeof(sql), "UPDATE venues SET name = 'Newer', version = %lld, device_id = 'third'", (long long)far + 7);
    CHECK_INT(db_write(db, pull, &(struct step){ .what = SQL, .text = sql }, &problem), LM_OK);
    CHECK_INT(version_of(db, "venues", "00000000-0000-4000-8000-000000000001"), far + 7);
    CHECK_INT(count(db, "venues WHERE device_id = 'third'"), 1);
    CHECK_INT(count(db, "pending_ops"), 0);

    /* An older row pulled later does not set the clock back. */
    CHECK_INT(db_write(db, pull, &(struct step){ .what = SQL, .text = "INSERT INTO patterns (id, name, version) VALUES "
                       "('00000000-0000-4000-8000-000000000002', 'Old', 5)" }, &problem), LM_OK);
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Ours'}", id));
    CHECK_INT(version_of(db, "venues", id), far + 8);
    snprintf(sql, sizeof(sql), "venues WHERE name = 'Ours' AND device_id = '%s'", db_device_id(db));
    CHECK_INT(count(db, sql), 1);
    db_close(db);
}

TEST(who_is_signed_in_is_kept_with_the_first_edit)
{
    char id[UUID_SIZE];
    struct db *db = test_open();

    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Nobody signed in'}", id));
    CHECK_INT(test_sql(db, "UPDATE sync_clock SET account = 'a'"), LM_OK);
    CHECK_INT(test_patch(db, &venues_table, id, "{'name':'Mine'}"), LM_OK);
    CHECK_INT(count(db, "pending_ops WHERE account = 'a'"), 1);
    CHECK_INT(test_sql(db, "UPDATE sync_clock SET account = 'b'"), LM_OK);
    CHECK_INT(test_patch(db, &venues_table, id, "{'name':'Still a'}"), LM_OK);
    CHECK_INT(count(db, "pending_ops WHERE account = 'a'"), 1);
    db_close(db);
}

TEST(a_deleted_venue_takes_everything_in_it_and_gives_it_back)
{
    char venue[UUID_SIZE], fixture[UUID_SIZE], gone[UUID_SIZE], group[UUID_SIZE], member[UUID_SIZE], text[300];
    struct db *db = test_open();

    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", venue));
    CHECK(*test_create(db, &fixtures_table, venue, "{'address':1}", fixture));
    CHECK(*test_create(db, &fixtures_table, venue, "{'address':20}", gone));
    CHECK(*test_create(db, &fixture_groups_table, venue, "{'name':'front'}", group));
    snprintf(text, sizeof(text), "{'fixture_id':'%s'}", fixture);
    CHECK(*test_create(db, &fixture_group_members_table, group, text, member));
    CHECK_INT(test_sql(db, "UPDATE fixtures SET deleted_at = 1 WHERE address = 20; DELETE FROM pending_ops"), LM_OK);

    CHECK_INT(test_delete(db, &venues_table, venue), LM_OK);
    CHECK_INT(count(db, "fixtures WHERE deleted_at IS NULL"), 0);
    CHECK_INT(count(db, "fixture_groups WHERE deleted_at IS NULL"), 0);
    CHECK_INT(count(db, "fixture_group_members WHERE deleted_at IS NULL"), 0);
    CHECK_INT(count(db, "pending_ops WHERE op = 'delete'"), 4);         /* the one gone before is not told again */
    CHECK(!test_row(db, &fixtures_table, fixture));

    snprintf(text, sizeof(text), "{'id':'%s','name':'Hall again'}", venue);
    struct step s = { .what = CREATE, .t = &venues_table, .text = text };
    CHECK_INT(test_run(db, &s), LM_OK);
    CHECK(s.created);
    json_decref(s.row);
    CHECK_INT(count(db, "fixtures WHERE deleted_at IS NULL"), 1);
    CHECK_INT(count(db, "fixture_groups WHERE deleted_at IS NULL"), 1);
    CHECK_INT(count(db, "fixture_group_members WHERE deleted_at IS NULL"), 1);
    CHECK_INT(count(db, "pending_ops WHERE op = 'upsert'"), 4);
    db_close(db);
}

TEST(what_has_two_parents_comes_back_only_when_both_live)
{
    char venue[UUID_SIZE], fixture[UUID_SIZE], group[UUID_SIZE], member[UUID_SIZE], text[300];
    struct db *db = test_open();

    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Hall'}", venue));
    CHECK(*test_create(db, &fixtures_table, venue, "{}", fixture));
    CHECK(*test_create(db, &fixture_groups_table, venue, "{'name':'front'}", group));
    snprintf(text, sizeof(text), "{'fixture_id':'%s'}", fixture);
    CHECK(*test_create(db, &fixture_group_members_table, group, text, member));
    CHECK_INT(test_delete(db, &fixtures_table, fixture), LM_OK);
    CHECK_INT(test_delete(db, &fixture_groups_table, group), LM_OK);
    CHECK_INT(test_sql(db, "UPDATE fixtures SET deleted_at = NULL"), LM_OK);
    CHECK_INT(count(db, "fixture_group_members WHERE deleted_at IS NULL"), 0);
    db_close(db);
}

/* The column list of "AFTER UPDATE OF a, b ON t", as one text without spaces. */
static bool trigger_columns(struct db_conn *c, const char *table, char *out, size_t size)
{
    char name[100];
    bool found = false;
    sqlite3_stmt *s = db_prepare(c, "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?1");

    snprintf(name, sizeof(name), "%s_update", table);
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW) {
        const char *from = strstr((const char *)sqlite3_column_text(s, 0), "AFTER UPDATE OF"), *to = from ? strstr(from, " ON ") : NULL;
        for (from = from ? from + 15 : NULL; to && from < to && size > 1; from++)
            if (*from > ' ')
                *out++ = *from, size--;
        *out = '\0';
        found = to;
    }
    sqlite3_reset(s);
    return found;
}

TEST(the_triggers_of_every_table_count_exactly_its_content)
{
    struct db *db = test_open();
    struct db_conn *c = db_reader_take(db);

    for (const struct table *const *t = table_list(); *t; t++) {
        char got[2000], want[2000] = "";
        const char *sep = "";
        for (const struct column *col = (*t)->cols; col->name; col++) {
            bool times = !strcmp(col->name, "created_at") || !strcmp(col->name, "updated_at") || !strcmp(col->name, "version");
            if (times || (col->flags & (COL_KEY | COL_SYNC | COL_LOCAL)))
                continue;
            strcat(strcat(want, sep), col->name);
            sep = ",";
        }
        if ((*t)->synced)
            strcat(want, ",deleted_at");
        CHECK(trigger_columns(c, (*t)->name, got, sizeof(got)));
        CHECK_STR(got, want);
    }
    db_reader_put(db, c);
    db_close(db);
}

TEST(every_reference_is_buried_with_what_it_refers_to)
{
    struct db *db = test_open();
    struct db_conn *c = db_reader_take(db);

    for (const struct table *const *t = table_list(); *t; t++)
        for (const struct column *col = (*t)->cols; col->name; col++) {
            char want[200], name[100];
            if (!col->references || !(*t)->synced)
                continue;
            snprintf(want, sizeof(want), "UPDATE %s SET deleted_at = NEW.deleted_at WHERE %s = NEW.id", (*t)->name, col->name);
            snprintf(name, sizeof(name), "%s_delete", col->references);
            sqlite3_stmt *s = db_prepare(c, "SELECT instr(sql, ?2) FROM sqlite_schema WHERE name = ?1");
            sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
            sqlite3_bind_text(s, 2, want, -1, SQLITE_STATIC);
            bool there = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) > 0;
            sqlite3_reset(s);
            if (!there)
                printf("# %s lacks: %s\n", name, want);
            CHECK(there);
        }
    db_reader_put(db, c);
    db_close(db);
}

TEST(defaults_in_sql_are_those_of_the_descriptors)
{
    struct db *db = test_open();
    struct db_conn *c = db_reader_take(db);

    for (const struct table *const *t = table_list(); *t; t++)
        for (const struct column *col = (*t)->cols; col->name; col++) {
            if (!col->def || col->def[0] == '=')
                continue;
            sqlite3_stmt *s = db_prepare(c, "SELECT dflt_value FROM pragma_table_info(?1) WHERE name = ?2");
            sqlite3_bind_text(s, 1, (*t)->name, -1, SQLITE_STATIC);
            sqlite3_bind_text(s, 2, col->name, -1, SQLITE_STATIC);
            CHECK(sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0));
            char got[200], want[200];
            snprintf(got, sizeof(got), "%s", (const char *)sqlite3_column_text(s, 0));
            json_t *v = json_loads(col->def, JSON_DECODE_ANY, NULL);
            if (col->type == COL_JSON)
                snprintf(want, sizeof(want), "'%s'", col->def);
            else if (json_is_string(v))
                snprintf(want, sizeof(want), "'%s'", json_string_value(v));
            else
                snprintf(want, sizeof(want), "%g", json_is_boolean(v) ? (double)json_is_true(v) : json_number_value(v));
            json_decref(v);
            sqlite3_reset(s);
            if (strcmp(got, want))
                printf("# %s.%s\n", (*t)->name, col->name);
            CHECK_STR(got, want);
        }
    db_reader_put(db, c);
    db_close(db);
}
