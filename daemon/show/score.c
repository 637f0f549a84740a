/* The score from its rows to layers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "db/domain.h"
#include "show/preview.h"
#include "show/state.h"
#include "show/track_data.h"

enum { COMPILE_MS = 2000 };

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

/* Sound that is not decoded yet is not waited for: its waveform row will say when, and an event of the stems. */
static enum lm_err load_track(struct show *s, struct show_light *l, struct db_conn *c, bool with_stems, struct problem *p)
{
    struct track_data *t = NULL;
    enum lm_err err = track_data_load(&(struct track_source){ .db = c, .jobs = s->o.jobs, .track_id = l->score_track, .with_stems = with_stems }, &t, p);

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

/* What is wrong with the rows: no light from it, and the show goes on. Anything else is wrong with the machine: the light that is there stays. */
static bool is_broken(enum lm_err err)
{
    return err == LM_NOT_FOUND || err == LM_INVALID || err == LM_BAD_REQUEST || err == LM_TOO_LARGE || err == LM_CONFLICT;
}

static void free_doc(void *d) { graph_doc_free(d); }

void show_forget_graphs(struct show *s)
{
    for (size_t i = 0; i < s->graphs.n; i++)
        shared_unref(s->graphs.g[i].doc);
    free(s->graphs.g);
    s->graphs = (struct show_graphs){ 0 };
}

static struct shared *graphs_find(const struct show_graphs *graphs, const char *pattern)
{
    for (size_t i = 0; i < graphs->n; i++)
        if (!strcmp(graphs->g[i].pattern, pattern))
            return shared_ref(graphs->g[i].doc);
    return NULL;
}

/* Without memory it is parsed again for the next one. */
static void graphs_add(struct show_graphs *graphs, const char *pattern, struct shared *doc)
{
    if (graphs->n == graphs->cap) {
        size_t cap = graphs->cap ? 2 * graphs->cap : 16;
        void *more = realloc(graphs->g, cap * sizeof(*graphs->g));
        if (!more)
            return;
        graphs->g = more, graphs->cap = cap;
    }
    str_copy(graphs->g[graphs->n].pattern, UUID_SIZE, pattern);
    graphs->g[graphs->n++].doc = shared_ref(doc);
}

static enum lm_err parse(const json_t *graph, struct shared **result, struct problem *p)
{
    struct graph_doc *doc = NULL;
    enum lm_err err = graph_parse(graph, &doc, p);

    *result = NULL;
    return err ? err : (*result = shared_new(doc, free_doc)) ? LM_OK : LM_NOMEM;
}

/* Of the row's pattern in this venue; an empty one where that is broken. */
static enum lm_err pattern_graph(const struct show_light *l, struct db_conn *c, const json_t *row, struct show_graphs *graphs, struct shared **doc, struct problem *p)
{
    const char *pattern = json_get_text(row, "pattern_id", "");
    json_t *implementation = NULL;
    struct problem why;

    if ((*doc = graphs_find(graphs, pattern)))
        return LM_OK;
    problem_clear(&why);
    enum lm_err err = pattern_implementation(c, pattern, l->choice.venue, &implementation, &why);
    if (!err)
        err = parse(json_object_get(implementation, "graph"), doc, &why);
    json_decref(implementation);
    if (err && !is_broken(err))
        return problem_set(p, err, "%s", why.detail);
    if (err) {
        log_warn("show", "annotation %s: %s", json_get_text(row, "id", ""), why.detail[0] ? why.detail : lm_err_text(err));
        json_t *empty = json_pack("{s:[], s:[], s:[]}", "nodes", "edges", "args");
        err = parse(empty, doc, p);
        json_decref(empty);
    }
    if (!err)
        graphs_add(graphs, pattern, *doc);
    return err;
}

/* The graph on trial must be compiled before it can be judged. */
static enum lm_err judge(struct show *s, const struct shared *preview, struct show_layer *l)
{
    if (!pool_wait(s->pool, &(struct pool_wish){ .layers = &l, .n = 1, .compile_only = true, .timeout_ms = COMPILE_MS }))
        return LM_BUSY;
    return preview_judge(s->previews, preview, l);
}

/* Stems are decoded for who reads them. */
static enum lm_err need_stems(struct show *s, struct show_light *l, struct db_conn *c, const struct graph_doc *doc, struct problem *p)
{
    const struct track_data *t = shared_get(l->track);

    return t->has_stems || !l->score_track[0] || !(graph_doc_reads(doc) & READS_STEMS) ? LM_OK : load_track(s, l, c, true, p);
}

static enum lm_err make_entry(struct show *s, struct show_light *l, struct db_conn *c, const json_t *row, struct entry *e, struct problem *p)
{
    struct shared *doc = NULL;

    memset(e, 0, sizeof(*e));
    snprintf(e->id, sizeof(e->id), "%s", json_get_text(row, "id", ""));
    e->z = (int)json_get_int(row, "z_index", 0);
    e->item.start = json_get_real(row, "start_time", 0);
    e->item.end = json_get_real(row, "end_time", 0);
    blend_mode_find(json_get_text(row, "blend_mode", "replace"), &e->item.blend);

    struct shared *preview = preview_graph(s->previews, row);
    enum lm_err err = preview ? parse(shared_get(preview), &doc, p) : pattern_graph(l, c, row, &s->graphs, &doc, p);
    if (!err)
        err = need_stems(s, l, c, shared_get(doc), p);
    if (!err) {
        struct layer_source source = {
            .annotation = e->id, .doc = doc, .args = json_object_get(row, "args"), .start = e->item.start, .end = e->item.end,
            .origin = json_get_real(row, "origin_time", e->item.start), .seed = (uint64_t)json_get_int(row, "seed", 0), .patch = l->patch, .track = l->track,
        };
        uint64_t key = layer_source_key(&source);
        if (!(e->layer = pool_find(s->pool, e->id, key)) && !(e->layer = show_layer_new(&source, key)))
            err = LM_NOMEM;
    }
    if (!err && preview && (err = judge(s, preview, e->layer))) {
        show_layer_unref(e->layer);
        e->layer = NULL;
    }
    if (!err && e->layer)
        e->item.layer = e->layer->layer, e->item.lead = e->layer->lead;
    shared_unref(preview);
    shared_unref(doc);
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
    char track[UUID_SIZE];

    str_copy(track, sizeof(track), l->score_track);
    enum lm_err err = load_rows(s, l, c, &rows, p);

    if (!err)
        err = preview_rows(s, rows);
    /* What read them a moment ago most likely does so again. */
    const struct track_data *had = shared_get(l->track);
    bool with_stems = had && had->has_stems && !strcmp(l->score_track, track);
    if (!err && !(err = load_track(s, l, c, with_stems, p)))
        err = make_layers(s, l, c, rows, p);
    json_decref(rows);
    return err;
}
