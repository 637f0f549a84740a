#include <dirent.h>
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tap.h"
#include "analysis/cache.h"
#include "analysis/import.h"
#include "analysis/jobs.h"
#include "analysis/waveform.h"
#include "audio/pcm.h"
#include "core/json.h"
#include "core/path.h"
#include "db/domain.h"

static char dir[PATH_SIZE];
static struct event_bus *bus;
static struct db *db;
static struct jobs *jobs;
static int cache_mb = 100;
static char playing[UUID_SIZE];

static bool is_playing(void *ctx, const char *track_id)
{
    (void)ctx;
    return !strcmp(playing, track_id);
}

static void open_all(void)
{
    char path[PATH_SIZE], state[PATH_SIZE], migrations[PATH_SIZE];
    struct problem p = { 0 };

    path_join(path, dir, "lumad.db");
    path_join(state, dir, "state.db");
    if (path_share("migrations", migrations, &p))
        abort();
    bus = event_bus_new();
    if (db_open(&(struct db_options){ .path = path, .state_path = state, .migrations = migrations, .bus = bus }, &db, &p)) {
        printf("# %s\n", p.detail);
        abort();
    }
    if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = cache_mb, .is_playing = is_playing }, &jobs))
        abort();
}

/* Stems that come by themselves make others stale: tests would wait for them. */
static enum lm_err stems_on_demand(struct db_conn *c, void *arg, struct problem *p)
{
    json_t *settings = NULL, *patch = json_pack("{s:s}", "stems", "demand");
    enum lm_err err = settings_patch(c, patch, &settings, p);

    (void)arg;
    json_decref(patch);
    json_decref(settings);
    return err;
}

static void close_all(void)
{
    jobs_free(jobs);
    db_close(db);
    event_bus_free(bus);
}

static void begin(void)
{
    strcpy(dir, "/tmp/lumad-test-jobs-XXXXXX");
    if (!mkdtemp(dir))
        abort();
    cache_mb = 100;
    playing[0] = '\0';
    open_all();
    if (db_write(db, stems_on_demand, NULL, NULL))
        abort();
}

static void end(void)
{
    char command[PATH_SIZE + 16];

    close_all();
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command))
        abort();
}

/* A file with `seconds` of a click every half second, as bytes. */
static void make_file(int format, double seconds, int seed, const char *title, char **data, size_t *n)
{
    char path[] = "/tmp/lumad-test-song-XXXXXX";
    SF_INFO info = { .samplerate = 44100, .channels = 2, .format = format };
    size_t frames = (size_t)(seconds * 44100);
    float *x = calloc(frames * 2, sizeof(*x));

    close(mkstemp(path));
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    for (size_t i = 0; i < frames; i++) {
        size_t at = i % 22050;
        x[2 * i] = x[2 * i + 1] = at < 2000 ? (float)(.8 * sin((double)(at * (size_t)seed) * .01) * exp(-(double)at / 400)) : 0;
    }
    if (title)
        sf_set_string(f, SF_STR_TITLE, title);
    sf_writef_float(f, x, (sf_count_t)frames);
    sf_close(f);
    free(x);
    if (path_read(path, 100 << 20, data, n))
        abort();
    unlink(path);
}

static enum lm_err upload(const char *data, size_t n, const char *name, json_t **track, bool *created, struct problem *p)
{
    struct import *i;
    enum lm_err err = import_begin(jobs, db, dir, name, &i, p);

    for (size_t at = 0; at < n && !err; at += 10000)
        if ((err = import_write(i, data + at, n - at < 10000 ? n - at : 10000, p)))
            import_abort(i);
    return err ? err : import_finish(i, track, created, p);
}

static bool wait_idle(void)
{
    for (int i = 0; i < 24000 && jobs_active(jobs); i++)
        usleep(5000);
    return !jobs_active(jobs);
}

static int files_in(const char *sub)
{
    char path[PATH_SIZE];
    int n = 0;

    path_join(path, dir, sub);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    if (d)
        closedir(d);
    return n;
}

static const char *state_of(const char *track_id, const char *step, json_t **keep)
{
    struct db_conn *c = db_reader_take(db);

    json_decref(*keep);
    *keep = NULL;
    if (jobs_track_analysis(jobs, c, track_id, keep, NULL))
        abort();
    db_reader_put(db, c);
    return json_get_text(json_object_get(*keep, step), "state", "?");
}

