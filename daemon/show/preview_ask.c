/* PUT, GET and DELETE /graph/preview. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/str.h"
#include "show/preview.h"
#include "show/state.h"

enum { PREVIEWS_MAX = 64, OF_CLIENT_MAX = 8, GRAPH_MAX = 1 << 20, GRAPHS_MAX = 16 << 20 };

static void free_json(void *j) { json_decref(j); }

static const char *const not_yours = "That client is a socket of someone else.";
static const char *const not_there = "There is no such client: it is what the hello of your own WebSocket says, while that is open.";

/* The lock is held. */
enum lm_err preview_client_check(struct previews *v, const char *client, const char *caller, struct problem *p)
{
    const struct preview_client *c = preview_client_find(v, client);

    if (!c)
        return problem_set(p, LM_CONFLICT, "%s", not_there);
    return strcmp(c->caller, caller) ? problem_set(p, LM_FORBIDDEN, "%s", not_yours) : LM_OK;
}

/* What a body says, checked. The ids point into it. */
struct wish { const char *client, *annotation, *pattern; bool solo; const json_t *graph, *args; size_t bytes; };

static const char *read_uuid(const json_t *body, const char *key, struct problem *p)
{
    const json_t *v = json_object_get(body, key);
    char path[64];

    if (!v || json_is_null(v))
        return NULL;
    if (json_is_string(v) && uuid_valid(json_string_value(v)))
        return json_string_value(v);
    snprintf(path, sizeof(path), "/%s", key);
    problem_add(p, path, "must be an id or null");
    return NULL;
}

static enum lm_err read_wish(const json_t *body, struct wish *w, struct problem *p)
{
    static const char *const known[] = { "client", "annotation_id", "pattern_id", "graph", "args", "solo", NULL };
    enum lm_err err = json_only(body, known, p);

    if (err)
        return err;
    const json_t *solo = json_object_get(body, "solo");
    w->client = read_uuid(body, "client", p);
    w->annotation = read_uuid(body, "annotation_id", p);
    w->pattern = read_uuid(body, "pattern_id", p);
    w->graph = json_object_get(body, "graph");
    w->args = json_object_get(body, "args");
    w->solo = json_is_true(solo);
    if (!w->client && !p->err)
        problem_add(p, "/client", "is missing: it is in your socket's hello");
    if (!w->graph)
        problem_add(p, "/graph", "is missing");
    if (solo && !json_is_boolean(solo))
        problem_add(p, "/solo", "must be true or false");
    if (json_is_null(w->args))
        w->args = NULL;
    if (w->args && !json_is_object(w->args))
        problem_add(p, "/args", "must be an object");
    else if (w->args && !w->solo)
        problem_add(p, "/args", "are the annotation's own; only a solo has others");
    if (!p->err && w->solo && (w->annotation || !w->pattern))
        problem_add(p, "/solo", "needs a pattern_id, and no annotation_id");
    else if (!p->err && !w->annotation && !w->pattern)
        problem_add(p, "/annotation_id", "is missing, and so is pattern_id: what shall it stand for?");
    if (p->err)
        return p->err;
    w->bytes = json_dumpb(w->graph, NULL, 0, JSON_COMPACT) + (w->args ? json_dumpb(w->args, NULL, 0, JSON_COMPACT) : 0);
    return w->bytes > GRAPH_MAX ? problem_set(p, LM_TOO_LARGE, "A graph that is previewed may have %d KiB.", GRAPH_MAX >> 10) : LM_OK;
}

static struct preview *preview_new(const struct wish *w)
{
    struct preview *p = calloc(1, sizeof(*p));
    json_t *graph = p ? json_deep_copy(w->graph) : NULL;

    if (!graph || !(p->graph = shared_new(graph, free_json)) || (w->args && !(p->args = json_deep_copy(w->args)))) {
        preview_free_list(p);
        return NULL;
    }
    uuid_new(p->id);
    str_copy(p->client, sizeof(p->client), w->client);
    str_copy(p->of, sizeof(p->of), w->annotation ? w->annotation : w->pattern);
    p->target = w->annotation ? PREVIEW_ANNOTATION : w->solo ? PREVIEW_SOLO : PREVIEW_PATTERN;
    p->bytes = w->bytes;
    return p;
}

/* In the list, before all others; what the client had for the same place is taken out and handed back. */
static enum lm_err put_in(struct previews *v, struct preview *p, const char *caller, struct preview **old, struct problem *why)
{
    size_t n = 0, all = 0, own = 0, bytes = p->bytes;
    enum lm_err err;

