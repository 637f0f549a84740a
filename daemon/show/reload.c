/* From the database to the engine: patch, outputs and score of the active venue become a scene. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "db/domain.h"
#include "show/state.h"
#include "show/venue.h"

enum { PREPARE_MS = 300 };              /* an edit waits this long for its light before it is shown anyway */

static const struct { const char *table; unsigned dirty; } touches[] = {
    { "*", DIRTY_ALL },
    { "venues", DIRTY_PATCH | DIRTY_OUTPUTS | DIRTY_SETTINGS },
    { "fixtures", DIRTY_PATCH },
    { "fixture_groups", DIRTY_PATCH },
    { "fixture_group_members", DIRTY_PATCH },
    { "outputs", DIRTY_OUTPUTS },
    { "scores", DIRTY_SCORE },
    { "score_annotations", DIRTY_SCORE },
    { "patterns", DIRTY_SCORE },
    { "implementations", DIRTY_SCORE },
    { "venue_implementation_overrides", DIRTY_SCORE },
    { "track_beats", DIRTY_SCORE | DIRTY_GRID },
    { "track_waveforms", DIRTY_SCORE },         /* written when decoding is over: the audio can be read now */
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
static void free_grid(void *g) { beatgrid_free(g); }
static void free_outputs(void *o) { output_set_free(o); }
static void free_pcm(void *p) { pcm_close(p), free(p); }

static enum lm_err load_patch(struct show *s, struct db_conn *c, struct problem *p)
{
    struct patch *patch = NULL;
    enum lm_err err = s->choice.venue[0] ? venue_load(c, s->o.library, s->choice.venue, &patch, p) : patch_new(NULL, 0, NULL, 0, &patch);

    if (err == LM_NOT_FOUND && s->choice.venue[0]) {            /* the active venue was deleted: the show is over, lumad is not */
        log_warn("show", "the active venue is gone");
        s->choice = (struct show_choice){ .mode = MODE_OFF };
        err = patch_new(NULL, 0, NULL, 0, &patch);
    }
    if (err)
        return err;
    struct shared *shared = shared_new(patch, free_patch);
    if (!shared)
        return LM_NOMEM;
    shared_unref(s->patch);
    s->patch = shared;
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
}

static enum lm_err load_output_rows(struct show *s, struct db_conn *c, struct output_row **rows, size_t *n, struct problem *p)
{
    json_t *list = NULL;
    enum lm_err err = s->choice.venue[0] ? row_all(c, &outputs_table, "venue_id", s->choice.venue, &list, p) : LM_OK;

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

static void load_settings(struct show *s, struct db_conn *c)
{
    json_t *settings = NULL, *venue = NULL;
    struct problem p;

    problem_clear(&p);
    if (settings_get(c, &settings, &p))
        log_warn("show", "settings: %s", p.detail);
    if (s->choice.venue[0])
        row_get(c, &venues_table, s->choice.venue, &venue, &p);
    s->idle_last = !strcmp(json_get_text(settings, "idle_look", "blackout"), "last");
    s->exit_blackout = !strcmp(json_get_text(venue, "exit_look", json_get_text(settings, "exit_look", "blackout")), "blackout");
    s->offset_s = (json_get_real(venue, "offset_ms", 0) + json_get_real(settings, "latency_offset_ms", 0)) / 1000;
    s->max_brightness = (float)json_get_real(venue, "max_brightness", 1);
    int hz = (int)json_get_int(settings, "output_rate_hz", 44);
    if (hz != s->rate_hz && hz >= 1 && hz <= 44) {
        s->rate_hz = hz;
        engine_post_rate(s->engine, hz);
    }
    json_decref(settings), json_decref(venue);
}

/* ---- score ---- */

static void load_audio(struct show *s)
{
    char *path = NULL;
    struct problem p;
    struct pcm *pcm = NULL;

    problem_clear(&p);
    shared_unref(s->pcm);
    s->pcm = NULL, s->pcm_hash = 0;
    if (!s->score_track[0] || jobs_decoded(s->o.jobs, s->score_track, 0, &path, &p))
        return;                         /* not decoded yet: its waveform row will say when */
    if ((pcm = calloc(1, sizeof(*pcm))) && !pcm_open(path, pcm, &p)) {
        s->pcm_hash = pcm->frames * 31 + (uint64_t)pcm->channels;
        s->pcm = shared_new(pcm, free_pcm);
    } else {
        free(pcm);
    }
    free(path);
}

enum lm_err show_load_grid(struct show *s, struct db_conn *c, const char *track_id, struct shared **grid)
{
    json_t *row = NULL;
    struct problem p;
    struct beatgrid *g = NULL;
    double *beats = NULL, *downbeats = NULL;

    (void)s;
    problem_clear(&p);
    *grid = NULL;
    if (*track_id)
        track_beats(c, track_id, &row, &p);             /* none yet: an assumed grid */
    const json_t *b = json_object_get(row, "beats"), *d = json_object_get(row, "downbeats");
    size_t n = json_array_size(b), m = json_array_size(d);
    beats = calloc(n + 1, sizeof(double)), downbeats = calloc(m + 1, sizeof(double));
    enum lm_err err = beats && downbeats ? LM_OK : LM_NOMEM;
    for (size_t i = 0; i < n && !err; i++)
        beats[i] = json_number_value(json_array_get(b, i));
    for (size_t i = 0; i < m && !err; i++)
        downbeats[i] = json_number_value(json_array_get(d, i));
    if (!err)
        err = beatgrid_new(beats, n, downbeats, m, json_get_real(row, "bpm", 0), (int)json_get_int(row, "beats_per_bar", 4), &g);
    if (!err && !(*grid = shared_new(g, free_grid)))
        err = LM_NOMEM;
    free(beats), free(downbeats);
    json_decref(row);
    return err;
}

struct entry { struct show_layer *layer; struct render_item item; int z; char id[UUID_SIZE]; };

static int by_order(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->z != y->z)
        return x->z < y->z ? -1 : 1;
    if (x->item.start != y->item.start)
        return x->item.start < y->item.start ? -1 : 1;
    return strcmp(x->id, y->id);
}

static struct show_layer *reuse(struct show *s, const char *annotation, uint64_t key)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->layers[i]->key == key && !strcmp(s->layers[i]->annotation, annotation))
            return show_layer_ref(s->layers[i]);
    return NULL;
}

