#pragma once
/*
 * Decoded audio on disk: what workers/decode_worker writes and everyone else maps. 64-byte header, then interleaved float32 at 48 kHz, 1 or 2 channels
 * (more are mixed down), little-endian.
 *
 * A file that is still being written has frames = 0 in its header; the header is completed last, so a crash leaves a file nobody opens.
 *
 * MEMORY   What is mapped is the file's, page by page as it is read: never locked, though lumad locks its own memory (core/thread.h), so the system may take it back.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { PCM_RATE = 48000, PCM_HEADER = 64, PCM_AHEAD = 3, PCM_BEHIND = 3 };      /* the last two: seconds */
#define PCM_MAGIC "LMPCM1\0"

struct pcm_header { char magic[8]; uint32_t rate, channels; uint64_t frames; uint8_t source_sha256[32]; uint8_t pad[8]; };

struct pcm { const float *data; uint64_t frames; int channels; double rate; void *map; size_t map_size; };

enum lm_err pcm_open(const char *path, struct pcm *pcm, struct problem *p);     /* checks sizes against the file; LM_INVALID if it lies */
void pcm_close(struct pcm *pcm);
/* Read here now: fetches the PCM_AHEAD seconds from this frame on, and lets go of what is farther behind or ahead, which is fetched again by who reads it. Not real time. */
void pcm_read_near(const struct pcm *pcm, int64_t frame);
/* A sample in 16 bits, as it is read again (x / 32768), so that parts that sum to a recording still do: the nearest step, clipped at full scale; 0 for NaN. */
short pcm_to_16(float x);
