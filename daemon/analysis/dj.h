#pragma once
/*
 * Libraries of DJ programs and playlists, read and never written: which files, which beat grids, which cues. rekordbox (XML), Traktor (NML), Engine DJ (m.db), Mixxx
 * (mixxxdb.sqlite), M3U, M3U8 and PLS. What kind a file is of is told by its content.
 *
 * Everything is bounded (DJ_*_MAX), whatever the file says of itself. What cannot be understood of one track (a damaged grid, say) is that track's `trouble` and stops no other;
 * what cannot be understood of the file is LM_INVALID with the line or the part that is wrong, another kind of file LM_MEDIA_TYPE.
 *
 * Times are seconds from the first sample of the audio as the other program decodes it. Of WAV, FLAC, AIFF, Ogg and Opus that is everybody's first sample; of MP3 see dj_grid_make().
 *
 * THREADS  Any non-real-time thread; one library belongs to one thread at a time.
 * MEMORY   All of a library lies in its arena and goes with dj_free(). Text is valid UTF-8.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"

#define IMPORT_TEMP_PREFIX "import-"     /* of what lies in temp_dir for the time of a call; imports_new() removes what a crash left */

enum {
    DJ_TRACKS_MAX = 200000, DJ_CUES_MAX = 256, DJ_SEGMENTS_MAX = 20000, DJ_BEATS_MAX = 200000, DJ_PLAYLISTS_MAX = 20000, DJ_ENTRIES_MAX = 1000000,
    DJ_TEXT_MAX = 512,                  /* bytes of a name; longer ones are cut */
    DJ_MEMORY_MB = 1024,                /* of one library */
    DJ_TEXT_FILE_MB = 512, DJ_PLAYLIST_FILE_MB = 32,        /* XML; M3U */
};

/* From `start` on beats come at `bpm`; the first of them at `start`. */
struct dj_segment {
    double start, bpm;
    int beats_per_bar;                  /* 0: as before, and 4 if nothing was said */
    int beat;                           /* of the bar, that at `start`: 1 is the downbeat; 0: counted on from before, and not known if there is nothing before */
};

struct dj_cue {
    const char *name;
    int color;                          /* 0xRRGGBB; -1: none */
    double start, end;                  /* end <= start: a point */
};

struct dj_track {
    const char *path;                   /* as the other program knows it: absolute, or relative to what dj_library.base says; '/' between folders, "C:/..." of Windows */
    const char *title, *artist, *album; /* never NULL */
    double duration;                    /* 0: not said */
    const struct dj_segment *segments; size_t n_segments;   /* the grid, by `start`; none: it has no grid */
    const struct dj_cue *cues; size_t n_cues;
    const char *trouble;                /* what of it cannot be read; NULL: nothing */
};

struct dj_playlist {
    const char *name;                   /* "Folder/Name" */
    const uint32_t *tracks; size_t n;   /* indices */
};

struct dj_library {
    const char *program;                /* "rekordbox", "traktor", "engine", "mixxx", "playlist": the analyser of the grids, static */
    const char *base;                   /* folder that relative paths count from; "" = the paths are absolute */
    struct dj_track *tracks; size_t n_tracks;
    struct dj_playlist *playlists; size_t n_playlists;
    struct arena *arena;
    size_t tracks_room, playlists_room;
};

/*
 * `path`: a file, absolute. base: what relative paths count from; NULL: from where the file lies, as its program does. Databases are opened read-only and, when their program has
 * them open, read from a copy in `temp_dir`. LM_NOT_FOUND, LM_FORBIDDEN, LM_TOO_LARGE, ... as files fail.
 */
enum lm_err dj_read(const char *path, const char *base, const char *temp_dir, struct dj_library **result, struct problem *p);
/* An uploaded XML, NML, M3U or PLS: relative paths count from `base`. A database is refused (LM_MEDIA_TYPE). */
enum lm_err dj_parse(const char *data, size_t n, const char *base, struct dj_library **result, struct problem *p);
void dj_free(struct dj_library *l);                     /* NULL is fine */
bool dj_is_program(const char *name);                   /* one of those a struct dj_library may be of */
/* Whose file has such a name? A guess for pickers, since the content decides. NULL: nobody's. */
const char *dj_program_of_name(const char *name);
bool dj_is_stream(const char *path);                    /* "http://..." and the like: what is no file of any machine */

/*
 * A grid as beats over the whole track: from 0 to `duration`, also before the first and behind the last time that the other program wrote down, since their grids go on for ever.
 * Where a segment begins its first beat counts, and one of the segment before that comes within half of its own period of it is left out.
 *
 * Bars: counted from what the segments say. A grid that says nothing of bars (Mixxx) takes `downbeats` for it, which may be NULL: the phase that most of them are near to;
 * without them its first beat is a downbeat.
 *
 * MP3 has no agreed first sample: an encoder puts silence of 0 to 50 ms before the music and may write how much of it. lumad plays what mpg123 gives, which is without that silence
 * when the file says how long it is, and with it when not. Other programs differ by 26 ms and more, some of them from version to version; offset_s moves all of it.
 */
struct dj_beats {
    double *beats; size_t n_beats;
    double *downbeats; size_t n_downbeats;      /* each one of the beats, the very same number */
    double bpm;                                 /* the median over time */
    int beats_per_bar;
};
/* LM_NOT_FOUND: it has no grid; LM_INVALID: none that makes sense in 0..duration. */
enum lm_err dj_grid_make(const struct dj_track *t, double duration, double offset_s, const double *downbeats, size_t n_downbeats, struct dj_beats *result);
void dj_beats_clear(struct dj_beats *b);