static json_t *add_song(int seed, double seconds)
{
    char *data;
    size_t n;
    json_t *track = NULL;
    bool created;

    make_file(SF_FORMAT_WAV | SF_FORMAT_PCM_16, seconds, seed, NULL, &data, &n);
    if (upload(data, n, "song.wav", &track, &created, NULL))
        abort();
    free(data);
    return track;
}

TEST(a_file_becomes_a_track)
{
    char *data, *path = NULL;
    size_t n;
    json_t *track = NULL, *again = NULL, *analysis = NULL, *page = NULL, *beats = NULL;
    bool created, created_again;
    struct pcm pcm;
    void *wave;
    struct problem p = { 0 };

    begin();
    make_file(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 12, 7, "A title", &data, &n);
    CHECK_INT(upload(data, n, "C:\\music\\05 - song.flac", &track, &created, &p), LM_OK);
    CHECK(created);
    CHECK_STR(json_get_text(track, "title", ""), "A title");
    CHECK_STR(json_get_text(track, "filename", ""), "05 - song.flac");
    CHECK_STR(json_get_text(track, "format", ""), "flac");
    CHECK_NEAR(json_get_real(track, "duration_seconds", 0), 12, 1e-9);
    const char *id = json_get_text(track, "id", "");

    CHECK_INT(jobs_decoded(jobs, NULL, id, 20000, &path, &p), LM_OK);
    CHECK_INT(pcm_open(path, &pcm, &p), LM_OK);
    CHECK_INT(pcm.frames, 12 * 48000);
    CHECK_INT(pcm.channels, 2);
    pcm_close(&pcm);
    free(path);
    CHECK(wait_idle());
    CHECK_STR(state_of(id, "waveform", &analysis), "done");
    CHECK_STR(state_of(id, "beats", &analysis), "done");
    CHECK(json_get_int(json_object_get(analysis, "beats"), "version", 0) > 0);
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(track_waveform(c, id, "full", &wave, &n, &p), LM_OK);
    CHECK(!memcmp(wave, "LMW1", 4));
    CHECK_INT(n, WAVEFORM_HEADER + 12 * 48000 / 256 * WAVEFORM_BUCKET);
    free(wave);
    CHECK_INT(track_beats(c, id, &beats, &p), LM_OK);
    CHECK(json_is_array(json_object_get(beats, "beats")));
    db_reader_put(db, c);
    CHECK_INT(jobs_page(jobs, id, 100, &page, &p), LM_OK);
    CHECK(json_array_size(json_object_get(page, "items")) >= 3);        /* decode, waveform, beats */
    CHECK_STR(json_get_text(json_array_get(json_object_get(page, "items"), 0), "state", ""), "done");
    free(data);

    make_file(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 12, 7, "A title", &data, &n);
    CHECK_INT(upload(data, n, "other name.flac", &again, &created_again, &p), LM_OK);
    CHECK(!created_again);
    CHECK_STR(json_get_text(again, "id", ""), id);
    CHECK_INT(files_in("tracks"), 1);
    free(data);
    json_decref(track), json_decref(again), json_decref(analysis), json_decref(page), json_decref(beats);
    end();
}

TEST(what_is_broken_leaves_nothing)
{
    char *wav, *ogg;
    size_t n_wav, n_ogg;
    json_t *track = NULL, *page = NULL;
    bool created;

    begin();
    make_file(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2, 3, NULL, &wav, &n_wav);
    make_file(SF_FORMAT_OGG | SF_FORMAT_VORBIS, 2, 3, NULL, &ogg, &n_ogg);
    static const char text[] = "hello, this is a text file and no music at all, however long it may be";
    static const char picture[] = "\xff\xd8\xff\xe0 a picture, which begins as an MP3 might";
    const struct { const char *data; size_t n; enum lm_err want; } bad[] = {
        { wav, n_wav / 2, LM_INVALID }, { wav, 30, LM_INVALID }, { ogg, n_ogg * 2 / 3, LM_INVALID }, { ogg, n_ogg - 1, LM_INVALID },
        { "", 0, LM_INVALID }, { text, sizeof(text), LM_MEDIA_TYPE }, { picture, sizeof(picture), LM_MEDIA_TYPE }, { "fLaC", 4, LM_INVALID }, { "RIFF", 4, LM_MEDIA_TYPE },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct problem p = { 0 };
        CHECK_INT(upload(bad[i].data, bad[i].n, "bad", &track, &created, &p), bad[i].want);
        CHECK(p.detail[0]);
        CHECK(!track);
    }
    wav[43] = 0x7f;                     /* a data chunk of 2 GB */
    struct problem p = { 0 };
    CHECK_INT(upload(wav, n_wav, "lie.wav", &track, &created, &p), LM_INVALID);
    CHECK(strstr(p.detail, "promises"));
    CHECK_INT(files_in("tracks"), 0);
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(row_page(c, &tracks_table, NULL, &(struct row_query){ 0 }, &page, NULL), LM_OK);
    db_reader_put(db, c);
    CHECK_INT(json_array_size(json_object_get(page, "items")), 0);
    json_decref(page);
    free(wav);
    free(ogg);
    end();
}

