#pragma once
/*
 * What the transport is doing, as one state machine with one transition function. Pure: player.c tells it what happened and does what the state says.
 *
 *   stopped    nothing plays: nothing loaded, paused, or over
 *   starting   play was asked for; the device has not taken it over yet
 *   playing
 *   pausing    pause was asked for; the device still plays
 *   seeking    playing; the device has not taken the jump over yet
 *   lost       playing on the clock, because the device that should be heard is gone
 *
 * On the clock a change is taken over at once, so that starting, pausing and seeking are passed through without being seen.
 */
#define TRANSPORT_STATES(X)                                                                       \
    X(STOPPED, "stopped")                                                                         \
    X(STARTING, "starting")                                                                       \
    X(PLAYING, "playing")                                                                         \
    X(PAUSING, "pausing")                                                                         \
    X(SEEKING, "seeking")                                                                         \
    X(LOST, "lost")

enum transport_state {
#define X(name, text) TRANSPORT_##name,
    TRANSPORT_STATES(X)
#undef X
    TRANSPORT_STATE_COUNT
};

enum transport_event {
    TRANSPORT_LOAD,                     /* another track, or none */
    TRANSPORT_PLAY,
    TRANSPORT_PAUSE,
    TRANSPORT_SEEK,
    TRANSPORT_TAKEN,                    /* the device or the clock has taken the last change over */
    TRANSPORT_END,                      /* of the track or the segment */
    TRANSPORT_LOSE,                     /* the device is gone */
    TRANSPORT_FIND,                     /* a device plays (again) */
    TRANSPORT_EVENT_COUNT
};

/* Every event is allowed in every state; one that means nothing there leaves the state as it is. */
enum transport_state transport_next(enum transport_state state, enum transport_event event);
const char *transport_text(enum transport_state state);         /* "playing" */
