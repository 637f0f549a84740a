/*
 * From the database to the engine: patch, outputs and score of the active venue become a scene. What is new is made beside what is on and takes its place
 * only when all of it is there.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "db/domain.h"
#include "show/state.h"
#include "show/venue.h"

enum {
    PREPARE_MS = 300,                   /* an edit waits this long for its light before it is shown anyway */
    PROGRESS_MS = 200,                  /* and newer ones overtake it for so long at most */
    ENGINE_MS = 1500,                   /* a frame is at most 1 s away, at 1 Hz */
};

static const struct { const char *table; unsigned dirty; } touches[] = {
    { "*", DIRTY_ALL },
    { "venues", DIRTY_PATCH | DIRTY_OUTPUTS | DIRTY_SETTINGS },
    { "fixtures", DIRTY_PATCH },
    { "fixture_library", DIRTY_PATCH },
    { "node_types", DIRTY_SCORE | DIRTY_GRAPHS },              /* a plug-in came, went, changed or is running again */
    { "fixture_groups", DIRTY_PATCH },
    { "fixture_group_members", DIRTY_PATCH },
    { "outputs", DIRTY_OUTPUTS },
    { "parks", DIRTY_PARKS },
    { "scores", DIRTY_SCORE },
    { "score_annotations", DIRTY_SCORE },
    { "patterns", DIRTY_SCORE | DIRTY_GRAPHS },
    { "implementations", DIRTY_SCORE | DIRTY_GRAPHS },
    { "venue_implementation_overrides", DIRTY_SCORE | DIRTY_GRAPHS },
    { "track_beats", DIRTY_SCORE | DIRTY_GRID },
    { "track_waveforms", DIRTY_SCORE },         /* written when decoding is over: the audio can be read now */
    { "track_features", DIRTY_SCORE },
    { "track_roots", DIRTY_SCORE },
    { "track_stems", DIRTY_SCORE | DIRTY_STEMS },
    { "settings", DIRTY_SETTINGS | DIRTY_OUTPUTS },
};

unsigned show_dirty_of(const char *table)
{
    for (size_t i = 0; i < sizeof(touches) / sizeof(touches[0]); i++)
        if (!strcmp(touches[i].table, table))
            return touches[i].dirty;
    return 0;
}

/* ---- patch ---- */

static void free_patch(void *p) { patch_free(p); }
static void free_outputs(void *o) { output_set_free(o); }
static void free_input(void *i) { input_set_free(i); }

static enum lm_err load_patch(struct show *s, struct show_light *l, struct db_conn *c, struct problem *p)
{
    struct patch *patch = NULL;
    enum lm_err err = l->choice.venue[0] ? venue_load(c, s->o.library, l->choice.venue, &patch, p) : patch_new(NULL, 0, NULL, 0, &patch);

    if (err == LM_NOT_FOUND && l->choice.venue[0]) {            /* the active venue was deleted: the show is over, lumad is not */
        if (s->now.choice.venue[0])
            log_warn("show", "the active venue is gone");
        l->choice = (struct show_choice){ .mode = MODE_OFF };
        err = patch_new(NULL, 0, NULL, 0, &patch);
    }
    if (err)
        return err;
    struct shared *shared = shared_new(patch, free_patch);
    if (!shared)
        return LM_NOMEM;
    shared_unref(l->patch);
    l->patch = shared;
    return LM_OK;
}

/* ---- parks ---- */

/* A channel that the fixture's mode no longer has is not parked anywhere. */
static bool find_park(const struct patch *patch, const json_t *row, int *universe, int *slot)
{
    const char *id = json_get_text(row, "fixture_id", "");
    int channel = (int)json_get_int(row, "channel", 0);

    for (size_t i = 0; i < patch->n_fixtures; i++) {
        const struct patch_fixture *f = &patch->fixtures[i];
        if (!strcmp(f->row.id, id)) {
            *universe = f->row.universe;
            *slot = f->row.address + channel - 2;
            return channel >= 1 && channel <= f->channels;
        }
    }
    return false;
}

static enum lm_err load_parks(struct show_light *l, struct db_conn *c, struct problem *p)
{
    json_t *rows = NULL, *row;
    size_t i;
    enum lm_err err = l->choice.venue[0] ? parks_of_venue(c, l->choice.venue, &rows, p) : LM_OK;

