/* Rows as the API shows them: what is taken, what is refused and how it is said. */
#include "dbtest.h"

static struct db *db;
static char venue[UUID_SIZE];

static bool begin(void)
{
    db = test_open();
    return db && *test_create(db, &venues_table, NULL, "{'name':'Hall'}", venue);
}

static void end(void)
{
    db_close(db);
    db = NULL;
}

static struct step step;

static enum lm_err run(int what, const struct table *t, const char *parent, const char *id, const char *text, int64_t if_match)
{
    json_decref(step.row);
    step = (struct step){ .what = what, .t = t, .parent = parent, .id = id, .text = text, .if_match = if_match };
    return test_run(db, &step);
}

static bool complains(const char *path, const char *part)
{
    for (size_t i = 0; i < problem.n; i++)
        if (!strcmp(problem.errors[i].path, path) && strstr(problem.errors[i].message, part))
            return true;
    printf("# %s: %s\n", lm_err_code(problem.err), problem.detail);
    for (size_t i = 0; i < problem.n; i++)
        printf("#   %s %s\n", problem.errors[i].path, problem.errors[i].message);
    return false;
}

TEST(a_new_row_has_its_defaults_and_none_of_the_sync_columns)
{
    CHECK(begin());
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "{'universe':2,'address':7,'pos_x':1.5,'invert_pan':true}", -1), LM_OK);
    CHECK(step.created);
    CHECK_INT(json_get_int(step.row, "universe", 0), 2);
    CHECK_INT(json_get_int(step.row, "address", 0), 7);
    CHECK_NEAR(json_get_real(step.row, "pos_x", 0), 1.5, 0);
    CHECK(json_is_true(json_object_get(step.row, "invert_pan")));
    CHECK(json_is_false(json_object_get(step.row, "invert_tilt")));
    CHECK_STR(json_get_text(step.row, "white_mode", ""), "bright");
    CHECK_NEAR(json_get_real(step.row, "dimmer_max", 0), 1, 0);
    CHECK_STR(json_get_text(step.row, "venue_id", ""), venue);
    CHECK_INT(strlen(json_get_text(step.row, "created_at", "")), 24);
    CHECK(json_get_int(step.row, "version", 0) > 0);
    for (const char *const *n = (const char *const[]){ "deleted_at", "device_id", "synced_at", "synced_version", NULL }; *n; n++)
        CHECK(!json_object_get(step.row, *n));
    end();
}

TEST(each_wrong_member_is_named)
{
    CHECK(begin());
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "{'universe':0,'address':513,'label':7,'invert_pan':1,'pos_x':'a','white_mode':'x',"
                  "'nonsense':1,'dimmer_min':null,'model':'a'}", -1), LM_INVALID);
    CHECK(complains("/universe", "1 to 63999"));
    CHECK(complains("/address", "1 to 512"));
    CHECK(complains("/label", "must be a string, not an integer"));
    CHECK(complains("/invert_pan", "true or false"));
    CHECK(complains("/pos_x", "must be a number, not a string"));
    CHECK(complains("/white_mode", "bright, extract, add, off"));
    CHECK(complains("/nonsense", "unknown member"));
    CHECK(complains("/dimmer_min", "must not be null"));
    CHECK_INT(problem.n, 8);
    CHECK_INT(test_int(db, "SELECT count(*) FROM fixtures"), 0);
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "[1]", -1), LM_BAD_REQUEST);
    CHECK_INT(run(CREATE, &venues_table, NULL, NULL, "{}", -1), LM_INVALID);
    CHECK(complains("/name", "required"));
    CHECK_INT(run(CREATE, &venues_table, NULL, NULL, "{'name':'  '}", -1), LM_INVALID);
    CHECK(complains("/name", "empty"));
    CHECK_INT(run(CREATE, &venues_table, NULL, NULL, "{'name':'x','id':'NOT-A-UUID'}", -1), LM_INVALID);
    CHECK(complains("/id", "UUID"));
    end();
}

