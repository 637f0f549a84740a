#pragma once
/* What player.c (the transport) and player_threads.c (feeder, ticker, devices) share. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "audio/output.h"
#include "audio/pcm.h"
#include "audio/player.h"
#include "audio/shared.h"
#include "audio/stream.h"
#include "audio/timeline.h"

enum {
    TICK_MS = 20,                       /* while playing: how late the end of the track may be announced */
    IDLE_MS = 100,                      /* with a device and nothing playing */
};

/* What player_now() reads. */
struct view {
    struct run run, before;
    int64_t join;                       /* >= 0: `before` plays on to its frame `join`, which is v = 0 of `run` */
};

struct player {
    struct player_options options;
    char device[128];
    struct output *output;
    struct stream *stream;              /* the output's */

    pthread_mutex_t control;            /* one change of the transport at a time; guards down to volume_db */
    struct view view;
    bool on_device, is_lost, is_refused;        /* refused: its clock ran wild; not tried again until asked for */
    int64_t window_ns, callback_ns;     /* start of the rate window; last new callback; 0 = no device seen yet */
    struct stream_counts window, seen;
    uint32_t jumps_told;
    double volume_db;

    pthread_mutex_t feed_lock;          /* inside control; held by the feeder while it copies */
    pthread_cond_t feed_wake;
    struct pcm pcm;
    struct run feed_run;                /* playing = false: nothing to feed */
    int64_t feed_v;

    pthread_mutex_t tick_lock;          /* innermost */
    pthread_cond_t tick_wake;
    bool has_news, must_look, is_stopping;
    int interval_ms;                    /* 0: until woken */

    pthread_t feeder, ticker;
    struct shared shared;               /* the view */
};

/* --- player.c; all but the first with `control` held --- */
void player_wake_ticker(struct player *pl, bool has_news);      /* has_news: something to tell the world */
struct place player_place(struct player *pl);                   /* at this instant */
struct run player_here(struct player *pl);                      /* the present run as one that would start here and now */
/*
 * Begins `r`. join >= 0: the present run sounds on to its frame `join` first. keep_place: a pause, which stops where the device has
 * got to rather than at r.anchor.
 */
void player_change(struct player *pl, struct run r, int64_t join, bool keep_place);
void player_leave_device(struct player *pl, bool is_lost, bool retry);      /* the show goes on on the clock */

/* --- player_threads.c --- */
enum lm_err player_start_threads(struct player *pl);
void player_stop_threads(struct player *pl);
