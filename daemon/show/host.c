/* Host audio: tracks on the player, and what everybody is told of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "db/domain.h"
#include "show/state.h"

enum { DECODE_MS = 60000, PREPARE_MS = 500 };

/* ---- the state, as REST answers and the socket pushes ---- */

static json_t *beat_json(const struct beatgrid *g, double position)
{
    int64_t bar;
    double in_bar;

    if (!g || g->is_assumed)
        return json_null();
    double beat = beatgrid_beat(g, position);
    beatgrid_bar(g, position, &bar, &in_bar);
    return json_pack("{s:I, s:f, s:I, s:f, s:f, s:i}", "index", (json_int_t)floor(beat), "phase", beat - floor(beat), "bar", (json_int_t)bar + 1,
                     "beat_in_bar", in_bar, "bpm", beatgrid_bpm(g, position), "beats_per_bar", g->beats_per_bar);
}

json_t *show_host_audio(struct show *s)
{
    struct player_now now;
    char track[UUID_SIZE], score[UUID_SIZE];
    struct shared *grid;
    int64_t wall = clock_wall_ms();

    player_now(s->player, clock_mono_ns(), &now);
    pthread_mutex_lock(&s->view);
    memcpy(track, s->loaded_track, sizeof(track));
    memcpy(score, s->viewed_score, sizeof(score));
    grid = shared_ref(s->loaded_grid);
    pthread_mutex_unlock(&s->view);
    json_t *v = json_pack("{s:b, s:o, s:o, s:b, s:f, s:f, s:f, s:{s:b, s:f, s:f}, s:{s:f, s:f}, s:o, s:f, s:f, s:I, s:f}",
        "loaded", (int)now.loaded, "track_id", *track ? json_string(track) : json_null(), "score_id", *score ? json_string(score) : json_null(),
        "playing", (int)now.playing, "current_time", now.position, "duration", now.duration, "rate", now.rate,
        "loop", "enabled", (int)now.loop, "start", now.loop_start, "end", now.loop_end,
        "segment", "start", now.segment_start, "end", now.segment_end, "beat", beat_json(shared_get(grid), now.position),
        "latency_ms", now.latency_ms, "volume_db", player_get_volume(s->player), "seq", (json_int_t)atomic_load(&s->audio_serial),
        "server_time", (double)wall / 1000);
    shared_unref(grid);
    return v;
}

/* ---- loading ---- */

void show_loaded_changed(struct show *s)
{
    struct db_conn *c = db_reader_take(s->o.db);
    struct shared *grid = NULL;
    char track[UUID_SIZE];

    pthread_mutex_lock(&s->view);
    memcpy(track, s->loaded_track, sizeof(track));
    pthread_mutex_unlock(&s->view);
    if (track[0] && !show_load_grid(s, c, track, &grid)) {
        pthread_mutex_lock(&s->view);
        if (!strcmp(track, s->loaded_track)) {
            struct shared *old = s->loaded_grid;
            s->loaded_grid = grid, grid = old;
        }
        pthread_mutex_unlock(&s->view);
        shared_unref(grid);
        atomic_fetch_add(&s->audio_serial, 1);
    }
    db_reader_put(s->o.db, c);
}

/* Which player serial may light the score: posted before the player has it, so that no frame of the new track is dark. */
static void announce(struct show *s, const char *track_id, uint64_t serial, struct shared *grid)
{
    pthread_mutex_lock(&s->control);
    pthread_mutex_lock(&s->view);
    struct shared *old = s->loaded_grid;
    memcpy(s->loaded_track, track_id, strnlen(track_id, UUID_LEN) + 1);
    s->loaded_serial = serial;
    s->loaded_grid = grid;
    bool lit = s->score_track[0] && !strcmp(s->score_track, track_id);
    pthread_mutex_unlock(&s->view);
    shared_unref(old);
    engine_post_serial(s->engine, lit ? serial : 0);
    pthread_mutex_unlock(&s->control);
}

enum lm_err show_load_track(struct show *s, const char *track_id, double start, double end, struct problem *p)
{
    struct shared *grid = NULL;
    char *path = NULL;
    json_t *row = NULL;
    enum lm_err err;

