/* The description of a plug-in's nodes, as its process gives it, into descriptors. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/str.h"
#include "graph/plugin.h"

enum { MAX_ID = 40, MAX_LABEL = 80, MAX_HELP = 1000, MAX_WINDOW = 1800, MAX_STATE = 1 << 16, MAX_STATE_PER_HEAD = 256 };

_Static_assert((int)LUMAD_MAX_INPUTS <= (int)NODE_INPUTS && (int)LUMAD_MAX_OUTPUTS <= (int)NODE_OUTPUTS, "a plug-in's node has the ports of any other");

struct reader {
    struct arena *arena;
    struct problem *problem;
    const char *node;           /* "" before the first */
    bool failed;
};

/* The first fault is the one that is told. */
static void wrong(struct reader *r, const char *what, const char *why)
{
    if (!r->failed && r->node[0])
        problem_set(r->problem, LM_INVALID, "Node \"%s\": %s %s", r->node, what, why);
    else if (!r->failed)
        problem_set(r->problem, LM_INVALID, "%s %s", what, why);
    r->failed = true;
}

/* What was allocated, or NULL and said so. */
static void *taken(struct reader *r, void *p)
{
    if (!p && !r->failed)
        problem_set(r->problem, LM_NOMEM, "No memory for the plug-in's nodes");
    r->failed |= !p;
    return p;
}

static void *take(struct reader *r, size_t n, size_t size)
{
    return taken(r, arena_array(r->arena, n, size));
}

/* A text of at most `max` bytes without control characters; "" when it is absent and may be. */
static const char *text(struct reader *r, const json_t *o, const char *key, size_t max, bool required)
{
    const json_t *v = json_object_get(o, key);
    const char *s = json_is_string(v) ? json_string_value(v) : "";
    size_t n = strlen(s);

    if (v && !json_is_null(v) && !json_is_string(v))
        wrong(r, key, "is no text");
    else if (required && !n)
        wrong(r, key, "is missing");
    else if (n > max || (json_is_string(v) && json_string_length(v) != n))
        wrong(r, key, "is too long");
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < ' ' || s[i] == 127)
            wrong(r, key, "holds control characters");
    char *copy = r->failed ? NULL : taken(r, arena_dup(r->arena, s));
    return copy ? copy : "";
}

static size_t word(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return *s >= 'a' && *s <= 'z' ? n : 0;
}

static const char *id(struct reader *r, const json_t *o, const char *what)
{
    const char *s = text(r, o, "id", MAX_ID, true);

    if (!r->failed && s[word(s)])
        wrong(r, what, "has an id that is not of the form [a-z][a-z0-9_]*");
    return s;
}

static double number(struct reader *r, const json_t *o, const char *key, double min, double max)
{
    double v = json_get_real(o, key, 0);
    const json_t *j = json_object_get(o, key);

    if ((j && !json_is_number(j)) || !(v >= min && v <= max))
        wrong(r, key, "is out of range");
    return r->failed ? min : v;
}

static unsigned whole(struct reader *r, const json_t *o, const char *key, unsigned min, unsigned max)
{
    double v = number(r, o, key, min, max);

    if (!r->failed && v != floor(v))
        wrong(r, key, "is no whole number");
    return r->failed ? min : (unsigned)v;
}

static const json_t *list(struct reader *r, const json_t *o, const char *key, size_t max)
{
    const json_t *l = json_object_get(o, key);

    if (l && !json_is_array(l))
        wrong(r, key, "is no list");
    else if (json_array_size(l) > max)
        wrong(r, key, "has too many entries");
    for (size_t i = 0; i < json_array_size(l) && strcmp(key, "options"); i++)
        if (!json_is_object(json_array_get(l, i)))
            wrong(r, key, "has an entry that is none");
    return r->failed ? NULL : l;
}

static const struct port_desc *ports(struct reader *r, const json_t *o, const char *key, bool inputs)
{
    const json_t *l = list(r, o, key, inputs ? LUMAD_MAX_INPUTS : LUMAD_MAX_OUTPUTS);
    size_t n = json_array_size(l);
    struct port_desc *p = take(r, n + 1, sizeof *p);

    for (size_t i = 0; i < n && !r->failed; i++) {
        static const enum port_type types[] = { PORT_SIGNAL, PORT_SIGNAL, PORT_GRID, PORT_SELECTION };
        const json_t *port = json_array_get(l, i);
        p[i].id = id(r, port, inputs ? "an input" : "an output");
        p[i].label = text(r, port, "label", MAX_LABEL, true);
        p[i].help = text(r, port, "help", MAX_HELP, false);
        p[i].type = types[whole(r, port, "type", LUMAD_PORT_SIGNAL, inputs ? LUMAD_PORT_SELECTION : LUMAD_PORT_SIGNAL)];
        p[i].channels = whole(r, port, "channels", 0, 4);
        p[i].optional = p[i].type == PORT_SELECTION || (inputs && json_is_true(json_object_get(port, "optional")));
        for (size_t k = 0; k < i && !r->failed; k++)
            if (!strcmp(p[k].id, p[i].id))
                wrong(r, p[i].id, "is the id of two ports");
    }
    return p;
}

