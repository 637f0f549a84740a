#pragma once
/*
 * What plays now and what follows by itself: a few runs (audio/timeline.h) in a row, each beginning at a known frame of the one before it: a jump that waits for its
 * place, the next track, the same run on another clock. Sound (audio/feed) and light (player_now) both go along the same course.
 *
 * Pure: plain data without pointers.
 */
#include <stdbool.h>
#include <stdint.h>

#include "audio/timeline.h"

enum { COURSE_LEGS = 4 };

enum leg_kind { LEG_SAME, LEG_JUMP, LEG_NEXT };         /* how it comes from the one before: the same run goes on, a jump, the next track */

struct leg {
    struct run run;
    enum leg_kind kind;
    double join;                        /* the frame of the run before where this one's v is 0 */
    double fade, faded;                 /* frames that are heard while the one before fades away beneath; how many of them had passed at v = 0 */
    bool equal_power;                   /* else linear */
    float gain;                         /* linear, of the track */
};

struct course { int n, at; struct leg legs[COURSE_LEGS]; };     /* at: the one that plays, as far as is known; n = 0: none */

struct spot { int leg; double v; struct place place; };

/* Where v of a leg really is: in a later leg behind its join, in an earlier one before v = 0. */
struct spot course_spot(const struct course *c, int leg, double v);
/* The leg of this generation; -1: none. */
int course_find(const struct course *c, uint64_t generation);
/* Leg `at` begins anew at its frame v; the earlier one and those that follow stay where they are. */
void course_rebase(struct course *c, int64_t v);
/* `leg` plays now. Keeps one before it, for what is still on its way to the loudspeaker. Returns how many legs are dropped at the front. */
int course_advance(struct course *c, int leg);
