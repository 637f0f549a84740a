/* What rows alone cannot say: members, default implementations, beats, waveforms, batches, settings. */
#include "dbtest.h"

static struct db *db;
static char venue[UUID_SIZE], track[UUID_SIZE], pattern[UUID_SIZE], score[UUID_SIZE];

static bool begin(void)
{
    db = test_open();
    return db && *test_create(db, &venues_table, NULL, "{'name':'Hall'}", venue) && *test_create(db, &tracks_table, NULL, "{'title':'x'}", track) &&
           *test_create(db, &patterns_table, NULL, "{'name':'p'}", pattern) && *test_create(db, &scores_table, track, "{}", score);
}

static void end(void)
{
    db_close(db);
    db = NULL;
}

static json_t *in, *out;        /* of the call; `out` is replaced by the next */
static const char *key;
static bool flag;

static enum lm_err call_with(enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p), void *arg)
{
    json_decref(out);
    out = NULL;
    enum lm_err err = db_write(db, fn, arg, &problem);
    json_decref(in);
    in = NULL;
    return err;
}

static enum lm_err call(enum lm_err (*fn)(struct db_conn *c, void *arg, struct problem *p))
{
    return call_with(fn, NULL);
}

static enum lm_err set_members(struct db_conn *c, void *arg, struct problem *p)
{
    (void)arg;
    enum lm_err err = group_set_members(c, key, in, p);
    return err ? err : group_members(c, key, &out, p);
}

TEST(members_keep_their_order_and_belong_to_the_venue)
{
    char group[UUID_SIZE], other[UUID_SIZE], stranger[UUID_SIZE], f[3][UUID_SIZE];

    CHECK(begin());
    for (int i = 0; i < 3; i++)
        CHECK(*test_create(db, &fixtures_table, venue, "{}", f[i]));
    CHECK(*test_create(db, &venues_table, NULL, "{'name':'Other'}", other));
    CHECK(*test_create(db, &fixtures_table, other, "{}", stranger));
    CHECK(*test_create(db, &fixture_groups_table, venue, "{'name':'front'}", group));
    key = group;
    in = json_pack("[s,s,s]", f[2], f[0], f[1]);
    CHECK_INT(call(set_members), LM_OK);
    CHECK_STR(json_string_value(json_array_get(out, 0)), f[2]);
    CHECK_STR(json_string_value(json_array_get(out, 2)), f[1]);
    in = json_pack("[s,s]", f[1], f[2]);
    CHECK_INT(call(set_members), LM_OK);
    CHECK_INT(json_array_size(out), 2);
    CHECK_STR(json_string_value(json_array_get(out, 0)), f[1]);
    in = json_pack("[s,s]", f[1], f[1]);
    CHECK_INT(call(set_members), LM_INVALID);
    CHECK_STR(problem.errors[0].path, "/fixture_ids/1");
    in = json_pack("[s]", stranger);
    CHECK_INT(call(set_members), LM_INVALID);
    in = json_pack("[i]", 5);
    CHECK_INT(call(set_members), LM_INVALID);
    in = json_object();
    CHECK_INT(call(set_members), LM_INVALID);
    CHECK_INT(test_int(db, "SELECT count(*) FROM fixture_group_members WHERE deleted_at IS NULL"), 2);
    in = json_pack("[s,s,s]", f[0], f[1], f[2]);        /* the tombstone of f[0] comes back */
    CHECK_INT(call(set_members), LM_OK);
    CHECK_INT(test_int(db, "SELECT count(*) FROM fixture_group_members"), 3);
    end();
}

static enum lm_err create_pattern(struct db_conn *c, void *arg, struct problem *p)
{
    (void)arg;
    return pattern_create(c, in, &out, &flag, p);
}

static enum lm_err find_implementation(struct db_conn *c, void *arg, struct problem *p)
{
    return pattern_implementation(c, key, arg, &out, p);
}

static int64_t if_match;

static enum lm_err set_graph(struct db_conn *c, void *arg, struct problem *p)
{
    json_t *errors = json_array();
    (void)arg;
    enum lm_err err = implementation_set_graph(c, key, in, errors, if_match, &out, p);
    json_decref(errors);
    return err;
}

