/* Mixxx's mixxxdb.sqlite. Cues count samples of two channels, whatever the file has; the grid counts frames. */
#include <stdlib.h>
#include <string.h>

#include "analysis/dj_private.h"

static const char tracks_sql[] =
    "SELECT l.id, t.location, l.title, l.artist, l.album, l.duration, l.samplerate, l.beats_version, l.beats"
    " FROM library l JOIN track_locations t ON t.id = l.location WHERE coalesce(l.mixxx_deleted, 0) = 0 ORDER BY l.id";
static const char cues_sql[] = "SELECT type, position, length, hotcue, label, color FROM cues WHERE track_id = ?1 ORDER BY position";
static const char old_cues_sql[] = "SELECT type, position, length, hotcue, NULL, NULL FROM cues WHERE track_id = ?1 ORDER BY position";
static const char playlists_sql[] =
    "SELECT p.id, p.name, t.track_id FROM Playlists p JOIN PlaylistTracks t ON t.playlist_id = p.id WHERE p.hidden = 0 ORDER BY p.name, p.id, t.position";
static const char crates_sql[] = "SELECT c.id, c.name, t.track_id FROM crates c JOIN crate_tracks t ON t.crate_id = c.id ORDER BY c.name, c.id, t.track_id";

/* Of a cue's `type`; what is not named here (beat, jump, the sound of the track) is nothing to show. */
enum cue_type { CUE_HOT = 1, CUE_MAIN, CUE_LOOP = 4, CUE_INTRO = 6, CUE_OUTRO };
enum { CHANNELS = 2 };

static const char *column(sqlite3_stmt *s, int i)
{
    const char *text = (const char *)sqlite3_column_text(s, i);

    return text ? text : "";
}

static void add_cue(struct dj_reading *r, sqlite3_stmt *s, double rate)
{
    static const char *const names[] = { [CUE_HOT] = "Cue", [CUE_MAIN] = "Cue", [CUE_LOOP] = "Loop", [CUE_INTRO] = "Intro", [CUE_OUTRO] = "Outro" };
    int type = sqlite3_column_int(s, 0), pad = sqlite3_column_int(s, 3);
    double start = sqlite3_column_double(s, 1) / CHANNELS / rate, length = sqlite3_column_double(s, 2) / CHANNELS / rate;
    bool has_color = sqlite3_column_type(s, 5) == SQLITE_INTEGER;
    char name[DJ_TEXT_MAX];

    if (type < 0 || type > CUE_OUTRO || !names[type] || (type == CUE_MAIN && start == 0))
        return;
    if (*column(s, 4))
        str_copy(name, sizeof(name), column(s, 4));
    else if ((type == CUE_HOT || type == CUE_LOOP) && pad >= 0)
        snprintf(name, sizeof(name), "%s %d", names[type], pad + 1);
    else
        str_copy(name, sizeof(name), names[type]);
    dj_add_cue(r, name, has_color ? (int)(sqlite3_column_int64(s, 5) & 0xffffff) : -1, start, length > 0 && type != CUE_HOT ? start + length : -1);
}

static enum lm_err add_cues(struct dj_reading *r, struct dj_database *d, sqlite3_stmt *s, int64_t track, double rate)
{
    bool is_row = true;
    enum lm_err err = LM_OK;

    if (!(rate >= 1000 && rate <= 1e6))
        return LM_OK;
    sqlite3_bind_int64(s, 1, track);
    for (int i = 0; i <= DJ_CUES_MAX && !(err = dj_database_step(d, s, &is_row, r->p)) && is_row; i++)
        add_cue(r, s, rate);
    sqlite3_reset(s);
    return err;
}

static enum lm_err read_tracks(struct dj_reading *r, struct dj_database *d, sqlite3_stmt *cues)
{
    sqlite3_stmt *s = NULL;
    bool is_row = true;
    enum lm_err err = dj_database_prepare(d, tracks_sql, &s, r->p);

    while (!err && !r->failed && !(err = dj_database_step(d, s, &is_row, r->p)) && is_row) {
        double rate = sqlite3_column_double(s, 6);
        dj_track_begin(r);
        r->now.path = dj_path(r, column(s, 1));
        r->now.title = dj_text(r, column(s, 2), DJ_TEXT_MAX);
        r->now.artist = dj_text(r, column(s, 3), DJ_TEXT_MAX);
        r->now.album = dj_text(r, column(s, 4), DJ_TEXT_MAX);
        r->now.duration = sqlite3_column_double(s, 5);
        dj_add_key(r, 'M', column(s, 0));
        const void *blob = sqlite3_column_blob(s, 8);
        size_t n = (size_t)sqlite3_column_bytes(s, 8);
        if (n)
            dj_mixxx_beats(r, column(s, 7), blob, n, rate);
        err = add_cues(r, d, cues, sqlite3_column_int64(s, 0), rate);
        dj_track_end(r);
    }
    sqlite3_finalize(s);
    return err;
}

static enum lm_err read_lists(struct dj_reading *r, struct dj_database *d, const char *sql)
{
    sqlite3_stmt *s = NULL;
    int64_t id = -1;
    bool is_row = true;
    enum lm_err err = dj_database_prepare(d, sql, &s, r->p);

    while (!err && !r->failed && !(err = dj_database_step(d, s, &is_row, r->p)) && is_row) {
        if (sqlite3_column_int64(s, 0) != id)
            dj_add_playlist(r, column(s, 1));
        id = sqlite3_column_int64(s, 0);
        dj_add_entry(r, 'M', column(s, 2));
    }
    sqlite3_finalize(s);
    return err;
}

enum lm_err dj_read_mixxx(struct dj_reading *r, struct dj_database *d)
{
    bool has_labels = dj_database_has(d, "cues", "label") && dj_database_has(d, "cues", "color");
    sqlite3_stmt *cues = NULL;
    enum lm_err err = dj_database_prepare(d, has_labels ? cues_sql : old_cues_sql, &cues, r->p);

    if (!err)
        err = read_tracks(r, d, cues);
    sqlite3_finalize(cues);
    if (!err && dj_database_has(d, "PlaylistTracks", "position"))
        err = read_lists(r, d, playlists_sql);
    if (!err && dj_database_has(d, "crate_tracks", "crate_id"))
        err = read_lists(r, d, crates_sql);
    return err;
}
