#include "show/show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/output.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/thread.h"
#include "db/domain.h"
#include "show/chains.h"
#include "show/preview.h"
#include "show/state.h"

enum { RETRY_MS = 1000, FULL_MS = 30000, EVENT_QUEUE = 256, CACHE_BYTES = 256 << 20 };

const char *const show_mode_names[] = { "off", "score", "live", NULL };

/* ---- life ---- */

/* Where light is taken from the score. */
static double playhead(void *ctx)
{
    struct show *s = ctx;
    struct player_now now;

    player_now(s->player, clock_mono_ns(), &now);
    return show_light_at(s, now.position);
}

void show_audio_changed(struct show *s)
{
    atomic_fetch_add(&s->audio_serial, 1);
    pthread_mutex_lock(&s->news_lock);
    if (s->audio_news)
        s->audio_news(s->audio_news_ctx);
    pthread_mutex_unlock(&s->news_lock);
}

static void count_losses(struct show *s)
{
    struct player_device d;

    player_get_device(s->player, &d);
    if (d.lost && !s->was_lost)
        atomic_fetch_add(&s->losses, 1);
    s->was_lost = d.lost;
}

void show_follow_audio(struct show *s, void (*news)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&s->news_lock);
    s->audio_news = news;
    s->audio_news_ctx = ctx;
    pthread_mutex_unlock(&s->news_lock);
}

static void player_changed(void *ctx)
{
    struct show *s = ctx;
    struct player_now now;

    if (!atomic_load(&s->has_player))   /* it is being made, and nothing is loaded */
        return;
    player_now(s->player, clock_mono_ns(), &now);
    count_losses(s);
    show_take_over(s, now.serial);
    show_audio_changed(s);
    event_wake(s->listener);            /* another device may have another chain of effects; the engine is told of another track */
}

enum lm_err show_new(const struct show_options *o, struct show **result)
{
    struct show *s = calloc(1, sizeof(*s));
    enum lm_err err = LM_NOMEM;

    if (!s)
        return LM_NOMEM;
    s->o = *o;
    s->now.rate_hz = 44;
    s->now.max_brightness = 1;
    s->now.cache_bytes = CACHE_BYTES;
    s->now.exit_blackout = true;
    atomic_init(&s->master, 1);
    pthread_mutex_init(&s->control, NULL);
    pthread_mutex_init(&s->view, NULL);
    pthread_mutex_init(&s->chains, NULL);
    pthread_mutex_init(&s->audio, NULL);
    pthread_mutex_init(&s->levels, NULL);
    pthread_mutex_init(&s->tests.lock, NULL);
    pthread_mutex_init(&s->news_lock, NULL);
    listening_init(&s->listening);

    if (!(s->listener = event_listen(o->bus, EVENT_QUEUE, NULL, NULL)))
        goto out;
    char wish[OUTPUT_WISH];
    show_stored_output(o, wish);
    struct player_options player = { .device = wish, .changed = player_changed, .ctx = s };
    if ((err = player_new(&player, &s->player)))
        goto out;
    show_start_input(s);
    struct engine_options engine = { s->player, o->real_time, o->rt_priority, s->now.rate_hz };
    if ((err = engine_new(&engine, &s->engine)))
        goto out;
    struct pool_options pool = { o->compile_threads, playhead, engine_frames(s->engine), s, CACHE_BYTES };
    if (!(s->previews = previews_new()) || !(s->pool = pool_new(&pool)))
        err = LM_NOMEM;
    atomic_store(&s->has_player, !err);
out:
    if (err) {
        show_free(s);
        return err;
    }
    *result = s;
    return LM_OK;
}

void show_free(struct show *s)
{
    if (!s)
        return;
    show_stop(s);
    pool_free(s->pool);                 /* counts the engine's frames to the end */
    engine_free(s->engine);
    show_light_clear(&s->now);
    show_forget_graphs(s);
    shared_unref(s->viewed_space);
    wire_free(s->wire);
    previews_free(s->previews);
    dmx_tests_clear(&s->tests);
    player_free(s->player);
    shared_unref(s->loaded_grid);       /* the player may come to the next track until then */
    shared_unref(s->next.grid);
    event_unlisten(s->listener);        /* the player wakes it */
    pthread_mutex_destroy(&s->control);
    pthread_mutex_destroy(&s->view);
    pthread_mutex_destroy(&s->chains);
    pthread_mutex_destroy(&s->audio);
    pthread_mutex_destroy(&s->levels);
    pthread_mutex_destroy(&s->news_lock);
    listening_clear(&s->listening);
    free(s->level);
    free(s);
}