    pthread_mutex_lock(&s->audio);
    struct db_conn *c = db_reader_take(s->o.db);
    if (!(err = row_get(c, &tracks_table, track_id, &row, p)))
        err = show_load_grid(s, c, track_id, &grid);
    double duration = json_get_real(row, "duration_seconds", 0);
    db_reader_put(s->o.db, c);
    if (!err && (!(start >= 0) || !isfinite(end) || (end > 0 && end <= start)))
        err = problem_add(p, "/end_time", "must lie after start_time");
    if (!err && start > 0 && start >= duration)
        err = problem_add(p, "/start_time", "the track ends at %.3f s", duration);
    if (err || (err = jobs_decoded(s->o.jobs, track_id, DECODE_MS, &path, p)))
        goto out;
    uint64_t serial = ++s->serials;
    announce(s, track_id, serial, grid);
    grid = NULL;
    pool_prepare_at(s->pool, start, PREPARE_MS);
    err = player_load(s->player, path, serial, start, end, p);
    if (err)
        announce(s, "", 0, NULL);
    atomic_fetch_add(&s->audio_serial, 1);
out:
    pthread_mutex_unlock(&s->audio);
    shared_unref(grid);
    json_decref(row);
    free(path);
    return err;
}

enum lm_err show_unload(struct show *s, struct problem *p)
{
    (void)p;
    pthread_mutex_lock(&s->audio);
    enum lm_err err = player_unload(s->player);
    announce(s, "", 0, NULL);
    pool_set_loop(s->pool, -1);
    atomic_fetch_add(&s->audio_serial, 1);
    pthread_mutex_unlock(&s->audio);
    return err;
}

/* ---- transport ---- */

enum lm_err show_play(struct show *s, struct problem *p)
{
    struct player_now now;

    player_now(s->player, clock_mono_ns(), &now);
    if (now.loaded && now.position >= now.segment_end)          /* it will start over */
        pool_prepare_at(s->pool, now.segment_start, PREPARE_MS);
    return player_play(s->player, p);
}

enum lm_err show_pause(struct show *s, struct problem *p)
{
    (void)p;
    return player_pause(s->player);
}

enum lm_err show_seek(struct show *s, double seconds, struct problem *p)
{
    struct player_now now;

    player_now(s->player, clock_mono_ns(), &now);
    if (!now.loaded)
        return problem_set(p, LM_CONFLICT, "No track is loaded.");
    if (seconds >= 0 && seconds <= now.duration)
        pool_prepare_at(s->pool, seconds, PREPARE_MS);
    return player_seek(s->player, seconds, p);
}

enum lm_err show_loop(struct show *s, bool enabled, double start, double end, struct problem *p)
{
    enum lm_err err = player_loop(s->player, enabled, start, end, p);

    if (!err)
        pool_set_loop(s->pool, enabled ? start : -1);
    return err;
}

enum lm_err show_volume(struct show *s, double db, struct problem *p)
{
    enum lm_err err = player_volume(s->player, db, p);

    if (!err)
        atomic_fetch_add(&s->audio_serial, 1);
    return err;
}

bool show_is_playing_track(void *show, const char *track_id)
{
    struct show *s = show;

    pthread_mutex_lock(&s->view);
    bool same = !strcmp(s->loaded_track, track_id);
    pthread_mutex_unlock(&s->view);
    return same;
}

/* ---- the device ---- */

static json_t *device_json(const struct player_device *d)
{
    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:f, s:f, s:I, s:I}", "name", d->name, "api", d->api, "active", (int)d->active, "lost",
                     (int)d->lost, "clock", (int)d->clock, "rate", d->rate, "latency_ms", d->latency_ms, "underruns", (json_int_t)d->underruns,
                     "callbacks", (json_int_t)d->callbacks);
}

json_t *show_device(struct show *s)
{
    struct player_device now, list[32];
    json_t *devices = json_array();

    player_get_device(s->player, &now);
    size_t n = player_list_devices(s->player, list, sizeof(list) / sizeof(list[0]));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(devices, device_json(&list[i]));
    return json_pack("{s:s, s:o, s:o}", "device", now.clock ? "clock" : now.name, "active", device_json(&now), "devices", devices);
}

enum lm_err show_set_device(struct show *s, const char *device, struct problem *p)
{
    return player_set_device(s->player, device, p);
}
