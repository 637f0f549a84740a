#include "dsp/pitches.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/median.h"
#include "dsp/spectrum.h"

enum {
    DOWN = 4, TAPS = 64,                /* to 12 kHz */
    SIZE = 4096, HOP = 512, BINS = SIZE / 2 + 1,
    LANES = SPECTRUM_LANES, BATCH = SIZE + (LANES - 1) * HOP,
    HALF = MEDIAN_WINDOW / 2,
    RING = 24,                          /* spectra: HALF before, HALF + 1 behind, up to LANES ahead; a multiple of LANES */
    WIDTH_MAX = 24,                     /* bins of a triangle: a third of a semitone at the top, the spectrum's own width below */
    AROUND = 12 * PITCH_PER_NOTE + 1,   /* an octave */
    PROBES = 64, APART = 24,            /* frames that decide the tuning */
};

struct triangle { int from, n; float weight[WIDTH_MAX]; };

struct pitches {
    struct pitch_input in[PITCH_INPUTS];
    int inputs;
    uint64_t count;
    double rate;                        /* after the decimation */
    int64_t frames, next, spectra;      /* all, the next to give, those in the ring */
    float taps[TAPS], window[SIZE];
    float low[BATCH], raw[BATCH * DOWN + TAPS];
    struct spectrum *fft;
    int used;                           /* bins that any pitch needs, a multiple of 8 */
    struct triangle triangle[PITCHES];
    float (*ring)[BINS + 7];            /* magnitudes by frame number */
    float over_time[2][BINS + 7], over_bins[BINS + 7];
    double tuning, tuning_confidence;   /* in semitones */
};

static void design_taps(struct pitches *p)
{
    double sum = 0, cut = .9 / DOWN;

    for (int i = 0; i < TAPS; i++) {
        double x = i - (TAPS - 1) / 2., y = M_PI * cut * x;
        double v = (y == 0 ? 1 : sin(y) / y) * (.54 - .46 * cos(2 * M_PI * i / (TAPS - 1)));
        p->taps[i] = (float)v;
        sum += v;
    }
    for (int i = 0; i < TAPS; i++)
        p->taps[i] /= (float)sum;
}

/* What makes a Hann window, which dsp/spectrum.h has, a Blackman one. */
static void design_window(struct pitches *p)
{
    for (int i = 1; i < SIZE; i++) {
        double x = 2 * M_PI * i / SIZE;
        p->window[i] = (float)((.42 - .5 * cos(x) + .08 * cos(2 * x)) / (.5 - .5 * cos(x)));
    }
}

/* As wide as the spectrum can tell apart. They lie where the notes of this recording are. */
static void design_triangles(struct pitches *p)
{
    double hz_per_bin = p->rate / SIZE;
    int used = 0;

    for (int i = 0; i < PITCHES; i++) {
        struct triangle *t = &p->triangle[i];
        double note = PITCH_LOWEST + i / (double)PITCH_PER_NOTE + p->tuning, hz = 440 * exp2((note - 69) / 12);
        double width = fmax(1. / PITCH_PER_NOTE, 12 * log2(1 + hz_per_bin / hz) * .75);
        int from = (int)ceil(hz * exp2(-width / 12) / hz_per_bin), to = (int)floor(hz * exp2(width / 12) / hz_per_bin);
        t->from = from > 1 ? from : 1;
        to = to < BINS - 1 ? to : BINS - 1;
        t->n = to - t->from + 1 < WIDTH_MAX ? to - t->from + 1 : WIDTH_MAX;
        t->n = t->n > 0 ? t->n : 0;
        for (int b = 0; b < t->n; b++)
            t->weight[b] = (float)fmax(0, 1 - fabs(69 + 12 * log2((t->from + b) * hz_per_bin / 440) - note) / width);
        used = t->from + t->n > used ? t->from + t->n : used;
    }
    used = (used + 2 * HALF + 7) & ~7;
    p->used = used < (BINS & ~7) ? used : BINS & ~7;
}