TEST(a_pattern_has_an_implementation_and_a_venue_may_have_its_own)
{
    char id[UUID_SIZE], implementation[UUID_SIZE], second[UUID_SIZE], text[200], row[UUID_SIZE];

    CHECK(begin());
    in = json_pack("{s:s}", "name", "Chase");
    CHECK_INT(call(create_pattern), LM_OK);
    CHECK(flag);
    snprintf(id, sizeof(id), "%s", json_get_text(out, "id", ""));
    snprintf(implementation, sizeof(implementation), "%s", json_get_text(out, "default_implementation_id", ""));
    CHECK(*implementation);
    key = id;
    CHECK_INT(call(find_implementation), LM_OK);
    CHECK_STR(json_get_text(out, "id", ""), implementation);
    CHECK(json_is_array(json_object_get(json_object_get(out, "graph"), "nodes")));

    key = implementation;
    if_match = -1;
    in = json_pack("{s:[],s:[],s:[],s:i}", "nodes", "edges", "args", "x", 1);
    CHECK_INT(call(set_graph), LM_OK);
    CHECK_INT(json_get_int(json_object_get(out, "graph"), "x", 0), 1);
    if_match = 1;
    in = json_object();
    CHECK_INT(call(set_graph), LM_STALE);
    CHECK_STR(json_get_text(out, "id", ""), implementation);

    CHECK(*test_create(db, &implementations_table, id, "{'name':'B'}", second));
    snprintf(text, sizeof(text), "{'pattern_id':'%s','implementation_id':'%s'}", id, second);
    CHECK(*test_create(db, &venue_implementation_overrides_table, venue, text, row));
    key = id;
    CHECK_INT(call_with(find_implementation, venue), LM_OK);
    CHECK_STR(json_get_text(out, "id", ""), second);
    CHECK_INT(call(find_implementation), LM_OK);
    CHECK_STR(json_get_text(out, "id", ""), implementation);

    /* Taking a deleted pattern back brings its graph back and makes no second one. */
    CHECK_INT(test_delete(db, &patterns_table, id), LM_OK);
    CHECK_INT(call(find_implementation), LM_NOT_FOUND);
    in = json_pack("{s:s,s:s}", "id", id, "name", "Chase");
    CHECK_INT(call(create_pattern), LM_OK);
    CHECK_STR(json_get_text(out, "default_implementation_id", ""), implementation);
    CHECK_INT(call(find_implementation), LM_OK);
    CHECK_INT(json_get_int(json_object_get(out, "graph"), "x", 0), 1);
    CHECK_INT(test_delete(db, &implementations_table, implementation), LM_OK);
    CHECK_INT(call(find_implementation), LM_OK);
    CHECK_STR(json_get_text(out, "id", ""), second);
    end();
}

static enum lm_err set_beats(struct db_conn *c, void *arg, struct problem *p)
{
    (void)arg;
    enum lm_err err = track_set_beats(c, track, in, flag, "beats", 3, p);
    return err ? err : track_beats(c, track, &out, p);
}

TEST(a_corrected_grid_wins_and_can_be_taken_back)
{
    CHECK(begin());
    flag = false;
    in = test_json("{'beats':[0.5,1.0,1.5],'downbeats':[0.5],'bpm':120,'beats_per_bar':4,'confidence':0.9}");
    CHECK_INT(call(set_beats), LM_OK);
    CHECK(json_is_false(json_object_get(out, "corrected")));
    CHECK_NEAR(json_get_real(out, "bpm", 0), 120, 0);
    flag = true;
    in = test_json("{'beats':[0,1,2,3.5],'downbeats':[0]}");
    CHECK_INT(call(set_beats), LM_OK);
    CHECK(json_is_true(json_object_get(out, "corrected")));
    CHECK_NEAR(json_get_real(out, "bpm", 0), 60, 1e-9);
    json_t *row = test_row(db, &tracks_table, track);
    CHECK_NEAR(json_get_real(row, "bpm", 0), 60, 1e-9);
    json_decref(row);
    flag = false;
    in = test_json("{'beats':[],'bpm':null}");
    CHECK_INT(call(set_beats), LM_OK);
    CHECK(json_is_true(json_object_get(out, "corrected")));     /* an analysis does not touch it */
    flag = true;
    in = json_null();
    CHECK_INT(call(set_beats), LM_OK);
    CHECK(json_is_false(json_object_get(out, "corrected")));
    CHECK(json_is_null(json_object_get(out, "bpm")));
    for (const char *const *bad = (const char *const[]){ "{}", "{'beats':5}", "{'beats':[1,1]}", "{'beats':[2,1]}", "{'beats':['a']}", "{'beats':[-1]}",
         "{'beats':[1],'downbeats':[null]}", "{'beats':[1],'beats_per_bar':0}", "{'beats':[1],'nonsense':1}", NULL }; *bad; bad++) {
        in = test_json(*bad);
        CHECK_INT(call(set_beats), LM_INVALID);
        CHECK_INT(problem.n, 1);
    }
    end();
}

