#include "show/listening.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"
#include "dsp/dmath.h"
#include "show/state.h"

_Static_assert((int)SHOW_STEMS == (int)JOBS_STEMS && (int)SHOW_STEMS == (int)PLAYER_STEMS, "they are the same four");

#define CLICK_DB -12.0

void listening_init(struct listening *l)
{
    pthread_mutex_init(&l->change, NULL);
    pthread_mutex_init(&l->lock, NULL);
    l->decoding = -1;
    l->click_db = CLICK_DB;
    l->calibration.fd = -1;
}

void listening_clear(struct listening *l)
{
    calibration_clear(&l->calibration);
    shared_unref(l->grid), shared_unref(l->next_grid);
    pthread_mutex_destroy(&l->change);
    pthread_mutex_destroy(&l->lock);
}

/* ---- the metronome ---- */

/* The ticks of a grid; a grid that is only assumed has none. */
static enum lm_err give_beats(struct show *s, bool is_next, const struct beatgrid *g, struct problem *p)
{
    size_t n = g && !g->is_assumed ? g->n : 0;
    double *beats = calloc(n + 1, sizeof(*beats));
    bool *is_one = calloc(n + 1, sizeof(*is_one));
    enum lm_err err = beats && is_one ? LM_OK : LM_NOMEM;

    for (size_t i = 0; i < n && !err; i++) {
        int64_t bar;
        double in_bar;
        beats[i] = g->beats[i];
        beatgrid_bar(g, g->beats[i] + 0.001, &bar, &in_bar);   /* rounding must not put it at the end of the bar before */
        is_one[i] = in_bar < 0.1;
    }
    if (!err)
        err = player_set_beats(s->player, is_next, beats, is_one, n, p);
    free(beats), free(is_one);
    return err;
}

enum lm_err show_put_metronome(struct show *s, bool is_on, double db, struct problem *p)
{
    struct listening *l = &s->listening;

    pthread_mutex_lock(&l->change);
    enum lm_err err = player_set_click(s->player, is_on, db, p);
    if (!err) {
        pthread_mutex_lock(&l->lock);
        l->clicks = is_on;
        l->click_db = db;
        pthread_mutex_unlock(&l->lock);
        atomic_store(&s->hearing_changed, true);
    }
    pthread_mutex_unlock(&l->change);
    if (!err)
        show_audio_changed(s);
    return err;
}

void show_get_metronome(struct show *s, bool *is_on, double *db)
{
    pthread_mutex_lock(&s->listening.lock);
    *is_on = s->listening.clicks;
    *db = s->listening.click_db;
    pthread_mutex_unlock(&s->listening.lock);
}

/* ---- stems ---- */

/* What is muted is not heard; where something is alone only that is. True: all as they were separated. */
static bool gains_of(const struct show_stem stem[SHOW_STEMS], float gain[SHOW_STEMS])
{
    bool is_alone = false, is_mix = true;

    for (int i = 0; i < SHOW_STEMS; i++)
        is_alone |= stem[i].solo;
    for (int i = 0; i < SHOW_STEMS; i++) {
        bool is_heard = !stem[i].mute && (stem[i].solo || !is_alone) && stem[i].gain_db > SHOW_STEM_DB_MIN;
        gain[i] = !is_heard ? 0 : stem[i].gain_db == 0 ? 1 : dsp_pow(10, (float)stem[i].gain_db / 20);
        is_mix &= gain[i] == 1;
    }
    return is_mix;
}

/* All of it in one piece, so that no answer says that a wish is heard which is not. `why`: it cannot be, and the track is heard as it is. */
static void settle(struct listening *l, const struct show_stem wish[SHOW_STEMS], double decoding, const char *why)
{
    pthread_mutex_lock(&l->lock);
    l->decoding = decoding;
    str_copy(l->problem, sizeof(l->problem), why);
    if (*why)
        memset(l->stem, 0, sizeof(l->stem));
    else if (wish != l->stem)
        memcpy(l->stem, wish, sizeof(l->stem));
    pthread_mutex_unlock(&l->lock);
}

static bool is_still_on(struct show *s)
{
    pthread_mutex_lock(&s->view);
    bool is_on = s->loaded_serial == s->listening.serial;
    pthread_mutex_unlock(&s->view);
    return is_on;
}

