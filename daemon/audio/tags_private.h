#pragma once
/* The readers of tags.h, one a file. All are given bytes that are there, and end where these do. */
#include "audio/container_private.h"
#include "audio/tags.h"

enum { TAG_BYTES = 16 << 20 };              /* more than that is not read: pictures are the only thing that long */

void tags_id3(struct tags *t, unsigned char *b, size_t n);             /* a whole ID3v2 tag; changes it */
void tags_id3v1(struct tags *t, const unsigned char b[128]);
void tags_vorbis(struct tags *t, const unsigned char *b, size_t n);    /* a Vorbis comment packet without its first bytes */
void tags_flac_picture(struct tags *t, const unsigned char *b, size_t n);
void tags_flac(struct tags *t, const struct file *f);
void tags_ogg(struct tags *t, const struct file *f);
void tags_chunks(struct tags *t, const struct file *f, const char *format);
unsigned char *tags_load(const struct file *f, uint64_t at, uint64_t n);       /* the caller's to free; NULL when it is too long or not there */
