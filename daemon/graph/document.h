#pragma once
/*
 * Inside graph/: a parsed graph document and what checking and compiling share.
 *
 * MEMORY   Everything belongs to the document's arena, except the JSON values it holds references to. They are
 *          deep copies: nobody else changes them, and they are only read.
 */
#include "core/arena.h"
#include "graph/graph.h"
#include "graph/node.h"
#include "graph/plugin.h"

enum { GRAPH_MAX_NODES = 2000, GRAPH_MAX_EDGES = 8000, GRAPH_MAX_ARGS = NODE_OUTPUTS, GRAPH_MAX_TEXT = 4096,
       GRAPH_MAX_OPTIONS = 256, GRAPH_MAX_ERRORS = 500 };

enum arg_type { ARG_COLOR, ARG_SCALAR, ARG_SELECTION, ARG_CHOICE, ARG_TYPES };
extern const char *const arg_type_names[];      /* NULL at the end */

struct doc_node {
    const char *id, *type;
    const json_t *params;               /* object or NULL */
    const struct node_desc *desc;       /* NULL: unknown type */
};

struct doc_edge {
    const char *from_node, *from_port, *to_node, *to_port;
    int from, to;                       /* indexes of nodes; -1: no such node */
};

struct doc_arg {
    const char *id;
    enum arg_type type;
    const json_t *def;                  /* NULL: none given */
    const json_t *options;              /* choice: array of strings */
};

struct graph_doc {
    struct arena *arena;
    struct node_set *types;             /* of plug-ins, when it was parsed; NULL: none */
    json_t *json;                       /* the copy the nodes' params point into */
    struct doc_node *nodes; size_t n_nodes;
    struct doc_edge *edges; size_t n_edges;
    struct doc_arg *args;   size_t n_args;
    uint32_t *by_id;                    /* node indexes, ordered by (id, index) */
    uint64_t hash;
};

int doc_node_find(const struct graph_doc *d, const char *id);   /* the first of that id; -1: none */
int doc_arg_find(const struct graph_doc *d, const char *id);    /* the first of that id; -1: none */
/* Type and channels of an output port; PORT_NONE: there is none. *index: its number. */
enum port_type doc_output(const struct graph_doc *d, const struct doc_node *n, const char *port, int *index,
                          unsigned *channels);
/* An order in which every node follows what feeds it, ties by document order. `placed` (n_nodes entries, set
 * by the caller) says which are out of the question; what could be placed is added to it. Returns how many:
 * fewer than there were means cycles. */
size_t doc_order(const struct graph_doc *d, uint32_t *order, bool *placed, enum lm_err *err);

/* code: a snake_case word; port may be NULL. */
void graph_error_add(struct graph_errors *e, const char *node, const char *port, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
bool graph_error_is_warning(const struct graph_error *e);       /* it does not stop the light */
size_t graph_errors_fatal(const struct graph_errors *e, size_t from);   /* how many from that index on stop the light */

/* Fills a params struct (zeroed, desc->params_size) with defaults, then with the document's values. Every
 * wrong one is appended with code bad_param and leaves its default. Texts point into `params`. */
void params_parse(const struct node_desc *desc, const char *node, const json_t *params, void *into, struct graph_errors *e);

/* An arg's value: scalar and choice in v[0] (choice: the option's index), a colour in v[0..3], a selection as
 * text. false: wrong, `why` says what was wanted. `value` NULL: the type's own default (white, 1, "all", the
 * first option). */
struct arg_value { float v[4]; const char *expression; bool is_local; };
bool arg_parse(const struct doc_arg *arg, const json_t *value, struct arg_value *result, char *why, size_t size);
