#include "dsp/onset.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/spectrum.h"

enum { SIZE = 2048, BINS = SIZE / 2 + 1, FILTERS = 140, LAG = 2, PER_OCTAVE = 12 };
enum { LOW_HZ = 30, HIGH_HZ = 16000 };

static const double LEVEL = .12;            /* the RMS that recordings are brought to */
static const float STRENGTH = 10240;        /* of a sine of amplitude 1 under the logarithm: 20 times its sum of windowed samples */

struct filter { int left, right, band, tone; const float *weight; };

struct bank { struct filter f[FILTERS]; int n; int kick[2], snare[2]; float weights[2 * BINS + 2 * FILTERS]; };

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
    float *w = k->weights;

    for (int i = -60; i < 80 && n < FILTERS + 2; i++) {
        double hz = 440 * pow(2, i / (double)PER_OCTAVE);
        int bin = (int)lround(hz * SIZE / rate);
        if (hz >= LOW_HZ * .9 && hz <= HIGH_HZ && bin < BINS && (!n || bin > at[n - 1]))
            at[n++] = bin;
    }
    k->n = n > 2 ? n - 2 : 0;
    for (int i = 0; i < k->n; i++) {
        int left = at[i], mid = at[i + 1], right = at[i + 2];
        k->f[i] = (struct filter){ left, right, band_of(mid * rate / SIZE), i * ONSET_TONES / k->n, w };
        float area = 0;
        for (int b = left; b < right; b++)
            area += w[b - left] = b < mid ? (float)(b - left) / (float)(mid - left) : 1 - (float)(b - mid) / (float)(right - mid);
        for (int b = left; b < right; b++)
            *w++ *= STRENGTH / area;
    }
    k->kick[0] = (int)ceil(30 * SIZE / rate), k->kick[1] = (int)ceil(110 * SIZE / rate);
    k->snare[0] = (int)ceil(900 * SIZE / rate), k->snare[1] = (int)ceil(5000 * SIZE / rate);
}

static void bank_run(const struct bank *k, const float *s, float *out)
{
    for (int i = 0; i < k->n; i++) {
        const struct filter *f = &k->f[i];
        float sum = 1;
        for (int b = f->left; b < f->right; b++)
            sum += s[b] * f->weight[b - f->left];
        out[i] = log10f(sum);
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
    o->tone = calloc(n + 1, sizeof(*o->tone));
    bool ok = o->kick && o->snare && o->tone;
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
    free(o->tone);
    memset(o, 0, sizeof(*o));
}

struct ear {
    const float *frames;
    uint64_t n;
    int channels;
    double rate;
    float gain, in[SIZE], s[BINS];
    struct spectrum *spectrum;
    struct bank bank;
    float log[LAG + 1][FILTERS], kick[LAG + 1], snare[LAG + 1];
};

static void flux(struct onsets *o, struct ear *e, size_t t)
{
    const struct bank *k = &e->bank;
    float sum[ONSET_BANDS] = { 0 };
    int count[ONSET_BANDS] = { 0 }, tones[ONSET_TONES] = { 0 };
    size_t slot = t % (LAG + 1), then = (t + 1) % (LAG + 1);        /* LAG frames ago */
    float *now = e->log[slot];
    const float *old = e->log[then];

    bank_run(k, e->s, now);
    for (int i = 0; i < k->n; i++) {
        float max = old[i];
        if (i > 0)
            max = fmaxf(max, old[i - 1]);
        if (i + 1 < k->n)
            max = fmaxf(max, old[i + 1]);
        sum[k->f[i].band] += t >= LAG ? fmaxf(0, now[i] - max) : 0;
        count[k->f[i].band]++;
        o->tone[t][k->f[i].tone] += now[i];
        tones[k->f[i].tone]++;
    }
    for (int b = 0; b < ONSET_BANDS; b++)
        o->band[b][t] = count[b] ? sum[b] / (float)count[b] : 0;
    for (int b = 0; b < ONSET_TONES; b++)
        o->tone[t][b] /= (float)(tones[b] ? tones[b] : 1);
    e->kick[slot] = range_sum(e->s, k->kick);
    e->snare[slot] = range_sum(e->s, k->snare);
    if (t >= LAG) {
        o->kick[t] = fmaxf(0, e->kick[slot] - e->kick[then]);
        o->snare[t] = fmaxf(0, e->snare[slot] - e->snare[then]);
    }
}

static float mono(const struct ear *e, uint64_t at)
{
    const float *f = e->frames + at * (uint64_t)e->channels;
    float sum = e->channels == 2 ? (f[0] + f[1]) / 2 : f[0];

    return isfinite(sum) ? sum : 0;
}

/* The mono mix around the middle of frame t into a lane; silence outside the recording. */
static void put_window(struct ear *e, unsigned lane, size_t t)
{
    int64_t from = (int64_t)llround((double)t * e->rate / ONSET_RATE) - SIZE / 2;

    for (int i = 0; i < SIZE; i++) {
        int64_t at = from + i;
        e->in[i] = at >= 0 && at < (int64_t)e->n ? mono(e, (uint64_t)at) * e->gain : 0;
    }
    spectrum_put(e->spectrum, lane, e->in);
}

/* Of long recordings a part is enough, and spares reading the file twice. */
static double level(const struct ear *e)
{
    enum { PART = 512 };
    uint64_t step = e->n > (uint64_t)(20 * e->rate) ? 64 * PART : PART, count = 0;
    double power = 0;

    for (uint64_t from = 0; from < e->n; from += step)
        for (uint64_t at = from; at < from + PART && at < e->n; at += 3, count++) {
            double v = (double)mono(e, at);
            power += v * v;
        }
    return count ? sqrt(power / (double)count) : 0;
}

enum lm_err onset_find(const float *frames, uint64_t n, int channels, double rate, void (*progress)(double), struct onsets *o)
{
    struct ear *e = calloc(1, sizeof(*e));
    size_t count = (size_t)((double)n / rate * ONSET_RATE) + 1;
    enum lm_err err = onsets_init(o, count);

    if (err || !e || !(e->spectrum = spectrum_new(SIZE))) {
        err = LM_NOMEM;
        goto out;
    }
    e->frames = frames, e->n = n, e->channels = channels, e->rate = rate;
    o->rms = level(e);
    e->gain = (float)fmin(LEVEL / fmax(o->rms, 1e-9), 1000);
    bank_init(&e->bank, rate);
    for (size_t from = 0; from < count; from += SPECTRUM_LANES) {
        size_t lanes = count - from < SPECTRUM_LANES ? count - from : SPECTRUM_LANES;
        for (unsigned lane = 0; lane < lanes; lane++)
            put_window(e, lane, from + lane);
        spectrum_run(e->spectrum);
        for (unsigned lane = 0; lane < lanes; lane++) {
            spectrum_read(e->spectrum, lane, 0, BINS, e->s);
            flux(o, e, from + lane);
        }
        if (progress && from % 1000 < SPECTRUM_LANES)
            progress((double)from / (double)count);
    }
out:
    if (err)
        onset_clear(o);
    spectrum_free(e ? e->spectrum : NULL);
    free(e);
    return err;
}
