/* Stems, decoded for whoever reads them. */
#include <math.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <sndfile.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tap.h"
#include "analysis/cache.h"
#include "analysis/jobs.h"
#include "audio/pcm.h"
#include "core/json.h"
#include "core/path.h"
#include "db/domain.h"

enum { RATE = 44100, WAIT_MS = 60000 };
static const char track[] = "6b0f6a5e-0f5c-4d6b-9f0e-3d5f6c7a8b01", other[] = "6b0f6a5e-0f5c-4d6b-9f0e-3d5f6c7a8b02";

static char dir[PATH_SIZE], playing[UUID_SIZE];
static int readers;                     /* of the database, at most; 0: as many as usual */
static struct event_bus *bus;
static struct db *db;
static struct jobs *jobs;

static bool is_playing(void *ctx, const char *track_id)
{
    (void)ctx;
    return !strcmp(playing, track_id);
}

static void open_jobs(int cache_mb)
{
    if (jobs_new(&(struct jobs_options){ .db = db, .bus = bus, .data_dir = dir, .cache_max_mb = cache_mb, .is_playing = is_playing }, &jobs))
        abort();
}

static enum lm_err run_sql(struct db_conn *c, void *arg, struct problem *p)
{
    (void)p;
    return sqlite3_exec(db_handle(c), arg, NULL, NULL, NULL) ? LM_INTERNAL : LM_OK;
}

static void __attribute__((format(printf, 1, 2))) sql(const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (db_write(db, run_sql, text, NULL))
        abort();
}

static void begin(void)
{
    char path[PATH_SIZE], state[PATH_SIZE], migrations[PATH_SIZE];
    struct problem p = { 0 };

    strcpy(dir, "/tmp/lumad-test-stems-XXXXXX");
    if (!mkdtemp(dir) || path_share("migrations", migrations, &p))
        abort();
    path_join(path, dir, "stems");
    mkdir(path, 0700);
    path_join(path, dir, "lumad.db");
    path_join(state, dir, "state.db");
    playing[0] = '\0';
    bus = event_bus_new();
    if (db_open(&(struct db_options){ .path = path, .state_path = state, .migrations = migrations, .bus = bus, .readers = readers }, &db, &p))
        abort();
    open_jobs(100);
    sql("INSERT INTO tracks (id, title, track_hash) VALUES ('%s', 'A', 'a'), ('%s', 'B', 'b')", track, other);
}

static void end(void)
{
    char command[PATH_SIZE + 16];

    jobs_free(jobs);
    db_close(db);
    event_bus_free(bus);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command))
        abort();
}

/* A stereo FLAC of that many seconds, `level` left and a quarter of it right; hash: as the row has it. */
static void write_flac(const char *id, const char *name, double level, double seconds, char hash[65])
{
    char path[PATH_SIZE], *data;
    SF_INFO info = { .samplerate = RATE, .channels = 2, .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16 };
    sf_count_t frames = (sf_count_t)(seconds * RATE);
    float *x = calloc((size_t)frames * 2, sizeof(*x));
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    size_t n;

    for (sf_count_t i = 0; i < frames; i++)
        x[2 * i] = (float)level, x[2 * i + 1] = (float)level / 4;
    snprintf(path, sizeof(path), "%.900s/stems/%s.%s.flac", dir, id, name);
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    sf_writef_float(f, x, frames);
    sf_close(f);
    free(x);
    if (path_read(path, 100 << 20, &data, &n))
        abort();
    sha256_init(&sha);
    sha256_update(&sha, n, (const uint8_t *)data);
    sha256_digest(&sha, sizeof(digest), digest);
    for (int i = 0; i < SHA256_DIGEST_SIZE; i++)
        snprintf(hash + 2 * i, 3, "%02x", digest[i]);
    free(data);
}

static void add_stem(const char *id, const char *name, double level, double seconds)
{
    char hash[65], stem[UUID_SIZE], key[64];

    write_flac(id, name, level, seconds, hash);
    snprintf(key, sizeof(key), "%s/%s", id, name);
    uuid_from_key("stem", key, stem);
    sql("DELETE FROM track_stems WHERE id = '%s'; INSERT INTO track_stems (id, track_id, name, format, hash, file_path) "
        "VALUES ('%s', '%s', '%s', 'flac', '%s', 'stems/%s.%s.flac')", stem, stem, id, name, hash, id, name);
}

static enum lm_err stems_of(const char *id, int timeout_ms, char *path[JOBS_STEMS], struct problem *p)
{
    struct db_conn *c = db_reader_take(db);
    enum lm_err err = jobs_stems(jobs, c, id, timeout_ms, path, p);

