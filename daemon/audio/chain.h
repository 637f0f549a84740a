#pragma once
/*
 * The effects between the player and the sound card, in the order of the settings. Run by the callback (audio/sink.h), set by control through shared memory.
 *
 * What is wanted is plain data (struct chain_settings). When only parameters change, the effects get there along their own ramps (dsp/fx.h). When effects come, go,
 * change places or have another latency, a second line of them is made from what the first one remembers, runs along for as long as it needs
 * to fill, and is faded over to: nothing clicks. A chain that is off, empty or has everything bypassed passes samples on bit for bit, and is not late.
 *
 * The table effect_types[] says what there is; checks, JSON, GET /audio-effects, the reference and the web UI come from it.
 *
 * THREADS  chain_init() to chain_latency(): one at a time, the callback's; nothing is allocated, real-time safe. The rest: any.
 * MEMORY   struct chain is plain data without pointers, half a megabyte: on the heap, not on a small stack.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "dsp/fx_compressor.h"
#include "dsp/fx_filter.h"
#include "dsp/fx_gain.h"
#include "dsp/fx_limiter.h"

enum { CHAIN_EFFECTS = 16, CHAIN_PARAMS = 6 };

enum effect_type {
    EFFECT_GAIN, EFFECT_LOW_SHELF, EFFECT_HIGH_SHELF, EFFECT_PARAMETRIC, EFFECT_HIGH_PASS, EFFECT_LOW_PASS, EFFECT_COMPRESSOR, EFFECT_LOUDNESS,
    EFFECT_LIMITER, EFFECT_TYPES
};

struct effect_param {
    const char *id, *label, *unit, *doc;
    double min, max, def, step;                         /* step: what a control moves by */
    bool is_stepped;                                    /* values between the steps mean nothing */
};
struct effect_info {
    const char *id, *label, *doc;
    struct effect_param params[CHAIN_PARAMS];           /* those with an id */
};
extern const struct effect_info effect_types[EFFECT_TYPES];

void effects_print_md(FILE *f);         /* the reference page */

/* Where the parameters stand in the table. */
enum {
    GAIN_DB = 0,
    FILTER_HZ = 0, FILTER_GAIN_DB, FILTER_Q, FILTER_SLOPE_DB = 1,
    COMPRESSOR_THRESHOLD_DB = 0, COMPRESSOR_RATIO, COMPRESSOR_KNEE_DB, COMPRESSOR_ATTACK_MS, COMPRESSOR_RELEASE_MS, COMPRESSOR_MAKEUP_DB,
    LOUDNESS_TARGET_LUFS = 0,
    LIMITER_CEILING_DB = 0, LIMITER_RELEASE_MS, LIMITER_LOOK_AHEAD_MS,
};

/* params in the order of effect_types[type].params. Whatever stands in here is harmless: chain_set() holds it in its bounds. */
struct chain_effect { uint8_t type; bool is_bypassed; float params[CHAIN_PARAMS]; };
struct chain_settings { bool is_enabled; uint8_t n; struct chain_effect effects[CHAIN_EFFECTS]; };
_Static_assert(sizeof(struct chain_settings) <= 1024, "settings travel in a struct shared");

struct chain_effect effect_default(enum effect_type type);
/* Where no chain was made: loudness (-14 LUFS), limiter (-1 dBTP). */
void chain_default(struct chain_settings *s);
/* The same, with everything held in its bounds, what is no number at its default, and 0 where nothing means anything: may be compared with memcmp(). */
void chain_settings_clean(const struct chain_settings *s, struct chain_settings *clean);
/* By how many frames at 48 kHz the output is late. */
uint32_t chain_latency_frames(const struct chain_settings *s);

/* What the effect "loudness" takes a track's gain to be for: player_track.gain_db is to this many LUFS, and the effect adds what its target is above. */
#define CHAIN_LUFS (-14.0)

struct chain_fx {
    struct chain_effect wanted;
    union {
        struct fx_gain gain;            /* also loudness */
        struct fx_filter filter;
        struct fx_compressor compressor;
        struct fx_limiter limiter;
    } is;
};
/* Effects that are not bypassed. */
struct chain_line { uint32_t n, latency; struct chain_fx fx[CHAIN_EFFECTS]; };

struct chain {
    double rate;
    struct chain_settings wanted;       /* of the newest line */
    struct chain_settings next;         /* what came while two lines were running and needs a third */
    struct chain_line line[2];
    uint32_t live;                      /* the line that sounds, or is being left */
    uint32_t filling, fading;           /* frames left of both; 0: one line */
    bool has_next, has_run;
    double track_gain;
    uint64_t resets;                    /* how often an effect had to be set back because it held something that is no number */
};

void chain_init(struct chain *c, double rate);          /* off; rate 8000 .. 192000 */
/* Before the first chain_run() it holds at once. The same again costs a comparison. */
void chain_set(struct chain *c, const struct chain_settings *s);
/* In place; n of any size. track_gain: linear; a change is reached over FX_RAMP, but from the first frame on before the first run. */
void chain_run(struct chain *c, float *stereo, uint32_t n, float track_gain);
/* By how many frames what comes out now is late; while one line is faded into another, that of the coming one. */
uint32_t chain_latency(const struct chain *c);
/* Forgets what was heard, as if nothing had run: before a device starts again. */
void chain_reset(struct chain *c);