static enum lm_err make_entry(struct show *s, struct db_conn *c, const json_t *row, struct entry *e, struct problem *p)
{
    json_t *implementation = NULL;
    struct graph_doc *doc = NULL;
    struct problem why;
    enum lm_err err;

    problem_clear(&why);
    memset(e, 0, sizeof(*e));
    snprintf(e->id, sizeof(e->id), "%s", json_get_text(row, "id", ""));
    e->z = (int)json_get_int(row, "z_index", 0);
    e->item.start = json_get_real(row, "start_time", 0);
    e->item.end = json_get_real(row, "end_time", 0);
    blend_mode_find(json_get_text(row, "blend_mode", "replace"), &e->item.blend);

    err = pattern_implementation(c, json_get_text(row, "pattern_id", ""), s->choice.venue, &implementation, &why);
    if (!err)
        err = graph_parse(json_object_get(implementation, "graph"), &doc, &why);
    if (err == LM_NOMEM)
        goto out;
    if (err) {                          /* no light from it; the show goes on */
        log_warn("show", "annotation %s: %s", e->id, why.detail[0] ? why.detail : lm_err_text(err));
        json_t *empty = json_pack("{s:[], s:[], s:[]}", "nodes", "edges", "args");
        err = graph_parse(empty, &doc, p);
        json_decref(empty);
        if (err)
            goto out;
    }
    struct layer_source source = {
        .annotation = e->id, .graph = json_object_get(implementation, "graph"), .args = json_object_get(row, "args"),
        .start = e->item.start, .end = e->item.end, .origin = json_get_real(row, "origin_time", e->item.start),
        .seed = (uint64_t)json_get_int(row, "seed", 0), .patch = s->patch, .grid = s->grid, .pcm = s->pcm, .pcm_hash = s->pcm_hash,
    };
    uint64_t key = layer_source_key(&source, doc);
    if ((e->layer = reuse(s, e->id, key)))
        graph_doc_free(doc);
    else
        e->layer = show_layer_new(&source, doc, key);
    if (!e->layer)
        err = LM_NOMEM;
    else
        e->item.layer = e->layer->layer;
out:
    json_decref(implementation);
    return err;
}