TEST(an_upload_that_stops_is_forgotten)
{
    struct import *i;
    char path[PATH_SIZE];

    begin();
    CHECK_INT(import_begin(jobs, db, dir, "x", &i, NULL), LM_OK);
    CHECK_INT(import_write(i, "abc", 3, NULL), LM_OK);
    CHECK_INT(files_in("tracks"), 1);
    import_abort(i);
    CHECK_INT(files_in("tracks"), 0);
    import_abort(NULL);
    path_join(path, dir, "tracks/.upload-AbCdEf");
    CHECK(!path_write(path, "abc", 3, 0600));
    import_clean(dir);
    CHECK_INT(files_in("tracks"), 0);
    end();
}

TEST(steps_are_checked_and_forced)
{
    json_t *track, *list = NULL, *steps = json_pack("[s,s]", "beats", "magic");
    struct problem p = { 0 };

    begin();
    track = add_song(5, 3);
    const char *id = json_get_text(track, "id", "");
    CHECK(wait_idle());
    CHECK_INT(jobs_analyze(jobs, id, steps, false, &list, &p), LM_INVALID);
    CHECK_STR(p.errors[0].path, "/steps/1");
    CHECK_INT(jobs_analyze(jobs, "00000000-0000-4000-8000-000000000000", NULL, false, &list, &p), LM_NOT_FOUND);
    problem_clear(&p);
    CHECK_INT(jobs_analyze(jobs, id, NULL, false, &list, &p), LM_OK);
    CHECK_INT(json_array_size(list), 0);
    json_decref(list);
    json_array_remove(steps, 1);
    CHECK_INT(jobs_analyze(jobs, id, steps, true, &list, &p), LM_OK);
    CHECK_INT(json_array_size(list), 1);
    CHECK_STR(json_get_text(json_array_get(list, 0), "kind", ""), "beats");
    CHECK(wait_idle());
    json_decref(list), json_decref(steps), json_decref(track);
    end();
}

TEST(cancel_and_retry)
{
    json_t *track, *list = NULL, *job = NULL, *analysis = NULL;
    struct problem p = { 0 };

    begin();
    track = add_song(6, 200);           /* long enough to be caught */
    const char *id = json_get_text(track, "id", "");
    CHECK_INT(jobs_page(jobs, id, 100, &list, &p), LM_OK);
    const char *decode = NULL;
    for (size_t i = 0; i < json_array_size(json_object_get(list, "items")); i++) {
        json_t *row = json_array_get(json_object_get(list, "items"), i);
        if (!strcmp(json_get_text(row, "kind", ""), "decode"))
            decode = json_get_text(row, "id", "");
    }
    CHECK(decode);
    CHECK_INT(jobs_cancel(jobs, decode, &job, &p), LM_OK);
    CHECK_STR(json_get_text(job, "state", ""), "cancelled");
    json_decref(job);
    CHECK(wait_idle());
    CHECK_STR(state_of(id, "waveform", &analysis), "none");
    CHECK_INT(files_in("cache"), 0);
    CHECK_INT(jobs_cancel(jobs, decode, &job, &p), LM_CONFLICT);
    CHECK_INT(jobs_cancel(jobs, "00000000-0000-4000-8000-000000000000", &job, &p), LM_NOT_FOUND);
    CHECK_INT(jobs_retry(jobs, decode, &job, &p), LM_OK);
    json_decref(job);
    CHECK(wait_idle());
    CHECK_INT(jobs_get(jobs, decode, &job, &p), LM_OK);
    CHECK_STR(json_get_text(job, "state", ""), "done");
    json_decref(job);
    CHECK_INT(jobs_retry(jobs, decode, &job, &p), LM_CONFLICT);
    json_decref(list), json_decref(track), json_decref(analysis);
    end();
}

