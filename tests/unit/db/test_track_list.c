/* The library in an order, what it shows, and many tracks in one transaction. */
#include <stdarg.h>

#include "dbtest.h"
#include "core/str.h"
#include "db/track_inputs.h"

static struct db *db;
static char a[UUID_SIZE], b[UUID_SIZE], c[UUID_SIZE];

static bool begin(void)
{
    char *ids[] = { a, b, c };
    struct str sql = { 0 };

    db = test_open();
    for (int i = 0; i < 3; i++)
        snprintf(ids[i], UUID_SIZE, "%08x-0000-4000-8000-000000000000", i + 1);
    str_addf(&sql, "INSERT INTO tracks (id, title, artist, bpm, track_hash) VALUES ('%s', 'Beta', 'zoe', 120, 'a'), ('%s', 'alpha', 'Ann', NULL, 'b'),"
                   " ('%s', '\xc3\x89t\xc3\xa9', '', 90, 'c')", a, b, c);
    enum lm_err err = db ? test_sql(db, sql.data) : LM_INTERNAL;
    str_clear(&sql);
    return !err;
}

static void end(void)
{
    db_close(db);
    db = NULL;
}

/* "alpha,Beta": the titles; NULL: refused. */
static const char *titles(const struct track_wish *w)
{
    static char text[400];
    struct db_conn *conn = db_reader_take(db);
    json_t *index = NULL, *t;
    size_t i;

    problem_clear(&problem);
    enum lm_err err = track_index(conn, w, &index, &problem);
    db_reader_put(db, conn);
    text[0] = '\0';
    json_array_foreach(json_object_get(index, "titles"), i, t)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? "," : "", json_string_value(t));
    if (!err && json_array_size(json_object_get(index, "ids")) != (size_t)json_get_int(index, "total", -1))
        snprintf(text, sizeof(text), "the numbers differ");
    json_decref(index);
    return err ? NULL : text;
}

#define LIST(...) titles(&(struct track_wish){ __VA_ARGS__ })

TEST(every_order_both_ways_and_what_has_no_value_comes_last)
{
    char sql[300];

    CHECK(begin());
    CHECK_STR(LIST(.sort = NULL), "alpha,Beta,\xc3\x89t\xc3\xa9");
    CHECK_STR(LIST(.sort = "-title"), "\xc3\x89t\xc3\xa9,Beta,alpha");
    CHECK_STR(LIST(.sort = "artist"), "alpha,Beta,\xc3\x89t\xc3\xa9");
    CHECK_STR(LIST(.sort = "-artist"), "Beta,alpha,\xc3\x89t\xc3\xa9");
    CHECK_STR(LIST(.sort = "bpm"), "\xc3\x89t\xc3\xa9,Beta,alpha");
    CHECK_STR(LIST(.sort = "-bpm"), "Beta,\xc3\x89t\xc3\xa9,alpha");
    snprintf(sql, sizeof(sql), "INSERT INTO track_roots (id, track_id, key) VALUES ('r', '%s', 'C major')", c);
    CHECK_INT(test_sql(db, sql), LM_OK);
    CHECK_STR(LIST(.sort = "key"), "\xc3\x89t\xc3\xa9,alpha,Beta");
    CHECK_STR(LIST(.sort = "-key"), "\xc3\x89t\xc3\xa9,alpha,Beta");
    CHECK_STR(LIST(.sort = "-analysis"), "\xc3\x89t\xc3\xa9,alpha,Beta");
    CHECK(LIST(.sort = "length") && LIST(.sort = "added") && LIST(.sort = "-album"));
    CHECK(!LIST(.sort = "size"));
    CHECK(!LIST(.sort = "--title"));
    CHECK(!LIST(.show = "some"));
    end();
}

TEST(words_are_found_in_any_case_and_alphabet)
{
    CHECK(begin());
    CHECK_STR(LIST(.q = "\xc3\xa9T\xc3\x89"), "\xc3\x89t\xc3\xa9");
    CHECK_STR(LIST(.q = "ALPHA ann"), "alpha");
    CHECK_STR(LIST(.q = "alpha zoe"), "");
    CHECK_STR(LIST(.q = "'); DROP TABLE tracks;--"), "");
    end();
}

