#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tap.h"
#include "analysis/batch.h"
#include "analysis/import.h"
#include "analysis/steps.h"
#include "core/json.h"
#include "core/path.h"
#include "db/domain.h"

static char dir[PATH_SIZE], songs[PATH_SIZE];
static struct event_bus *bus;
static struct db *db;
static struct jobs *jobs;
static struct batches *batches;
static struct problem problem;
static int pause_ms;                    /* of each import */

static enum lm_err import_file(void *ctx, const char *path, const json_t *params, bool (*is_stopping)(void *), void *stop_ctx, char track_id[UUID_SIZE],
                               bool *is_duplicate, struct problem *p)
{
    json_t *track = NULL;
    bool created;

    (void)ctx, (void)params;
    for (int i = 0; i < pause_ms; i += 10, usleep(10000))
        if (is_stopping(stop_ctx))
            return problem_set(p, LM_BUSY, "Stopped");
    enum lm_err err = import_path(db, dir, path, is_stopping, stop_ctx, &track, &created, p);
    if (err)
        return err;
    snprintf(track_id, UUID_SIZE, "%s", json_get_text(track, "id", ""));
    *is_duplicate = !created;
    json_decref(track);
    return LM_OK;
}

/* Minutes of work that is not what is tested. */
static enum lm_err no_stems(struct db_conn *c, void *arg, struct problem *p)
{
    json_t *patch = json_pack("{s:s}", "stems", "demand"), *all = NULL;
    enum lm_err err = settings_patch(c, patch, &all, p);

    (void)arg;
    json_decref(patch), json_decref(all);
    return err;
}

static void open_all(void)
{
    char path[PATH_SIZE], state[PATH_SIZE], migrations[PATH_SIZE];

    path_join(path, dir, "lumad.db");
    path_join(state, dir, "state.db");
    if (path_share("migrations", migrations, &problem))
        abort();
    bus = event_bus_new();
    if (db_open(&(struct db_options){ .path = path, .state_path = state, .migrations = migrations, .bus = bus }, &db, &problem)
        || db_write(db, no_stems, NULL, &problem))
        abort();
    if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = 100 }, &jobs))
        abort();
    if (batches_new(&(struct batches_options){ .db = db, .bus = bus, .jobs = jobs, .import = import_file }, &batches))
        abort();
}

static void close_all(void)
{
    batches_free(batches);
    jobs_free(jobs);
    db_close(db);
    event_bus_free(bus);
}

static void begin(void)
{
    strcpy(dir, "/tmp/lumad-test-batch-XXXXXX");
    if (!mkdtemp(dir) || path_join(songs, dir, "songs") || path_make_dirs(songs, 0700))
        abort();
    pause_ms = 0;
    problem_clear(&problem);
    open_all();
}

static void end(void)
{
    char command[PATH_SIZE + 16];

    close_all();
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command))
        abort();
}

