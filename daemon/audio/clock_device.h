#pragma once
/*
 * A device without hardware: while the show plays on the clock a thread renders what would be heard and throws it away, so that meters move. Positions do not come from
 * here, but from CLOCK_MONOTONIC itself, so it matters to nobody when it is late.
 *
 * THREADS  Any non-real-time one; clock_device_hold() to clock_device_go() is one caller's.
 */
#include <stdbool.h>

#include "core/err.h"

struct clock_device;
struct stream;

enum lm_err clock_device_new(struct clock_device **result);
void clock_device_free(struct clock_device *d);                 /* NULL is fine */
struct stream *clock_device_stream(struct clock_device *d);     /* the same for its whole life */
/* Nothing renders until clock_device_go(), and the stream is as new: for another plan. */
void clock_device_hold(struct clock_device *d);
/* Not playing: it renders until meters have come down, then its thread sleeps. */
void clock_device_go(struct clock_device *d, bool playing);
