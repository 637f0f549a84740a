#pragma once
/*
 * Graphs made of bytes: any row of bytes is a graph of the node types there are, so that chance and fuzzers reach what they would never spell as JSON. Most of it fits
 * together (types of ports are looked for, values lie in their ranges); here and there it does not: values far outside, edges that run in circles or into the
 * wrong port, inputs that are missing.
 */
#include "graph/node.h"
#include "small.h"

struct maker { const uint8_t *data; size_t n; json_t *graph; };

enum { MAKER_NODES = 14 };

/* 0 .. below - 1; 0 when the bytes are used up. */
static inline unsigned maker_pick(struct maker *m, unsigned below)
{
    if (!m->n || !below)
        return 0;
    unsigned b = *m->data++;
    m->n--;
    return b % below;
}

static inline json_t *maker_number(struct maker *m, const struct param_desc *p, bool is_whole)
{
    static const double odd[] = { 0, -1, 1e308, -1e308, 1e-300, 4294967296.0, 0.5 };
    double part = maker_pick(m, 256) / 255.0, x;

    switch (maker_pick(m, 8)) {
    case 0:  x = p->min; break;
    case 1:  x = p->max; break;
    case 2:  x = p->def; break;
    case 3:  return json_real(odd[maker_pick(m, 7)]);
    case 4:  x = p->def + (part - 0.5) * 2; break;
    default: x = p->min + (p->max - p->min) * part; break;
    }
    return is_whole ? json_integer((json_int_t)x) : json_real(x);
}

static inline json_t *maker_color(struct maker *m)
{
    char text[16];

    if (maker_pick(m, 16) == 1)
        return json_string("#12");
    snprintf(text, sizeof text, "#%02x%02x%02x%02x", maker_pick(m, 256), maker_pick(m, 256), maker_pick(m, 256), maker_pick(m, 256));
    text[maker_pick(m, 2) ? 7 : 9] = '\0';
    return json_string(text);
}

static inline json_t *maker_list(struct maker *m, const struct param_desc *p, const char *type)
{
    json_t *l = json_array();
    unsigned n = strcmp(type, "palette") == 0 ? 12 : maker_pick(m, 5);
    double at = p->min;

    for (unsigned i = 0; i < n; i++)
        if (strcmp(type, "palette") == 0) {
            json_array_append_new(l, maker_color(m));
        } else if (strcmp(type, "stops") == 0) {
            json_array_append_new(l, json_pack("{s:f, s:o}", "position", (double)(i + maker_pick(m, 3)) / 5, "color", maker_color(m)));
        } else {
            double next = at + (p->max - at) * maker_pick(m, 256) / 255.0;
            json_array_append_new(l, json_pack("[f, f]", at, next));
            at = maker_pick(m, 2) ? next : at;
        }
    return l;
}

static inline json_t *maker_text(struct maker *m, const struct param_desc *p)
{
    static const char *const texts[] = { "1", "10", "0000000000000001", "101x", "", "all", "left|right", "odd > all", "head:even" };
    unsigned k = maker_pick(m, 16);

    if (k == 15) {
        char *longest = malloc(4200);
        memset(longest, '1', 4199);
        longest[4096 + maker_pick(m, 2)] = '\0';
        json_t *v = json_string(longest);
        free(longest);
        return v;
    }
    return json_string(k < 9 ? texts[k] : p->def_text ? p->def_text : "");
}

/* NULL: left out. */
static inline json_t *maker_value(struct maker *m, const struct param_desc *p)
{
    const char *type = param_type_names[p->type];
    unsigned options = 0;

    if (maker_pick(m, 3) == 0)
        return NULL;
    if (maker_pick(m, 64) == 1)
        return json_null();
    if (strcmp(type, "float") == 0 || strcmp(type, "int") == 0)
        return maker_number(m, p, strcmp(type, "int") == 0);
    if (strcmp(type, "bool") == 0)
        return json_boolean(maker_pick(m, 2));
    while (p->options && p->options[options])
        options++;
    if (options)
        return json_string(p->options[maker_pick(m, options)]);
    if (strcmp(type, "color") == 0)
        return maker_color(m);
    if (strcmp(type, "text") == 0 || strcmp(type, "selection") == 0)
        return maker_text(m, p);
    return maker_list(m, p, type);
}

