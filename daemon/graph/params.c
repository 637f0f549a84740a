#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph/document.h"

static void put_color(void *at, const char *text)
{
    float rgba[4] = { 0, 0, 0, 1 };

    if (text)
        color_parse(text, rgba);
    memcpy(at, rgba, sizeof rgba);
}

static const char *read_ranges(const struct param_desc *p, const json_t *v, struct node_ranges *ranges)
{
    struct node_ranges r = { 0 };

    if (!json_is_array(v) || json_array_size(v) < 1 || json_array_size(v) > NODE_RANGES)
        return "must be a list of 1 to 16 ranges, like [[20, 200]]";
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *pair = json_array_get(v, i), *low = json_array_get(pair, 0), *high = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !json_is_number(low) || !json_is_number(high))
            return "must hold pairs of numbers, like [[20, 200]]";
        if (!(json_number_value(low) >= p->min && json_number_value(high) <= p->max && json_number_value(low) < json_number_value(high)))
            return "must hold ranges that go up and stay within the limits";
        r.range[r.n].low = (float)json_number_value(low);
        r.range[r.n++].high = (float)json_number_value(high);
    }
    *ranges = r;
    return NULL;
}

static void put_ranges(const struct param_desc *p, void *at)
{
    json_t *v = json_loads(p->def_text, 0, NULL);

    read_ranges(p, v, at);
    json_decref(v);
}

static void put_palette(const char *text, struct node_palette *palette)
{
    float rgba[4];
    char one[8];

    for (int i = 0; i < NODE_PALETTE; i++, text += 8) {
        snprintf(one, sizeof one, "%.7s", text);
        if (color_parse(one, rgba))
            memcpy(palette->rgb[i], rgba, sizeof palette->rgb[i]);
    }
}

static void put_default(const struct param_desc *p, void *at)
{
    switch (p->type) {
    case PARAM_FLOAT:
        *(float *)at = (float)p->def;
        break;
    case PARAM_INT:
    case PARAM_CHOICE:
        *(int *)at = (int)p->def;
        break;
    case PARAM_BOOL:
        *(bool *)at = p->def != 0;
        break;
    case PARAM_COLOR:
        put_color(at, p->def_text);
        break;
    case PARAM_TEXT:
    case PARAM_SELECTION:
        *(const char **)at = p->def_text ? p->def_text : "";
        break;
    case PARAM_RANGES:
        put_ranges(p, at);
        break;
    case PARAM_PALETTE:
        put_palette(p->def_text, at);
        break;
    case PARAM_STOPS:
    case PARAM_NONE:
        break;                          /* zeroed: no stops */
    }
}

/* Each reader stores a good value and returns NULL, or returns what would have been one (perhaps written to `wanted`). */
static const char *read_number(const struct param_desc *p, const json_t *v, double *x, char wanted[64])
{
    if (!json_is_number(v) || !isfinite(*x = json_number_value(v)))
        return "must be a number";
    if (p->type == PARAM_INT && *x != floor(*x))
        return "must be a whole number";
    if (*x >= p->min && *x <= p->max)
        return NULL;
    snprintf(wanted, 64, "must be %g to %g", p->min, p->max);
    return wanted;
}

static const char *read_choice(const struct param_desc *p, const json_t *v, int *index)
{
    for (int i = 0; json_is_string(v) && p->options[i]; i++)
        if (strcmp(p->options[i], json_string_value(v)) == 0) {
            *index = i;
            return NULL;
        }
    return "must be one of its options";
}

static const char *read_stops(const json_t *v, struct node_stops *stops)
{
    struct node_stops s = { 0 };

    if (json_is_null(v)) {
        *stops = s;
        return NULL;
    }
    if (!json_is_array(v) || json_array_size(v) > NODE_STOPS)
        return "must be a list of at most 16 stops";
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *o = json_array_get(v, i), *at = json_object_get(o, "position"), *c = json_object_get(o, "color");
        struct node_stop *stop = &s.stop[s.n];
        if (!json_is_number(at) || !json_is_string(c) || json_object_size(o) != 2
            || !color_parse(json_string_value(c), stop->rgba))
            return "must hold {\"position\":0..1,\"color\":\"#rrggbb\"}";
        stop->position = (float)json_number_value(at);
        if (!(stop->position >= (s.n ? s.stop[s.n - 1].position : 0)) || stop->position > 1)
            return "must have ascending positions from 0 to 1";
        s.n++;
    }
    *stops = s;
    return NULL;
}

static const char *read_palette(const json_t *v, struct node_palette *palette)
{
    struct node_palette read;
    float rgba[4];

    if (!json_is_array(v) || json_array_size(v) != NODE_PALETTE)
        return "must be a list of 12 colours";
    for (size_t i = 0; i < NODE_PALETTE; i++) {
        const json_t *c = json_array_get(v, i);
        if (!json_is_string(c) || !color_parse(json_string_value(c), rgba))
            return "must hold colours, \"#rrggbb\"";
        memcpy(read.rgb[i], rgba, sizeof read.rgb[i]);
    }
    *palette = read;
    return NULL;
}