    pthread_mutex_lock(&v->lock);
    if (!(err = preview_client_check(v, p->client, caller, why))) {
        for (const struct preview *x = v->first; x; x = x->next)
            if (strcmp(x->client, p->client) || strcmp(x->of, p->of)) {
                all++, bytes += x->bytes;
                own += !strcmp(x->client, p->client);
            }
        if (own >= OF_CLIENT_MAX)
            err = problem_set(why, LM_BUSY, "A client may have %d previews at a time; end one first.", OF_CLIENT_MAX);
        else if (all >= PREVIEWS_MAX || bytes > GRAPHS_MAX)
            err = problem_set(why, LM_BUSY, "Too much is being previewed already; wait until someone ends theirs.");
    }
    if (!err) {
        *old = previews_take(v, p->client, p->of, &n);       /* one at most */
        if (*old && (*old)->target == p->target)
            memcpy(p->id, (*old)->id, sizeof(p->id));   /* the same annotation to the eye, so that an unchanged layer is kept */
        p->serial = ++v->serial;
        previews_insert(v, p);
    }
    pthread_mutex_unlock(&v->lock);
    return err;
}

/* As it was before put_in(); when the client left meanwhile, without either. */
static void put_back(struct previews *v, const char *client, const char *of, struct preview *old)
{
    size_t n = 0;

    pthread_mutex_lock(&v->lock);
    struct preview *mine = previews_take(v, client, of, &n);
    if (old && preview_client_find(v, client)) {
        previews_insert(v, old);
        old = NULL;
    }
    pthread_mutex_unlock(&v->lock);
    preview_free_list(mine);
    preview_free_list(old);
}

/* Without one on trial previews ended: most often their graphs were just saved, and the word of that is still on its way. */
static enum lm_err reload(struct show *s, const struct shared *trial, struct problem *p)
{
    struct previews *v = s->previews;

    v->trial = trial;
    v->is_refused = false;
    json_decref(v->errors);
    v->errors = NULL;

    enum lm_err err = show_reload(s, &s->choice, trial ? DIRTY_SCORE : DIRTY_SCORE | DIRTY_GRAPHS, p);
    v->trial = NULL;
    return err;
}

/* Nothing of it is seen: why not. NULL: something is. */
static const char *unseen(const struct show *s, const struct wish *w, size_t shown, bool is_lit)
{
    if (!s->now.choice.score[0])
        return "No score is active, so there is nothing that plays it.";
    if (s->now.choice.mode != MODE_SCORE)
        return "The show is off: put a score on to see it.";
    if (!shown)
        return w->annotation ? "The active score has no such annotation, or a newer preview covers it." : "The active score has no annotation of this pattern, or a newer preview covers them.";
    if (strcmp(s->loaded_track, s->now.score_track) != 0)
        return "The score's track is not the one that is loaded, so the score gives no light.";
    return is_lit ? NULL : "The playhead is outside of every annotation that plays it.";
}

static json_t *answer(struct show *s, const struct wish *w, const struct graph_errors *errors)
{
    struct previews *v = s->previews;
    size_t shown = 0;
    bool is_lit = false;
    json_t *spans = json_array();

    pthread_mutex_lock(&v->lock);
    for (const struct preview *p = v->first; p && !errors; p = p->next) {
        if (strcmp(p->client, w->client) || strcmp(p->of, w->annotation ? w->annotation : w->pattern))
            continue;
        shown = p->shown, is_lit = p->is_lit;
        for (size_t i = 0; i < shown && i < PREVIEW_SPANS; i++)
            json_array_append_new(spans, json_pack("[f, f]", p->spans[i][0], p->spans[i][1]));
    }
    pthread_mutex_unlock(&v->lock);
    pthread_mutex_lock(&s->view);       /* of loaded_track */
    const char *why = errors ? NULL : unseen(s, w, shown, is_lit);
    pthread_mutex_unlock(&s->view);
    json_t *said = errors ? graph_errors_json(errors) : v->errors ? json_deep_copy(v->errors) : json_array();     /* an answer is freed by another thread */
    return json_pack("{s:I, s:b, s:s?, s:o, s:o}", "shown", (json_int_t)shown, "lit", (int)(is_lit && !why), "note", why, "spans", spans, "errors", said);
}

/* What is wrong with it wherever it plays: known without the show. */
static enum lm_err check_graph(const json_t *graph, struct graph_errors *errors, bool *is_broken, struct problem *p)
{
    struct graph_doc *doc = NULL;
    enum lm_err err = graph_parse(graph, &doc, p);