static enum lm_err set_waveform(struct db_conn *c, void *arg, struct problem *p)
{
    return track_set_waveform(c, arg, "preview", 7, "\0full\0", 6, p);
}

static enum lm_err set_file(struct db_conn *c, void *arg, struct problem *p)
{
    json_t *m = json_pack("{s:s,s:s}", "file_path", "tracks/a.wav", "track_hash", "abc");
    (void)arg;
    enum lm_err err = row_put(c, &tracks_table, track, m, p);
    json_decref(m);
    return err;
}

TEST(waveforms_and_files_of_a_track)
{
    void *data = NULL;
    char *path = NULL;
    json_t *row = NULL;
    size_t n = 0;

    CHECK(begin());
    CHECK_INT(db_write_bulk(db, set_waveform, track, &problem), LM_OK);
    CHECK_INT(db_write(db, set_waveform, (char[]){ "11111111-1111-4111-8111-111111111111" }, &problem), LM_NOT_FOUND);
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(track_waveform(c, track, "full", &data, &n, &problem), LM_OK);
    CHECK_INT(n, 6);
    CHECK(!memcmp(data, "\0full\0", 6));
    free(data);
    CHECK_INT(track_waveform(c, track, "preview", &data, &n, &problem), LM_OK);
    CHECK_INT(n, 7);
    free(data);
    CHECK_INT(track_waveform(c, track, "nonsense", &data, &n, &problem), LM_INVALID);
    CHECK_INT(track_file(c, track, &path, &problem), LM_NOT_FOUND);
    CHECK(strstr(problem.detail, "not on this machine"));
    CHECK_INT(db_write(db, set_file, NULL, &problem), LM_OK);
    CHECK_INT(track_file(c, track, &path, &problem), LM_OK);
    CHECK_STR(path, "tracks/a.wav");
    free(path);
    CHECK_INT(track_by_hash(c, "abc", &row, &problem), LM_OK);
    CHECK_STR(json_get_text(row, "id", ""), track);
    json_decref(row);
    CHECK_INT(track_by_hash(c, "abd", &row, &problem), LM_NOT_FOUND);
    CHECK_INT(track_beats(c, track, &row, &problem), LM_NOT_FOUND);
    db_reader_put(db, c);
    end();
}

static enum lm_err default_score(struct db_conn *c, void *arg, struct problem *p)
{
    return score_default(c, track, arg, &out, p);
}

static enum lm_err set_features(struct db_conn *c, void *arg, struct problem *p)
{
    return track_set_features(c, arg, in, "lumad-features", 3, p);
}

