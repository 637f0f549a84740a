#include "audio/meters.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pcm.h"
#include "dsp/fft.h"
#include "dsp/kweight.h"

enum {
    CHANNELS = METERS_CHANNELS,
    BEFORE = TRUE_PEAK_TAPS - 1,
    BLOCK = PCM_RATE / 100,             /* frames of 10 ms: everything is measured by them */
    HOLD = 12, RMS_BLOCKS = 30,         /* 120 and 300 ms */
    BLOCKS_PER_STEP = 10,               /* loudness goes by 100 ms */
    MOMENTARY = 4, SHORT = 30,          /* of these */
    SPECTRUM = 4096, BINS = SPECTRUM / 2 + 1, HISTORY = 4 * SPECTRUM,
    SPECTRUM_EVERY = 4,                 /* blocks, for each channel; not the same ones for both */
    GATE_LU = -70, GATE_TOP = 30, GATE_BINS = (GATE_TOP - GATE_LU) * 10,
    CLIP_RUN = 3,
};
#define FALL_DB 1.6f                    /* of a band in SPECTRUM_EVERY blocks: 40 dB a second */
#define LAST_STEP (32767 / 32768.0f)    /* the loudest a 16-bit recording can be */
#define LOUD_TOP 1000.0f                /* 60 dB above full scale; more is no sound but a broken number */

struct band { int first, last; float at_first, at_last; };      /* bins; how much of the first and of the last is in it */

struct channel {
    float x[BEFORE + BLOCK];            /* what the interpolator still needs, then the block that fills up */
    float peak[HOLD], true_peak[HOLD];
    double squares[RMS_BLOCKS];
    float history[HISTORY];             /* the newest SPECTRUM frames end at `end` */
    size_t end;
    int full_run;                       /* samples at full scale that follow each other */
    bool is_clipped;
};

struct meters {
    struct meters_now now;
    struct channel channel[CHANNELS];
    int channels;
    uint32_t filled;                    /* of the block */
    struct kweight weight;
    kweight_pair sum;                   /* of the step */
    double steps[SHORT];                /* mean squares, both channels added */
    uint64_t n_steps, first_step;       /* first_step: of the programme */
    uint32_t gate[GATE_BINS];           /* 400 ms blocks of the programme, by tenths of a LU from GATE_LU on: a day of them takes no more room than a minute */
    double gate_power[GATE_BINS];       /* of all in each */
    struct fft *fft;
    struct band bands[METERS_BANDS];
    float bin_power;                    /* of |X|^2: then the sum of all bins is the mean square */
    float magnitude[BINS];
};

/* ---- life ---- */

static double band_edge(double band)
{
    return 20 * pow(1000, band / METERS_BANDS);
}

float meters_band_hz(int band)
{
    return (float)band_edge(band + .5);
}

/* Bin k holds what is nearest to its frequency, so it reaches from k - 1/2 to k + 1/2. */
static struct band band_bins(int i)
{
    double low = band_edge(i) * SPECTRUM / PCM_RATE + .5, high = band_edge(i + 1) * SPECTRUM / PCM_RATE + .5;
    struct band b = { .first = (int)low, .last = (int)high };

    if (b.first == b.last)
        b.at_first = (float)(high - low), b.at_last = 0;
    else
        b.at_first = (float)(b.first + 1 - low), b.at_last = (float)(high - b.last);
    return b;
}

struct meters *meters_new(void)
{
    struct meters *m = calloc(1, sizeof(*m));
    double window = 0;

    if (!m)
        return NULL;
    if (!(m->fft = fft_new(SPECTRUM, FFT_HANN))) {
        meters_free(m);
        return NULL;
    }
    kweight_init(&m->weight, PCM_RATE);
    for (int i = 0; i < METERS_BANDS; i++)
        m->bands[i] = band_bins(i);
    for (int i = 0; i < SPECTRUM; i++)
        window += pow(.5 - .5 * cos(2 * M_PI * i / (SPECTRUM - 1)), 2);
    m->bin_power = (float)(2 / (window * SPECTRUM));    /* Parseval; the other half of the spectrum is the mirror of this one */
    for (int c = 0; c < CHANNELS; c++)
        m->channel[c].end = SPECTRUM;
    m->channels = CHANNELS;
    meters_now_clear(&m->now);
    return m;
}

void meters_free(struct meters *m)
{
    if (m)
        fft_free(m->fft);
    free(m);
}

