#include "dsp/harmony.h"

#include <string.h>

#include "dsp/pitches.h"

_Static_assert(HARMONY_NOTES == (int)PITCH_NOTES && HARMONY_LOWEST == (int)PITCH_LOWEST, "the notes of dsp/pitches.h");

enum { PROGRESS = 500 };                /* frames between two calls */

static void add(struct harmony *h, const struct pitch_frame *f)
{
    for (int i = 0; i < PITCHES; i++)
        h->note[i / PITCH_PER_NOTE] += f->strength[i];
    h->frames++;
}

enum lm_err harmony_find(const float *frames, uint64_t count, int channels, double rate, const double *edge, size_t n,
                         void (*progress)(double), struct harmony *out)
{
    struct pitches *p = pitches_new(&(struct pitch_input){ frames, channels }, 1, count, rate);
    struct pitch_frame f;
    size_t span = 0;

    memset(out, 0, n * sizeof(*out));
    if (!p)
        return LM_NOMEM;
    for (int since = 0; pitches_next(p, &f);) {
        while (span < n && f.at >= edge[span + 1])
            span++;
        if (span < n && f.at >= edge[span])
            add(&out[span], &f);
        if (progress && ++since % PROGRESS == 0)
            progress(pitches_done(p));
    }
    pitches_free(p);
    return LM_OK;
}
