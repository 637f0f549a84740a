#pragma once
/*
 * What an audio file says about itself, checked against its size before a decoder believes it: which of the formats we take it is,
 * and whether it was cut off. Decoders forgive a truncated file silently; an operator must hear of it at upload, not in the show.
 *
 * WAV (RIFF, RF64), Wave64, AIFF, CAF: the chunk of sound must lie inside the file. MP4: all its boxes must. ASF: as many bytes as the header says.
 * WavPack: its blocks must reach the last sample. Ogg: the last page must be whole and carry the end-of-stream flag (RFC 3533).
 * MP3: the Xing/Info header's byte count must be there; without one nothing is promised, nor by ADTS. FLAC: only its start is looked at, its sample count is
 * checked by decoding the end (workers/source_sndfile.c).
 *
 * THREADS  Any non-real-time; reads with pread() only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/* format: the name below, which is also the suffix under which lumad keeps the file. is_counted: the file says how long it is; else only decoding all of it does. */
struct container { const char *format; bool is_counted; };

/* LM_MEDIA_TYPE: none that we take; LM_INVALID: cut off or lying, `p` says how (`c->format` is set then, too). */
enum lm_err container_check(int fd, uint64_t size, struct container *c, struct problem *p);

struct container_kind {
    const char *format;                     /* "wav", "flac" ... */
    const char *label;                      /* "M4A": for people */
    const char *worker;                     /* which program of workers/ decodes it */
    const char *type;                       /* "audio/mp4": of its content, as browsers call it */
    const char *suffixes;                   /* of file names, between spaces: " m4a mp4 " */
};

const struct container_kind *container_at(size_t i);                        /* 0, 1, ...; NULL behind the last */
const struct container_kind *container_find(const char *format);            /* NULL: no such format */
bool container_is_name(const char *filename);                               /* its suffix is that of one of them */
