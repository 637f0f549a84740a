#include "show/demo.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/import.h"
#include "analysis/worker.h"
#include "core/json.h"
#include "core/log.h"
#include "core/path.h"
#include "db/domain.h"
#include "show/shipped.h"
#include "show/venue.h"

struct install {
    struct library *library;
    json_t *venue, *score, *truth;      /* config/demo/venue.json, score.json, what the renderer says of its music */
    json_t *patterns;                   /* of show/shipped.h */
    char venue_id[UUID_SIZE], score_id[UUID_SIZE], track_id[UUID_SIZE];
    const struct demo_how *how;
    struct worker_stop stop;
};

/* Two at a time would render into the same file. */
static pthread_mutex_t installing = PTHREAD_MUTEX_INITIALIZER;

/* Rows of the demo have the same ids everywhere: a second start, or a second machine, finds them again. */
static void demo_id(const char *kind, const char *name, char id[UUID_SIZE])
{
    char key[256];
    snprintf(key, sizeof(key), "%s/%s", kind, name);
    uuid_from_key("demo", key, id);
}

/* ---- the files of config/demo ---- */

static enum lm_err read_files(struct install *in, struct problem *p)
{
    char dir[PATH_SIZE], path[PATH_SIZE];
    enum lm_err err = path_share("config/demo", dir, p);
    size_t i;
    json_t *annotation;

    if (err || (err = path_join(path, dir, "venue.json")) || (err = shipped_json(path, &in->venue, p)) || (err = path_join(path, dir, "score.json")) ||
        (err = shipped_json(path, &in->score, p)) || (err = shipped_read(&in->patterns, p)))
        return err;
    json_array_foreach(json_object_get(in->score, "annotations"), i, annotation)
        if (!json_object_get(in->patterns, json_get_text(annotation, "pattern", "")))
            return problem_set(p, LM_INVALID, "the demo's score names a pattern \"%.60s\" that is not there", json_get_text(annotation, "pattern", ""));
    return LM_OK;
}

/* ---- the track ---- */

static void rendering(void *ctx, double progress, const char *step)
{
    struct install *in = ctx;

    (void)progress, (void)step;
    if (in->how->is_gone && in->how->is_gone(in->how->ctx))
        worker_cancel(&in->stop);
}

static enum lm_err render(struct install *in, const char *audio, const char *truth, struct problem *p)
{
    char program[PATH_SIZE];
    enum lm_err err = path_worker("demo_worker", program, p);

    if (err || (err = worker_stop_init(&in->stop)))
        return err;
    const char *argv[] = { program, "--out", audio, "--truth", truth, NULL };
    struct worker_options o = { .argv = argv, .priority = WORKER_LOW, .stop = &in->stop, .progress = rendering, .ctx = in };     /* somebody waits */
    struct worker_end end;
    err = worker_run(&o, &end);
    worker_stop_clear(&in->stop);
    if (err)
        problem_set(p, err, "the demo's music could not be rendered: %s", end.message);
    worker_end_clear(&end);
    return err;
}

static enum lm_err import_file(struct db *db, struct jobs *jobs, const char *data_dir, const char *path, char track_id[UUID_SIZE], struct problem *p)
{
    enum { CHUNK = 1 << 16 };
    struct import *import = NULL;
    json_t *track = NULL;
    bool created;
    char *chunk = malloc(CHUNK);
    FILE *f = fopen(path, "rb");
    enum lm_err err = !chunk ? problem_set(p, LM_NOMEM, "no memory for the demo") : !f ? problem_set(p, LM_IO, "%s cannot be read", path) : LM_OK;

    if (!err)
        err = import_begin(jobs, db, data_dir, "First Light.flac", &import, p);
    for (size_t n; !err && (n = fread(chunk, 1, CHUNK, f)) > 0;)
        err = import_write(import, chunk, n, p);
    if (!err && ferror(f))
        err = problem_set(p, LM_IO, "%s cannot be read", path);
    if (!err) {
        err = import_finish(import, &track, &created, p);
        import = NULL;
    }
    if (!err)
        snprintf(track_id, UUID_SIZE, "%s", json_get_text(track, "id", ""));
    json_decref(track);
    import_abort(import);
    if (f)
        fclose(f);
    free(chunk);
    return err;
}

/* In a folder with a fixed name: what a crash leaves behind is overwritten by the next start. */
static enum lm_err make_track(struct install *in, struct db *db, struct jobs *jobs, const char *data_dir, struct problem *p)
{
    char dir[PATH_SIZE], audio[PATH_SIZE], truth[PATH_SIZE];
    enum lm_err err;