static void read_options(struct reader *r, const json_t *o, struct param_desc *p)
{
    const json_t *l = list(r, o, "options", LUMAD_MAX_OPTIONS);
    size_t n = json_array_size(l);
    const char **names = take(r, n + 1, sizeof *names);

    if (!n)
        wrong(r, p->id, "is a choice without options");
    for (size_t i = 0; i < n && !r->failed; i++) {
        json_t *one = json_pack("{s:O}", "option", json_array_get(l, i));
        names[i] = text(r, one, "option", MAX_LABEL, true);
        json_decref(one);
    }
    p->options = names;
    p->def = whole(r, o, "default", 0, n ? (unsigned)n - 1 : 0);
}

/* A value's place in the params struct: all have the same size, whatever they are. */
union slot { float f, color[4]; int i; bool b; const char *s; };

static void read_param(struct reader *r, const json_t *o, struct param_desc *p)
{
    static const enum param_type types[] = { PARAM_NONE, PARAM_FLOAT, PARAM_INT, PARAM_BOOL, PARAM_CHOICE, PARAM_COLOR, PARAM_TEXT };
    double limit = 1e9;
    float rgba[4];

    p->id = id(r, o, "a param");
    p->label = text(r, o, "label", MAX_LABEL, true);
    p->help = text(r, o, "help", MAX_HELP, false);
    p->unit = text(r, o, "unit", MAX_ID, false);
    p->type = types[whole(r, o, "type", LUMAD_PARAM_FLOAT, LUMAD_PARAM_TEXT)];
    if (!*p->unit)
        p->unit = NULL;
    switch (p->type) {
    case PARAM_FLOAT:
    case PARAM_INT:
        p->min = number(r, o, "min", -limit, limit);
        p->max = number(r, o, "max", p->min, limit);
        p->def = number(r, o, "default", p->min, p->max);
        p->step = number(r, o, "step", 0, limit);
        if (p->type == PARAM_INT && !r->failed && (p->def != floor(p->def) || p->min != floor(p->min) || p->max != floor(p->max)))
            wrong(r, p->id, "is of whole numbers, its default and range are not");
        break;
    case PARAM_BOOL:
        p->def = whole(r, o, "default", 0, 1);
        break;
    case PARAM_CHOICE:
        read_options(r, o, p);
        break;
    case PARAM_COLOR:
        p->def_text = text(r, o, "text", 9, true);
        if (!r->failed && !color_parse(p->def_text, rgba))
            wrong(r, p->id, "has a default that is no colour");
        break;
    default:
        p->def_text = text(r, o, "text", MAX_HELP, false);
        break;
    }
}

static void read_params(struct reader *r, const json_t *o, struct node_desc *d)
{
    const json_t *l = list(r, o, "params", LUMAD_MAX_PARAMS);
    size_t n = json_array_size(l);
    struct param_desc *p = n ? take(r, n + 1, sizeof *p) : NULL;

    for (size_t i = 0; i < n && !r->failed; i++) {
        p[i].offset = i * sizeof(union slot);
        read_param(r, json_array_get(l, i), &p[i]);
        for (size_t k = 0; k < i && !r->failed; k++)
            if (!strcmp(p[k].id, p[i].id))
                wrong(r, p[i].id, "is the id of two params");
    }
    d->params = p;
    d->params_size = n * sizeof(union slot);
}

/* --- what a descriptor computes when a graph is compiled --- */

static const struct plugin_node *node_of(const struct node_setup *s)
{
    return (const struct plugin_node *)s->desc;
}

/* Selections count as signals of as many heads. */
static bool shape(struct node_setup *s)
{
    struct node_value all = { .c = 1 };
    bool follows = false;               /* has an output with the channels of the inputs */

    for (unsigned i = 0; s->desc->out[i].id; i++)
        follows |= s->desc->out[i].channels == 0;
    if (!(follows ? node_broadcast(s, &all) : node_broadcast_heads(s, &all)))
        return false;
    all.varies |= node_of(s)->varies;
    for (unsigned i = 0; s->desc->in[i].id; i++) {
        const struct node_input *in = &s->in[i];
        if (in->wired && s->desc->in[i].type == PORT_GRID)
            all.varies = true;
        if (s->desc->in[i].type != PORT_SELECTION || !in->value.selection)
            continue;
        uint32_t heads = in->value.selection->n;
        if (all.n != 1 && heads != 1 && heads != all.n) {
            snprintf(s->message, sizeof s->message, "the selection has %u heads and what comes in has %u", heads, all.n);
            s->port = s->desc->in[i].id;
            s->code = "shape_mismatch";
            return false;
        }
        all.n = heads != 1 ? heads : all.n;
    }
    for (unsigned i = 0; s->desc->out[i].id; i++) {
        unsigned c = s->desc->out[i].channels;
        s->out[i] = (struct node_value){ .n = all.n, .c = c ? c : all.c, .varies = all.varies };
    }
    return true;
}

