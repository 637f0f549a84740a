#include "show/venue_file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"
#include "dmx/output.h"
#include "dmx/universe.h"
#include "show/patching.h"

static const char format[] = "lumad venue";

/* ---- out ---- */

/* What a row has from where it lies, and what it does not say. */
static void strip(json_t *row, bool keep_id)
{
    static const char *const own[] = { "venue_id", "created_at", "updated_at", "version" };
    const char *key;
    json_t *v;
    void *next;

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        json_object_del(row, own[i]);
    if (!keep_id)
        json_object_del(row, "id");
    json_object_foreach_safe (row, next, key, v) {
        if (json_is_null(v))
            json_object_del(row, key);
    }
}

static enum lm_err rows_of(struct db_conn *c, const struct table *t, const char *venue_id, json_t **rows, struct problem *p)
{
    enum lm_err err = row_all(c, t, "venue_id", venue_id, rows, p);
    json_t *row, *ids;
    size_t i;

    if (err)
        return err;
    json_array_foreach (*rows, i, row) {
        if (t == &fixture_groups_table) {
            if ((err = group_members(c, json_get_text(row, "id", ""), &ids, p)))
                break;
            json_object_set_new(row, "fixture_ids", ids);
        }
        strip(row, t == &fixtures_table);
    }
    return err;
}

/* Each file once that a fixture uses and that the distribution does not have. */
static json_t *definitions_of(struct library *l, const json_t *fixtures)
{
    json_t *list = json_array(), *seen = json_object(), *row;
    size_t i, n;

    json_array_foreach (fixtures, i, row) {
        const char *path = json_get_text(row, "fixture_path", "");
        char *text = NULL;
        if (json_object_get(seen, path) || json_object_set_new(seen, path, json_true()) || library_own_text(l, path, &text, &n))
            continue;
        json_t *as_text = json_stringn(text, n);       /* NULL: it is not UTF-8, so it cannot be carried in JSON */
        if (as_text)
            json_array_append_new(list, json_pack("{s:s, s:o}", "path", path, "text", as_text));
        free(text);
    }
    json_decref(seen);
    return list;
}

static enum lm_err read_all(struct db_conn *c, const char *venue_id, json_t **doc, struct problem *p)
{
    json_t *venue = NULL, *fixtures = NULL, *groups = NULL, *outputs = NULL, *parks = NULL;
    enum lm_err err = row_get(c, &venues_table, venue_id, &venue, p);

    if (err || (err = rows_of(c, &fixtures_table, venue_id, &fixtures, p)) || (err = rows_of(c, &fixture_groups_table, venue_id, &groups, p)) ||
        (err = rows_of(c, &outputs_table, venue_id, &outputs, p)) || (err = parks_of_venue(c, venue_id, &parks, p)))
        goto out;
    strip(venue, false);
    *doc = json_pack("{s:s, s:i, s:O, s:O, s:O, s:O, s:O}", "format", format, "version", VENUE_FILE_VERSION, "venue", venue, "fixtures", fixtures, "groups",
                     groups, "outputs", outputs, "parks", parks);
    err = *doc ? LM_OK : LM_NOMEM;
out:
    json_decref(venue), json_decref(fixtures), json_decref(groups), json_decref(outputs), json_decref(parks);
    return err;
}

enum lm_err venue_export(struct db_conn *c, struct library *l, const char *venue_id, json_t **doc, struct problem *p)
{
    enum lm_err err = read_all(c, venue_id, doc, p);

    if (!err && json_object_set_new(*doc, "definitions", definitions_of(l, json_object_get(*doc, "fixtures"))))
        err = LM_NOMEM;
    return err;
}

/* ---- is it one? ---- */

static enum lm_err check_list(const json_t *doc, const char *name, size_t most, struct problem *p)
{
    const json_t *list = json_object_get(doc, name), *v;
    char path[PROBLEM_PATH];
    size_t i;

    snprintf(path, sizeof(path), "/%s", name);
    if (list && !json_is_array(list))
        return problem_add(p, path, "must be a list");
    if (json_array_size(list) > most)
        return problem_add(p, path, "are more than %zu", most);
    json_array_foreach (list, i, v) {
        snprintf(path, sizeof(path), "/%s/%zu", name, i);
        if (!json_is_object(v))
            return problem_add(p, path, "must be an object");
    }
    return LM_OK;
}

static enum lm_err check_document(const json_t *doc, struct problem *p)
{
    static const char *const known[] = { "format", "version", "venue", "fixtures", "groups", "outputs", "parks", "definitions", NULL };
    static const struct { const char *name; size_t most; } lists[] = { { "fixtures", VENUE_FILE_ROWS }, { "groups", VENUE_FILE_ROWS }, { "outputs", VENUE_FILE_ROWS },
                                                                       { "parks", SIZE_MAX }, { "definitions", VENUE_FILE_DEFINITIONS } };