TEST(features_are_kept_by_kind)
{
    json_t *data = NULL;
    int64_t first, second;

    CHECK(begin());
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(track_features(c, track, &data, &first, &problem), LM_NOT_FOUND);
    CHECK_INT(track_feature(c, track, "energy", &data, &problem), LM_NOT_FOUND);
    db_reader_put(db, c);
    in = json_pack("{s:{s:[]},s:{s:[f]},s:s}", "energy", "bars", "drops", "drops", 2.5, "analyser", "is no kind");
    CHECK_INT(call_with(set_features, track), LM_OK);
    c = db_reader_take(db);
    CHECK_INT(track_features(c, track, &data, &first, &problem), LM_OK);
    CHECK(json_object_get(data, "energy") && !json_object_get(data, "onsets"));
    CHECK_NEAR(json_real_value(json_array_get(json_object_get(json_object_get(data, "drops"), "drops"), 0)), 2.5, 0);
    CHECK_STR(json_string_value(json_object_get(data, "analyser")), "lumad-features");
    CHECK_INT(json_integer_value(json_object_get(data, "version")), 3);
    json_decref(data);
    db_reader_put(db, c);
    in = json_pack("{s:{s:[[f,f,f]]}}", "energy", "bars", 0., 2., 0.5);     /* again: the row that is there, and nothing else goes */
    CHECK_INT(call_with(set_features, track), LM_OK);
    c = db_reader_take(db);
    CHECK_INT(track_features(c, track, &data, &second, &problem), LM_OK);
    CHECK(second > first && json_object_get(data, "drops"));
    json_decref(data);
    CHECK_INT(track_feature(c, track, "energy", &data, &problem), LM_OK);
    CHECK_INT(json_array_size(json_object_get(data, "bars")), 1);
    json_decref(data);
    db_reader_put(db, c);
    in = json_pack("{s:[]}", "onsets");
    CHECK_INT(call_with(set_features, track), LM_INVALID);
    in = json_object();
    CHECK_INT(call_with(set_features, (char[]){ "11111111-1111-4111-8111-111111111111" }), LM_NOT_FOUND);
    end();
}

TEST(the_default_score_is_made_once_and_never_rises_from_the_dead)
{
    char first[UUID_SIZE], annotation[UUID_SIZE], text[200];

    CHECK(begin());
    CHECK_INT(call_with(default_score, venue), LM_OK);
    snprintf(first, sizeof(first), "%s", json_get_text(out, "id", ""));
    CHECK_STR(json_get_text(out, "venue_id", ""), venue);
    CHECK_INT(call_with(default_score, venue), LM_OK);
    CHECK_STR(json_get_text(out, "id", ""), first);
    snprintf(text, sizeof(text), "{'pattern_id':'%s','start_time':0,'end_time':4}", pattern);
    CHECK(*test_create(db, &score_annotations_table, first, text, annotation));
    CHECK_INT(test_delete(db, &scores_table, first), LM_OK);
    CHECK_INT(call_with(default_score, venue), LM_OK);
    CHECK(strcmp(json_get_text(out, "id", ""), first));
    CHECK_INT(test_int(db, "SELECT count(*) FROM score_annotations WHERE deleted_at IS NULL"), 0);
    CHECK_INT(call(default_score), LM_OK);
    CHECK_STR(json_get_text(out, "id", ""), score);     /* the one of no venue, made by begin() */
    end();
}

static enum lm_err run_batch(struct db_conn *c, void *arg, struct problem *p)
{
    (void)arg;
    return score_batch(c, score, in, &out, p);
}

static json_t *block(double start, double stop)
{
    return json_pack("{s:s,s:f,s:f}", "pattern_id", pattern, "start_time", start, "end_time", stop);
}

TEST(a_batch_is_all_or_nothing_and_says_where_it_fails)
{
    char a[UUID_SIZE], b[UUID_SIZE];

    CHECK(begin());
    in = json_pack("{s:[o,o]}", "create", block(0, 1), block(1, 2));
    CHECK_INT(call(run_batch), LM_OK);
    json_t *created = json_object_get(out, "created");
    CHECK_INT(json_array_size(created), 2);
    snprintf(a, sizeof(a), "%s", json_get_text(json_array_get(created, 0), "id", ""));
    snprintf(b, sizeof(b), "%s", json_get_text(json_array_get(created, 1), "id", ""));

    in = json_pack("{s:[o,o,o,o],s:[{s:s,s:f},{s:f}],s:[s,i]}", "create", block(0, 1), block(0, 1), block(5, 4), block(-1, 4),
                   "update", "id", a, "start_time", 3.0, "start_time", 3.0, "delete", b, 7);
    CHECK_INT(call(run_batch), LM_INVALID);
    const char *paths[] = { "/delete/1", "/update/0/end_time", "/update/1/id", "/create/2/end_time", "/create/3/start_time" };
    CHECK_INT(problem.n, 5);
    for (int i = 0; i < 5; i++)
        CHECK_STR(problem.errors[i].path, paths[i]);
    CHECK_INT(test_int(db, "SELECT count(*) FROM score_annotations WHERE deleted_at IS NULL"), 2);

    in = json_pack("{s:[o],s:[{s:s,s:f,s:f}],s:[s]}", "create", block(8, 9), "update", "id", a, "start_time", 3.0, "end_time", 4.5, "delete", b);
    CHECK_INT(call(run_batch), LM_OK);
    CHECK_NEAR(json_get_real(json_array_get(json_object_get(out, "updated"), 0), "end_time", 0), 4.5, 0);
    CHECK_STR(json_string_value(json_array_get(json_object_get(out, "deleted"), 0)), b);
    in = json_pack("{s:[s]}", "delete", b);
    CHECK_INT(call(run_batch), LM_INVALID);
    in = json_pack("{s:[]}", "nonsense");
    CHECK_INT(call(run_batch), LM_INVALID);
    in = json_pack("{s:i}", "create", 5);
    CHECK_INT(call(run_batch), LM_INVALID);
    CHECK_STR(problem.errors[0].path, "/create");
    in = json_array();
    CHECK_INT(call(run_batch), LM_BAD_REQUEST);
    end();
}

