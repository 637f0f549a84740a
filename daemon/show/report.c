/* What the show says of itself: figures, universes, warnings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "db/domain.h"
#include "show/state.h"

enum { MAX_OUTPUTS = 4096, MAX_MESSAGES = 64 };

static double measured_fps(struct show *s)
{
    uint64_t frames = atomic_load(engine_frames(s->engine));
    int64_t now = clock_mono_ns();

    pthread_mutex_lock(&s->view);
    if (now - s->stats_ns > 900000000) {
        if (s->stats_ns)
            s->fps = (double)(frames - s->stats_frames) * 1e9 / (double)(now - s->stats_ns);
        s->stats_ns = now, s->stats_frames = frames;
    }
    double fps = s->fps;
    pthread_mutex_unlock(&s->view);
    return fps;
}

static json_t *output_stats_json(const struct output_stats *o)
{
    return json_pack("{s:s, s:I, s:I, s:o, s:f, s:o, s:s, s:I}", "id", o->id, "packets", (json_int_t)o->packets, "errors", (json_int_t)o->errors, "last_error",
                     o->last_errno ? json_string(strerror(o->last_errno)) : json_null(), "fps", o->fps,
                     "device", *o->name ? json_string(o->name) : json_null(), "state", output_state_names[o->state],
                     "targets", (json_int_t)o->targets);
}

/* The rows of the outputs of one universe, each with its counters. */
static json_t *outputs_of(struct show *s, int number)
{
    struct output_stats *stats = calloc(MAX_OUTPUTS, sizeof(*stats));
    char venue[UUID_SIZE];
    json_t *rows = NULL, *list = json_array();
    struct problem p;
    size_t n = 0;

    problem_clear(&p);
    pthread_mutex_lock(&s->control);
    if (stats && s->now.outputs)
        n = output_set_stats(shared_get(s->now.outputs), stats, MAX_OUTPUTS);
    memcpy(venue, s->now.choice.venue, sizeof(venue));
    pthread_mutex_unlock(&s->control);
    struct db_conn *c = db_reader_take(s->o.db);        /* not before: a reload waits for readers with the lock held */
    if (venue[0])
        row_all(c, &outputs_table, "venue_id", venue, &rows, &p);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        if (json_get_int(row, "universe", 0) != number)
            continue;
        for (size_t k = 0; k < n; k++)
            if (!strcmp(stats[k].id, json_get_text(row, "id", "")))
                json_object_set_new(row, "stats", output_stats_json(&stats[k]));
        json_array_append(list, row);
    }
    db_reader_put(s->o.db, c);
    json_decref(rows);
    free(stats);
    return list;
}

enum lm_err show_universe(struct show *s, int number, json_t **json, struct problem *p)
{
    uint8_t slots[512], own[512];
    json_t *list = json_array();

    if (!engine_copy_universe(s->engine, number, slots, own)) {
        json_decref(list);
        return problem_set(p, LM_NOT_FOUND, "Universe %d is neither patched nor sent in the active venue.", number);
    }
    for (int i = 0; i < 512; i++)
        json_array_append_new(list, json_integer(slots[i]));
    *json = json_pack("{s:i, s:o, s:o, s:f, s:o, s:o}", "universe", number, "slots", list, "origins", show_origins(s, number, slots, own), "fps", measured_fps(s), "outputs", outputs_of(s, number), "sources",
                      show_sources(s, number));
    return *json ? LM_OK : LM_NOMEM;
}

json_t *show_universe_numbers(struct show *s)
{
    enum { MAX = 4096 };
    int *numbers = calloc(MAX, sizeof(*numbers));
    json_t *list = json_array();

    for (size_t i = 0, n = numbers ? engine_copy_universe_numbers(s->engine, numbers, MAX) : 0; i < n; i++)
        json_array_append_new(list, json_integer(numbers[i]));
    free(numbers);
    return list;
}

json_t *show_stats(struct show *s)
{
    struct engine_stats e;
    struct pool_stats p;

    engine_get_stats(s->engine, &e);
    pool_get_stats(s->pool, &p);
    return json_pack("{s:I, s:f, s:i, s:I, s:I, s:I, s:{s:i, s:i, s:i}, s:{s:i, s:i, s:i}, s:b, s:I, s:I, s:I, s:I, s:{s:f, s:I}, s:I, s:I, s:I, s:I}",
        "frames", (json_int_t)e.frames, "fps", measured_fps(s), "rate_hz", e.rate_hz, "late", (json_int_t)e.late, "missed_ticks",
        (json_int_t)e.missed_ticks, "tile_misses", (json_int_t)e.tile_misses, "frame_us", "p50", (int)e.us_p50, "p99", (int)e.us_p99, "max",
        (int)e.us_max, "wake_us", "p50", (int)e.wake_us_p50, "p99", (int)e.wake_us_p99, "max", (int)e.wake_us_max, "real_time",
        (int)e.is_real_time, "layers", (json_int_t)p.layers, "tiles", (json_int_t)p.tiles, "layer_bytes", (json_int_t)p.bytes, "layers_kept",
        (json_int_t)p.kept, "tile_us", "mean", p.tiles ? (double)p.tile_us_sum / (double)p.tiles : 0.0, "max", (json_int_t)p.tile_us_max,
        "layers_kept_bytes", (json_int_t)p.kept_bytes, "layers_compiled", (json_int_t)p.compiled, "layers_found", (json_int_t)p.found,
        "layer_cache_bytes", (json_int_t)p.max_bytes);
}