TEST(what_is_missing_what_failed_and_what_has_a_score)
{
    char sql[600], score[UUID_SIZE];
    unsigned beats = 0;

    CHECK(begin());
    for (int i = 0; track_result_name(i); i++)
        if (!strcmp(track_result_name(i), "beats"))
            beats = 1u << i;
    CHECK_STR(LIST(.show = "unanalysed", .wanted = beats), "alpha,Beta,\xc3\x89t\xc3\xa9");
    snprintf(sql, sizeof(sql), "INSERT INTO track_beats (id, track_id) VALUES ('x', '%s')", a);
    CHECK_INT(test_sql(db, sql), LM_OK);
    CHECK_STR(LIST(.show = "unanalysed", .wanted = beats), "alpha,\xc3\x89t\xc3\xa9");
    CHECK_STR(LIST(.show = "unanalysed"), "alpha,Beta,\xc3\x89t\xc3\xa9");
    /* Of a, which has beats, and of b: the older attempt at b failed, the newer went well; then again one that failed. */
    snprintf(sql, sizeof(sql), "INSERT INTO jobs (id, kind, track_id, state) VALUES ('j1', 'beats', '%s', 'failed'), ('j2', 'beats', '%s', 'failed')", a, b);
    CHECK_INT(test_sql(db, sql), LM_OK);
    CHECK_INT(test_sql(db, "UPDATE jobs SET created_at = 5"), LM_OK);
    CHECK_STR(LIST(.show = "failed"), "alpha");
    snprintf(sql, sizeof(sql), "INSERT INTO jobs (id, kind, track_id, state) VALUES ('j3', 'beats', '%s', 'done')", b);
    CHECK_INT(test_sql(db, sql), LM_OK);
    CHECK_STR(LIST(.show = "failed"), "");
    CHECK_STR(LIST(.show = "scored"), "");
    CHECK(*test_create(db, &scores_table, c, "{}", score));
    CHECK_STR(LIST(.show = "scored"), "\xc3\x89t\xc3\xa9");
    CHECK_INT(test_delete(db, &tracks_table, c), LM_OK);
    CHECK_STR(LIST(.show = "scored"), "");
    end();
}

static json_t *in, *out;

static enum lm_err write_batch(struct db_conn *conn, void *arg, struct problem *p)
{
    (void)arg;
    json_decref(out);
    out = NULL;
    return track_batch(conn, in, &out, p);
}

__attribute__((format(printf, 1, 2))) static enum lm_err batch(const char *format, ...)
{
    char text[1000];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    json_decref(in);
    in = test_json(text);
    problem_clear(&problem);
    return db_write(db, write_batch, NULL, &problem);
}

TEST(many_are_changed_at_once_or_none_and_the_answer_says_what_was)
{
    CHECK(begin());
    CHECK_INT(batch("{'update':[{'id':'%s','artist':'Both'},{'id':'%s','artist':'Both'}]}", a, b), LM_OK);
    const json_t *first = json_array_get(json_object_get(out, "updated"), 0);
    CHECK_STR(json_get_text(json_object_get(first, "before"), "artist", ""), "zoe");
    CHECK(!json_object_get(json_object_get(first, "before"), "id"));
    CHECK_INT(test_int(db, "SELECT count(*) FROM tracks WHERE artist = 'Both'"), 2);
    int64_t version = json_get_int(first, "version", 0);
    CHECK(version > 0);
    /* The second is refused: nor is the first changed. */
    CHECK_INT(batch("{'update':[{'id':'%s','artist':'No'},{'id':'%s','bpm':-1}]}", b, a), LM_INVALID);
    CHECK_INT(batch("{'update':[{'id':'%s','artist':'No'},{'id':'%s','artist':'No','version':%lld}]}", b, a, (long long)version - 1), LM_STALE);
    CHECK_INT(test_int(db, "SELECT count(*) FROM tracks WHERE artist = 'No'"), 0);
    CHECK_INT(batch("{'update':[{'id':'%s','artist':'Yes'},{'id':'%s','artist':'Yes','version':%lld}]}", b, a, (long long)version), LM_OK);
    CHECK_INT(test_int(db, "SELECT count(*) FROM tracks WHERE artist = 'Yes'"), 2);
    CHECK_INT(batch("{'update':[{'id':'%s','artist':'Me','was':{'artist':'Yes'}},{'id':'%s','artist':'Me','was':{'artist':'No'}}]}", a, b), LM_STALE);
    CHECK_INT(test_int(db, "SELECT count(*) FROM tracks WHERE artist = 'Me'"), 0);
    CHECK_INT(batch("{'update':[{'id':'%s','bpm':121,'was':{'bpm':120,'artist':'Yes'}},{'id':'%s','bpm':100,'was':{'bpm':null}}]}", a, b), LM_OK);
    CHECK_INT(batch("{'update':[{'artist':'%s%s'}]}", "", ""), LM_INVALID);
    CHECK_INT(batch("{'delete':['%s%s']}", "x", "y"), LM_INVALID);
    CHECK_INT(batch("{'remove':['%s%s']}", "x", "y"), LM_INVALID);
    end();
}

