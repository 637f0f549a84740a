/* The score from its rows to layers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "db/domain.h"
#include "show/preview.h"
#include "show/state.h"
#include "show/track_data.h"

static void free_grid(void *g) { beatgrid_free(g); }
static void free_track(void *t) { track_data_free(t); }

enum lm_err show_load_grid(struct show *s, struct db_conn *c, const char *track_id, struct shared **grid)
{
    struct problem p;
    struct beatgrid *g = NULL;

    (void)s;
    problem_clear(&p);
    *grid = NULL;
    enum lm_err err = track_data_grid(c, track_id, &g, &p);
    if (!err && !(*grid = shared_new(g, free_grid)))
        err = LM_NOMEM;
    return err;
}

/* Sound that is not decoded yet is not waited for: its waveform row will say when. */
static enum lm_err load_track(struct show *s, struct show_light *l, struct db_conn *c, struct problem *p)
{
    struct track_data *t = NULL;
    enum lm_err err = track_data_load(&(struct track_source){ .db = c, .jobs = s->o.jobs, .track_id = l->score_track }, &t, p);

    if (err)
        return err;
    struct shared *track = shared_new(t, free_track);
    if (!track)
        return LM_NOMEM;
    shared_unref(l->track);
    l->track = track;
    return LM_OK;
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
    const struct show_light *l = &s->now;

    for (size_t i = 0; i < l->n; i++)
        if (l->layers[i]->key == key && !strcmp(l->layers[i]->annotation, annotation) && !atomic_load(&l->layers[i]->failed))
            return show_layer_ref(l->layers[i]);
    return NULL;
}

/* What is wrong with the rows: no light from it, and the show goes on. Anything else is wrong with the machine: the light that is there stays. */
static bool is_broken(enum lm_err err)
{
    return err == LM_NOT_FOUND || err == LM_INVALID || err == LM_BAD_REQUEST || err == LM_TOO_LARGE || err == LM_CONFLICT;
}

static enum lm_err make_entry(struct show *s, const struct show_light *l, struct db_conn *c, const json_t *row, struct entry *e, struct problem *p)
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

    struct shared *preview = preview_graph(s->previews, row);
    err = preview ? LM_OK : pattern_implementation(c, json_get_text(row, "pattern_id", ""), l->choice.venue, &implementation, &why);
    const json_t *graph = preview ? shared_get(preview) : json_object_get(implementation, "graph");
    if (!err)
        err = graph_parse(graph, &doc, &why);
    if (err && !is_broken(err)) {
        problem_set(p, err, "%s", why.detail);
        goto out;
    }
    if (err) {
        log_warn("show", "annotation %s: %s", e->id, why.detail[0] ? why.detail : lm_err_text(err));
        json_t *empty = json_pack("{s:[], s:[], s:[]}", "nodes", "edges", "args");
        err = graph_parse(empty, &doc, p);
        json_decref(empty);
        if (err)
            goto out;
    }
    struct layer_source source = {
        .annotation = e->id, .graph = graph, .args = json_object_get(row, "args"),
        .start = e->item.start, .end = e->item.end, .origin = json_get_real(row, "origin_time", e->item.start),
        .seed = (uint64_t)json_get_int(row, "seed", 0), .patch = l->patch, .track = l->track,
    };
    uint64_t key = layer_source_key(&source, doc);
    if ((e->layer = reuse(s, e->id, key)))
        graph_doc_free(doc);
    else
        e->layer = show_layer_new(&source, doc, key);
    if (!e->layer)
        err = LM_NOMEM;
    else if ((err = preview_judge(s->previews, preview, e->layer)))
        show_layer_unref(e->layer);
    else
        e->item.layer = e->layer->layer;
out:
    shared_unref(preview);
    json_decref(implementation);
    return err;
}

static enum lm_err load_rows(struct show *s, struct show_light *l, struct db_conn *c, json_t **rows, struct problem *p)
{
    json_t *score = NULL;
    enum lm_err err = l->choice.score[0] ? row_get(c, &scores_table, l->choice.score, &score, p) : LM_OK;

    l->score_track[0] = 0;
    if (err == LM_NOT_FOUND) {
        if (s->now.choice.score[0])
            log_warn("show", "the active score is gone");
        l->choice.score[0] = 0;
        return LM_OK;
    }
    if (!err && score) {
        snprintf(l->score_track, sizeof(l->score_track), "%s", json_get_text(score, "track_id", ""));
        err = row_all(c, &score_annotations_table, "score_id", l->choice.score, rows, p);
    }
    json_decref(score);
    return err;
}

static void drop_layers(struct show_light *l)
{
    for (size_t i = 0; i < l->n; i++)
        show_layer_unref(l->layers[i]);
    free(l->layers), free(l->items);
    l->layers = NULL, l->items = NULL, l->n = 0;
}

static enum lm_err make_layers(struct show *s, struct show_light *l, struct db_conn *c, const json_t *rows, struct problem *p)
{
    size_t count = json_array_size(rows);
    struct entry *entries = calloc(count + 1, sizeof(*entries));
    enum lm_err err = LM_OK;

    drop_layers(l);
    l->layers = calloc(count + 1, sizeof(*l->layers));
    l->items = calloc(count + 1, sizeof(*l->items));
    if (!entries || !l->layers || !l->items)
        err = LM_NOMEM;
    size_t n = 0;
    while (!err && n < count)
        if (!(err = make_entry(s, l, c, json_array_get(rows, n), &entries[n], p)))
            n++;
    if (!err)
        qsort(entries, n, sizeof(*entries), by_order);
    for (size_t i = 0; i < n; i++) {
        l->layers[i] = entries[i].layer, l->items[i] = entries[i].item;
        l->n++;
    }
    free(entries);
    return err;
}

enum lm_err show_load_score(struct show *s, struct show_light *l, struct db_conn *c, struct problem *p)
{
    json_t *rows = NULL;
    enum lm_err err = load_rows(s, l, c, &rows, p);

    if (!err)
        err = preview_rows(s, rows);
    if (!err && !(err = load_track(s, l, c, p)))
        err = make_layers(s, l, c, rows, p);
    json_decref(rows);
    return err;
}