/* All inputs together as one channel, n samples from `at` on; silence where there is nothing. */
static void mono(const struct pitches *p, int64_t at, int n, float *out)
{
    int64_t from = at > 0 ? at : 0, to = at + n < (int64_t)p->count ? at + n : (int64_t)p->count;

    memset(out, 0, (size_t)n * sizeof(*out));
    for (int k = 0; k < p->inputs; k++) {
        int channels = p->in[k].channels;
        float part = 1 / (float)channels;
        for (int c = 0; c < channels; c++) {
            const float *x = p->in[k].frames + c;
            for (int64_t i = from; i < to; i++)
                out[i - at] += x[i * channels] * part;
        }
    }
    for (int i = 0; i < n; i++)
        if (!(fabsf(out[i]) < 1e6f))
            out[i] = 0;
}

/* n samples of the decimated recording from number `at` on. */
static void low(struct pitches *p, int64_t at, int n, float *out)
{
    mono(p, at * DOWN - TAPS / 2, n * DOWN + TAPS, p->raw);
    for (int i = 0; i < n; i++) {
        const float *x = p->raw + i * DOWN;
        float sum[8] = { 0 };
        for (int t = 0; t < TAPS; t += 8)
            for (int k = 0; k < 8; k++)
                sum[k] += p->taps[t + k] * x[t + k];
        out[i] = ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
    }
}

static void put(struct pitches *p, unsigned lane, const float *in)
{
    float windowed[SIZE];

    for (int i = 0; i < SIZE; i++)
        windowed[i] = in[i] * p->window[i];
    spectrum_put(p->fft, lane, windowed);
}

/* The next LANES spectra into the ring; behind the last frame it goes on. */
static void fill(struct pitches *p)
{
    int64_t f = p->spectra;

    if (f >= p->frames) {
        const float *last = p->ring[(p->frames - 1) % RING];
        for (int l = 0; l < LANES; l++)
            if (p->ring[(f + l) % RING] != last)
                memcpy(p->ring[(f + l) % RING], last, (size_t)p->used * sizeof(float));
        p->spectra += LANES;
        return;
    }
    int keep = f ? SIZE - HOP : 0;      /* what it shares with those before is not filtered again */
    memmove(p->low, p->low + BATCH - keep, (size_t)keep * sizeof(float));
    low(p, f * HOP - SIZE / 2 + keep, BATCH - keep, p->low + keep);
    for (int l = 0; l < LANES; l++)
        put(p, (unsigned)l, p->low + l * HOP);
    spectrum_run(p->fft);
    for (int l = 0; l < LANES; l++) {
        float *slot = p->ring[(f + l) % RING];
        if (f + l < p->frames)
            spectrum_read(p->fft, (unsigned)l, 0, (uint32_t)p->used, slot);
        else
            memcpy(slot, p->ring[(p->frames - 1) % RING], (size_t)p->used * sizeof(float));
    }
    p->spectra += LANES;
}

static void sum_triangles(const struct pitches *p, const float *s, float *out)
{
    for (int i = 0; i < PITCHES; i++) {
        const struct triangle *t = &p->triangle[i];
        float sum = 0;
        for (int b = 0; b < t->n; b++)
            sum += s[t->from + b] * t->weight[b];
        out[i] = sum;
    }
}

/* Where within the semitone do the notes lie? The phase of the three-bin cycle, over frames from all over the recording. */
static void find_tuning(struct pitches *p)
{
    double complex sum = 0;
    double all = 0;
    float s[BINS + 7], v[PITCHES];
    /* All over it, but of a long one some together: pages of a file that is mapped come in many at once. */
    int64_t apart = p->frames / PROBES < APART ? p->frames / PROBES : APART;

    for (int i = 0; i < PROBES; i += LANES) {
        for (int l = 0; l < LANES; l++) {
            low(p, (p->frames * i / PROBES + l * apart) * HOP - SIZE / 2, SIZE, p->low);
            put(p, (unsigned)l, p->low);
        }
        spectrum_run(p->fft);
        for (int l = 0; l < LANES; l++) {
            spectrum_read(p->fft, (unsigned)l, 0, (uint32_t)p->used, s);
            sum_triangles(p, s, v);
            for (int b = 0; b < PITCHES; b++) {
                sum += v[b] * cexp(2 * M_PI * I * b / PITCH_PER_NOTE);
                all += v[b];
            }
        }
    }
    p->tuning = carg(sum) / (2 * M_PI);
    p->tuning_confidence = all > 0 ? cabs(sum) / all : 0;
}