static const char *read_value(const struct param_desc *p, const json_t *v, void *at, char wanted[64])
{
    const char *why = NULL;
    double x = 0;
    float rgba[4];

    switch (p->type) {
    case PARAM_FLOAT:
        if (!(why = read_number(p, v, &x, wanted)))
            *(float *)at = (float)x;
        return why;
    case PARAM_INT:
        if (!(why = read_number(p, v, &x, wanted)))
            *(int *)at = (int)x;
        return why;
    case PARAM_BOOL:
        if (!json_is_boolean(v))
            return "must be true or false";
        *(bool *)at = json_is_true(v);
        return NULL;
    case PARAM_CHOICE:
        return read_choice(p, v, at);
    case PARAM_COLOR:
        if (!json_is_string(v) || !color_parse(json_string_value(v), rgba))
            return "must be a colour, \"#rrggbb\" or \"#rrggbbaa\"";
        memcpy(at, rgba, sizeof rgba);
        return NULL;
    case PARAM_TEXT:
    case PARAM_SELECTION:
        if (!json_is_string(v) || json_string_length(v) > GRAPH_MAX_TEXT)
            return "must be a string of at most 4096 bytes";
        *(const char **)at = json_string_value(v);
        return NULL;
    case PARAM_STOPS:
        return read_stops(v, at);
    case PARAM_PALETTE:
        return read_palette(v, at);
    case PARAM_RANGES:
        return read_ranges(p, v, at);
    case PARAM_NONE:
        break;
    }
    return "is not known";
}

static const struct param_desc *find(const struct node_desc *d, const char *id)
{
    for (const struct param_desc *p = d->params; p && p->id; p++)
        if (strcmp(p->id, id) == 0)
            return p;
    return NULL;
}

void params_parse(const struct node_desc *desc, const char *node, const json_t *params, void *into, struct graph_errors *e)
{
    const char *key, *why;
    json_t *value;
    char wanted[64];
    size_t before = e ? e->n : 0;

    for (const struct param_desc *p = desc->params; p && p->id; p++)
        put_default(p, (char *)into + p->offset);
    json_object_foreach((json_t *)params, key, value) {
        const struct param_desc *p = find(desc, key);
        if (!p)
            graph_error_add(e, node, key, "bad_param", "%s: %s has no parameter \"%s\"", node, desc->id, key);
        else if ((why = read_value(p, value, (char *)into + p->offset, wanted)))
            graph_error_add(e, node, key, "bad_param", "%s: %s %s", node, key, why);
    }
    char message[192];
    if (desc->check && e && e->n == before && !desc->check(into, message, sizeof message))
        graph_error_add(e, node, NULL, "bad_param", "%s: %s", node, message);
}

static bool arg_selection(const json_t *v, struct arg_value *r)
{
    if (json_is_object(v)) {
        const json_t *spatial = json_object_get(v, "spatial_reference");
        if (spatial) {
            if (!json_is_string(spatial))
                return false;
            r->is_local = strcmp(json_string_value(spatial), "group_local") == 0;
            if (!r->is_local && strcmp(json_string_value(spatial), "global") != 0)
                return false;
        }
        if (json_object_size(v) != (spatial ? 2 : 1))
            return false;
        v = json_object_get(v, "expression");
    }
    if (!json_is_string(v) || json_string_length(v) > GRAPH_MAX_TEXT)
        return false;
    r->expression = json_string_value(v);
    return true;
}

static bool arg_choice(const struct doc_arg *arg, const json_t *v, struct arg_value *r)
{
    for (size_t i = 0; json_is_string(v) && i < json_array_size(arg->options); i++)
        if (strcmp(json_string_value(json_array_get(arg->options, i)), json_string_value(v)) == 0) {
            r->v[0] = (float)i;
            return true;
        }
    return false;
}

bool arg_parse(const struct doc_arg *arg, const json_t *value, struct arg_value *r, char *why, size_t size)
{
    static const char *const wanted[ARG_TYPES] = {
        [ARG_COLOR]     = "a colour, \"#rrggbb\" or \"#rrggbbaa\"",
        [ARG_SCALAR]    = "a number",
        [ARG_SELECTION] = "a selection expression",
        [ARG_CHOICE]    = "one of its options",
    };
    bool good = false;

    *r = (struct arg_value){ .v = { 1, 1, 1, 1 }, .expression = "all" };
    if (!value) {
        r->v[0] = arg->type == ARG_CHOICE ? 0 : 1;
        return true;
    }
    switch (arg->type) {
    case ARG_COLOR:
        good = json_is_string(value) && color_parse(json_string_value(value), r->v);
        break;
    case ARG_SCALAR:
        r->v[0] = (float)json_number_value(value);
        good = json_is_number(value) && isfinite(r->v[0]);
        break;
    case ARG_SELECTION:
        good = arg_selection(value, r);
        break;
    case ARG_CHOICE:
        good = arg_choice(arg, value, r);
        break;
    case ARG_TYPES:
        break;
    }
    if (!good)
        snprintf(why, size, "\"%s\" must be %s", arg->id, wanted[arg->type]);
    return good;
}
