#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "fixtures/selection.h"
#include "graph/document.h"

enum port_type doc_output(const struct graph_doc *d, const struct doc_node *n, const char *port, int *index,
                          unsigned *channels)
{
    if (n->desc->is_args) {
        int a = doc_arg_find(d, port);
        *index = a;
        if (a < 0)
            return PORT_NONE;
        *channels = d->args[a].type == ARG_COLOR ? 4 : 1;
        return d->args[a].type == ARG_SELECTION ? PORT_SELECTION : PORT_SIGNAL;
    }
    *index = node_port_find(n->desc->out, port);
    if (*index < 0)
        return PORT_NONE;
    *channels = n->desc->out[*index].channels;
    return n->desc->out[*index].type;
}

static void check_nodes(const struct graph_doc *d, struct graph_errors *e)
{
    for (size_t i = 0; i < d->n_nodes; i++) {
        const struct doc_node *n = &d->nodes[i];
        if (doc_node_find(d, n->id) != (int)i)
            graph_error_add(e, n->id, NULL, "duplicate_node", "Two nodes have the id \"%s\"", n->id);
        if (!n->desc) {
            graph_error_add(e, n->id, NULL, "unknown_node", "%s: there is no node type \"%s\"", n->id, n->type);
            continue;
        }
        void *params = calloc(1, n->desc->params_size + 1);
        if (!params)
            return;
        params_parse(n->desc, n->id, n->params, params, e);
        free(params);
    }
}

static void check_edge(const struct graph_doc *d, const struct doc_edge *edge, struct graph_errors *e)
{
    int from_index = -1, to_index;
    unsigned channels = 0;
    enum port_type type = PORT_ANY;

    if (edge->from < 0)
        graph_error_add(e, edge->from_node, edge->from_port, "unknown_node",
                        "An edge to %s.%s comes from \"%s\", which is not in the graph", edge->to_node, edge->to_port,
                        edge->from_node);
    else if (d->nodes[edge->from].desc) {
        type = doc_output(d, &d->nodes[edge->from], edge->from_port, &from_index, &channels);
        if (type == PORT_NONE)
            graph_error_add(e, edge->from_node, edge->from_port, "unknown_port", "%s (%s) has no output \"%s\"",
                            edge->from_node, d->nodes[edge->from].type, edge->from_port);
    }
    if (edge->to < 0) {
        graph_error_add(e, edge->to_node, edge->to_port, "unknown_node",
                        "An edge from %s.%s goes to \"%s\", which is not in the graph", edge->from_node, edge->from_port,
                        edge->to_node);
        return;
    }
    const struct node_desc *to = d->nodes[edge->to].desc;
    if (!to)
        return;
    to_index = node_port_find(to->in, edge->to_port);
    if (to_index < 0) {
        graph_error_add(e, edge->to_node, edge->to_port, "unknown_port", "%s (%s) has no input \"%s\"", edge->to_node,
                        to->id, edge->to_port);
        return;
    }
    const struct port_desc *port = &to->in[to_index];
    if (type == PORT_NONE || type == PORT_ANY)
        return;                         /* already told, or unknown because its node is */
    if (port->type != PORT_ANY && port->type != type)
        graph_error_add(e, edge->to_node, edge->to_port, "type_mismatch", "%s.%s takes %s; %s.%s gives %s", edge->to_node,
                        edge->to_port, port_type_names[port->type], edge->from_node, edge->from_port,
                        port_type_names[type]);
    else if (port->type == PORT_SIGNAL && !node_channels_fit(channels, port->channels))
        graph_error_add(e, edge->to_node, edge->to_port, "type_mismatch", "%s.%s takes %s; %s.%s gives %s", edge->to_node,
                        edge->to_port, node_channels_text(port->channels), edge->from_node, edge->from_port,
                        node_channels_text(channels));
}

/* How many edges enter each input: two is one too many, none may be one too few. */
static void check_inputs(const struct graph_doc *d, struct graph_errors *e)
{
    unsigned char (*wires)[NODE_INPUTS] = calloc(d->n_nodes + 1, sizeof *wires);

    if (!wires)
        return;
    for (size_t i = 0; i < d->n_edges; i++) {
        const struct doc_edge *edge = &d->edges[i];
        const struct node_desc *to = edge->to >= 0 ? d->nodes[edge->to].desc : NULL;
        int port = to ? node_port_find(to->in, edge->to_port) : -1;
        if (port < 0)
            continue;
        if (wires[edge->to][port] == 1)
            graph_error_add(e, edge->to_node, edge->to_port, "two_edges", "Two edges enter %s.%s", edge->to_node,
                            edge->to_port);
        if (wires[edge->to][port] < 2)
            wires[edge->to][port]++;
    }
    for (size_t i = 0; i < d->n_nodes; i++)
        for (unsigned k = 0; d->nodes[i].desc && k < node_ports(d->nodes[i].desc->in); k++)
            if (!d->nodes[i].desc->in[k].optional && !wires[i][k])
                graph_error_add(e, d->nodes[i].id, d->nodes[i].desc->in[k].id, "missing_input",
                                "%s needs something at its input \"%s\"", d->nodes[i].id, d->nodes[i].desc->in[k].id);
    free(wires);
}

