#include "dsp/harmony.h"

#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/fft.h"
#include "dsp/order.h"

enum {
    DOWN = 4, TAPS = 64,                /* to 12 kHz */
    SIZE = 4096, HOP = 512, BINS = SIZE / 2 + 1,
    PER_NOTE = 3, PITCHES = HARMONY_NOTES * PER_NOTE,
    HALF = ORDER_SMALL / 2,
    AROUND = 12 * PER_NOTE + 1,         /* an octave */
    PROBES = 64,                        /* frames that decide the tuning */
};

struct pitch { int low, high; float weight[160]; };

struct tool {
    const float *frames;
    uint64_t count;
    int channels;
    double rate;                        /* after the decimation */
    float taps[TAPS], in[SIZE];
    struct fft *fft;
    int used;                           /* bins that any pitch needs */
    struct pitch pitch[PITCHES];
    float ring[ORDER_SMALL][BINS];      /* the newest spectra, by frame number */
    struct order_small over_time[BINS];
    double tuning;                      /* in thirds of a semitone */
};

static void design_taps(struct tool *k)
{
    double sum = 0, cut = .9 / DOWN;

    for (int i = 0; i < TAPS; i++) {
        double x = i - (TAPS - 1) / 2., y = M_PI * cut * x;
        double v = (y == 0 ? 1 : sin(y) / y) * (.54 - .46 * cos(2 * M_PI * i / (TAPS - 1)));
        k->taps[i] = (float)v;
        sum += v;
    }
    for (int i = 0; i < TAPS; i++)
        k->taps[i] /= (float)sum;
}

/* Triangles around each third of a semitone, as wide as the spectrum can tell apart. */
static void design_pitches(struct tool *k)
{
    double hz_per_bin = k->rate / SIZE;

    for (int i = 0; i < PITCHES; i++) {
        struct pitch *p = &k->pitch[i];
        double note = HARMONY_LOWEST + i / (double)PER_NOTE, hz = 440 * exp2((note - 69) / 12);
        double width = fmax(1. / PER_NOTE, 12 * log2(1 + hz_per_bin / hz) * .75);
        p->low = (int)ceil(hz * exp2(-width / 12) / hz_per_bin);
        p->high = (int)floor(hz * exp2(width / 12) / hz_per_bin);
        p->low = p->low > 1 ? p->low : 1;
        p->high = p->high < BINS - 1 ? p->high : BINS - 1;
        for (int b = p->low; b <= p->high && b - p->low < 160; b++)
            p->weight[b - p->low] = (float)fmax(0, 1 - fabs(69 + 12 * log2(b * hz_per_bin / 440) - note) / width);
        if (p->high >= k->used)
            k->used = p->high + 1;
    }
    k->used = k->used + HALF < BINS ? k->used + HALF : BINS;
}

static float mono_at(const struct tool *k, int64_t at)
{
    float sum = 0;

    if (at < 0 || at >= (int64_t)k->count)
        return 0;
    for (int c = 0; c < k->channels; c++)
        sum += k->frames[at * k->channels + c];
    return sum / (float)k->channels;
}

/* Sample i of the decimated recording. */
static float low_at(const struct tool *k, int64_t i)
{
    float sum = 0;
    int64_t at = i * DOWN - TAPS / 2;

    if (at + TAPS <= 0 || at >= (int64_t)k->count)
        return 0;
    for (int t = 0; t < TAPS; t++)
        sum += k->taps[t] * mono_at(k, at + t);
    return sum;
}

/* Frames must come in order, or `fresh`: what two neighbours share is not filtered again. */
static void spectrum(struct tool *k, int64_t frame, bool fresh, float *out)
{
    int64_t from = frame * HOP - SIZE / 2;
    int keep = fresh ? 0 : SIZE - HOP;

    memmove(k->in, k->in + SIZE - keep, (size_t)keep * sizeof(*k->in));
    for (int i = keep; i < SIZE; i++)
        k->in[i] = low_at(k, from + i);
    fft_magnitude(k->fft, k->in, out);
}

static void pitches(const struct tool *k, const float *s, float *out)
{
    for (int i = 0; i < PITCHES; i++) {
        const struct pitch *p = &k->pitch[i];
        float sum = 0;
        for (int b = p->low; b <= p->high && b - p->low < 160; b++)
            sum += s[b] * p->weight[b - p->low];
        out[i] = sum;
    }
}

