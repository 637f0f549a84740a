#pragma once
/*
 * Between a plug-in's descriptors and its process, which may be another one after a crash: what node_plugin.ctx is. It lives as long as any program has
 * nodes of that plug-in. Calls come one after another.
 */
#include <pthread.h>

#include "plugins/host.h"
#include "plugins/image.h"

struct link {
    pthread_mutex_t lock;       /* held while a call lasts */
    struct host *host;          /* NULL: down */
    char why[200];              /* of a host that is down */
    struct image image;         /* what is started again */
    void (*went_down)(void *ctx);       /* from the thread that called; wakes the one that starts it anew */
    void *ctx;
};

extern const struct node_plugin_ops link_ops;

struct link *link_new(struct host *host, struct image *image, void (*went_down)(void *), void *ctx);   /* takes both; NULL: no memory, took nothing */
void link_set(struct link *l, struct host *host, const char *why);      /* another host, or none; the one before is ended */