void meters_now_clear(struct meters_now *now)
{
    *now = (struct meters_now){ .lufs = METERS_FLOOR, .lufs_short = METERS_FLOOR, .lufs_integrated = METERS_FLOOR };
    for (int c = 0; c < CHANNELS; c++) {
        now->peak[c] = now->rms[c] = now->true_peak[c] = METERS_FLOOR;
        for (int i = 0; i < METERS_BANDS; i++)
            now->bands[c][i] = METERS_FLOOR;
    }
}

/* ---- the callback's thread (real time) from here on ---- */

static float db_of_power(double power)
{
    return power > 1e-12 ? 10 * log10f((float)power) : METERS_FLOOR;
}

static float db_of(float level)
{
    return level > 1e-6f ? 20 * log10f(level) : METERS_FLOOR;
}

/* ---- clips: a sample beyond full scale is one, and so are three at the last step; what belongs together counts once ---- */

static void count_clips(struct channel *ch, uint64_t *clips)
{
    for (int i = 0; i < BLOCK; i++) {
        float v = fabsf(ch->x[BEFORE + i]);
        if (v < LAST_STEP) {
            ch->full_run = 0;
            ch->is_clipped = false;
            continue;
        }
        ch->full_run += ch->full_run < CLIP_RUN;
        if ((v > 1 || ch->full_run == CLIP_RUN) && !ch->is_clipped) {
            ch->is_clipped = true;
            ++*clips;
        }
    }
}

static float largest_of(const float *x, size_t n)
{
    float most = 0;

    for (size_t i = 0; i < n; i++) {
        float v = fabsf(x[i]);
        most = v > most ? v : most;
    }
    return most;
}

/* Peaks and RMS of the block that is full. */
static void measure_levels(struct meters *m, int c)
{
    struct channel *ch = &m->channel[c];
    uint64_t block = m->now.seq;
    float peak = largest_of(ch->x + BEFORE, BLOCK), true_peak = true_peak_run(ch->x, BLOCK);
    double squares = 0, sum = 0;

    for (int i = 0; i < BLOCK; i++)
        squares += (double)ch->x[BEFORE + i] * (double)ch->x[BEFORE + i];
    ch->peak[block % HOLD] = peak;
    ch->true_peak[block % HOLD] = true_peak > peak ? true_peak : peak;
    ch->squares[block % RMS_BLOCKS] = squares;
    for (int i = 0; i < RMS_BLOCKS; i++)
        sum += ch->squares[i];
    m->now.peak[c] = db_of(largest_of(ch->peak, HOLD));
    m->now.true_peak[c] = db_of(largest_of(ch->true_peak, HOLD));
    m->now.rms[c] = db_of_power(sum / (RMS_BLOCKS * BLOCK));
    if (peak >= LAST_STEP)
        count_clips(ch, &m->now.clips[c]);
    else
        ch->full_run = 0, ch->is_clipped = false;
}

/* ---- loudness ---- */

/* -0.691 is the standard's: it makes a sine of 997 Hz at -3.01 dB in one channel -3.01 LUFS. */
static float lufs_of(double power)
{
    return power > 1e-12 ? fmaxf(METERS_FLOOR, -.691f + 10 * log10f((float)power)) : METERS_FLOOR;
}

static double newest_steps(const struct meters *m, uint64_t n)
{
    double sum = 0;

    for (uint64_t i = 1; i <= n && i <= m->n_steps; i++)
        sum += m->steps[(m->n_steps - i) % SHORT];
    return sum / (double)n;
}

/* Mean power of what is in the bins from `from` on; 0: there is nothing. */
static double gated(const struct meters *m, int from)
{
    double sum = 0;
    uint64_t n = 0;

    for (int i = from; i < GATE_BINS; i++) {
        sum += m->gate_power[i];
        n += m->gate[i];
    }
    return n ? sum / (double)n : 0;
}

static int gate_bin(float lufs)
{
    int bin = (int)floorf((lufs - GATE_LU) * 10);

    return bin < GATE_BINS ? bin : GATE_BINS - 1;
}

static void measure_loudness(struct meters *m)
{
    m->steps[m->n_steps++ % SHORT] = (m->sum[0] + m->sum[1]) / (BLOCK * BLOCKS_PER_STEP);
    m->sum = (kweight_pair){ 0, 0 };
    double power = newest_steps(m, MOMENTARY);
    m->now.lufs = lufs_of(power);
    m->now.lufs_short = lufs_of(newest_steps(m, SHORT));
    if (m->n_steps - m->first_step < MOMENTARY || !(m->now.lufs > GATE_LU))
        return;
    m->gate[gate_bin(m->now.lufs)]++;
    m->gate_power[gate_bin(m->now.lufs)] += power;
    float relative = lufs_of(gated(m, 0)) - 10;
    m->now.lufs_integrated = lufs_of(gated(m, relative > GATE_LU ? gate_bin(relative) : 0));
}

