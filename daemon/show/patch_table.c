/* The patch of a venue as a table and back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/csv.h"
#include "core/json.h"
#include "db/domain.h"
#include "show/patching.h"
#include "show/venue.h"

/* What a column is called in the table, and its member of a fixture; what it takes is said by fixtures_table. */
static const struct { const char *name, *member; } columns[] = {
    { "universe", "universe" },         { "address", "address" },           { "label", "label" },
    { "manufacturer", "manufacturer" }, { "model", "model" },               { "mode", "mode_name" },
    { "fixture_path", "fixture_path" }, { "x", "pos_x" },                   { "y", "pos_y" },
    { "z", "pos_z" },                   { "rot_x", "rot_x" },               { "rot_y", "rot_y" },
    { "rot_z", "rot_z" },               { "invert_pan", "invert_pan" },     { "invert_tilt", "invert_tilt" },
    { "swap_pan_tilt", "swap_pan_tilt" }, { "dimmer_curve", "dimmer_curve" }, { "dimmer_min", "dimmer_min" },
    { "dimmer_max", "dimmer_max" },     { "white_mode", "white_mode" },     { "id", "id" },
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* ---- out ---- */

static void add_cell(struct str *csv, bool is_first, const json_t *v)
{
    char text[40];

    if (json_is_string(v)) {
        csv_add(csv, is_first, json_string_value(v));
        return;
    }
    if (json_is_boolean(v)) {
        snprintf(text, sizeof(text), "%s", json_is_true(v) ? "true" : "false");
    } else {
        snprintf(text, sizeof(text), "%.15g", json_number_value(v));
        if (strtod(text, NULL) != json_number_value(v))
            snprintf(text, sizeof(text), "%.17g", json_number_value(v));
    }
    csv_add(csv, is_first, text);
}

enum lm_err patching_export(struct db_conn *c, const char *venue_id, struct str *csv, struct problem *p)
{
    json_t *venue = NULL, *rows = NULL, *row;
    size_t i;
    enum lm_err err = row_get(c, &venues_table, venue_id, &venue, p);

    json_decref(venue);
    if (err || (err = row_all(c, &fixtures_table, "venue_id", venue_id, &rows, p)))
        return err;
    for (size_t k = 0; k < COLUMNS; k++)
        csv_add(csv, !k, columns[k].name);
    csv_end(csv);
    json_array_foreach (rows, i, row) {
        for (size_t k = 0; k < COLUMNS; k++)
            add_cell(csv, !k, json_object_get(row, columns[k].member));
        csv_end(csv);
    }
    json_decref(rows);
    return csv->failed ? problem_set(p, LM_NOMEM, "no memory for a table") : LM_OK;
}

/* ---- in ---- */

struct import {
    struct db_conn *c;
    struct library *library;
    const char *venue;
    json_t *old;                        /* id -> row of the fixtures that a line may speak of; those it did are taken out */
    const struct csv *csv;
    int *column;                        /* of each field of the head: its place in columns[] */
    size_t width;
    json_t *rows;
    size_t *lines;
};

static void wrong(struct problem *p, size_t line, const char *column, const char *what)
{
    char path[PROBLEM_PATH];

    snprintf(path, sizeof(path), "/lines/%zu%s%s", line, *column ? "/" : "", column);
    problem_add(p, path, "%s", what);
}

/* Paths of members become paths of cells. */
static void add_errors(struct problem *p, size_t line, const struct problem *of)
{
    if (!p->n && of->n)
        problem_set(p, of->err, "%s", "");
    for (size_t i = 0; i < of->n; i++) {
        const char *name = of->errors[i].path + (of->errors[i].path[0] == '/');
        for (size_t k = 0; k < COLUMNS; k++)
            if (!strcmp(name, columns[k].member)) {
                name = columns[k].name;
                break;
            }
        wrong(p, line, name, of->errors[i].message);
    }
    p->more += of->more;
}

static enum lm_err read_head(struct import *m, struct problem *p)
{
    const struct csv_record *head = m->csv->records;
    bool seen[COLUMNS] = { false };
    char text[160];

    if (!m->csv->n_records)
        return problem_add(p, "/lines/1", "is missing: the first line names the columns");
    m->width = head->n;
    if (!(m->column = calloc(head->n, sizeof(*m->column))))
        return problem_set(p, LM_NOMEM, "no memory for a table");
    for (size_t i = 0; i < head->n; i++) {
        const char *name = m->csv->fields[head->first + i];
        int k = 0;
        while (k < COLUMNS && strcasecmp(name, columns[k].name))
            k++;
        m->column[i] = k;
        if (k < COLUMNS && !seen[k]) {
            seen[k] = true;
            continue;
        }
        char shown[60];
        str_copy(shown, sizeof(shown), name);
        snprintf(text, sizeof(text), k < COLUMNS ? "names the column \"%s\" twice" : "names \"%s\", which is no column of a patch", shown);
        wrong(p, head->line, "", text);
    }
    return p->err;
}

static const struct column *column_of(const char *member)
{
    const struct column *col = fixtures_table.cols;

    while (col->name && strcmp(col->name, member))
        col++;
    return col->name ? col : NULL;
}

/* NULL: it cannot be read, and `what` says why. */
static json_t *cell(const struct column *col, const char *text, const char **what)
{
    static const char *const words[] = { "false", "true", "no", "yes", "0", "1" };
    char *end = NULL;

    if (col->type == COL_INT) {
        long v = strtol(text, &end, 10);
        *what = "is no whole number";
        return *end ? NULL : json_integer(v);
    }
    if (col->type == COL_REAL) {
        double v = strtod(text, &end);
        *what = "is no number (decimals are written with a point)";
        return *end || !isfinite(v) ? NULL : json_real(v);
    }
    if (col->type == COL_BOOL) {
        *what = "is neither true nor false";
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (!strcasecmp(text, words[i]))
                return json_boolean(i & 1);
        return NULL;
    }
    *what = "is no text";
    return json_string(text);
}

/* One line as the members of a fixture. */
static json_t *read_line(const struct import *m, const struct csv_record *r, struct problem *p)
{
    json_t *members = json_object();

    if (r->n > m->width)
        wrong(p, r->line, "", "has more cells than there are columns");
    for (size_t i = 0; i < r->n && i < m->width; i++) {
        const char *text = m->csv->fields[r->first + i], *what = "";
        int k = m->column[i];
        if (!*text)
            continue;
        json_t *v = cell(column_of(columns[k].member), text, &what);
        if (!v || json_object_set_new(members, columns[k].member, v))
            wrong(p, r->line, columns[k].name, what);
    }
    if (!json_object_get(members, "address"))
        wrong(p, r->line, "address", "is required");
    return members;
}

/* By manufacturer and model, when the table does not say where the definition is. */
static enum lm_err find_path(struct library *l, json_t *members, struct problem *p)
{
    const char *maker = json_get_text(members, "manufacturer", ""), *model = json_get_text(members, "model", "");
    struct library_query q = { .q = model, .manufacturer = *maker ? maker : NULL };
    struct library_entry *e = NULL;
    size_t n = 0, total;
    const char *path = NULL;

    if (json_object_get(members, "fixture_path"))
        return LM_OK;
    if (!*model)
        return problem_add(p, "/fixture_path", "is required where the model is missing");
    enum lm_err err = library_search(l, &q, &e, &n, &total);
    for (size_t i = 0; !err && !path && i < n; i++)
        if (!strcasecmp(e[i].model, model) && (!*maker || !strcasecmp(e[i].manufacturer, maker)))
            path = e[i].path;
    if (!err && !path)
        err = problem_add(p, "/model", "the fixture library has no %.60s %.60s", maker, model);
    else if (!err && json_object_set_new(members, "fixture_path", json_string(path)))
        err = problem_set(p, LM_NOMEM, "no memory for a fixture");
    library_results_free(e, n);
    return err;
}

/* The row of this line, or what is wrong with it, in `p`. */
static enum lm_err write_line(struct import *m, json_t *members, json_t **row, struct problem *p)
{
    char id[UUID_SIZE];
    bool is_known = json_object_get(m->old, json_get_text(members, "id", ""));
    const struct definition *d = NULL;
    const struct definition_mode *mode = NULL;
    enum lm_err err = find_path(m->library, members, p);

    snprintf(id, sizeof(id), "%s", json_get_text(members, "id", ""));
    json_object_del(members, "id");
    if (!err && !(err = venue_find_mode(m->library, json_get_text(members, "fixture_path", ""), json_get_text(members, "mode_name", ""), &d, &mode, p))) {
        if (!json_object_get(members, "manufacturer"))
            json_object_set_new(members, "manufacturer", json_string(d->manufacturer));
        if (!json_object_get(members, "model"))
            json_object_set_new(members, "model", json_string(d->model));
        if (is_known) {
            json_object_del(m->old, id);
            err = row_patch(m->c, &fixtures_table, id, members, -1, row, p);
        } else {
            err = row_create(m->c, &fixtures_table, m->venue, members, row, NULL, p);
        }
    }
    definition_unref(d);
    return err;
}

static enum lm_err write_lines(struct import *m, struct problem *p)
{
    size_t n = m->csv->n_records - 1;

    if (n > PATCH_TABLE_LINES)
        return problem_set(p, LM_TOO_LARGE, "The table has %zu fixtures; %d at a time.", n, PATCH_TABLE_LINES);
    if (!(m->rows = json_array()) || !(m->lines = calloc(n + 1, sizeof(*m->lines))))
        return problem_set(p, LM_NOMEM, "no memory for a table");
    for (size_t i = 0; i < n; i++) {
        const struct csv_record *r = &m->csv->records[i + 1];
        struct problem one;
        json_t *members, *row = NULL;
        enum lm_err err;

        problem_clear(&one);
        members = read_line(m, r, &one);
        if (one.err) {                  /* its paths are those of cells already */
            for (size_t k = 0; k < one.n; k++)
                problem_add(p, one.errors[k].path, "%s", one.errors[k].message);
            p->more += one.more;
        } else if ((err = write_line(m, members, &row, &one))) {
            if (!one.n) {
                json_decref(members);
                *p = one;
                return err;             /* the disk, the memory: no fault of the table */
            }
            add_errors(p, r->line, &one);
        } else {
            m->lines[json_array_size(m->rows)] = r->line;
            json_array_append_new(m->rows, row);
        }
        json_decref(members);
    }
    return p->err;
}

/* What the table does not speak of. */
static enum lm_err remove_others(const struct import *m, struct problem *p)
{
    const char *id;
    json_t *row;

    json_object_foreach (m->old, id, row) {
        enum lm_err err = row_delete(m->c, &fixtures_table, id, -1, NULL, p);
        if (err)
            return err;
    }
    return LM_OK;
}

static enum lm_err load_old(struct import *m, bool replace, struct problem *p)
{
    json_t *venue = NULL, *rows = NULL, *row;
    size_t i;
    enum lm_err err = row_get(m->c, &venues_table, m->venue, &venue, p);

    json_decref(venue);
    if (!err && !(m->old = json_object()))
        err = problem_set(p, LM_NOMEM, "no memory for a patch");
    if (!err && replace && !(err = row_all(m->c, &fixtures_table, "venue_id", m->venue, &rows, p)))
        json_array_foreach (rows, i, row) {
            json_object_set(m->old, json_get_text(row, "id", ""), row);
        }
    json_decref(rows);
    return err;
}

enum lm_err patching_import(struct db_conn *c, struct library *l, const char *venue_id, const char *text, size_t n, bool replace, json_t **rows,
                            struct problem *p)
{
    struct csv csv = { 0 };
    struct import m = { .c = c, .library = l, .venue = venue_id, .csv = &csv };
    enum lm_err err = load_old(&m, replace, p);

    if (!err && !(err = csv_parse(text, n, &csv, p)) && !(err = read_head(&m, p)) && !(err = write_lines(&m, p)) &&
        !(err = remove_others(&m, p)) && !(err = patching_check(c, l, venue_id, m.rows, m.lines, p))) {
        *rows = m.rows;
        m.rows = NULL;
    }
    json_decref(m.rows), json_decref(m.old);
    free(m.column), free(m.lines);
    csv_clear(&csv);
    return err;
}
