#pragma once
/*
 * What the files of the separation share: separate.c (pieces, transforms, sums), separate_look.c (what can be seen in a piece), separate_pitch.c (the line of the
 * bass and of the voice), separate_model.c (from what is seen to what belongs to whom), separate_weights.c (numbers).
 *
 * Both channels are looked at as their middle (L + R) / 2 and side (L - R) / 2. Bins are taken together the wider the higher they are: the bands.
 */
#include <kiss_fftr.h>
#include <stdbool.h>

#include "dsp/separate.h"

enum {
    SEPARATE_SIZE = 4096, SEPARATE_HOP = SEPARATE_SIZE / 4, SEPARATE_BINS = SEPARATE_SIZE / 2 + 1,
    /* single bins up to 3 kHz, then two, then four at a time */
    SEPARATE_SINGLE = 256, SEPARATE_PAIRS = 256, SEPARATE_FOURS = 320, SEPARATE_BANDS = SEPARATE_SINGLE + SEPARATE_PAIRS + SEPARATE_FOURS,
};

static inline int separate_first_bin(int band)          /* bin 2048, of which there is half a one, belongs to the last band */
{
    return band < SEPARATE_SINGLE ? band
         : band < SEPARATE_SINGLE + SEPARATE_PAIRS ? SEPARATE_SINGLE + 2 * (band - SEPARATE_SINGLE)
                                                   : SEPARATE_SINGLE + 2 * SEPARATE_PAIRS + 4 * (band - SEPARATE_SINGLE - SEPARATE_PAIRS);
}

static inline int separate_end_bin(int band)
{
    return band + 1 < SEPARATE_BANDS ? separate_first_bin(band + 1) : SEPARATE_BINS;
}

/* The spectra of a piece and of what is around it. */
struct piece {
    double rate;
    int channels;                       /* 1: the middle only */
    size_t n;                           /* frames */
    size_t from, to;                    /* those that are wanted; the others are around them */
    kiss_fft_cpx *x;                    /* [n][channels][SEPARATE_BINS]: middle, side */
};

static inline kiss_fft_cpx *piece_at(const struct piece *p, size_t frame, int channel)
{
    return p->x + (frame * (size_t)p->channels + (size_t)channel) * SEPARATE_BINS;
}

/* --- separate_look.c: planes of [n][SEPARATE_BANDS]. Levels are log2 of magnitudes. --- */

enum {
    LOOK_LEVEL,                         /* of both channels */
    LOOK_STEADY_SHORT, LOOK_STEADY, LOOK_STEADY_LONG,   /* medians of the level over some time: what lasts */
    LOOK_SPREAD, LOOK_SPREAD_WIDE,      /* medians over some bands: what is there at all frequencies at a time */
    LOOK_REPEATED,                      /* median of the level in the frames that resemble this one most */
    LOOK_SIDE,                          /* side against middle */
    LOOK_TIED,                          /* 0..1: how far side and middle are one signal (something that stands left or right) */
    LOOK_PLANES
};
enum { LOOK_HITS = 3 };                 /* low, middle, high: what begins there, and has just begun */

struct pitch { float hz, strength; };   /* 0: none */

struct look {
    size_t most;                        /* frames there is room for */
    float *plane[LOOK_PLANES];
    float *hits;                        /* [n][LOOK_HITS], 0..1 */
    float *usual;                       /* [SEPARATE_BANDS] mean level */
    struct pitch *bass, *voice;         /* [n] */
    float width;                        /* side against middle, of the whole piece */
    float *work;
};

bool look_init(struct look *l, size_t frames);
void look_clear(struct look *l);
enum lm_err look_at(struct look *l, const struct piece *p);

/* --- separate_pitch.c --- */

struct pitch_range { float low, high, top; int partials; };     /* Hz: of the pitch, and of the highest partial that is read */

/* The line of the strongest pitch in a plane of levels [n][SEPARATE_BANDS]. */
enum lm_err pitch_follow(const float *level, size_t n, double bin_hz, const struct pitch_range *range, struct pitch *out);

/* --- separate_model.c --- */

enum { MODEL_IN = 28, MODEL_HIDDEN = 20, MODEL_OUT = 2 * SEPARATE_PARTS };

struct model;

struct model *model_new(double rate, size_t frames);    /* for pieces of at most so many frames; NULL: no memory */
void model_free(struct model *m);
enum lm_err model_look(struct model *m, const struct piece *p);         /* before the frames of the piece */
void model_inputs(const struct model *m, size_t frame, int band, float in[MODEL_IN]);
/* The shares of the parts in a frame: share[channel][part][band], 0..1, 1 together. */
void model_shares(struct model *m, size_t frame, float share[2][SEPARATE_PARTS][SEPARATE_BANDS]);

/* --- separate_weights.c --- */

struct separate_weights {
    float in_scale[MODEL_IN], in_shift[MODEL_IN];
    float first[MODEL_HIDDEN][MODEL_IN], first_bias[MODEL_HIDDEN];
    float second[MODEL_HIDDEN][MODEL_HIDDEN], second_bias[MODEL_HIDDEN];
    float last[MODEL_OUT][MODEL_HIDDEN], last_bias[MODEL_OUT];
};
extern const struct separate_weights separate_weights;
