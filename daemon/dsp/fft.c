#include "dsp/fft.h"

#include <kiss_fftr.h>
#include <math.h>
#include <stdlib.h>

struct fft { size_t n; kiss_fftr_cfg cfg; float *window, *in; kiss_fft_cpx *out; };

void fft_free(struct fft *f)
{
    if (!f)
        return;
    kiss_fftr_free(f->cfg);
    free(f->window);
    free(f->in);
    free(f->out);
    free(f);
}

struct fft *fft_new(size_t n, enum fft_window window)
{
    struct fft *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->n = n;
    f->cfg = kiss_fftr_alloc((int)n, 0, NULL, NULL);
    f->window = malloc(n * sizeof(float));
    f->in = malloc(n * sizeof(float));
    f->out = malloc((n / 2 + 1) * sizeof(*f->out));
    if (!f->cfg || !f->window || !f->in || !f->out) {
        fft_free(f);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        double x = 2 * M_PI * (double)i / (double)(n - 1);
        f->window[i] = window == FFT_HANN ? (float)(.5 - .5 * cos(x))
                                          : (float)(.42 - .5 * cos(x) + .08 * cos(2 * x));
    }
    return f;
}

void fft_magnitude(struct fft *f, const float *in, float *out)
{
    for (size_t i = 0; i < f->n; i++)
        f->in[i] = in[i] * f->window[i];
    kiss_fftr(f->cfg, f->in, f->out);
    for (size_t i = 0; i <= f->n / 2; i++)
        out[i] = sqrtf(f->out[i].r * f->out[i].r + f->out[i].i * f->out[i].i);
}
