/* Jobs whose worker is a script of the test. */
#include "jobs_fixture.h"

static void fake_beats(const char *script)
{
    fake_worker("beat_worker", script);
}

static json_t *newest(const char *track_id, const char *kind)
{
    json_t *page = NULL, *row, *found = NULL;
    size_t i;

    if (jobs_page(jobs, track_id, 100, &page, NULL))
        abort();
    json_array_foreach(json_object_get(page, "items"), i, row) {
        if (!found && !strcmp(json_get_text(row, "kind", ""), kind))
            found = json_incref(row);
    }
    json_decref(page);
    return found;
}

static enum lm_err three_workers(struct db_conn *c, void *arg, struct problem *p)
{
    json_t *patch = json_pack("{s:i}", "jobs_concurrency", 3), *all = NULL;
    enum lm_err err = settings_patch(c, patch, &all, p);

    (void)arg;
    json_decref(patch), json_decref(all);
    return err;
}

TEST(what_may_pass_is_tried_again_three_times)
{
    static const struct { const char *script; const char *state; int attempts; } runs[] = {
        { "#!/bin/sh\necho x >>$0.count; [ $(wc -l <$0.count) = 3 ] || kill -SEGV $$\n" GOOD_BEATS, "done", 3 },
        { "#!/bin/sh\nkill -SEGV $$\n", "failed", 4 },
        { "#!/bin/sh\necho '{\"error\":{\"code\":\"broken\",\"message\":\"no\"}}'\nexit 1\n", "failed", 1 },
    };
    json_t *track, *job, *names = json_pack("[s]", "beats");
    struct problem p = { 0 };

    begin();
    jobs_free(jobs);
    if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = 100, .retry_ms = { 20, 20, 20 } }, &jobs))
        abort();
    fake_beats("#!/bin/sh\n" GOOD_BEATS);
    track = add_song(20, 1);
    CHECK(wait_idle());
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        fake_beats(runs[i].script);
        CHECK_INT(jobs_analyze(jobs, json_get_text(track, "id", ""), names, true, NULL, &p), LM_OK);
        CHECK(wait_idle());
        job = newest(json_get_text(track, "id", ""), "beats");
        CHECK_STR(json_get_text(job, "state", ""), runs[i].state);
        CHECK_INT(json_get_int(job, "attempts", 0), runs[i].attempts);
        json_decref(job);
    }
    json_decref(track), json_decref(names);
    end();
}

static enum lm_err one_worker(struct db_conn *c, void *arg, struct problem *p)
{
    json_t *patch = json_pack("{s:i}", "jobs_concurrency", 1), *all = NULL;
    enum lm_err err = settings_patch(c, patch, &all, p);

    (void)arg;
    json_decref(patch), json_decref(all);
    return err;
}

static void ask_for_beats(const char *track_id)
{
    json_t *names = json_pack("[s]", "beats");

    if (jobs_analyze(jobs, track_id, names, true, NULL, NULL))
        abort();
    json_decref(names);
}

/* Its worker may end. */
static void let_go(const char *track_id)
{
    char path[2 * PATH_SIZE];

    snprintf(path, sizeof(path), "%s/workers/go-%s", dir, track_id);
    if (path_write(path, "", 0, 0600))
        abort();
}

/* The track whose worker began as the n-th (from 1): its number; -1: none did in two minutes. */
static int nth_begun(json_t *const track[], int tracks, int n)
{
    char path[PATH_SIZE], *text = NULL;
    int found = -1;
    size_t size;

    path_join(path, dir, "workers/order");
    for (int i = 0; i < 12000 && found < 0; i++, usleep(10000)) {
        if (path_read(path, 10000, &text, &size))
            continue;
        for (int k = 0; k < tracks && size >= (size_t)n * (UUID_LEN + 1); k++)
            if (!strncmp(text + (size_t)(n - 1) * (UUID_LEN + 1), json_get_text(track[k], "id", ""), UUID_LEN))
                found = k;
        free(text);
        text = NULL;
    }
    return found;
}