size_t doc_order(const struct graph_doc *d, uint32_t *order, bool *placed, enum lm_err *err)
{
    size_t n = d->n_nodes, done = 0;
    uint32_t *first = calloc(n + 1, sizeof *first), *next = calloc(d->n_edges + 1, sizeof *next);
    uint32_t *wait = calloc(n + 1, sizeof *wait);

    *err = first && next && wait ? LM_OK : LM_NOMEM;
    if (*err)
        goto out;
    for (size_t i = 0; i < d->n_edges; i++) {
        const struct doc_edge *e = &d->edges[i];
        if (e->from < 0 || e->to < 0 || placed[e->from])
            continue;
        next[i] = first[e->from];       /* edge numbers + 1; 0 ends a list */
        first[e->from] = (uint32_t)i + 1;
        wait[e->to]++;
    }
    /* Document order among what is ready, so that the edges' order changes nothing: 2,000 nodes afford the plain loop. */
    for (size_t at = 0; at < n;) {
        if (placed[at] || wait[at]) {
            at++;
            continue;
        }
        placed[at] = true;
        order[done++] = (uint32_t)at;
        size_t back = at + 1;
        for (uint32_t k = first[at]; k; k = next[k - 1]) {
            size_t to = (size_t)d->edges[k - 1].to;
            wait[to]--;
            if (to < back && wait[to] == 0)
                back = to;
        }
        at = back;
    }
out:
    free(first);
    free(next);
    free(wait);
    return done;
}

/* One step against the edges, staying among what is left. */
static int predecessor(const struct graph_doc *d, const bool *gone, int node)
{
    for (size_t i = 0; i < d->n_edges; i++)
        if (d->edges[i].to == node && d->edges[i].from >= 0 && !gone[d->edges[i].from])
            return d->edges[i].from;
    return -1;
}

/* Walking back from a node that cannot be placed must enter a cycle: everything left waits for something left.
 * Tells of that cycle and takes its nodes away. */
static void tell_cycle(const struct graph_doc *d, bool *gone, int node, uint32_t *ring, bool *seen, struct graph_errors *e)
{
    struct str text = { 0 };
    uint32_t n = 0, first = 0;
    int at = node;

    while (at >= 0 && !seen[at]) {
        seen[at] = true;
        at = predecessor(d, gone, at);
    }
    if (at < 0) {
        gone[node] = true;
        return;
    }
    for (int stop = at; n == 0 || (at != stop && n < d->n_nodes); at = predecessor(d, gone, at)) {
        ring[n] = (uint32_t)at;
        if (ring[n] < ring[first])
            first = n;
        n++;
    }
    /* Collected against the edges, told along them, from the node that stands first in the document. */
    for (uint32_t i = 0; i < n; i++) {
        str_addf(&text, "%s -> ", d->nodes[ring[(first + n - i) % n]].id);
        gone[ring[i]] = true;
    }
    graph_error_add(e, d->nodes[ring[first]].id, NULL, "cycle", "The nodes feed each other in a circle: %s%s",
                    text.data ? text.data : "", d->nodes[ring[first]].id);
    str_clear(&text);
}

enum { CYCLES_TOLD = 8 };       /* the next check tells of more */

static void check_cycles(const struct graph_doc *d, struct graph_errors *e)
{
    uint32_t *order = calloc(d->n_nodes + 1, sizeof *order), *ring = calloc(d->n_nodes + 1, sizeof *ring);
    bool *gone = calloc(d->n_nodes + 1, sizeof *gone), *seen = calloc(d->n_nodes + 1, sizeof *seen);
    enum lm_err err = LM_OK;

    for (int told = 0; order && ring && gone && seen && told < CYCLES_TOLD; told++) {
        doc_order(d, order, gone, &err);        /* what only followed from the cycle told before falls away too */
        size_t i = 0;
        while (i < d->n_nodes && gone[i])
            i++;
        if (err || i == d->n_nodes)
            break;
        memset(seen, 0, d->n_nodes * sizeof *seen);
        tell_cycle(d, gone, (int)i, ring, seen, e);
    }
    free(order);
    free(ring);
    free(gone);
    free(seen);
}

static const char *args_node(const struct graph_doc *d)
{
    for (size_t i = 0; i < d->n_nodes; i++)
        if (d->nodes[i].desc && d->nodes[i].desc->is_args)
            return d->nodes[i].id;
    return "";
}

static void check_args(const struct graph_doc *d, struct graph_errors *e)
{
    static const struct patch nowhere;          /* syntax alone: names need a venue */
    const char *node = args_node(d);

    for (size_t i = 0; i < d->n_args; i++) {
        const struct doc_arg *a = &d->args[i];
        struct arg_value value;
        char why[256];
        if (doc_arg_find(d, a->id) != (int)i)
            graph_error_add(e, node, a->id, "duplicate_arg", "Two arguments have the id \"%s\"", a->id);
        if (!arg_parse(a, a->def, &value, why, sizeof why)) {
            graph_error_add(e, node, a->id, "bad_default", "The default of %s", why);
            continue;
        }
        if (a->type != ARG_SELECTION)
            continue;
        struct selection s = { 0 };
        struct problem p;
        problem_clear(&p);
        if (selection_resolve(&nowhere, value.expression, &s, &p))
            graph_error_add(e, node, a->id, "bad_selection", "The default of \"%s\": %s", a->id, p.detail);
        selection_clear(&s);
    }
}

void graph_check(const struct graph_doc *d, struct graph_errors *errors)
{
    check_nodes(d, errors);
    for (size_t i = 0; i < d->n_edges; i++)
        check_edge(d, &d->edges[i], errors);
    check_inputs(d, errors);
    check_cycles(d, errors);
    check_args(d, errors);
}
