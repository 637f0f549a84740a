#include "show/warnings.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"

enum { MAX = 256 };

struct warning {
    char id[96], level[8], message[320];
    int64_t since_ms;
    uint64_t mark;              /* of warnings_sync() */
};

struct warnings {
    pthread_mutex_t lock;
    pthread_mutex_t syncing;    /* one warnings_sync() at a time, or one takes what another has just raised for old. Around lock */
    struct event_bus *bus;
    struct warning *w[MAX];
    size_t n;
    uint64_t mark;
};

struct warnings *warnings_new(struct event_bus *bus)
{
    struct warnings *w = calloc(1, sizeof(*w));

    if (w) {
        pthread_mutex_init(&w->lock, NULL);
        pthread_mutex_init(&w->syncing, NULL);
        w->bus = bus;
    }
    return w;
}

void warnings_free(struct warnings *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n; i++)
        free(w->w[i]);
    pthread_mutex_destroy(&w->lock);
    pthread_mutex_destroy(&w->syncing);
    free(w);
}

static void publish(struct warnings *w, const char *id, char op)
{
    struct event e = { .table = "system", .op = op };

    snprintf(e.id, sizeof(e.id), "%.36s", id);
    if (w->bus)
        event_publish(w->bus, &e, 1);
}

static size_t find(const struct warnings *w, const char *id)
{
    size_t i = 0;

    while (i < w->n && strcmp(w->w[i]->id, id))
        i++;
    return i;
}

/* 'i' new, 'u' another text, 0 nothing new (or no room). Called with the lock held. */
static char put(struct warnings *w, const char *id, const char *level, const char *message)
{
    size_t i = find(w, id);
    char op = 'u';

    if (i == w->n) {
        if (w->n == MAX || !(w->w[i] = calloc(1, sizeof(struct warning))))
            return 0;
        snprintf(w->w[i]->id, sizeof(w->w[i]->id), "%s", id);
        w->w[i]->since_ms = clock_wall_ms();
        w->n++;
        op = 'i';
    }
    w->w[i]->mark = w->mark;
    if (op == 'u' && !strcmp(w->w[i]->message, message) && !strcmp(w->w[i]->level, level))
        return 0;
    snprintf(w->w[i]->level, sizeof(w->w[i]->level), "%s", level);
    snprintf(w->w[i]->message, sizeof(w->w[i]->message), "%s", message);
    return op;
}

static void raise_text(struct warnings *w, const char *id, const char *level, const char *message)
{
    char text[sizeof(w->w[0]->message)];

    snprintf(text, sizeof(text), "%s", message);
    utf8_mend(text);
    pthread_mutex_lock(&w->lock);
    char op = put(w, id, level, text);
    pthread_mutex_unlock(&w->lock);
    if (!op)
        return;
    log_write(!strcmp(level, "error") ? LOG_LEVEL_ERROR : !strcmp(level, "info") ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "show", "%s", text);
    publish(w, id, op);
}

void warnings_raise(struct warnings *w, const char *id, const char *level, const char *fmt, ...)
{
    char message[320];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    raise_text(w, id, level, message);
}

void warnings_lower(struct warnings *w, const char *id)
{
    pthread_mutex_lock(&w->lock);
    size_t i = find(w, id);
    bool found = i < w->n;

    if (found) {
        free(w->w[i]);
        memmove(&w->w[i], &w->w[i + 1], (w->n - i - 1) * sizeof(*w->w));
        w->n--;
    }
    pthread_mutex_unlock(&w->lock);
    if (found) {
        log_info("show", "over: %s", id);
        publish(w, id, 'd');
    }
}

void warnings_sync(struct warnings *w, const char *prefix, const char *level, const char *const *messages, size_t n)
{
    warnings_sync_ids(w, prefix, level, NULL, messages, n);
}

void warnings_sync_ids(struct warnings *w, const char *prefix, const char *level, const char *const *ids, const char *const *messages, size_t n)
{
    char id[96];

    pthread_mutex_lock(&w->syncing);
    pthread_mutex_lock(&w->lock);
    w->mark++;
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < n; i++) {
        /* Without ids they are made of the text, so that a warning keeps its own when others come and go. */
        uint32_t h = 2166136261u;
        for (const char *c = messages[i]; *c; c++)
            h = (h ^ (uint8_t)*c) * 16777619u;
        if (ids)
            snprintf(id, sizeof(id), "%s.%s", prefix, ids[i]);
        else
            snprintf(id, sizeof(id), "%s.%08x", prefix, h);
        raise_text(w, id, level, messages[i]);
    }
    for (;;) {
        id[0] = 0;
        pthread_mutex_lock(&w->lock);
        for (size_t i = 0; i < w->n; i++) {
            size_t len = strlen(prefix);
            if (w->w[i]->mark != w->mark && !strncmp(w->w[i]->id, prefix, len) && w->w[i]->id[len] == '.') {
                snprintf(id, sizeof(id), "%s", w->w[i]->id);
                break;
            }
        }
        pthread_mutex_unlock(&w->lock);
        if (!id[0])
            break;
        warnings_lower(w, id);
    }
    pthread_mutex_unlock(&w->syncing);
}

json_t *warnings_json(struct warnings *w)
{
    json_t *list = json_array();

    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "id", w->w[i]->id, "level", w->w[i]->level, "message",
                                              w->w[i]->message, "since", json_instant(w->w[i]->since_ms)));
    pthread_mutex_unlock(&w->lock);
    return list;
}
