/* In which key are these chords? */
#include <math.h>
#include <string.h>

#include "dsp/chords_private.h"

/* How a chord on each degree, counted from the tonic in semitones, speaks for a key; the rest of them against it. */
struct degree { int semitones; bool is_minor; float weight; };
static const float FOREIGN = -1;
static const struct degree major_key[] = { { 0, false, .9f }, { 7, false, .6f }, { 5, false, .5f }, { 9, true, .4f }, { 2, true, .2f }, { 4, true, .1f },
                                           { 10, false, -.3f }, { 2, false, -.4f }, { 4, false, -.4f }, { 5, true, -.4f } };
static const struct degree minor_key[] = { { 0, true, 1 }, { 5, true, .4f }, { 7, false, .4f }, { 7, true, .3f }, { 8, false, .3f }, { 10, false, .3f },
                                           { 3, false, .2f }, { 0, false, -.4f }, { 2, true, -.5f } };
/* Of a major key and its relative minor: the chords of its scale cost nothing, what is often borrowed a half. */
static const struct degree scale[] = { { 0, false, 0 }, { 5, false, 0 }, { 7, false, 0 }, { 2, true, 0 }, { 4, true, 0 }, { 9, true, 0 },
                                       { 10, false, -.5f }, { 2, false, -.5f }, { 4, false, -.5f } };

/* At so much difference a key is e times as likely; the first was set so that confidence is how often it is right. */
static const float SURE_NAME = 25, SURE_SCALE = 20;
/* Part of the time that must have chords for there to be a key; parts and numbers of chords that make it no surer. One chord may be the first, fourth or fifth of a key. */
static const double LEAST = .1, ENOUGH = .5, CHORDS = 3;
static const double UNSURE = .1;       /* confidence that is none */

static void weigh(const struct degree *d, size_t n, float weight[2][12])
{
    for (int i = 0; i < 24; i++)
        weight[i / 12][i % 12] = FOREIGN;
    for (size_t i = 0; i < n; i++)
        weight[d[i].is_minor][d[i].semitones] = d[i].weight;
}

static float speaks_for(const float weight[2][12], const float share[2][12], int tonic)
{
    float sum = 0;

    for (int minor = 0; minor < 2; minor++)
        for (int i = 0; i < 12; i++)
            sum += weight[minor][i] * share[minor][(tonic + i) % 12];
    return sum;
}

static void to_likely(float *v, int n, float sure)
{
    float most = v[0], sum = 0;

    for (int i = 1; i < n; i++)
        most = v[i] > most ? v[i] : most;
    for (int i = 0; i < n; i++)
        sum += v[i] = expf((v[i] - most) * sure);
    for (int i = 0; i < n; i++)
        v[i] /= sum;
}

/* Of all steps: how much of each major and minor chord there is, against all of them. */
static double shares(const float (*score)[STATES], size_t n, float share[2][12])
{
    double sum[2][12] = { { 0 } }, all = 0;

    for (size_t t = 0; t < n; t++) {
        float p[STATES], most = score[t][NONE], total = 0;
        for (int k = 0; k < NONE; k++)
            most = score[t][k] > most ? score[t][k] : most;
        for (int k = 0; k < STATES; k++)
            total += p[k] = expf(score[t][k] - most);
        for (int k = 0; k < NONE; k++)
            sum[chord_is_minor(k)][k % 12] += p[k] / total;
    }
    for (int i = 0; i < 24; i++)
        all += sum[i / 12][i % 12];
    for (int i = 0; i < 24; i++)
        share[i / 12][i % 12] = all > 0 ? (float)(sum[i / 12][i % 12] / all) : 0;
    return all / (double)n;
}

void chord_key_find(const float (*score)[STATES], size_t n, struct chord_key *key)
{
    float share[2][12], weight[2][2][12], in_scale[2][12], of_scale[12];

    memset(key, 0, sizeof(*key));
    if (!n || !(shares(score, n, share) > 0))
        return;
    weigh(major_key, sizeof(major_key) / sizeof(*major_key), weight[0]);
    weigh(minor_key, sizeof(minor_key) / sizeof(*minor_key), weight[1]);
    weigh(scale, sizeof(scale) / sizeof(*scale), in_scale);
    for (int k = 0; k < 12; k++) {
        key->likely[0][k] = speaks_for((const float (*)[12])weight[0], (const float (*)[12])share, k);
        key->likely[1][k] = speaks_for((const float (*)[12])weight[1], (const float (*)[12])share, k);
        of_scale[k] = speaks_for((const float (*)[12])in_scale, (const float (*)[12])share, k);
    }
    to_likely(&key->likely[0][0], 24, SURE_NAME);
    to_likely(of_scale, 12, SURE_SCALE);
    for (int minor = 0; minor < 2; minor++)
        for (int r = 0; r < 12; r++)
            for (int k = 0; k < 12; k++)
                key->bonus[minor][r] += of_scale[k] * in_scale[minor][(r - k + 12) % 12];
}

/* Part of the time that has chords, and how many there are: e to the entropy of their shares. */
static double variety(const struct chords *c, double *sounding)
{
    double of[2][12] = { { 0 } }, chords = 0, all = 0, entropy = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct chord *k = &c->chord[i];
        all += k->end - k->start;
        if (k->root < 0)
            continue;
        of[k->quality == CHORD_MIN || k->quality == CHORD_MIN7][k->root] += k->end - k->start;
        chords += k->end - k->start;
    }
    for (int i = 0; i < 24; i++)
        if (of[i / 12][i % 12] > 0)
            entropy -= of[i / 12][i % 12] / chords * log(of[i / 12][i % 12] / chords);
    *sounding = all > 0 ? chords / all : 0;
    return exp(entropy);
}

void chord_key_name(const struct chord_key *key, struct chords *out)
{
    double sounding, chords = variety(out, &sounding);
    int best = 0;

    if (sounding < LEAST)
        return;
    for (int i = 1; i < 24; i++)
        best = key->likely[i / 12][i % 12] > key->likely[best / 12][best % 12] ? i : best;
    double confidence = key->likely[best / 12][best % 12] * fmin(1, sounding / ENOUGH) * fmin(1, chords / CHORDS);
    if (confidence < UNSURE)
        return;
    out->tonic = best % 12;
    out->is_minor = best >= 12;
    out->key_confidence = confidence;
}