TEST(integers_may_be_written_as_reals_without_a_fraction)
{
    CHECK(begin());
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "{'address':7.0}", -1), LM_OK);
    CHECK(json_is_integer(json_object_get(step.row, "address")));
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "{'address':7.5}", -1), LM_INVALID);
    CHECK(complains("/address", "integer"));
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "{'address':1e300}", -1), LM_INVALID);
    end();
}

TEST(rules_of_the_schema_are_told_in_words)
{
    CHECK(begin());
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "{'dimmer_min':0.8,'dimmer_max':0.2}", -1), LM_INVALID);
    CHECK(complains("/dimmer_max", "must not be below dimmer_min"));
    for (const char *const *bad = (const char *const[]){ "{'name':'Front'}", "{'name':'1a'}", "{'name':'a-b'}", "{'name':'all'}", "{'name':'_a'}", NULL }; *bad; bad++) {
        CHECK_INT(run(CREATE, &fixture_groups_table, venue, NULL, *bad, -1), LM_INVALID);
        CHECK(complains("/name", "lower-case word"));
    }
    CHECK_INT(run(CREATE, &fixture_groups_table, venue, NULL, "{'name':'movers','movement':{'pan':'x'}}", -1), LM_INVALID);
    CHECK(complains("/movement", "pan must be a number"));
    CHECK_INT(run(CREATE, &fixture_groups_table, venue, NULL, "{'name':'movers','color':'red'}", -1), LM_INVALID);
    CHECK(complains("/color", "#ff8800"));
    end();
}

TEST(a_name_that_is_taken_is_a_conflict_that_says_so)
{
    char first[UUID_SIZE], other[UUID_SIZE];

    CHECK(begin());
    CHECK(*test_create(db, &fixture_groups_table, venue, "{'name':'front'}", first));
    CHECK_INT(run(CREATE, &fixture_groups_table, venue, NULL, "{'name':'front'}", -1), LM_CONFLICT);
    CHECK_STR(problem.detail, "There is already a group with name \"front\".");
    CHECK_INT(problem.err, LM_CONFLICT);
    CHECK(complains("/name", "\"front\" is taken"));
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Other'}", other));
    CHECK_INT(run(CREATE, &fixture_groups_table, other, NULL, "{'name':'front'}", -1), LM_OK);
    CHECK_INT(test_delete(db, &fixture_groups_table, first), LM_OK);
    CHECK_INT(run(CREATE, &fixture_groups_table, venue, NULL, "{'name':'front'}", -1), LM_OK);
    end();
}

TEST(an_id_of_ones_own_makes_the_row_once)
{
    const char *body = "{'id':'11111111-1111-4111-8111-111111111111','address':3}";
    char other[UUID_SIZE];

    CHECK(begin());
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, body, -1), LM_OK);
    CHECK(step.created);
    int64_t version = json_get_int(step.row, "version", 0);
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "{'id':'11111111-1111-4111-8111-111111111111','address':9}", -1), LM_OK);
    CHECK(!step.created);
    CHECK_INT(json_get_int(step.row, "address", 0), 3);
    CHECK_INT(json_get_int(step.row, "version", 0), version);
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Other'}", other));
    CHECK_INT(run(CREATE, &fixtures_table, other, NULL, body, -1), LM_CONFLICT);

    CHECK_INT(test_delete(db, &fixtures_table, "11111111-1111-4111-8111-111111111111"), LM_OK);
    CHECK_INT(run(CREATE, &fixtures_table, other, NULL, body, -1), LM_CONFLICT);
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "{'id':'11111111-1111-4111-8111-111111111111','label':'back'}", -1), LM_OK);
    CHECK(step.created);
    CHECK_INT(json_get_int(step.row, "address", 0), 1);                 /* the new content, not the old */
    CHECK_STR(json_get_text(step.row, "label", ""), "back");
    CHECK(json_get_int(step.row, "version", 0) > version);
    CHECK_INT(test_int(db, "SELECT count(*) FROM fixtures"), 1);
    end();
}

