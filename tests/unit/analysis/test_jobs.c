#include "jobs_fixture.h"

#include <sqlite3.h>

#include "analysis/waveform.h"
#include "audio/pcm.h"

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

static enum lm_err refuse_tracks(struct db_conn *c, void *arg, struct problem *p)
{
    int rc = sqlite3_exec(db_handle(c), arg ? "DROP TRIGGER no" : "CREATE TRIGGER no BEFORE UPDATE ON tracks BEGIN SELECT RAISE(ABORT, 'no'); END", NULL, NULL, NULL);

    return rc ? db_error(c, rc, p) : LM_OK;
}

static enum lm_err delete_track(struct db_conn *c, void *arg, struct problem *p)
{
    return row_delete(c, &tracks_table, arg, -1, NULL, p);
}

/* A deleted track that may be restored has the same file. */
TEST(what_cannot_be_stored_takes_no_file_away_that_was_there)
{
    char *data;
    size_t n;
    json_t *track = NULL, *again = NULL;
    bool created;
    struct problem p = { 0 };

    begin();
    make_file(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 2, 3, NULL, &data, &n);
    CHECK_INT(upload(data, n, "song.flac", &track, &created, &p), LM_OK);
    CHECK(wait_idle());
    CHECK_INT(db_write(db, delete_track, (void *)json_get_text(track, "id", ""), &p), LM_OK);
    CHECK_INT(db_write(db, refuse_tracks, NULL, &p), LM_OK);
    CHECK(upload(data, n, "song.flac", &again, &created, &p) != LM_OK);
    CHECK_INT(files_in("tracks"), 1);
    CHECK_INT(db_write(db, refuse_tracks, db, &p), LM_OK);
    CHECK_INT(upload(data, n, "song.flac", &again, &created, &p), LM_OK);
    CHECK_INT(files_in("tracks"), 1);
    free(data);
    json_decref(track), json_decref(again);
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
    fake_worker("beat_worker", "#!/bin/sh\n" GOOD_BEATS);
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
    fake_worker("beat_worker", "#!/bin/sh\n" GOOD_BEATS);
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
