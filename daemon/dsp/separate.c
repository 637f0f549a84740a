#include "dsp/separate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/dmath.h"
#include "dsp/separate_private.h"

enum {
    N = SEPARATE_SIZE, HOP = SEPARATE_HOP, BINS = SEPARATE_BINS,
    PIECE = 1280, AROUND = 192,         /* frames: 27 s and 4 s at 48 kHz */
    TELL = 256,                         /* frames between two words of progress, .3 s of a core */
};

struct work {
    const struct separate_io *io;
    kiss_fftr_cfg forth, back;
    float window[N];
    float *sound;                       /* interleaved, what the frames of a piece span */
    struct piece piece;
    struct model *model;
    float share[2][SEPARATE_PARTS][SEPARATE_BANDS];
    kiss_fft_cpx y[SEPARATE_BINS];
    float *sum[SEPARATE_PARTS];         /* interleaved; N frames that are not complete yet; of other: what is written */
    float *time;                        /* N */
};

static void work_free(struct work *w)
{
    if (!w)
        return;
    kiss_fftr_free(w->forth);
    kiss_fftr_free(w->back);
    free(w->sound);
    free(w->piece.x);
    model_free(w->model);
    for (int i = 0; i < SEPARATE_PARTS; i++)
        free(w->sum[i]);
    free(w->time);
    free(w);
}

static bool allocate(struct work *w, size_t most)
{
    bool ok = (w->forth = kiss_fftr_alloc(N, 0, NULL, NULL)) && (w->back = kiss_fftr_alloc(N, 1, NULL, NULL))
           && (w->sound = malloc((most * HOP + N) * 2 * sizeof(*w->sound)))
           && (w->piece.x = malloc(most * (size_t)w->piece.channels * BINS * sizeof(*w->piece.x)))
           && (w->model = model_new(w->io->rate, most)) && (w->time = malloc(N * sizeof(*w->time)));

    for (int i = 0; i < SEPARATE_PARTS && ok; i++)
        ok = (w->sum[i] = calloc(2 * N, sizeof(float)));
    return ok;
}

/* The root of a Hann window, in and out: four of them overlap to 2. */
static struct work *work_new(const struct separate_io *io, size_t most)
{
    struct work *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    w->io = io;
    w->piece.channels = io->channels == 1 ? 1 : 2;
    w->piece.rate = io->rate;
    if (!allocate(w, most)) {
        work_free(w);
        return NULL;
    }
    for (int i = 0; i < N; i++)
        w->window[i] = (float)sqrt(fmax(0, .5 - .5 * dsp_sin_turns((double)i / N + .25)));
    return w;
}

/* Frame t stands in the middle of the N samples that begin at (t - 3) * HOP: the first one that touches the recording is 0. */
static int64_t begin_of(int64_t frame)
{
    return (frame - 3) * HOP;
}

static enum lm_err transform(struct work *w, int64_t first)
{
    struct piece *p = &w->piece;
    enum lm_err err = w->io->read(w->io->ctx, begin_of(first), p->n * HOP + (N - HOP), w->sound);

    for (size_t t = 0; t < p->n && !err; t++)
        for (int c = 0; c < p->channels; c++) {
            const float *x = w->sound + 2 * t * HOP, sign = c ? -.5f : .5f;
            for (int i = 0; i < N; i++)
                w->time[i] = (.5f * x[2 * i] + sign * x[2 * i + 1]) * w->window[i];
            kiss_fftr(w->forth, w->time, piece_at(p, t, c));
        }
    return err;
}

/* The share of a part in a frame, back in time: left is middle + side, right middle - side. */
static void add(struct work *w, size_t frame, int part, int channel)
{
    const kiss_fft_cpx *x = piece_at(&w->piece, frame, channel);
    const float *share = w->share[channel][part];
    float *sum = w->sum[part], sign = channel ? -1 : 1;

    for (int b = 0; b < SEPARATE_BANDS; b++)
        for (int k = separate_first_bin(b); k < separate_end_bin(b); k++)
            w->y[k] = (kiss_fft_cpx){ x[k].r * share[b], x[k].i * share[b] };
    kiss_fftri(w->back, w->y, w->time);
    for (int i = 0; i < N; i++) {
        float v = w->time[i] * w->window[i] * (.5f / N);
        sum[2 * i] += v;
        sum[2 * i + 1] += sign * v;
    }
}

/* The oldest HOP samples have all their frames: other is what the recording has more than the three parts. */
static enum lm_err give(struct work *w, size_t frame, size_t n)
{
    const float *mix = w->sound + 2 * frame * HOP;
    const float *part[SEPARATE_PARTS];
    enum lm_err err = LM_OK;

    for (int k = 0; k < 2 * HOP; k++)
        w->sum[SEPARATE_OTHER][k] = mix[k] - w->sum[SEPARATE_DRUMS][k] - w->sum[SEPARATE_BASS][k] - w->sum[SEPARATE_VOCALS][k];
    for (int i = 0; i < SEPARATE_PARTS; i++)
        part[i] = w->sum[i];
    if (n)
        err = w->io->write(w->io->ctx, part, n);
    for (int i = 0; i < SEPARATE_OTHER; i++) {
        memmove(w->sum[i], w->sum[i] + 2 * HOP, 2 * (N - HOP) * sizeof(float));
        memset(w->sum[i] + 2 * (N - HOP), 0, 2 * HOP * sizeof(float));
    }
    return err;
}

/* The frames of a piece that are wanted, each with the samples that are complete with it. */
static enum lm_err part_piece(struct work *w, int64_t first, int64_t all)
{
    struct piece *p = &w->piece;
    enum lm_err err = model_look(w->model, p);

    for (size_t t = p->from; t < p->to && !err; t++) {
        int64_t begin = begin_of(first + (int64_t)t), left = (int64_t)w->io->frames - begin;
        model_shares(w->model, t, w->share);
        for (int i = 0; i < SEPARATE_OTHER; i++)
            for (int c = 0; c < p->channels; c++)
                add(w, t, i, c);
        err = give(w, t, begin < 0 ? 0 : left < HOP ? (size_t)left : HOP);
        if (w->io->progress && t % TELL == 0)
            w->io->progress(w->io->ctx, (double)(first + (int64_t)t) / (double)all);
    }
    return err;
}

enum lm_err separate(const struct separate_io *io)
{
    int64_t all = (int64_t)(io->frames + HOP - 1) / HOP + 3;    /* frames that touch the recording */
    size_t most = (size_t)(all < PIECE + 2 * AROUND ? all : PIECE + 2 * AROUND);
    struct work *w = io->frames ? work_new(io, most) : NULL;
    enum lm_err err = io->frames && !w ? LM_NOMEM : LM_OK;

    for (int64_t at = 0; io->frames && at < all && !err; at += PIECE) {
        int64_t first = at < AROUND ? 0 : at - AROUND, end = at + PIECE < all ? at + PIECE : all;
        int64_t last = end + AROUND < all ? end + AROUND : all;
        w->piece.n = (size_t)(last - first);
        w->piece.from = (size_t)(at - first);
        w->piece.to = (size_t)(end - first);
        if (!(err = transform(w, first)))
            err = part_piece(w, first, all);
        if (io->progress)
            io->progress(io->ctx, (double)end / (double)all);
    }
    work_free(w);
    return err;
}
