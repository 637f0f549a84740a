/*
 * rekordbox's "Export Collection in xml format", as AlphaTheta describes it (rekordbox.com, "XML format list"): TRACK with TEMPO and POSITION_MARK below COLLECTION, NODE below PLAYLISTS
 * with TRACKs that name their Key: the TrackID, or the Location where KeyType is 1. Times are seconds.
 */
#include <stdlib.h>
#include <string.h>

#include "analysis/dj_private.h"

enum mark { MARK_CUE, MARK_FADE_IN, MARK_FADE_OUT, MARK_LOAD, MARK_LOOP };

/* "4/4" -> 4. */
static int meter_of(struct dj_xml *x)
{
    char *text = dj_xml_get(x, "Metro");
    long beats = text ? strtol(text, NULL, 10) : 0;

    xmlFree(text);
    return beats > 0 && beats < 100 ? (int)beats : 0;
}

static void tempo(struct dj_xml *x)
{
    int per_bar = meter_of(x);
    double start = dj_xml_number(x, "Inizio", -1e9), bpm = dj_xml_number(x, "Bpm", 0);

    dj_add_segment(x->r, start, bpm, per_bar, dj_xml_int(x, "Battito", 1));
}

static int color_of(struct dj_xml *x)
{
    double rgb[3] = { dj_xml_number(x, "Red", -1), dj_xml_number(x, "Green", -1), dj_xml_number(x, "Blue", -1) };

    for (int i = 0; i < 3; i++)
        if (!(rgb[i] >= 0 && rgb[i] <= 255))
            return -1;
    return (int)rgb[0] << 16 | (int)rgb[1] << 8 | (int)rgb[2];
}

/* A cue that has no name is called by what it is: "Cue A" is on the first pad, a memory cue (Num -1) on none. */
static void position_mark(struct dj_xml *x)
{
    static const char *const names[] = { "Cue", "Fade in", "Fade out", "Load", "Loop" };
    double start = dj_xml_number(x, "Start", -1), end = dj_xml_number(x, "End", -1), num = dj_xml_number(x, "Num", -1);
    int type = dj_xml_int(x, "Type", MARK_CUE), color = color_of(x);
    char name[DJ_TEXT_MAX + 1], *given = dj_xml_get(x, "Name");

    if (type < MARK_CUE || type > MARK_LOOP)
        type = MARK_CUE;
    if (given && *given)
        str_copy(name, sizeof(name), given);
    else if (num >= 0 && num < 26)
        snprintf(name, sizeof(name), "%s %c", names[type], 'A' + (int)num);
    else
        str_copy(name, sizeof(name), names[type]);
    xmlFree(given);
    dj_add_cue(x->r, name, color, start, type == MARK_LOOP ? end : -1);
}

static void track(struct dj_xml *x)
{
    struct dj_reading *r = x->r;
    char *location = dj_xml_get(x, "Location"), *id = dj_xml_get(x, "TrackID");

    dj_track_begin(r);
    if (location) {
        r->now.path = dj_path(r, location);
        r->now.title = dj_xml_text(x, "Name");
        r->now.artist = dj_xml_text(x, "Artist");
        r->now.album = dj_xml_text(x, "Album");
        r->now.duration = dj_xml_number(x, "TotalTime", 0);
        dj_add_key(r, 'L', location);
    }
    if (id)
        dj_add_key(r, 'I', id);
    xmlFree(location);
    xmlFree(id);
}

static void entry(struct dj_xml *x, char kind)
{
    char *key = dj_xml_get(x, "Key");

    if (key)
        dj_add_entry(x->r, kind, key);
    xmlFree(key);
}

/* A folder (Type 0), or a playlist (Type 1). Returns how its entries are keyed, 0: it has none. */
static char node(struct dj_xml *x, struct dj_folders *folders, int depth)
{
    const char *name = dj_xml_text(x, "Name");
    char kind = 0;

    dj_folder_leave(folders, depth);
    if (dj_xml_number(x, "Type", 0) == 1) {
        char full[2 * DJ_TEXT_MAX + 2];
        snprintf(full, sizeof(full), "%s%s%s", folders->path, *folders->path ? "/" : "", name);
        dj_add_playlist(x->r, full);
        kind = dj_xml_number(x, "KeyType", 0) == 1 ? 'L' : 'I';
    } else if (depth > 2) {             /* not the root, whose name is "ROOT" */
        dj_folder_enter(folders, depth, name);
    }
    return kind;
}

enum lm_err dj_read_rekordbox(struct dj_xml *x)
{
    struct dj_folders folders = { 0 };
    const char *name;
    bool in_collection = false, in_playlists = false, in_track = false;
    char keys = 0;
    int depth, way;
    enum lm_err err;

    while ((way = dj_xml_next(x, &name, &depth, &err))) {
        bool is_track = !strcmp(name, "TRACK"), is_empty = way > 0 && xmlTextReaderIsEmptyElement(x->reader);
        if (depth == 1) {
            in_collection = way > 0 && !strcmp(name, "COLLECTION");
            in_playlists = way > 0 && !strcmp(name, "PLAYLISTS");
        } else if (in_collection && depth == 2 && is_track) {
            if (way > 0)
                track(x);
            if (way < 0 || is_empty)
                dj_track_end(x->r);
            in_track = way > 0 && !is_empty;
        } else if (in_track && depth == 3 && way > 0) {
            if (!strcmp(name, "TEMPO"))
                tempo(x);
            else if (!strcmp(name, "POSITION_MARK"))
                position_mark(x);
        } else if (in_playlists && way > 0 && !strcmp(name, "NODE")) {
            keys = node(x, &folders, depth);
        } else if (in_playlists && way > 0 && is_track && keys) {
            entry(x, keys);
        }
    }
    return err;
}
