#pragma once
/*
 * Sound and time: one player with a transport. With a device its clock is the master (architecture.md "Time"); without one, or when it was lost or its clock
 * runs wild (rate guard), CLOCK_MONOTONIC drives the same transport: the show goes on.
 *
 * position = the instant of the track the audience hears now: frames the device has played minus its latency and that of the effects, interpolated between callbacks
 * on CLOCK_MONOTONIC. While a device is silent it goes on by itself, for at most 0.3 to 0.45 s; then the device is lost, and the clock goes on from there without a
 * jump. After a seek it is the new place at once, and goes on when that is heard. Loops, seeks, jumps and the next track are exact to the frame.
 *
 * THREADS  Control calls: any non-real-time thread (serialised inside); they return when the transport has taken the change over: within a period, where a change
 *          must not be heard within three of them and 10 ms, at once on the clock, and after 0.4 s of a device that does not answer. player_now(), player_meters():
 *          any thread, wait-free. The callback runs in the process of the device (audio/output.h); feeder and ticker live inside.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/transport.h"
#include "core/err.h"

struct player;
struct chain_settings;
struct meters_now;

enum { PLAYER_STEMS = 4 };
#define PLAYER_CROSSFADE_MAX 12.0       /* seconds */

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
    double rate;                    /* 0.5..2 */
    bool keep_pitch;                /* at another rate than 1 */
    enum transport_state state;
    double latency_ms;              /* of the device, measured/clamped 0..2000; 0 on the clock */
    uint64_t serial;                /* of player_load(); 0 nothing loaded */
    uint32_t jumps;                 /* counts seeks, loop wraps and loads: when it changes, position is not continuous */
    uint64_t next_serial;           /* of player_next(); 0: nothing follows */
    double crossfade;               /* seconds, into the next */
    bool has_pending;               /* a jump waits for its place: */
    double pending_at, pending_to;  /* seconds on the track */
};

struct player_track {
    const char *pcm_path;
    uint64_t serial;                /* != 0: the caller's name for it */
    double start, end;              /* seconds; end <= 0: to the end of the track */
    double gain_db;                 /* to CHAIN_LUFS, for the effect "loudness" (audio/chain.h); -60..60 */
};

struct player_device { char name[128], api[32]; bool active, lost, clock; double rate, latency_ms; uint64_t underruns, callbacks; };

enum lm_err player_new(const struct player_options *o, struct player **result);    /* never waits for a sound card: the device opens in the background */
void player_free(struct player *pl);                                                /* returns within 100 ms whatever PortAudio does */

/* Stops at its start (also when it is the same track). The file is mapped again. */
enum lm_err player_load(struct player *pl, const struct player_track *track, struct problem *p);
enum lm_err player_unload(struct player *pl);
enum lm_err player_play(struct player *pl, struct problem *p);      /* LM_CONFLICT: nothing loaded. At the end: from the start */
enum lm_err player_pause(struct player *pl);
/*
 * LM_INVALID: outside the track (or not finite). `at`: playing goes on until this place of the track and jumps at that very sample; NAN: at once.
 * A place just missed (by 0.25 s) is as good as now; one the track does not come by any more is LM_INVALID. While nothing plays `at` means nothing.
 * Another seek, a loop, a load take a waiting jump's place; play and pause do not.
 */
enum lm_err player_seek(struct player *pl, double seconds, double at, struct problem *p);
enum lm_err player_loop(struct player *pl, bool enabled, double start, double end, struct problem *p);  /* start < end inside the track */
/* What follows when the track (the segment) is over: without a missing or repeated frame, or over crossfade_s (0..12, as far as both tracks are long enough) of equal power.
 * NULL: nothing. The new track is the present one from the first frame of the crossfade on: now.serial becomes its, and `changed` is called. A loop holds it up. */
enum lm_err player_next(struct player *pl, const struct player_track *track, double crossfade_s, struct problem *p);
enum lm_err player_rate(struct player *pl, double rate, bool keep_pitch, struct problem *p);            /* LM_INVALID: outside 0.5..2. Stays over loads */
/*
 * Stems of the present track, to be heard in its place while a gain is not 1; linear gains 0..4. NULL paths: none. They go with the track. LM_INVALID: no stems of this track's length.
 * `is_next`: of the track that follows.
 */
enum lm_err player_set_stems(struct player *pl, bool is_next, const char *const paths[PLAYER_STEMS], const float gains[PLAYER_STEMS], struct problem *p);
/* The metronome. Beats (seconds on the present track, or the next; copied; NULL: keep those there are) go with the track, on and db stay. */
enum lm_err player_set_click(struct player *pl, bool on, double db, struct problem *p);
enum lm_err player_set_beats(struct player *pl, bool is_next, const double *beats, const bool *downbeats, size_t n, struct problem *p);
void player_set_chain(struct player *pl, const struct chain_settings *settings);
/* What goes out and what the input device brings (NULL: not wanted); false: neither was measured yet. */
bool player_meters(struct player *pl, struct meters_now *out, struct meters_now *in);
enum lm_err player_volume(struct player *pl, double db, struct problem *p);         /* -60..0 (-60 = silent); smoothed */
double player_get_volume(const struct player *pl);
void player_now(const struct player *pl, int64_t mono_ns, struct player_now *now);
void player_get_device(struct player *pl, struct player_device *d);
size_t player_list_devices(struct player *pl, struct player_device *out, size_t max);
/* For what has nothing to do with playing: the list of devices, an input to listen to. Lives as long as the player. */
struct output;
struct output *player_output(struct player *pl);
/* Switch while running; the position goes on. "" keeps. */
enum lm_err player_set_device(struct player *pl, const char *device, struct problem *p);
