#pragma once
/*
 * The way of the samples from the mapped track to a sound card: a feeder writes blocks ahead, the device's callback takes them and
 * says what it took and when. No PortAudio in here, so a test can play the device.
 *
 * There are two lanes of blocks, for runs of even and odd generation. A new run is written into the free lane while the old one still
 * sounds; the callback changes over when the first block is there, and, where the change must not be heard (a loop switched on while
 * playing), exactly at frame `join` of the old run.
 *
 * THREADS  stream_render(): the device's callback; allocates nothing, takes no lock. stream_feed(): one feeder at a time, any other
 *          thread. stream_want(): control, and not again before stream_generation() has reached the last wish. The rest: any.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/pcm.h"
#include "audio/timeline.h"
#include "core/err.h"

struct stream;

/* What the audience hears: frame `v` of the run `generation` leaves the loudspeaker at `at_ns`; nothing beyond v was handed over. */
struct heard {
    uint64_t generation;
    int64_t v, at_ns, latency_ns;
    int64_t left_at;                /* v of the run before, when this one took over */
};

struct stream *stream_new(void);
void stream_free(struct stream *s);                             /* NULL is fine */
void stream_reset(struct stream *s);                            /* as new; only while no callback and no feeder uses it. What was heard last stays readable */

/* Writes blocks of the run behind *v until the lane is full, the run over, or max frames are written. */
void stream_feed(struct stream *s, const struct run *r, const struct pcm *pcm, int64_t *v, int64_t max);
/* The callback shall change to this run; silence unless it is playing. join < 0: as soon as it can. */
void stream_want(struct stream *s, const struct run *r, int64_t join);
uint64_t stream_generation(const struct stream *s);
void stream_heard(const struct stream *s, struct heard *h);
void stream_set_gain(struct stream *s, float gain);             /* 0..1, reached in about 20 ms */
void stream_silence(struct stream *s);                          /* for good: the device was given up */

/*
 * --- A stream in memory that two processes share (a memfd): without pointers, and whoever writes it reads from it only what may be anything. ---
 *
 * The process of the sound card needs stream_size(), stream_is_valid() and a sink (audio/sink.h) on it.
 */
size_t stream_size(void);
void stream_init(struct stream *mem);                           /* once, on new memory of that size */
bool stream_is_valid(const struct stream *mem, size_t size);    /* made by a program that was built with this same layout */
/* Of input devices and effects: see audio/player.h. */
struct chain_settings;
struct meters_now;
void stream_set_chain(struct stream *s, const struct chain_settings *settings);
bool stream_meters(const struct stream *s, struct meters_now *out, struct meters_now *in);

/* out: interleaved, 1 or 2 channels; now_ns: CLOCK_MONOTONIC at the callback; latency_ns: until the first frame of it is heard. */
void stream_render(struct stream *s, float *out, uint32_t n, int channels, int64_t now_ns, int64_t latency_ns);

struct stream_counts { uint64_t callbacks, frames, underruns; };
void stream_counts(const struct stream *s, struct stream_counts *c);
