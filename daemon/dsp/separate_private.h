#pragma once
/* What separate.c (pieces, transforms, sums) and separate_model.c (what belongs to whom) share. */
#include <kiss_fftr.h>

#include "dsp/separate.h"

enum { SEPARATE_SIZE = 4096, SEPARATE_HOP = SEPARATE_SIZE / 4, SEPARATE_BINS = SEPARATE_SIZE / 2 + 1 };

/* The spectra of a piece and of what is around it. */
struct piece {
    double rate;
    int channels;
    size_t n;                           /* frames */
    size_t from, to;                    /* those that are wanted; the others are around them */
    kiss_fft_cpx *x;                    /* [n][channels][SEPARATE_BINS] */
};

static inline kiss_fft_cpx *piece_at(const struct piece *p, size_t frame, int channel)
{
    return p->x + (frame * (size_t)p->channels + (size_t)channel) * SEPARATE_BINS;
}

struct model;

struct model *model_new(double rate, int channels, size_t frames);      /* for pieces of at most so many frames; NULL: no memory */
void model_free(struct model *m);
/* Looks at a piece, then gives the spectra of drums, bass and vocals of its frames: y[part][channel]. */
enum lm_err model_look(struct model *m, const struct piece *p);
void model_part(struct model *m, const struct piece *p, size_t frame, kiss_fft_cpx *y[SEPARATE_OTHER][2]);
