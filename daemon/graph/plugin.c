#include "graph/plugin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node_set {
    atomic_int refs;
    struct node_plugin **plugins; size_t n_plugins;
    const struct node_desc **nodes; size_t n_nodes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct node_set *current;

struct node_plugin *node_plugin_ref(struct node_plugin *p)
{
    atomic_fetch_add(&p->refs, 1);
    return p;
}

void node_plugin_unref(struct node_plugin *p)
{
    if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
        return;
    if (p->ops->free)
        p->ops->free(p->ctx);
    arena_free(p->arena);
    free(p);
}

static const struct node_desc *find(const struct node_set *s, const char *id)
{
    for (size_t i = 0; s && i < s->n_nodes; i++)
        if (!strcmp(s->nodes[i]->id, id))
            return s->nodes[i];
    return NULL;
}

struct node_set *node_set_new(struct node_plugin *const *plugins, size_t n)
{
    struct node_set *s = calloc(1, sizeof *s);
    size_t nodes = 0;

    for (size_t i = 0; i < n; i++)
        nodes += plugins[i]->n_nodes;
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->plugins = calloc(n + 1, sizeof *s->plugins);
    s->nodes = calloc(nodes + 1, sizeof *s->nodes);
    if (!s->plugins || !s->nodes) {
        node_set_unref(s);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        s->plugins[s->n_plugins++] = node_plugin_ref(plugins[i]);
        for (size_t k = 0; k < plugins[i]->n_nodes; k++)
            if (!find(s, plugins[i]->nodes[k].desc.id))
                s->nodes[s->n_nodes++] = &plugins[i]->nodes[k].desc;
    }
    return s;
}

struct node_set *node_set_ref(struct node_set *s)
{
    if (s)
        atomic_fetch_add(&s->refs, 1);
    return s;
}

void node_set_unref(struct node_set *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    for (size_t i = 0; i < s->n_plugins; i++)
        node_plugin_unref(s->plugins[i]);
    free(s->plugins);
    free(s->nodes);
    free(s);
}

void node_set_publish(struct node_set *s)
{
    pthread_mutex_lock(&lock);
    struct node_set *old = current;
    current = s;
    pthread_mutex_unlock(&lock);
    node_set_unref(old);
}

struct node_set *node_set_current(void)
{
    pthread_mutex_lock(&lock);
    struct node_set *s = node_set_ref(current);
    pthread_mutex_unlock(&lock);
    return s;
}

const struct node_desc *node_set_find(const struct node_set *s, const char *id)
{
    const struct node_desc *desc = node_find(id);

    return desc ? desc : find(s, id);
}

size_t node_set_count(const struct node_set *s)
{
    return s ? s->n_nodes : 0;
}

const struct node_desc *node_set_at(const struct node_set *s, size_t i)
{
    return s->nodes[i];
}
