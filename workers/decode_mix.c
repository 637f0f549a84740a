#include "decode.h"

#include <math.h>

#define LOUDEST 8.f                     /* 18 dB above full scale */

void mix_init(struct mix *m, const struct source *s, bool is_mono)
{
    static const float factors[SPEAKERS][2] = {
        [AT_UNKNOWN] = { .5f, .5f }, [AT_LEFT] = { 1, 0 }, [AT_RIGHT] = { 0, 1 }, [AT_CENTER] = { .7071f, .7071f }, [AT_LFE] = { 0, 0 },
        [AT_BACK_LEFT] = { .7071f, 0 }, [AT_BACK_RIGHT] = { 0, .7071f }, [AT_BACK_CENTER] = { .5f, .5f },
    };
    float left = 0, right = 0;

    *m = (struct mix){ .from = s->channels, .to = is_mono || s->channels == 1 ? 1 : 2 };
    for (int c = 0; c < s->channels; c++) {
        left += m->left[c] = s->channels > 2 ? factors[s->at[c]][0] : c == 0;
        right += m->right[c] = s->channels > 2 ? factors[s->at[c]][1] : c == s->channels - 1;
    }
    float scale = fmaxf(fmaxf(left, right), 1);
    for (int c = 0; c < s->channels; c++) {
        m->left[c] /= scale;
        m->right[c] /= scale;
    }
}

/* A float file may hold anything: what is no number is silence, what is absurdly loud is held. Before all else, for one of them would spread. */
static void tame(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = isfinite(x[i]) ? fmaxf(-LOUDEST, fminf(LOUDEST, x[i])) : 0;
}

void mix_run(const struct mix *m, float *frames, size_t n)
{
    const float *in = frames;
    float *out = frames;

    tame(frames, n * (size_t)m->from);
    if (m->from == m->to)
        return;
    for (size_t i = 0; i < n; i++, in += m->from, out += m->to) {
        float l = 0, r = 0;
        for (int c = 0; c < m->from; c++) {
            l += m->left[c] * in[c];
            r += m->right[c] * in[c];
        }
        out[0] = m->to == 1 ? (l + r) * .5f : l;        /* as graphs mix what has two channels */
        if (m->to == 2)
            out[1] = r;
    }
}
