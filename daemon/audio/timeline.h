#pragma once
/*
 * Where on the track are we? A run is what plays between two changes of the transport: it starts at the frame `anchor`, and v counts the
 * frames of the track since then, whatever loops it went through; at another rate than 1 more or fewer of them than are heard. Only this file turns v into a place on the track; sound (audio/stream) and
 * light (player_now) both ask here, so they cannot disagree.
 *
 * Pure: no clock, no lock.
 */
#include <stdbool.h>
#include <stdint.h>

struct run {
    uint64_t generation;            /* a number per run; old blocks of sound are told by it */
    uint64_t serial;                /* of player_load(); 0 nothing loaded */
    int64_t frames;                 /* of the track */
    int64_t segment_start, segment_end;
    int64_t anchor;                 /* frame where v = 0 */
    int64_t loop_start, loop_end;   /* half-open */
    int64_t base_ns;                /* on the clock: the instant where v = 0 */
    uint32_t jumps;                 /* before this run and at its start */
    bool loop, playing, on_clock;
    double rate;                    /* frames of the track for each that is heard, 0.5..2; 0 counts as 1 */
    bool keep_pitch;
};

struct place { double frame; uint32_t wraps; bool ended; };

/* Where v = 0 plays to when no loop holds it: the segment's end, or the track's when it starts behind the segment. */
int64_t run_end(const struct run *r);
bool run_loops(const struct run *r);
struct place run_place(const struct run *r, double v);
double run_rate(const struct run *r);
/* The first v >= from where the run comes by this frame of the track; -1: it does not. */
double run_when(const struct run *r, double frame, double from);
/* The track frame of v, and in *n how many frames follow it without a jump (0: the run is over). */
int64_t run_frame(const struct run *r, int64_t v, int64_t *n);
