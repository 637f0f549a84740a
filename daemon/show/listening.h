#pragma once
/*
 * What is heard besides the track as it is: its stems louder, softer, muted or alone, a metronome on the beats of its grid, and the test sound that a
 * room is calibrated with. The inside; show.h has what api/ uses.
 *
 * Stems are files that must be decoded before they can be played, which takes seconds: what was asked for is kept and heard as soon as they are there. It
 * goes with the track: another one is heard as it is.
 *
 * LOCKS    `change` is held by whoever changes anything of this, outside all other locks of the show. `lock` is innermost and guards what answers
 *          are made of; both are needed to write that, either to read it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "show/show.h"

struct shared;

struct calibration {
    bool is_on;
    char group[UUID_SIZE];
    double interval;                    /* seconds */
    uint64_t serial;                    /* of its sound on the player */
    int fd;                             /* of that sound */
    int64_t until_ns;
    char client[UUID_SIZE], caller[CALLER_SIZE];        /* whose it is: ends with this socket, or else the last one of the caller. "": nobody's */
    int64_t gone_ns;                    /* since when there is none; 0: there is */
    struct {                            /* what was on before */
        char track[UUID_SIZE], next[UUID_SIZE];
        double position, start, end, loop_start, loop_end, rate, next_start, next_end, crossfade;
        bool loop, keep_pitch;
    } before;
};

struct listening {
    pthread_mutex_t change, lock;
    uint64_t serial;                    /* of the track on the player that this is about */
    char track[UUID_SIZE];
    struct shared *grid;                /* that the metronome has; a reference */
    uint64_t next_serial;               /* the same of the track that follows */
    struct shared *next_grid;
    atomic_bool must_look;              /* rows of stems changed; the exception from both locks */
    bool has_stems;                     /* all four are files here */
    bool are_on;                        /* the player has them */
    struct show_stem stem[SHOW_STEMS];
    double decoding;                    /* 0..1; < 0: they are not being decoded */
    char problem[200];                  /* why what was asked for last is not heard; "" */
    bool clicks;
    double click_db;
    struct calibration calibration;
};

void listening_init(struct listening *l);
void listening_clear(struct listening *l);              /* when nobody uses it any more */
void show_listening_look(struct show *s);               /* rows of stems changed */
/* Follows the track and its grid, what is decoded, and who calibrates. Control thread, several times a second and when something changed. */
void show_listening_tick(struct show *s);

/* --- calibration.c; `change` held --- */
void calibration_check(struct show *s);                 /* ends one that nobody wants any more */
json_t *calibration_json(const struct calibration *c);
void calibration_clear(struct calibration *c);
bool show_is_calibrating(struct show *s);               /* any thread */
bool show_is_put_aside(struct show *s, const char *track_id);           /* comes back after a calibration; any thread */