    for (size_t i = 0; err && p && i < p->n; i++) {
        char path[PROBLEM_PATH];
        snprintf(path, sizeof(path), "/graph%.80s", p->errors[i].path);
        str_copy(p->errors[i].path, sizeof(p->errors[i].path), path);
    }
    if (err)
        return err;
    graph_check(doc, errors);
    graph_doc_free(doc);
    for (size_t i = 0; i < errors->n; i++)
        *is_broken |= strcmp(errors->e[i].code, "warning") != 0;
    return LM_OK;
}

/* Control lock held. LM_INVALID with v->errors: broken where it would play. */
static enum lm_err try_it(struct show *s, const char *caller, struct preview *fresh, const struct wish *w, struct problem *p)
{
    struct previews *v = s->previews;
    struct preview *old = NULL;
    struct shared *graph = shared_ref(fresh->graph);    /* the client may leave at any time */
    char of[UUID_SIZE];
    enum lm_err err;

    memcpy(of, fresh->of, sizeof(of));
    if ((err = put_in(v, fresh, caller, &old, p))) {
        preview_free_list(fresh);
    } else if ((err = reload(s, graph, p))) {
        put_back(v, w->client, of, old);
    } else {
        preview_free_list(old);
    }
    shared_unref(graph);
    return err;
}

enum lm_err show_preview_put(struct show *s, const char *caller, const json_t *body, json_t **json, struct problem *p)
{
    struct previews *v = s->previews;
    struct graph_errors errors = { 0 };
    struct wish w = { 0 };
    bool is_broken = false;
    enum lm_err err = read_wish(body, &w, p);

    if (err)
        return err;
    pthread_mutex_lock(&v->lock);       /* before anything is said of the graph */
    err = preview_client_check(v, w.client, caller, p);
    pthread_mutex_unlock(&v->lock);
    if (err || (err = check_graph(w.graph, &errors, &is_broken, p)))
        goto out;
    struct preview *fresh = is_broken ? NULL : preview_new(&w);
    if (!fresh && !is_broken) {
        err = LM_NOMEM;
        goto out;
    }
    pthread_mutex_lock(&s->control);
    v->is_refused = false;              /* that was another one's */
    if (fresh)
        err = try_it(s, caller, fresh, &w, p);
    if (err && v->is_refused) {
        err = LM_OK;                    /* as with a graph that is broken by itself: an answer */
        problem_clear(p);
        *json = json_pack("{s:i, s:b, s:n, s:[], s:o}", "shown", 0, "lit", 0, "note", "spans", "errors", json_deep_copy(v->errors));
    } else if (!err) {
        *json = answer(s, &w, is_broken ? &errors : NULL);
    }
    pthread_mutex_unlock(&s->control);
    if (!err && !*json)
        err = LM_NOMEM;
out:
    graph_errors_clear(&errors);
    return err;
}

enum lm_err show_preview_end(struct show *s, const char *caller, const char *client, const char *of, struct problem *p)
{
    struct previews *v = s->previews;
    size_t n = 0;

    pthread_mutex_lock(&s->control);
    pthread_mutex_lock(&v->lock);
    struct preview *gone = NULL;
    enum lm_err err = preview_client_check(v, client, caller, p);
    if (!err)
        gone = previews_take(v, client, of, &n);
    pthread_mutex_unlock(&v->lock);
    preview_free_list(gone);
    if (n && (err = reload(s, NULL, p))) {
        pthread_mutex_lock(&v->lock);
        v->ended = true;                /* the control thread tries again */
        pthread_mutex_unlock(&v->lock);
        event_wake(s->listener);
    }
    pthread_mutex_unlock(&s->control);
    return err;
}

json_t *show_preview_list(struct show *s)
{
    struct previews *v = s->previews;
    json_t *list = json_array();

    pthread_mutex_lock(&s->control);
    pthread_mutex_lock(&v->lock);
    for (const struct preview *p = v->first; p; p = p->next) {
        const char *annotation = p->target == PREVIEW_ANNOTATION ? p->of : NULL, *pattern = p->target == PREVIEW_ANNOTATION ? NULL : p->of;
        json_array_append_new(list, json_pack("{s:s?, s:s?, s:b, s:I}", "annotation_id", annotation, "pattern_id", pattern, "solo",
                                              (int)(p->target == PREVIEW_SOLO), "shown", (json_int_t)p->shown));
    }
    pthread_mutex_unlock(&v->lock);
    pthread_mutex_unlock(&s->control);
    return list;
}
