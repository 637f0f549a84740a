#pragma once
/* What container_*.c and tags_*.c share: reading a file from outside at any place, numbers, and files that are a row of chunks. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { CONTAINER_HEAD = 64, CHUNKS_MAX = 4096 };

struct file { int fd; uint64_t size; uint64_t start; /* behind a leading ID3v2 tag */ };

size_t file_read(const struct file *f, uint64_t at, void *buffer, size_t n);       /* how many were there; 0 behind the end */

uint16_t le16(const unsigned char *b);
uint32_t le32(const unsigned char *b), be32(const unsigned char *b);
uint64_t le64(const unsigned char *b), be64(const unsigned char *b);

/* How the chunks of a file are written: an id, a size, the content, and then the next at a multiple of `align`. */
struct chunk_layout { int id_bytes, size_bytes, align; bool is_big_endian, counts_itself; };

extern const struct chunk_layout chunks_of_wav, chunks_of_aiff, chunks_of_caf, chunks_of_w64;

struct chunk { unsigned char id[16]; uint64_t at, n; /* of its content, as promised */ uint64_t there; /* bytes from `at` to the end of the file */ };

/* The chunk at `*at`, which becomes the place of the next; false at the end. */
bool chunk_next(const struct file *f, const struct chunk_layout *l, uint64_t *at, struct chunk *c);
bool chunk_find(const struct file *f, const struct chunk_layout *l, uint64_t from, const char *id, struct chunk *c);

/* Bytes of an ID3v2 tag that begins with the ten bytes at `h`, with its header and footer; 0: none. */
uint64_t id3_bytes(const unsigned char *h);

enum lm_err cut_off(struct problem *p, uint64_t promised, uint64_t there);         /* LM_INVALID with words */
enum lm_err no_start(struct problem *p);

bool is_wav(const unsigned char *h), is_w64(const unsigned char *h), is_aiff(const unsigned char *h), is_caf(const unsigned char *h);
bool is_mp4(const unsigned char *h), is_asf(const unsigned char *h);
bool is_opus(const unsigned char *h), is_ogg_flac(const unsigned char *h), is_ogg(const unsigned char *h), is_flac(const unsigned char *h), is_mp3(const unsigned char *h);
bool is_adts(const unsigned char *h), is_wavpack(const unsigned char *h);

/* *is_counted as in container.h; true when it is not touched. */
enum lm_err check_wav(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_w64(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_aiff(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_caf(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_mp4(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_asf(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_ogg(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_flac(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_mp3(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_adts(const struct file *f, bool *is_counted, struct problem *p);
enum lm_err check_wavpack(const struct file *f, bool *is_counted, struct problem *p);