static enum lm_err load_score(struct show *s, struct db_conn *c, struct problem *p)
{
    json_t *score = NULL, *rows = NULL;
    struct entry *entries = NULL;
    struct show_layer **layers = NULL;
    struct render_item *items = NULL;
    size_t n = 0, count = 0;
    enum lm_err err = LM_OK;

    s->score_track[0] = 0;
    if (s->choice.score[0]) {
        err = row_get(c, &scores_table, s->choice.score, &score, p);
        if (err == LM_NOT_FOUND) {
            log_warn("show", "the active score is gone");
            s->choice.score[0] = 0;
            err = LM_OK;
        } else if (!err) {
            snprintf(s->score_track, sizeof(s->score_track), "%s", json_get_text(score, "track_id", ""));
            err = row_all(c, &score_annotations_table, "score_id", s->choice.score, &rows, p);
        }
    }
    if (!err) {
        struct shared *grid = NULL;
        if (!(err = show_load_grid(s, c, s->score_track, &grid))) {
            shared_unref(s->grid);
            s->grid = grid;
        }
        load_audio(s);
    }
    count = json_array_size(rows);
    entries = calloc(count + 1, sizeof(*entries));
    layers = calloc(count + 1, sizeof(*layers));
    items = calloc(count + 1, sizeof(*items));
    if (!err && (!entries || !layers || !items))
        err = LM_NOMEM;
    for (; n < count && !err; n++)
        if ((err = make_entry(s, c, json_array_get(rows, n), &entries[n], p)))
            break;
    if (!err) {
        qsort(entries, n, sizeof(*entries), by_order);
        for (size_t i = 0; i < s->n; i++)
            show_layer_unref(s->layers[i]);
        free(s->layers), free(s->items);
        for (size_t i = 0; i < n; i++)
            layers[i] = entries[i].layer, items[i] = entries[i].item;
        s->layers = layers, s->items = items, s->n = n;
    } else {
        for (size_t i = 0; entries && i < n; i++)
            show_layer_unref(entries[i].layer);
        free(layers), free(items);
    }
    free(entries);
    json_decref(score), json_decref(rows);
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

/* A new space when the patch or the set of universes changed. The engine holds its last bytes while the old state is copied: a frame or two. */
static enum lm_err update_space(struct show *s, bool new_patch, const struct output_row *outputs, size_t n_outputs)
{
    const struct patch *patch = shared_get(s->patch);
    int *numbers = malloc((patch->n_fixtures + n_outputs + 1) * sizeof(*numbers));
    size_t n = numbers ? universe_numbers(patch, outputs, n_outputs, numbers) : 0;
    enum lm_err err = numbers ? LM_OK : LM_NOMEM;