static enum lm_err patch_settings(struct db_conn *c, void *arg, struct problem *p)
{
    (void)arg;
    return settings_patch(c, in, &out, p);
}

static enum lm_err hide(struct db_conn *c, void *arg, struct problem *p)
{
    (void)arg;
    return setting_hidden_set(c, "autoplay", in, p);
}

TEST(settings_have_defaults_ranges_and_hidden_neighbours)
{
    json_t *v = NULL;

    CHECK(begin());
    in = json_object();
    CHECK_INT(call(patch_settings), LM_OK);
    CHECK_INT(json_get_int(out, "upload_max_mb", 0), 4096);
    CHECK_STR(json_get_text(out, "exit_look", ""), "blackout");
    CHECK_INT(json_object_size(out), json_array_size(v = settings_schema()));
    json_decref(v);
    in = test_json("{'upload_max_mb':10,'exit_look':'hold'}");
    CHECK_INT(call(patch_settings), LM_OK);
    CHECK_INT(json_get_int(out, "upload_max_mb", 0), 10);
    in = test_json("{'exit_look':null}");
    CHECK_INT(call(patch_settings), LM_OK);
    CHECK_STR(json_get_text(out, "exit_look", ""), "blackout");
    in = test_json("{'upload_max_mb':20,'output_rate_hz':45,'nonsense':1}");
    CHECK_INT(call(patch_settings), LM_INVALID);
    CHECK_INT(problem.n, 2);
    in = json_pack("{s:s}", "venue", "x");
    CHECK_INT(call(hide), LM_OK);
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(settings_get_one(c, "upload_max_mb", &v), LM_OK);
    CHECK_INT(json_integer_value(v), 10);
    json_decref(v);
    CHECK_INT(settings_get_one(c, "nonsense", &v), LM_NOT_FOUND);
    CHECK_INT(setting_hidden_get(c, "autoplay", &v), LM_OK);
    CHECK_STR(json_get_text(v, "venue", ""), "x");
    json_decref(v);
    CHECK_INT(setting_hidden_get(c, "other", &v), LM_NOT_FOUND);
    CHECK_INT(settings_get(c, &v, &problem), LM_OK);
    CHECK(!json_object_get(v, "autoplay"));
    json_decref(v);
    db_reader_put(db, c);
    end();
}

TEST(state_is_kept_apart)
{
    char *value = NULL;

    CHECK(begin());
    CHECK_INT(db_state_get(db, "position", &value), LM_NOT_FOUND);
    CHECK_INT(db_state_set(db, "position", "12.5"), LM_OK);
    CHECK_INT(db_state_set(db, "position", "13"), LM_OK);
    CHECK_INT(db_state_get(db, "position", &value), LM_OK);
    CHECK_STR(value, "13");
    free(value);
    CHECK_INT(db_state_set(db, "position", NULL), LM_OK);
    CHECK_INT(db_state_get(db, "position", &value), LM_NOT_FOUND);
    CHECK(uuid_valid(db_device_id(db)));
    end();
}
