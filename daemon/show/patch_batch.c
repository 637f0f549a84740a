/* Edits of many fixtures as one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "db/domain.h"
#include "show/patching.h"
#include "show/venue.h"

struct batch {
    struct db_conn *c;
    struct library *library;
    const char *venue;
    json_t *there;                      /* the fixtures that are there, by id */
    json_t *rows, *created, *updated, *deleted, *errors;
    struct patching_origin *from;       /* of each of rows */
};

static enum lm_err keep(struct batch *b, json_t *list, json_t *row, struct patching_origin from, struct problem *p)
{
    b->from[json_array_size(b->rows)] = from;
    if (json_array_append(b->rows, row) || json_array_append_new(list, row))
        return problem_set(p, LM_NOMEM, "no memory for fixtures");
    return LM_OK;
}

/* ---- one item ---- */

/* What is not there is gone already: who got no answer may ask again. */
static enum lm_err delete_one(struct batch *b, const json_t *item, size_t i, struct problem *p)
{
    const char *id = json_string_value(item);
    enum lm_err err = LM_OK;

    (void)i;
    if (!id || !uuid_valid(id))
        return problem_add(p, "", "must be the id of a fixture");
    if (!json_object_get(b->there, id))
        return LM_OK;
    if ((err = row_delete(b->c, &fixtures_table, id, -1, NULL, p)))
        return err;
    json_object_del(b->there, id);
    return json_array_append(b->deleted, (json_t *)item) ? problem_set(p, LM_NOMEM, "no memory for fixtures") : LM_OK;
}

/* Does the change touch where the fixture stands, or how far it reaches? */
static bool is_placing(const json_t *change)
{
    static const char *const members[] = { "universe", "address", "mode_name", "fixture_path" };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (json_object_get(change, members[i]))
            return true;
    return false;
}

/* Its definition is lost, and was before: nobody knows how far it reaches. */
static bool is_dark(const struct batch *b, const json_t *row, const json_t *change)
{
    const struct definition *d = NULL;
    const struct definition_mode *m = NULL;
    struct problem ignored;

    problem_clear(&ignored);
    if (json_object_get(change, "mode_name") || json_object_get(change, "fixture_path"))
        return false;
    enum lm_err err = venue_find_mode(b->library, json_get_text(row, "fixture_path", ""), json_get_text(row, "mode_name", ""), &d, &m, &ignored);
    definition_unref(d);
    return err == LM_INVALID;
}

/* The version that the edit was made on; -1: any. */
static int64_t take_version(json_t *change, struct problem *p)
{
    json_t *version = json_object_get(change, "version");
    int64_t n = version ? json_integer_value(version) : -1;

    if (version && (!json_is_integer(version) || n < 0))
        problem_add(p, "/version", "must be the version of the row");
    json_object_del(change, "version");
    return n;
}

static enum lm_err update_one(struct batch *b, const json_t *item, size_t i, struct problem *p)
{
    json_t *change = json_is_object(item) ? json_copy((json_t *)item) : NULL, *old, *row = NULL;
    int64_t version;
    enum lm_err err;

    if (!change)
        return problem_add(p, "", "must be an object");
    version = take_version(change, p);
    if (!(old = json_object_get(b->there, json_get_text(change, "id", ""))))
        problem_add(p, "/id", "is no fixture of this venue");
    if (p->err) {
        json_decref(change);
        return p->err;
    }
    json_object_del(change, "id");
    err = row_patch(b->c, &fixtures_table, json_get_text(old, "id", ""), change, version, &row, p);
    if (err == LM_STALE) {
        problem_set(p, err, "%.80s was changed elsewhere meanwhile; nothing was changed here.", json_get_text(old, "label", "A fixture"));
        json_decref(row);
    } else if (!err) {
        bool is_checked = is_placing(change) && !is_dark(b, row, change);
        err = keep(b, b->updated, row, (struct patching_origin){ is_checked ? "update" : NULL, i }, p);
    }
    json_decref(change);
    return err;
}

static enum lm_err create_one(struct batch *b, const json_t *item, size_t i, struct problem *p)
{
    json_t *members = json_is_object(item) ? json_copy((json_t *)item) : NULL, *row = NULL;
    const struct definition *d = NULL;
    const struct definition_mode *m = NULL;
    struct problem lost;
    enum lm_err err, known;

