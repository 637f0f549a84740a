/* One plug-in's life: loaded, started anew, replaced, gone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/path.h"
#include "core/str.h"
#include "plugins/private.h"

static const int64_t waits_ms[] = { 250, 1000, 4000 };
enum { WAITS = sizeof waits_ms / sizeof *waits_ms, FORGIVEN_S = 60, RETIRED_MS = 3000 };
#define NS_PER_MS INT64_C(1000000)

static void set_state(struct plugins *p, struct entry *e, enum plugin_state state, const char *error)
{
    pthread_mutex_lock(&p->lock);
    e->state = state;
    str_copy(e->error, sizeof e->error, error);
    utf8_mend(e->error);
    e->is_told = state == PLUGIN_RUNNING && *error;
    pthread_mutex_unlock(&p->lock);
    p->has_news = true;
}

/* A process that has described itself. */
static enum lm_err begin(const struct plugins *p, const struct entry *e, int image, struct host **host, json_t **description, struct problem *why)
{
    struct host_options o = { .name = e->name, .image = image, .call_ms = p->o.call_ms };
    enum lm_err err = host_start(&o, host, why);

    if (!err && (err = host_describe(*host, &p->stop, description, why))) {
        host_free(*host);
        *host = NULL;
    }
    return err;
}

/* Which of its nodes another plug-in has already, in words; "" none. */
static void find_doubles(const struct plugins *p, const struct entry *e, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < p->n && p->entries[i] != e; i++)
        for (size_t k = 0; p->entries[i]->plugin && k < p->entries[i]->plugin->n_nodes; k++)
            for (size_t m = 0; m < e->plugin->n_nodes; m++)
                if (!text[0] && !strcmp(p->entries[i]->plugin->nodes[k].desc.id, e->plugin->nodes[m].desc.id))
                    snprintf(text, size, "the node %s is also in \"%s\", which is the one that is used", e->plugin->nodes[m].desc.id, p->entries[i]->name);
}

