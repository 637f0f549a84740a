#include "dsp/mel.h"

#include <math.h>
#include <stdlib.h>

#include "dsp/dmath.h"

struct band { uint32_t from, to; double low, middle, high; };   /* in bins; from >= to: narrower than one */
struct mel_bank { uint32_t bands, bins; struct band band[]; };

/* Any base of the logarithm does: the bands are spaced evenly. */
static double mel_of(double hz)
{
    return dsp_log2(1 + hz / 700);
}

static double hz_of(double mel)
{
    return 700 * (dsp_exp2(mel) - 1);
}

struct mel_bank *mel_bank_new(uint32_t bands, double min_hz, double max_hz, double rate, uint32_t size)
{
    struct mel_bank *m = calloc(1, sizeof *m + bands * sizeof *m->band);
    double low = mel_of(min_hz), step = (mel_of(max_hz) - low) / (bands + 1);

    if (!m)
        return NULL;
    m->bands = bands;
    m->bins = size / 2 + 1;
    for (uint32_t i = 0; i < bands; i++) {
        struct band *b = &m->band[i];
        b->low = hz_of(low + i * step) * size / rate;
        b->middle = hz_of(low + (i + 1) * step) * size / rate;
        b->high = hz_of(low + (i + 2) * step) * size / rate;
        b->from = (uint32_t)ceil(b->low);
        b->to = (uint32_t)floor(b->high) + 1;
        b->to = b->to < m->bins ? b->to : m->bins;
    }
    return m;
}

void mel_bank_free(struct mel_bank *m)
{
    free(m);
}

static double between(const float *bins, uint32_t n, double at)
{
    uint32_t k = (uint32_t)at < n - 2 ? (uint32_t)at : n - 2;
    double part = at - k, x = (double)bins[k] * (1 - part) + (double)bins[k + 1] * part;

    return x * x;
}

void mel_bank_add(const struct mel_bank *m, const float *bins, double *power)
{
    for (uint32_t i = 0; i < m->bands; i++) {
        const struct band *b = &m->band[i];
        double sum = 0;
        for (uint32_t k = b->from; k < b->to; k++) {
            double weight = k < b->middle ? (k - b->low) / (b->middle - b->low) : (b->high - k) / (b->high - b->middle);
            sum += weight * (double)bins[k] * (double)bins[k];
        }
        power[i] += b->high - b->low < 2 ? between(bins, m->bins, b->middle) : sum;
    }
}
