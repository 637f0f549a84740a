#include <string.h>

#include "fixtures/selection.h"
#include "graph/document.h"
#include "graph/program.h"

static const char *args_node(const struct graph_doc *d)
{
    for (size_t i = 0; i < d->n_nodes; i++)
        if (d->nodes[i].desc && d->nodes[i].desc->is_args)
            return d->nodes[i].id;
    return "";
}

/* Which list of a group-local selection each head belongs to: one per group named, one more for heads of none. */
static void assign_parts(const struct selection *s, uint32_t *part, uint32_t *parts)
{
    uint32_t none = (uint32_t)s->n_groups_named;

    *parts = none + 1;
    for (size_t i = 0; i < s->n; i++) {
        part[i] = none;
        for (uint32_t k = 0; s->group && s->group[i] != UINT32_MAX && k < none; k++)
            if (s->groups_named[k] == s->group[i]) {
                part[i] = k;
                break;
            }
    }
}

/* NULL with *err LM_INVALID: a syntax error, in p. */
static const struct node_selection *resolve(struct arena *a, const struct patch *patch, const struct arg_value *v,
                                            const char *node, const char *port, struct graph_errors *errors,
                                            struct problem *p, enum lm_err *err)
{
    struct selection s = { 0 };
    struct node_selection *result = NULL;

    problem_clear(p);
    if ((*err = selection_resolve(patch, v->expression, &s, p)))
        goto out;
    for (size_t i = 0; i < s.n_warnings; i++)
        graph_error_add(errors, node, port, "warning", "%s", s.warnings[i]);
    struct node_selection *sel = arena_alloc(a, sizeof *sel);
    uint32_t *heads = arena_array(a, s.n + 1, sizeof *heads), *part = arena_array(a, s.n + 1, sizeof *part);
    char *text = arena_dup(a, v->expression);
    *err = LM_NOMEM;
    if (!sel || !heads || !part || !text)
        goto out;
    if (s.n)
        memcpy(heads, s.heads, s.n * sizeof *heads);
    *sel = (struct node_selection){ .n = (uint32_t)s.n, .heads = heads, .part = part, .parts = 1, .expression = text };
    if (v->is_local)
        assign_parts(&s, part, &sel->parts);
    result = sel;
    *err = LM_OK;
out:
    selection_clear(&s);
    return result;
}

static enum lm_err one_arg(struct arena *a, const struct doc_arg *arg, const struct graph_env *env, const char *node,
                           struct op_output *out, struct graph_errors *errors)
{
    const json_t *given = json_object_get(env->args, arg->id);
    struct arg_value v;
    struct problem p;
    char why[256];
    enum lm_err err;
    bool is_default = !given || json_is_null(given);

    if (is_default || !arg_parse(arg, given, &v, why, sizeof why)) {
        if (!is_default)
            graph_error_add(errors, node, arg->id, "bad_arg", "%s; its default is used", why);
        is_default = true;
        arg_parse(arg, arg->def, &v, why, sizeof why);
    }
    out->value = (struct node_value){ .n = 1, .c = arg->type == ARG_COLOR ? 4 : 1 };
    if (arg->type == ARG_SELECTION) {
        const struct node_selection *s = resolve(a, env->patch, &v, node, arg->id, errors, &p, &err);
        if (err == LM_INVALID && !is_default) {
            graph_error_add(errors, node, arg->id, "bad_arg", "\"%s\": %s; its default is used", arg->id, p.detail);
            arg_parse(arg, arg->def, &v, why, sizeof why);
            s = resolve(a, env->patch, &v, node, arg->id, errors, &p, &err);
        }
        if (err == LM_INVALID)
            graph_error_add(errors, node, arg->id, "bad_selection", "\"%s\": %s", arg->id, p.detail);
        out->value.selection = s;
        return err;
    }
    float *data = arena_array(a, 4, sizeof *data);
    if (!data)
        return LM_NOMEM;
    memcpy(data, v.v, sizeof v.v);
    out->data = data;
    return LM_OK;
}

enum lm_err program_args(struct arena *a, const struct graph_doc *d, const struct graph_env *env, struct program_args *result,
                         struct graph_errors *errors)
{
    const char *node = args_node(d), *key;
    json_t *value;
    enum lm_err err;

    *result = (struct program_args){ .n = d->n_args };
    if (env->args && !json_is_null(env->args) && !json_is_object(env->args))
        graph_error_add(errors, node, NULL, "bad_arg", "Arguments must be an object; the defaults are used");
    json_object_foreach((json_t *)env->args, key, value)
        if (doc_arg_find(d, key) < 0)
            graph_error_add(errors, node, key, "bad_arg", "There is no argument \"%s\"", key);
    result->values = arena_array(a, d->n_args + 1, sizeof *result->values);
    if (!result->values)
        return LM_NOMEM;
    for (size_t i = 0; i < d->n_args; i++) {
        if ((err = one_arg(a, &d->args[i], env, node, &result->values[i], errors)))
            return err;
        if (d->args[i].type == ARG_SELECTION && !result->standard)
            result->standard = result->values[i].value.selection;
    }
    if (!result->standard) {
        struct arg_value all = { .expression = "all" };
        struct problem p;
        result->standard = resolve(a, env->patch, &all, "", NULL, errors, &p, &err);
        return err;
    }
    return LM_OK;
}