TEST(a_failed_decode_says_so_everywhere)
{
    json_t *track, *analysis = NULL;
    char *path, file[PATH_SIZE];
    struct problem p = { 0 };

    begin();
    track = add_song(8, 2);
    const char *id = json_get_text(track, "id", "");
    CHECK(wait_idle());
    path_join(file, dir, "tracks");
    DIR *d = opendir(file);
    for (struct dirent *e; (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    CHECK_INT(jobs_analyze(jobs, id, NULL, true, NULL, &p), LM_OK);
    CHECK(wait_idle());
    CHECK_STR(state_of(id, "waveform", &analysis), "done");     /* what was there stays */
    cache_evict(dir, 0, is_playing, NULL);
    CHECK_INT(jobs_decoded(jobs, NULL, id, 5000, &path, &p), LM_INVALID);
    CHECK(strstr(p.detail, "not on this machine any more"));
    CHECK_INT(jobs_decoded(jobs, NULL, id, 0, &path, &p), LM_INVALID);        /* looking does not try again */
    CHECK_INT(jobs_active(jobs), 0);
    CHECK_INT(jobs_decoded(jobs, NULL, "nonsense", 0, &path, &p), LM_NOT_FOUND);
    json_decref(track), json_decref(analysis);
    end();
}

TEST(a_restart_goes_on_and_two_crashes_end_it)
{
    json_t *track, *job = NULL, *list = NULL, *rows;
    struct problem p = { 0 };
    char id[UUID_SIZE] = "", track_id[UUID_SIZE];

    begin();
    track = add_song(9, 200);
    snprintf(track_id, sizeof(track_id), "%s", json_get_text(track, "id", ""));
    for (int i = 0; i < 4000 && !id[0]; i++, usleep(5000)) {
        struct db_conn *c = db_reader_take(db);
        CHECK_INT(row_all(c, &jobs_table, "state", "running", &rows, &p), LM_OK);
        db_reader_put(db, c);
        if (json_array_size(rows))
            snprintf(id, sizeof(id), "%s", json_get_text(json_array_get(rows, 0), "id", ""));
        json_decref(rows);
    }
    CHECK(id[0]);
    jobs_free(jobs);                    /* an orderly stop: the row is queued again and no crash is counted */
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(row_get(c, &jobs_table, id, &job, &p), LM_OK);
    db_reader_put(db, c);
    CHECK_STR(json_get_text(job, "state", ""), "queued");
    CHECK_INT(json_get_int(job, "crashes", -1), 0);
    json_decref(job);
    if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = 100 }, &jobs))
        abort();
    CHECK(wait_idle());
    CHECK_INT(jobs_get(jobs, id, &job, &p), LM_OK);
    CHECK_STR(json_get_text(job, "state", ""), "done");
    json_decref(job);
    json_decref(track);
    json_decref(list);
    end();
}

struct crash { const char *id; int crashes; };

static enum lm_err set_running(struct db_conn *c, void *arg, struct problem *p)
{
    const struct crash *k = arg;
    json_t *members = json_pack("{s:s,s:i}", "state", "running", "crashes", k->crashes);
    enum lm_err err = row_put(c, &jobs_table, k->id, members, p);

    json_decref(members);
    return err;
}

TEST(what_ran_at_two_crashes_is_given_up)
{
    json_t *track, *list = NULL, *job = NULL;
    struct problem p = { 0 };

    begin();
    track = add_song(10, 2);
    CHECK(wait_idle());
    CHECK_INT(jobs_page(jobs, NULL, 100, &list, &p), LM_OK);
    const char *id = json_get_text(json_array_get(json_object_get(list, "items"), 0), "id", "");
    for (int crashes = 0; crashes < 2; crashes++) {
        struct crash k = { id, crashes };
        CHECK_INT(db_write(db, set_running, &k, &p), LM_OK);
        jobs_free(jobs);
        if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = 100 }, &jobs))
            abort();
        CHECK(wait_idle());
        CHECK_INT(jobs_get(jobs, id, &job, &p), LM_OK);
        CHECK_STR(json_get_text(job, "state", ""), crashes ? "failed" : "done");
        CHECK_INT(json_get_int(job, "attempts", -1), 2);        /* done once more, not twice; then never again */
        json_decref(job);
    }
    json_decref(list), json_decref(track);
    end();
}