    if ((err = path_join(dir, data_dir, "cache/demo")) || (err = path_join(audio, dir, "first-light.flac")) ||
        (err = path_join(truth, dir, "first-light.json")) || (err = path_make_dirs(dir, 0700)))
        return problem_set(p, err, "no place for the demo's music in %s", data_dir);
    log_info("show", "rendering the music of the demo");
    if (!(err = render(in, audio, truth, p)) && !(err = shipped_json(truth, &in->truth, p)))
        err = import_file(db, jobs, data_dir, audio, in->track_id, p);
    unlink(audio);
    unlink(truth);
    rmdir(dir);
    return err;
}

/* ---- the rows ---- */

/* A copy of `from` with its id, without the member that only these files have. */
static json_t *body_with_id(const json_t *from, const char *drop, const char *id)
{
    json_t *body = json_copy((json_t *)from);

    if (body && (json_object_set_new(body, "id", json_string(id)) || (drop && json_object_del(body, drop)))) {
        json_decref(body);
        body = NULL;
    }
    return body;
}

static enum lm_err put(struct db_conn *c, const struct table *t, const char *parent, json_t *body, bool *created, struct problem *p)
{
    json_t *row = NULL;
    enum lm_err err = body ? row_create(c, t, parent, body, &row, created, p) : problem_set(p, LM_NOMEM, "no memory for the demo");

    json_decref(row);
    json_decref(body);
    return err;
}

static enum lm_err put_fixtures(struct db_conn *c, struct install *in, struct problem *p)
{
    size_t i;
    json_t *f;
    bool created;
    enum lm_err err = LM_OK;

    json_array_foreach(json_object_get(in->venue, "fixtures"), i, f) {
        char id[UUID_SIZE];
        demo_id("fixture", json_get_text(f, "key", ""), id);
        if ((err = put(c, &fixtures_table, in->venue_id, body_with_id(f, "key", id), &created, p)) ||
            (created && (err = venue_check_fixture(c, in->library, id, p))))
            return err;
    }
    return err;
}

static enum lm_err put_groups(struct db_conn *c, struct install *in, struct problem *p)
{
    size_t i, k;
    json_t *group, *member;
    bool created;
    enum lm_err err = LM_OK;

    json_array_foreach(json_object_get(in->venue, "groups"), i, group) {
        char id[UUID_SIZE], fixture[UUID_SIZE];
        json_t *members = json_array();
        demo_id("group", json_get_text(group, "name", ""), id);
        json_array_foreach(json_object_get(group, "members"), k, member) {
            demo_id("fixture", json_string_value(member) ? json_string_value(member) : "", fixture);
            json_array_append_new(members, json_string(fixture));
        }
        json_t *body = json_pack("{s:s, s:O, s:f}", "id", id, "name", json_object_get(group, "name"), "sort_index", (double)i);
        if (!(err = put(c, &fixture_groups_table, in->venue_id, body, &created, p)) && created)
            err = group_set_members(c, id, members, p);
        json_decref(members);
        if (err)
            return err;
    }
    return err;
}

static enum lm_err put_outputs(struct db_conn *c, struct install *in, struct problem *p)
{
    size_t i;
    json_t *output;
    enum lm_err err = LM_OK;

    json_array_foreach(json_object_get(in->venue, "outputs"), i, output) {
        char id[UUID_SIZE];
        demo_id("output", json_get_text(output, "key", ""), id);
        if ((err = put(c, &outputs_table, in->venue_id, body_with_id(output, "key", id), NULL, p)))
            return err;
    }
    return err;
}

/* Bar numbers (1-based) become the very seconds of the beat grid, so that blocks lie exactly on the beat. */
static enum lm_err put_annotation(struct db_conn *c, struct install *in, size_t i, const json_t *a, struct problem *p)
{
    const json_t *downbeats = json_object_get(in->truth, "downbeats");
    json_int_t from = json_get_int(a, "from_bar", 0), to = json_get_int(a, "to_bar", 0);
    char id[UUID_SIZE], pattern[UUID_SIZE], number[24];
    const json_t *start = from > 0 ? json_array_get(downbeats, (size_t)from - 1) : NULL;
    const json_t *end = json_object_get(a, "to_bar") ? (to > 0 ? json_array_get(downbeats, (size_t)to - 1) : NULL)
                                                     : json_object_get(in->truth, "duration_seconds");

