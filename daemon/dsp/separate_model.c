#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/dmath.h"
#include "dsp/separate_private.h"

enum { BANDS = SEPARATE_BANDS, LANES = 16, HATS = 7 };          /* LANES bands at a time: vector code */

struct model {
    struct look look;
    double bin_hz;
    size_t n;                           /* frames of the piece that was looked at */
    float hat[HATS][BANDS];             /* where a band is on the logarithmic scale: 1 at a middle, 0 at the next ones */
    float log_hz[BANDS];
    float in[MODEL_IN][LANES], hidden[2][MODEL_HIDDEN][LANES], out[MODEL_OUT][LANES];
};

static double band_hz(const struct model *m, int band)
{
    return m->bin_hz * (separate_first_bin(band) + separate_end_bin(band) - 1) / 2;
}

struct model *model_new(double rate, size_t frames)
{
    static const double middle[HATS] = { 45, 90, 180, 450, 1200, 3500, 10000 };
    struct model *m = calloc(1, sizeof(*m));

    if (!m || !look_init(&m->look, frames)) {
        model_free(m);
        return NULL;
    }
    m->bin_hz = rate / SEPARATE_SIZE;
    for (int b = 0; b < BANDS; b++) {
        double hz = band_hz(m, b), x = dsp_log2(hz > 20 ? hz : 20);
        m->log_hz[b] = (float)x;
        for (int i = 0; i < HATS; i++) {
            double at = dsp_log2(middle[i]), low = dsp_log2(middle[i > 0 ? i - 1 : 0]), high = dsp_log2(middle[i + 1 < HATS ? i + 1 : i]);
            double up = i > 0 ? (x - low) / (at - low) : 1, down = i + 1 < HATS ? (high - x) / (high - at) : 1;
            m->hat[i][b] = (float)fmax(0, fmin(1, fmin(up, down)));
        }
    }
    return m;
}

void model_free(struct model *m)
{
    if (m)
        look_clear(&m->look);
    free(m);
}

enum lm_err model_look(struct model *m, const struct piece *p)
{
    m->n = p->n;
    return look_at(&m->look, p);
}

static float clip(float x)
{
    return x > 6 ? 6 : x > -6 ? x : -6;
}

/* How near a partial of a pitch is: 1 on it, .4 one bin beside it. */
static float comb(const struct model *m, struct pitch p, int band)
{
    if (!(p.hz > 0))
        return 0;
    double hz = band_hz(m, band), partial = dsp_nearest(hz / (double)p.hz), width = separate_end_bin(band) - separate_first_bin(band);
    double off = fabs(hz - (partial > 0 ? partial : 1) * (double)p.hz) / m->bin_hz / (.5 + .5 * width);
    return (float)(1 / (1 + 1.5 * off * off));
}

void model_inputs(const struct model *m, size_t frame, int band, float in[MODEL_IN])
{
    const struct look *l = &m->look;
    size_t at = frame * BANDS + (size_t)band;
    float level = l->plane[LOOK_LEVEL][at], before = l->plane[LOOK_LEVEL][frame >= 2 ? at - 2 * BANDS : (size_t)band];
    float after = l->plane[LOOK_LEVEL][frame + 2 < m->n ? at + 2 * BANDS : (m->n - 1) * BANDS + (size_t)band];
    struct pitch bass = l->bass[frame], voice = l->voice[frame];
    int i = 0;

    for (; i < HATS; i++)
        in[i] = m->hat[i][band];
    in[i++] = clip(l->plane[LOOK_STEADY][at] - l->plane[LOOK_SPREAD][at]);
    in[i++] = clip(l->plane[LOOK_STEADY_SHORT][at] - l->plane[LOOK_SPREAD][at]);
    in[i++] = clip(l->plane[LOOK_STEADY_LONG][at] - l->plane[LOOK_SPREAD_WIDE][at]);
    in[i++] = clip(level - l->plane[LOOK_STEADY][at]);
    in[i++] = clip(level - l->plane[LOOK_SPREAD][at]);
    in[i++] = clip(level - l->plane[LOOK_REPEATED][at]);
    in[i++] = clip(level - before);
    in[i++] = clip(after - level);
    in[i++] = clip(l->plane[LOOK_SIDE][at]);
    in[i++] = l->plane[LOOK_TIED][at];
    in[i++] = clip(l->width);
    for (size_t h = 0; h < LOOK_HITS; h++)
        in[i++] = l->hits[frame * LOOK_HITS + h];
    in[i++] = comb(m, bass, band);
    in[i++] = comb(m, voice, band);
    in[i++] = clip(voice.strength);
    in[i++] = clip(bass.strength);
    in[i++] = clip(level - l->usual[band]);
    in[i++] = clip(l->plane[LOOK_REPEATED][at] - l->plane[LOOK_STEADY][at]);
    in[i++] = voice.hz > 0 ? clip(m->log_hz[band] - (float)dsp_log2((double)voice.hz)) : 0;
}

static void layer(const float *weight, const float *bias, int n_in, int n_out, float (*in)[LANES], float (*out)[LANES], bool is_cut)
{
    for (int o = 0; o < n_out; o++) {
        float sum[LANES];
        for (int k = 0; k < LANES; k++)
            sum[k] = bias[o];
        for (int i = 0; i < n_in; i++)
            for (int k = 0; k < LANES; k++)
                sum[k] += weight[o * n_in + i] * in[i][k];
        for (int k = 0; k < LANES; k++)
            out[o][k] = is_cut && sum[k] < 0 ? 0 : sum[k];
    }
}

void model_shares(struct model *m, size_t frame, float share[2][SEPARATE_PARTS][SEPARATE_BANDS])
{
    const struct separate_weights *w = &separate_weights;

    for (int first = 0; first < BANDS; first += LANES) {
        for (int k = 0; k < LANES; k++) {
            float in[MODEL_IN];
            model_inputs(m, frame, first + k, in);
            for (int i = 0; i < MODEL_IN; i++)
                m->in[i][k] = (in[i] - w->in_shift[i]) * w->in_scale[i];
        }
        layer(w->first[0], w->first_bias, MODEL_IN, MODEL_HIDDEN, m->in, m->hidden[0], true);
        layer(w->second[0], w->second_bias, MODEL_HIDDEN, MODEL_HIDDEN, m->hidden[0], m->hidden[1], true);
        layer(w->last[0], w->last_bias, MODEL_HIDDEN, MODEL_OUT, m->hidden[1], m->out, false);
        for (int c = 0; c < 2; c++)
            for (int k = 0; k < LANES; k++) {
                double e[SEPARATE_PARTS], sum = 0;
                for (int i = 0; i < SEPARATE_PARTS; i++)
                    sum += e[i] = dsp_exp(fmin(30, (double)m->out[c * SEPARATE_PARTS + i][k]));
                for (int i = 0; i < SEPARATE_PARTS; i++)
                    share[c][i][first + k] = (float)(e[i] / sum);
            }
    }
}
