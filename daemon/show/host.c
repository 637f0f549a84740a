/* Host audio: tracks on the player, and what everybody is told of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/json.h"
#include "db/domain.h"
#include "show/state.h"

enum { DECODE_MS = 60000, LOOK_MS = 50, PREPARE_MS = 500 };

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

struct shared *show_loaded_grid(struct show *s)
{
    pthread_mutex_lock(&s->view);
    struct shared *grid = shared_ref(s->loaded_grid);
    pthread_mutex_unlock(&s->view);
    return grid;
}

static json_t *next_json(const char *track, const struct player_now *now)
{
    return track[0] && now->next_serial ? json_pack("{s:s, s:f}", "track_id", track, "crossfade_seconds", now->crossfade) : json_null();
}

static json_t *pending_json(const struct player_now *now)
{
    return now->has_pending ? json_pack("{s:f, s:f}", "at", now->pending_at, "seconds", now->pending_to) : json_null();
}

json_t *show_host_audio(struct show *s)
{
    struct player_now now;
    char track[UUID_SIZE], next[UUID_SIZE] = "", score[UUID_SIZE];
    struct shared *grid;
    int64_t wall = clock_wall_ms();

    player_now(s->player, clock_mono_ns(), &now);
    show_take_over(s, now.serial);      /* it may be seen here first */
    pthread_mutex_lock(&s->view);
    memcpy(track, s->loaded_track, sizeof(track));
    memcpy(score, s->viewed_score, sizeof(score));
    if (s->next.serial && s->next.serial == now.next_serial)
        memcpy(next, s->next.track, sizeof(next));
    grid = shared_ref(s->loaded_grid);
    pthread_mutex_unlock(&s->view);
    json_t *v = json_pack("{s:b, s:o, s:o, s:b, s:s, s:f, s:f, s:f, s:b, s:{s:b, s:f, s:f}, s:{s:f, s:f}, s:o, s:o, s:o, s:f, s:f, s:I, s:f}",
        "loaded", (int)now.loaded, "track_id", *track ? json_string(track) : json_null(), "score_id", *score ? json_string(score) : json_null(),
        "playing", (int)now.playing, "state", transport_text(now.state), "current_time", now.position, "duration", now.duration, "rate", now.rate,
        "keep_pitch", (int)now.keep_pitch, "loop", "enabled", (int)now.loop, "start", now.loop_start, "end", now.loop_end,
        "segment", "start", now.segment_start, "end", now.segment_end, "beat", beat_json(shared_get(grid), now.position),
        "next", next_json(next, &now), "pending", pending_json(&now), "latency_ms", now.latency_ms, "volume_db", atomic_load(&s->volume_db),
        "seq", (json_int_t)atomic_load(&s->audio_serial), "server_time", (double)wall / 1000);
    shared_unref(grid);
    json_object_update_new(v, show_listening_json(s));
    return v;
}

/* ---- loading ---- */

/* The one of the two that has this track now gets its grid; they may change places meanwhile. */
static void put_grid(struct show *s, const char *track, struct shared *grid)
{
    struct shared **of[] = { &s->loaded_grid, &s->next.grid };
    const char *tracks[] = { s->loaded_track, s->next.track };
    struct shared *old[2] = { NULL };

    pthread_mutex_lock(&s->view);
    for (int i = 0; i < 2; i++)
        if (!strcmp(track, tracks[i])) {
            old[i] = *of[i];
            *of[i] = shared_ref(grid);
        }
    pthread_mutex_unlock(&s->view);
    shared_unref(old[0]), shared_unref(old[1]);
}

void show_loaded_changed(struct show *s)
{
    struct db_conn *c = db_reader_take(s->o.db);
    char tracks[2][UUID_SIZE];

    pthread_mutex_lock(&s->view);
    memcpy(tracks[0], s->loaded_track, UUID_SIZE);
    memcpy(tracks[1], s->next.track, UUID_SIZE);
    pthread_mutex_unlock(&s->view);
    for (int i = 0; i < 2; i++) {
        struct shared *grid = NULL;
        if (!tracks[i][0] || show_load_grid(s, c, tracks[i], &grid))
            continue;
        put_grid(s, tracks[i], grid);
        shared_unref(grid);
        show_audio_changed(s);
    }
    db_reader_put(s->o.db, c);
}

static bool is_same(const char *track, const char *wanted)
{
    return wanted[0] && !strcmp(wanted, track);
}

uint64_t show_post_serials(struct show *s, const char *coming_track, uint64_t coming)
{
    pthread_mutex_lock(&s->view);
    const char *wanted = s->now.score_track;
    uint64_t now = is_same(s->loaded_track, wanted) ? s->loaded_serial : 0;
    if (!coming)
        coming_track = s->next.track, coming = s->next.serial;
    coming = is_same(coming_track, wanted) ? coming : 0;
    pthread_mutex_unlock(&s->view);
    return engine_post_serial(s->engine, now, coming);
}

