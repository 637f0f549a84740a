#include "analysis/waveform.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/crossover.h"

enum { LOW_HZ = 200, HIGH_HZ = 2000, STRETCH = 256 };

struct bucket { float min, max; double square[3]; };

struct waveform {
    struct crossover split;
    int channels;
    double rate;
    uint32_t frames_per_bucket;
    uint32_t filled;                    /* frames in the last bucket so far */
    uint64_t frames;
    float peak;
    struct bucket *buckets;
    size_t n, cap;
};

struct waveform *waveform_new(int channels, double rate, uint32_t frames_per_bucket)
{
    struct waveform *w = channels > 0 && frames_per_bucket ? calloc(1, sizeof(*w)) : NULL;

    if (!w)
        return NULL;
    w->channels = channels;
    w->rate = rate;
    w->frames_per_bucket = frames_per_bucket;
    crossover_init(&w->split, LOW_HZ, HIGH_HZ, rate);
    return w;
}

void waveform_free(struct waveform *w)
{
    if (w)
        free(w->buckets);
    free(w);
}

static struct bucket *bucket_open(struct waveform *w)
{
    if (w->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 4096;
        struct bucket *b = realloc(w->buckets, cap * sizeof(*b));
        if (!b)
            return NULL;
        w->buckets = b;
        w->cap = cap;
    }
    struct bucket *b = &w->buckets[w->n++];
    *b = (struct bucket){ .min = FLT_MAX, .max = -FLT_MAX };
    w->filled = 0;
    return b;
}

/* The mono mix; *peak is the loudest sample of any channel so far. */
static void mix(const float *frames, size_t n, int channels, float *mono, float *peak)
{
    float most = *peak;

    for (size_t i = 0; i < n * (size_t)channels; i++) {
        float v = fabsf(frames[i]);
        most = v > most ? v : most;
    }
    *peak = most;
    if (channels == 1)
        memcpy(mono, frames, n * sizeof(*mono));
    else if (channels == 2)
        for (size_t i = 0; i < n; i++)
            mono[i] = (frames[2 * i] + frames[2 * i + 1]) / 2;
    else
        for (size_t i = 0; i < n; i++, frames += channels) {
            mono[i] = 0;
            for (int c = 0; c < channels; c++)
                mono[i] += frames[c];
            mono[i] /= (float)channels;
        }
}

enum lm_err waveform_add(struct waveform *w, const float *frames, uint64_t n)
{
    float mono[STRETCH];

    for (uint64_t some; n; n -= some, frames += some * (uint64_t)w->channels) {
        struct bucket *b = w->n ? &w->buckets[w->n - 1] : NULL;
        if ((!b || w->filled == w->frames_per_bucket) && !(b = bucket_open(w)))
            return LM_NOMEM;
        some = w->frames_per_bucket - w->filled;
        some = some < STRETCH ? some : STRETCH;
        some = some < n ? some : n;
        mix(frames, (size_t)some, w->channels, mono, &w->peak);
        float min = b->min, max = b->max;
        for (size_t i = 0; i < some; i++) {
            min = mono[i] < min ? mono[i] : min;
            max = mono[i] > max ? mono[i] : max;
        }
        b->min = min, b->max = max;
        crossover_power(&w->split, mono, (size_t)some, b->square);
        w->filled += (uint32_t)some;
        w->frames += some;
    }
    return LM_OK;
}

static void put_u32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> 8 * i);
}

static void put_header(const struct waveform *w, unsigned char *at, uint32_t buckets,
                       uint32_t frames_per_bucket)
{
    uint32_t peak;

    memcpy(&peak, &w->peak, sizeof(peak));
    memcpy(at, "LMW1", 4);
    put_u32(at + 4, buckets);
    put_u32(at + 8, (uint32_t)w->rate);
    put_u32(at + 12, frames_per_bucket);
    put_u32(at + 16, (uint32_t)w->frames);
    put_u32(at + 20, (uint32_t)(w->frames >> 32));
    put_u32(at + 24, peak);
    put_u32(at + 28, 3);
}

static unsigned char to_i8(float v)
{
    float s = roundf(fmaxf(-1, fminf(1, v)) * 127);

    return (unsigned char)(signed char)s;
}

/* `merge` buckets become one; the mean square is over the frames that are really there. */
static void put_bucket(const struct waveform *w, unsigned char *at, size_t first, size_t merge)
{
    struct bucket sum = { .min = FLT_MAX, .max = -FLT_MAX };
    size_t end = first + merge < w->n ? first + merge : w->n;
    double frames = (double)(end - first) * w->frames_per_bucket;

    if (end == w->n)
        frames -= w->frames_per_bucket - w->filled;
    for (size_t i = first; i < end; i++) {
        sum.min = fminf(sum.min, w->buckets[i].min);
        sum.max = fmaxf(sum.max, w->buckets[i].max);
        for (int k = 0; k < 3; k++)
            sum.square[k] += w->buckets[i].square[k];
    }
    at[0] = to_i8(sum.min);
    at[1] = to_i8(sum.max);
    for (int k = 0; k < 3; k++) {
        double rms = fmin(1, sqrt(sum.square[k] / frames));
        at[2 + k] = (unsigned char)lround(255 * sqrt(rms));
    }
}

enum lm_err waveform_bytes(const struct waveform *w, size_t max_buckets, void **data,
                           size_t *size)
{
    size_t merge = max_buckets && w->n > max_buckets ? (w->n + max_buckets - 1) / max_buckets : 1;
    size_t n = (w->n + merge - 1) / merge;

    if (!w->n || merge > UINT32_MAX / w->frames_per_bucket || n > UINT32_MAX)
        return LM_INVALID;
    unsigned char *out = malloc(WAVEFORM_HEADER + n * WAVEFORM_BUCKET);
    if (!out)
        return LM_NOMEM;
    put_header(w, out, (uint32_t)n, (uint32_t)(merge * w->frames_per_bucket));
    for (size_t i = 0; i < n; i++)
        put_bucket(w, out + WAVEFORM_HEADER + i * WAVEFORM_BUCKET, i * merge, merge);
    *data = out;
    *size = WAVEFORM_HEADER + n * WAVEFORM_BUCKET;
    return LM_OK;
}

enum lm_err waveform_make(const float *frames, uint64_t n, int channels, double rate,
                          uint32_t frames_per_bucket, void **data, size_t *size)
{
    if (!n || channels < 1 || !frames_per_bucket)
        return LM_INVALID;
    struct waveform *w = waveform_new(channels, rate, frames_per_bucket);
    enum lm_err err = w ? waveform_add(w, frames, n) : LM_NOMEM;

    if (!err)
        err = waveform_bytes(w, 0, data, size);
    waveform_free(w);
    return err;
}
