/*
 * Traktor's collection.nml: ENTRY with LOCATION, TEMPO and CUE_V2 below COLLECTION; below PLAYLISTS nested NODEs, whose ENTRYs name a PRIMARYKEY made of volume, folders and file.
 * Folders are parted by "/:". Times are milliseconds. A grid is its markers (CUE_V2 of TYPE 4): beats go from each of them at the tempo of its GRID, else of the track, and the first
 * marker stands on a downbeat.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis/dj_private.h"
#include "core/path.h"

enum cue_type { CUE_CUE, CUE_FADE_IN, CUE_FADE_OUT, CUE_LOAD, CUE_GRID, CUE_LOOP };
enum { MARKERS_MAX = 4096 };

/* An entry is whole only when its TEMPO is known, which may come behind its markers. */
struct entry {
    double bpm;
    double *markers, *tempos;           /* MARKERS_MAX of each; tempo 0: the track's */
    size_t n;
    bool in_cue;                        /* of a marker, whose GRID may follow */
};

/* "Macintosh HD" + "/:Users/:me/:" + "a.mp3" -> "/Users/me/a.mp3"; "C:" + ... -> "C:/Users/...". */
static void join(char out[PATH_SIZE], const char *volume, const char *dir, const char *file)
{
    struct str s = { 0 };
    bool is_drive = volume[0] && volume[1] == ':' && !volume[2];

    if (is_drive)
        str_add(&s, volume);
    for (const char *at = dir; *at; at++) {
        str_add_mem(&s, at, 1);
        if (at[0] == '/' && at[1] == ':')
            at++;
    }
    if (s.len && s.data[s.len - 1] != '/')
        str_add(&s, "/");
    str_add(&s, file);
    if (s.failed || s.len >= PATH_SIZE)
        out[0] = '\0';
    else
        str_copy(out, PATH_SIZE, s.data ? s.data : "");
    str_clear(&s);
}

static void location(struct dj_xml *x)
{
    char *dir = dj_xml_get(x, "DIR"), *file = dj_xml_get(x, "FILE"), *volume = dj_xml_get(x, "VOLUME");
    char path[PATH_SIZE], key[PATH_SIZE];

    if (file && *file && strlen(file) < PATH_SIZE) {
        join(path, volume ? volume : "", dir ? dir : "", file);
        x->r->now.path = dj_text(x->r, path, PATH_SIZE - 1);
        if ((size_t)snprintf(key, sizeof(key), "%s%s%s", volume ? volume : "", dir ? dir : "", file) < sizeof(key))
            dj_add_key(x->r, 'T', key);
    }
    xmlFree(dir);
    xmlFree(file);
    xmlFree(volume);
}

static void cue(struct dj_xml *x, struct entry *e)
{
    static const char *const names[] = { "Cue", "Fade in", "Fade out", "Load", "Grid", "Loop" };
    double start = dj_xml_number(x, "START", -1) / 1000, length = dj_xml_number(x, "LEN", 0) / 1000, pad = dj_xml_number(x, "HOTCUE", -1);
    int type = dj_xml_int(x, "TYPE", CUE_CUE), color = -1;
    char name[DJ_TEXT_MAX + 1], *given = dj_xml_get(x, "NAME"), *hue = dj_xml_get(x, "COLOR");

    if (type < CUE_CUE || type > CUE_LOOP)
        type = CUE_CUE;
    e->in_cue = type == CUE_GRID;
    if (type == CUE_GRID && e->n < MARKERS_MAX)
        e->markers[e->n] = start, e->tempos[e->n++] = 0;
    else if (type == CUE_GRID)
        dj_trouble(x->r, "Its beat grid has more than %d markers.", MARKERS_MAX);
    if (hue && hue[0] == '#' && strlen(hue) == 7)
        color = (int)strtol(hue + 1, NULL, 16);
    if (given && *given && strcmp(given, "n.n."))       /* how Traktor calls what was not named */
        str_copy(name, sizeof(name), given);
    else if (pad >= 0 && pad < 26)
        snprintf(name, sizeof(name), "%s %d", names[type], (int)pad + 1);
    else
        str_copy(name, sizeof(name), names[type]);
    if (type != CUE_GRID)
        dj_add_cue(x->r, name, color, start, type == CUE_LOOP && length > 0 ? start + length : -1);
    xmlFree(given);
    xmlFree(hue);
}