TEST(a_row_can_be_sent_back_whole)
{
    CHECK(begin());
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, "{'label':'x'}", -1), LM_OK);
    char *text = json_dumps(step.row, 0), id[UUID_SIZE];
    snprintf(id, sizeof(id), "%s", json_get_text(step.row, "id", ""));
    int64_t version = json_get_int(step.row, "version", 0);
    CHECK_INT(run(PATCH, &fixtures_table, NULL, id, text, -1), LM_OK);
    CHECK_INT(json_get_int(step.row, "version", 0), version);           /* nothing changed */
    CHECK_INT(test_delete(db, &fixtures_table, id), LM_OK);
    CHECK_INT(run(CREATE, &fixtures_table, venue, NULL, text, -1), LM_OK);
    CHECK(step.created);
    free(text);
    end();
}

TEST(read_only_members_are_refused_and_parents_stay)
{
    char track[UUID_SIZE], other[UUID_SIZE], fixture[UUID_SIZE], text[100];

    CHECK(begin());
    CHECK_INT(run(CREATE, &tracks_table, NULL, NULL, "{'title':'x','track_hash':'abc'}", -1), LM_INVALID);
    CHECK(complains("/track_hash", "kept by lumad"));
    CHECK_INT(run(CREATE, &tracks_table, NULL, NULL, "{'title':'x','file_path':'/etc/passwd'}", -1), LM_INVALID);
    CHECK(complains("/file_path", "unknown member"));
    CHECK(*test_create(db, &tracks_table, NULL, "{'title':'x'}", track));
    CHECK_INT(run(PATCH, &tracks_table, NULL, track, "{'duration_seconds':3}", -1), LM_INVALID);
    CHECK(*test_create(db, &fixtures_table, venue, "{}", fixture));
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Other'}", other));
    snprintf(text, sizeof(text), "{'venue_id':'%s'}", other);
    CHECK_INT(run(PATCH, &fixtures_table, NULL, fixture, text, -1), LM_INVALID);
    CHECK(complains("/venue_id", "cannot be changed"));
    snprintf(text, sizeof(text), "{'venue_id':'%s'}", venue);
    CHECK_INT(run(PATCH, &fixtures_table, NULL, fixture, text, -1), LM_OK);
    end();
}

TEST(patches_merge_change_one_thing_and_know_when_they_are_late)
{
    char id[UUID_SIZE];

    CHECK(begin());
    CHECK(*test_create(db, &fixture_groups_table, venue, "{'name':'a','axis_lr':0.5,'movement':{'pan':10,'tilt':20}}", id));
    CHECK_INT(run(GET, &fixture_groups_table, NULL, id, NULL, -1), LM_OK);
    int64_t version = json_get_int(step.row, "version", 0);
    CHECK_INT(run(PATCH, &fixture_groups_table, NULL, id, "{'movement':{'pan':null,'tilt':30},'axis_lr':null}", version), LM_OK);
    CHECK(json_is_null(json_object_get(step.row, "axis_lr")));
    CHECK(!json_object_get(json_object_get(step.row, "movement"), "pan"));
    CHECK_INT(json_get_int(json_object_get(step.row, "movement"), "tilt", 0), 30);
    CHECK(json_get_int(step.row, "version", 0) > version);
    CHECK_INT(run(PATCH, &fixture_groups_table, NULL, id, "{'name':'b'}", version), LM_STALE);
    CHECK_STR(json_get_text(step.row, "name", ""), "a");                /* the current row */
    CHECK_INT(run(DELETE, &fixture_groups_table, NULL, id, NULL, version), LM_STALE);
    CHECK_STR(json_get_text(step.row, "name", ""), "a");
    int64_t now = json_get_int(step.row, "version", 0);
    CHECK_INT(run(DELETE, &fixture_groups_table, NULL, id, NULL, now), LM_OK);
    CHECK(!step.row);
    CHECK_INT(run(DELETE, &fixture_groups_table, NULL, id, NULL, -1), LM_NOT_FOUND);
    CHECK_INT(run(PATCH, &fixture_groups_table, NULL, id, "{}", -1), LM_NOT_FOUND);
    CHECK_INT(run(GET, &fixture_groups_table, NULL, id, NULL, -1), LM_NOT_FOUND);
    end();
}

