#pragma once
/*
 * What the tests of jobs share: a library in a folder of its own, jobs that work on it, and songs.
 */
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
#include "core/json.h"
#include "core/path.h"
#include "db/domain.h"

static char dir[PATH_SIZE];
static struct event_bus *bus;
static struct db *db;
static struct jobs *jobs;
static int cache_mb = 100;
static char playing[UUID_SIZE];

static inline bool is_playing(void *ctx, const char *track_id)
{
    (void)ctx;
    return !strcmp(playing, track_id);
}

static inline void open_all(void)
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
static inline enum lm_err stems_on_demand(struct db_conn *c, void *arg, struct problem *p)
{
    json_t *settings = NULL, *patch = json_pack("{s:s}", "stems", "demand");
    enum lm_err err = settings_patch(c, patch, &settings, p);

    (void)arg;
    json_decref(patch);
    json_decref(settings);
    return err;
}

static inline void close_all(void)
{
    jobs_free(jobs);
    db_close(db);
    event_bus_free(bus);
}

/* A worker of ours in front of lumad's. */
static inline void fake_worker(const char *name, const char *script)
{
    char path[PATH_SIZE];

    path_join(path, dir, "workers");
    path_make_dirs(path, 0700);
    strcat(path, "/");
    strcat(path, name);
    if (path_write(path, script, strlen(script), 0700))
        abort();
}

#define GOOD_BEATS "echo '{\"result\":{\"analyser\":\"fake\",\"version\":1,\"beats\":[1],\"downbeats\":[1],\"bpm\":120,\"beats_per_bar\":4}}'\n"

/* Chords and what lies over the beats are tested elsewhere, and take minutes under a sanitizer: here their workers have heard nothing, at once. */
static inline void begin(void)
{
    static const char roots[] = "#!/bin/sh\nhead -c 48 /dev/zero >$3\n"
                                "echo '{\"result\":{\"analyser\":\"fake\",\"version\":1,\"sections\":[],\"chroma_rate\":10.0}}'\n";
    static const char features[] = "#!/bin/sh\necho '{\"result\":{\"analyser\":\"fake\",\"version\":1,\"drops\":{\"drops\":[]}}}'\n";
    char path[PATH_SIZE];

    strcpy(dir, "/tmp/lumad-test-jobs-XXXXXX");
    if (!mkdtemp(dir))
        abort();
    cache_mb = 100;
    playing[0] = '\0';
    fake_worker("root_worker", roots);
    fake_worker("feature_worker", features);
    path_join(path, dir, "workers");
    setenv("LUMAD_WORKERS", path, 1);   /* while there is one thread */
    open_all();
    if (db_write(db, stems_on_demand, NULL, NULL))
        abort();
}

static inline void end(void)
{
    char command[PATH_SIZE + 16];

    close_all();
    unsetenv("LUMAD_WORKERS");
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    if (system(command))
        abort();
}

/* A file with `seconds` of a click every half second, as bytes. */
static inline void make_file(int format, double seconds, int seed, const char *title, char **data, size_t *n)
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

static inline enum lm_err upload(const char *data, size_t n, const char *name, json_t **track, bool *created, struct problem *p)
{
    struct import *i;
    enum lm_err err = import_begin(jobs, db, dir, name, &i, p);

    for (size_t at = 0; at < n && !err; at += 10000)
        if ((err = import_write(i, data + at, n - at < 10000 ? n - at : 10000, p)))
            import_abort(i);
    return err ? err : import_finish(i, track, created, p);
}

static inline bool wait_idle(void)
{
    for (int i = 0; i < 24000 && jobs_active(jobs); i++)
        usleep(5000);
    return !jobs_active(jobs);
}

static inline int files_in(const char *sub)
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

static inline const char *state_of(const char *track_id, const char *step, json_t **keep)
{
    struct db_conn *c = db_reader_take(db);

    json_decref(*keep);
    *keep = NULL;
    if (jobs_track_analysis(jobs, c, track_id, keep, NULL))
        abort();
    db_reader_put(db, c);
    return json_get_text(json_object_get(*keep, step), "state", "?");
}

static inline json_t *add_song(int seed, double seconds)
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

struct crash { const char *id; int crashes; };

static inline enum lm_err set_running(struct db_conn *c, void *arg, struct problem *p)
{
    const struct crash *k = arg;
    json_t *members = json_pack("{s:s,s:i}", "state", "running", "crashes", k->crashes);
    enum lm_err err = row_put(c, &jobs_table, k->id, members, p);

    json_decref(members);
    return err;
}
