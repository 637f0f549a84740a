#pragma once
/* What the readers of the DJ libraries (dj_*.c) share. */
#include <libxml/xmlreader.h>
#include <sqlite3.h>

#include "analysis/dj.h"
#include "core/str.h"

/* A library while it is read. The lists are of the track at work and are copied with dj_track_end(); keys tie the entries of playlists to tracks. */
struct dj_reading {
    struct dj_library *l;
    struct problem *p;
    enum lm_err failed;                 /* no memory or more than is allowed: p is set */
    struct dj_track now;
    struct dj_segment *segments; size_t n_segments, segments_room;
    double *beats; size_t n_beats, beats_room;
    struct dj_cue *cues; size_t n_cues, cues_room;
    struct dj_key { const char *key; uint32_t track; } *keys; size_t n_keys, keys_room;
    struct dj_entry { const char *key; uint32_t playlist; } *entries; size_t n_entries, entries_room;
};

/* `program` is static. LM_NOMEM. */
enum lm_err dj_begin(struct dj_reading *r, const char *program, const char *base, struct problem *p);
/* Ties playlists together and hands the library over when `err` is LM_OK and nothing failed; frees what the reading holds in any case. */
enum lm_err dj_end(struct dj_reading *r, enum lm_err err, struct dj_library **result);

/* Text into the arena: cut at `max` bytes between characters; what is no UTF-8 is taken for Windows-1252, control characters for spaces. "" for NULL. */
const char *dj_text(struct dj_reading *r, const char *text, size_t max);
const char *dj_textn(struct dj_reading *r, const char *text, size_t n, size_t max);
/* file://localhost/C:/a%20b, file:///home/..., or a plain path -> "C:/a b". A location that is no file ("http://...") stays as it is. */
const char *dj_path(struct dj_reading *r, const char *location);

/* Track at work: dj_track_begin(), members of r->now and the lists, dj_track_end(), which drops one without a path. */
void dj_track_begin(struct dj_reading *r);
void dj_add_segment(struct dj_reading *r, double start, double bpm, int beats_per_bar, int beat);   /* one that makes no sense is the track's trouble */
/* Of a grid that is written beat by beat, in order: it becomes segments, none of whose beats is more than a millisecond beside what was written. */
void dj_add_beat(struct dj_reading *r, double time);
void dj_add_cue(struct dj_reading *r, const char *name, int color, double start, double end);
void dj_trouble(struct dj_reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));   /* the first one stays */
void dj_add_key(struct dj_reading *r, char kind, const char *key);          /* of the track at work */
void dj_track_end(struct dj_reading *r);
void dj_add_playlist(struct dj_reading *r, const char *name);
void dj_add_entry(struct dj_reading *r, char kind, const char *key);        /* of the newest playlist */

double dj_number(const char *text, double missing);     /* NULL, no number, not finite: missing. Of any locale: '.' */

/* --- XML --- */
struct dj_xml {
    struct dj_reading *r;
    xmlTextReader *reader;
    char error[160]; int line;          /* the first one of the parser */
};
/* fd >= 0, else data. No entities, no network, no DOCTYPE. */
enum lm_err dj_xml_open(struct dj_xml *x, struct dj_reading *r, int fd, const char *data, size_t n);
/* The next element begins (+1) or ends (-1, also right after the begin of an empty one); 0: over, or failed: *err. depth: of the root is 0. */
int dj_xml_next(struct dj_xml *x, const char **name, int *depth, enum lm_err *err);
char *dj_xml_get(struct dj_xml *x, const char *attribute);                  /* NULL; xmlFree() */
double dj_xml_number(struct dj_xml *x, const char *attribute, double missing);
int dj_xml_int(struct dj_xml *x, const char *attribute, int missing);        /* beyond what an int holds: missing */
const char *dj_xml_text(struct dj_xml *x, const char *attribute);           /* in the arena; "" when it is not there */
enum lm_err dj_xml_fail(struct dj_xml *x, const char *what);                /* LM_INVALID with the line */
void dj_xml_close(struct dj_xml *x);

/* The folders that an element is in, as "A/B". */
struct dj_folders { char path[DJ_TEXT_MAX]; int depth[32]; size_t length[32]; int n; };
void dj_folder_enter(struct dj_folders *f, int depth, const char *name);
void dj_folder_leave(struct dj_folders *f, int depth);      /* those at this depth and below it */

enum lm_err dj_read_rekordbox(struct dj_xml *x);        /* behind the root element */
enum lm_err dj_read_traktor(struct dj_xml *x);
enum lm_err dj_read_m3u(struct dj_reading *r, const char *data, size_t n);
enum lm_err dj_read_pls(struct dj_reading *r, const char *data, size_t n);

/* --- SQLite --- */
/* Reads another program's database: it is never written, no code in it is run (triggers, views' functions), and no statement takes longer than a minute. */
struct dj_database { sqlite3 *db; char copy[4096]; int64_t deadline_ms; };
enum lm_err dj_database_open(struct dj_database *d, const char *path, const char *temp_dir, struct problem *p);
void dj_database_close(struct dj_database *d);
/* *s = NULL and LM_NOT_FOUND without this table or these columns. */
enum lm_err dj_database_prepare(struct dj_database *d, const char *sql, sqlite3_stmt **s, struct problem *p);
/* SQLITE_ROW or SQLITE_DONE as *is_row; else LM_INVALID with what SQLite says. */
enum lm_err dj_database_step(struct dj_database *d, sqlite3_stmt *s, bool *is_row, struct problem *p);
bool dj_database_has(struct dj_database *d, const char *table, const char *column);     /* column NULL: the table */

enum lm_err dj_read_engine(struct dj_reading *r, struct dj_database *d);
enum lm_err dj_read_mixxx(struct dj_reading *r, struct dj_database *d);
/* The blobs, alone, since anybody can write them. They add to the track at work; false: damaged, and its trouble says how. */
bool dj_engine_beats(struct dj_reading *r, const void *blob, size_t n);
bool dj_engine_cues(struct dj_reading *r, const void *blob, size_t n, double rate);
bool dj_engine_loops(struct dj_reading *r, const void *blob, size_t n, double rate);
double dj_engine_rate(const void *blob, size_t n);      /* of a beatData blob; 0: unknown */
bool dj_mixxx_beats(struct dj_reading *r, const char *version, const void *blob, size_t n, double rate);
