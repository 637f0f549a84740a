#include "loudness.h"

#include <ebur128.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/kweight.h"

enum { CHANNELS = 2, BEFORE = TRUE_PEAK_TAPS - 1, STRETCH = 64 };

struct loudness_meter {
    ebur128_state *state;
    size_t channels;
    float x[CHANNELS][BEFORE + STRETCH];        /* what the interpolator still needs, then what is new */
    float peak, reach;
};

enum lm_err loudness_meter_begin(struct loudness_meter **m, int channels, unsigned long rate)
{
    *m = channels >= 1 && channels <= CHANNELS ? calloc(1, sizeof **m) : NULL;
    if (!*m)
        return LM_NOMEM;
    (*m)->channels = (size_t)channels;
    (*m)->reach = true_peak_reach();
    (*m)->state = ebur128_init((unsigned)channels, rate, EBUR128_MODE_I);
    if (!(*m)->state || (channels == 1 && ebur128_set_channel((*m)->state, 0, EBUR128_DUAL_MONO) != EBUR128_SUCCESS)) {
        loudness_meter_free(*m);
        *m = NULL;
        return LM_NOMEM;
    }
    return LM_OK;
}

void loudness_meter_free(struct loudness_meter *m)
{
    if (m && m->state)
        ebur128_destroy(&m->state);
    free(m);
}

static float largest(const float *x, size_t n)
{
    float most = 0;

    for (size_t i = 0; i < n; i++) {
        float v = fabsf(x[i]);
        most = v > most ? v : most;
    }
    return most;
}

static void find_peak(struct loudness_meter *m, const float *frames, size_t n)
{
    for (size_t c = 0; c < m->channels; c++) {
        float *x = m->x[c];
        for (size_t i = 0; i < n; i++)
            x[BEFORE + i] = frames[i * m->channels + c];
        float sample = largest(x, BEFORE + n), between;
        m->peak = fmaxf(m->peak, sample);
        if (sample * m->reach > m->peak && (between = true_peak_run(x, n)) > m->peak)
            m->peak = between;
        memmove(x, x + n, BEFORE * sizeof *x);
    }
}

enum lm_err loudness_meter_feed(struct loudness_meter *m, const float *frames, uint64_t n)
{
    for (uint64_t i = 0; i < n; i += STRETCH)
        find_peak(m, frames + i * m->channels, n - i < STRETCH ? (size_t)(n - i) : STRETCH);
    return ebur128_add_frames_float(m->state, frames, (size_t)n) == EBUR128_SUCCESS ? LM_OK : LM_NOMEM;
}

enum lm_err loudness_meter_end(const struct loudness_meter *m, double *lufs, double *peak_db)
{
    if (ebur128_loudness_global(m->state, lufs) != EBUR128_SUCCESS)
        return LM_INTERNAL;
    *lufs = isfinite(*lufs) ? *lufs : NAN;
    *peak_db = fmax(-200, 20 * log10(fmax((double)m->peak, 1e-12)));
    return LM_OK;
}