    if (err)
        return err;
    struct show_parks *parks = calloc(1, sizeof(*parks) + json_array_size(rows) * sizeof(parks->p[0]));
    json_array_foreach (rows, i, row) {
        if (parks && find_park(shared_get(l->patch), row, &parks->p[parks->n].universe, &parks->p[parks->n].slot))
            parks->p[parks->n++].value = (uint8_t)json_get_int(row, "value", 0);
    }
    json_decref(rows);
    struct shared *shared = parks ? shared_new(parks, free) : NULL;
    if (!shared)
        return LM_NOMEM;
    shared_unref(l->parks);
    l->parks = shared;
    return LM_OK;
}

/* ---- outputs ---- */

static void output_from_row(const json_t *row, struct output_row *o)
{
    memset(o, 0, sizeof(*o));
    snprintf(o->id, sizeof(o->id), "%s", json_get_text(row, "id", ""));
    o->universe = (int)json_get_int(row, "universe", 1);
    for (int i = 0; output_protocol_names[i]; i++)
        if (!strcmp(output_protocol_names[i], json_get_text(row, "protocol", "")))
            o->protocol = (enum output_protocol)i;
    snprintf(o->destination, sizeof(o->destination), "%s", json_get_text(row, "destination", ""));
    snprintf(o->interface, sizeof(o->interface), "%s", json_get_text(row, "interface", ""));
    o->port_address = (int)json_get_int(row, "port_address", -1);
    o->priority = (int)json_get_int(row, "priority", 100);
    o->sync = (int)json_get_int(row, "sync", 0);
    o->on_change = !strcmp(json_get_text(row, "transmit", "continuous"), "on_change");
    o->preview = !strcmp(json_get_text(row, "transmit", "continuous"), "preview");
}

static enum lm_err load_output_rows(const struct show_light *l, struct db_conn *c, struct output_row **rows, size_t *n, struct problem *p)
{
    json_t *list = NULL;
    enum lm_err err = l->choice.venue[0] ? row_all(c, &outputs_table, "venue_id", l->choice.venue, &list, p) : LM_OK;

    *rows = NULL, *n = 0;
    if (err)
        return err;
    size_t count = json_array_size(list);
    if (!(*rows = calloc(count + 1, sizeof(**rows))))
        err = LM_NOMEM;
    for (size_t i = 0; i < count && !err; i++)
        output_from_row(json_array_get(list, i), &(*rows)[(*n)++]);
    json_decref(list);
    return err;
}

/* ---- settings and the venue's own values ---- */

static enum lm_err load_settings(struct show_light *l, struct db_conn *c, struct problem *p)
{
    json_t *settings = NULL, *venue = NULL;
    enum lm_err err = settings_get(c, &settings, p);

    if (!err && l->choice.venue[0] && (err = row_get(c, &venues_table, l->choice.venue, &venue, p)) == LM_NOT_FOUND)
        err = LM_OK;                    /* just deleted: its own event is on the way */
    if (!err) {
        l->idle_last = !strcmp(json_get_text(settings, "idle_look", "blackout"), "last");
        l->exit_blackout = !strcmp(json_get_text(venue, "exit_look", json_get_text(settings, "exit_look", "blackout")), "blackout");
        l->offset_s = -(json_get_real(venue, "offset_ms", 0) + json_get_real(settings, "latency_offset_ms", 0)) / 1000;     /* they say: later */
        l->max_brightness = (float)json_get_real(venue, "max_brightness", 1);
        l->flash_limit = json_get_bool(venue, "flash_guard", false) ? (int)json_get_int(settings, "flash_limit", 3) : 0;
        l->cache_bytes = (size_t)json_get_int(settings, "layer_cache_mb", 256) << 20;
        int hz = (int)json_get_int(settings, "output_rate_hz", 44);
        if (hz >= 1 && hz <= 44)
            l->rate_hz = hz;
        for (int i = 0; input_merge_names[i]; i++)
            if (!strcmp(input_merge_names[i], json_get_text(settings, "input_merge", "off")))
                l->input_merge = (enum input_merge)i;
        l->multicast_ttl = (int)json_get_int(settings, "multicast_ttl", 16);
        l->reply_broadcast = !strcmp(json_get_text(settings, "artnet_reply", "unicast"), "broadcast");
        str_copy(l->source_name, sizeof(l->source_name), json_get_text(settings, "source_name", ""));
    }
    json_decref(settings), json_decref(venue);
    return err;
}

/* ---- the scene ---- */

