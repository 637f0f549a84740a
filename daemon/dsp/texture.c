#include "dsp/texture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/spectrum.h"

enum { SIZE = 4096, BINS = SIZE / 2 + 1, NOWHERE = -1 };

static const float SILENT = 1e-5f;      /* sum of magnitudes: a centroid of less is of rounding */
static const float edges[TEXTURE_BANDS + 1] = { 25, 60, 100, 150, 220, 320, 450, 630, 900, 1270, 1800, 2550, 3600, 5100, 7200, 10200, 16000 };
static const double LOWEST_NOTE = 110, HIGHEST_NOTE = 2100;     /* below a semitone is narrower than a bin, above are overtones */

struct tool {
    struct spectrum *spectrum;
    double hz_per_bin;
    int band[TEXTURE_BANDS + 1];
    signed char pitch[BINS];            /* NOWHERE: none */
    float s[SPECTRUM_LANES][BINS];
};

static void tables_init(struct tool *k, double rate)
{
    k->hz_per_bin = rate / SIZE;
    for (int b = 0; b <= TEXTURE_BANDS; b++) {
        int bin = (int)ceil((double)edges[b] / k->hz_per_bin);
        k->band[b] = bin < BINS ? bin : BINS;
    }
    for (int i = 0; i < BINS; i++) {
        double hz = i * k->hz_per_bin;
        k->pitch[i] = NOWHERE;
        if (hz >= LOWEST_NOTE && hz <= HIGHEST_NOTE)
            k->pitch[i] = (signed char)((lround(12 * log2(hz / 440)) + 69 + 120) % 12);
    }
}

static void window_at(const float *frames, uint64_t count, int channels, double rate, size_t t, float out[SIZE])
{
    int64_t from = (int64_t)llround((double)t * rate / TEXTURE_RATE) - SIZE / 2;
    int first = from < 0 ? (int)-from : 0;
    int64_t left = (int64_t)count - from;
    int end = left < SIZE ? (int)left : SIZE;
    float scale = 1 / (float)channels;

    for (int i = 0; i < SIZE; i++)
        out[i] = 0;
    for (int i = first; i < end; i++) {
        const float *x = frames + (size_t)(from + i) * (size_t)channels;
        out[i] = (channels == 1 ? x[0] : x[0] + x[1]) * scale;
    }
}

static float centroid_of(const struct tool *k, const float *s)
{
    float sum = 0, moment = 0;

    for (int i = 1; i < BINS; i++) {
        sum += s[i];
        moment += s[i] * (float)i;
    }
    return sum > SILENT ? moment / sum * (float)k->hz_per_bin : 0;
}

/* A Hann window spreads a sine's power, 1/2 in a bin of 1, over three halves of a bin. */
static void add(const struct tool *k, const float *s, struct texture *out)
{
    for (int b = 0; b < TEXTURE_BANDS; b++) {
        float sum = 0;
        for (int i = k->band[b]; i < k->band[b + 1]; i++)
            sum += s[i] * s[i];
        out->power[b] += sum / 3;
    }
    for (int i = k->band[0]; i < BINS && i * k->hz_per_bin <= HIGHEST_NOTE; i++)
        if (k->pitch[i] != NOWHERE)
            out->chroma[k->pitch[i]] += s[i];
}

static void finish(struct texture *out, uint32_t spectra)
{
    float sum = 0;

    for (int b = 0; b < TEXTURE_BANDS; b++)
        out->power[b] /= (float)(spectra ? spectra : 1);
    for (int p = 0; p < TEXTURE_PITCHES; p++)
        sum += out->chroma[p];
    for (int p = 0; p < TEXTURE_PITCHES; p++)
        out->chroma[p] = sum > SILENT ? out->chroma[p] / sum : 0;
}

enum lm_err texture_find(const float *frames, uint64_t count, int channels, double rate, const double *edge, size_t n,
                         void (*progress)(void *ctx, uint64_t read), void *ctx, struct texture *out, float **centroid, size_t *n_centroid)
{
    struct tool *k = calloc(1, sizeof *k);
    size_t spectra = (size_t)((double)count / rate * TEXTURE_RATE) + 1, span = 0;
    float in[SIZE], *bright = calloc(spectra, sizeof *bright);
    uint32_t in_span = 0;
    enum lm_err err = k && bright && (k->spectrum = spectrum_new(SIZE)) ? LM_OK : LM_NOMEM;

    memset(out, 0, n * sizeof *out);
    *centroid = NULL, *n_centroid = 0;
    if (!err)
        tables_init(k, rate);
    for (size_t t = 0; t < spectra && !err; t += SPECTRUM_LANES) {
        for (unsigned lane = 0; lane < SPECTRUM_LANES; lane++) {
            window_at(frames, count, channels, rate, t + lane, in);
            spectrum_put(k->spectrum, lane, in);
        }
        spectrum_run(k->spectrum);
        for (size_t lane = 0; lane < SPECTRUM_LANES && t + lane < spectra; lane++) {
            double at = (double)(t + lane) / TEXTURE_RATE;
            spectrum_read(k->spectrum, (unsigned)lane, 0, BINS, k->s[lane]);
            bright[t + lane] = centroid_of(k, k->s[lane]);
            for (; span < n && at >= edge[span + 1]; span++, in_span = 0)
                finish(&out[span], in_span);
            if (span < n && at >= edge[span]) {
                add(k, k->s[lane], &out[span]);
                in_span++;
            }
        }
        if (progress && t % 100 < SPECTRUM_LANES && t > TEXTURE_RATE)
            progress(ctx, (uint64_t)((double)(t - TEXTURE_RATE) * rate / TEXTURE_RATE));
    }
    if (!err && span < n)
        finish(&out[span], in_span);
    if (!err)
        *centroid = bright, *n_centroid = spectra, bright = NULL;
    free(bright);
    if (k)
        spectrum_free(k->spectrum);
    free(k);
    return err;
}
