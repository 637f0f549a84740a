/* The patch of a venue as a table and back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/csv.h"
#include "core/json.h"
#include "core/uuid.h"
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

/*
 * A spreadsheet runs text that begins like a formula, and labels come from anybody: such text goes out behind an apostrophe, and comes in without it. Apostrophes
 * that stand before one already are kept by the same rule.
 */
static bool is_formula(const char *text)
{
    text += strspn(text, "'");
    return *text && strchr("=+-@\t\r\n", *text);
}

/* ---- out ---- */

static void add_text(struct str *csv, bool is_first, const char *text)
{
    struct str safe = { 0 };

    str_add(&safe, "'");
    str_add(&safe, text);
    csv_add(csv, is_first, is_formula(text) && !safe.failed ? safe.data : text);
    csv->failed |= safe.failed;
    str_clear(&safe);
}

static void add_cell(struct str *csv, bool is_first, const json_t *v)
{
    char text[40];

    if (json_is_string(v)) {
        add_text(csv, is_first, json_string_value(v));
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
    bool replace;
    json_t *old;                        /* id -> row of the fixtures that a line may speak of; those it did are taken out */
    json_t *seen;                       /* id -> line that named it */
    json_t *paths;                      /* "manufacturer/model" as written -> path in the library */
    const struct csv *csv;
    int *column;                        /* of each field of the head: its place in columns[] */
    size_t width;
    json_t *rows;
    struct patching_origin *lines;      /* of each row; no list: it is dark and in nobody's way */
    json_t *errors;                     /* [{path, message}] */
    enum lm_err kind;                   /* of the first of them */
};

static void wrong(struct import *m, size_t line, const char *column, const char *what)
{
    char path[PROBLEM_PATH];

    snprintf(path, sizeof(path), "/lines/%zu%s%s", line, *column ? "/" : "", column);
    json_array_append_new(m->errors, json_pack("{s:s, s:s}", "path", path, "message", what));
    m->kind = m->kind ? m->kind : LM_INVALID;
}

/* Paths of members become paths of cells. */
static void add_errors(struct import *m, size_t line, const struct problem *of)
{
    m->kind = m->kind ? m->kind : of->err;
    for (size_t i = 0; i < of->n; i++) {
        const char *name = of->errors[i].path + (of->errors[i].path[0] == '/');
        for (size_t k = 0; k < COLUMNS; k++)
            if (!strcmp(name, columns[k].member)) {
                name = columns[k].name;
                break;
            }
        wrong(m, line, name, of->errors[i].message);
    }
}

/* The text of a cell without the spaces around it. */
static const char *trimmed(const char *text, char *out, size_t size)
{
    size_t n;

    text += strspn(text, " \t");
    n = strlen(text);
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), text);
    utf8_mend(out);
    return out;
}

/* By its name in the table, or the name of the member. */
static int find_column(const char *name)
{
    int k = 0;

    while (k < COLUMNS && strcasecmp(name, columns[k].name) && strcasecmp(name, columns[k].member))
        k++;
    return k;
}

static enum lm_err read_head(struct import *m, struct problem *p)
{
    const struct csv_record *head = m->csv->records;
    bool seen[COLUMNS + 1] = { false };
    char text[200], name[60];

    if (!m->csv->n_records) {
        wrong(m, 1, "", "is missing: the first line names the columns");
        return LM_OK;
    }
    m->width = head->n;
    if (!(m->column = calloc(head->n, sizeof(*m->column))))
        return problem_set(p, LM_NOMEM, "no memory for a table");
    for (size_t i = 0; i < head->n; i++) {
        trimmed(m->csv->fields[head->first + i], name, sizeof(name));
        int k = m->column[i] = find_column(name);
        if ((k < COLUMNS && !seen[k]) || (k == COLUMNS && !*name)) {    /* a column without a name may stand there as long as it is empty */
            seen[k] = true;
            continue;
        }
        if (k < COLUMNS)
            snprintf(text, sizeof(text), "names the column \"%s\" twice", name);
        else
            snprintf(text, sizeof(text), "names \"%s\", which is no column of a patch", name);
        wrong(m, head->line, "", text);
    }
    /* Without any lines it says that nothing is patched; but that has to be a patch, or any list that is replaced would be lost. */
    if (!seen[find_column("address")])
        wrong(m, head->line, "", "names no column \"address\"");
    if (m->csv->n_records > 1 && !seen[find_column("fixture_path")] && !seen[find_column("model")])
        wrong(m, head->line, "", "names neither \"fixture_path\" nor \"model\"");
    return LM_OK;
}

