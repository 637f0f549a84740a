#pragma once
/*
 * Decoded audio on disk, DATA/cache/<track id>.pcm, <track id>.<stem>.pcm (mono, what nodes hear) and
 * <track id>.<stem>.stereo.pcm (what is played): made by the steps decode, decode_stems and decode_stems_stereo, bounded, the least recently asked for goes first. Its order
 * is the files' modification time, so it outlives a restart.
 *
 * THREADS  Any non-real-time; a file that is removed stays readable for whoever has it mapped.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/path.h"

enum lm_err cache_path(const char *data_dir, const char *track_id, char out[PATH_SIZE]);
enum lm_err cache_stem_path(const char *data_dir, const char *track_id, const char *stem, bool is_stereo, char out[PATH_SIZE]);
bool cache_has(const char *path);               /* there, and what its header says */
bool cache_has_of(const char *path, const char *sha256);        /* and decoded from the file with that hash, hex; "" any */
void cache_touch(const char *path);
/* Removes files, the least recently used first, until at most max_bytes are left; never one that `keep` says to. */
void cache_evict(const char *data_dir, uint64_t max_bytes, bool (*keep)(void *ctx, const char *track_id), void *ctx);
void cache_clean(const char *data_dir);         /* at start: makes the folder, removes what a crash left half-written */
