/* Engine DJ 2 and later: one database, Database2/m.db, with the tables Track, PerformanceData, Playlist and PlaylistEntity. */
#include <stdlib.h>
#include <string.h>

#include "analysis/dj_private.h"

static const char tracks_sql[] =
    "SELECT t.id, t.path, t.title, t.artist, t.album, t.length, p.beatData, p.quickCues, p.loops, p.trackData"
    " FROM Track t LEFT JOIN PerformanceData p ON p.trackId = t.id WHERE t.path IS NOT NULL ORDER BY t.id";
static const char lists_sql[] = "SELECT id, parentListId, title FROM Playlist ORDER BY id";
static const char entities_sql[] = "SELECT id, trackId, nextEntityId FROM PlaylistEntity WHERE listId = ?1 ORDER BY id";

enum { FOLDERS_DEEP = 16 };

static const char *column(sqlite3_stmt *s, int i)
{
    const char *text = (const char *)sqlite3_column_text(s, i);

    return text ? text : "";
}

static void performance(struct dj_reading *r, sqlite3_stmt *s)
{
    enum { BEATS = 6, CUES, LOOPS, TRACK };
    const void *blob[4];
    size_t n[4];

    for (int i = BEATS; i <= TRACK; i++) {
        blob[i - BEATS] = sqlite3_column_blob(s, i);
        n[i - BEATS] = (size_t)sqlite3_column_bytes(s, i);
    }
    double rate = n[0] ? dj_engine_rate(blob[0], n[0]) : 0;
    if (!rate && n[3])
        rate = dj_engine_rate(blob[3], n[3]);
    if (n[0])
        dj_engine_beats(r, blob[0], n[0]);
    if (n[1] && rate)
        dj_engine_cues(r, blob[1], n[1], rate);
    if (n[2] && rate)
        dj_engine_loops(r, blob[2], n[2], rate);
}

static enum lm_err read_tracks(struct dj_reading *r, struct dj_database *d)
{
    sqlite3_stmt *s = NULL;
    bool is_row = true;
    enum lm_err err = dj_database_prepare(d, tracks_sql, &s, r->p);

    while (!err && !r->failed && !(err = dj_database_step(d, s, &is_row, r->p)) && is_row) {
        dj_track_begin(r);
        r->now.path = dj_path(r, column(s, 1));
        r->now.title = dj_text(r, column(s, 2), DJ_TEXT_MAX);
        r->now.artist = dj_text(r, column(s, 3), DJ_TEXT_MAX);
        r->now.album = dj_text(r, column(s, 4), DJ_TEXT_MAX);
        r->now.duration = sqlite3_column_double(s, 5);
        dj_add_key(r, 'E', column(s, 0));
        performance(r, s);
        dj_track_end(r);
    }
    sqlite3_finalize(s);
    return err;
}

/* --- playlists: a tree of lists, each a chain of entities --- */

struct list { int64_t id, parent; char *title; };
struct entity { int64_t id, track, next; bool is_next, is_done; };

