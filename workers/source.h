#pragma once
/*
 * An audio file as frames, read from start to end. Libraries do it: libsndfile and, for MP3, mpg123 in decode_worker, FFmpeg's in av_worker; which program a container is decoded by
 * stands in audio/container.c.
 *
 * None opens a file: they run where the system lets them read and write what is open already, and no more (sandbox.h).
 *
 * THREADS  One at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/container.h"
#include "audio/tags.h"
#include "core/err.h"

enum { SOURCE_CHANNELS = 8, SOURCE_BLOCK = 8192 };     /* channels at most; frames at a time at most */

/* Where the loudspeaker of a channel stands. */
enum speaker { AT_UNKNOWN, AT_LEFT, AT_RIGHT, AT_CENTER, AT_LFE, AT_BACK_LEFT, AT_BACK_RIGHT, AT_BACK_CENTER, SPEAKERS };

struct source;

/* One library. `s->decoder` is its own; what the functions do stands below. */
struct source_library {
    const char *format;                 /* the only one it is asked for; NULL: all that no other is */
    enum lm_err (*open)(struct source *s, int fd, uint64_t size, const struct container *c, struct problem *p);
    size_t (*read)(struct source *s, float *frames, size_t n);
    enum lm_err (*check_end)(struct source *s, float *buffer, struct problem *p);      /* may be NULL */
    void (*tags)(struct source *s, struct tags *t);                                    /* besides those of audio/tags.h; may be NULL */
    void (*close)(struct source *s);
};

extern const struct source_library source_sndfile, source_mpg123, source_av;

struct source {
    const struct source_library *library;
    char format[16];
    int channels, rate;
    enum speaker at[SOURCE_CHANNELS];
    int64_t frames;                     /* the file says so; -1: it does not */
    double slack_s;                     /* by how much it may say too much: not all programs write how long a file is to the frame */
    bool is_estimate;                   /* nobody knows but by decoding all of it */
    bool is_broken;                     /* it ended before its end: too much of it cannot be decoded, or it becomes another kind of sound */
    void *decoder;
};

/* The program: its name in audio/container.c, and its libraries up to NULL. */
extern const char source_worker[];
extern const struct source_library *const source_libraries[];

/* LM_MEDIA_TYPE: a coding that is not understood, LM_INVALID: broken. `fd` stays the caller's. */
enum lm_err source_open(struct source *s, int fd, uint64_t size, const struct container *c, struct problem *p);
/* Frames, at most SOURCE_BLOCK and `n`; 0: the end, or what it takes for one. */
size_t source_read(struct source *s, float *frames, size_t n);
/* Is the promised end there? Goes to it where that is cheap; nothing is read afterwards. `buffer` has room for a block. */
enum lm_err source_check_end(struct source *s, float *buffer, struct problem *p);
void source_tags(struct source *s, int fd, uint64_t size, struct tags *t);
void source_close(struct source *s);    /* also one that failed to open, or all zeroes */

/* The order of FLAC (RFC 9639 section 9.1.3), of WAV and of most: for files that do not say theirs. */
void source_usual_places(struct source *s);
