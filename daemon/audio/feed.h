#pragma once
/*
 * The feeder: reads a course (audio/course.h) from its sounds and writes it into a stream, ahead of the callback. It makes the joins: where a leg begins it is
 * written behind the last frame of the one before, or over it with a crossfade (linear, or of equal power: sine and cosine).
 *
 * THREADS  One at a time; not real time: pages of tracks are read from disk here.
 * MEMORY   Sounds are counted: feed_begin() and feed_follow() take a count of each, and give those back that they no longer need.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "audio/course.h"
#include "audio/source.h"
#include "audio/stream.h"
#include "core/err.h"

/* A track that is open. Whoever changes gains or beats holds the feeder off. */
struct track_sound {
    atomic_int refs;
    struct sound sound;
    double *beats;                      /* owned; the sound's click points there */
    bool *downbeats;
    float gain;                         /* linear, for the effect "loudness" */
};

struct track_sound *track_sound_new(struct pcm *mix);           /* takes the file over, unless NULL: no memory */
struct track_sound *track_sound_ref(struct track_sound *t);     /* NULL is fine */
void track_sound_unref(struct track_sound *t);

struct feed {
    struct stream_writer w;
    struct course course;               /* leg `at` is being written */
    struct track_sound *sounds[COURSE_LEGS];
    struct source *sources[2];
    int live;                           /* the source of leg `at`; the other one's is the leg before, while it fades away */
    double v;                           /* the next frame of leg `at` */
    double faded;
    bool is_fading, joins, is_over;     /* joins: the next block is the first of a leg that follows another */
    int64_t ahead;                      /* frames that are written until the disk is asked for the next pages */
};

enum lm_err feed_init(struct feed *f);
void feed_clear(struct feed *f);
/* From v = 0 of leg `at` on; waits for the command that begins with it. sounds: of each leg. */
void feed_begin(struct feed *f, const struct course *c, struct track_sound *const sounds[COURSE_LEGS]);
/* What follows leg `leg` of f->course, which is not before f->course.at; as it is now said in c behind its leg `at`. */
void feed_follow(struct feed *f, int leg, const struct course *c, struct track_sound *const sounds[COURSE_LEGS]);
void feed_stop(struct feed *f);
/* Writes up to so many blocks; returns how many. 0: no room, or nothing to write. */
int feed_run(struct feed *f, int blocks);