/* Where within the semitone do the notes lie? The phase of the three-bin cycle, over frames from all over the recording. */
static void find_tuning(struct tool *k, int64_t frames)
{
    double complex sum = 0;
    float s[BINS], p[PITCHES];

    for (int i = 0; i < PROBES; i++) {
        spectrum(k, frames * i / PROBES, true, s);
        pitches(k, s, p);
        for (int b = 0; b < PITCHES; b++)
            sum += p[b] * cexp(2 * M_PI * I * b / PER_NOTE);
    }
    k->tuning = carg(sum) / (2 * M_PI) * PER_NOTE;
}

/* The spectrum HALF frames back, without what has no duration. */
static void keep_harmonic(const struct tool *k, int64_t frame, float *out)
{
    const float *s = k->ring[frame % ORDER_SMALL];
    struct order_small over_pitch;

    order_small_init(&over_pitch, s[0]);
    for (int b = 0; b < HALF; b++)
        order_small_swap(&over_pitch, s[0], s[b + 1 < BINS ? b + 1 : b]);
    for (int b = 0; b < k->used; b++) {
        float h = order_small_median(&k->over_time[b]), p = order_small_median(&over_pitch);
        out[b] = s[b] * h * h / (h * h + p * p + 1e-9f);
        int leave = b > HALF ? b - HALF : 0, enter = b + HALF + 1;
        order_small_swap(&over_pitch, s[leave], s[enter < BINS ? enter : BINS - 1]);
    }
}

/* Shifts by the tuning, then what stands out of its octave, over the power .3 of how much things vary there. */
static void flatten(const struct tool *k, const float *p, struct harmony *out)
{
    float tuned[PITCHES], mean[PITCHES], square[PITCHES];

    for (int i = 0; i < PITCHES; i++) {
        double at = fmax(0, fmin(PITCHES - 1, i + k->tuning));
        int b = (int)at;
        float part = (float)(at - b);
        tuned[i] = b + 1 < PITCHES ? p[b] * (1 - part) + p[b + 1] * part : p[b];
    }
    order_mean(tuned, PITCHES, AROUND, mean);
    for (int i = 0; i < PITCHES; i++)
        square[i] = (tuned[i] - mean[i]) * (tuned[i] - mean[i]);
    float spread[PITCHES];
    order_mean(square, PITCHES, AROUND, spread);
    for (int i = 0; i < PITCHES; i++)
        if (tuned[i] > mean[i])
            out->note[i / PER_NOTE] += (tuned[i] - mean[i]) / powf(sqrtf(fmaxf(0, spread[i])) + 1e-6f, .3f);
    out->frames++;
}

static void run(struct tool *k, int64_t frames, const double *edge, size_t n, void (*progress)(double), struct harmony *out)
{
    float s[BINS], p[PITCHES];
    size_t span = 0;

    /* Frame f is judged when f + HALF has come in; before the first frame there is silence, behind the last it goes on. */
    for (int64_t f = 0; f < frames + HALF; f++) {
        float *slot = k->ring[f % ORDER_SMALL];
        if (f < frames)
            spectrum(k, f, f == 0, s);
        for (int b = 0; b < k->used; b++)
            order_small_swap(&k->over_time[b], slot[b], s[b]);
        memcpy(slot, s, sizeof(s));
        int64_t middle = f - HALF;
        if (middle < 0)
            continue;
        double at = (double)middle * HOP / k->rate;
        while (span < n && at >= edge[span + 1])
            span++;
        if (span < n && at >= edge[span]) {
            float h[BINS];
            keep_harmonic(k, middle, h);
            pitches(k, h, p);
            flatten(k, p, &out[span]);
        }
        if (progress && middle % 500 == 499)
            progress((double)middle / (double)frames);
    }
}

enum lm_err harmony_find(const float *frames, uint64_t count, int channels, double rate, const double *edge, size_t n,
                         void (*progress)(double), struct harmony *out)
{
    struct tool *k = calloc(1, sizeof(*k));
    enum lm_err err = LM_OK;

    memset(out, 0, n * sizeof(*out));
    if (!k)
        return LM_NOMEM;
    *k = (struct tool){ .frames = frames, .count = count, .channels = channels, .rate = rate / DOWN };
    if ((k->fft = fft_new(SIZE, FFT_BLACKMAN))) {
        int64_t spectra = (int64_t)(count / (DOWN * HOP)) + 1;
        design_taps(k);
        design_pitches(k);
        find_tuning(k, spectra);
        run(k, spectra, edge, n, progress, out);
    } else {
        err = LM_NOMEM;
    }
    fft_free(k->fft);
    free(k);
    return err;
}