static const struct column *column_of(const char *member)
{
    const struct column *col = fixtures_table.cols;

    while (col->name && strcmp(col->name, member))
        col++;
    return col->name ? col : NULL;
}

/* NULL: it cannot be read, and `what` says why. Where commas do not part the cells, a number may have one for its point. */
static json_t *cell(const struct column *col, const char *text, char separator, const char **what)
{
    static const char *const words[] = { "false", "true", "no", "yes", "0", "1" };
    char plain[64], *end = NULL, *comma;

    if (col->type != COL_INT && col->type != COL_REAL && col->type != COL_BOOL) {
        *what = "is no text";
        return json_string(text + (*text == '\'' && is_formula(text)));
    }
    trimmed(text, plain, sizeof(plain));
    if (col->type == COL_INT) {
        long v = strtol(plain, &end, 10);
        *what = "is no whole number";
        return *end ? NULL : json_integer(v);
    }
    if (col->type == COL_REAL) {
        if (separator != ',' && !strchr(plain, '.') && (comma = strchr(plain, ',')))
            *comma = '.';
        double v = strtod(plain, &end);
        *what = separator == ',' ? "is no number (decimals are written with a point)" : "is no number";
        return *end || !isfinite(v) ? NULL : json_real(v);
    }
    *what = "is neither true nor false";
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcasecmp(plain, words[i]))
            return json_boolean(i & 1);
    return NULL;
}

static bool is_blank(const struct import *m, const struct csv_record *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (*m->csv->fields[r->first + i])
            return false;
    return true;
}

/* One line as the members of a fixture; *is_good false: errors were added. */
static json_t *read_line(struct import *m, const struct csv_record *r, bool *is_good)
{
    json_t *members = json_object();
    size_t before = json_array_size(m->errors);

    for (size_t i = 0; i < r->n; i++) {
        const char *text = m->csv->fields[r->first + i], *what = "";
        int k = i < m->width ? m->column[i] : COLUMNS;
        if (!*text)
            continue;
        if (k == COLUMNS) {
            wrong(m, r->line, "", "has more cells than there are columns");
            break;
        }
        json_t *v = cell(column_of(columns[k].member), text, m->csv->separator, &what);
        if (!v || json_object_set_new(members, columns[k].member, v))
            wrong(m, r->line, columns[k].name, what);
    }
    if (!json_object_get(members, "address") && json_array_size(m->errors) == before)
        wrong(m, r->line, "address", "is required");
    *is_good = json_array_size(m->errors) == before;
    return members;
}

/* An id stands in one line only. */
static bool is_first(struct import *m, const json_t *members, size_t line)
{
    const char *id = json_get_text(members, "id", "");
    const json_t *other = *id ? json_object_get(m->seen, id) : NULL;
    char text[96];

    if (other) {
        snprintf(text, sizeof(text), "is that of line %d as well; a new fixture has none", (int)json_integer_value(other));
        wrong(m, line, "id", text);
        return false;
    }
    if (*id)
        json_object_set_new(m->seen, id, json_integer((json_int_t)line));
    return true;
}

/* By manufacturer and model, when the table does not say where the definition is. */
static enum lm_err find_path(struct import *m, json_t *members, struct problem *p)
{
    const char *maker = json_get_text(members, "manufacturer", ""), *model = json_get_text(members, "model", "");
    struct library_query q = { .q = model, .manufacturer = *maker ? maker : NULL };
    struct library_entry *e = NULL;
    size_t n = 0, total;
    char key[256];