TEST(annotations_fill_in_their_origin_and_seed)
{
    char track[UUID_SIZE], score[UUID_SIZE], pattern[UUID_SIZE], text[300];

    CHECK(begin());
    CHECK(*test_create(db, &tracks_table, NULL, "{'title':'x'}", track));
    CHECK(*test_create(db, &scores_table, track, "{}", score));
    CHECK(*test_create(db, &patterns_table, NULL, "{'name':'p'}", pattern));
    snprintf(text, sizeof(text), "{'pattern_id':'%s','start_time':2.5,'end_time':4}", pattern);
    CHECK_INT(run(CREATE, &score_annotations_table, score, NULL, text, -1), LM_OK);
    CHECK_NEAR(json_get_real(step.row, "origin_time", 0), 2.5, 0);
    CHECK_STR(json_get_text(step.row, "blend_mode", ""), "replace");
    CHECK(json_is_object(json_object_get(step.row, "args")));
    int64_t seed = json_get_int(step.row, "seed", -1);
    CHECK(seed >= 0 && seed <= 9007199254740991);
    CHECK_INT(run(CREATE, &score_annotations_table, score, NULL, text, -1), LM_OK);
    CHECK(json_get_int(step.row, "seed", -1) != seed);
    snprintf(text, sizeof(text), "{'pattern_id':'%s','start_time':4,'end_time':4,'args':[1],'seed':9007199254740992}", pattern);
    CHECK_INT(run(CREATE, &score_annotations_table, score, NULL, text, -1), LM_INVALID);
    CHECK(complains("/args", "object"));
    CHECK(complains("/seed", "0 to 9007199254740991"));
    snprintf(text, sizeof(text), "{'pattern_id':'%s','start_time':4,'end_time':4}", pattern);
    CHECK_INT(run(CREATE, &score_annotations_table, score, NULL, text, -1), LM_INVALID);
    CHECK(complains("/end_time", "must be after start_time"));
    CHECK_INT(run(CREATE, &score_annotations_table, score, NULL, "{'pattern_id':'11111111-1111-4111-8111-111111111111','start_time':1,'end_time':4}", -1), LM_INVALID);
    CHECK(complains("/pattern_id", "there is no pattern"));
    CHECK_INT(run(CREATE, &score_annotations_table, venue, NULL, text, -1), LM_NOT_FOUND);
    end();
}

TEST(what_lumad_puts_may_be_read_only_and_hidden)
{
    const char *id = "22222222-2222-4222-8222-222222222222";

    CHECK(begin());
    CHECK_INT(run(PUT, &tracks_table, NULL, id, "{'title':'x','track_hash':'abc','file_path':'tracks/abc.wav'}", -1), LM_OK);
    int64_t version = test_int(db, "SELECT version FROM tracks");
    CHECK_INT(run(PUT, &tracks_table, NULL, id, "{'title':'x'}", -1), LM_OK);
    CHECK_INT(test_int(db, "SELECT version FROM tracks"), version);     /* the same again is no change */
    CHECK_INT(run(PUT, &tracks_table, NULL, id, "{'file_path':'tracks/other.wav'}", -1), LM_OK);
    CHECK_INT(test_int(db, "SELECT version FROM tracks"), version);     /* nobody else's business */
    json_t *row = test_row(db, &tracks_table, id);
    CHECK(!json_object_get(row, "file_path"));
    CHECK_STR(json_get_text(row, "track_hash", ""), "abc");
    json_decref(row);
    CHECK_INT(test_delete(db, &tracks_table, id), LM_OK);
    CHECK_INT(run(PUT, &tracks_table, NULL, id, "{'title':'y'}", -1), LM_OK);
    row = test_row(db, &tracks_table, id);
    CHECK(row);
    CHECK_STR(json_get_text(row, "track_hash", ""), "abc");
    json_decref(row);
    CHECK_INT(run(PUT, &jobs_table, NULL, "33333333-3333-4333-8333-333333333333",
                  "{'kind':'beats','track_id':'22222222-2222-4222-8222-222222222222','started_at':'2026-01-31T21:14:03.250Z'}", -1), LM_OK);
    row = test_row(db, &jobs_table, "33333333-3333-4333-8333-333333333333");
    CHECK_STR(json_get_text(row, "started_at", ""), "2026-01-31T21:14:03.250Z");
    CHECK_STR(json_get_text(row, "state", ""), "queued");
    json_decref(row);
    CHECK_INT(test_delete(db, &jobs_table, "33333333-3333-4333-8333-333333333333"), LM_OK);
    CHECK_INT(test_int(db, "SELECT count(*) FROM jobs"), 0);
    end();
}