/* v[i] = mean of AROUND neighbours; beyond the ends it is mirrored. */
static void mean_around(const float *v, float *out)
{
    enum { SIDE = AROUND / 2 };
    float sum[PITCHES + AROUND];

    sum[0] = 0;
    for (int i = 0; i < PITCHES + AROUND - 1; i++) {
        int at = i - SIDE;
        at = at < 0 ? -1 - at : at >= PITCHES ? 2 * PITCHES - 1 - at : at;
        sum[i + 1] = sum[i] + v[at];
    }
    for (int i = 0; i < PITCHES; i++)
        out[i] = (sum[i + AROUND] - sum[i]) / AROUND;
}

static void flatten(const float *v, float *out)
{
    float mean[PITCHES], square[PITCHES], spread[PITCHES];

    mean_around(v, mean);
    for (int i = 0; i < PITCHES; i++)
        square[i] = (v[i] - mean[i]) * (v[i] - mean[i]);
    mean_around(square, spread);
    for (int i = 0; i < PITCHES; i++)
        out[i] = v[i] > mean[i] ? (v[i] - mean[i]) / powf(fmaxf(0, spread[i]) + 1e-16f, .15f) : 0;
}

struct pitches *pitches_new(const struct pitch_input *in, int n, uint64_t count, double rate)
{
    struct pitches *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->ring = calloc(RING, sizeof(*p->ring));
    p->fft = spectrum_new(SIZE);
    if (!p->ring || !p->fft) {
        pitches_free(p);
        return NULL;
    }
    p->inputs = n < PITCH_INPUTS ? n : PITCH_INPUTS;
    memcpy(p->in, in, (size_t)p->inputs * sizeof(*in));
    p->count = count;
    p->rate = rate / DOWN;
    p->frames = (int64_t)(count / (DOWN * HOP)) + 1;
    design_taps(p);
    design_window(p);
    design_triangles(p);
    find_tuning(p);
    design_triangles(p);
    return p;
}

void pitches_free(struct pitches *p)
{
    if (!p)
        return;
    spectrum_free(p->fft);
    free(p->ring);
    free(p);
}

/* The medians over time of two frames at once: they share all but one of the spectra each. */
static void medians_over_time(struct pitches *p, int64_t f)
{
    const float *in[MEDIAN_WINDOW + 1];

    while (p->spectra <= f + HALF + 1)
        fill(p);
    for (int i = 0; i <= MEDIAN_WINDOW; i++)
        in[i] = p->ring[(f - HALF + i + RING) % RING];
    median_pair(in, (size_t)p->used, p->over_time[0], p->over_time[1]);
}

bool pitches_next(struct pitches *p, struct pitch_frame *f)
{
    int64_t frame = p->next;
    float kept[BINS + 7], v[PITCHES], all = 0, steady = 0;

    if (frame >= p->frames)
        return false;
    if (frame % 2 == 0)
        medians_over_time(p, frame);
    const float *s = p->ring[frame % RING], *h = p->over_time[frame % 2], *o = p->over_bins;
    median_along(s, (size_t)p->used, p->over_bins);
    for (int b = 0; b < p->used; b++) {
        kept[b] = s[b] * h[b] * h[b] / (h[b] * h[b] + o[b] * o[b] + 1e-15f);
        all += s[b] * s[b];
        steady += kept[b] * kept[b];
    }
    sum_triangles(p, kept, v);
    flatten(v, f->strength);
    f->at = (double)frame * HOP / p->rate;
    f->level = sqrtf(steady);
    f->steady = all > 0 ? steady / all : 0;
    p->next++;
    return true;
}

double pitches_done(const struct pitches *p)
{
    return (double)p->next / (double)p->frames;
}

double pitches_tuning(const struct pitches *p, double *confidence)
{
    *confidence = p->tuning_confidence;
    return p->tuning;
}