static size_t universe_numbers(const struct patch *patch, const struct output_row *outputs, size_t n_outputs, int *numbers)
{
    size_t n = 0;

    for (size_t i = 0; i < patch->n_fixtures; i++)
        numbers[n++] = patch->fixtures[i].row.universe;
    for (size_t i = 0; i < n_outputs; i++)
        numbers[n++] = outputs[i].universe;
    return n;
}

static bool same_universes(const struct space *space, const int *numbers, size_t n)
{
    struct universes *u = universes_new(numbers, n);
    bool same = u && u->n == space->universes->n;

    for (size_t i = 0; same && i < u->n; i++)
        same = u->u[i].number == space->universes->u[i].number;
    universes_free(u);
    return same;
}

/* A new space when the patch or the set of universes changed; without the engine's state yet. */
static enum lm_err make_space(struct show *s, struct show_light *l, bool new_patch, const struct output_row *outputs, size_t n_outputs)
{
    const struct patch *patch = shared_get(l->patch);
    int *numbers = malloc((patch->n_fixtures + n_outputs + 1) * sizeof(*numbers));
    size_t n = numbers ? universe_numbers(patch, outputs, n_outputs, numbers) : 0;
    enum lm_err err = numbers ? LM_OK : LM_NOMEM;

    if (!err && (!l->space || new_patch || !same_universes(shared_get(l->space), numbers, n))) {
        struct space *space = space_new(l->patch, numbers, n, ++s->patch_serial);
        struct shared *shared = space ? shared_new(space, space_free) : NULL;
        err = shared ? engine_reserve(s->engine, patch->n_heads, space->universes->n) : LM_NOMEM;
        if (err) {
            shared_unref(shared);
        } else {
            shared_unref(l->space);
            l->space = shared;
        }
    }
    free(numbers);
    return err;
}

static enum lm_err make_outputs(struct show *s, struct show_light *l, const struct output_row *rows, size_t n)
{
    struct output_set *set = NULL;

    outputs_set_source_name(s->o.outputs, l->source_name);
    outputs_set_multicast_ttl(s->o.outputs, l->multicast_ttl);
    outputs_set_reply_broadcast(s->o.outputs, l->reply_broadcast);
    enum lm_err err = output_set_new(s->o.outputs, rows, n, ((const struct space *)shared_get(l->space))->universes, shared_get(l->outputs), &set);
    struct shared *shared = err ? NULL : shared_new(set, free_outputs);

    if (!shared)
        return err ? err : LM_NOMEM;
    shared_unref(l->outputs);
    l->outputs = shared;
    return LM_OK;
}

static enum lm_err make_input(struct show *s, struct show_light *l, const struct output_row *rows, size_t n)
{
    struct input_set *set = NULL;
    const struct space *space = shared_get(l->space);
    enum lm_err err = input_set_new(s->o.input, l->input_merge, rows, n, space->universes, shared_get(l->input), &set);
    struct shared *shared = err ? NULL : shared_new(set, free_input);

    if (!shared)
        return err ? err : LM_NOMEM;
    shared_unref(l->input);
    l->input = shared;
    return LM_OK;
}

/* Everything but the engine's state. */
static enum lm_err load(struct show *s, struct show_light *l, struct db_conn *c, unsigned dirty, struct problem *p)
{
    struct output_row *rows = NULL;
    size_t n = 0;
    enum lm_err err = LM_OK;
    bool new_patch = !l->patch || dirty & DIRTY_PATCH;

    if (dirty & (DIRTY_GRAPHS | DIRTY_PATCH))
        show_forget_graphs(s);
    if (new_patch)
        dirty |= DIRTY_SCORE | DIRTY_OUTPUTS | DIRTY_PARKS;             /* layers speak of heads by number */
    if ((new_patch && (err = load_patch(s, l, c, p))) || (dirty & DIRTY_PARKS && (err = load_parks(l, c, p))) || (dirty & DIRTY_SETTINGS && (err = load_settings(l, c, p))) ||
        (dirty & DIRTY_SCORE && (err = show_load_score(s, l, c, p))))
        return err;
    if (strcmp(l->source_name, s->now.source_name) || l->multicast_ttl != s->now.multicast_ttl)
        dirty |= DIRTY_OUTPUTS;
    if ((dirty & DIRTY_OUTPUTS || !l->outputs) && !(err = load_output_rows(l, c, &rows, &n, p)) && !(err = make_space(s, l, new_patch, rows, n)) &&
        !(err = make_outputs(s, l, rows, n)))
        err = make_input(s, l, rows, n);
    free(rows);
    return err;
}

