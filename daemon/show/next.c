/* The track that follows the loaded one without a gap: asked for, lit as soon as it sounds, forgotten when something else is loaded. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"
#include "show/state.h"

void show_clear_next(struct show *s)
{
    atomic_fetch_add(&s->nexts, 1);
    pthread_mutex_lock(&s->view);
    struct shared *grid = s->next.grid;
    s->next = (struct show_next){ 0 };
    pthread_mutex_unlock(&s->view);
    shared_unref(grid);
}

bool show_is_next(struct show *s, const char *track_id)
{
    pthread_mutex_lock(&s->view);
    bool is_next = s->next.serial && !strcmp(s->next.track, track_id);
    pthread_mutex_unlock(&s->view);
    return is_next;
}

void show_forget_track(struct show *s, const char *track_id)
{
    struct problem p;

    problem_clear(&p);
    if (show_is_next(s, track_id))
        show_set_next(s, NULL, 0, 0, 0, &p);
    if (show_is_playing_track(s, track_id))
        show_unload(s, &p);
}

bool show_take_over(struct show *s, uint64_t serial)
{
    struct shared *old = NULL;

    pthread_mutex_lock(&s->view);
    bool is_next = serial && serial == s->next.serial;
    if (is_next) {
        old = s->loaded_grid;
        memcpy(s->loaded_track, s->next.track, sizeof(s->loaded_track));
        s->loaded_serial = s->next.serial;
        s->loaded_grid = s->next.grid;
        s->next = (struct show_next){ 0 };
        atomic_store(&s->has_taken_over, true);
    }
    pthread_mutex_unlock(&s->view);
    shared_unref(old);
    return is_next;
}

void show_taken_over(struct show *s)
{
    char track[UUID_SIZE];

    pthread_mutex_lock(&s->control);
    show_post_serials(s, "", 0);
    pthread_mutex_unlock(&s->control);
    show_keep_light(s);
    pthread_mutex_lock(&s->view);
    memcpy(track, s->loaded_track, sizeof(track));
    pthread_mutex_unlock(&s->view);
    if (track[0])
        jobs_prefer(s->o.jobs, track);
    warnings_lower(s->o.warnings, "show.track");
}

/* Told to the engine before the player may come to it. Audio lock held. The serial is given here. */
static enum lm_err put_next(struct show *s, const char *track_id, struct player_track track, struct shared *grid, double crossfade, struct problem *p)
{
    track.serial = ++s->serials;
    show_clear_next(s);
    pthread_mutex_lock(&s->control);
    pthread_mutex_lock(&s->view);
    s->next = (struct show_next){ .serial = track.serial, .start = track.start, .end = track.end, .crossfade = crossfade, .grid = shared_ref(grid) };
    str_copy(s->next.track, sizeof(s->next.track), track_id);
    s->next.is_lit = !strcmp(s->next.track, s->now.score_track);
    pthread_mutex_unlock(&s->view);
    show_post_serials(s, "", 0);
    pthread_mutex_unlock(&s->control);
    show_keep_light(s);
    enum lm_err err = player_next(s->player, &track, crossfade, p);
    if (!err)
        return LM_OK;
    player_next(s->player, NULL, 0, &(struct problem){ 0 });   /* nor the one that was to follow before */
    show_clear_next(s);
    show_keep_light(s);
    return err;
}

static enum lm_err drop_next(struct show *s, struct problem *p)
{
    enum lm_err err = player_next(s->player, NULL, 0, p);

    if (err)
        return err;
    show_clear_next(s);
    show_keep_light(s);
    return LM_OK;
}

/* The grid and the decoded sound of a track; waits. */
static enum lm_err fetch(struct show *s, const char *track_id, double start, double end, uint64_t mine, struct shared **grid, char **path, struct problem *p)
{
    struct db_conn *c = db_reader_take(s->o.db);
    json_t *row = NULL;
    enum lm_err err = row_get(c, &tracks_table, track_id, &row, p);

    if (!err)
        err = show_load_grid(s, c, track_id, grid);
    db_reader_put(s->o.db, c);
    if (!err)
        err = show_check_part(row, start, end, p);
    json_decref(row);
    return err ? err : show_wait_decoded(s, track_id, (struct show_wait){ &s->nexts, mine }, path, p);
}

enum lm_err show_set_next(struct show *s, const char *track_id, double crossfade, double start, double end, struct problem *p)
{
    struct shared *grid = NULL;
    char *path = NULL;
    struct player_track track = { .start = start, .end = end };
    enum lm_err err = LM_OK;

    pthread_mutex_lock(&s->view);
    bool has_track = s->loaded_track[0];
    pthread_mutex_unlock(&s->view);
    if (!has_track)
        return problem_set(p, LM_CONFLICT, "No track is loaded that another could follow.");
    uint64_t mine = atomic_fetch_add(&s->nexts, 1) + 1;
    if (track_id)
        err = fetch(s, track_id, start, end, mine, &grid, &path, p);
    if (!err && track_id) {
        track.pcm_path = path;
        track.gain_db = show_track_gain(s, track_id);
    }
    if (!err) {
        struct player_now now;
        pthread_mutex_lock(&s->audio);
        player_now(s->player, clock_mono_ns(), &now);
        show_take_over(s, now.serial);  /* the one that follows may have begun just now, and is not to be forgotten */
        if (atomic_load(&s->nexts) != mine)
            err = problem_set(p, LM_CONFLICT, "Something else was asked for meanwhile.");
        else
            err = track_id ? put_next(s, track_id, track, grid, crossfade, p) : drop_next(s, p);
        pthread_mutex_unlock(&s->audio);
        show_audio_changed(s);
    }
    shared_unref(grid);
    free(path);
    return err;
}
