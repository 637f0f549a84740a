#include <stdio.h>
#include <string.h>

#include "graph/node.h"
#include "graph/plugin.h"

static json_t *number_or_null(const struct param_desc *p, double v)
{
    bool is_number = p->type == PARAM_FLOAT || p->type == PARAM_INT || p->type == PARAM_RANGES;

    return is_number ? p->type == PARAM_INT ? json_integer((json_int_t)v) : json_real(v) : json_null();
}

static json_t *palette_json(const char *text)
{
    json_t *list = json_array();

    for (int i = 0; i < NODE_PALETTE; i++)
        json_array_append_new(list, json_stringn(text + (size_t)i * 8, 7));
    return list;
}

static json_t *default_json(const struct param_desc *p)
{
    switch (p->type) {
    case PARAM_BOOL:
        return json_boolean(p->def != 0);
    case PARAM_CHOICE:
        return json_string(p->options[(int)p->def]);
    case PARAM_COLOR:
    case PARAM_TEXT:
    case PARAM_SELECTION:
        return json_string(p->def_text);
    case PARAM_STOPS:
        return json_array();
    case PARAM_PALETTE:
        return palette_json(p->def_text);
    case PARAM_RANGES:
        return json_loads(p->def_text, 0, NULL);
    default:
        return number_or_null(p, p->def);
    }
}

static json_t *ports_json(const struct port_desc *ports, bool inputs)
{
    json_t *list = json_array();

    for (const struct port_desc *p = ports; p && p->id; p++) {
        json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:s}", "id", p->id, "label", p->label, "type", port_type_names[p->type],
                              "channels", (int)p->channels, "help", p->help);
        if (inputs)
            json_object_set_new(o, "optional", json_boolean(p->optional));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *options_json(const struct param_desc *p)
{
    json_t *list = json_array();

    for (const char *const *o = p->options; o && *o; o++)
        json_array_append_new(list, json_string(*o));
    return list;
}

static json_t *params_json(const struct param_desc *params)
{
    json_t *list = json_array();

    for (const struct param_desc *p = params; p && p->id; p++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s?, s:s, s:o}", "id", p->id, "label",
                p->label, "type", param_type_names[p->type], "default", default_json(p), "min", number_or_null(p, p->min),
                "max", number_or_null(p, p->max), "step", number_or_null(p, p->step), "unit", p->unit, "help", p->help,
                "options", options_json(p)));
    return list;
}

static json_t *type_json(const struct node_desc *n)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:o, s:o, s:o}", "id", n->id, "category", n->category, "label", n->label, "help", n->help,
                     "plugin", n->plugin ? n->plugin->name : NULL, "inputs", ports_json(n->in, true), "outputs", ports_json(n->out, false),
                     "params", params_json(n->params));
}

json_t *graph_node_types(void)
{
    json_t *list = json_array();
    struct node_set *set = node_set_current();

    for (const struct node_desc *const *n = node_list(); *n; n++)
        json_array_append_new(list, type_json(*n));
    for (size_t i = 0; i < node_set_count(set); i++)
        json_array_append_new(list, type_json(node_set_at(set, i)));
    node_set_unref(set);
    return list;
}

static void print_ports(const char *title, const struct port_desc *ports)
{
    if (!node_ports(ports))
        return;
    printf("\n| %s | type | |\n|---|---|---|\n", title);
    for (const struct port_desc *p = ports; p->id; p++)
        printf("| `%s`%s | %s%s | %s |\n", p->id, p->optional ? " (optional)" : "", port_type_names[p->type],
               p->channels == 3 || p->channels == 4 ? " (colour)" : p->channels == 2 ? " (direction)" : p->channels == 12 ? " (chroma)" : "", p->help);
}

static void print_params(const struct param_desc *params)
{
    if (!params)
        return;
    printf("\n| parameter | default | range | |\n|---|---|---|---|\n");
    for (const struct param_desc *p = params; p->id; p++) {
        printf("| `%s` | ", p->id);
        if (p->type == PARAM_FLOAT || p->type == PARAM_INT)
            printf("%g%s%s | %g to %g", p->def, p->unit ? " " : "", p->unit ? p->unit : "", p->min, p->max);
        else if (p->type == PARAM_BOOL)
            printf("%s | true, false", p->def != 0 ? "true" : "false");
        else if (p->type == PARAM_CHOICE)
            printf("%s | ", p->options[(int)p->def]);
        else if (p->type == PARAM_RANGES)
            printf("%s%s%s | %g to %g", p->def_text, p->unit ? " " : "", p->unit ? p->unit : "", p->min, p->max);
        else
            printf("%s | %s", p->def_text ? p->def_text : "none", param_type_names[p->type]);
        for (const char *const *o = p->type == PARAM_CHOICE ? p->options : NULL; o && *o; o++)
            printf("%s%s", o == p->options ? "" : ", ", *o);
        printf(" | %s |\n", p->help);
    }
}

void graph_print_nodes_md(void)
{
    const char *category = "";

    printf("# Nodes\n");
    for (const struct node_desc *const *n = node_list(); *n; n++) {
        if (strcmp(category, (*n)->category) != 0)
            printf("\n## %s\n", category = (*n)->category);
        printf("\n### %s (`%s`)\n\n%s\n", (*n)->label, (*n)->id, (*n)->help);
        print_ports("input", (*n)->in);
        print_ports("output", (*n)->out);
        print_params((*n)->params);
    }
}