/* ---- bands ---- */

static void remember(struct channel *ch)
{
    if (ch->end + BLOCK > HISTORY) {
        size_t keep = SPECTRUM - BLOCK;
        memmove(ch->history, ch->history + ch->end - keep, keep * sizeof(float));
        ch->end = keep;
    }
    memcpy(ch->history + ch->end, ch->x + BEFORE, BLOCK * sizeof(float));
    ch->end += BLOCK;
}

static float band_power(const struct meters *m, const struct band *b)
{
    float sum = b->at_first * m->magnitude[b->first] * m->magnitude[b->first] + b->at_last * m->magnitude[b->last] * m->magnitude[b->last];

    for (int k = b->first + 1; k < b->last; k++)
        sum += m->magnitude[k] * m->magnitude[k];
    return sum * m->bin_power;
}

static void measure_bands(struct meters *m, int c)
{
    struct channel *ch = &m->channel[c];

    fft_magnitude(m->fft, ch->history + ch->end - SPECTRUM, m->magnitude);
    for (int i = 0; i < METERS_BANDS; i++) {
        float level = db_of_power((double)band_power(m, &m->bands[i])), fallen = m->now.bands[c][i] - FALL_DB;
        m->now.bands[c][i] = fmaxf(METERS_FLOOR, level > fallen ? level : fallen);
    }
}

/* ---- what comes in ---- */

static void clear_channel(struct meters *m, int c)
{
    struct channel *ch = &m->channel[c];
    struct meters_now none;

    meters_now_clear(&none);
    memset(ch, 0, sizeof(*ch));
    ch->end = SPECTRUM;
    m->now.peak[c] = m->now.rms[c] = m->now.true_peak[c] = METERS_FLOOR;
    memcpy(m->now.bands[c], none.bands[c], sizeof(none.bands[c]));
}

static void block_end(struct meters *m)
{
    const float *right = m->channels > 1 ? m->channel[1].x + BEFORE : NULL;

    for (int c = 0; c < m->channels; c++) {
        struct channel *ch = &m->channel[c];
        measure_levels(m, c);
        remember(ch);
        if (m->now.seq % SPECTRUM_EVERY == (uint64_t)c * SPECTRUM_EVERY / CHANNELS)
            measure_bands(m, c);
    }
    kweight_add(&m->weight, m->channel[0].x + BEFORE, right, BLOCK, &m->sum);
    m->now.seq++;
    if (m->now.seq % BLOCKS_PER_STEP == 0)
        measure_loudness(m);
    for (int c = 0; c < m->channels; c++)
        memcpy(m->channel[c].x, m->channel[c].x + BLOCK, BEFORE * sizeof(float));
    m->now.channels = (uint32_t)m->channels;
    m->filled = 0;
}

void meters_run(struct meters *m, const float *in, uint32_t n, int channels)
{
    int used = channels < CHANNELS ? channels : CHANNELS;

    if (used < 1)
        return;
    for (; m->channels > used; m->channels--)
        clear_channel(m, m->channels - 1);
    m->channels = used;
    while (n) {
        uint32_t some = n < BLOCK - m->filled ? n : BLOCK - m->filled;
        for (int c = 0; c < used; c++) {
            float *to = m->channel[c].x + BEFORE + m->filled;
            for (uint32_t i = 0; i < some; i++) {
                float x = in[i * (uint32_t)channels + (uint32_t)c];
                to[i] = fabsf(x) < LOUD_TOP ? x : 0;    /* false for what is no number, too */
            }
        }
        in += (size_t)some * (size_t)channels;
        n -= some;
        m->filled += some;
        if (m->filled == BLOCK)
            block_end(m);
    }
}

void meters_restart(struct meters *m)
{
    memset(m->gate, 0, sizeof(m->gate));
    memset(m->gate_power, 0, sizeof(m->gate_power));
    m->first_step = m->n_steps;
    m->now.lufs_integrated = METERS_FLOOR;
}

void meters_read(const struct meters *m, struct meters_now *now)
{
    *now = m->now;
}
