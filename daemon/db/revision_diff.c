/* What lies between two graphs or two scores, for people. */
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "db/revision_private.h"

static json_t *keyed(const json_t *list, bool is_edge)
{
    json_t *map = json_object(), *item;
    char key[600];
    size_t i;

    json_array_foreach((json_t *)list, i, item) {
        if (is_edge)                            /* a wire is what it connects: editors number them anew */
            snprintf(key, sizeof(key), "%s.%s>%s.%s", json_get_text(item, "from_node", ""), json_get_text(item, "from_port", ""),
                     json_get_text(item, "to_node", ""), json_get_text(item, "to_port", ""));
        else
            str_copy(key, sizeof(key), json_get_text(item, "id", ""));
        json_object_set(map, key, item);
    }
    return map;
}

/* [{param, from, to}] of two objects' members. */
static json_t *members_between(const json_t *from, const json_t *to)
{
    json_t *list = json_array(), *v;
    const char *name;

    json_object_foreach((json_t *)from, name, v) {
        if (!value_same(v, json_object_get(to, name)))
            json_array_append_new(list, json_pack("{s:s,s:O,s:O?}", "param", name, "from", v, "to", json_object_get(to, name)));
    }
    json_object_foreach((json_t *)to, name, v) {
        if (!json_object_get(from, name) && !json_is_null(v))
            json_array_append_new(list, json_pack("{s:s,s:n,s:O}", "param", name, "from", "to", v));
    }
    return list;
}

/* {id, type, was, params, moved}, or NULL when they are the same. */
static json_t *node_between(const json_t *from, const json_t *to)
{
    const char *was = json_get_text(from, "type", ""), *is = json_get_text(to, "type", "");
    bool moved = json_get_real(from, "x", 0) != json_get_real(to, "x", 0) || json_get_real(from, "y", 0) != json_get_real(to, "y", 0);
    json_t *params = members_between(json_object_get(from, "params"), json_object_get(to, "params"));

    if (!moved && !json_array_size(params) && !strcmp(was, is)) {
        json_decref(params);
        return NULL;
    }
    return json_pack("{s:s,s:s,s:s,s:o,s:b}", "id", json_get_text(to, "id", ""), "type", is, "was", was, "params", params, "moved", moved);
}

static json_t *arg_between(const json_t *from, const json_t *to)
{
    json_t *params = members_between(from, to);

    if (!json_array_size(params)) {
        json_decref(params);
        return NULL;
    }
    return json_pack("{s:s,s:s,s:o}", "id", json_get_text(to, "id", ""), "name", json_get_text(to, "name", ""), "params", params);
}

static json_t *part_between(const char *part, const json_t *from, const json_t *to, json_t *(*between)(const json_t *, const json_t *))
{
    json_t *a = keyed(json_object_get(from, part), !between), *b = keyed(json_object_get(to, part), !between);
    json_t *added = json_array(), *removed = json_array(), *changed = json_array(), *item, *change;
    const char *key;

    json_object_foreach(b, key, item) {
        if (!json_object_get(a, key))
            json_array_append(added, item);
        else if (between && (change = between(json_object_get(a, key), item)))
            json_array_append_new(changed, change);
    }
    json_object_foreach(a, key, item) {
        if (!json_object_get(b, key))
            json_array_append(removed, item);
    }
    json_decref(a);
    json_decref(b);
    return json_pack("{s:o,s:o,s:o}", "added", added, "removed", removed, "changed", changed);
}

json_t *graph_between(const json_t *from, const json_t *to)
{
    return json_pack("{s:o,s:o,s:o}", "nodes", part_between("nodes", from, to, node_between), "edges", part_between("edges", from, to, NULL),
                     "args", part_between("args", from, to, arg_between));
}

struct words { char *out; size_t size; };

static void say(struct words *w, size_t n, const char *one, const char *what)
{
    size_t at = strlen(w->out);

    if (n)
        snprintf(w->out + at, w->size - at, "%s%zu %s%s %s", at ? ", " : "", n, one, n == 1 ? "" : "s", what);
}