    if (!json_is_object(doc))
        return problem_set(p, LM_BAD_REQUEST, "The body must be an object.");
    if (strcmp(json_get_text(doc, "format", ""), format))
        return problem_add(p, "/format", "is not \"%s\": this is no file of a venue", format);
    const json_t *version = json_object_get(doc, "version");
    if (!json_is_integer(version) || json_integer_value(version) < 1)
        return problem_add(p, "/version", "must be a whole number from 1");
    if (json_integer_value(version) > VENUE_FILE_VERSION)
        return problem_add(p, "/version", "is %lld: this file was made by a newer lumad, which this one (%d) cannot read", (long long)json_integer_value(version),
                           VENUE_FILE_VERSION);
    json_only(doc, known, p);
    if (!json_is_object(json_object_get(doc, "venue")))
        problem_add(p, "/venue", "must be an object");
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        check_list(doc, lists[i].name, lists[i].most, p);
    return p->err;
}

/* ---- in ---- */

struct import {
    struct library *library;
    const json_t *doc;
    const char *name, *source;          /* the name wanted; the venue to copy, NULL: `doc` came from outside */
    json_t *paths;                      /* path in the document -> path here */
    json_t *fixtures;                   /* id in the document -> id here */
    json_t *row;                        /* of the venue */
    char venue[UUID_SIZE];
};

/* The errors of `of` are about this part of the document. */
static enum lm_err fail_under(struct problem *p, const char *list, size_t i, const struct problem *of, enum lm_err err)
{
    char path[PROBLEM_PATH + 64];

    if (!of->n)
        problem_set(p, err, "%s, number %zu: %s", list, i + 1, of->detail[0] ? of->detail : lm_err_text(err));
    for (size_t k = 0; k < of->n; k++) {
        snprintf(path, sizeof(path), "/%s/%zu%s", list, i, of->errors[k].path);
        path[PROBLEM_PATH - 1] = '\0';
        problem_add(p, path, "%s", of->errors[k].message);
    }
    p->more += of->more;
    return err;
}

static enum lm_err make_venue(struct db_conn *c, struct import *m, struct problem *p)
{
    json_t *body = json_copy(json_object_get(m->doc, "venue"));
    enum lm_err err = body ? LM_OK : LM_NOMEM;

    if (!err) {
        json_object_del(body, "id");
        if (*m->name)
            json_object_set_new(body, "name", json_string(m->name));
        struct problem one;
        problem_clear(&one);
        if ((err = row_create(c, &venues_table, NULL, body, &m->row, NULL, &one)))
            for (size_t k = 0; k < one.n || (!one.n && !k); k++) {
                char path[PROBLEM_PATH + 8];
                snprintf(path, sizeof(path), "/venue%s", one.n ? one.errors[k].path : "");
                path[PROBLEM_PATH - 1] = '\0';
                problem_add(p, path, "%s", one.n ? one.errors[k].message : one.detail);
            }
    }
    json_decref(body);
    if (!err)
        str_copy(m->venue, sizeof(m->venue), json_get_text(m->row, "id", ""));
    return err;
}

/* One row of a list, with its id and what else is not its own taken out by `tweak`. */
static enum lm_err make_row(struct db_conn *c, struct import *m, const struct table *t, const json_t *from, json_t **row, struct problem *p)
{
    json_t *body = json_copy((json_t *)from);

    if (!body)
        return LM_NOMEM;
    json_object_del(body, "id");
    if (t == &fixture_groups_table)
        json_object_del(body, "fixture_ids");
    const json_t *path = t == &fixtures_table ? json_object_get(m->paths, json_get_text(body, "fixture_path", "")) : NULL;
    if (path)
        json_object_set(body, "fixture_path", (json_t *)path);
    enum lm_err err = row_create(c, t, m->venue, body, row, NULL, p);
    json_decref(body);
    return err;
}

static bool is_dark(struct library *l, const json_t *row)
{
    const struct definition *d = NULL;
    bool dark = library_definition(l, json_get_text(row, "fixture_path", ""), &d, NULL) != LM_OK;

    definition_unref(d);
    return dark;
}

static enum lm_err check_patch(struct db_conn *c, struct import *m, const json_t *rows, struct problem *p)
{
    size_t n = json_array_size(rows);
    struct patching_origin *from = calloc(n + 1, sizeof(*from));
    enum lm_err err;

    if (!from)
        return LM_NOMEM;
    for (size_t i = 0; i < n; i++)
        from[i] = (struct patching_origin){ is_dark(m->library, json_array_get(rows, i)) ? NULL : "fixtures", i };
    err = patching_check(c, m->library, m->venue, rows, from, NULL, p);
    free(from);
    return err;
}