static bool scene_take_parks(struct scene *scene, const struct show_parks *parks)
{
    const struct space *space = shared_get(scene->space);

    if (!(scene->parks = calloc(parks->n + 1, sizeof(*scene->parks))))
        return false;
    for (size_t i = 0; i < parks->n; i++) {
        int universe = universes_index(space->universes, parks->p[i].universe);
        if (universe >= 0)
            scene->parks[scene->n_parks++] = (struct scene_park){ (uint32_t)universe, (uint16_t)parks->p[i].slot, parks->p[i].value };
    }
    return true;
}

static struct scene *make_scene(struct show *s, const struct show_light *l)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (!scene || !(scene->layers = calloc(l->n + 1, sizeof(*scene->layers))) || !(scene->items = calloc(l->n + 1, sizeof(*scene->items)))) {
        scene_free(scene);
        return NULL;
    }
    scene->id = ++s->scene_id;
    scene->space = shared_ref(l->space);
    if (!scene_take_parks(scene, shared_get(l->parks))) {
        scene_free(scene);
        return NULL;
    }
    const struct patch *patch = shared_get(l->patch);
    if (!(scene->group_level = calloc(patch->n_groups + 1, sizeof(*scene->group_level)))) {
        scene_free(scene);
        return NULL;
    }
    scene->outputs = shared_ref(l->outputs);
    scene->input = shared_ref(l->input);
    for (size_t i = 0; i < l->n; i++)
        scene->layers[i] = show_layer_ref(l->layers[i]);
    if (l->n)
        memcpy(scene->items, l->items, l->n * sizeof(*l->items));
    scene->n = l->n;
    scene->offset_s = l->offset_s;
    scene->max_brightness = l->max_brightness;
    scene->flash_limit = l->flash_limit;
    scene->plays_score = l->choice.mode == MODE_SCORE && l->choice.score[0];
    scene->keeps_last_look = l->idle_last;
    return scene;
}

/* The engine holds its last bytes while the old space's state is copied: a frame or two, so this is the last that is made. */
static enum lm_err take_state(struct show *s, struct show_light *l)
{
    if (!s->now.space)
        return space_take_state(shared_get(l->space), NULL);
    enum lm_err err = engine_wait(s->engine, engine_post_hold(s->engine, true), ENGINE_MS) ? LM_OK : LM_BUSY;
    if (!err)
        err = space_take_state(shared_get(l->space), shared_get(s->now.space));
    if (err)
        engine_post_hold(s->engine, false);
    return err;
}

static void tell_view(struct show *s, const struct show_light *l, struct scene *scene)
{
    pthread_mutex_lock(&s->view);
    scene->serial = l->score_track[0] && !strcmp(l->score_track, s->loaded_track) ? s->loaded_serial : 0;
    scene->coming = l->score_track[0] && !strcmp(l->score_track, s->next.track) ? s->next.serial : 0;
    memcpy(s->viewed_score, l->choice.score, sizeof(s->viewed_score));
    memcpy(s->viewed_venue, l->choice.venue, sizeof(s->viewed_venue));
    shared_unref(s->viewed_space);      /* never the last one: it is still in s->now */
    s->viewed_space = shared_ref(l->space);
    pthread_mutex_unlock(&s->view);
    atomic_store(&s->light_offset, l->offset_s);
}

/* With the masters as they are now: a level that is set before this is in the scene, one set later comes behind it. */
static uint64_t post_scene(struct show *s, struct scene *scene)
{
    pthread_mutex_lock(&s->levels);
    show_fill_levels(s, scene);
    uint64_t ticket = engine_post_scene(s->engine, scene);
    pthread_mutex_unlock(&s->levels);
    return ticket;
}

static bool touches_layers(const struct event *e)
{
    return show_dirty_of(e->table) & (DIRTY_SCORE | DIRTY_PATCH);
}

static bool is_overtaken(void *ctx)
{
    struct show *s = ctx;

    return event_has(s->listener, touches_layers);
}

/* Waits for what is lit now. An edit that comes meanwhile makes this one old news: what is made of it is put by, and the newer one is begun. Only as long as
 * something was shown lately: whoever drags a slider over a heavy graph sees it move. */
static enum lm_err prepare(struct show *s, const struct show_light *l, double at)
{
    bool may_yield = s->yields && clock_mono_ns() - s->shown_ns < PROGRESS_MS * INT64_C(1000000);
    struct pool_wish wish = { .layers = l->layers, .n = l->n, .from = at, .to = at + 0.1, .timeout_ms = PREPARE_MS,
                              .is_stale = may_yield ? is_overtaken : NULL, .ctx = s };