static size_t listed(const json_t *diff, const char *part, const char *list)
{
    return json_array_size(json_object_get(json_object_get(diff, part), list));
}

void graph_summary(const json_t *diff, char *out, size_t size)
{
    static const struct { const char *part, *one; } parts[] = { { "nodes", "node" }, { "edges", "wire" }, { "args", "argument" } };
    struct words w = { out, size };
    json_t *node;
    size_t i, moved = 0, turned = 0;

    *out = '\0';
    json_array_foreach(json_object_get(json_object_get(diff, "nodes"), "changed"), i, node) {
        const json_t *params = json_object_get(node, "params"), *first = json_array_get(params, 0);
        bool is_only = listed(diff, "nodes", "changed") == 1 && json_array_size(params) == 1;
        if (is_only)                            /* the commonest edit of all gets its own words */
            snprintf(out, size, "%.80s: %.80s", json_get_text(node, "id", ""), json_get_text(first, "param", ""));
        turned += !is_only && json_array_size(params);
        moved += !json_array_size(params);
    }
    for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        say(&w, listed(diff, parts[i].part, "added"), parts[i].one, "added");
        say(&w, listed(diff, parts[i].part, "removed"), parts[i].one, "removed");
    }
    say(&w, turned, "node", "changed");
    say(&w, listed(diff, "args", "changed"), "argument", "changed");
    if (!*out)
        say(&w, moved, "node", "moved");
    if (!*out)
        str_copy(out, size, "Details changed");
}

void changes_summary(const json_t *changes, char *out, size_t size)
{
    struct words w = { out, size };
    size_t i, added = 0, removed = 0, moved = 0, changed = 0;
    json_t *change;

    *out = '\0';
    json_array_foreach((json_t *)changes, i, change) {
        const json_t *from = json_object_get(change, "from"), *to = json_object_get(change, "to");
        bool is_in_time = json_object_get(to, "start_time") || json_object_get(to, "end_time") || json_object_get(to, "z_index");
        if (!json_is_object(from))
            added++;
        else if (!json_is_object(to))
            removed++;
        else
            *(is_in_time ? &moved : &changed) += 1;
    }
    say(&w, added, "block", "added");
    say(&w, removed, "block", "removed");
    say(&w, moved, "block", "moved");
    say(&w, changed, "block", "changed");
    if (!*out)
        str_copy(out, size, "Nothing changed");
}

json_t *revision_diff(enum revision_of kind, const json_t *from, const json_t *to)
{
    char summary[400];
    json_t *diff, *added, *removed, *changed, *changes, *item;
    size_t i;

    if (kind == REVISION_GRAPH) {
        diff = graph_between(from, to);
        if (diff && json_equal((json_t *)from, (json_t *)to))
            str_copy(summary, sizeof(summary), "Nothing changed");
        else if (diff)
            graph_summary(diff, summary, sizeof(summary));
        if (diff)
            json_object_set_new(diff, "summary", json_string(summary));
        return diff;
    }
    json_t *a = keyed(from, false), *b = keyed(to, false);
    changes = changes_between(a, b);
    added = json_array(), removed = json_array(), changed = json_array();
    json_array_foreach(changes, i, item) {
        const char *id = json_get_text(item, "id", "");
        if (!json_object_get(a, id))
            json_array_append(added, json_object_get(b, id));
        else if (!json_object_get(b, id))
            json_array_append(removed, json_object_get(a, id));
        else
            json_array_append_new(changed, json_pack("{s:s,s:O,s:O,s:O}", "id", id, "annotation", json_object_get(b, id),
                                                     "from", json_object_get(item, "from"), "to", json_object_get(item, "to")));
    }
    changes_summary(changes, summary, sizeof(summary));
    json_decref(changes);
    json_decref(a);
    json_decref(b);
    return json_pack("{s:s,s:{s:o,s:o,s:o}}", "summary", summary, "annotations", "added", added, "removed", removed, "changed", changed);
}