TEST(what_was_deleted_comes_back_with_all_that_was_known)
{
    char score[UUID_SIZE], sql[300];

    CHECK(begin());
    CHECK(*test_create(db, &scores_table, a, "{}", score));
    snprintf(sql, sizeof(sql), "INSERT INTO track_beats (id, track_id) VALUES ('x', '%s')", a);
    CHECK_INT(test_sql(db, sql), LM_OK);
    CHECK_INT(batch("{'delete':['%s','%s']}", a, b), LM_OK);
    CHECK_INT(json_array_size(json_object_get(out, "deleted")), 2);
    CHECK_STR(LIST(.sort = NULL), "\xc3\x89t\xc3\xa9");
    CHECK_INT(batch("{'delete':['%s','%s']}", a, c), LM_OK);
    CHECK_INT(json_array_size(json_object_get(out, "deleted")), 1);
    CHECK_INT(batch("{'restore':['%s','%s']}", a, c), LM_OK);
    CHECK_INT(json_array_size(json_object_get(out, "restored")), 2);
    CHECK_STR(LIST(.sort = NULL), "Beta,\xc3\x89t\xc3\xa9");
    CHECK_STR(LIST(.show = "scored"), "Beta");
    CHECK_INT(test_int(db, "SELECT count(*) FROM track_beats WHERE deleted_at IS NULL"), 1);
    CHECK_INT(batch("{'restore':['%s','%s']}", a, a), LM_OK);
    CHECK_INT(json_array_size(json_object_get(out, "restored")), 0);
    end();
}

static enum lm_err forget(struct db_conn *conn, void *arg, struct problem *p)
{
    return track_forget_file(conn, arg, p);
}

TEST(files_of_what_was_deleted_long_ago_are_named_once)
{
    json_t *files = NULL;

    CHECK(begin());
    CHECK_INT(test_sql(db, "UPDATE tracks SET file_path = 'tracks/' || id"), LM_OK);
    CHECK_INT(test_delete(db, &tracks_table, a), LM_OK);
    struct db_conn *conn = db_reader_take(db);
    CHECK_INT(track_deleted_files(conn, 1000, &files, &problem), LM_OK);
    CHECK_INT(json_array_size(files), 0);
    json_decref(files);
    CHECK_INT(track_deleted_files(conn, clock_wall_ms() + 1000, &files, &problem), LM_OK);
    CHECK_INT(json_array_size(files), 1);
    CHECK_STR(json_get_text(json_array_get(files, 0), "id", ""), a);
    json_decref(files);
    db_reader_put(db, conn);
    CHECK_INT(db_write(db, forget, a, &problem), LM_OK);
    CHECK_INT(db_write(db, forget, b, &problem), LM_OK);       /* it is live: it keeps its file */
    CHECK_INT(test_int(db, "SELECT count(*) FROM tracks WHERE file_path IS NULL"), 1);
    json_decref(in);
    json_decref(out);
    in = out = NULL;
    end();
}
