#pragma once
/*
 * Node types that plug-ins bring (lumad_node.h is their manual). Nothing here loads or runs one: a plug-in is a description, read from
 * JSON, and functions of whoever runs it (plugins/).
 *
 *   node_plugin   the node types of one shared object as it was when it was read. Counted
 *   node_set      the plug-ins that are there at one moment. Counted. A document keeps the set it was parsed with, a program its
 *                 document's: what was unloaded or replaced meanwhile stays as long as a program can still call it
 *
 * THREADS  Both are immutable. node_set_publish() and node_set_current() take a lock of their own: this is the one thing in graph/ that
 *          changes while lumad runs, and it changes only what documents parsed from now on know.
 */
#include <jansson.h>
#include <stdatomic.h>

#include "core/arena.h"
#include "graph/lumad_node.h"
#include "graph/node.h"

struct plugin_node;

struct node_plugin_ops {
    /* Runs a node. LM_IO: it cannot, `message` says why in a sentence. LM_TIMEOUT, only when it may not wait: it is busy with another call. Any thread,
     * several at once. */
    enum lm_err (*run)(void *ctx, const struct plugin_node *node, const struct node_io *io, bool may_wait, char *message, size_t size);
    void (*free)(void *ctx);
};

struct plugin_node {
    struct node_desc desc;              /* first: a node_desc with a plugin is one of these */
    unsigned number;
    uint32_t before, after, state_floats, state_per_head;
    bool varies;
};

struct node_plugin {
    atomic_int refs;
    const char *name, *version, *vendor, *help;
    uint64_t hash;                      /* of the file */
    struct arena *arena;
    struct plugin_node *nodes; size_t n_nodes;
    const struct node_plugin_ops *ops;
    void *ctx;
};

/*
 * {"version","vendor","help","nodes":[{"id","label","category","help","inputs":[PORT],"outputs":[PORT],"params":[PARAM],"kind","flags","before","after",
 * "state_floats","state_per_head"}]}; PORT {"id","label","help","type","channels","optional"}; PARAM {"id","label","help","unit","type","default","min",
 * "max","step","text","options":[]}. Numbers are those of lumad_node.h. It comes from a process that may say anything: whatever is not as
 * lumad_node.h wants it is LM_INVALID with a sentence that names the node. Takes ctx, also when it fails.
 */
enum lm_err node_plugin_new(const char *name, uint64_t hash, const json_t *description, const struct node_plugin_ops *ops, void *ctx,
                            struct node_plugin **result, struct problem *p);
struct node_plugin *node_plugin_ref(struct node_plugin *p);
void node_plugin_unref(struct node_plugin *p);          /* NULL is fine */

/* References to the plug-ins are taken. A node id that a plug-in before it has is left out. NULL: no memory. */
struct node_set *node_set_new(struct node_plugin *const *plugins, size_t n);
struct node_set *node_set_ref(struct node_set *s);      /* NULL is fine */
void node_set_unref(struct node_set *s);                /* NULL is fine */
void node_set_publish(struct node_set *s);              /* takes it; NULL: no plug-ins */
struct node_set *node_set_current(void);                /* with a reference; NULL: no plug-ins */
/* A built-in type, else one of the set (may be NULL). */
const struct node_desc *node_set_find(const struct node_set *s, const char *id);
size_t node_set_count(const struct node_set *s);
const struct node_desc *node_set_at(const struct node_set *s, size_t i);       /* in the order of the plug-ins */

/* For op_run(): runs a node of a plug-in. */
static inline enum lm_err plugin_node_run(const struct node_desc *desc, const struct node_io *io, bool may_wait, char *message, size_t size)
{
    return desc->plugin->ops->run(desc->plugin->ctx, (const struct plugin_node *)desc, io, may_wait, message, size);
}