/* On the player, unless another track took its place meanwhile, whose stems are another matter. */
static enum lm_err give_stems(struct show *s, char *const path[SHOW_STEMS], const float gain[SHOW_STEMS], struct problem *p)
{
    enum lm_err err = LM_OK;

    pthread_mutex_lock(&s->audio);
    if (is_still_on(s))
        err = player_set_stems(s->player, false, path ? (const char *const *)path : NULL, gain, p);
    s->listening.are_on = path && !err;
    pthread_mutex_unlock(&s->audio);
    return err;
}

/* What is asked for is heard, or waits for its stems, which are decoded first of all when `timeout_ms` is not 0. */
static enum lm_err apply_stems(struct show *s, const struct show_stem wish[SHOW_STEMS], int timeout_ms, struct problem *p)
{
    struct listening *l = &s->listening;
    char *path[SHOW_STEMS] = { NULL };
    float gain[SHOW_STEMS];
    double progress = 0;
    enum lm_err err = LM_OK;

    if (gains_of(wish, gain)) {
        if (l->are_on)
            err = give_stems(s, NULL, gain, p);
        settle(l, wish, -1, "");
        return err;
    }
    struct db_conn *c = db_reader_take(s->o.db);
    err = jobs_stems_stereo(s->o.jobs, c, l->track, timeout_ms, path, &progress, p);
    db_reader_put(s->o.db, c);
    if (err == LM_BUSY) {
        problem_clear(p);
        settle(l, wish, progress, "");
        return LM_OK;
    }
    for (int i = 0; i < SHOW_STEMS && !err; i++)
        if (!path[i])
            err = problem_set(p, LM_CONFLICT, "This track has not all of its stems here: run the job stems of the track.");
    if (!err)
        err = give_stems(s, path, gain, p);
    for (int i = 0; i < SHOW_STEMS; i++)
        free(path[i]);
    settle(l, wish, -1, !err ? "" : p->detail[0] ? p->detail : lm_err_text(err));
    return err;
}

static bool look_for_stems(struct show *s, const char *track_id)
{
    struct track_stem stems[TRACK_STEMS];
    size_t n = 0, found = 0;
    struct db_conn *c = db_reader_take(s->o.db);

    if (!track_stem_files(c, track_id, stems, &n, NULL))
        for (size_t i = 0; i < n; i++)
            for (int k = 0; k < SHOW_STEMS; k++)
                found += !strcmp(stems[i].name, jobs_stem_names[k]);
    db_reader_put(s->o.db, c);
    track_stems_free(stems, n);
    return found == SHOW_STEMS;
}

/* ---- following the track ---- */

/* `change` held, and no reader. */
static void follow(struct show *s)
{
    struct listening *l = &s->listening;
    char track[UUID_SIZE];

    pthread_mutex_lock(&s->view);
    uint64_t serial = s->loaded_serial;
    struct shared *grid = shared_ref(s->loaded_grid);
    memcpy(track, s->loaded_track, sizeof(track));
    pthread_mutex_unlock(&s->view);
    bool is_new = serial != l->serial, is_test = l->calibration.is_on && serial == l->calibration.serial;
    bool must_look = !is_test && atomic_exchange(&l->must_look, false);
    if (is_test || (!is_new && grid == l->grid && !must_look)) {
        shared_unref(grid);
        return;
    }
    bool has_stems = (is_new || must_look) && track[0] ? look_for_stems(s, track) : l->has_stems && track[0];
    bool has_beats = is_new ? serial == l->next_serial && grid == l->next_grid : grid == l->grid;
    pthread_mutex_lock(&l->lock);
    if (strcmp(track, l->track)) {      /* loaded again it is heard as it was */
        memset(l->stem, 0, sizeof(l->stem));
        l->problem[0] = '\0';
        l->decoding = -1;
    }
    memcpy(l->track, track, sizeof(track));
    l->serial = serial;
    l->has_stems = has_stems;
    pthread_mutex_unlock(&l->lock);
    shared_unref(l->grid);
    l->grid = grid;
    l->are_on &= !is_new;

    struct problem p;
    float gain[SHOW_STEMS];
    problem_clear(&p);
    if (!has_beats && serial) {
        pthread_mutex_lock(&s->audio);
        if (is_still_on(s))
            give_beats(s, false, shared_get(grid), &p);
        pthread_mutex_unlock(&s->audio);
    }
    if (serial && !gains_of(l->stem, gain))
        apply_stems(s, l->stem, 0, &p);
    show_audio_changed(s);
}