    if (!start || !end)
        return problem_set(p, LM_INVALID, "config/demo/score.json: annotation %zu lies outside the track", i + 1);
    snprintf(number, sizeof(number), "%zu", i + 1);
    demo_id("annotation", number, id);
    shipped_id(json_get_text(a, "pattern", ""), pattern);
    return put(c, &score_annotations_table, in->score_id,
               json_pack("{s:s, s:s, s:O, s:O, s:O, s:O, s:O, s:I}", "id", id, "pattern_id", pattern, "start_time", start, "end_time", end, "z_index",
                         json_object_get(a, "z_index"), "blend_mode", json_object_get(a, "blend_mode"), "args", json_object_get(a, "args"), "seed",
                         (json_int_t)i + 1), NULL, p);
}

static enum lm_err put_score(struct db_conn *c, struct install *in, struct problem *p)
{
    size_t i;
    json_t *a, *body = json_pack("{s:s, s:O, s:s}", "id", in->score_id, "name", json_object_get(in->score, "name"), "venue_id", in->venue_id);
    enum lm_err err = put(c, &scores_table, in->track_id, body, NULL, p);

    json_array_foreach(json_object_get(in->score, "annotations"), i, a)
        if (err || (err = put_annotation(c, in, i, a, p)))
            return err;
    return err;
}

static enum lm_err put_beats(struct db_conn *c, struct install *in, struct problem *p)
{
    json_t *beats = json_pack("{s:O, s:O, s:O, s:O, s:f}", "beats", json_object_get(in->truth, "beats"), "downbeats",
                              json_object_get(in->truth, "downbeats"), "bpm", json_object_get(in->truth, "bpm"), "beats_per_bar",
                              json_object_get(in->truth, "beats_per_bar"), "confidence", 1.0);
    enum lm_err err = beats ? track_set_beats(c, in->track_id, beats, true, "demo_worker", 1, p)
                            : problem_set(p, LM_INVALID, "the renderer of the demo's music says too little of it");

    json_decref(beats);
    return err;
}

static enum lm_err put_autoplay(struct db_conn *c, const struct install *in, struct problem *p)
{
    json_t *v = json_pack("{s:b, s:s, s:s, s:s, s:b}", "enabled", 1, "venue_id", in->venue_id, "score_id", in->score_id,
                          "repeat", "loop", "resume", 1);
    enum lm_err err = v ? setting_hidden_set(c, "autoplay", v, p) : problem_set(p, LM_NOMEM, "no memory for the demo");

    json_decref(v);
    return err;
}

static enum lm_err store(struct db_conn *c, void *arg, struct problem *p)
{
    struct install *in = arg;
    json_t *venue = json_pack("{s:s, s:O, s:O}", "id", in->venue_id, "name", json_object_get(in->venue, "name"), "description",
                              json_object_get(in->venue, "description"));
    size_t added;
    enum lm_err err;

    if ((err = put(c, &venues_table, NULL, venue, NULL, p)) || (err = put_fixtures(c, in, p)) || (err = put_groups(c, in, p)) ||
        (err = put_outputs(c, in, p)) || (err = shipped_put(c, in->patterns, &added, p)) || (err = put_score(c, in, p)) || (err = put_beats(c, in, p)))
        return err;
    return in->how->with_autoplay ? put_autoplay(c, in, p) : LM_OK;
}

static bool is_installed(struct db *db, const struct install *in)
{
    struct db_conn *c = db_reader_take(db);
    json_t *venue = NULL, *score = NULL;
    bool is = !row_get(c, &venues_table, in->venue_id, &venue, NULL) && !row_get(c, &scores_table, in->score_id, &score, NULL);

    db_reader_put(db, c);
    json_decref(venue);
    json_decref(score);
    return is;
}

enum lm_err demo_install(struct db *db, struct jobs *jobs, struct library *library, const char *data_dir, const struct demo_how *how, char venue_id[37],
                         char score_id[37], struct problem *p)
{
    struct install in = { .library = library, .how = how };
    enum lm_err err = LM_OK;

    demo_id("venue", "demo", in.venue_id);
    demo_id("score", "demo", in.score_id);
    memcpy(venue_id, in.venue_id, UUID_SIZE);
    memcpy(score_id, in.score_id, UUID_SIZE);
    pthread_mutex_lock(&installing);
    if (!is_installed(db, &in) && !(err = read_files(&in, p)) && !(err = make_track(&in, db, jobs, data_dir, p)))
        err = db_write(db, store, &in, p);
    pthread_mutex_unlock(&installing);
    json_decref(in.venue);
    json_decref(in.score);
    json_decref(in.truth);
    json_decref(in.patterns);
    return err;
}
