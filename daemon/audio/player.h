#pragma once
/*
 * Sound and time: one player with a transport. With a PortAudio device the device's clock is the master (architecture.md "Time"); without one, or when
 * it was lost or its clock runs wild (rate guard), CLOCK_MONOTONIC drives the same transport: the show goes on.
 *
 * position = the instant of the track the audience hears now: frames the device has played minus its latency, interpolated between callbacks
 * on CLOCK_MONOTONIC, never beyond the last block handed over. Loops and seeks are exact to the frame.
 *
 * THREADS  Control calls: any non-real-time thread (serialised inside); they return when the transport has taken the change over (within a block, or at once
 *          on the clock). player_now(): any thread, wait-free (seqlock). The audio callback and the feed thread live inside. PortAudio calls that may hang
 *          (platform-notes 3) run on a thread of their own that is abandoned, never waited for.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct player;

struct player_options {
    const char *device;             /* "auto" (PortAudio's default output, else the clock), "clock", or (part of) a device's name */
    void (*changed)(void *ctx);     /* play, pause, seek, end, device lost or found...; called from no real-time thread; may be NULL */
    void *ctx;
};

struct player_now {
    bool loaded, playing;
    bool loop;
    double position;                /* seconds on the track, at the instant asked for */
    double duration;                /* seconds of the track */
    double segment_start, segment_end;      /* load-segment; whole track: 0, duration */
    double loop_start, loop_end;
    double rate;                    /* 1 */
    double latency_ms;              /* of the device, measured/clamped 0..2000; 0 on the clock */
    uint64_t serial;                /* of player_load(); 0 nothing loaded */
    uint32_t jumps;                 /* counts seeks, loop wraps and loads: when it changes, position is not continuous */
};

struct player_device { char name[128], api[32]; bool active, lost, clock; double rate, latency_ms; uint64_t underruns, callbacks; };

enum lm_err player_new(const struct player_options *o, struct player **result);    /* never waits for a sound card: the device opens in the background */
void player_free(struct player *pl);                                                /* returns within 100 ms whatever PortAudio does */

/* Stops at `start` (also when it is the same track). end <= 0: to the end of the track. `serial` != 0 is the caller's name for it. pcm is copied (mapped again). */
enum lm_err player_load(struct player *pl, const char *pcm_path, uint64_t serial, double start, double end, struct problem *p);
enum lm_err player_unload(struct player *pl);
enum lm_err player_play(struct player *pl, struct problem *p);      /* LM_CONFLICT: nothing loaded. At the end: from the start */
enum lm_err player_pause(struct player *pl);
enum lm_err player_seek(struct player *pl, double seconds, struct problem *p);      /* LM_INVALID: outside the track (or not finite) */
enum lm_err player_loop(struct player *pl, bool enabled, double start, double end, struct problem *p);  /* start < end inside the track */
enum lm_err player_volume(struct player *pl, double db, struct problem *p);         /* -60..0 (-60 = silent); smoothed */
double player_get_volume(const struct player *pl);
void player_now(const struct player *pl, int64_t mono_ns, struct player_now *now);
void player_get_device(struct player *pl, struct player_device *d);
size_t player_list_devices(struct player *pl, struct player_device *out, size_t max);
/* Switch while running; the position goes on. "" keeps. */
enum lm_err player_set_device(struct player *pl, const char *device, struct problem *p);
