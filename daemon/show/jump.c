/* Jumps on the loaded track: seeks, loops and cue points, in time with the music when that is asked for. */
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "db/domain.h"
#include "show/state.h"

/* What is less than this ahead of what is heard has been handed to the device already, or would be before it hears of the jump. */
#define REACTION_S 0.03

/* The grid to quantise by, to be put; NULL with a problem when there is none. */
static struct shared *grid_for(struct show *s, enum quantize q, struct problem *p)
{
    struct shared *shared = show_loaded_grid(s);
    const struct beatgrid *g = shared_get(shared);

    if (g && !g->is_assumed)
        return shared;
    shared_unref(shared);
    problem_set(p, LM_CONFLICT, "This track has no beats yet, so there is no %s to jump at. Analyse it or tap them, or jump with quantize \"none\".", quantize_names[q]);
    return NULL;
}

/* Where the next beat or bar is that will be played; a loop comes round to those at its start. NAN: none before the end. */
static double next_place(const struct beatgrid *g, enum quantize q, const struct player_now *now)
{
    double from = now->position + (REACTION_S + now->latency_ms / 1000) * now->rate;
    bool loops = now->loop && now->position < now->loop_end;
    double end = loops ? now->loop_end : now->position < now->segment_end ? now->segment_end : now->duration, at = quantize_next(g, q, from);

    if (at < end)
        return at;
    if (!loops)
        return NAN;
    at = quantize_next(g, q, now->loop_start - 2e-6);   /* its first frame counts */
    return at < now->loop_end ? at : NAN;
}

static enum lm_err seek_quantized(struct show *s, double seconds, enum quantize q, struct problem *p)
{
    struct player_now now;
    struct shared *shared = grid_for(s, q, p);
    const struct beatgrid *g = shared_get(shared);
    double target = NAN, at = NAN;

    if (!g)
        return p->err;
    player_now(s->player, clock_mono_ns(), &now);
    target = quantize_nearest(g, q, seconds, now.duration);
    if (isfinite(target)) {
        show_prepare_at(s, target);
        player_now(s->player, clock_mono_ns(), &now);           /* that may have taken a moment */
        at = now.playing ? next_place(g, q, &now) : NAN;
    }
    shared_unref(shared);
    if (!isfinite(target) || (now.playing && !isfinite(at)))
        return problem_set(p, LM_CONFLICT, "No %s follows on this track.", quantize_names[q]);
    return player_seek(s->player, target, at, p);
}

enum lm_err show_seek(struct show *s, double seconds, enum quantize q, struct problem *p)
{
    struct player_now now;

    player_now(s->player, clock_mono_ns(), &now);
    if (!now.loaded)
        return problem_set(p, LM_CONFLICT, "No track is loaded.");
    if (!(seconds >= 0) || seconds > now.duration)
        return player_seek(s->player, seconds, NAN, p);         /* says what is wrong */
    if (q != QUANTIZE_NONE)
        return seek_quantized(s, seconds, q, p);
    show_prepare_at(s, seconds);
    return player_seek(s->player, seconds, NAN, p);
}

/* From the nearest place to the nearest, one beat or bar at least, inside the track. */
static enum lm_err quantize_loop(struct show *s, enum quantize q, double duration, double *start, double *end, struct problem *p)
{
    struct shared *shared = grid_for(s, q, p);
    const struct beatgrid *g = shared_get(shared);

    if (!g)
        return p->err;
    double from = quantize_nearest(g, q, *start, duration), to = quantize_nearest(g, q, *end, duration);
    if (isfinite(from) && to <= from)
        to = quantize_next(g, q, from);
    if (to > duration) {                /* the last one of the track */
        to = quantize_before(g, q, duration);
        from = quantize_before(g, q, to - 2e-6);
    }
    shared_unref(shared);
    if (!(from >= 0 && to > from && to <= duration))
        return problem_set(p, LM_CONFLICT, "There is no whole %s in this track to loop.", quantize_names[q]);
    *start = from, *end = to;
    return LM_OK;
}

enum lm_err show_loop(struct show *s, bool enabled, double start, double end, enum quantize q, struct problem *p)
{
    struct player_now now;
    enum lm_err err = LM_OK;

    player_now(s->player, clock_mono_ns(), &now);
    if (enabled && q != QUANTIZE_NONE && now.loaded && start >= 0 && start < end && end <= now.duration)       /* else the player says what is wrong */
        err = quantize_loop(s, q, now.duration, &start, &end, p);
    if (!err && !(err = player_loop(s->player, enabled, start, end, p)))
        show_keep_light(s);
    return err;
}

enum lm_err show_marker(struct show *s, const char *marker_id, double *start, double *end, struct problem *p)
{
    struct db_conn *c = db_reader_take(s->o.db);
    json_t *row = NULL;
    char track[UUID_SIZE];
    enum lm_err err = row_get(c, &track_markers_table, marker_id, &row, NULL);

    db_reader_put(s->o.db, c);
    pthread_mutex_lock(&s->view);
    memcpy(track, s->loaded_track, sizeof(track));
    pthread_mutex_unlock(&s->view);
    if (err)
        return err == LM_NOT_FOUND || err == LM_INVALID ? problem_add(p, "/marker_id", "there is no such marker") : err;
    *start = json_get_real(row, "start_time", 0);
    *end = json_get_real(row, "end_time", NAN);
    if (!track[0] || strcmp(json_get_text(row, "track_id", ""), track) != 0)
        err = problem_set(p, LM_CONFLICT, "This marker is on a track that is not loaded.");
    json_decref(row);
    return err;
}