/* One worker, and one more for a track that was opened: 0 and 4 keep them busy, and go one after the other. */
TEST(the_track_that_was_opened_last_comes_first)
{
    json_t *track[5];
    const char *id[5];

    begin();
    CHECK_INT(db_write(db, one_worker, NULL, NULL), LM_OK);
    jobs_free(jobs);
    if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = 100 }, &jobs))
        abort();
    fake_beats("#!/bin/sh\n" GOOD_BEATS);
    for (int i = 0; i < 5; i++) {
        track[i] = add_song(30 + i, 1);
        id[i] = json_get_text(track[i], "id", "");
    }
    CHECK(wait_idle());
    fake_beats("#!/bin/sh\nid=$(basename $1 .pcm)\ncd $(dirname $0)\necho $id >>order\nwhile [ ! -e go-$id ]; do sleep 0.05; done\n" GOOD_BEATS);
    ask_for_beats(id[0]);
    CHECK_INT(nth_begun(track, 5, 1), 0);
    jobs_prefer(jobs, id[4]);
    ask_for_beats(id[4]);
    CHECK_INT(nth_begun(track, 5, 2), 4);
    for (int i = 1; i < 4; i++)
        ask_for_beats(id[i]);
    jobs_prefer(jobs, id[2]);
    jobs_prefer(jobs, id[3]);
    static const int order[] = { 0, 4, 3, 2, 1 };
    for (int i = 2; i < 5; i++) {
        let_go(id[order[i - 2]]);
        if (i == 4)
            let_go(id[order[3]]);       /* the last one has to wait for both: nobody has opened it */
        CHECK_INT(nth_begun(track, 5, i + 1), order[i]);
    }
    let_go(id[1]);
    CHECK(wait_idle());
    for (int i = 0; i < 5; i++)
        json_decref(track[i]);
    end();
}

TEST(there_are_no_more_workers_than_memory)
{
    static const int memory[] = { 200, 400, 1 };        /* what beats usually need is between 100 and 200 MB */
    static const int most[] = { 1, 3, 1 };
    json_t *track[3];
    char path[PATH_SIZE], *text;
    size_t n;

    begin();
    fake_beats("#!/bin/sh\n" GOOD_BEATS);
    for (int i = 0; i < 3; i++)
        track[i] = add_song(40 + i, 1);
    CHECK(wait_idle());
    CHECK_INT(db_write(db, three_workers, NULL, NULL), LM_OK);
    for (int k = 0; k < 3; k++) {
        jobs_free(jobs);
        if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = 100, .memory_mb = memory[k] }, &jobs))
            abort();
        fake_beats("#!/bin/sh\necho + >>$(dirname $0)/order\nsleep 1\necho - >>$(dirname $0)/order\n" GOOD_BEATS);
        json_t *names = json_pack("[s]", "beats");
        for (int i = 0; i < 3; i++)
            CHECK_INT(jobs_analyze(jobs, json_get_text(track[i], "id", ""), names, true, NULL, NULL), LM_OK);
        json_decref(names);
        CHECK(wait_idle());
        path_join(path, dir, "workers/order");
        CHECK_INT(path_read(path, 10000, &text, &n), LM_OK);
        int now = 0, top = 0, began = 0;
        for (const char *c = text; *c; c++) {
            now += (*c == '+') - (*c == '-');
            began += *c == '+';
            top = now > top ? now : top;
        }
        free(text);
        unlink(path);
        CHECK_INT(began, 3);
        CHECK(most[k] == 1 ? top == 1 : top > 1);
    }
    for (int i = 0; i < 3; i++)
        json_decref(track[i]);
    end();
}

static enum lm_err correct_beats(struct db_conn *c, void *track_id, struct problem *p)
{
    json_t *beats = json_pack("{s:[f,f],s:[f],s:f,s:i}", "beats", .25, .75, "downbeats", .25, "bpm", 120., "beats_per_bar", 4);
    enum lm_err err = track_set_beats(c, track_id, beats, true, "operator", 1, p);