    if (!members)
        return problem_add(p, "", "must be an object");
    problem_clear(&lost);
    known = venue_find_mode(b->library, json_get_text(members, "fixture_path", ""), json_get_text(members, "mode_name", ""), &d, &m, &lost);
    if (d)
        patching_name(members, d);
    if (!(err = row_create(b->c, &fixtures_table, b->venue, members, &row, NULL, p))) {
        /* One that was there before comes back, whether the library still knows it or not. */
        bool is_back = strcmp(json_get_text(row, "created_at", ""), json_get_text(row, "updated_at", "")) != 0;
        if (known && !is_back) {
            json_decref(row);
            *p = lost;
            err = known;
        } else {
            err = keep(b, b->created, row, (struct patching_origin){ known ? NULL : "create", i }, p);
        }
    }
    definition_unref(d);
    json_decref(members);
    return err;
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    enum lm_err (*run)(struct batch *b, const json_t *item, size_t i, struct problem *p);
} steps[] = { { "delete", delete_one }, { "update", update_one }, { "create", create_one } };
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static enum lm_err prepare(struct batch *b, const json_t *batch, struct problem *p)
{
    static const char *const known[] = { "create", "update", "delete", NULL };
    json_t *venue = NULL, *rows = NULL, *row;
    size_t n = 0, i;
    enum lm_err err = row_get(b->c, &venues_table, b->venue, &venue, p);

    json_decref(venue);
    if (err || (err = json_only(batch, known, p)) || (err = row_all(b->c, &fixtures_table, "venue_id", b->venue, &rows, p)))
        return err;
    for (size_t k = 0; k < STEPS; k++) {
        const json_t *list = json_object_get(batch, steps[k].name);
        char path[PROBLEM_PATH];
        snprintf(path, sizeof(path), "/%s", steps[k].name);
        if (list && !json_is_array(list))
            problem_add(p, path, "must be an array");
        n += json_array_size(list);
    }
    if (n > PATCH_TABLE_LINES)
        problem_set(p, LM_TOO_LARGE, "These are %zu fixtures; %d at a time.", n, PATCH_TABLE_LINES);
    b->there = json_object(), b->rows = json_array(), b->errors = json_array();
    b->created = json_array(), b->updated = json_array(), b->deleted = json_array();
    b->from = calloc(n + 1, sizeof(*b->from));
    if (!b->there || !b->rows || !b->errors || !b->created || !b->updated || !b->deleted || !b->from)
        problem_set(p, LM_NOMEM, "no memory for fixtures");
    json_array_foreach (b->there ? rows : NULL, i, row) {
        json_object_set(b->there, json_get_text(row, "id", ""), row);
    }
    json_decref(rows);
    return p->err;
}

/* Goes on behind what is wrong, to name all of it; not when a row is stale or the database fails. */
static enum lm_err run(struct batch *b, const json_t *batch, struct problem *p)
{
    struct problem one;
    char prefix[32];
    json_t *item;
    size_t i;

    for (size_t k = 0; k < STEPS; k++)
        json_array_foreach (json_object_get(batch, steps[k].name), i, item) {
            problem_clear(&one);
            enum lm_err err = steps[k].run(b, item, i, &one);
            if (err && !one.n) {
                *p = one;
                return err;
            }
            snprintf(prefix, sizeof(prefix), "/%s/%zu", steps[k].name, i);
            if (err)
                patching_tell(p, b->errors, prefix, &one);
        }
    return p->err;
}

enum lm_err patching_batch(struct db_conn *c, struct library *l, const char *venue_id, const json_t *batch, json_t **result, json_t **errors,
                           struct problem *p)
{
    struct batch b = { .c = c, .library = l, .venue = venue_id };
    struct problem own;
    enum lm_err err;

    *result = *errors = NULL;
    problem_clear(&own);
    p = p ? p : &own;
    if (!(err = prepare(&b, batch, p)) && !(err = run(&b, batch, p)))
        err = patching_check(c, l, venue_id, b.rows, b.from, b.errors, p);
    if (!err && !(*result = json_pack("{s:O, s:O, s:O}", "created", b.created, "updated", b.updated, "deleted", b.deleted)))
        err = problem_set(p, LM_NOMEM, "no memory for fixtures");
    if (json_array_size(b.errors))
        *errors = json_incref(b.errors);
    json_decref(b.there), json_decref(b.rows), json_decref(b.errors);
    json_decref(b.created), json_decref(b.updated), json_decref(b.deleted);
    free(b.from);
    return err;
}