/* What is on the player now, and so whether it lights the score. Audio lock held. */
static void announce(struct show *s, const char *track_id, uint64_t serial, struct shared *grid)
{
    pthread_mutex_lock(&s->control);
    show_clear_next(s);
    pthread_mutex_lock(&s->view);
    struct shared *old = s->loaded_grid;
    memcpy(s->loaded_track, track_id, strnlen(track_id, UUID_LEN) + 1);
    s->loaded_serial = serial;
    s->loaded_grid = grid;
    pthread_mutex_unlock(&s->view);
    shared_unref(old);
    show_post_serials(s, "", 0);
    pthread_mutex_unlock(&s->control);
    event_wake(s->listener);            /* the metronome has other beats */
}

/* The engine lights the score with the track that is there and with the coming one, so that no frame between the two is dark. */
static void announce_coming(struct show *s, const char *track_id, uint64_t serial)
{
    pthread_mutex_lock(&s->control);
    bool lit = is_same(track_id, s->now.score_track);
    uint64_t ticket = show_post_serials(s, track_id, serial);
    pthread_mutex_unlock(&s->control);
    if (lit)
        engine_wait(s->engine, ticket, PREPARE_MS);
}

static bool is_cancelled(struct show *s, const char *track_id)
{
    json_t *page = NULL, *job;
    bool cancelled = false, found = false;
    size_t i;

    if (jobs_page(s->o.jobs, track_id, 100, &page, NULL))
        return false;
    json_array_foreach(json_object_get(page, "items"), i, job) {        /* the newest first */
        if (found || strcmp(json_get_text(job, "kind", ""), "decode"))
            continue;
        found = true;
        cancelled = !strcmp(json_get_text(job, "state", ""), "cancelled");
    }
    json_decref(page);
    return cancelled;
}

/*
 * The decoded audio, waited for by looking: a newer load, the end of lumad and a cancelled decode end the wait at once. Otherwise two loads of tracks that take
 * long would hold all the threads that may, and lumad could not stop.
 */
enum lm_err show_wait_decoded(struct show *s, const char *track_id, struct show_wait wait, char **path, struct problem *p)
{
    int64_t until = clock_mono_ns() + DECODE_MS * INT64_C(1000000);
    enum lm_err err;

    jobs_prefer(s->o.jobs, track_id);   /* and what else it needs is next */
    err = jobs_decoded(s->o.jobs, NULL, track_id, 1, path, p);    /* first in line from here on */

    while (err == LM_BUSY && clock_mono_ns() < until) {
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
        if (atomic_load(&s->stop))
            return problem_set(p, LM_BUSY, "lumad is stopping.");
        if (atomic_load(wait.count) != wait.mine)
            return problem_set(p, LM_CONFLICT, "Something else was asked for meanwhile.");
        if (is_cancelled(s, track_id))
            return problem_set(p, LM_CONFLICT, "The decoding of this track was cancelled.");
        problem_clear(p);
        err = jobs_decoded(s->o.jobs, NULL, track_id, 0, path, p);
    }
    return err;
}

void show_prepare_at(struct show *s, double seconds)
{
    pool_prepare_at(s->pool, show_light_at(s, seconds), PREPARE_MS);
}

double show_light_at(struct show *s, double seconds)
{
    struct player_now now;

    player_now(s->player, clock_mono_ns(), &now);
    return fmax(seconds + atomic_load(&s->light_offset) * now.rate, 0);
}

void show_keep_light(struct show *s)
{
    struct player_now now;

    player_now(s->player, clock_mono_ns(), &now);
    pthread_mutex_lock(&s->view);
    bool follows = s->next.is_lit;
    double start = s->next.start;
    pthread_mutex_unlock(&s->view);
    pool_set_loop(s->pool, now.loop ? show_light_at(s, now.loop_start) : follows ? show_light_at(s, start) : -1);
}

enum lm_err show_check_part(const json_t *row, double start, double end, struct problem *p)
{
    if (!(start >= 0) || !isfinite(end) || (end > 0 && end <= start))
        return problem_add(p, "/end_time", "must lie after start_time");
    double duration = json_get_real(row, "duration_seconds", 0);
    if (start > 0 && start >= duration)
        return problem_add(p, "/start_time", "the track ends at %.3f s", duration);
    return LM_OK;
}

/* Audio lock held. The serial is given here. */
static enum lm_err put_on_player(struct show *s, const char *track_id, struct player_track track, struct shared *grid, struct problem *p)
{
    track.serial = ++s->serials;
    show_prepare_at(s, track.start);
    announce_coming(s, track_id, track.serial);
    enum lm_err err = player_load(s->player, &track, p);
    if (err) {
        shared_unref(grid);
        announce_coming(s, "", 0);
        return err;
    }
    announce(s, track_id, track.serial, grid);
    show_keep_light(s);
    show_audio_changed(s);
    warnings_lower(s->o.warnings, "show.track");
    return LM_OK;
}

