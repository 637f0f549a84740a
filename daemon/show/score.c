/* The score from its rows to layers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "db/domain.h"
#include "show/state.h"

static void free_grid(void *g) { beatgrid_free(g); }
static void free_pcm(void *p) { pcm_close(p), free(p); }

static void load_audio(struct show *s, struct show_light *l)
{
    char *path = NULL;
    struct problem p;
    struct pcm *pcm = NULL;

    problem_clear(&p);
    shared_unref(l->pcm);
    l->pcm = NULL, l->pcm_hash = 0;
    if (!l->score_track[0] || jobs_decoded(s->o.jobs, l->score_track, 0, &path, &p))
        return;                         /* not decoded yet: its waveform row will say when */
    if ((pcm = calloc(1, sizeof(*pcm))) && !pcm_open(path, pcm, &p)) {
        l->pcm_hash = pcm->frames * 31 + (uint64_t)pcm->channels;
        l->pcm = shared_new(pcm, free_pcm);
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
    enum lm_err err = *track_id ? track_beats(c, track_id, &row, &p) : LM_OK;
    if (err && err != LM_NOT_FOUND)                     /* none yet: an assumed grid */
        return err;
    const json_t *b = json_object_get(row, "beats"), *d = json_object_get(row, "downbeats");
    size_t n = json_array_size(b), m = json_array_size(d);
    beats = calloc(n + 1, sizeof(double)), downbeats = calloc(m + 1, sizeof(double));
    err = beats && downbeats ? LM_OK : LM_NOMEM;
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

    err = pattern_implementation(c, json_get_text(row, "pattern_id", ""), l->choice.venue, &implementation, &why);
    if (!err)
        err = graph_parse(json_object_get(implementation, "graph"), &doc, &why);
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
        .annotation = e->id, .graph = json_object_get(implementation, "graph"), .args = json_object_get(row, "args"),
        .start = e->item.start, .end = e->item.end, .origin = json_get_real(row, "origin_time", e->item.start),
        .seed = (uint64_t)json_get_int(row, "seed", 0), .patch = l->patch, .grid = l->grid, .pcm = l->pcm, .pcm_hash = l->pcm_hash,
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
    struct shared *grid = NULL;
    enum lm_err err = load_rows(s, l, c, &rows, p);

    if (!err && !(err = show_load_grid(s, c, l->score_track, &grid))) {
        shared_unref(l->grid);
        l->grid = grid;
        load_audio(s, l);
        err = make_layers(s, l, c, rows, p);
    }
    json_decref(rows);
    return err;
}
