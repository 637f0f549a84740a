#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/revision_private.h"

/* A row without its id, which the change names. */
static json_t *content_of(const json_t *row)
{
    json_t *copy = row ? json_copy((json_t *)row) : json_null();

    if (row && copy)
        json_object_del(copy, "id");
    return copy;
}

json_t *change_of(const char *id, const json_t *from, const json_t *to, bool *is_same)
{
    json_t *before, *after, *v;
    const char *name;
    void *next;

    *is_same = false;
    if (!from || !to) {
        *is_same = !from && !to;
        return *is_same ? NULL : json_pack("{s:s,s:o,s:o}", "id", id, "from", content_of(from), "to", content_of(to));
    }
    before = content_of(from), after = content_of(to);
    json_object_foreach_safe(before, next, name, v) {
        if (value_same(v, json_object_get(after, name))) {
            json_object_del(after, name);
            json_object_del(before, name);
        }
    }
    *is_same = before && after && !json_object_size(before) && !json_object_size(after);
    if (*is_same) {
        json_decref(before);
        json_decref(after);
        return NULL;
    }
    return json_pack("{s:s,s:o,s:o}", "id", id, "from", before, "to", after);
}

/* A list that lacks something is none. */
static json_t *whole(json_t *list, bool failed)
{
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

json_t *changes_between(const json_t *from, const json_t *to)
{
    json_t *list = json_array(), *row, *change;
    const char *id;
    bool is_same, failed = !list;

    json_object_foreach((json_t *)from, id, row) {
        change = change_of(id, row, json_object_get(to, id), &is_same);
        failed |= !is_same && json_array_append_new(list, change);
    }
    json_object_foreach((json_t *)to, id, row) {
        if (json_object_get(from, id))
            continue;
        change = change_of(id, NULL, row, &is_same);
        failed |= !is_same && json_array_append_new(list, change);
    }
    return whole(list, failed);
}

bool changes_apply(json_t *state, const json_t *changes, bool backwards)
{
    json_t *change, *row;
    size_t i;

    json_array_foreach((json_t *)changes, i, change) {
        const char *id = json_get_text(change, "id", "");
        json_t *to = json_object_get(change, backwards ? "from" : "to"), *from = json_object_get(change, backwards ? "to" : "from");
        if (!json_is_object(to)) {
            json_object_del(state, id);
            continue;
        }
        /* Members are set over what is there; a copy, for the state may share its rows with another. */
        json_t *old = json_is_object(from) ? json_object_get(state, id) : NULL;
        if (!(row = old ? json_copy(old) : json_object()) || json_object_update(row, to) ||
            json_object_set_new(row, "id", json_string(id)) || json_object_set_new(state, id, row))
            return false;
    }
    return true;
}

static json_t *by_id(const json_t *changes)
{
    json_t *map = json_object(), *change;
    size_t i;

    json_array_foreach((json_t *)changes, i, change) {
        json_object_set(map, json_get_text(change, "id", ""), change);
    }
    return map;
}

/* The same rows, with the members `from` and `to` of a's as those of b's named so. */
static bool match(const json_t *a, const json_t *b, const char *from, const char *to)
{
    json_t *map = by_id(b), *change;
    size_t i;
    bool all = json_array_size(a) == json_array_size(b);

    json_array_foreach((json_t *)a, i, change) {
        const json_t *other = json_object_get(map, json_get_text(change, "id", ""));
        all &= other && value_same(json_object_get(change, "from"), json_object_get(other, from)) &&
               value_same(json_object_get(change, "to"), json_object_get(other, to));
    }
    json_decref(map);
    return all;
}

bool changes_cancel(const json_t *a, const json_t *b)
{
    return match(a, b, "to", "from");
}

bool changes_same(const json_t *a, const json_t *b)
{
    return match(a, b, "from", "to");
}

/* One row's two changes as one; NULL without failure: they cancel out. */
static json_t *join_one(const char *id, const json_t *first, const json_t *then, bool *is_same)
{
    const json_t *from = json_object_get(first, "from"), *mid = json_object_get(first, "to"), *then_from = json_object_get(then, "from"),
                 *to = json_object_get(then, "to");
    json_t *a = json_is_object(from) ? json_copy((json_t *)from) : NULL, *b = json_is_object(to) ? json_copy((json_t *)to) : NULL, *joined = NULL;

    *is_same = false;
    if (a && json_is_object(then_from))
        json_object_update_missing(a, (json_t *)then_from);     /* members that only the second one touches */
    if (b && json_is_object(mid))
        json_object_update_missing(b, (json_t *)mid);
    if (!a == !json_is_object(from) && !b == !json_is_object(to))
        joined = change_of(id, a, b, is_same);
    json_decref(a);
    json_decref(b);
    return joined;
}

json_t *changes_join(const json_t *first, const json_t *then)
{
    json_t *list = json_array(), *firsts = by_id(first), *thens = by_id(then), *change;
    const char *id;
    bool is_same = false, failed = !list || json_object_size(firsts) != json_array_size(first) || json_object_size(thens) != json_array_size(then);

    json_object_foreach(firsts, id, change) {
        const json_t *other = json_object_get(thens, id);
        json_t *joined = other ? join_one(id, change, other, &is_same) : json_incref(change);
        failed |= !(other && is_same) && json_array_append_new(list, joined);
    }
    json_object_foreach(thens, id, change) {
        failed |= !json_object_get(firsts, id) && json_array_append(list, change);
    }
    json_decref(firsts);
    json_decref(thens);
    return whole(list, failed);
}

static int compare_rows(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    double s = json_get_real(x, "start_time", 0), t = json_get_real(y, "start_time", 0);

    return s < t ? -1 : s > t ? 1 : strcmp(json_get_text(x, "id", ""), json_get_text(y, "id", ""));
}

json_t *state_rows(const json_t *state)
{
    size_t n = json_object_size(state), i = 0;
    json_t **list = calloc(n + 1, sizeof(*list)), *rows = json_array(), *row;
    const char *id;

    if (!list || !rows) {
        free(list);
        json_decref(rows);
        return NULL;
    }
    json_object_foreach((json_t *)state, id, row) {
        list[i++] = row;
    }
    qsort(list, n, sizeof(*list), compare_rows);
    for (i = 0; i < n; i++)
        json_array_append(rows, list[i]);
    free(list);
    return rows;
}
