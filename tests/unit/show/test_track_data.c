#include "../db/dbtest.h"

#include "show/state.h"
#include "show/track_data.h"

static const char track[] = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
static struct db *db;

static enum lm_err run_sql(struct db_conn *c, void *arg, struct problem *p)
{
    int rc = sqlite3_exec(db_handle(c), arg, NULL, NULL, NULL);

    return rc ? db_error(c, rc, p) : LM_OK;
}

static bool sql(const char *text)
{
    return !db_write(db, run_sql, (void *)(uintptr_t)text, &problem);
}

static bool begin(void)
{
    return (db = test_open()) && sql("INSERT INTO tracks (id, title) VALUES ('aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', 't')");
}

#define FEATURE(id, kind, data)                                                                                                          \
    "INSERT INTO track_features (id, track_id, kind, data) VALUES ('" id "', 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', '" kind "', '" data "');"

static struct track_data *load(const char *id)
{
    struct track_data *t = NULL;
    struct db_conn *c = db_reader_take(db);

    if (track_data_load(&(struct track_source){ .db = c, .track_id = id }, &t, &problem))
        printf("# %s\n", problem.detail);
    db_reader_put(db, c);
    return t;
}

TEST(a_track_of_which_nothing_is_known_has_assumed_beats)
{
    struct track_data *t, *none;
    struct graph_env env = { 0 };

    CHECK(begin());
    CHECK((t = load(track)) && (none = load(NULL)));
    CHECK(t->grid->is_assumed && none->grid->is_assumed);
    CHECK(!t->audio.data && !t->stems[STEM_DRUMS].data);
    CHECK(!none->analysis);
    CHECK(!t->analysis || (!t->analysis->has_onsets && !t->analysis->has_energy && !t->analysis->has_sections && !t->analysis->chroma));
    track_data_env(t, &env);
    CHECK(env.grid == t->grid && env.analysis == t->analysis && !env.audio.frames);
    track_data_free(t), track_data_free(none);
    track_data_free(NULL);
    db_close(db);
}

TEST(what_was_heard_is_read_from_its_rows)
{
    struct track_data *t;

    CHECK(begin());
    CHECK(sql(FEATURE("f1", "onsets", "{\"kick\":[[1,0.5],[2,1]]}") FEATURE("f2", "energy", "{\"bars\":[[0,2,0.75]]}")
              FEATURE("f3", "sections", "{\"sections\":[{\"start\":0,\"end\":4,\"label\":\"drop\"}]}")
              "INSERT INTO track_roots (id, track_id, chroma_rate, chroma) VALUES ('r', 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', 10, zeroblob(96))"));
    CHECK((t = load(track)));
    CHECK(t->analysis);
    CHECK_INT(t->analysis->drums[DRUM_KICK].n, 2);
    CHECK_NEAR(t->analysis->bars[0].energy, 0.75, 0);
    CHECK(t->analysis->sections[0].is_drop);
    CHECK_INT(t->analysis->n_chroma, 2);
    CHECK_NEAR(t->analysis->chroma_rate, 10, 0);
    track_data_free(t);
    CHECK(sql("UPDATE track_features SET deleted_at = 1 WHERE kind = 'onsets'"));
    CHECK((t = load(track)));
    CHECK(!t->analysis->has_onsets && t->analysis->has_energy);
    track_data_free(t);
    db_close(db);
}

TEST(a_row_that_cannot_be_understood_takes_no_other_with_it)
{
    struct track_data *t;

    CHECK(begin());
    CHECK(sql(FEATURE("f1", "onsets", "{\"kick\":[[2,0.5],[1,1]]}") FEATURE("f2", "energy", "{\"bars\":[[0,2,0.75]]}") FEATURE("f3", "sections", "[]")
              "INSERT INTO track_roots (id, track_id, chroma_rate, chroma) VALUES ('r', 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', 10, zeroblob(95))"));
    CHECK((t = load(track)));
    CHECK(t->analysis);
    CHECK(!t->analysis->has_onsets && !t->analysis->has_sections && !t->analysis->chroma);
    CHECK(t->analysis->has_energy);
    track_data_free(t);
    db_close(db);
}

TEST(the_hash_is_of_what_is_read)
{
    struct track_data *before, *after;

    CHECK(begin());
    CHECK(sql(FEATURE("f1", "onsets", "{\"kick\":[[1,0.5]]}")));
    CHECK((before = load(track)));
    CHECK(sql("UPDATE track_features SET data = '{\"kick\":[[1,0.75]]}'"));
    CHECK((after = load(track)));
    CHECK(track_data_hash(before, READS_ANALYSIS) != track_data_hash(after, READS_ANALYSIS));
    CHECK(track_data_hash(before, READS_AUDIO) == track_data_hash(after, READS_AUDIO));
    after->audio.frames = 1;
    CHECK(track_data_hash(before, READS_AUDIO) != track_data_hash(after, READS_AUDIO));
    CHECK(track_data_hash(before, READS_STEMS) == track_data_hash(after, READS_STEMS));
    after->stems[STEM_VOCALS].frames = 1;
    CHECK(track_data_hash(before, READS_STEMS) != track_data_hash(after, READS_STEMS));
    CHECK(track_data_hash(before, 0) == track_data_hash(after, 0));
    track_data_free(after);
    CHECK(sql("INSERT INTO track_beats (id, track_id, beats) VALUES ('b', 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', '[1,2,3]')"));
    CHECK((after = load(track)));
    CHECK(!after->grid->is_assumed);
    CHECK(track_data_hash(before, 0) != track_data_hash(after, 0));
    track_data_free(before), track_data_free(after);
    db_close(db);
}

TEST(what_comes_of_an_analysis_makes_the_score_anew)
{
    static const char *const tables[] = { "track_features", "track_roots", "track_stems", "track_beats", "track_waveforms" };

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        CHECK(show_dirty_of(tables[i]) & DIRTY_SCORE);
    CHECK_INT(show_dirty_of("track_markers"), 0);
}