    if (!err && (!s->space || new_patch || !same_universes(shared_get(s->space), numbers, n))) {
        struct space *space = space_new(s->patch, numbers, n, ++s->patch_serial);
        err = space ? engine_reserve(s->engine, patch->n_heads, space->universes->n) : LM_NOMEM;
        if (!err && s->space)
            engine_wait(s->engine, engine_post_hold(s->engine), 500);
        if (!err)
            err = space_take_state(space, shared_get(s->space));
        if (err) {
            space_free(space);
        } else {
            struct shared *shared = shared_new(space, space_free);
            if (!shared)
                err = LM_NOMEM;
            shared_unref(s->space);
            s->space = shared;
        }
    }
    free(numbers);
    return err;
}

static enum lm_err post_scene(struct show *s)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (!scene || !(scene->layers = calloc(s->n + 1, sizeof(*scene->layers))) || !(scene->items = calloc(s->n + 1, sizeof(*scene->items)))) {
        scene_free(scene);
        return LM_NOMEM;
    }
    scene->id = ++s->scene_id;
    scene->space = shared_ref(s->space);
    scene->outputs = shared_ref(s->outputs);
    for (size_t i = 0; i < s->n; i++)
        scene->layers[i] = show_layer_ref(s->layers[i]);
    memcpy(scene->items, s->items, s->n * sizeof(*s->items));
    scene->n = s->n;
    scene->offset_s = s->offset_s;
    scene->max_brightness = s->max_brightness;
    scene->plays_score = s->choice.mode == MODE_SCORE && s->choice.score[0];
    scene->keeps_last_look = s->idle_last;
    engine_wait(s->engine, engine_post_scene(s->engine, scene), 1000);
    return LM_OK;
}

void show_collect(struct show *s)
{
    for (struct scene *x = engine_collect(s->engine), *next; x; x = next) {
        next = x->next;
        scene_free(x);
    }
}

static void tell_view(struct show *s)
{
    pthread_mutex_lock(&s->view);
    uint64_t serial = s->score_track[0] && !strcmp(s->score_track, s->loaded_track) ? s->loaded_serial : 0;
    memcpy(s->viewed_score, s->choice.score, sizeof(s->viewed_score));
    pthread_mutex_unlock(&s->view);
    engine_post_serial(s->engine, serial);
}

enum lm_err show_reload(struct show *s, unsigned dirty, struct problem *p)
{
    struct db_conn *c = db_reader_take(s->o.db);
    struct output_row *rows = NULL;
    struct output_set *set = NULL;
    struct shared *old_outputs = NULL;
    size_t n_rows = 0;
    enum lm_err err = LM_OK;
    bool new_patch = !s->patch || dirty & DIRTY_PATCH;

    if (new_patch) {
        if ((err = load_patch(s, c, p)))
            goto out;
        dirty |= DIRTY_SCORE | DIRTY_OUTPUTS;           /* layers speak of heads by number */
    }
    if (dirty & DIRTY_SETTINGS)
        load_settings(s, c);
    if (dirty & DIRTY_SCORE && (err = load_score(s, c, p)))
        goto out;
    if (dirty & DIRTY_OUTPUTS || !s->outputs) {
        if ((err = load_output_rows(s, c, &rows, &n_rows, p)) || (err = update_space(s, new_patch, rows, n_rows)))
            goto out;
        const struct space *space = shared_get(s->space);
        if ((err = output_set_new(s->o.outputs, rows, n_rows, space->universes, shared_get(s->outputs), &set)))
            goto out;
        struct shared *shared = shared_new(set, free_outputs);
        if (!shared) {
            err = LM_NOMEM;
            goto out;
        }
        old_outputs = s->outputs;
        s->outputs = shared;
    }
    pool_set_layers(s->pool, s->layers, s->n);
    tell_view(s);
    struct player_now now;
    player_now(s->player, clock_mono_ns(), &now);
    pool_prepare(s->pool, s->layers, s->n, now.position + s->offset_s, 0.1, PREPARE_MS);
    err = post_scene(s);
    if (old_outputs)
        output_set_retire(s->o.outputs, shared_get(old_outputs), set, s->exit_blackout);
out:
    shared_unref(old_outputs);
    free(rows);
    db_reader_put(s->o.db, c);
    show_collect(s);
    return err;
}