/* ---- the control thread ---- */

static unsigned drain(struct show *s, int timeout_ms)
{
    struct event e;
    unsigned dirty = 0;
    bool chains = false;

    if (!event_wait(s->listener, &e, timeout_ms)) {
        show_chain_follow(s);
        return 0;
    }
    do {
        dirty |= show_dirty_of(e.table);
        chains |= !strcmp(e.table, "audio_chains") || !strcmp(e.table, "*");
        if (!strcmp(e.table, "tracks") && e.op == 'd')
            show_forget_track(s, e.id);
    } while (event_poll(s->listener, &e));
    if (chains)
        show_chain_load(s);
    else
        show_chain_follow(s);
    return dirty;
}

/* Returns what is still to do: a change that could not be followed is not forgotten. */
static unsigned react(struct show *s, unsigned dirty)
{
    struct problem p;

    problem_clear(&p);
    pthread_mutex_lock(&s->control);
    s->yields = true, s->is_overtaken = false;
    enum lm_err err = show_reload(s, &s->choice, dirty, &p);
    bool is_overtaken = s->is_overtaken;
    s->yields = s->is_overtaken = false;
    pthread_mutex_unlock(&s->control);
    if (err && is_overtaken)
        return dirty;
    if (err)
        warnings_raise(s->o.warnings, "show.reload", "error", "The show could not follow a change: %s. It goes on as it was and tries again.",
                       p.detail[0] ? p.detail : lm_err_text(err));
    else
        warnings_lower(s->o.warnings, "show.reload");
    if (dirty & DIRTY_GRID)
        show_loaded_changed(s);
    if (dirty & DIRTY_STEMS)
        show_listening_look(s);
    if (!err && dirty & DIRTY_PATCH)            /* its groups are what GET /show lists */
        event_publish(s->o.bus, &(struct event){ .table = "show", .op = 'u' }, 1);
    return err ? dirty : 0;
}

/* Decoding may take long, edits do not wait for it. */
static void *starter(void *arg)
{
    struct show *s = arg;

    show_autoplay_play(s);
    atomic_store(&s->has_begun, !atomic_load(&s->stop));        /* stopped while it waited: the place kept before still holds */
    return NULL;
}

static void *control(void *arg)
{
    struct show *s = arg;
    int64_t saved = clock_mono_ns(), collected = saved, checked = 0, tried = 0;
    unsigned left = 0;

    struct engine_stats stats;
    engine_get_stats(s->engine, &stats);
    if (s->o.real_time && !stats.is_real_time)
        log_warn("show", "ordinary scheduling: SCHED_FIFO %d is not permitted, so light is only as steady as the machine is idle", s->o.rt_priority);
    while (!atomic_load(&s->stop)) {
        unsigned dirty = drain(s, 250) | (previews_ended(s->previews) ? DIRTY_SCORE | DIRTY_GRAPHS : 0);
        int64_t now = clock_mono_ns();

        if (atomic_exchange(&s->has_taken_over, false))
            show_taken_over(s);
        if (dirty || (left && now - tried > RETRY_MS * INT64_C(1000000))) {
            left = react(s, dirty | left);
            tried = now;
        }
        show_listening_tick(s);
        if (now - checked > 500000000) {
            show_check(s);
            show_check_previews(s);
            checked = now;
        }
        if (now - saved > 1000000000) {
            saved = now;
            if (!show_save_levels(s) || !show_save_hearing(s) || (atomic_load(&s->has_begun) && !show_save_position(s, false)))
                saved += FULL_MS * INT64_C(1000000);            /* a full disk is said by the database each time */
        }
        if (now - collected > 1000000000) {
            collected = now;
            pthread_mutex_lock(&s->control);
            show_collect(s);
            pthread_mutex_unlock(&s->control);
        }
    }
    return NULL;
}

enum lm_err show_start(struct show *s)
{
    struct thread_options t = { .name = "show", .stack = 512 << 10 }, first = { .name = "autoplay", .stack = 512 << 10 };
    struct show_choice choice;
    struct problem p;
    enum lm_err err;

