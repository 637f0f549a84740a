#include "dsp/demucs.h"

#include <kiss_fftr.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEFT = DEMUCS_HOP / 2 * 3,                                          /* samples before the segment that the first frame reaches */
    PADDED = (DEMUCS_FRAMES - 1) * DEMUCS_HOP + DEMUCS_FFT,
    TILE = 16,                                                          /* frames written to a plane at a time: a cache line of each bin */
};

_Static_assert(PADDED >= LEFT + DEMUCS_SEGMENT, "the frames cover the segment");
_Static_assert(DEMUCS_FRAMES % TILE == 0, "whole tiles");

struct demucs_stft {
    kiss_fftr_cfg forward, inverse;
    float window[DEMUCS_FFT], frame[DEMUCS_FFT];
    float padded[PADDED];
    kiss_fft_cpx bins[TILE][DEMUCS_BINS + 1];
};

void demucs_stft_free(struct demucs_stft *f)
{
    if (!f)
        return;
    kiss_fftr_free(f->forward);
    kiss_fftr_free(f->inverse);
    free(f);
}

struct demucs_stft *demucs_stft_new(void)
{
    struct demucs_stft *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->forward = kiss_fftr_alloc(DEMUCS_FFT, 0, NULL, NULL);
    f->inverse = kiss_fftr_alloc(DEMUCS_FFT, 1, NULL, NULL);
    if (!f->forward || !f->inverse) {
        demucs_stft_free(f);
        return NULL;
    }
    for (int i = 0; i < DEMUCS_FFT; i++)
        f->window[i] = (float)(.5 - .5 * cos(2 * M_PI * i / DEMUCS_FFT));
    return f;
}

void demucs_spectrum(struct demucs_stft *f, const float *x, float *re, float *im)
{
    const float scale = 1 / sqrtf(DEMUCS_FFT);

    memcpy(f->padded + LEFT, x, DEMUCS_SEGMENT * sizeof(*x));
    for (int i = 1; i <= LEFT; i++)
        f->padded[LEFT - i] = x[i];
    for (int i = LEFT + DEMUCS_SEGMENT, k = DEMUCS_SEGMENT - 2; i < PADDED; i++, k--)
        f->padded[i] = x[k];
    for (int t = 0; t < DEMUCS_FRAMES; t += TILE) {
        for (int i = 0; i < TILE; i++) {
            const float *from = f->padded + (t + i) * DEMUCS_HOP;
            for (int k = 0; k < DEMUCS_FFT; k++)
                f->frame[k] = from[k] * f->window[k] * scale;
            kiss_fftr(f->forward, f->frame, f->bins[i]);
        }
        for (int b = 0; b < DEMUCS_BINS; b++)
            for (int i = 0; i < TILE; i++) {
                re[b * DEMUCS_FRAMES + t + i] = f->bins[i][b].r;
                im[b * DEMUCS_FRAMES + t + i] = f->bins[i][b].i;
            }
    }
}

void demucs_add_signal(struct demucs_stft *f, const float *re, const float *im, float *x)
{
    /* 1 / n of the inverse, sqrt(n) of the scale, and the squares of four windows a hop apart, which sum to 1.5. Frames outside of the segment are silent but count in
     * that sum: so does torch.istft when the spectrum was padded. */
    const float scale = sqrtf(DEMUCS_FFT) / DEMUCS_FFT / 1.5f;

    memset(f->padded, 0, sizeof(f->padded));
    for (int t = 0; t < DEMUCS_FRAMES; t += TILE) {
        for (int b = 0; b < DEMUCS_BINS; b++)
            for (int i = 0; i < TILE; i++)
                f->bins[i][b] = (kiss_fft_cpx){ re[b * DEMUCS_FRAMES + t + i], im[b * DEMUCS_FRAMES + t + i] };
        for (int i = 0; i < TILE; i++) {
            float *to = f->padded + (t + i) * DEMUCS_HOP;
            f->bins[i][DEMUCS_BINS] = (kiss_fft_cpx){ 0 };
            kiss_fftri(f->inverse, f->bins[i], f->frame);
            for (int k = 0; k < DEMUCS_FFT; k++)
                to[k] += f->frame[k] * f->window[k] * scale;
        }
    }
    for (int i = 0; i < DEMUCS_SEGMENT; i++)
        x[i] += f->padded[LEFT + i];
}

/* --- segments --- */

size_t demucs_segments(uint64_t frames)
{
    return (size_t)((frames + DEMUCS_STRIDE - 1) / DEMUCS_STRIDE);
}

struct demucs_segment demucs_segment(uint64_t frames, size_t k)
{
    uint64_t offset = (uint64_t)k * DEMUCS_STRIDE, left = frames - offset;
    size_t n = left < DEMUCS_SEGMENT ? (size_t)left : DEMUCS_SEGMENT;
    size_t skip = (DEMUCS_SEGMENT - n) / 2;

    return (struct demucs_segment){ .offset = offset, .n = n, .from = (int64_t)offset - (int64_t)skip, .skip = skip };
}

struct demucs_join {
    int channels;
    size_t done;                                        /* frames at the front of sum that were handed out */
    float fade[DEMUCS_SEGMENT], weight[DEMUCS_SEGMENT]; /* of a segment; summed */
    float sum[];                                        /* [channel][DEMUCS_SEGMENT] */
};

void demucs_join_free(struct demucs_join *j)
{
    free(j);
}

struct demucs_join *demucs_join_new(int channels)
{
    struct demucs_join *j = calloc(1, sizeof(*j) + (size_t)channels * DEMUCS_SEGMENT * sizeof(float));

    if (!j)
        return NULL;
    j->channels = channels;
    for (int i = 0; i < DEMUCS_SEGMENT; i++) {
        int up = i + 1, down = DEMUCS_SEGMENT - i;
        j->fade[i] = (float)(up < down ? up : down) / (DEMUCS_SEGMENT / 2);
    }
    return j;
}

static void move_on(float *x, size_t done)
{
    memmove(x, x + done, (DEMUCS_SEGMENT - done) * sizeof(*x));
    memset(x + DEMUCS_SEGMENT - done, 0, done * sizeof(*x));
}

size_t demucs_join_add(struct demucs_join *j, const struct demucs_segment *s, uint64_t frames, float *const x[], const float *out[])
{
    size_t done = s->offset + DEMUCS_STRIDE < frames ? DEMUCS_STRIDE : s->n;

    move_on(j->weight, j->done);
    for (size_t i = 0; i < s->n; i++)
        j->weight[i] += j->fade[i];
    for (int c = 0; c < j->channels; c++) {
        float *sum = j->sum + (size_t)c * DEMUCS_SEGMENT;
        const float *from = x[c] + s->skip;
        move_on(sum, j->done);
        for (size_t i = 0; i < s->n; i++)
            sum[i] += j->fade[i] * from[i];
        for (size_t i = 0; i < done; i++)
            sum[i] /= j->weight[i];
        out[c] = sum;
    }
    j->done = done;
    return done;
}