    db_reader_put(db, c);
    return err;
}

static void free_paths(char *path[JOBS_STEMS])
{
    for (int i = 0; i < JOBS_STEMS; i++)
        free(path[i]);
}

static size_t jobs_of(const char *id, const char *state)
{
    json_t *page = NULL, *row;
    size_t i, n = 0;

    if (jobs_page(jobs, id, 100, &page, NULL))
        return 0;
    json_array_foreach(json_object_get(page, "items"), i, row)
        n += !strcmp(json_get_text(row, "kind", ""), "decode_stems") && !strcmp(json_get_text(row, "state", ""), state);
    json_decref(page);
    return n;
}

static float level_of(const char *path)
{
    struct pcm pcm;
    float x = NAN;

    if (!pcm_open(path, &pcm, NULL) && pcm.channels == 1 && pcm.rate == PCM_RATE)
        x = pcm.data[pcm.frames / 2];
    pcm_close(&pcm);
    return x;
}

TEST(stems_are_decoded_to_one_channel)
{
    char *path[JOBS_STEMS];
    struct problem p = { 0 };

    begin();
    add_stem(track, "drums", .8, 2);
    add_stem(track, "bass", .4, 2);
    add_stem(track, "vocals", .2, 2);
    add_stem(track, "other", .1, 2);
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_OK);
    for (int i = 0; i < JOBS_STEMS; i++) {
        struct pcm pcm;
        CHECK(path[i]);
        CHECK_NEAR(level_of(path[i]), .8 / (1 << i) * 5 / 8, 1e-3);
        CHECK_INT(pcm_open(path[i], &pcm, NULL), LM_OK);
        CHECK_INT(pcm.frames, 2 * PCM_RATE);
        pcm_close(&pcm);
    }
    CHECK_INT(jobs_of(track, "done"), 1);
    free_paths(path);
    /* Once is enough. */
    CHECK_INT(stems_of(track, 0, path, &p), LM_OK);
    CHECK(path[0] && path[3]);
    CHECK_INT(jobs_of(track, "done") + jobs_of(track, "queued") + jobs_of(track, "running"), 1);
    free_paths(path);
    end();
}

TEST(stems_are_played_as_they_were_recorded)
{
    char *path[JOBS_STEMS];
    struct problem p = { 0 };
    double progress = -1;

    begin();
    add_stem(track, "drums", .8, 2);
    add_stem(track, "other", .1, 2);
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(jobs_stems_stereo(jobs, c, track, 0, path, &progress, &p), LM_BUSY);
    CHECK(progress >= 0 && progress <= 1);
    CHECK_INT(jobs_stems_stereo(jobs, c, track, WAIT_MS, path, &progress, &p), LM_OK);
    db_reader_put(db, c);
    CHECK(path[0] && !path[1] && !path[2] && path[3]);
    for (int i = 0; i < JOBS_STEMS; i += 3) {
        struct pcm pcm;
        double left = i ? .1 : .8;
        CHECK_INT(pcm_open(path[i], &pcm, NULL), LM_OK);
        CHECK_INT(pcm.channels, 2);
        CHECK_INT(pcm.frames, 2 * PCM_RATE);
        CHECK_NEAR(pcm.data[PCM_RATE], left, 1e-3);
        CHECK_NEAR(pcm.data[PCM_RATE + 1], left / 4, 1e-3);
        pcm_close(&pcm);
    }
    CHECK_INT(jobs_of(track, "done"), 0);       /* those of nodes are others */
    free_paths(path);
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_OK);
    CHECK_INT(jobs_of(track, "done"), 1);
    free_paths(path);
    end();
}

TEST(what_was_not_separated_is_not_there_and_no_error)
{
    char *path[JOBS_STEMS];
    struct problem p = { 0 };

    begin();
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_OK);
    CHECK(!path[0] && !path[1] && !path[2] && !path[3]);
    add_stem(track, "bass", .4, 1);
    sql("INSERT INTO track_stems (id, track_id, name) VALUES ('%s', '%s', 'vocals')", "6b0f6a5e-0f5c-4d6b-9f0e-3d5f6c7a8b03", track);    /* its file is elsewhere */
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_OK);
    CHECK(!path[0] && path[1] && !path[2] && !path[3]);
    free_paths(path);
    CHECK_INT(stems_of("nonsense", 0, path, &p), LM_NOT_FOUND);
    end();
}