    problem_clear(&p);
    show_load_hearing(s);
    pthread_mutex_lock(&s->control);
    if ((err = engine_start(s->engine)))
        goto out;
    show_load_levels(s);
    show_chain_load(s);
    show_autoplay_choice(s, &choice);
    if ((err = show_reload(s, &choice, DIRTY_ALL, &p))) {
        log_error("show", "the last show cannot be put on: %s", p.detail[0] ? p.detail : lm_err_text(err));
        choice = (struct show_choice){ .mode = MODE_OFF };
        err = show_reload(s, &choice, DIRTY_ALL, &p);
    }
    if (!err && !(err = thread_start(&s->thread, &t, control, s)))
        s->has_thread = true;
    if (!err && !(err = thread_start(&s->starter, &first, starter, s)))
        s->has_starter = true;
out:
    pthread_mutex_unlock(&s->control);
    return err;
}

void show_leave(struct show *s)
{
    if (s)
        atomic_store(&s->stop, true);
}

void show_stop(struct show *s)
{
    if (!s || !s->engine || atomic_exchange(&s->stopped, true))
        return;
    show_leave(s);
    if (s->listener)
        event_wake(s->listener);
    if (s->has_starter)
        pthread_join(s->starter, NULL);
    if (s->has_thread)
        pthread_join(s->thread, NULL);
    if (atomic_load(&s->has_begun))
        show_save_position(s, true);
    show_save_levels(s);
    show_save_hearing(s);
    engine_stop(s->engine);
    show_collect(s);
    if (s->now.outputs)
        output_set_retire(s->o.outputs, shared_get(s->now.outputs), NULL, s->now.exit_blackout);
}

/* ---- GET and PUT /show ---- */

static json_t *text_or_null(const char *s)
{
    return *s ? json_string(s) : json_null();
}

enum lm_err show_get(struct show *s, json_t **json, struct problem *p)
{
    (void)p;
    pthread_mutex_lock(&s->control);
    const struct show_choice *on = &s->now.choice;
    *json = json_pack("{s:o, s:o, s:o, s:s, s:b, s:b, s:f, s:o}", "venue_id", text_or_null(on->venue), "score_id", text_or_null(on->score),
                      "track_id", text_or_null(s->now.score_track), "mode", show_mode_names[on->mode], "blackout",
                      (int)atomic_load(&s->blackout), "freeze", (int)atomic_load(&s->freeze), "master", (double)atomic_load(&s->master),
                      "group_masters", show_group_masters(s, shared_get(s->now.patch)));
    pthread_mutex_unlock(&s->control);
    return *json ? LM_OK : LM_NOMEM;
}

/* One id member: absent keeps, null empties. */
static void read_id(const json_t *body, const char *key, char id[UUID_SIZE], struct problem *p)
{
    const json_t *v = json_object_get(body, key);
    char path[64];

    snprintf(path, sizeof(path), "/%s", key);
    if (json_is_null(v))
        id[0] = 0;
    else if (v && (!json_is_string(v) || !uuid_valid(json_string_value(v))))
        problem_add(p, path, "must be an id or null");
    else if (v)
        memcpy(id, json_string_value(v), UUID_SIZE);
}

static enum lm_err read_choice(struct show *s, const json_t *body, struct show_choice *choice, struct problem *p)
{
    static const char *const known[] = { "venue_id", "score_id", "mode", NULL };
    struct db_conn *c;
    json_t *score = NULL, *venue = NULL;
    enum lm_err err = json_only(body, known, p);

    if (err)
        return err;
    const json_t *mode = json_object_get(body, "mode"), *score_id = json_object_get(body, "score_id");
    read_id(body, "venue_id", choice->venue, p);
    read_id(body, "score_id", choice->score, p);
    if (mode) {
        int i = 0;
        while (show_mode_names[i] && !(json_is_string(mode) && !strcmp(show_mode_names[i], json_string_value(mode))))
            i++;
        if (!show_mode_names[i])
            problem_add(p, "/mode", "must be off, score or live");
        else
            choice->mode = (enum show_mode)i;
    } else if (json_is_string(score_id)) {
        choice->mode = MODE_SCORE;
    }
    if (p->err)
        return p->err;

    c = db_reader_take(s->o.db);
    if (choice->score[0]) {
        if (row_get(c, &scores_table, choice->score, &score, NULL)) {
            err = problem_add(p, "/score_id", "there is no such score");
        } else {
            const char *of = json_get_text(score, "venue_id", "");
            if (!*of)
                ;                               /* a score for any room: it plays where it is put */
            else if (!json_object_get(body, "venue_id"))
                snprintf(choice->venue, sizeof(choice->venue), "%s", of);
            else if (strcmp(of, choice->venue) && !score_id)
                choice->score[0] = 0;           /* another venue was asked for, and nothing said of the score */
            else if (strcmp(of, choice->venue))
                err = problem_add(p, "/score_id", "this score was made for another venue");
        }
    }
    if (!err && choice->venue[0] && row_get(c, &venues_table, choice->venue, &venue, NULL))
        err = problem_add(p, "/venue_id", "there is no such venue");
    db_reader_put(s->o.db, c);
    json_decref(score), json_decref(venue);
    return err;
}