    json_decref(beats);
    return err;
}

static int count_jobs(const char *track_id, const char *kind)
{
    json_t *page = NULL, *row;
    size_t i;
    int n = 0;

    if (jobs_page(jobs, track_id, 100, &page, NULL))
        abort();
    json_array_foreach(json_object_get(page, "items"), i, row) {
        n += !strcmp(json_get_text(row, "kind", ""), kind);
    }
    json_decref(page);
    return n;
}

/* The worker that is at work has read the old grid, whether it is the first of its kind or not. */
TEST(a_correction_that_comes_while_its_reader_is_at_work_is_followed)
{
    static const char slow[] = "#!/bin/sh\necho + >>$(dirname $0)/count\nsleep 1.5\n"
                               "echo '{\"result\":{\"analyser\":\"fake\",\"version\":1,\"drops\":{\"drops\":['$(wc -l <$(dirname $0)/count)']}}}'\n";
    char path[PATH_SIZE], *text = NULL;
    json_t *track;
    size_t n = 0;

    begin();
    jobs_free(jobs);
    if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = 100, .follow_ms = 50 }, &jobs))
        abort();
    fake_beats("#!/bin/sh\n" GOOD_BEATS);
    fake_worker("feature_worker", slow);
    track = add_song(50, 1);
    char *id = (char *)(uintptr_t)json_get_text(track, "id", "");
    path_join(path, dir, "workers/count");
    for (int i = 0; i < 12000 && !path_exists(path); i++)
        usleep(5000);
    CHECK_INT(db_write(db, correct_beats, id, NULL), LM_OK);
    for (int i = 0; i < 2000 && count_jobs(id, "features") < 2; i++)
        usleep(5000);
    CHECK(wait_idle());
    usleep(500000);                     /* and not once more */
    CHECK(wait_idle());
    CHECK_INT(count_jobs(id, "features"), 2);
    CHECK_INT(path_read(path, 100, &text, &n), LM_OK);
    CHECK_STR(text, "+\n+\n");
    free(text);
    json_decref(track);
    end();
}

struct rows { char decode[UUID_SIZE], waveform[UUID_SIZE]; };

static enum lm_err set_decoding_and_waiting(struct db_conn *c, void *arg, struct problem *p)
{
    const struct rows *r = arg;
    json_t *waiting = json_pack("{s:s}", "state", "queued");
    enum lm_err err = row_put(c, &jobs_table, r->waveform, waiting, p);

    json_decref(waiting);
    return err ? err : set_running(c, &(struct crash){ r->decode, 1 }, p);
}

TEST(what_waits_for_a_decoding_that_is_given_up_does_not_ask_for_another)
{
    json_t *track, *job;
    struct rows r;

    begin();
    track = add_song(51, 1);
    const char *id = json_get_text(track, "id", "");
    CHECK(wait_idle());
    job = newest(id, "decode");
    snprintf(r.decode, sizeof(r.decode), "%s", json_get_text(job, "id", ""));
    json_decref(job);
    job = newest(id, "waveform");
    snprintf(r.waveform, sizeof(r.waveform), "%s", json_get_text(job, "id", ""));
    json_decref(job);
    CHECK_INT(db_write(db, set_decoding_and_waiting, &r, NULL), LM_OK);
    jobs_free(jobs);
    cache_evict(dir, 0, is_playing, NULL);
    if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = 100 }, &jobs))
        abort();
    CHECK(wait_idle());
    CHECK_INT(count_jobs(id, "decode"), 1);
    job = newest(id, "waveform");
    CHECK_STR(json_get_text(job, "state", ""), "failed");
    CHECK_STR(json_get_text(job, "error", ""), "lumad went down twice while this ran");
    json_decref(job), json_decref(track);
    end();
}