static inline void maker_edge(struct maker *m, const char *from, const char *from_port, unsigned to, const char *to_port)
{
    char id[16];

    snprintf(id, sizeof id, "n%u", to);
    json_array_append_new(json_object_get(m->graph, "edges"), json_pack("{s:s, s:s, s:s, s:s}", "from_node", from, "from_port", from_port, "to_node", id, "to_port", to_port));
}

/* Something of the port's type from a node before, looked for from a random one on; what every graph has otherwise. */
static inline void maker_feed(struct maker *m, const struct node_desc *const *nodes, unsigned k, const struct port_desc *p)
{
    unsigned first = maker_pick(m, 256), way = maker_pick(m, 32);
    char id[16];

    if (way == 0 || (p->optional && way < 10))
        return;
    for (unsigned i = 0; i < k && way > 8; i++) {
        const struct node_desc *d = nodes[(first + i) % k];
        snprintf(id, sizeof id, "n%u", (first + i) % k);
        for (const struct port_desc *o = d->out; o && o->id; o++)
            if (p->type == PORT_ANY || (o->type == p->type && (p->type != PORT_SIGNAL || node_channels_fit(o->channels, p->channels)))) {
                maker_edge(m, id, o->id, k, p->id);
                return;
            }
    }
    snprintf(id, sizeof id, "n%u", way == 1 ? k + first % 3 : 0);        /* 1: a circle, or nothing at all */
    if (way == 1)
        maker_edge(m, id, "out", k, p->id);
    else if (p->type == PORT_AUDIO)
        maker_edge(m, "entry", "audio", k, p->id);
    else if (p->type == PORT_GRID)
        maker_edge(m, "entry", "grid", k, p->id);
    else if (p->type == PORT_SELECTION)
        maker_edge(m, "args", "heads", k, p->id);
    else if (p->channels == 3 || p->channels == 4)
        maker_edge(m, "args", "tint", k, p->id);
    else
        maker_edge(m, first % 3 ? "wave" : "args", first % 3 ? "out" : "amount", k, p->id);
}

static inline json_t *maker_graph(const uint8_t *data, size_t n)
{
    static const char *const heads[] = { "all", "left", "odd > left", "{'expression':'left|right','spatial_reference':'group_local'}", "nobody" };
    struct maker m = { .data = data, .n = n };
    const struct node_desc *nodes[MAKER_NODES] = { NULL };
    unsigned types = 0, count, choice = maker_pick(&m, 5);
    char args[160], id[16];

    snprintf(args, sizeof args, choice == 3 ? "heads:selection=%s amount:scalar=0.5 tint:color='#20c0ff80'" : "heads:selection='%s' amount:scalar=0.5 tint:color='#20c0ff80'",
             choice == 2 ? "odd>left" : heads[choice]);
    m.graph = small_graph("entry:pattern_entry args:pattern_args place:get_attribute{'attribute':'normalized_index'} lfo:sine_wave wave:math",
                          "args.heads>place.selection entry.grid>lfo.grid place.out>wave.a lfo.out>wave.b", args);
    while (node_list()[types])
        types++;
    count = 1 + maker_pick(&m, MAKER_NODES);
    for (unsigned k = 0; k < count; k++) {
        const struct node_desc *d = nodes[k] = node_list()[maker_pick(&m, types)];
        json_t *params = json_object(), *v;
        for (const struct param_desc *p = d->params; p && p->id; p++)
            if ((v = maker_value(&m, p)))
                json_object_set_new(params, p->id, v);
        snprintf(id, sizeof id, "n%u", k);
        json_array_append_new(json_object_get(m.graph, "nodes"), json_pack("{s:s, s:s, s:o}", "id", id, "type", d->id, "params", params));
        for (const struct port_desc *p = d->in; p && p->id; p++)
            maker_feed(&m, nodes, k, p);
    }
    return m.graph;
}