TEST(the_jobs_of_a_deleted_track_are_cancelled)
{
    char track[UUID_SIZE];
    char text[200];

    CHECK(begin());
    CHECK(*test_create(db, &tracks_table, NULL, "{'title':'x'}", track));
    snprintf(text, sizeof(text), "{'kind':'beats','track_id':'%s'}", track);
    CHECK_INT(run(PUT, &jobs_table, NULL, "33333333-3333-4333-8333-333333333333", text, -1), LM_OK);
    CHECK_INT(test_delete(db, &tracks_table, track), LM_OK);
    CHECK_INT(test_int(db, "SELECT count(*) FROM jobs WHERE state = 'cancelled'"), 1);
    end();
}

static json_t *page(const struct table *t, const char *q, const char *cursor, int limit)
{
    struct db_conn *c = db_reader_take(db);
    json_t *p = NULL;

    problem_clear(&problem);
    row_page(c, t, NULL, &(struct row_query){ .q = q, .cursor = cursor, .limit = limit }, &p, &problem);
    db_reader_put(db, c);
    return p;
}

TEST(pages_show_every_row_once_though_names_are_equal)
{
    char cursor[500] = "";
    size_t total = 0, pages = 0;
    json_t *seen = json_object();

    CHECK(begin());
    CHECK_INT(test_sql(db, "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO tracks (id, title, track_hash) "
                       "SELECT printf('%08x-0000-4000-8000-000000000000', i * 7919 % 100003), iif(i % 2, 'Same', 'same'), i FROM n"), LM_OK);
    do {
        json_t *p = page(&tracks_table, NULL, *cursor ? cursor : NULL, 300), *row;
        size_t i;
        CHECK(p);
        json_array_foreach(json_object_get(p, "items"), i, row) {
            CHECK(!json_object_get(seen, json_get_text(row, "id", "")));
            json_object_set_new(seen, json_get_text(row, "id", ""), json_true());
        }
        total += json_array_size(json_object_get(p, "items"));
        snprintf(cursor, sizeof(cursor), "%s", json_get_text(p, "next", ""));
        CHECK_INT(strspn(cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(cursor));
        json_decref(p);
        pages++;
    } while (*cursor);
    CHECK_INT(total, 2500);
    CHECK_INT(pages, 9);
    json_decref(seen);

    json_t *p = page(&tracks_table, NULL, NULL, 0);
    CHECK_INT(json_array_size(json_object_get(p, "items")), 100);
    json_decref(p);
    p = page(&tracks_table, NULL, NULL, 5000);
    CHECK_INT(json_array_size(json_object_get(p, "items")), 1000);
    json_decref(p);
    end();
}

TEST(a_page_that_ends_exactly_has_no_next)
{
    char a[UUID_SIZE];

    CHECK(begin());
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Other'}", a));
    json_t *p = page(&venues_table, NULL, NULL, 2);
    CHECK(json_is_null(json_object_get(p, "next")));
    json_decref(p);
    p = page(&venues_table, NULL, NULL, 1);
    CHECK(json_is_string(json_object_get(p, "next")));
    json_t *q = page(&venues_table, NULL, json_get_text(p, "next", ""), 1);
    CHECK_STR(json_get_text(json_array_get(json_object_get(q, "items"), 0), "name", ""), "Other");
    CHECK(json_is_null(json_object_get(q, "next")));
    json_decref(q);

    /* A cursor of another list, and none at all. */
    q = page(&tracks_table, NULL, json_get_text(p, "next", ""), 1);
    CHECK(!q);
    CHECK_INT(problem.err, LM_BAD_REQUEST);
    for (const char *const *bad = (const char *const[]){ "x", "!!", "AAAA", "WyJ2ZW51ZXMiXQ", NULL }; *bad; bad++) {
        CHECK(!page(&venues_table, NULL, *bad, 1));
        CHECK_INT(problem.err, LM_BAD_REQUEST);
    }
    json_decref(p);
    end();
}

TEST(newest_first_lists_page_too)
{
    char cursor[500] = "", last[40] = "9";
    int n = 0;

    CHECK(begin());
    CHECK_INT(test_sql(db, "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25) INSERT INTO jobs (id, kind, created_at) "
                       "SELECT printf('%08x-0000-4000-8000-000000000000', i), 'x', 1700000000000 + i / 3 FROM n"), LM_OK);
    do {
        json_t *p = page(&jobs_table, NULL, *cursor ? cursor : NULL, 7), *row;
        size_t i;
        json_array_foreach(json_object_get(p, "items"), i, row) {
            CHECK(strcmp(json_get_text(row, "created_at", ""), last) <= 0);
            snprintf(last, sizeof(last), "%s", json_get_text(row, "created_at", ""));
            n++;
        }
        snprintf(cursor, sizeof(cursor), "%s", json_get_text(p, "next", ""));
        json_decref(p);
    } while (*cursor);
    CHECK_INT(n, 25);
    end();
}

TEST(every_word_of_a_search_must_occur_somewhere)
{
    static const struct { const char *q; int n; } cases[] = {
        { "blue", 2 }, { "BLUE monday", 1 }, { "monday new", 1 }, { "über", 1 }, { "ÜBER", 1 }, { "%", 1 }, { "_", 0 }, { "blue zzz", 0 }, { "", 4 },
    };

    CHECK(begin());
    CHECK_INT(test_sql(db, "INSERT INTO tracks (id, title, artist, track_hash) VALUES "
                       "('00000001-0000-4000-8000-000000000000', 'Blue Monday', 'New Order', '1'),"
                       "('00000002-0000-4000-8000-000000000000', 'Kind of Blue', 'Miles', '2'),"
                       "('00000003-0000-4000-8000-000000000000', 'Über alles', '100 %', '3'),"
                       "('00000004-0000-4000-8000-000000000000', 'Other', '', '4')"), LM_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *p = page(&tracks_table, cases[i].q, NULL, 0);
        int n = (int)json_array_size(json_object_get(p, "items"));
        json_decref(p);
        if (n != cases[i].n)
            printf("# %s\n", cases[i].q);
        CHECK_INT(n, cases[i].n);
    }
    end();
}

TEST(order_columns_of_every_table_are_never_null)
{
    for (const struct table *const *t = table_list(); *t; t++) {
        char text[256], *rest = NULL;
        snprintf(text, sizeof(text), "%s", (*t)->order);
        bool descending = strstr(text, " DESC");
        for (char *term = strtok_r(text, ",", &rest); term; term = strtok_r(NULL, ",", &rest)) {
            const struct column *c = (*t)->cols;
            CHECK_INT(strstr(term, " DESC") != NULL, descending);
            term += strspn(term, " ");
            while (c->name && (strncmp(term, c->name, strlen(c->name)) || (term[strlen(c->name)] != ' ' && term[strlen(c->name)])))
                c++;
            CHECK(c->name);
            CHECK(!(c->flags & COL_NULLABLE));
        }
    }
}

TEST(the_reference_page_names_every_column)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    table_print_md(f);
    fclose(f);
    for (const struct table *const *t = table_list(); *t; t++) {
        CHECK((*t)->doc && (*t)->one && (*t)->order);
        CHECK(strstr(text, (*t)->name));
        for (const struct column *c = (*t)->cols; c->name; c++) {
            CHECK(c->doc);
            CHECK((c->flags & COL_SYNC) || strstr(text, c->name));
        }
    }
    free(text);
}