static enum lm_err write_choice(struct db_conn *c, void *arg, struct problem *p)
{
    const struct show_choice *choice = arg;
    json_t *v = json_pack("{s:o, s:o, s:s}", "venue_id", text_or_null(choice->venue), "score_id", text_or_null(choice->score), "mode",
                          show_mode_names[choice->mode]);
    enum lm_err err = setting_hidden_set(c, "show", v, p);

    json_decref(v);
    return err;
}

enum lm_err show_remember(struct show *s, const struct show_choice *choice, struct problem *p)
{
    struct show_choice copy = *choice;

    return db_write(s->o.db, write_choice, &copy, p);
}

enum lm_err show_put(struct show *s, const json_t *body, json_t **json, struct problem *p)
{
    struct show_choice choice;
    struct problem forgetful;
    char track[UUID_SIZE];
    enum lm_err err;

    problem_clear(&forgetful);
    pthread_mutex_lock(&s->control);
    choice = s->now.choice;
    if (!(err = read_choice(s, body, &choice, p)))
        err = show_reload(s, &choice, DIRTY_ALL, p);
    uint64_t put = err ? 0 : ++s->puts;
    memcpy(track, s->now.score_track, sizeof(track));
    /* It is on, whether the disk takes it or not: an operator must be able to change the show when it is full. */
    bool is_kept = err || !show_remember(s, &choice, &forgetful);
    pthread_mutex_unlock(&s->control);
    if (err)
        return err;
    if (is_kept)
        warnings_lower(s->o.warnings, "show.remember");
    else
        warnings_raise(s->o.warnings, "show.remember", "warn", "The show is on, but a restart will not know of it: %s", forgetful.detail);

    if (choice.mode == MODE_SCORE && track[0] && (err = show_load_for(s, track, 0, 0, put, p)))
        return err;
    event_publish(s->o.bus, &(struct event){ .table = "show", .op = 'u' }, 1);
    return show_get(s, json, p);
}

#define IDENTIFY_NS INT64_C(600000000)

enum lm_err show_identify(struct show *s, const char *fixture_id, struct problem *p)
{
    size_t first = 0, n = 0;

    pthread_mutex_lock(&s->control);
    const struct patch *patch = shared_get(s->now.patch);
    for (size_t i = 0; i < patch->n_fixtures; i++)
        if (!strcmp(patch->fixtures[i].row.id, fixture_id))
            first = patch->fixtures[i].head_first, n = patch->fixtures[i].head_count;
    pthread_mutex_unlock(&s->control);
    if (!n)
        return problem_set(p, LM_CONFLICT, "Only fixtures of the active venue can be identified. Make its venue active first.");
    engine_post_identify(s->engine, first, n, clock_mono_ns() + IDENTIFY_NS);
    return LM_OK;
}

enum lm_err show_identify_group(struct show *s, const char *group_id, struct problem *p)
{
    const struct patch_group *group = NULL;
    size_t n = 0;

    pthread_mutex_lock(&s->control);
    const struct patch *patch = shared_get(s->now.patch);
    for (size_t i = 0; patch && !group && i < patch->n_groups; i++)
        if (!strcmp(patch->groups[i].id, group_id))
            group = &patch->groups[i];
    n = group ? group->n_heads : 0;
    pthread_mutex_unlock(&s->control);
    if (!group)
        return problem_set(p, LM_CONFLICT, "Only groups of the active venue can be identified. Make its venue active first.");
    if (!n)
        return problem_set(p, LM_CONFLICT, "The group has no fixtures, so there is nothing to light.");
    engine_post_identify_group(s->engine, group_id, clock_mono_ns() + IDENTIFY_NS);
    return LM_OK;
}

/* ---- what is seen ---- */

const struct show_live *show_live(struct show *s)
{
    return s->seen = engine_live(s->engine);
}

uint32_t show_host_audio_serial(const struct show *s)
{
    return atomic_load(&s->audio_serial);
}

uint64_t show_progress(const struct show *s)
{
    return atomic_load(engine_frames(s->engine));
}
