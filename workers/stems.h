#pragma once
/*
 * What every way of separating a track has in common: where the sound comes from, where the four parts go, and how far it is. workers/stem_worker.c opens both
 * ends at the rate the method asks for and hands them over; the method reads, separates, and writes all of it from the first frame to the last.
 *
 * Samples are interleaved stereo floats, full scale 1, whatever the recording has: one channel is given twice, and is written once.
 *
 * THREADS  One at a time per source and per sink.
 * MEMORY   A source and a sink hold blocks, not recordings.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/pcm.h"
#include "core/err.h"

enum stem { STEM_DRUMS, STEM_BASS, STEM_VOCALS, STEM_OTHER, STEMS };
extern const char *const stem_names[STEMS];             /* "drums", "bass", "vocals", "other": also the names of the files */

/* --- where it comes from --- */

struct stem_source;

/* rate: as the method wants it (44100, 48000); resampled when the recording has another. pcm outlives the source. */
enum lm_err stem_source_new(const struct pcm *pcm, int rate, struct stem_source **result);
void stem_source_free(struct stem_source *s);           /* NULL is fine */
uint64_t stem_source_frames(const struct stem_source *s);           /* at its rate */
/* n frames that begin at `from`, 2 * n floats: zeros before the beginning (from < 0) and behind the end, and where the recording has no finite number. Any order;
 * where one piece begins where the last one ended it is cheapest. */
enum lm_err stem_source_read(struct stem_source *s, int64_t from, size_t n, float *out);

/* --- where it goes --- */

struct stem_sink;

/* DIR/<name>.flac, 16 bits, 1 or 2 channels (a single one is the mean of both). What is half done has another name, DIR/<name>.flac.part. */
enum lm_err stem_sink_open(const char *dir, int rate, int channels, struct stem_sink **result, struct problem *p);
/* The next n frames of all of them; beyond full scale is clipped. LM_FULL: the disk is, with the words for it. */
enum lm_err stem_sink_write(struct stem_sink *s, const float *const part[STEMS], size_t n, struct problem *p);
/* Completes the files, makes them last and gives them their names, all four or none; frees the sink in every case. */
enum lm_err stem_sink_close(struct stem_sink *s, struct problem *p);
void stem_sink_abort(struct stem_sink *s);              /* nothing is left of it; NULL is fine */

/* --- the run --- */

struct stem_run {
    struct stem_source *in;
    struct stem_sink *out;
    const char *dir;                    /* OUT_DIR: for what a method keeps to go on from, should it be stopped; files it makes there are its own to remove */
    void (*progress)(double part, const char *step);    /* 0..1; at least every ten seconds, or the worker is taken for dead */
};