static bool is_loaded(struct show *s, const char *track_id)
{
    pthread_mutex_lock(&s->view);
    bool loaded = !strcmp(s->loaded_track, track_id);
    pthread_mutex_unlock(&s->view);
    return loaded;
}

/* Is there something to load, and does no newer PUT /show see to it? *load: the number of this load. */
static bool begin_load(struct show *s, const char *track_id, uint64_t put, uint64_t *load)
{
    pthread_mutex_lock(&s->audio);              /* an older one that has got this far is over then */
    pthread_mutex_lock(&s->control);
    bool begins = !put || (s->puts == put && !is_loaded(s, track_id));
    if (begins)
        *load = atomic_fetch_add(&s->loads, 1) + 1;
    pthread_mutex_unlock(&s->control);
    pthread_mutex_unlock(&s->audio);
    return begins;
}

static bool is_newest(struct show *s, uint64_t put)
{
    pthread_mutex_lock(&s->control);
    bool newest = s->puts == put;
    pthread_mutex_unlock(&s->control);
    return newest;
}

enum lm_err show_load_for(struct show *s, const char *track_id, double start, double end, uint64_t put, struct problem *p)
{
    struct shared *grid = NULL;
    char *path = NULL;
    json_t *row = NULL;
    uint64_t load = 0;

    if (!begin_load(s, track_id, put, &load))
        return LM_OK;
    struct db_conn *c = db_reader_take(s->o.db);
    enum lm_err err = row_get(c, &tracks_table, track_id, &row, p);

    if (!err)
        err = show_load_grid(s, c, track_id, &grid);
    db_reader_put(s->o.db, c);
    if (!err)
        err = show_check_part(row, start, end, p);
    if (!err && !(err = show_wait_decoded(s, track_id, (struct show_wait){ &s->loads, load }, &path, p))) {
        struct player_track track = { .pcm_path = path, .start = start, .end = end, .gain_db = show_track_gain(s, track_id) };
        pthread_mutex_lock(&s->audio);
        if (put ? is_newest(s, put) : atomic_load(&s->loads) == load) {
            err = put_on_player(s, track_id, track, grid, p);
            grid = NULL;
        } else if (!put) {
            err = problem_set(p, LM_CONFLICT, "Another track was loaded meanwhile.");
        }
        pthread_mutex_unlock(&s->audio);
    }
    shared_unref(grid);
    json_decref(row);
    free(path);
    return put && !is_newest(s, put) ? LM_OK : err;
}

enum lm_err show_load_track(struct show *s, const char *track_id, double start, double end, struct problem *p)
{
    return show_load_for(s, track_id, start, end, 0, p);
}

enum lm_err show_unload(struct show *s, struct problem *p)
{
    (void)p;
    atomic_fetch_add(&s->loads, 1);
    pthread_mutex_lock(&s->audio);
    enum lm_err err = player_unload(s->player);
    announce(s, "", 0, NULL);
    show_keep_light(s);
    show_audio_changed(s);
    pthread_mutex_unlock(&s->audio);
    return err;
}

/* ---- transport ---- */

enum lm_err show_play(struct show *s, struct problem *p)
{
    struct player_now now;

    player_now(s->player, clock_mono_ns(), &now);
    if (now.loaded && now.position >= now.segment_end)          /* it will start over */
        show_prepare_at(s, now.segment_start);
    return player_play(s->player, p);
}

enum lm_err show_pause(struct show *s, struct problem *p)
{
    (void)p;
    atomic_store(&s->hand_paused, true);
    return player_pause(s->player);
}

enum lm_err show_rate(struct show *s, double rate, bool keep_pitch, struct problem *p)
{
    return player_rate(s->player, rate, keep_pitch, p);
}

enum lm_err show_volume(struct show *s, double db, struct problem *p)
{
    enum lm_err err = player_volume(s->player, db, p);

    if (err)
        return err;
    atomic_store(&s->volume_db, player_get_volume(s->player));
    atomic_store(&s->hearing_changed, true);
    show_audio_changed(s);
    return LM_OK;
}

enum lm_err show_load_sound(struct show *s, const char *pcm_path, uint64_t *serial, struct problem *p)
{
    atomic_fetch_add(&s->loads, 1);
    pthread_mutex_lock(&s->audio);
    *serial = ++s->serials;
    enum lm_err err = player_load(s->player, &(struct player_track){ .pcm_path = pcm_path, .serial = *serial }, p);
    if (!err) {
        announce(s, "", *serial, NULL);
        show_keep_light(s);
    }
    pthread_mutex_unlock(&s->audio);
    return err;
}

bool show_is_playing_track(void *show, const char *track_id)
{
    return is_loaded(show, track_id) || show_is_next(show, track_id) || show_is_put_aside(show, track_id);
}