static enum lm_err make_fixtures(struct db_conn *c, struct import *m, struct problem *p)
{
    json_t *rows = json_array(), *from, *row;
    enum lm_err err = rows ? LM_OK : LM_NOMEM;
    size_t i;

    json_array_foreach (json_object_get(m->doc, "fixtures"), i, from) {
        const json_t *id = json_object_get(from, "id");
        struct problem one;
        problem_clear(&one);
        if (err)
            break;
        if (id && (!json_is_string(id) || json_object_get(m->fixtures, json_string_value(id))))
            err = problem_add(&one, "/id", json_is_string(id) ? "is the id of another fixture too" : "must be a text");
        if (!err && !(err = make_row(c, m, &fixtures_table, from, &row, &one))) {
            if (id)
                json_object_set(m->fixtures, json_string_value(id), json_object_get(row, "id"));
            json_array_append_new(rows, row);
        }
        if (err)
            fail_under(p, "fixtures", i, &one, err);
    }
    if (!err && !m->source)             /* what is copied stands here already */
        err = check_patch(c, m, rows, p);
    json_decref(rows);
    return err;
}

static enum lm_err make_members(struct db_conn *c, struct import *m, const json_t *from, const char *group_id, struct problem *p)
{
    const json_t *list = json_object_get(from, "fixture_ids"), *id;
    json_t *ids = json_array();
    enum lm_err err = list && !json_is_array(list) ? problem_add(p, "/fixture_ids", "must be a list of fixture ids") : LM_OK;
    size_t i;

    json_array_foreach (list, i, id) {
        const json_t *here = json_is_string(id) ? json_object_get(m->fixtures, json_string_value(id)) : NULL;
        char path[PROBLEM_PATH];
        snprintf(path, sizeof(path), "/fixture_ids/%zu", i);
        if (!here)
            err = problem_add(p, path, "is no fixture of this file");
        else
            json_array_append(ids, (json_t *)here);
    }
    if (!err && json_array_size(ids))
        err = group_set_members(c, group_id, ids, p);
    json_decref(ids);
    return err;
}

static enum lm_err make_others(struct db_conn *c, struct import *m, const char *list, const struct table *t, struct problem *p)
{
    enum lm_err err = LM_OK;
    const json_t *from;
    size_t i;

    json_array_foreach (json_object_get(m->doc, list), i, from) {
        json_t *row = NULL;
        struct problem one;
        problem_clear(&one);
        err = make_row(c, m, t, from, &row, &one);
        if (!err)
            err = t == &outputs_table ? venue_check_output(row, &one) : make_members(c, m, from, json_get_text(row, "id", ""), &one);
        json_decref(row);
        if (err)
            return fail_under(p, list, i, &one, err);
    }
    return LM_OK;
}

static bool is_within(const json_t *v, int least, int most)
{
    return json_is_integer(v) && json_integer_value(v) >= least && json_integer_value(v) <= most;
}

static enum lm_err make_parks(struct db_conn *c, struct import *m, struct problem *p)
{
    static const char *const known[] = { "fixture_id", "channel", "value", NULL };
    json_t *by_fixture = json_object(), *channels;
    enum lm_err err = by_fixture ? LM_OK : LM_NOMEM;
    const json_t *park;
    const char *id;
    size_t i;

    json_array_foreach (json_object_get(m->doc, "parks"), i, park) {
        const char *here = json_string_value(json_object_get(m->fixtures, json_get_text(park, "fixture_id", "")));
        const json_t *channel = json_object_get(park, "channel"), *value = json_object_get(park, "value");
        char key[24];
        struct problem one;
        problem_clear(&one);
        if (!err && !(err = json_only(park, known, &one)) && !here)
            err = problem_add(&one, "/fixture_id", "is no fixture of this file");
        if (!err && !is_within(channel, 1, DMX_SLOTS))
            err = problem_add(&one, "/channel", "must be a whole number from 1 to %d", DMX_SLOTS);
        if (!err && !is_within(value, 0, 255))
            err = problem_add(&one, "/value", "must be a whole number from 0 to 255");
        if (err) {
            fail_under(p, "parks", i, &one, err);
            break;
        }
        snprintf(key, sizeof(key), "%lld", (long long)json_integer_value(channel));
        if (!json_object_get(by_fixture, here))
            json_object_set_new(by_fixture, here, json_object());
        json_object_set(json_object_get(by_fixture, here), key, (json_t *)value);
    }
    json_object_foreach (by_fixture, id, channels) {
        if (!err)
            err = fixture_park(c, id, channels, DMX_SLOTS, p);
    }
    json_decref(by_fixture);
    return err;
}