static void entry_begin(struct dj_xml *x, struct entry *e)
{
    dj_track_begin(x->r);
    e->bpm = 0, e->n = 0, e->in_cue = false;
    x->r->now.title = dj_xml_text(x, "TITLE");
    x->r->now.artist = dj_xml_text(x, "ARTIST");
}

static void entry_end(struct dj_xml *x, struct entry *e)
{
    for (size_t i = 0; i < e->n; i++) {
        double bpm = e->tempos[i] > 0 ? e->tempos[i] : e->bpm;
        if (bpm > 0)
            dj_add_segment(x->r, e->markers[i], bpm, i ? 0 : 4, i ? 0 : 1);
        else
            dj_trouble(x->r, "Its beat grid has a marker and no tempo.");
    }
    dj_track_end(x->r);
}

static void inside(struct dj_xml *x, struct entry *e, const char *name, int depth)
{
    struct dj_reading *r = x->r;

    if (depth == 4) {
        if (!strcmp(name, "GRID") && e->in_cue && e->n)
            e->tempos[e->n - 1] = dj_xml_number(x, "BPM", 0);
    } else if (!strcmp(name, "LOCATION")) {
        location(x);
    } else if (!strcmp(name, "ALBUM")) {
        r->now.album = dj_xml_text(x, "TITLE");
    } else if (!strcmp(name, "INFO")) {
        r->now.duration = dj_xml_number(x, "PLAYTIME_FLOAT", dj_xml_number(x, "PLAYTIME", 0));
    } else if (!strcmp(name, "TEMPO")) {
        e->bpm = dj_xml_number(x, "BPM", 0);
    } else if (!strcmp(name, "CUE_V2")) {
        cue(x, e);
    }
}

static void playlist_node(struct dj_xml *x, struct dj_folders *folders, int depth)
{
    char *type = dj_xml_get(x, "TYPE"), full[2 * DJ_TEXT_MAX + 2];
    const char *name = dj_xml_text(x, "NAME");

    dj_folder_leave(folders, depth);
    snprintf(full, sizeof(full), "%s%s%s", folders->path, *folders->path ? "/" : "", name);
    if (type && !strcmp(type, "PLAYLIST"))
        dj_add_playlist(x->r, full);
    else if (strcmp(name, "$ROOT"))
        dj_folder_enter(folders, depth, name);
    xmlFree(type);
}

static void playlist_entry(struct dj_xml *x)
{
    char *key = dj_xml_get(x, "KEY");

    if (key)
        dj_add_entry(x->r, 'T', key);
    xmlFree(key);
}

static enum lm_err read_all(struct dj_xml *x, struct entry *e)
{
    struct dj_folders folders = { 0 };
    const char *name;
    bool in_collection = false, in_playlists = false, in_entry = false;
    int depth, way;
    enum lm_err err;

    while ((way = dj_xml_next(x, &name, &depth, &err))) {
        bool is_empty = way > 0 && xmlTextReaderIsEmptyElement(x->reader);
        if (depth == 1) {
            in_collection = way > 0 && !strcmp(name, "COLLECTION");
            in_playlists = way > 0 && !strcmp(name, "PLAYLISTS");
        } else if (in_collection && depth == 2 && !strcmp(name, "ENTRY")) {
            if (way > 0)
                entry_begin(x, e);
            if (way < 0 || is_empty)
                entry_end(x, e);
            in_entry = way > 0 && !is_empty;
        } else if (in_entry && (depth == 3 || depth == 4) && way > 0) {
            inside(x, e, name, depth);
        } else if (in_playlists && way > 0 && !strcmp(name, "NODE")) {
            playlist_node(x, &folders, depth);
        } else if (in_playlists && way > 0 && !strcmp(name, "PRIMARYKEY")) {
            playlist_entry(x);
        }
    }
    return err;
}

enum lm_err dj_read_traktor(struct dj_xml *x)
{
    struct entry e = { .markers = malloc(MARKERS_MAX * sizeof(double)), .tempos = malloc(MARKERS_MAX * sizeof(double)) };
    enum lm_err err = e.markers && e.tempos ? read_all(x, &e) : problem_set(x->r->p, LM_NOMEM, "No memory for a library");

    free(e.markers);
    free(e.tempos);
    return err;
}