void entries_publish(struct plugins *p)
{
    struct node_plugin *list[PLUGINS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        if (p->entries[i]->plugin)
            list[n++] = p->entries[i]->plugin;
    struct node_set *set = node_set_new(list, n);
    if (!set) {
        log_error("plugins", "no memory for the list of nodes; the one before stands");
        return;
    }
    node_set_publish(set);
    p->has_nodes = p->has_news = true;
}

/* ---- what was replaced ---- */

/* Takes the reference. */
static void retire(struct plugins *p, struct node_plugin *plugin)
{
    struct retired *r = plugin ? malloc(sizeof *r) : NULL;

    if (!r) {
        node_plugin_unref(plugin);
        return;
    }
    *r = (struct retired){ .plugin = plugin, .since_ns = clock_mono_ns(), .next = p->retired };
    p->retired = r;
}

/* The same bytes under the same name: its nodes are the same, and so is the light that was made of them. NULL: there is none. */
static struct node_plugin *bring_back(struct plugins *p, const struct entry *e, uint64_t hash)
{
    for (struct retired **at = &p->retired; *at; at = &(*at)->next) {
        struct retired *r = *at;
        if (r->plugin->hash != hash || strcmp(r->plugin->name, e->name))
            continue;
        struct node_plugin *plugin = r->plugin;
        *at = r->next;
        free(r);
        return plugin;
    }
    return NULL;
}

int64_t entries_sweep(struct plugins *p)
{
    int64_t now = clock_mono_ns(), again = 0;

    for (struct retired **at = &p->retired; *at;) {
        struct retired *r = *at;
        if (atomic_load(&r->plugin->refs) == 1) {       /* no graph has it any more */
            *at = r->next;
            node_plugin_unref(r->plugin);
            free(r);
            continue;
        }
        int64_t end = r->since_ns + RETIRED_MS * NS_PER_MS;
        if (now >= end)
            link_set(r->plugin->ctx, NULL, "its file was taken away or is another one now");
        else if (!again || end < again)
            again = end;
        at = &r->next;
    }
    return again;
}

/* Takes the host, and the image on success. */
static enum lm_err adopt(struct plugins *p, struct entry *e, struct host *host, const json_t *description, struct image *image, struct problem *why)
{
    uint64_t hash = image->hash;
    struct node_plugin *plugin = bring_back(p, e, hash);
    struct link *link = plugin ? plugin->ctx : link_new(host, image, plugins_wake, p);

    if (!link) {
        host_free(host);
        return problem_set(why, LM_NOMEM, "no memory for it");
    }
    if (plugin)
        link_set(link, host, "");
    enum lm_err err = plugin ? LM_OK : node_plugin_new(e->name, hash, description, &link_ops, link, &plugin, why);
    if (err)
        return err;
    pthread_mutex_lock(&p->lock);
    struct node_plugin *old = e->plugin;
    e->plugin = plugin, e->link = link;
    e->since_ns = clock_mono_ns();
    e->ends = 0;
    pthread_mutex_unlock(&p->lock);
    retire(p, old);
    return LM_OK;
}

/* The same bytes once more: what has their nodes goes on with the new process. */
static void start_again(struct plugins *p, struct entry *e)
{
    struct host *host = NULL;
    json_t *description = NULL;
    struct problem why = { 0 };
    enum lm_err err = begin(p, e, e->link->image.fd, &host, &description, &why);

    json_decref(description);
    pthread_mutex_lock(&p->lock);
    e->restarts++;
    pthread_mutex_unlock(&p->lock);
    if (err) {
        log_warn("plugins", "%s: %s", e->name, why.detail);
        link_set(e->link, NULL, why.detail);
        e->again_ns = clock_mono_ns() + waits_ms[WAITS - 1] * NS_PER_MS;
        set_state(p, e, ++e->ends > WAITS ? PLUGIN_GIVEN_UP : PLUGIN_RESTARTING, why.detail);
        return;
    }
    link_set(e->link, host, "");
    e->since_ns = clock_mono_ns();
    set_state(p, e, PLUGIN_RUNNING, "");
    p->has_nodes = true;                /* layers that failed are tried again */
    log_info("plugins", "%s is running again", e->name);
}

static void refuse(struct plugins *p, struct entry *e, const struct problem *why)
{
    char text[280];

    if (e->plugin)
        snprintf(text, sizeof text, "Its new file was refused, the one before is used: %.200s", why->detail);
    else
        snprintf(text, sizeof text, "%.270s", why->detail);
    set_state(p, e, e->plugin ? e->state : PLUGIN_REFUSED, text);
}

void entry_load(struct plugins *p, struct entry *e)
{
    char path[PATH_SIZE], file[NAME_SIZE + 4];
    struct problem why = { 0 };
    struct image image = { .fd = -1 };
    struct host *host = NULL;
    json_t *description = NULL;

    snprintf(file, sizeof file, "%s.so", e->name);
    enum lm_err err = path_join(path, p->dir, file);
    if (!err)
        err = image_open(path, &image, &e->stamp, &why);
    bool forced = e->is_forced;
    e->is_forced = false;
    if (!err && e->plugin && e->plugin->hash == image.hash && (forced || e->state != PLUGIN_RUNNING)) {
        e->ends = 0;
        start_again(p, e);
    } else if (!err && e->plugin && e->plugin->hash == image.hash) {
        set_state(p, e, PLUGIN_RUNNING, "");
    } else if (err || (err = begin(p, e, image.fd, &host, &description, &why)) || (err = adopt(p, e, host, description, &image, &why))) {
        refuse(p, e, &why);
    } else {
        find_doubles(p, e, why.detail, sizeof why.detail);
        set_state(p, e, PLUGIN_RUNNING, why.detail);
        entries_publish(p);
        log_info("plugins", "%s %s: %zu nodes", e->name, e->plugin->version, e->plugin->n_nodes);
    }
    image_close(&image);
    json_decref(description);
}

void entry_look(struct plugins *p, struct entry *e)
{
    int64_t now = clock_mono_ns();
    char why[200] = "";

    if (!e->plugin)
        return;
    if (e->state == PLUGIN_RESTARTING && now >= e->again_ns) {
        start_again(p, e);
        return;
    }
    if (e->state != PLUGIN_RUNNING)
        return;
    /* A call that lasts holds the lock, and sees the end itself. */
    if (pthread_mutex_trylock(&e->link->lock))
        return;
    if (e->link->host)
        host_look(e->link->host);
    bool down = e->link->host && host_is_down(e->link->host);
    if (down)
        str_copy(why, sizeof why, host_why(e->link->host));
    pthread_mutex_unlock(&e->link->lock);
    if (!down)
        return;
    link_set(e->link, NULL, why);
    if (now - e->since_ns > FORGIVEN_S * INT64_C(1000000000))
        e->ends = 0;
    e->again_ns = now + waits_ms[e->ends < WAITS ? e->ends : WAITS - 1] * NS_PER_MS;
    set_state(p, e, ++e->ends > WAITS ? PLUGIN_GIVEN_UP : PLUGIN_RESTARTING, why);
}

void entry_unload(struct plugins *p, struct entry *e)
{
    size_t i = 0;

    pthread_mutex_lock(&p->lock);
    while (p->entries[i] != e)
        i++;
    memmove(&p->entries[i], &p->entries[i + 1], (p->n - i - 1) * sizeof p->entries[0]);
    p->n--;
    pthread_mutex_unlock(&p->lock);
    log_info("plugins", "%s is gone", e->name);
    p->has_news = true;
    if (e->plugin)
        entries_publish(p);
    retire(p, e->plugin);
    free(e);
}