static int compare_lists(const void *a, const void *b)
{
    const struct list *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static int compare_entities(const void *a, const void *b)
{
    const struct entity *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

/* "Folder/Name". */
static void name_of(const struct list *lists, size_t n, const struct list *at, char out[DJ_TEXT_MAX])
{
    char before[DJ_TEXT_MAX];

    snprintf(out, DJ_TEXT_MAX, "%s", at->title);
    for (int deep = 0; deep < FOLDERS_DEEP && at->parent; deep++) {
        struct list key = { .id = at->parent };
        if (!(at = bsearch(&key, lists, n, sizeof(key), compare_lists)))
            return;
        str_copy(before, sizeof(before), out);
        snprintf(out, DJ_TEXT_MAX, "%.200s/%.300s", at->title, before);
    }
}

static void add_entities(struct dj_reading *r, struct entity *e, size_t n)
{
    char key[24];

    for (size_t i = 0; i < n; i++) {
        struct entity want = { .id = e[i].next }, *next = bsearch(&want, e, n, sizeof(want), compare_entities);
        if (next)
            next->is_next = true;
    }
    /* From the one that follows none; a chain that is broken or closed is finished in the order of the ids. */
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++) {
            struct entity *at = pass || !e[i].is_next ? &e[i] : NULL, want;
            while (at && !at->is_done) {
                at->is_done = true;
                snprintf(key, sizeof(key), "%lld", (long long)at->track);
                dj_add_entry(r, 'E', key);
                want = (struct entity){ .id = at->next };
                at = bsearch(&want, e, n, sizeof(want), compare_entities);
            }
        }
}

static enum lm_err read_entities(struct dj_reading *r, struct dj_database *d, sqlite3_stmt *s, int64_t list)
{
    struct entity *e = NULL;
    size_t n = 0, room = 0;
    bool is_row = true;
    enum lm_err err = LM_OK;

    sqlite3_bind_int64(s, 1, list);
    while (!(err = dj_database_step(d, s, &is_row, r->p)) && is_row && n < DJ_ENTRIES_MAX) {
        if (n == room) {
            struct entity *more = reallocarray(e, room = room ? 2 * room : 64, sizeof(*e));
            if (!more) {
                err = problem_set(r->p, LM_NOMEM, "No memory for a library");
                break;
            }
            e = more;
        }
        e[n++] = (struct entity){ .id = sqlite3_column_int64(s, 0), .track = sqlite3_column_int64(s, 1), .next = sqlite3_column_int64(s, 2) };
    }
    sqlite3_reset(s);
    if (!err && n) {
        qsort(e, n, sizeof(*e), compare_entities);
        add_entities(r, e, n);
    }
    free(e);
    return err;
}

static enum lm_err read_lists(struct dj_reading *r, struct dj_database *d, struct list **lists, size_t *n)
{
    sqlite3_stmt *s = NULL;
    size_t room = 0;
    bool is_row = true;
    enum lm_err err = dj_database_prepare(d, lists_sql, &s, r->p);

    while (!err && !(err = dj_database_step(d, s, &is_row, r->p)) && is_row && *n < DJ_PLAYLISTS_MAX) {
        if (*n == room) {
            struct list *more = reallocarray(*lists, room = room ? 2 * room : 64, sizeof(**lists));
            if (!more) {
                err = problem_set(r->p, LM_NOMEM, "No memory for a library");
                break;
            }
            *lists = more;
        }
        struct list *l = &(*lists)[*n];
        *l = (struct list){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1), strdup(column(s, 2)) };
        if (l->title)
            ++*n;
        else
            err = problem_set(r->p, LM_NOMEM, "No memory for a library");
    }
    sqlite3_finalize(s);
    if (!err && *n)
        qsort(*lists, *n, sizeof(**lists), compare_lists);
    return err;
}

static enum lm_err read_playlists(struct dj_reading *r, struct dj_database *d)
{
    struct list *lists = NULL;
    sqlite3_stmt *s = NULL;
    char name[DJ_TEXT_MAX];
    size_t n = 0;
    enum lm_err err = read_lists(r, d, &lists, &n);

    if (!err)
        err = dj_database_prepare(d, entities_sql, &s, r->p);
    for (size_t i = 0; !err && !r->failed && i < n; i++) {
        name_of(lists, n, &lists[i], name);
        dj_add_playlist(r, name);
        err = read_entities(r, d, s, lists[i].id);
    }
    sqlite3_finalize(s);
    for (size_t i = 0; i < n; i++)
        free(lists[i].title);
    free(lists);
    return err;
}

enum lm_err dj_read_engine(struct dj_reading *r, struct dj_database *d)
{
    if (!dj_database_has(d, "PerformanceData", "beatData"))
        return problem_set(r->p, LM_INVALID, "This database of Engine has no beat grids. Since Engine 2 they are in Database2/m.db; older ones are not read.");
    enum lm_err err = read_tracks(r, d);
    if (!err && dj_database_has(d, "PlaylistEntity", "nextEntityId"))
        err = read_playlists(r, d);
    return err;
}