/* The ticks of the track that follows must be there before it is heard. `change` held. */
static void follow_next(struct show *s)
{
    struct listening *l = &s->listening;
    struct problem p;

    pthread_mutex_lock(&s->view);
    uint64_t serial = s->next.serial;
    struct shared *grid = shared_ref(s->next.grid);
    pthread_mutex_unlock(&s->view);
    if (serial && (serial != l->next_serial || grid != l->next_grid)) {
        problem_clear(&p);
        pthread_mutex_lock(&s->audio);          /* on the player by now */
        pthread_mutex_lock(&s->view);
        bool is_still_next = s->next.serial == serial;
        pthread_mutex_unlock(&s->view);
        if (is_still_next)
            give_beats(s, true, shared_get(grid), &p);
        else
            serial = 0;
        pthread_mutex_unlock(&s->audio);
    }
    shared_unref(l->next_grid);
    l->next_grid = grid;
    l->next_serial = serial;
}

void show_listening_look(struct show *s)
{
    atomic_store(&s->listening.must_look, true);
}

void show_listening_tick(struct show *s)
{
    struct listening *l = &s->listening;
    struct problem p;

    /* Whoever changes something may be loading a track: the next time will do. */
    if (pthread_mutex_trylock(&l->change))
        return;
    problem_clear(&p);
    calibration_check(s);
    follow(s);
    follow_next(s);
    if (l->decoding >= 0) {
        apply_stems(s, l->stem, 0, &p);
        if (l->decoding < 0)
            show_audio_changed(s);
    }
    pthread_mutex_unlock(&l->change);
}

/* ---- for api/ ---- */

void show_get_stems(struct show *s, struct show_stem stem[SHOW_STEMS])
{
    pthread_mutex_lock(&s->listening.lock);
    memcpy(stem, s->listening.stem, sizeof(s->listening.stem));
    pthread_mutex_unlock(&s->listening.lock);
}

enum lm_err show_put_stems(struct show *s, const struct show_stem stem[SHOW_STEMS], struct problem *p)
{
    struct listening *l = &s->listening;
    float gain[SHOW_STEMS];
    enum lm_err err = LM_OK;

    pthread_mutex_lock(&l->change);
    follow(s);
    if (!l->track[0] || l->calibration.is_on)
        err = problem_set(p, LM_CONFLICT, l->calibration.is_on ? "The room is being calibrated: end that first." : "No track is loaded.");
    else if (!gains_of(stem, gain) && !l->has_stems)
        err = problem_set(p, LM_CONFLICT, "This track has no stems here: run the job stems of the track.");
    if (!err)
        err = apply_stems(s, stem, 1, p);
    pthread_mutex_unlock(&l->change);
    show_audio_changed(s);
    return err;
}

json_t *show_listening_json(struct show *s)
{
    struct listening *l = &s->listening;

    pthread_mutex_lock(&l->lock);
    json_t *stems = json_pack("{s:b, s:o, s:o}", "available", (int)l->has_stems, "decoding", l->decoding < 0 ? json_null() : json_real(l->decoding), "problem",
                              l->problem[0] ? json_string(l->problem) : json_null());
    for (int i = 0; i < SHOW_STEMS; i++)
        json_object_set_new(stems, jobs_stem_names[i], json_pack("{s:f, s:b, s:b}", "gain_db", l->stem[i].gain_db, "mute", (int)l->stem[i].mute, "solo", (int)l->stem[i].solo));
    json_t *v = json_pack("{s:o, s:{s:b, s:f}, s:o}", "stems", stems, "metronome", "enabled", (int)l->clicks, "db", l->click_db, "calibration",
                          calibration_json(&l->calibration));
    pthread_mutex_unlock(&l->lock);
    return v;
}