static void window(const struct node_setup *s, uint32_t *before, uint32_t *after)
{
    *before = node_of(s)->before;
    *after = node_of(s)->after;
}

static size_t state_floats(const struct node_setup *s)
{
    return node_of(s)->state_floats + (size_t)node_of(s)->state_per_head * s->out[0].n;
}

static void read_kind(struct reader *r, const json_t *o, struct plugin_node *n)
{
    static const enum node_class kinds[] = { NODE_POINT, NODE_WINDOW, NODE_SCAN };

    n->desc.kind = kinds[whole(r, o, "kind", LUMAD_POINT, LUMAD_SCAN)];
    n->varies = whole(r, o, "flags", 0, LUMAD_VARIES) & LUMAD_VARIES;
    n->before = whole(r, o, "before", 0, n->desc.kind == NODE_WINDOW ? MAX_WINDOW : 0);
    n->after = whole(r, o, "after", 0, n->desc.kind == NODE_WINDOW ? MAX_WINDOW : 0);
    n->state_floats = whole(r, o, "state_floats", 0, n->desc.kind == NODE_SCAN ? MAX_STATE : 0);
    n->state_per_head = whole(r, o, "state_per_head", 0, n->desc.kind == NODE_SCAN ? MAX_STATE_PER_HEAD : 0);
    n->desc.shape = shape;
    n->desc.window = window;
    n->desc.state_floats = state_floats;
}

static void read_node(struct reader *r, const json_t *o, struct node_plugin *p, unsigned i)
{
    struct plugin_node *n = &p->nodes[i];
    const char *name = text(r, o, "id", MAX_ID, true);
    size_t first = word(name), second = name[first] == '.' ? word(name + first + 1) : 0;

    r->node = name;
    if (!r->failed && (!first || !second || name[first + 1 + second]))
        wrong(r, "the id", "is not of the form vendor.name with [a-z][a-z0-9_]* on both sides");
    n->number = i;
    n->desc.plugin = p;
    n->desc.id = name;
    n->desc.label = text(r, o, "label", MAX_LABEL, true);
    n->desc.category = text(r, o, "category", MAX_LABEL, true);
    n->desc.help = text(r, o, "help", MAX_HELP, true);
    n->desc.in = ports(r, o, "inputs", true);
    n->desc.out = ports(r, o, "outputs", false);
    if (!r->failed && !n->desc.out[0].id)
        wrong(r, "it", "has no output");
    read_params(r, o, &n->desc);
    read_kind(r, o, n);
    for (unsigned k = 0; k < i && !r->failed; k++)
        if (!strcmp(p->nodes[k].desc.id, name))
            wrong(r, "it", "stands twice in the plug-in");
}

enum lm_err node_plugin_new(const char *name, uint64_t hash, const json_t *description, const struct node_plugin_ops *ops, void *ctx,
                            struct node_plugin **result, struct problem *problem)
{
    struct problem unused = { 0 };
    struct node_plugin *p = calloc(1, sizeof *p);
    struct arena *arena = arena_new();

    *result = NULL;
    if (!p || !arena) {
        free(p);
        arena_free(arena);
        if (ops->free)
            ops->free(ctx);
        return problem_set(problem, LM_NOMEM, "No memory for the plug-in");
    }
    atomic_init(&p->refs, 1);
    p->hash = hash, p->arena = arena, p->ops = ops, p->ctx = ctx;
    struct reader r = { .arena = arena, .problem = problem ? problem : &unused, .node = "" };
    problem_clear(r.problem);
    if (!json_is_object(description))
        wrong(&r, "The description", "is none");
    p->name = arena_dup(arena, name);
    p->version = text(&r, description, "version", MAX_ID, false);
    p->vendor = text(&r, description, "vendor", MAX_LABEL, false);
    p->help = text(&r, description, "help", MAX_HELP, false);
    const json_t *nodes = list(&r, description, "nodes", LUMAD_MAX_NODES);
    if (!r.failed && !json_array_size(nodes))
        wrong(&r, "The plug-in", "has no nodes");
    p->n_nodes = json_array_size(nodes);
    p->nodes = take(&r, p->n_nodes + 1, sizeof *p->nodes);
    for (unsigned i = 0; i < p->n_nodes && !r.failed; i++)
        read_node(&r, json_array_get(nodes, i), p, i);
    if (!r.failed && p->name) {
        *result = p;
        return LM_OK;
    }
    enum lm_err err = r.problem->err ? r.problem->err : LM_NOMEM;
    node_plugin_unref(p);
    return err;
}