    if (!pool_wait(s->pool, &wish)) {
        if (may_yield && is_overtaken(s)) {
            pool_keep(s->pool, l->layers, l->n);
            s->is_overtaken = true;
            return LM_BUSY;
        }
        for (size_t i = 0; i < l->n; i++)       /* not the graph's fault: the light that is there stays */
            if (!layer_is_filled(l->layers[i]->layer) && atomic_load(&l->layers[i]->starved))
                return LM_NOMEM;
    }
    s->shown_ns = clock_mono_ns();
    return LM_OK;
}

/* On the engine with it. */
static enum lm_err show_it(struct show *s, struct show_light *l)
{
    struct scene *scene = make_scene(s, l);
    struct player_now now;
    enum lm_err err;

    if (!scene)
        return LM_NOMEM;
    player_now(s->player, clock_mono_ns(), &now);
    pool_set_limit(s->pool, l->cache_bytes);
    if ((err = prepare(s, l, now.position + l->offset_s))) {
        scene_free(scene);
        return err;
    }
    if (!(err = pool_set_layers(s->pool, l->layers, l->n)) && l->space != s->now.space && (err = take_state(s, l)))
        pool_set_layers(s->pool, s->now.layers, s->now.n);
    if (err) {
        scene_free(scene);
        return err;
    }
    if (l->rate_hz != s->now.rate_hz)
        engine_post_rate(s->engine, l->rate_hz);
    tell_view(s, l, scene);
    if (l->input != s->now.input)
        input_listen(s->o.input, shared_get(l->input));
    uint64_t ticket = post_scene(s, scene);
    show_tests_follow(s, shared_get(l->outputs));
    bool shown = engine_wait(s->engine, ticket, ENGINE_MS);
    if (shown && s->now.outputs && s->now.outputs != l->outputs)        /* a stalled engine may still be sending from the old set */
        output_set_retire(s->o.outputs, shared_get(s->now.outputs), shared_get(l->outputs), l->exit_blackout);
    return LM_OK;
}

void show_collect(struct show *s)
{
    for (struct scene *x = engine_collect(s->engine), *next; x; x = next) {
        next = x->next;
        scene_free(x);
    }
}

void show_light_clear(struct show_light *l)
{
    for (size_t i = 0; i < l->n; i++)
        show_layer_unref(l->layers[i]);
    free(l->layers), free(l->items);
    shared_unref(l->space), shared_unref(l->outputs), shared_unref(l->input), shared_unref(l->parks), shared_unref(l->patch), shared_unref(l->track);
    *l = (struct show_light){ 0 };
}

static enum lm_err light_copy(struct show_light *to, const struct show_light *from)
{
    *to = *from;
    shared_ref(to->space), shared_ref(to->outputs), shared_ref(to->input), shared_ref(to->parks), shared_ref(to->patch), shared_ref(to->track);
    to->n = 0;
    to->layers = calloc(from->n + 1, sizeof(*to->layers));
    to->items = calloc(from->n + 1, sizeof(*to->items));
    if (!to->layers || !to->items)
        return LM_NOMEM;
    for (; to->n < from->n; to->n++) {
        to->layers[to->n] = show_layer_ref(from->layers[to->n]);
        to->items[to->n] = from->items[to->n];
    }
    return LM_OK;
}

/* What was gone is looked for again when something of its kind changed. */
static void resolve_choice(struct show_choice *now, const struct show_choice *wanted, unsigned dirty)
{
    if (dirty & DIRTY_PATCH)
        *now = *wanted;
    else if (dirty & DIRTY_SCORE && !strcmp(now->venue, wanted->venue))
        memcpy(now->score, wanted->score, sizeof(now->score));
}

enum lm_err show_reload(struct show *s, const struct show_choice *choice, unsigned dirty, struct problem *p)
{
    struct show_choice wanted = *choice;
    struct show_light next;
    enum lm_err err = light_copy(&next, &s->now);

    resolve_choice(&next.choice, &wanted, dirty);
    if (!err) {
        struct db_conn *c = db_reader_take(s->o.db);
        err = load(s, &next, c, dirty, p);
        db_reader_put(s->o.db, c);
    }
    if (!err && !(err = show_it(s, &next))) {
        struct show_light old = s->now;
        s->now = next, next = old;
        s->choice = wanted;
    }
    if (err)
        show_forget_graphs(s);          /* they may be another venue's */
    show_light_clear(&next);
    show_collect(s);
    return err;
}
