/*
 * What the network of daemon/dsp/separate_model.c is shown while it learns: looks at a mixture of known parts as the separation does, and writes places of its spectrogram,
 * loud ones more often (separate_train.py undoes that by their weight).
 *
 *   separate_samples OUT SEED SAMPLES SECONDS DRUMS BASS VOCALS OTHER [GAIN x 4 [MONO [WIDTH]]]
 *
 * The four are WAV files of 44.1 kHz or "-"; from each the same random stretch is taken. WIDTH scales the side of OTHER. Appended to OUT for each sample, as float32:
 * MODEL_IN inputs; for middle and side the power of the mixture, that of each part, the real cross power of each part with the mixture; the weight; the energy of each part.
 */
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/dmath.h"
#include "dsp/separate_private.h"

enum { N = SEPARATE_SIZE, HOP = SEPARATE_HOP, RATE = 44100, PARTS = SEPARATE_PARTS, EDGE = 10, ROW = MODEL_IN + 2 * (1 + 2 * PARTS) + 1 + PARTS };

static uint64_t state = 88172645463325252u;

/* xorshift64 (G. Marsaglia, 2003) */
static double random_01(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

static bool load(const char *path, double where, size_t frames, float *out)
{
    SF_INFO info = { 0 };
    SNDFILE *f = sf_open(path, SFM_READ, &info);
    sf_count_t room = info.frames - (sf_count_t)frames;
    bool ok = f && info.channels == 2 && info.samplerate == RATE;

    if (ok && room > 0)
        sf_seek(f, (sf_count_t)(where * (double)room), SEEK_SET);
    if (ok)
        sf_readf_float(f, out, (sf_count_t)frames);
    else
        fprintf(stderr, "%s: two channels at %d Hz are read\n", path, RATE);
    if (f)
        sf_close(f);
    return ok;
}

static void transform(kiss_fftr_cfg cfg, const float *sound, const struct piece *p, kiss_fft_cpx *out)
{
    static float time[N];

    for (size_t t = 0; t < p->n; t++)
        for (int c = 0; c < p->channels; c++) {
            for (int i = 0; i < N; i++) {
                const float *x = sound + 2 * (t * HOP + (size_t)i);
                float window = (float)sqrt(fmax(0, .5 - .5 * dsp_sin_turns((double)i / N + .25)));
                time[i] = window * .5f * (c ? x[0] - x[1] : x[0] + x[1]);
            }
            kiss_fftr(cfg, time, out + (t * (size_t)p->channels + (size_t)c) * SEPARATE_BINS);
        }
}

static double power_at(const struct piece *p, const kiss_fft_cpx *x, size_t t, int band)
{
    double sum = 0;

    for (int c = 0; c < p->channels; c++)
        for (int k = separate_first_bin(band); k < separate_end_bin(band); k++) {
            kiss_fft_cpx v = x[(t * (size_t)p->channels + (size_t)c) * SEPARATE_BINS + (size_t)k];
            sum += (double)v.r * (double)v.r + (double)v.i * (double)v.i;
        }
    return sum;
}

/* Mixture, parts and their cross powers in one channel of one place. */
static float *put_channel(float *row, const struct piece *p, kiss_fft_cpx *const part[PARTS], size_t t, int band, int c)
{
    float mix = 0, own[PARTS] = { 0 }, cross[PARTS] = { 0 };

    for (int k = separate_first_bin(band); c < p->channels && k < separate_end_bin(band); k++) {
        size_t at = (t * (size_t)p->channels + (size_t)c) * SEPARATE_BINS + (size_t)k;
        kiss_fft_cpx x = p->x[at];
        mix += x.r * x.r + x.i * x.i;
        for (int i = 0; i < PARTS; i++) {
            kiss_fft_cpx y = part[i][at];
            own[i] += y.r * y.r + y.i * y.i;
            cross[i] += y.r * x.r + y.i * x.i;
        }
    }
    *row++ = mix;
    memcpy(row, own, sizeof(own));
    memcpy(row + PARTS, cross, sizeof(cross));
    return row + 2 * PARTS;
}

static void put_samples(FILE *out, const struct model *m, const struct piece *p, kiss_fft_cpx *const part[PARTS], double samples)
{
    size_t places = p->n * SEPARATE_BANDS;
    double all = 0, energy[PARTS] = { 0 };
    float row[ROW];

    for (size_t t = 0; t < p->n; t++)
        for (int b = 0; b < SEPARATE_BANDS; b++) {
            all += power_at(p, p->x, t, b);
            for (int i = 0; i < PARTS; i++)
                energy[i] += power_at(p, part[i], t, b);
        }
    for (size_t t = EDGE; t + EDGE < p->n; t++)
        for (int b = 0; b < SEPARATE_BANDS; b++) {
            double chance = samples * (.7 * power_at(p, p->x, t, b) / (all + 1e-9) + .3 / (double)places);
            if (random_01() > chance)
                continue;
            model_inputs(m, t, b, row);
            float *to = put_channel(row + MODEL_IN, p, part, t, b, 0);
            to = put_channel(to, p, part, t, b, 1);
            *to++ = (float)(1 / fmin(1, chance));
            for (int i = 0; i < PARTS; i++)
                *to++ = (float)energy[i];
            fwrite(row, sizeof(float), ROW, out);
        }
}

static bool mix(char **argv, int argc, size_t frames, float *sound[PARTS + 1])
{
    double where = random_01();
    bool is_mono = argc > 13 && atoi(argv[13]);
    float width = argc > 14 ? (float)atof(argv[14]) : 1;

    for (int i = 0; i < PARTS; i++) {
        float gain = argc > 9 + i ? (float)atof(argv[9 + i]) : 1;
        if (!strcmp(argv[5 + i], "-"))
            continue;
        if (!load(argv[5 + i], where, frames, sound[i]))
            return false;
        for (size_t k = 0; k < frames; k++) {
            float *x = sound[i] + 2 * k, m = gain * (x[0] + x[1]) / 2, s = is_mono ? 0 : gain * (x[0] - x[1]) / 2 * (i == SEPARATE_OTHER ? width : 1);
            x[0] = m + s, x[1] = m - s;
            sound[PARTS][2 * k] += x[0], sound[PARTS][2 * k + 1] += x[1];
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    size_t frames = argc > 8 ? (size_t)(atof(argv[4]) * RATE) : 0;
    struct piece p = { .rate = RATE, .channels = argc > 13 && atoi(argv[13]) ? 1 : 2 };
    kiss_fftr_cfg cfg = kiss_fftr_alloc(N, 0, NULL, NULL);
    float *sound[PARTS + 1];
    kiss_fft_cpx *x[PARTS + 1];

    if (frames < 4 * N) {
        fprintf(stderr, "Use separate_samples OUT SEED SAMPLES SECONDS DRUMS BASS VOCALS OTHER [GAIN x 4 [MONO [WIDTH]]]\n");
        return 2;
    }
    state += strtoull(argv[2], NULL, 10) * 7919;
    p.n = p.to = (frames - N) / HOP + 1;
    struct model *m = model_new(RATE, p.n);
    FILE *out = fopen(argv[1], "ab");
    for (int i = 0; i <= PARTS; i++) {
        sound[i] = calloc(2 * frames, sizeof(float));
        x[i] = malloc(p.n * (size_t)p.channels * SEPARATE_BINS * sizeof(kiss_fft_cpx));
    }
    if (!m || !out || !cfg || !mix(argv, argc, frames, sound))
        return 1;
    for (int i = 0; i <= PARTS; i++)
        transform(cfg, sound[i], &p, x[i]);
    p.x = x[PARTS];
    if (model_look(m, &p))
        return 1;
    put_samples(out, m, &p, x, atof(argv[3]));
    return fclose(out) ? 1 : 0;         /* what was allocated goes with the process */
}
