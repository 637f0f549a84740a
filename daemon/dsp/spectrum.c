#include "dsp/spectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/dmath.h"

/* One number of every lane; compilers make one instruction of an operation on it. */
typedef float lanes __attribute__((vector_size(SPECTRUM_LANES * sizeof(float))));

struct turn { float re, im; };

struct spectrum {
    uint32_t n, half;
    float *window;                      /* [n] */
    struct turn *turns;                 /* exp(-2 pi i k / n), k < n */
    lanes *re, *im, *re2, *im2;         /* [half], in and out by turns */
    lanes *memory;
};

void spectrum_free(struct spectrum *s)
{
    if (!s)
        return;
    free(s->window);
    free(s->turns);
    free(s->memory);
    free(s);
}

struct spectrum *spectrum_new(uint32_t n)
{
    struct spectrum *s = calloc(1, sizeof *s);

    if (!s || n < SPECTRUM_MIN || n > SPECTRUM_MAX || n & (n - 1)) {
        free(s);
        return NULL;
    }
    s->n = n;
    s->half = n / 2;
    s->window = malloc(n * sizeof *s->window);
    s->turns = malloc(n * sizeof *s->turns);
    s->memory = aligned_alloc(64, (size_t)4 * s->half * sizeof *s->memory);
    if (!s->window || !s->turns || !s->memory) {
        spectrum_free(s);
        return NULL;
    }
    memset(s->memory, 0, (size_t)4 * s->half * sizeof *s->memory);
    s->re = s->memory, s->im = s->re + s->half, s->re2 = s->im + s->half, s->im2 = s->re2 + s->half;
    for (uint32_t i = 0; i < n; i++) {
        double at = (double)i / n;
        s->window[i] = (float)(.5 - .5 * dsp_sin_turns(at + .25));
        s->turns[i] = (struct turn){ (float)dsp_sin_turns(at + .25), (float)-dsp_sin_turns(at) };
    }
    return s;
}

uint32_t spectrum_size(const struct spectrum *s)
{
    return s->n;
}

void spectrum_put(struct spectrum *s, unsigned lane, const float *in)
{
    float *re = (float *)s->re + lane, *im = (float *)s->im + lane;

    for (uint32_t i = 0; i < s->half; i++) {
        re[(size_t)i * SPECTRUM_LANES] = in[2 * i] * s->window[2 * i];
        im[(size_t)i * SPECTRUM_LANES] = in[2 * i + 1] * s->window[2 * i + 1];
    }
}

/* `groups` transforms that stand `groups` apart, each of `size` points, split by four; turns are those of a circle of s->n. */
static void step_by_four(const struct spectrum *s, uint32_t size, uint32_t groups)
{
    uint32_t quarter = size / 4, step = s->n / size;

    for (uint32_t p = 0; p < quarter; p++) {
        struct turn t1 = s->turns[p * step], t2 = s->turns[2 * p * step], t3 = s->turns[3 * p * step];
        const lanes *ar = s->re + groups * p, *ai = s->im + groups * p;
        lanes *yr = s->re2 + groups * 4 * p, *yi = s->im2 + groups * 4 * p;
        uint32_t far = groups * quarter;
        for (uint32_t q = 0; q < groups; q++) {
            lanes er = ar[q] + ar[q + 2 * far], ei = ai[q] + ai[q + 2 * far];
            lanes fr = ar[q] - ar[q + 2 * far], fi = ai[q] - ai[q + 2 * far];
            lanes gr = ar[q + far] + ar[q + 3 * far], gi = ai[q + far] + ai[q + 3 * far];
            lanes hr = ar[q + far] - ar[q + 3 * far], hi = ai[q + far] - ai[q + 3 * far];
            lanes br = fr + hi, bi = fi - hr, cr = er - gr, ci = ei - gi, dr = fr - hi, di = fi + hr;
            yr[q] = er + gr;
            yi[q] = ei + gi;
            yr[q + groups] = br * t1.re - bi * t1.im;
            yi[q + groups] = br * t1.im + bi * t1.re;
            yr[q + 2 * groups] = cr * t2.re - ci * t2.im;
            yi[q + 2 * groups] = cr * t2.im + ci * t2.re;
            yr[q + 3 * groups] = dr * t3.re - di * t3.im;
            yi[q + 3 * groups] = dr * t3.im + di * t3.re;
        }
    }
}

/* The last step: two points each, no turns left. */
static void step_by_two(const struct spectrum *s, uint32_t groups)
{
    for (uint32_t q = 0; q < groups; q++) {
        s->re2[q] = s->re[q] + s->re[q + groups];
        s->im2[q] = s->im[q] + s->im[q + groups];
        s->re2[q + groups] = s->re[q] - s->re[q + groups];
        s->im2[q + groups] = s->im[q] - s->im[q + groups];
    }
}

void spectrum_run(struct spectrum *s)
{
    uint32_t size = s->half, groups = 1;

    while (size > 1) {
        if (size > 2)
            step_by_four(s, size, groups);
        else
            step_by_two(s, groups);
        lanes *re = s->re, *im = s->im;
        s->re = s->re2, s->im = s->im2, s->re2 = re, s->im2 = im;
        groups *= size > 2 ? 4 : 2;
        size /= size > 2 ? 4 : 2;
    }
}

/* From the transform Z of even + i odd samples: X[k] = (Z[k] + Z*[-k]) / 2 + exp(-2 pi i k / n) (Z[k] - Z*[-k]) / 2i. */
void spectrum_read(const struct spectrum *s, unsigned lane, uint32_t from, uint32_t to, float *out)
{
    const float *re = (const float *)s->re + lane, *im = (const float *)s->im + lane, scale = 4 / (float)s->n;

    for (uint32_t k = from; k < to; k++) {
        size_t a = (size_t)(k % s->half) * SPECTRUM_LANES, b = (size_t)((s->half - k) % s->half) * SPECTRUM_LANES;
        struct turn t = s->turns[k];
        float er = (re[a] + re[b]) / 2, ei = (im[a] - im[b]) / 2, dr = (im[a] + im[b]) / 2, di = (re[b] - re[a]) / 2;
        float xr = er + dr * t.re - di * t.im, xi = ei + dr * t.im + di * t.re;
        out[k - from] = scale * sqrtf(xr * xr + xi * xi);
    }
}