TEST(who_does_not_wait_hears_of_it)
{
    char *path[JOBS_STEMS];
    struct problem p = { 0 };
    struct event e;
    int told = 0;

    begin();
    add_stem(track, "drums", .8, 5);
    struct event_listener *l = event_listen(bus, 1000, NULL, NULL);
    CHECK_INT(stems_of(track, 0, path, &p), LM_BUSY);
    CHECK(!path[0]);
    while (!told && event_wait(l, &e, WAIT_MS))
        told += !strcmp(e.table, "track_stems") && e.op == 'u' && !e.version;
    event_unlisten(l);
    CHECK_INT(told, 1);
    CHECK_INT(stems_of(track, 0, path, &p), LM_OK);
    CHECK(path[0]);
    free_paths(path);
    end();
}

TEST(who_holds_the_only_reader_does_not_wait_for_another)
{
    char *path[JOBS_STEMS], file[PATH_SIZE];
    struct problem p = { 0 };

    readers = 1;
    begin();
    add_stem(track, "drums", .8, 1);
    snprintf(file, sizeof(file), "stems/%s.drums.flac", track);
    sql("UPDATE tracks SET file_path = '%s', duration_seconds = 1 WHERE id = '%s'", file, track);
    alarm(60);                          /* waiting for itself would last for ever */
    struct db_conn *c = db_reader_take(db);
    CHECK_INT(jobs_stems(jobs, c, track, 0, path, &p), LM_BUSY);
    CHECK_INT(jobs_decoded(jobs, c, track, 0, path, &p), LM_BUSY);
    db_reader_put(db, c);
    enum lm_err err = LM_BUSY;
    for (int i = 0; i < 500 && (err = stems_of(track, 0, path, &p)) == LM_BUSY; i++)
        usleep(100000);
    CHECK_INT(err, LM_OK);
    CHECK_NEAR(level_of(path[0]), .8 * 5 / 8, 1e-3);
    free_paths(path);
    alarm(0);
    readers = 0;
    end();
}

TEST(another_separation_is_decoded_anew)
{
    char *path[JOBS_STEMS];
    struct problem p = { 0 };

    begin();
    add_stem(track, "drums", .8, 1);
    add_stem(track, "bass", .4, 1);
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_OK);
    free_paths(path);
    add_stem(track, "bass", .2, 1);
    CHECK_INT(stems_of(track, 0, path, &p), LM_BUSY);
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_OK);
    CHECK_NEAR(level_of(path[1]), .2 * 5 / 8, 1e-3);
    CHECK_NEAR(level_of(path[0]), .8 * 5 / 8, 1e-3);
    free_paths(path);
    end();
}

/* A decoder that says that it has begun, and waits until it may go on. */
static char held[] = "/tmp/lumad-test-held-XXXXXX";

static void in_held(const char *name, char out[PATH_SIZE])
{
    if (path_join(out, held, name))
        abort();
}

static void *let_go(void *arg)
{
    char go[PATH_SIZE];

    (void)arg;
    usleep(300000);                     /* by then the other thread waits for the job; where it does not yet, this test proves nothing, but nor does it fail */
    in_held("go", go);
    path_write(go, "", 0, 0600);
    return NULL;
}

TEST(a_stem_that_comes_while_others_are_decoded_is_waited_for)
{
    char *path[JOBS_STEMS], real[PATH_SIZE], own[PATH_SIZE], begun[PATH_SIZE], script[3 * PATH_SIZE];
    struct problem p = { 0 };
    pthread_t t;

    CHECK_INT(path_worker("decode_worker", real, &p), LM_OK);
    CHECK(mkdtemp(held));
    in_held("decode_worker", own);
    in_held("begun", begun);
    snprintf(script, sizeof(script), "#!/bin/sh\n: >%s\nwhile [ ! -e %s/go ]; do sleep 0.02; done\nexec %s \"$@\"\n", begun, held, real);
    CHECK_INT(path_write(own, script, strlen(script), 0700), LM_OK);
    setenv("LUMAD_WORKERS", held, 1);   /* while there is one thread */
    begin();
    add_stem(track, "drums", .8, 1);
    CHECK_INT(stems_of(track, 0, path, &p), LM_BUSY);
    for (int i = 0; i < WAIT_MS / 5 && !path_exists(begun); i++)
        usleep(5000);
    add_stem(track, "bass", .4, 1);     /* too late for the job that is at work */
    pthread_create(&t, NULL, let_go, NULL);
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_OK);
    pthread_join(t, NULL);
    CHECK_NEAR(level_of(path[0]), .8 * 5 / 8, 1e-3);
    CHECK_NEAR(level_of(path[1]), .4 * 5 / 8, 1e-3);
    free_paths(path);
    end();
    unsetenv("LUMAD_WORKERS");
    path_remove(held);
}