    if (json_object_get(members, "fixture_path"))
        return LM_OK;
    if (!*model)
        return problem_add(p, "/fixture_path", "is required where the model is missing");
    snprintf(key, sizeof(key), "%.100s/%.100s", maker, model);
    json_t *path = json_object_get(m->paths, key);
    if (!path) {
        enum lm_err err = library_search(m->library, &q, &e, &n, &total);
        if (err)
            return problem_set(p, err, "the fixture library cannot be searched");
        path = json_string("");
        for (size_t i = 0; i < n; i++)
            if (!strcasecmp(e[i].model, model) && (!*maker || !strcasecmp(e[i].manufacturer, maker))) {
                json_string_set(path, e[i].path);
                break;
            }
        library_results_free(e, n);
        if (json_object_set_new(m->paths, key, path))
            return problem_set(p, LM_NOMEM, "no memory for a fixture");
    }
    if (!*json_string_value(path))
        return problem_add(p, "/model", "the fixture library has no %.60s %.60s", maker, model);
    return json_object_set(members, "fixture_path", path) ? problem_set(p, LM_NOMEM, "no memory for a fixture") : LM_OK;
}

/* With the id it had: a fixture that was removed comes back with its groups. One of another venue keeps its own. */
static enum lm_err create(struct import *m, json_t *members, const char *id, json_t **row, struct problem *p)
{
    enum lm_err err = LM_CONFLICT;

    if (m->replace && uuid_valid(id) && !json_object_set_new(members, "id", json_string(id))) {
        if ((err = row_create(m->c, &fixtures_table, m->venue, members, row, NULL, p)) != LM_CONFLICT)
            return err;
        problem_clear(p);
        json_object_del(members, "id");
    }
    return row_create(m->c, &fixtures_table, m->venue, members, row, NULL, p);
}

/* Definition and mode are those it has: it stays patched, whether the library knows them or not. */
static bool is_kept(const json_t *old, const json_t *members)
{
    return old && !strcmp(json_get_text(old, "fixture_path", ""), json_get_text(members, "fixture_path", "")) &&
           !strcmp(json_get_text(old, "mode_name", ""), json_get_text(members, "mode_name", ""));
}

/* The row of this line, or what is wrong with it, in `p`. *is_dark: its definition is missing, and was before. */
static enum lm_err write_line(struct import *m, json_t *members, json_t **row, bool *is_dark, struct problem *p)
{
    char id[UUID_SIZE];
    const json_t *old = json_object_get(m->old, json_get_text(members, "id", ""));
    const struct definition *d = NULL;
    const struct definition_mode *mode = NULL;
    enum lm_err err = find_path(m, members, p);

    snprintf(id, sizeof(id), "%s", json_get_text(members, "id", ""));
    json_object_del(members, "id");
    if (!err && (err = venue_find_mode(m->library, json_get_text(members, "fixture_path", ""), json_get_text(members, "mode_name", ""), &d, &mode, p)) &&
        is_kept(old, members)) {
        problem_clear(p);
        *is_dark = true;
        err = LM_OK;
    }
    if (!err) {
        if (d)
            patching_name(members, d);
        if (old) {
            json_object_del(m->old, id);
            err = row_patch(m->c, &fixtures_table, id, members, -1, row, p);
        } else {
            err = create(m, members, id, row, p);
        }
    }
    definition_unref(d);
    return err;
}

/* Every line, also behind wrong ones. An error is no fault of the table, which has its errors in m->errors. */
static enum lm_err write_lines(struct import *m, struct problem *p)
{
    size_t n = m->csv->n_records - 1;

