#include "show/shipped.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/path.h"
#include "db/domain.h"
#include "graph/graph.h"

static const char folder[] = "config/demo/patterns", ending[] = ".json";

void shipped_id(const char *key, char id[UUID_SIZE])
{
    char name[256];

    snprintf(name, sizeof(name), "pattern/%.200s", key);
    uuid_from_key("demo", name, id);
}

enum lm_err shipped_json(const char *path, json_t **json, struct problem *p)
{
    char *text = NULL;
    size_t n;
    enum lm_err err = path_read(path, JSON_MAX_BYTES, &text, &n);

    if (err)
        return problem_set(p, err, "%s cannot be read", path);
    err = json_parse(text, n, json, p);
    free(text);
    if (err) {
        char why[PROBLEM_DETAIL];
        snprintf(why, sizeof(why), "%s", p ? p->detail : "");
        return problem_set(p, LM_INVALID, "%.300s: %.200s", path, why);
    }
    return LM_OK;
}

/* A broken graph is a broken package, and says so instead of staying dark. */
static enum lm_err check_graph(const char *path, const json_t *pattern, struct problem *p)
{
    struct graph_doc *doc = NULL;
    struct graph_errors found = { 0 };
    enum lm_err err = graph_parse(json_object_get(pattern, "graph"), &doc, p);

    if (err)
        return problem_set(p, LM_INVALID, "%s holds no graph", path);
    graph_check(doc, &found);
    if (found.n)
        err = problem_set(p, LM_INVALID, "%s: node %s: %s", path, found.e[0].node, found.e[0].message);
    graph_errors_clear(&found);
    graph_doc_free(doc);
    return err;
}

static int is_pattern(const struct dirent *e)
{
    size_t n = strlen(e->d_name), last = sizeof(ending) - 1;

    return n > last && !strcmp(e->d_name + n - last, ending) && strspn(e->d_name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n - last;
}

static enum lm_err read_one(const char *dir, const char *name, json_t *patterns, struct problem *p)
{
    char path[PATH_SIZE], key[256];
    json_t *pattern = NULL;
    enum lm_err err = path_join(path, dir, name);

    if (err || (err = shipped_json(path, &pattern, p)) || (err = check_graph(path, pattern, p))) {
        json_decref(pattern);
        return err;
    }
    snprintf(key, sizeof(key), "%.*s", (int)(strlen(name) - (sizeof(ending) - 1)), name);
    return json_object_set_new(patterns, key, pattern) ? problem_set(p, LM_NOMEM, "no memory for the shipped patterns") : LM_OK;
}

enum lm_err shipped_read(json_t **patterns, struct problem *p)
{
    char dir[PATH_SIZE];
    struct dirent **names = NULL;
    enum lm_err err = path_share(folder, dir, p);

    *patterns = NULL;
    if (err)
        return err;
    int n = scandir(dir, &names, is_pattern, alphasort);
    if (n < 0)
        return problem_set(p, LM_IO, "%s cannot be read", dir);
    if (!(*patterns = json_object()))
        err = problem_set(p, LM_NOMEM, "no memory for the shipped patterns");
    for (int i = 0; i < n; i++) {
        if (!err)
            err = read_one(dir, names[i]->d_name, *patterns, p);
        free(names[i]);
    }
    free(names);
    if (err) {
        json_decref(*patterns);
        *patterns = NULL;
    }
    return err;
}

static enum lm_err put_category(struct db_conn *c, const char *name, struct problem *p)
{
    json_t *there = NULL, *row = NULL, *body;
    enum lm_err err = row_all(c, &pattern_categories_table, "name", name, &there, p);
    bool is_new = !err && !json_array_size(there);

    json_decref(there);
    if (!is_new)
        return err;
    body = json_pack("{s:s}", "name", name);
    err = body ? row_create(c, &pattern_categories_table, NULL, body, &row, NULL, p) : LM_NOMEM;
    json_decref(body);
    json_decref(row);
    return err;
}

static enum lm_err put_graph(struct db_conn *c, const char *pattern_id, const json_t *graph, struct problem *p)
{
    json_t *errors = json_array(), *implementation = NULL;
    enum lm_err err = errors ? pattern_implementation(c, pattern_id, NULL, &implementation, p) : LM_NOMEM;

    if (!err)
        err = implementation_set_graph(c, json_get_text(implementation, "id", ""), graph, errors, -1, NULL, p);
    json_decref(implementation);
    json_decref(errors);
    return err;
}

static enum lm_err put_one(struct db_conn *c, const char *key, const json_t *pattern, size_t *added, struct problem *p)
{
    char id[UUID_SIZE];
    json_t *row = NULL, *body = json_copy((json_t *)pattern);
    bool created = false;
    enum lm_err err = put_category(c, json_get_text(pattern, "category", ""), p);

    shipped_id(key, id);
    if (!err && (!body || json_object_set_new(body, "id", json_string(id)) || json_object_del(body, "graph")))
        err = problem_set(p, LM_NOMEM, "no memory for the shipped patterns");
    if (!err)
        err = pattern_create(c, body, &row, &created, p);
    if (!err && created)
        err = put_graph(c, id, json_object_get(pattern, "graph"), p);
    *added += !err && created;
    json_decref(body);
    json_decref(row);
    return err;
}

enum lm_err shipped_put(struct db_conn *c, const json_t *patterns, size_t *added, struct problem *p)
{
    const char *key;
    json_t *pattern;
    enum lm_err err = LM_OK;

    *added = 0;
    json_object_foreach((json_t *)patterns, key, pattern)
        if ((err = put_one(c, key, pattern, added, p)))
            return err;
    return LM_OK;
}
