#pragma once
/*
 * The callback of a device: takes blocks and commands from a struct stream (audio/stream.h), makes sound of them, and says what it did. The same code plays in
 * the process of the sound card, on the clock (for meters), and in tests.
 *
 *   blocks -> changes with their ramps -> chain_run() -> volume -> meters_run() -> out
 *
 * - A change asked for now takes effect as far into the buffer as it was asked for into the period before: a period late, and always just as late.
 * - A change with a ramp is 240 frames of old * (1 - g) + new * g, g = (i + 1) / 240; silence counts as old or new. One without is a cut between two frames.
 * - Where a run ends or the feeder is late, the last sample dies away over 96 frames.
 * - With the chain off or bypassed and the volume at 0 dB, samples of blocks come out as they went in, bit by bit; only what is no number is 0.
 * - After 4 s of silence nothing is computed until something sounds. Then another programme begins, whose integrated loudness is measured anew.
 *
 * THREADS  sink_run() and sink_input(): the device's callback, one thread; real-time safe: nothing is allocated, locked or logged. The rest: before it starts
 *          and after it has ended.
 * MEMORY   The stream is borrowed and must outlive the sink. Everything is allocated and touched by sink_new().
 */
#include <stdint.h>

struct stream;
struct sink;

struct sink *sink_new(struct stream *shared);                   /* goes on where the stream's reader stopped; NULL: no memory */
void sink_free(struct sink *s);                                 /* NULL is fine */
/* Forgets what played and the clock, not effects and meters; the stream was reset. */
void sink_reset(struct sink *s);
/*
 * out: n frames, interleaved: 1 channel gets the mean of both, of more than 2 the others are silent. now_ns: CLOCK_MONOTONIC at the callback; latency_ns: from
 * the callback until the first frame of out is heard, held within 0..2 s and smoothed.
 */
void sink_run(struct sink *s, float *out, uint32_t n, int channels, int64_t now_ns, int64_t latency_ns);
/* What an input device brings, for its meters alone. */
void sink_input(struct sink *s, const float *in, uint32_t n, int channels);
