/* What lumad begins with: the autoplay, or the show that was on when it stopped. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "db/domain.h"
#include "show/state.h"

static json_t *hidden(struct show *s, const char *key)
{
    struct db_conn *c = db_reader_take(s->o.db);
    json_t *v = NULL;

    if (setting_hidden_get(c, key, &v))
        v = NULL;
    db_reader_put(s->o.db, c);
    return v;
}

static json_t *defaults(void)
{
    return json_pack("{s:b, s:n, s:n, s:s, s:b}", "enabled", 0, "venue_id", "score_id", "repeat", "once", "resume", 1);
}

enum lm_err show_autoplay_get(struct show *s, json_t **json, struct problem *p)
{
    json_t *stored = hidden(s, "autoplay");

    (void)p;
    *json = defaults();
    if (stored)
        json_object_update(*json, stored);
    json_decref(stored);
    return *json ? LM_OK : LM_NOMEM;
}

static enum lm_err check_row(struct db_conn *c, const struct table *t, const json_t *body, const char *key, bool needed, struct problem *p)
{
    const json_t *v = json_object_get(body, key);
    json_t *row = NULL;
    char path[40];

    snprintf(path, sizeof(path), "/%s", key);
    if (!v || json_is_null(v))
        return needed ? problem_add(p, path, "is needed for the show to start by itself") : LM_OK;
    if (!json_is_string(v) || row_get(c, t, json_string_value(v), &row, NULL))
        return problem_add(p, path, "there is no such %s", t->one);
    json_decref(row);
    return LM_OK;
}

static enum lm_err store(struct db_conn *c, void *arg, struct problem *p)
{
    const json_t *v = arg;
    bool on = json_get_bool(v, "enabled", false);

    if (on && (!json_is_string(json_object_get(v, "venue_id")) || !json_is_string(json_object_get(v, "score_id"))))
        problem_set(p, LM_INVALID, "A show that starts by itself needs a venue and a score: choose both first.");
    check_row(c, &venues_table, v, "venue_id", on, p);
    check_row(c, &scores_table, v, "score_id", on, p);
    return p->err ? p->err : setting_hidden_set(c, "autoplay", v, p);
}

enum lm_err show_autoplay_put(struct show *s, const json_t *body, json_t **json, struct problem *p)
{
    static const char *const known[] = { "enabled", "venue_id", "score_id", "repeat", "resume", NULL };
    enum lm_err err = json_only(body, known, p);

    if (err)
        return err;
    const json_t *repeat = json_object_get(body, "repeat");
    static const char *const flags[] = { "enabled", "resume" };
    for (size_t i = 0; i < 2; i++)
        if (json_object_get(body, flags[i]) && !json_is_boolean(json_object_get(body, flags[i])))
            problem_add(p, i ? "/resume" : "/enabled", "must be true or false");
    if (repeat && (!json_is_string(repeat) || (strcmp(json_string_value(repeat), "once") && strcmp(json_string_value(repeat), "loop"))))
        problem_add(p, "/repeat", "must be once or loop");
    if (p->err)
        return p->err;
    json_t *v = defaults();
    json_object_update(v, (json_t *)body);
    err = db_write(s->o.db, store, v, p);
    if (err)
        json_decref(v);
    else
        *json = v;
    return err;
}

/* ---- the last position, in state.db ---- */

bool show_save_position(struct show *s, bool clean)
{
    struct player_now now;
    char track[UUID_SIZE], score[UUID_SIZE];

    if (show_is_calibrating(s))
        return true;                    /* the place kept before is where it goes on */
    player_now(s->player, clock_mono_ns(), &now);
    pthread_mutex_lock(&s->view);
    memcpy(track, s->loaded_track, sizeof(track));
    memcpy(score, s->viewed_score, sizeof(score));
    pthread_mutex_unlock(&s->view);
    if (track[0])
        atomic_store(&s->has_place, true);
    if (!atomic_load(&s->has_place))
        return true;                    /* nothing was on yet, it may still be decoded: the place kept before holds */
    json_t *v = json_pack("{s:s, s:s, s:f, s:b, s:b, s:f, s:f, s:b}", "track_id", track, "score_id", score, "position", now.position, "playing",
                          (int)now.playing, "loop", (int)now.loop, "loop_start", now.loop_start, "loop_end", now.loop_end, "clean", (int)clean);
    char *text = json_text(v);
    bool saved = text && !db_state_set(s->o.db, "position", text);
    free(text);
    json_decref(v);
    return saved;
}

