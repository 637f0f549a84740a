#pragma once
/*
 * What the files of the player share: player.c (life, loading, where we are), player_plan.c (how a change begins), player_transport.c (what may be asked for),
 * player_threads.c (feeder, ticker), player_device.c.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "audio/clock_device.h"
#include "audio/course.h"
#include "audio/feed.h"
#include "audio/output.h"
#include "audio/player.h"
#include "audio/shared.h"
#include "audio/stream.h"

enum {
    TICK_MS = 20,                       /* while playing: how late the end of the track may be announced */
    IDLE_MS = 100,                      /* with a device and nothing playing */
    LOST_MS = 300, LOST_MAX_MS = 450,   /* no callback for so long, or 8 periods: the device is lost. Until then the position goes on by itself */
};

/* What player_now() reads. Leg `at` of the course is the present run; a later one is where the position already says so. n is never 0. */
struct view {
    struct course course;
    enum transport_state state;
    uint64_t next_serial;
    double crossfade;                   /* seconds */
    bool has_pending;
    double pending_at, pending_to;      /* frames */
};

/* A wish for the time after the present run: kept until it comes true, whatever happens to the course meanwhile. */
struct following {
    struct track_sound *sound;          /* NULL: none */
    struct run run;                     /* not begun */
    double crossfade;                   /* frames that are heard */
};

struct player {
    struct player_options options;
    char device[128];
    struct output *output;
    struct stream *card;                /* the output's */
    struct clock_device *clock;

    pthread_mutex_t control;            /* one change of the transport at a time; guards down to click_gain */
    struct view view;
    struct track_sound *sounds[COURSE_LEGS];    /* of the view's legs */
    struct following next;
    uint64_t generations;
    double rate;
    bool keep_pitch;
    bool on_device, is_lost, is_refused;        /* refused: its clock ran wild; not tried again until asked for */
    int64_t window_ns, callback_ns;     /* start of the rate window; last new callback; 0 = no device seen yet */
    struct stream_counts window, seen;
    uint64_t first_callbacks;           /* when the device was seen first */
    uint32_t jumps_told;
    double volume_db;
    bool click_on;
    float click_gain;

    pthread_mutex_t feed_lock;          /* inside control; held by the feeder while it copies; also guards what sounds hold */
    pthread_cond_t feed_wake;
    struct feed feed;
    bool is_feeding;

    pthread_mutex_t tick_lock;          /* innermost */
    pthread_cond_t tick_wake;
    bool has_news, must_look, is_stopping;
    int interval_ms;                    /* 0: until woken */

    pthread_t feeder, ticker;
    struct shared shared;               /* the view */
};

/* How a change begins. */
struct plan {
    struct course course;               /* leg 0 begins with the command; the others follow by themselves */
    struct track_sound *sounds[COURSE_LEGS];    /* borrowed */
    bool has_before;                    /* the leg that sounds until then, and leg 0's join is a frame of it */
    struct leg before;
    struct track_sound *before_sound;
    bool has_fading;                    /* the leg that still fades away beneath leg 0, at frame fading_at of it */
    struct leg fading;
    struct track_sound *fading_sound;
    double fading_at;
    struct stream_command command;
};

/* --- player.c; with `control` held --- */
struct spot player_spot_at(struct player *pl, int64_t mono_ns);
void player_publish(struct player *pl);                         /* the view, and wakes the ticker */
void player_wake_ticker(struct player *pl, bool has_news);      /* has_news: something to tell the world. Any lock but tick_lock may be held */

/* --- player_plan.c; with `control` held --- */
void player_tell(struct player *pl, enum transport_event e);
struct stream_command player_command(bool ramp, int64_t asked_ns);      /* WHEN_DUE */
struct leg player_here(struct player *pl, struct track_sound **sound);  /* the present run as one that would begin here and now */
/* Legs that have begun by now become the present; *news: whether there were. */
void player_promote(struct player *pl, bool *news);
/*
 * Begins what the plan says, its leg 0 as the present run. Returns when the device has taken it over (or is given up), on the clock at once.
 * keep_place: a pause, which is where the device has got to rather than at the plan's anchor.
 */
void player_begin(struct player *pl, struct plan *plan, bool keep_place);
/* What is wished for behind the plan's leg 0, from its frame `from` on. */
void player_add_following(struct player *pl, struct plan *plan, double from);
/* The present run goes on a little differently, from a place that has not been handed over yet. edit may be NULL; ramp: it sounds differently from there on. */
void player_replan(struct player *pl, void (*edit)(struct leg *leg, const void *arg), const void *arg, bool ramp);
/* What follows has changed. */
void player_refollow(struct player *pl);
/* The frame of the present run (its leg: *leg) that is not handed over until a command gets there; -1: the run is over by then. On a device that plays. */
double player_lead(struct player *pl, int *leg);
/* The leg as it is from its frame v on, as the plan's leg 0, with what still fades away beneath it. */
void player_continue(struct player *pl, int leg, double v, struct plan *plan);
bool player_plays(const struct player *pl);

/* --- player_threads.c --- */
enum lm_err player_start_threads(struct player *pl);
void player_stop_threads(struct player *pl);

/* --- player_device.c; with `control` held --- */
void player_watch_device(struct player *pl, int64_t now_ns);
void player_leave_device(struct player *pl, bool is_lost, bool retry);      /* the show goes on on the clock */