TEST(a_broken_file_fails_once_until_it_is_another)
{
    char *path[JOBS_STEMS], file[PATH_SIZE];
    struct problem p = { 0 };

    begin();
    add_stem(track, "drums", .8, 1);
    snprintf(file, sizeof(file), "%.900s/stems/%s.drums.flac", dir, track);
    CHECK_INT(path_write(file, "no sound", 8, 0600), LM_OK);
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_INVALID);
    CHECK(p.detail[0] && !path[0]);
    CHECK_INT(jobs_of(track, "failed"), 1);
    CHECK_INT(stems_of(track, 0, path, &p), LM_INVALID);        /* looking does not repeat it */
    CHECK_INT(jobs_of(track, "failed") + jobs_of(track, "queued") + jobs_of(track, "running"), 1);
    usleep(20000);
    add_stem(track, "drums", .4, 1);
    CHECK_INT(stems_of(track, 0, path, &p), LM_BUSY);           /* but this may be better */
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_OK);
    CHECK_NEAR(level_of(path[0]), .4 * 5 / 8, 1e-3);
    free_paths(path);
    end();
}

TEST(stems_share_the_bounds_of_the_cache)
{
    char *path[JOBS_STEMS], of_track[2][PATH_SIZE];
    struct problem p = { 0 };

    begin();
    jobs_free(jobs);
    open_jobs(3);                       /* MB; a stem of 10 s is 1.9 */
    strcpy(playing, track);
    add_stem(track, "drums", .8, 10);
    add_stem(track, "bass", .8, 10);
    add_stem(other, "drums", .8, 10);
    CHECK_INT(stems_of(track, WAIT_MS, path, &p), LM_OK);
    free_paths(path);
    jobs_free(jobs);                    /* what was just asked for is kept a minute */
    open_jobs(3);
    CHECK_INT(cache_stem_path(dir, track, "drums", false, of_track[0]), LM_OK);
    CHECK_INT(cache_stem_path(dir, track, "bass", false, of_track[1]), LM_OK);
    CHECK_INT(stems_of(other, WAIT_MS, path, &p), LM_OK);
    free_paths(path);
    CHECK(path_exists(of_track[0]) && path_exists(of_track[1]));        /* the oldest, but of the playing track */
    playing[0] = '\0';
    jobs_free(jobs);
    open_jobs(3);
    add_stem(other, "bass", .8, 10);
    CHECK_INT(stems_of(other, WAIT_MS, path, &p), LM_OK);
    CHECK(path[0] && path[1] && path_exists(path[0]) && path_exists(path[1]));
    free_paths(path);
    for (int i = 0; i < 500 && path_exists(of_track[0]); i++)
        usleep(10000);
    CHECK(!path_exists(of_track[0]) && !path_exists(of_track[1]));
    end();
}

TEST(a_track_is_analysed_without_them)
{
    json_t *all = NULL, *row;
    size_t i;
    char file[PATH_SIZE];

    begin();
    add_stem(track, "drums", .8, 1);
    snprintf(file, sizeof(file), "stems/%s.drums.flac", track);
    sql("UPDATE tracks SET file_path = '%s' WHERE id = '%s'", file, track);
    CHECK_INT(jobs_analyze(jobs, track, NULL, false, &all, NULL), LM_OK);
    CHECK(json_array_size(all) >= 3);
    json_array_foreach(all, i, row)
        CHECK(strcmp(json_get_text(row, "kind", ""), "decode_stems") != 0);
    json_decref(all);
    end();
}

/* The cache had dropped it: its rows are as they were, and nobody would hear of it from them. */
TEST(a_track_decoded_again_is_told_too)
{
    struct problem p = { 0 };
    struct event e;
    char file[PATH_SIZE], *path = NULL;
    int told = 0;

    begin();
    add_stem(track, "drums", .8, 3);
    snprintf(file, sizeof(file), "stems/%s.drums.flac", track);
    sql("UPDATE tracks SET file_path = '%s', duration_seconds = 3 WHERE id = '%s'", file, track);
    struct event_listener *l = event_listen(bus, 1000, NULL, NULL);
    CHECK_INT(jobs_decoded(jobs, NULL, track, 0, &path, &p), LM_BUSY);
    while (!told && event_wait(l, &e, WAIT_MS))
        told += !strcmp(e.table, "track_waveforms");
    event_unlisten(l);
    CHECK_INT(told, 1);
    CHECK_INT(jobs_decoded(jobs, NULL, track, 0, &path, &p), LM_OK);
    free(path);
    end();
}