/* A second of a tone of its own; "bad": no sound at all. */
static void add_song(json_t *items, const char *name, int seed)
{
    char path[PATH_SIZE];
    SF_INFO info = { .samplerate = 44100, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    float x[44100];

    path_join(path, songs, name);
    for (size_t i = 0; i < 44100; i++)
        x[i] = i % 11025 < 2000 ? (float)(.5 * sin((double)i * .01 * seed)) : 0;
    if (seed) {
        SNDFILE *f = sf_open(path, SFM_WRITE, &info);
        sf_writef_float(f, x, 44100);
        sf_close(f);
    } else if (path_write(path, "no sound", 8, 0600)) {
        abort();
    }
    json_array_append_new(items, json_pack("{s:s,s:s}", "path", path, "name", name));
}

static json_t *wait_over(const char *id)
{
    json_t *batch = NULL;

    for (int i = 0; i < 24000; i++, usleep(10000)) {
        json_decref(batch);
        batch = NULL;
        if (batch_get(batches, id, &batch, &problem))
            abort();
        if (strcmp(json_get_text(batch, "state", ""), "running"))
            break;
    }
    return batch;
}

static void check_counts(const json_t *batch, const char *state, int total, int done, int duplicates, int failed)
{
    CHECK_STR(json_get_text(batch, "state", ""), state);
    CHECK_INT(json_get_int(batch, "total", -1), total);
    CHECK_INT(json_get_int(batch, "done", -1), done);
    CHECK_INT(json_get_int(batch, "duplicates", -1), duplicates);
    CHECK_INT(json_get_int(batch, "failed", -1), failed);
}

static json_t *items_of(const char *id, const char *state)
{
    json_t *page = NULL;

    if (batch_item_page(batches, id, state, 100, NULL, &page, &problem))
        abort();
    return page;
}

TEST(a_folder_comes_in_and_one_bad_file_stops_nothing)
{
    json_t *items = json_array(), *batch = NULL, *page;
    char id[UUID_SIZE];

    begin();
    add_song(items, "one.wav", 1);
    add_song(items, "bad.wav", 0);
    add_song(items, "two.wav", 2);
    add_song(items, "one again.wav", 1);
    json_array_append_new(items, json_pack("{s:s}", "path", "/there/is/no/such.wav"));
    CHECK_INT(batch_new(batches, "import", "Songs", items, NULL, false, &batch, &problem), LM_OK);
    CHECK_STR(json_get_text(batch, "name", ""), "Songs");
    CHECK_STR(json_get_text(batch, "kind", ""), "import");
    snprintf(id, sizeof(id), "%s", json_get_text(batch, "id", ""));
    json_decref(batch);
    batch = wait_over(id);
    check_counts(batch, "done", 5, 2, 1, 2);
    CHECK_NEAR(json_get_real(batch, "progress", 0), 1, 0);
    CHECK(json_get_text(batch, "finished_at", NULL));
    json_decref(batch);

    page = items_of(id, "failed");
    CHECK_INT(json_array_size(json_object_get(page, "items")), 2);
    const json_t *bad = json_array_get(json_object_get(page, "items"), 0);
    CHECK_STR(json_get_text(bad, "name", ""), "bad.wav");
    CHECK(json_get_text(bad, "error", NULL));
    json_decref(page);
    page = items_of(id, "done");
    struct db_conn *c = db_reader_take(db);
    json_t *analysis = NULL;
    const char *track = json_get_text(json_array_get(json_object_get(page, "items"), 1), "track_id", "");
    CHECK_INT(jobs_track_analysis(jobs, c, track, &analysis, &problem), LM_OK);
    CHECK_STR(json_get_text(json_object_get(analysis, "beats"), "state", ""), "done");
    db_reader_put(db, c);
    json_decref(analysis), json_decref(page), json_decref(items);
    end();
}

TEST(what_failed_is_tried_again)
{
    json_t *items = json_array(), *batch = NULL;
    char id[UUID_SIZE], path[PATH_SIZE];

    begin();
    add_song(items, "one.wav", 1);
    add_song(items, "late.wav", 0);
    CHECK_INT(batch_new(batches, "import", "", items, NULL, false, &batch, &problem), LM_OK);
    snprintf(id, sizeof(id), "%s", json_get_text(batch, "id", ""));
    json_decref(batch);
    batch = wait_over(id);
    check_counts(batch, "done", 2, 1, 0, 1);
    json_decref(batch);
    CHECK_INT(batch_cancel(batches, id, &batch, &problem), LM_CONFLICT);

    path_join(path, songs, "late.wav");
    unlink(path);
    json_array_clear(items);
    add_song(items, "late.wav", 3);
    CHECK_INT(batch_retry(batches, id, &batch, &problem), LM_OK);
    CHECK_STR(json_get_text(batch, "state", ""), "running");
    json_decref(batch);
    batch = wait_over(id);
    check_counts(batch, "done", 2, 2, 0, 0);
    json_decref(batch);
    CHECK_INT(batch_retry(batches, id, &batch, &problem), LM_CONFLICT);
    CHECK_INT(batch_delete(batches, id, &problem), LM_OK);
    CHECK_INT(batch_delete(batches, id, &problem), LM_NOT_FOUND);
    CHECK_INT(batch_get(batches, id, &batch, &problem), LM_NOT_FOUND);
    json_decref(items);
    end();
}

TEST(a_cancelled_batch_stops_and_can_go_on)
{
    json_t *items = json_array(), *batch = NULL, *page;
    char id[UUID_SIZE], name[16];

    begin();
    pause_ms = 200;
    for (int i = 1; i <= 10; i++) {
        snprintf(name, sizeof(name), "%d.wav", i);
        add_song(items, name, i);
    }
    CHECK_INT(batch_new(batches, "import", "", items, NULL, false, &batch, &problem), LM_OK);
    snprintf(id, sizeof(id), "%s", json_get_text(batch, "id", ""));
    json_decref(batch);
    usleep(500000);
    CHECK_INT(batch_cancel(batches, id, &batch, &problem), LM_OK);
    CHECK_STR(json_get_text(batch, "state", ""), "cancelled");
    json_decref(batch);
    usleep(500000);
    page = items_of(id, "cancelled");
    CHECK(json_array_size(json_object_get(page, "items")) >= 6);
    json_decref(page);
    page = items_of(id, "queued");
    CHECK_INT(json_array_size(json_object_get(page, "items")), 0);
    json_decref(page);
    pause_ms = 0;
    CHECK_INT(batch_retry(batches, id, &batch, &problem), LM_OK);
    json_decref(batch);
    batch = wait_over(id);
    /* What was imported when it was cancelled is no duplicate of itself, or is one: it was there before it was tried again. */
    CHECK_INT(json_get_int(batch, "done", 0) + json_get_int(batch, "duplicates", 0), 10);
    CHECK_INT(json_get_int(batch, "failed", 0), 0);
    json_decref(batch), json_decref(items);
    end();
}

TEST(a_restart_goes_on_with_it)
{
    json_t *items = json_array(), *batch = NULL;
    char id[UUID_SIZE], name[16];

    begin();
    pause_ms = 100;
    for (int i = 1; i <= 12; i++) {
        snprintf(name, sizeof(name), "%d.wav", i);
        add_song(items, name, i);
    }
    CHECK_INT(batch_new(batches, "import", "", items, NULL, false, &batch, &problem), LM_OK);
    snprintf(id, sizeof(id), "%s", json_get_text(batch, "id", ""));
    json_decref(batch);
    for (int i = 0; i < 3; i++) {
        usleep(350000);
        close_all();
        open_all();
    }
    batch = wait_over(id);
    check_counts(batch, "done", 12, 12, 0, 0);
    json_decref(batch), json_decref(items);
    end();
}

TEST(all_tracks_are_analysed_again)
{
    json_t *items = json_array(), *batch = NULL, *jobs_page_ = NULL, *steps_ = json_pack("[s]", "beats"), *wrong = json_pack("[s]", "magic");
    char id[UUID_SIZE], name[16];

    begin();
    CHECK_INT(batch_analyze(batches, "All", NULL, NULL, false, &batch, &problem), LM_CONFLICT);
    for (int i = 1; i <= 5; i++) {
        snprintf(name, sizeof(name), "%d.wav", i);
        add_song(items, name, i);
    }
    CHECK_INT(batch_new(batches, "import", "", items, NULL, false, &batch, &problem), LM_OK);
    snprintf(id, sizeof(id), "%s", json_get_text(batch, "id", ""));
    json_decref(batch);
    json_decref(wait_over(id));
    CHECK_INT(jobs_page(jobs, NULL, 1000, &jobs_page_, &problem), LM_OK);
    size_t before = json_array_size(json_object_get(jobs_page_, "items"));
    json_decref(jobs_page_);

    problem_clear(&problem);
    CHECK_INT(batch_analyze(batches, "All", NULL, wrong, true, &batch, &problem), LM_INVALID);
    CHECK_STR(problem.errors[0].path, "/steps/0");
    problem_clear(&problem);
    CHECK_INT(batch_analyze(batches, "All", NULL, steps_, true, &batch, &problem), LM_OK);
    snprintf(id, sizeof(id), "%s", json_get_text(batch, "id", ""));
    json_decref(batch);
    batch = wait_over(id);
    check_counts(batch, "done", 5, 5, 0, 0);
    CHECK_INT(jobs_page(jobs, NULL, 1000, &jobs_page_, &problem), LM_OK);
    CHECK_INT(json_array_size(json_object_get(jobs_page_, "items")), before + 5);
    json_decref(jobs_page_), json_decref(batch), json_decref(items), json_decref(steps_), json_decref(wrong);
    end();
}

static enum lm_err make_old(struct db_conn *c, void *arg, struct problem *p)
{
    json_t *beats = NULL;
    enum lm_err err = track_beats(c, arg, &beats, p);

    json_object_del(beats, "corrected");
    if (!err)
        err = track_set_beats(c, arg, beats, false, step_find("beats")->analyser, step_find("beats")->version - 1, p);
    json_decref(beats);
    return err;
}

TEST(older_results_are_found_at_start)
{
    json_t *items = json_array(), *batch = NULL, *page = NULL;
    char id[UUID_SIZE], track[UUID_SIZE];

    begin();
    add_song(items, "1.wav", 1);
    add_song(items, "2.wav", 2);
    CHECK_INT(batch_new(batches, "import", "", items, NULL, false, &batch, &problem), LM_OK);
    snprintf(id, sizeof(id), "%s", json_get_text(batch, "id", ""));
    json_decref(batch);
    json_decref(wait_over(id));
    page = items_of(id, NULL);
    snprintf(track, sizeof(track), "%s", json_get_text(json_array_get(json_object_get(page, "items"), 1), "track_id", ""));
    json_decref(page);

    CHECK_INT(db_write(db, make_old, track, &problem), LM_OK);
    CHECK_INT(db_state_set(db, "analysers", "beats=lumad-beats/0"), LM_OK);
    close_all();
    open_all();
    for (int i = 0; i < 500; i++, usleep(10000), json_decref(page)) {
        CHECK_INT(batch_page(batches, 10, &page, &problem), LM_OK);
        const json_t *first = json_array_get(json_object_get(page, "items"), 0);
        if (strcmp(json_get_text(first, "id", ""), id)) {
            snprintf(id, sizeof(id), "%s", json_get_text(first, "id", ""));
            CHECK_STR(json_get_text(first, "name", ""), "Analysis has improved");
            CHECK_INT(json_get_int(first, "total", 0), 1);
            json_decref(page);
            break;
        }
    }
    batch = wait_over(id);
    check_counts(batch, "done", 1, 1, 0, 0);
    json_decref(batch);
    close_all();
    open_all();                         /* once */
    usleep(300000);
    CHECK_INT(batch_page(batches, 10, &page, &problem), LM_OK);
    CHECK_INT(json_array_size(json_object_get(page, "items")), 2);
    json_decref(page), json_decref(items);
    end();
}

TEST(items_are_checked)
{
    static const char *const bad[] = {
        "[]", "{}", "[1]", "[{}]", "[{\"path\":\"\"}]", "[{\"path\":\"/a\",\"track_id\":\"x\"}]", "[{\"track_id\":\"x\"}]",
        "[{\"path\":\"/a\",\"params\":3}]", "[{\"path\":\"/a\",\"more\":3}]", NULL,
    };
    json_t *batch = NULL, *page = NULL;

    begin();
    for (int i = 0; bad[i]; i++) {
        json_t *items = json_loads(bad[i], JSON_DECODE_ANY, NULL);
        struct problem p = { 0 };
        CHECK_INT(batch_new(batches, "import", "", items, NULL, false, &batch, &p), LM_INVALID);
        CHECK(p.detail[0]);
        json_decref(items);
    }
    CHECK_INT(batch_item_page(batches, "00000000-0000-4000-8000-000000000000", NULL, 0, NULL, &page, &problem), LM_NOT_FOUND);
    CHECK_INT(batch_item_page(batches, "x", "odd", 0, NULL, &page, &problem), LM_BAD_REQUEST);
    CHECK_INT(batch_item_page(batches, "x", NULL, 0, "odd", &page, &problem), LM_BAD_REQUEST);
    end();
}

