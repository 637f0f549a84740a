#include "dsp/onset.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/fft.h"

enum { SIZE = 2048, BINS = SIZE / 2 + 1, FILTERS = 140, LAG = 2, PER_OCTAVE = 12 };
enum { LOW_HZ = 30, HIGH_HZ = 16000 };

struct filter { int left, mid, right; int band; float scale; };

struct bank { struct filter f[FILTERS]; int n; int kick[2], snare[2]; };

static int band_of(double hz)
{
    static const double edge[ONSET_BANDS - 1] = { 130, 500, 2000, 6000 };
    int b = 0;

    while (b < ONSET_BANDS - 1 && hz >= edge[b])
        b++;
    return b;
}

/* Triangles between neighbours of the semitone scale that fall on different bins, each of area one. */
static void bank_init(struct bank *k, double rate)
{
    int at[FILTERS + 2] = { 0 }, n = 0;

    for (int i = -60; i < 80 && n < FILTERS + 2; i++) {
        double hz = 440 * pow(2, i / (double)PER_OCTAVE);
        int bin = (int)lround(hz * SIZE / rate);
        if (hz >= LOW_HZ * .9 && hz <= HIGH_HZ && bin < BINS && (!n || bin > at[n - 1]))
            at[n++] = bin;
    }
    k->n = n > 2 ? n - 2 : 0;
    for (int i = 0; i < k->n; i++) {
        struct filter *f = &k->f[i];
        *f = (struct filter){ at[i], at[i + 1], at[i + 2], band_of(at[i + 1] * rate / SIZE), 0 };
        float area = 0;
        for (int b = f->left; b < f->right; b++)
            area += b < f->mid ? (float)(b - f->left) / (float)(f->mid - f->left)
                               : 1 - (float)(b - f->mid) / (float)(f->right - f->mid);
        f->scale = 1 / area;
    }
    k->kick[0] = (int)ceil(30 * SIZE / rate), k->kick[1] = (int)ceil(110 * SIZE / rate);
    k->snare[0] = (int)ceil(900 * SIZE / rate), k->snare[1] = (int)ceil(5000 * SIZE / rate);
}

static void bank_run(const struct bank *k, const float *s, float *out)
{
    for (int i = 0; i < k->n; i++) {
        const struct filter *f = &k->f[i];
        float sum = 0;
        for (int b = f->left; b < f->mid; b++)
            sum += s[b] * (float)(b - f->left) / (float)(f->mid - f->left);
        for (int b = f->mid; b < f->right; b++)
            sum += s[b] * (1 - (float)(b - f->mid) / (float)(f->right - f->mid));
        out[i] = log10f(1 + 20 * sum * f->scale);
    }
}

static float range_sum(const float *s, const int range[2])
{
    float sum = 0;

    for (int b = range[0]; b < range[1]; b++)
        sum += s[b];
    return sum;
}

static enum lm_err onsets_init(struct onsets *o, size_t n)
{
    memset(o, 0, sizeof(*o));
    o->n = n;
    for (int b = 0; b < ONSET_BANDS; b++)
        o->band[b] = calloc(n + 1, sizeof(float));
    o->kick = calloc(n + 1, sizeof(float));
    o->snare = calloc(n + 1, sizeof(float));
    bool ok = o->kick && o->snare;
    for (int b = 0; b < ONSET_BANDS; b++)
        ok &= o->band[b] != NULL;
    return ok ? LM_OK : LM_NOMEM;
}

void onset_clear(struct onsets *o)
{
    for (int b = 0; b < ONSET_BANDS; b++)
        free(o->band[b]);
    free(o->kick);
    free(o->snare);
    memset(o, 0, sizeof(*o));
}

struct history { float log[LAG + 1][FILTERS]; float kick[LAG + 1], snare[LAG + 1]; };

static void flux(struct onsets *o, const struct bank *k, struct history *h, size_t t, const float *s)
{
    float sum[ONSET_BANDS] = { 0 };
    int count[ONSET_BANDS] = { 0 };
    float *now = h->log[t % (LAG + 1)];
    const float *old = h->log[(t + 1) % (LAG + 1)];     /* LAG frames ago */

    bank_run(k, s, now);
    for (int i = 0; i < k->n && t >= LAG; i++) {
        float max = old[i];
        if (i > 0)
            max = fmaxf(max, old[i - 1]);
        if (i + 1 < k->n)
            max = fmaxf(max, old[i + 1]);
        sum[k->f[i].band] += fmaxf(0, now[i] - max);
        count[k->f[i].band]++;
    }
    for (int b = 0; b < ONSET_BANDS; b++)
        o->band[b][t] = count[b] ? sum[b] / (float)count[b] : 0;
    float kick = range_sum(s, k->kick), snare = range_sum(s, k->snare);
    if (t >= LAG) {
        o->kick[t] = fmaxf(0, kick - h->kick[(t + 1) % (LAG + 1)]);
        o->snare[t] = fmaxf(0, snare - h->snare[(t + 1) % (LAG + 1)]);
    }
    h->kick[t % (LAG + 1)] = kick;
    h->snare[t % (LAG + 1)] = snare;
}

/* The mono mix around the middle of frame t; silence outside the recording. */
static void window_at(const float *frames, uint64_t n, int channels, double rate, size_t t, float out[SIZE])
{
    int64_t from = (int64_t)llround((double)t * rate / ONSET_RATE) - SIZE / 2;

    for (int i = 0; i < SIZE; i++) {
        int64_t at = from + i;
        float sum = 0;
        for (int c = 0; at >= 0 && at < (int64_t)n && c < channels; c++)
            sum += frames[at * channels + c];
        out[i] = sum / (float)channels;
    }
}

enum lm_err onset_find(const float *frames, uint64_t n, int channels, double rate, void (*progress)(double), struct onsets *o)
{
    struct bank bank;
    struct history *h = calloc(1, sizeof(*h));
    struct fft *fft = fft_new(SIZE, FFT_HANN);
    float *in = malloc(sizeof(float) * SIZE), *s = malloc(sizeof(float) * BINS);
    size_t count = (size_t)((double)n / rate * ONSET_RATE) + 1;
    double power = 0;
    enum lm_err err = onsets_init(o, count);

    if (!h || !fft || !in || !s)
        err = LM_NOMEM;
    if (err)
        goto out;
    bank_init(&bank, rate);
    for (size_t t = 0; t < count; t++) {
        window_at(frames, n, channels, rate, t, in);
        for (int i = SIZE / 2; i < SIZE / 2 + 8; i++)       /* a sample of the level is enough */
            power += (double)in[i] * in[i];
        fft_magnitude(fft, in, s);
        flux(o, &bank, h, t, s);
        if (progress && t % 1000 == 999)
            progress((double)t / (double)count);
    }
    o->rms = sqrt(power / 8 / (double)count);
out:
    if (err)
        onset_clear(o);
    fft_free(fft);
    free(h);
    free(in);
    free(s);
    return err;
}