/* Graphs are compiled nearest the playhead first; who asks wants to know of all. */
json_t *show_layer_errors(struct show *s)
{
    enum { COMPILE_MS = 3000 };
    json_t *list = json_array();

    pthread_mutex_lock(&s->control);
    size_t n = s->now.n;
    struct show_layer **layers = malloc((n + 1) * sizeof(*layers));
    for (size_t i = 0; layers && i < n; i++)
        layers[i] = show_layer_ref(s->now.layers[i]);
    pthread_mutex_unlock(&s->control);
    if (!layers)
        return list;
    pool_wait(s->pool, &(struct pool_wish){ .layers = layers, .n = n, .compile_only = true, .timeout_ms = COMPILE_MS });
    for (size_t i = 0; i < n; i++) {
        const json_t *errors = show_layer_errors_of(layers[i]);
        if (json_array_size(errors))
            json_array_append_new(list, json_pack("{s:s, s:O}", "annotation_id", layers[i]->annotation, "errors", errors));
        show_layer_unref(layers[i]);
    }
    free(layers);
    return list;
}

/* ---- warnings ---- */

static void check_outputs(struct show *s)
{
    static struct output_warning found[MAX_MESSAGES];   /* the control thread's alone */
    const char *ids[MAX_MESSAGES], *list[MAX_MESSAGES];
    size_t n = s->now.outputs ? output_set_poll_warnings(shared_get(s->now.outputs), found, MAX_MESSAGES) : 0;

    for (size_t i = 0; i < n; i++)
        ids[i] = found[i].id, list[i] = found[i].text;
    warnings_sync_ids(s->o.warnings, "output", "error", ids, list, n);
}

static void check_patch(struct show *s)
{
    const struct patch *patch = shared_get(s->now.patch);
    const struct space *space = shared_get(s->now.space);
    const char *list[MAX_MESSAGES];
    size_t n = 0;

    for (; patch && n < patch->n_warnings && n < MAX_MESSAGES; n++)
        list[n] = patch->warnings[n];
    for (const char *const *w = space ? program_warnings(space->program) : NULL; w && *w && n < MAX_MESSAGES; w++)
        list[n++] = *w;
    warnings_sync(s->o.warnings, "patch", "warn", list, n);
}

static void check_parks(struct show *s)
{
    const struct show_parks *parks = shared_get(s->now.parks);

    if (parks && parks->n)
        warnings_raise(s->o.warnings, "parked", "warn", "%zu channel%s parked: sent as it is, whatever the show, the masters and a blackout say.", parks->n,
                       parks->n == 1 ? " is" : "s are");
    else
        warnings_lower(s->o.warnings, "parked");
}

enum { GUARD_SHOWN_MS = 5000 };         /* so long after it last held something it is still said to act: no word at every drop */

static void check_guard(struct show *s)
{
    int64_t acted = engine_guard_ns(s->engine);

    if (s->now.flash_limit && acted && clock_mono_ns() - acted < GUARD_SHOWN_MS * INT64_C(1000000))
        warnings_raise(s->o.warnings, "guard", "warn", "The photosensitive guard acts: much of the rig would flash more than %d time%s a second, and is held to that.",
                       s->now.flash_limit, s->now.flash_limit == 1 ? "" : "s");
    else
        warnings_lower(s->o.warnings, "guard");
}

/* The first error of a layer that is more than a remark; NULL: none. */
static const json_t *first_error(const struct show_layer *l)
{
    size_t i;
    const json_t *e;

    json_array_foreach(show_layer_errors_of(l), i, e) {
        if (strcmp(json_get_text(e, "code", ""), "warning"))
            return e;
    }
    return NULL;
}

static void check_layers(struct show *s)
{
    static char text[MAX_MESSAGES][320];        /* the control thread's alone */
    const char *list[MAX_MESSAGES];
    size_t n = 0;

    for (size_t i = 0; i < s->now.n && n < MAX_MESSAGES; i++) {
        const struct show_layer *l = s->now.layers[i];
        bool is_lit = !show_layer_is_broken(l) && !atomic_load(&l->failed);
        const json_t *e = first_error(l);
        if (is_lit && !e)
            continue;
        snprintf(text[n], sizeof(text[n]), "A block at %.1f s %s: node %s: %s", l->start,
                 is_lit ? "plays with the pattern's own default" : "gives no light", json_get_text(e, "node", "?"),
                 json_get_text(e, "message", "running it failed"));
        list[n] = text[n], n++;
    }
    warnings_sync(s->o.warnings, "graph", "warn", list, n);
}

static void check_track(struct show *s)
{
    pthread_mutex_lock(&s->view);
    bool other = s->loaded_track[0] && s->now.score_track[0] && strcmp(s->loaded_track, s->now.score_track);
    pthread_mutex_unlock(&s->view);
    if (other && s->now.choice.mode == MODE_SCORE)
        warnings_raise(s->o.warnings, "score.track", "warn", "The loaded track is not the score's: the score gives no light. Load the score's track.");
    else
        warnings_lower(s->o.warnings, "score.track");
}

void show_check(struct show *s)
{
    measured_fps(s);
    pthread_mutex_lock(&s->control);
    check_outputs(s);
    show_check_nodes(s);
    show_check_senders(s);
    check_patch(s);
    check_parks(s);
    check_guard(s);
    check_layers(s);
    check_track(s);
    pthread_mutex_unlock(&s->control);
    show_check_devices(s);
}
