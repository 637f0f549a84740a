#include "plugins/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/str.h"

enum { MOMENT_MS = 20 };        /* most calls are over sooner */

static bool lock_soon(struct link *l)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += MOMENT_MS * 1000000;
    if (until.tv_nsec >= 1000000000)
        until.tv_nsec -= 1000000000, until.tv_sec++;
    return !pthread_mutex_timedlock(&l->lock, &until);
}

static enum lm_err run(void *ctx, const struct plugin_node *node, const struct node_io *io, bool may_wait, char *message, size_t size)
{
    struct link *l = ctx;

    if (may_wait)
        pthread_mutex_lock(&l->lock);
    else if (!lock_soon(l))
        return LM_TIMEOUT;
    bool good = false, down = false;
    if (l->host) {
        good = host_run(l->host, node, io, message, size);
        down = host_is_down(l->host);
    } else {
        str_copy(message, size, l->why);
    }
    pthread_mutex_unlock(&l->lock);
    if (down)
        l->went_down(l->ctx);
    char why[200];
    str_copy(why, sizeof why, message);
    if (!good)
        snprintf(message, size, "plug-in \"%s\" gives no light: %s", node->desc.plugin->name, why);
    return good ? LM_OK : LM_IO;
}

static void link_free(void *ctx)
{
    struct link *l = ctx;

    host_free(l->host);
    image_close(&l->image);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

const struct node_plugin_ops link_ops = { .run = run, .free = link_free };

struct link *link_new(struct host *host, struct image *image, void (*went_down)(void *), void *ctx)
{
    struct link *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    pthread_mutex_init(&l->lock, NULL);
    l->host = host, l->image = *image, l->went_down = went_down, l->ctx = ctx;
    image->fd = -1;
    return l;
}

void link_set(struct link *l, struct host *host, const char *why)
{
    pthread_mutex_lock(&l->lock);
    struct host *old = l->host;
    l->host = host;
    str_copy(l->why, sizeof l->why, why);
    pthread_mutex_unlock(&l->lock);
    host_free(old);
}
