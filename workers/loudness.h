#pragma once
/*
 * How loud a track is, measured while it is decoded: the integrated loudness by libebur128 (ITU-R BS.1770-4, EBU R 128), the true peak by the interpolator of
 * BS.1770-4, annex 2 (dsp/kweight.h), which is looked at only where it could be higher than what was found. A track of one channel is heard from two loudspeakers and
 * is measured so.
 *
 * THREADS  One at a time per meter.
 */
#include <stdint.h>

#include "core/err.h"

struct loudness_meter;

enum lm_err loudness_meter_begin(struct loudness_meter **m, int channels, unsigned long rate);  /* 1 or 2 channels */
enum lm_err loudness_meter_feed(struct loudness_meter *m, const float *frames, uint64_t n);     /* interleaved, finite */
/* *lufs: NAN when nothing is above the gates. *peak_db: dBTP, at least -200. */
enum lm_err loudness_meter_end(const struct loudness_meter *m, double *lufs, double *peak_db);
void loudness_meter_free(struct loudness_meter *m);             /* NULL is fine */
