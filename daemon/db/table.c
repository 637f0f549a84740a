#include "db/table.h"

#include <string.h>

#include "db/domain.h"
#include "db/private.h"

static const struct table *const tables[] = {           /* parents first */
    &venues_table, &fixtures_table, &fixture_groups_table, &fixture_group_members_table, &pattern_categories_table, &patterns_table,
    &implementations_table, &implementation_revisions_table, &implementation_branches_table, &venue_implementation_overrides_table, &tracks_table, &track_beats_table,
    &track_roots_table, &track_waveforms_table, &track_stems_table, &track_features_table, &track_markers_table, &scores_table,
    &score_revisions_table, &score_branches_table, &score_annotations_table, &cues_table, &outputs_table, &parks_table, &audio_chains_table, &playlists_table,
    &playlist_items_table, &schedules_table, &jobs_table, NULL,
};

const struct table *const *table_list(void)
{
    return tables;
}

const struct table *table_find(const char *name)
{
    for (const struct table *const *t = tables; *t; t++)
        if (!strcmp((*t)->name, name))
            return *t;
    return NULL;
}

const struct column *table_column(const struct table *t, const char *name)
{
    for (const struct column *c = t->cols; c->name; c++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

const struct column *table_parent_column(const struct table *t)
{
    for (const struct column *c = t->cols; c->name; c++)
        if (c->flags & COL_PARENT)
            return c;
    return NULL;
}

bool column_is_content(const struct column *col)
{
    static const char *const kept[] = { "created_at", "updated_at", "version" };

    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        if (!strcmp(col->name, kept[i]))
            return false;
    return !(col->flags & (COL_KEY | COL_SYNC | COL_LOCAL));
}

static const struct { const char *name, *sql; } types[] = {
    [COL_TEXT] = { "text", "TEXT" },        [COL_INT]  = { "integer", "INTEGER" }, [COL_REAL]    = { "number", "REAL" },
    [COL_BOOL] = { "boolean", "INTEGER" },  [COL_JSON] = { "JSON", "TEXT" },       [COL_BLOB]    = { "bytes", "BLOB" },
    [COL_UUID] = { "UUID", "TEXT" },        [COL_INSTANT] = { "instant", "INTEGER" },
};

static size_t count_columns(const struct table *t)
{
    size_t n = 0;

    while (t->cols[n].name)
        n++;
    return n;
}

static enum lm_err check_column(const struct table *t, const char *name, const char *type, bool is_not_null, struct problem *p)
{
    const struct column *col = table_column(t, name);

    if (!col)
        return problem_set(p, LM_INVALID, "the database has a column %s.%s that this program does not know", t->name, name);
    if (strcmp(types[col->type].sql, type))
        return problem_set(p, LM_INVALID, "%s.%s is %s in the database and %s here", t->name, name, type, types[col->type].sql);
    if (is_not_null != !(col->flags & COL_NULLABLE))
        return problem_set(p, LM_INVALID, "%s.%s %s in the database and here not", t->name, name, is_not_null ? "is NOT NULL" : "may be NULL");
    return LM_OK;
}

enum lm_err table_check(struct db_conn *c, struct problem *p)
{
    enum lm_err err = LM_OK;

    for (const struct table *const *t = tables; !err && *t; t++) {
        size_t n = 0;
        sqlite3_stmt *s = db_prepare(c, "SELECT name, type, \"notnull\" FROM pragma_table_info(?1)");
        if (!s)
            return problem_set(p, LM_INTERNAL, "the tables cannot be read");
        sqlite3_bind_text(s, 1, (*t)->name, -1, SQLITE_STATIC);
        int rc = SQLITE_ROW;
        for (; !err && (rc = sqlite3_step(s)) == SQLITE_ROW; n++)
            err = check_column(*t, (const char *)sqlite3_column_text(s, 0), (const char *)sqlite3_column_text(s, 1),
                               sqlite3_column_int(s, 2), p);
        sqlite3_reset(s);
        if (!err && rc != SQLITE_DONE)
            err = db_error(c, rc, p);
        if (!err && !n)
            err = problem_set(p, LM_INVALID, "the database has no table %s", (*t)->name);
        else if (!err && n != count_columns(*t))
            err = problem_set(p, LM_INVALID, "%s has %zu columns in the database and %zu here", (*t)->name, n, count_columns(*t));
    }
    return err;
}

static void print_column(FILE *f, const struct column *c)
{
    static const struct { unsigned flag; const char *text; } notes[] = {
        { COL_PARENT, "parent" }, { COL_REQUIRED, "required" }, { COL_READONLY, "read-only" }, { COL_NULLABLE, "may be null" },
        { COL_LOCAL, "stays on this machine" }, { COL_HIDDEN, "not in the API" }, { COL_SEARCH, "searched by `q`" },
    };
    const char *sep = "";

    fprintf(f, "| %s | %s | ", c->name, types[c->type].name);
    for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++)
        if (c->flags & notes[i].flag)
            fprintf(f, "%s%s", sep, notes[i].text), sep = ", ";
    if (c->min != 0 || c->max != 0)
        fprintf(f, "%s%.10g to %.15g", sep, c->min, c->max), sep = ", ";
    if (c->references)
        fprintf(f, "%sone of %s", sep, c->references), sep = ", ";
    for (const char *const *o = c->options; o && *o; o++, sep = " ")
        fprintf(f, "%s`%s`", sep, *o);
    if (c->options)
        sep = ", ";
    if (c->def)
        fprintf(f, "%sdefault `%s`", sep, c->def);
    fprintf(f, " | %s |\n", c->doc ? c->doc : "");
}

void table_print_md(FILE *f)
{
    fprintf(f, "# Tables of the database\n\nWhat lumad stores, as the API shows it. Every row also has what the first table lists.\n\n"
            "| column | type | | meaning |\n|---|---|---|---|\n");
    for (const struct column *c = venues_table.cols; c->name; c++)
        if (!column_is_content(c) && !(c->flags & COL_SYNC))
            print_column(f, c);
    for (const struct table *const *t = tables; *t; t++) {
        fprintf(f, "\n## %s\n\n%s%s\n\n| column | type | | meaning |\n|---|---|---|---|\n", (*t)->name, (*t)->doc,
                (*t)->synced ? "" : " Stays on this machine.");
        for (const struct column *c = (*t)->cols; c->name; c++)
            if (column_is_content(c) || (c->flags & COL_LOCAL))
                print_column(f, c);
    }
}
