#include "audio/chain_json.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"

/* What is sent is what was typed: 0.1f is 0.1. */
static json_t *short_number(float v)
{
    return json_number(round((double)v * 1e5) / 1e5);
}

static int type_find(const char *id)
{
    int t = 0;

    while (t < EFFECT_TYPES && strcmp(effect_types[t].id, id))
        t++;
    return t;
}

static void names_of_types(char *out, size_t size)
{
    size_t n = 0;

    for (int t = 0; t < EFFECT_TYPES && n < size; t++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", t ? t == EFFECT_TYPES - 1 ? " or " : ", " : "", effect_types[t].id);
}

static float param_read(const json_t *v, const struct effect_param *param, const char *path, struct problem *p)
{
    double x = json_number_value(v), steps = (x - param->min) / param->step;

    if (!v)
        return (float)param->def;
    if (!json_is_number(v))
        problem_add(p, path, "must be a number");
    else if (!(x >= param->min && x <= param->max))
        problem_add(p, path, "must be from %g to %g%s%s", param->min, param->max, *param->unit ? " " : "", param->unit);
    else if (param->is_stepped && fabs(steps - round(steps)) > 1e-6)
        problem_add(p, path, "must be %g or so many times %g more", param->min, param->step);
    else
        return (float)x;
    return (float)param->def;
}

static bool is_member(const struct effect_info *info, const char *name)
{
    for (int k = 0; k < CHAIN_PARAMS && info->params[k].id; k++)
        if (!strcmp(info->params[k].id, name))
            return true;
    return !strcmp(name, "type") || !strcmp(name, "bypass");
}

/* false: it is no effect. */
static bool effect_read(const json_t *o, size_t i, struct chain_effect *e, struct problem *p)
{
    char path[PROBLEM_PATH], types[PROBLEM_MESSAGE - 32];
    const char *name;
    json_t *v;
    int t = type_find(json_get_text(o, "type", ""));

    if (t == EFFECT_TYPES) {
        names_of_types(types, sizeof types);
        snprintf(path, sizeof path, json_is_object(o) ? "/effects/%zu/type" : "/effects/%zu", i);
        problem_add(p, path, json_is_object(o) ? "must be %s" : "must be an object with a type: %s", types);
        return false;
    }
    *e = effect_default((enum effect_type)t);
    e->is_bypassed = json_get_bool(o, "bypass", false);
    if ((v = json_object_get(o, "bypass")) && !json_is_boolean(v)) {
        snprintf(path, sizeof path, "/effects/%zu/bypass", i);
        problem_add(p, path, "must be true or false");
    }
    for (int k = 0; k < CHAIN_PARAMS && effect_types[t].params[k].id; k++) {
        snprintf(path, sizeof path, "/effects/%zu/%s", i, effect_types[t].params[k].id);
        e->params[k] = param_read(json_object_get(o, effect_types[t].params[k].id), &effect_types[t].params[k], path, p);
    }
    json_object_foreach((json_t *)o, name, v) {
        if (is_member(&effect_types[t], name))
            continue;
        snprintf(path, sizeof path, "/effects/%zu/%.60s", i, name);
        problem_add(p, path, "%s has no such parameter", effect_types[t].id);
    }
    return true;
}

enum lm_err chain_from_json(const json_t *effects, bool is_enabled, struct chain_settings *s, struct problem *p)
{
    struct problem own;
    struct chain_settings read = { .is_enabled = is_enabled };
    json_t *o;
    size_t i;

    if (!p)
        p = &own, problem_clear(p);
    if (!json_is_array(effects))
        problem_add(p, "/effects", "must be a list of effects");
    json_array_foreach((json_t *)effects, i, o) {
        if (i == CHAIN_EFFECTS) {
            problem_add(p, "/effects", "has %zu effects; a chain takes %d", json_array_size(effects), CHAIN_EFFECTS);
            break;
        }
        read.n += effect_read(o, i, &read.effects[read.n], p);
    }
    chain_settings_clean(&read, s);
    return p->err;
}

json_t *chain_to_json(const struct chain_settings *s)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < s->n && i < CHAIN_EFFECTS; i++) {
        const struct chain_effect *e = &s->effects[i];
        const struct effect_info *info = &effect_types[e->type < EFFECT_TYPES ? e->type : EFFECT_GAIN];
        json_t *o = json_pack("{s:s, s:b}", "type", info->id, "bypass", (int)e->is_bypassed);
        for (int k = 0; k < CHAIN_PARAMS && info->params[k].id; k++)
            json_object_set_new(o, info->params[k].id, short_number(e->params[k]));
        if (json_array_append_new(list, o)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *chain_complete(const json_t *effects)
{
    json_t *whole = json_deep_copy(effects), *o;
    size_t i;

    json_array_foreach(whole, i, o) {
        int t = type_find(json_get_text(o, "type", ""));
        if (t == EFFECT_TYPES)
            continue;
        if (!json_object_get(o, "bypass"))
            json_object_set_new(o, "bypass", json_false());
        for (int k = 0; k < CHAIN_PARAMS && effect_types[t].params[k].id; k++)
            if (!json_object_get(o, effect_types[t].params[k].id))
                json_object_set_new(o, effect_types[t].params[k].id, json_number(effect_types[t].params[k].def));
    }
    return whole;
}

json_t *effect_types_json(void)
{
    json_t *list = json_array();

    for (int t = 0; t < EFFECT_TYPES; t++) {
        json_t *params = json_array();
        for (int k = 0; k < CHAIN_PARAMS && effect_types[t].params[k].id; k++) {
            const struct effect_param *e = &effect_types[t].params[k];
            json_array_append_new(params, json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:f}", "id", e->id, "label", e->label, "type", "float", "unit", e->unit, "help",
                                                    e->doc, "min", e->min, "max", e->max, "default", e->def, "step", e->step));
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "type", effect_types[t].id, "label", effect_types[t].label, "help", effect_types[t].doc, "params",
                                              params));
    }
    return list;
}
