#pragma once
/*
 * The waveform on the wire and in the database: little-endian, header of 32 bytes: "LMW1", u32 buckets, u32 sample_rate, u32 frames_per_bucket, u64 total_frames,
 * f32 peak, u32 bands (3); then per bucket 5 bytes: i8 min, i8 max of the mono mix (value / 127), u8 low, u8 mid, u8 high: band RMS, (v / 255)^2 = RMS
 * with full scale 1 (bands: below 200 Hz, 200-2000 Hz, above 2000 Hz). preview: at most 1,000 buckets; full: 256 frames a bucket.
 */
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { WAVEFORM_HEADER = 32, WAVEFORM_BUCKET = 5, WAVEFORM_FULL_FRAMES = 256, WAVEFORM_PREVIEW_BUCKETS = 1000 };

/* Interleaved floats -> the bytes; caller frees. */
enum lm_err waveform_make(const float *frames, uint64_t n, int channels, double rate, uint32_t frames_per_bucket, void **data, size_t *size);

/*
 * The same piece by piece, for audio that is never whole in memory: workers/decode_worker feeds it while it decodes. One pass gives both levels.
 *
 * THREADS  One at a time.
 */
struct waveform;

struct waveform *waveform_new(int channels, double rate, uint32_t frames_per_bucket);       /* NULL: no memory, or a zero */
void waveform_free(struct waveform *w);                                                     /* NULL is fine */
enum lm_err waveform_add(struct waveform *w, const float *frames, uint64_t n);
/* max_buckets 0: as fed; else so many neighbours are merged that at most max_buckets are left. LM_INVALID: nothing fed. Caller frees *data. */
enum lm_err waveform_bytes(const struct waveform *w, size_t max_buckets, void **data, size_t *size);