static enum lm_err write(struct db_conn *c, void *arg, struct problem *p)
{
    struct import *m = arg;
    json_t *copy = NULL;
    char name[1001];
    enum lm_err err = LM_OK;

    if (m->source) {
        if ((err = read_all(c, m->source, &copy, p)))
            return err;
        m->doc = copy;
        if (!*m->name) {
            snprintf(name, sizeof(name), "%.990s copy", json_get_text(json_object_get(copy, "venue"), "name", ""));
            utf8_mend(name);
            m->name = name;
        }
    }
    if (!(m->fixtures = json_object()))
        err = LM_NOMEM;
    if (!err && !(err = make_venue(c, m, p)) && !(err = make_fixtures(c, m, p)) && !(err = make_others(c, m, "groups", &fixture_groups_table, p)) &&
        !(err = make_others(c, m, "outputs", &outputs_table, p)))
        err = make_parks(c, m, p);
    json_decref(copy);
    return err;
}

static enum lm_err store(struct db *db, struct import *m, json_t **row, struct problem *p)
{
    enum lm_err err = db_write_long(db, write, m, p);

    json_decref(m->fixtures);
    if (err)
        json_decref(m->row);
    else
        *row = m->row;
    return err;
}

/* Definitions first: the fixtures are looked at with them. *added: the paths of files that were not here. */
static enum lm_err install(struct import *m, json_t *added, struct problem *p)
{
    const json_t *list = json_object_get(m->doc, "definitions"), *d;
    size_t i;

    json_array_foreach (list, i, d) {
        const json_t *text = json_object_get(d, "text");
        const char *path = json_get_text(d, "path", "");
        char used[LIBRARY_PATH];
        struct problem one;
        bool is_new;
        problem_clear(&one);
        enum lm_err err = json_is_string(text) ? library_add(m->library, path, json_string_value(text), json_string_length(text), used, &is_new, &one)
                                               : problem_add(&one, "/text", "must be the text of a definition");
        if (err)
            return fail_under(p, "definitions", i, &one, err);
        json_object_set_new(m->paths, path, json_string(used));
        if (is_new)
            json_array_append_new(added, json_string(used));
    }
    return LM_OK;
}

/* Of two at a time that bring the same definition, the one that fails would take it from the other. */
static pthread_mutex_t installing = PTHREAD_MUTEX_INITIALIZER;

enum lm_err venue_import(struct db *db, struct library *l, const json_t *doc, const char *name, json_t **row, struct problem *p)
{
    struct import m = { .library = l, .doc = doc, .name = name };
    json_t *added = NULL, *path;
    size_t i;
    enum lm_err err = check_document(doc, p);

    if (err)
        return err;
    bool brings = json_array_size(json_object_get(doc, "definitions"));
    if (brings)
        pthread_mutex_lock(&installing);
    m.paths = json_object();
    added = json_array();
    err = m.paths && added ? install(&m, added, p) : LM_NOMEM;
    if (!err)
        err = store(db, &m, row, p);
    json_array_foreach (added, i, path) {
        if (err)
            library_take_back(l, json_string_value(path));
    }
    if (brings)
        pthread_mutex_unlock(&installing);
    json_decref(added);
    json_decref(m.paths);
    return err;
}

enum lm_err venue_duplicate(struct db *db, struct library *l, const char *venue_id, const char *name, json_t **row, struct problem *p)
{
    struct import m = { .library = l, .name = name, .source = venue_id };

    return store(db, &m, row, p);
}

/* ---- outputs ---- */

enum lm_err venue_check_output(const json_t *row, struct problem *p)
{
    struct output_row o = { 0 };
    const char *protocol = json_get_text(row, "protocol", "");

    for (int i = 0; output_protocol_names[i]; i++)
        if (!strcmp(protocol, output_protocol_names[i]))
            o.protocol = (enum output_protocol)i;
    str_copy(o.id, sizeof(o.id), json_get_text(row, "id", ""));
    o.universe = (int)json_get_int(row, "universe", 1);
    if (!str_copy(o.destination, sizeof(o.destination), json_get_text(row, "destination", "")))
        return problem_add(p, "/destination", "is too long for an address");
    if (!str_copy(o.interface, sizeof(o.interface), json_get_text(row, "interface", "")))
        return problem_add(p, "/interface", "is too long for the name of an interface");
    o.port_address = (int)json_get_int(row, "port_address", -1);
    o.priority = (int)json_get_int(row, "priority", 100);
    o.sync = (int)json_get_int(row, "sync", 0);
    o.on_change = !strcmp(json_get_text(row, "transmit", ""), "on_change");
    o.preview = !strcmp(json_get_text(row, "transmit", ""), "preview");
    return output_check(&o, p);
}