TEST(listeners_hear_of_it)
{
    json_t *track;
    struct event e;
    int states = 0, progress = 0;

    begin();
    struct event_listener *l = event_listen(bus, 1000, NULL, NULL);
    track = add_song(30, 60);
    CHECK(wait_idle());
    while (event_poll(l, &e)) {
        states += !strcmp(e.table, "jobs") && e.version;
        progress += !strcmp(e.table, "jobs") && !e.version;
    }
    event_unlisten(l);
    CHECK(states >= 7);                 /* three queued, running, done; some may share a commit */
    CHECK(progress >= 1);
    json_decref(track);
    end();
}

TEST(the_cache_drops_what_was_not_asked_for)
{
    json_t *track[4];
    char path[4][PATH_SIZE];

    begin();
    for (int i = 0; i < 4; i++) {
        track[i] = add_song(20 + i, 4);                         /* 1.5 MB each */
        cache_path(dir, json_get_text(track[i], "id", ""), path[i]);
        CHECK(wait_idle());
        usleep(20000);
    }
    close_all();
    cache_mb = 4;
    snprintf(playing, sizeof(playing), "%s", json_get_text(track[0], "id", ""));
    open_all();
    cache_touch(path[2]);
    json_t *steps = json_pack("[s]", "decode");
    CHECK_INT(jobs_analyze(jobs, json_get_text(track[3], "id", ""), steps, true, NULL, NULL), LM_OK);
    CHECK(wait_idle());
    CHECK(path_exists(path[0]));        /* oldest, but playing */
    CHECK(!path_exists(path[1]));
    CHECK(!path_exists(path[2]));
    CHECK(path_exists(path[3]));        /* just made */
    for (int i = 0; i < 4; i++)
        json_decref(track[i]);
    json_decref(steps);
    end();
}

/* A beat_worker of ours in front of lumad's. */
static void fake_beats(const char *script)
{
    char path[PATH_SIZE];

    path_join(path, dir, "workers");
    path_make_dirs(path, 0700);
    setenv("LUMAD_WORKERS", path, 1);
    strcat(path, "/beat_worker");
    if (path_write(path, script, strlen(script), 0700))
        abort();
}

#define GOOD_BEATS "echo '{\"result\":{\"analyser\":\"fake\",\"version\":1,\"beats\":[1],\"downbeats\":[1],\"bpm\":120,\"beats_per_bar\":4}}'\n"

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
    unsetenv("LUMAD_WORKERS");
    json_decref(track), json_decref(names);
    end();
}

TEST(the_track_that_was_opened_last_comes_first)
{
    json_t *track[4], *job;
    char order[PATH_SIZE], *text = NULL;
    size_t n;

    begin();
    fake_beats("#!/bin/sh\nbasename $1 .pcm >>$(dirname $0)/order\nsleep 0.3\n" GOOD_BEATS);
    for (int i = 0; i < 4; i++)
        track[i] = add_song(30 + i, 1);
    for (int i = 0; i < 1000 && !(job = newest(json_get_text(track[0], "id", ""), "beats")); i++)
        usleep(1000);
    json_decref(job);
    jobs_prefer(jobs, json_get_text(track[2], "id", ""));
    jobs_prefer(jobs, json_get_text(track[3], "id", ""));
    CHECK(wait_idle());
    path_join(order, dir, "workers/order");
    CHECK_INT(path_read(order, 10000, &text, &n), LM_OK);
    /* Whatever was begun before, the two come before the second one that nobody opened. */
    const char *at[4];
    for (int i = 0; i < 4; i++) {
        at[i] = strstr(text, json_get_text(track[i], "id", "?"));
        CHECK(at[i]);
    }
    CHECK(at[3] < at[1] && at[2] < at[1]);
    CHECK(at[3] < at[2]);
    free(text);
    for (int i = 0; i < 4; i++)
        json_decref(track[i]);
    unsetenv("LUMAD_WORKERS");
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
    unsetenv("LUMAD_WORKERS");
    for (int i = 0; i < 3; i++)
        json_decref(track[i]);
    end();
}
