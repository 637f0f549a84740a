#include "show/preview.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "show/state.h"

#define SOLO_SECONDS 600.0              /* when nobody knows how long the track is */
enum { SOLO_Z = 1 << 30, SOLOS = 64 };  /* above whatever the score has */

struct previews *previews_new(void)
{
    struct previews *v = calloc(1, sizeof(*v));

    if (v)
        pthread_mutex_init(&v->lock, NULL);
    return v;
}

void preview_free_list(struct preview *p)
{
    for (struct preview *next; p; p = next) {
        next = p->next;
        shared_unref(p->graph);
        json_decref(p->args);
        free(p);
    }
}

void previews_free(struct previews *v)
{
    if (!v)
        return;
    preview_free_list(v->first);
    json_decref(v->errors);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

/* ---- sockets ---- */

struct preview_client *preview_client_find(struct previews *v, const char *id)
{
    for (size_t i = 0; i < v->n_clients; i++)
        if (!strcmp(v->clients[i].id, id))
            return &v->clients[i];
    return NULL;
}

void show_client_join(struct show *s, const char *client, const char *caller)
{
    struct previews *v = s->previews;

    pthread_mutex_lock(&v->lock);
    if (v->n_clients < PREVIEW_CLIENTS) {   /* beyond: it sees everything and may preview nothing */
        struct preview_client *c = &v->clients[v->n_clients++];
        str_copy(c->id, sizeof(c->id), client);
        str_copy(c->caller, sizeof(c->caller), caller);
    }
    pthread_mutex_unlock(&v->lock);
}

struct preview *previews_take(struct previews *v, const char *client, const char *of, size_t *n)
{
    struct preview *out = NULL;

    for (struct preview **at = &v->first; *at;) {
        struct preview *p = *at;
        if (strcmp(p->client, client) || (of && strcmp(p->of, of))) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        p->next = out, out = p;
        ++*n;
    }
    return out;
}

void previews_insert(struct previews *v, struct preview *p)
{
    struct preview **at = &v->first;

    while (*at && (*at)->serial > p->serial)
        at = &(*at)->next;
    p->next = *at, *at = p;
}

void show_client_leave(struct show *s, const char *client)
{
    struct previews *v = s->previews;
    size_t n = 0;

    pthread_mutex_lock(&v->lock);
    struct preview_client *c = preview_client_find(v, client);
    if (c)
        *c = v->clients[--v->n_clients];
    struct preview *gone = previews_take(v, client, NULL, &n);
    if (n)
        v->ended = true;
    pthread_mutex_unlock(&v->lock);
    preview_free_list(gone);
    if (n)
        event_wake(s->listener);
    show_tests_leave(s, client);
}

bool previews_ended(struct previews *v)
{
    pthread_mutex_lock(&v->lock);
    bool ended = v->ended;
    v->ended = false;
    pthread_mutex_unlock(&v->lock);
    return ended;
}

/* ---- for the loader ---- */

enum lm_err preview_rows(struct show *s, json_t *rows)
{
    struct previews *v = s->previews;
    struct player_now at;
    enum lm_err err = LM_OK;

    player_now(s->player, clock_mono_ns(), &at);
    v->now = show_light_at(s, at.position);
    pthread_mutex_lock(&v->lock);
    int z = SOLO_Z + SOLOS;
    for (struct preview *p = v->first; p; p = p->next) {
        p->shown = 0, p->is_lit = false;
        if (p->target != PREVIEW_SOLO || !rows)
            continue;
        double end = at.duration > 0 ? at.duration : SOLO_SECONDS;
        json_t *row = json_pack("{s:s, s:s, s:f, s:f, s:i, s:s, s:O*}", "id", p->id, "pattern_id", p->of, "start_time", 0.0, "end_time", end,
                                "z_index", z--, "blend_mode", "replace", "args", p->args);
        if (json_array_append_new(rows, row))
            err = LM_NOMEM;
    }
    pthread_mutex_unlock(&v->lock);
    return err;
}

static bool is_meant(const struct preview *p, const json_t *row)
{
    switch (p->target) {
    case PREVIEW_ANNOTATION:
        return !strcmp(p->of, json_get_text(row, "id", ""));
    case PREVIEW_PATTERN:
        return !strcmp(p->of, json_get_text(row, "pattern_id", "")) && json_get_int(row, "z_index", 0) < SOLO_Z;
    case PREVIEW_SOLO:
        break;
    }
    return !strcmp(p->id, json_get_text(row, "id", ""));
}

struct shared *preview_graph(struct previews *v, const json_t *row)
{
    struct shared *graph = NULL;

    pthread_mutex_lock(&v->lock);
    for (struct preview *p = v->first; p && !graph; p = p->next)
        if (is_meant(p, row)) {
            double start = json_get_real(row, "start_time", 0), end = json_get_real(row, "end_time", 0);
            graph = shared_ref(p->graph);
            if (p->shown < PREVIEW_SPANS)
                p->spans[p->shown][0] = start, p->spans[p->shown][1] = end;
            p->shown++;
            p->is_lit |= start <= v->now && v->now < end;
        }
    pthread_mutex_unlock(&v->lock);
    return graph;
}

/* The same fault in twenty annotations is one fault; a warning is news only beside the light it is about. */
static void remember_errors(struct previews *v, const json_t *errors)
{
    size_t i, k;
    json_t *e, *had;

    if (!v->errors)
        v->errors = json_array();
    json_array_foreach (errors, i, e) {
        bool is_new = true;
        json_array_foreach (v->errors, k, had)
            is_new = is_new && !json_equal(e, had);
        if (is_new)
            json_array_append(v->errors, e);
    }
}

enum lm_err preview_judge(struct previews *v, const struct shared *graph, const struct show_layer *l)
{
    if (!graph || graph != v->trial)
        return LM_OK;
    remember_errors(v, l->errors);
    v->is_refused = show_layer_is_broken(l);
    return v->is_refused ? LM_INVALID : LM_OK;
}

void show_check_previews(struct show *s)
{
    struct previews *v = s->previews;
    size_t n = 0;

    pthread_mutex_lock(&v->lock);
    for (const struct preview *p = v->first; p; p = p->next)
        n++;
    pthread_mutex_unlock(&v->lock);
    if (n)
        warnings_raise(s->o.warnings, "show.preview", "info", "A graph that is not saved is previewed on the rig. It ends with the page that shows it.");
    else if (v->told)
        warnings_lower(s->o.warnings, "show.preview");
    v->told = n > 0;
}
