#pragma once
/*
 * The way of the samples from the feeder to the callback of a device, and of its news back: one struct without pointers, so that it can lie in memory that two
 * processes share (a memfd). The sound card is played by a process of its own (workers/audio_worker), which may die or go mad; this side therefore
 * believes nothing that it reads here: it keeps what it needs to know of its own in a stream_writer, masks every index, and gives up reading what
 * changes under its eyes. What it gets is wrong then, but never out of bounds and never endless.
 *
 * - Blocks: one ring, in the order in which they are to be heard. Each belongs to a generation (a run, audio/timeline.h). The first block of a run that follows
 *   the one before without a gap is marked `joins`: the callback goes over to it by itself. Any other run waits for a command.
 * - Commands: one ring. COMMAND_CUT goes over to a generation as soon as a block of it is there, COMMAND_STOP to silence. Both drop all older blocks.
 * - A plan is what is written between two commands: it holds half of the blocks at most, so that the next one has room before the first is dropped.
 * - Snapshots (audio/shared.h) and counters.
 *
 * THREADS  stream_writer and stream_set_*(): one at a time, lumad's. The callback's end is audio/sink.h. The rest: any, wait-free.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;
struct chain_settings;
struct meters_now;

enum { STREAM_BLOCK = 256, STREAM_CHANNELS = 2, STREAM_RAMP = 240 /* frames: 5 ms */ };

struct stream_block {
    uint64_t generation;
    double v, step;                     /* frame of the run that the first one is; frames of the track for each that is heard */
    float track_gain;                   /* linear, for the effect "loudness" */
    uint32_t n;
    bool is_last;                       /* the run is over behind it, and nothing follows */
    bool joins;
    float data[STREAM_BLOCK * STREAM_CHANNELS];
};

enum stream_command_type { COMMAND_CUT, COMMAND_STOP };
enum stream_command_when {
    WHEN_DUE,                           /* at_ns: when it was asked for; heard one period later */
    WHEN_FRAME,                         /* at frame v of the run `of`; at once when that is over. Past it, as many frames of the new run are left out */
    WHEN_HEARD,                         /* the first frame shall leave the loudspeaker at at_ns; what is too late for that is left out */
};

struct stream_command {
    enum stream_command_type type;
    enum stream_command_when when;
    bool ramp;                          /* 5 ms from old to new; else from one frame to the next */
    uint64_t generation, of;
    int64_t at_ns;                      /* CLOCK_MONOTONIC */
    double v;
};

/* What the audience hears: frame `v` of the run `generation` leaves the loudspeaker at `at_ns`; nothing beyond v was handed over. */
struct heard {
    uint64_t generation;
    double v, step;
    int64_t at_ns, latency_ns;          /* of the device and the effects */
    uint64_t left;                      /* the run before, and its v when this one took over */
    double left_at;
};

/* --- the memory --- */
size_t stream_size(void);
void stream_init(struct stream *mem);                           /* on new memory of that size; touches all of it */
bool stream_is_valid(const struct stream *mem, size_t size);    /* made by a program that was built with this same layout */
/* As new, but for volume, effects and what was heard last: before a device starts, while no callback and no writer uses it. */
void stream_reset(struct stream *s);

/* --- lumad's end --- */
struct stream_writer { struct stream *s; uint64_t head, plan, commands; };

void stream_writer_init(struct stream_writer *w, struct stream *s);     /* after stream_reset(), or where the last writer stopped */
void stream_plan(struct stream_writer *w);                      /* what is written from here on waits for the next command */
struct stream_block *stream_block(struct stream_writer *w);     /* to be filled; NULL: no room now */
void stream_push(struct stream_writer *w);                      /* the block is filled */
uint32_t stream_ahead(const struct stream_writer *w);           /* blocks that the callback has not taken yet */
bool stream_command(struct stream_writer *w, const struct stream_command *c);   /* false: the callback takes none any more */
void stream_set_gain(struct stream *s, float gain);             /* 0..1, reached in about 20 ms */
void stream_set_chain(struct stream *s, const struct chain_settings *settings);
void stream_silence(struct stream *s);                          /* until stream_reset(): the device was given up */

/* --- news --- */
uint64_t stream_generation(const struct stream *s);             /* the run that the callback plays, or is silent for */
/* What was heard last. From memory gone mad: false, or numbers that are finite and within reason. */
bool stream_heard(const struct stream *s, struct heard *h);
bool stream_meters(const struct stream *s, struct meters_now *out, struct meters_now *in);      /* false: nothing measured yet; NULL: not wanted */
struct stream_counts {
    uint64_t callbacks, frames, underruns;
    uint32_t period;                    /* frames of the last callback, at most 65536 */
    int64_t latency_ns;                 /* of the device and the effects, 0..4 s */
};
void stream_counts(const struct stream *s, struct stream_counts *c);
