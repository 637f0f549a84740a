#pragma once
/*
 * What an audio file says about itself, checked against its size before a decoder believes it: which of the formats we take it is,
 * and whether it was cut off. Decoders forgive a truncated file silently; an operator must hear of it at upload, not in the show.
 *
 * WAV (RIFF, RF64): the data chunk must lie inside the file. Ogg: the last page must be whole and carry the end-of-stream flag (RFC 3533).
 * MP3: the Xing/Info header's byte count must be there; without one nothing is promised. FLAC: only its start is looked at, its sample count is
 * checked by decoding the end (workers/decode_worker).
 *
 * THREADS  Any non-real-time; reads with pread() only.
 */
#include <stdint.h>

#include "core/err.h"

/* *format: "wav", "flac", "ogg" or "mp3". LM_MEDIA_TYPE: none of them; LM_INVALID: cut off or lying, `p` says how. */
enum lm_err container_check(int fd, uint64_t size, const char **format, struct problem *p);