static json_t *saved_position(struct show *s)
{
    char *text = NULL;
    json_t *v = NULL;

    if (db_state_get(s->o.db, "position", &text))
        return NULL;
    if (json_parse(text, strlen(text), &v, NULL))
        v = NULL;
    free(text);
    return v;
}

static void read_choice(const json_t *v, struct show_choice *choice)
{
    const char *mode = json_get_text(v, "mode", "off");

    *choice = (struct show_choice){ .mode = MODE_OFF };
    snprintf(choice->venue, sizeof(choice->venue), "%s", json_get_text(v, "venue_id", ""));
    snprintf(choice->score, sizeof(choice->score), "%s", json_get_text(v, "score_id", ""));
    for (int i = 0; show_mode_names[i]; i++)
        if (!strcmp(mode, show_mode_names[i]))
            choice->mode = (enum show_mode)i;
}

void show_autoplay_choice(struct show *s, struct show_choice *choice)
{
    json_t *autoplay = hidden(s, "autoplay"), *last = hidden(s, "show");

    read_choice(last, choice);
    if (json_get_bool(autoplay, "enabled", false)) {
        read_choice(autoplay, choice);
        choice->mode = MODE_SCORE;
    }
    json_decref(autoplay), json_decref(last);
}

void show_autoplay_play(struct show *s)
{
    json_t *autoplay = hidden(s, "autoplay"), *saved = saved_position(s);
    bool is_auto = json_get_bool(autoplay, "enabled", false);
    /* Not stopped by hand and still playing: power was cut or lumad was killed, so the show goes on. */
    bool was_cut = saved && !json_get_bool(saved, "clean", true) && json_get_bool(saved, "playing", false);
    char track[UUID_SIZE];
    struct show_choice choice;
    struct problem p;

    problem_clear(&p);
    pthread_mutex_lock(&s->control);
    memcpy(track, s->now.score_track, sizeof(track));
    choice = s->choice;
    pthread_mutex_unlock(&s->control);
    if (is_auto && show_remember(s, &choice, &p))
        log_warn("show", "the show is not remembered: %s", p.detail);

    bool same = saved && track[0] && !strcmp(json_get_text(saved, "score_id", ""), choice.score) && !strcmp(json_get_text(saved, "track_id", ""), track);
    if (choice.mode != MODE_SCORE || !track[0])
        goto out;
    enum lm_err err = show_load_for(s, track, 0, 0, 0, &p);
    if (err) {
        if (!atomic_load(&s->stop) && err != LM_CONFLICT)       /* conflict: an operator was faster and chose another one */
            warnings_raise(s->o.warnings, "show.track", "error", "The track of the show cannot be played: %s", p.detail);
        goto out;
    }
    struct player_now now;
    player_now(s->player, clock_mono_ns(), &now);
    if (same && (is_auto ? json_get_bool(autoplay, "resume", true) : true)) {
        double at = json_get_real(saved, "position", 0);
        if (at > 0 && at < now.duration - 0.05)
            show_seek(s, at, QUANTIZE_NONE, &p);
    }
    if (is_auto && !strcmp(json_get_text(autoplay, "repeat", "once"), "loop"))
        show_loop(s, true, 0, now.duration, QUANTIZE_NONE, &p);
    else if (same && was_cut && json_get_bool(saved, "loop", false))
        show_loop(s, true, json_get_real(saved, "loop_start", 0), json_get_real(saved, "loop_end", now.duration), QUANTIZE_NONE, &p);
    if ((is_auto || (same && was_cut)) && !atomic_load(&s->hand_paused)) {
        show_play(s, &p);
        if (atomic_load(&s->hand_paused))       /* pressed meanwhile: a hand is always stronger */
            player_pause(s->player);
        player_now(s->player, clock_mono_ns(), &now);
        log_info("show", "%s from %.1f s", was_cut ? "resumed after a cut" : "started by itself", now.position);
    }
out:
    json_decref(autoplay), json_decref(saved);
}
