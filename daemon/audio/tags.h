#pragma once
/*
 * What a file says of the music in it, and its picture. Read from: ID3v2.2, 2.3, 2.4 and ID3v1 (MP3; also inside of WAV and AIFF), Vorbis comments (FLAC, Ogg, Opus),
 * RIFF INFO, the text chunks of AIFF, the strings of CAF. What another library has read is given by tags_add().
 *
 * Whatever the file says, the texts are UTF-8 without control characters and at most TAG_MAX bytes; of several of a kind the first counts, of pictures the front cover.
 * Broken tags are tags that end early: nothing here fails but for memory.
 *
 * THREADS  One at a time per struct.  MEMORY  Zero the struct first; tags_clear() frees.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tag { TAG_TITLE, TAG_ARTIST, TAG_ALBUM, TAG_GENRE, TAG_DATE, TAG_TRACK_NUMBER, TAG_COMMENT, TAG_BPM, TAG_KEY, TAGS };

enum { TAG_MAX = 500 };

enum tag_text { TAG_LATIN1, TAG_UTF16, TAG_UTF16_BE, TAG_UTF8, TAG_UTF16_LE };     /* as ID3v2 counts them, which has no last one. UTF8: Latin-1 where it is none */

struct tags {
    char *text[TAGS];                       /* NULL: it does not say */
    void *picture; size_t picture_n;        /* NULL: none; of a kind picture_type() knows */
    bool is_cover;                          /* the picture is the front cover */
};

extern const char *const tag_names[TAGS];   /* "title" ... */

void tags_add(struct tags *t, enum tag tag, const void *text, size_t n, enum tag_text coding);
void tags_add_picture(struct tags *t, const void *data, size_t n, bool is_cover);      /* copied; left out when it is no picture */
/* `name` is what a Vorbis comment, FFmpeg or CAF calls it, in any case: "TRACKNUMBER", "initialkey"; unknown ones are left out. */
void tags_add_named(struct tags *t, const char *name, size_t name_n, const void *text, size_t n);
/* format: of container_check(). */
void tags_read(struct tags *t, int fd, uint64_t size, const char *format);
void tags_clear(struct tags *t);