    if (n > PATCH_TABLE_LINES)
        return problem_set(p, LM_TOO_LARGE, "The table has %zu fixtures; %d at a time.", n, PATCH_TABLE_LINES);
    if (!(m->lines = calloc(n + 1, sizeof(*m->lines))))
        return problem_set(p, LM_NOMEM, "no memory for a table");
    for (size_t i = 0; i < n; i++) {
        const struct csv_record *r = &m->csv->records[i + 1];
        struct problem one;
        bool is_good, is_dark = false;
        json_t *row = NULL;
        enum lm_err err;

        if (is_blank(m, r))
            continue;
        problem_clear(&one);
        json_t *members = read_line(m, r, &is_good);
        is_good = is_first(m, members, r->line) && is_good;
        err = is_good ? write_line(m, members, &row, &is_dark, &one) : LM_OK;
        json_decref(members);
        if (err && !one.n) {
            *p = one;
            return err;                 /* the disk, the memory */
        }
        if (err) {
            add_errors(m, r->line, &one);
        } else if (row) {
            m->lines[json_array_size(m->rows)] = (struct patching_origin){ is_dark ? NULL : "lines", r->line };
            json_array_append_new(m->rows, row);
        }
    }
    return LM_OK;
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

static enum lm_err load_old(struct import *m, struct problem *p)
{
    json_t *venue = NULL, *rows = NULL, *row;
    size_t i;
    enum lm_err err = row_get(m->c, &venues_table, m->venue, &venue, p);

    json_decref(venue);
    m->old = json_object(), m->seen = json_object(), m->paths = json_object(), m->rows = json_array(), m->errors = json_array();
    if (!err && (!m->old || !m->seen || !m->paths || !m->rows || !m->errors))
        err = problem_set(p, LM_NOMEM, "no memory for a patch");
    if (!err && m->replace && !(err = row_all(m->c, &fixtures_table, "venue_id", m->venue, &rows, p)))
        json_array_foreach (rows, i, row) {
            json_object_set(m->old, json_get_text(row, "id", ""), row);
        }
    json_decref(rows);
    return err;
}

/* ---- what is wrong, line by line ---- */

struct told { unsigned long line; size_t at; json_t *error; };

static int by_line(const void *a, const void *b)
{
    const struct told *x = a, *y = b;

    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* All errors in the order of the table, the first of them in the problem as well. */
static enum lm_err tell(struct import *m, json_t **errors, struct problem *p)
{
    size_t n = json_array_size(m->errors);
    struct told *list = calloc(n + 1, sizeof(*list));

    if (!list || !(*errors = json_array())) {
        free(list);
        return problem_set(p, LM_NOMEM, "no memory for the errors of a table");
    }
    for (size_t i = 0; i < n; i++) {
        json_t *e = json_array_get(m->errors, i);
        list[i] = (struct told){ strtoul(json_get_text(e, "path", "") + strlen("/lines/"), NULL, 10), i, e };
    }
    qsort(list, n, sizeof(*list), by_line);
    problem_clear(p);
    problem_set(p, m->kind, "Nothing was imported. Line %lu: %.300s", list[0].line, json_get_text(list[0].error, "message", ""));
    for (size_t i = 0; i < n; i++) {
        json_array_append(*errors, list[i].error);
        problem_add(p, json_get_text(list[i].error, "path", ""), "%s", json_get_text(list[i].error, "message", ""));
    }
    free(list);
    return m->kind;
}

enum lm_err patching_import(struct db_conn *c, struct library *l, const char *venue_id, const char *text, size_t n, bool replace, json_t **rows,
                            json_t **errors, struct problem *p)
{
    struct csv csv = { 0 };
    struct import m = { .c = c, .library = l, .venue = venue_id, .csv = &csv, .replace = replace };
    enum lm_err err = load_old(&m, p);

    if (!err && !(err = csv_parse(text, n, &csv, p)) && !(err = read_head(&m, p)) && !m.kind && !(err = write_lines(&m, p)) &&
        !(err = remove_others(&m, p))) {
        struct problem found;
        problem_clear(&found);
        enum lm_err bad = patching_check(c, l, venue_id, m.rows, m.lines, m.errors, &found);
        if (bad && !found.n) {
            *p = found;
            err = bad;
        } else if (bad && !m.kind) {
            m.kind = bad;
        }
    }
    if (!err && m.kind)
        err = tell(&m, errors, p);
    if (!err) {
        *rows = m.rows;
        m.rows = NULL;
    }
    json_decref(m.rows), json_decref(m.old), json_decref(m.seen), json_decref(m.paths), json_decref(m.errors);
    free(m.column), free(m.lines);
    csv_clear(&csv);
    return err;
}
