/*
 * Any bytes as what the process of a plug-in says of its nodes. What is taken must be whole: it is listed, and each of its nodes is wired into a graph that is
 * checked, compiled and run.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/graph/small.h"
#include "core/json.h"
#include "graph/plugin.h"

static enum lm_err run(void *ctx, const struct plugin_node *node, const struct node_io *io, bool may_wait, char *message, size_t size)
{
    (void)ctx, (void)may_wait, (void)message, (void)size;
    for (unsigned k = 0; node->desc.out[k].id; k++)
        for (uint32_t n = 0; n < io->out[k].n; n++)
            memset(node_out(io, k, n), 0, (size_t)io->count * io->out[k].c * sizeof(float));
    return LM_OK;
}

static const struct node_plugin_ops ops = { .run = run };

/* Every input is fed with what it takes. */
static json_t *graph_of(const struct node_desc *d)
{
    json_t *g = json_pack("{s:[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}, {s:s, s:s}], s:[{s:s, s:s, s:s, s:s}], s:[]}", "nodes", "id", "clock", "type",
                          "beat_clock", "id", "ramp", "type", "ramp", "id", "sel", "type", "pattern_args", "id", "it", "type", d->id, "id", "view", "type",
                          "view_signal", "edges", "from_node", "clock", "from_port", "grid_out", "to_node", "ramp", "to_port", "grid", "args");
    json_t *edges = json_object_get(g, "edges");

    for (const struct port_desc *p = d->in; p->id; p++) {
        const char *node = p->type == PORT_GRID ? "clock" : "ramp", *port = p->type == PORT_GRID ? "grid_out" : "out";
        if (p->type != PORT_SELECTION)
            json_array_append_new(edges, json_pack("{s:s, s:s, s:s, s:s}", "from_node", node, "from_port", port, "to_node", "it", "to_port", p->id));
    }
    json_array_append_new(edges, json_pack("{s:s, s:s, s:s, s:s}", "from_node", "it", "from_port", d->out[0].id, "to_node", "view", "to_port", "in"));
    return g;
}

static void use(struct small *s, const struct node_desc *d)
{
    json_t *v = graph_of(d), *views = NULL;
    struct graph_doc *doc = NULL;
    struct graph_program *g = NULL;
    struct graph_errors errors = { 0 };
    struct graph_workspace *w = graph_workspace_new();

    if (graph_parse(v, &doc, NULL))
        abort();
    if (graph_compile(doc, &s->env, &g, &errors) && !errors.n)
        abort();
    if (g && graph_run_views(g, w, NULL, &views, NULL) == LM_OK && !json_is_object(views))
        abort();
    json_decref(views);
    graph_program_free(g);
    graph_workspace_free(w);
    graph_errors_clear(&errors);
    graph_doc_free(doc);
    json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct small s;
    struct node_plugin *plugin = NULL;
    struct problem p = { 0 };
    json_t *v = NULL;

    if (!s.grid)
        small_init(&s, 4);
    if (json_parse((const char *)data, size, &v, &p))
        return 0;
    if (node_plugin_new("fuzz", 1, v, &ops, NULL, &plugin, &p)) {
        if (!p.detail[0])
            abort();                    /* refused without a word */
    } else {
        node_set_publish(node_set_new(&plugin, 1));
        json_t *types = graph_node_types();
        char *text = json_dumps(types, 0);
        if (!text)
            abort();                    /* what was taken must be fit to be shown */
        free(text);
        json_decref(types);
        for (size_t i = 0; i < plugin->n_nodes && i < 4; i++)
            use(&s, &plugin->nodes[i].desc);
        node_plugin_unref(plugin);
        node_set_publish(NULL);
    }
    json_decref(v);
    return 0;
}
