#include "show/patches.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/uuid.h"
#include "show/venue.h"

enum { KEPT = 4, QUEUE = 64 };

struct patches {
    struct library *library;
    struct event_listener *news;
    pthread_mutex_t lock;
    uint64_t generation;                /* rises with every change that may touch a patch */
    uint64_t uses;
    struct kept { char venue[UUID_SIZE]; struct shared *patch; uint64_t used; } kept[KEPT];
};

/* Everything else may be about a patch; a table that is not here costs a load, no more. */
static const char *const others[] = { "outputs", "parks", "scores", "score_annotations", "patterns", "implementations", "implementation_revisions",
                                      "implementation_branches", "score_revisions", "score_branches",
                                      "venue_implementation_overrides", "tracks", "track_beats", "track_roots", "track_waveforms", "track_stems",
                                      "track_features", "settings", "jobs", "batches", "system", "show", NULL };

static bool may_touch(const char *table)
{
    for (size_t i = 0; others[i]; i++)
        if (!strcmp(others[i], table))
            return false;
    return true;
}

static void free_patch(void *p) { patch_free(p); }

static void forget(struct patches *s)
{
    for (size_t i = 0; i < KEPT; i++) {
        shared_unref(s->kept[i].patch);
        s->kept[i] = (struct kept){ 0 };
    }
}

/* What was told since the last call. The lock is held. */
static void follow(struct patches *s)
{
    struct event e;
    bool is_old = false;

    while (event_poll(s->news, &e))
        is_old |= may_touch(e.table);
    if (is_old) {
        s->generation++;
        forget(s);
    }
}

enum lm_err patches_new(struct event_bus *bus, struct library *l, struct patches **result)
{
    struct patches *s = calloc(1, sizeof(*s));

    if (!s || !(s->news = event_listen(bus, QUEUE, NULL, NULL))) {
        free(s);
        return LM_NOMEM;
    }
    s->library = l;
    pthread_mutex_init(&s->lock, NULL);
    *result = s;
    return LM_OK;
}

void patches_free(struct patches *s)
{
    if (!s)
        return;
    event_unlisten(s->news);
    forget(s);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void keep(struct patches *s, const char *venue, struct shared *patch)
{
    struct kept *k = &s->kept[0];

    for (size_t i = 0; i < KEPT; i++) {
        if (s->kept[i].patch && !strcmp(s->kept[i].venue, venue)) {
            k = &s->kept[i];                    /* another request was as quick */
            break;
        }
        if (s->kept[i].used < k->used)
            k = &s->kept[i];
    }
    shared_unref(k->patch);
    snprintf(k->venue, sizeof(k->venue), "%s", venue);
    k->patch = shared_ref(patch);
    k->used = ++s->uses;
}

enum lm_err patches_get(struct patches *s, struct db_conn *c, const char *venue_id, struct shared **result, struct problem *p)
{
    struct patch *patch = NULL;

    *result = NULL;
    pthread_mutex_lock(&s->lock);
    follow(s);
    uint64_t generation = s->generation;
    for (size_t i = 0; i < KEPT && !*result; i++)
        if (s->kept[i].patch && !strcmp(s->kept[i].venue, venue_id)) {
            s->kept[i].used = ++s->uses;
            *result = shared_ref(s->kept[i].patch);
        }
    pthread_mutex_unlock(&s->lock);
    if (*result)
        return LM_OK;

    enum lm_err err = venue_load(c, s->library, venue_id, &patch, p);
    if (err)
        return err;
    if (!(*result = shared_new(patch, free_patch)))
        return problem_set(p, LM_NOMEM, "no memory for a patch");
    pthread_mutex_lock(&s->lock);
    follow(s);
    if (s->generation == generation)            /* else something may have changed behind the load */
        keep(s, venue_id, *result);
    pthread_mutex_unlock(&s->lock);
    return LM_OK;
}
