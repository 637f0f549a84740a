/* From what the nodes gave to what is kept: planes without what repeats. */
#include "graph/tile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "graph/program.h"

enum { ALIGN = 64, LARGE = 256 << 10 };

/* Large ones go back to the system as soon as they are let go: in a heap they would leave holes that nothing fits. */
static struct tile *tile_alloc(size_t bytes)
{
    if (bytes < LARGE)
        return aligned_alloc(ALIGN, bytes);
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void tile_free(struct tile *t)
{
    if (t && t->bytes >= LARGE)
        munmap(t, t->bytes);
    else
        free(t);
}

static bool plane_equal(const struct plane *a, const struct plane *b)
{
    return a->n == b->n && a->t == b->t && a->c == b->c && !a->data == !b->data &&
           (!a->data || !memcmp(a->data, b->data, (size_t)a->n * a->t * a->c * sizeof *a->data));
}

bool tile_equal(const struct tile *a, const struct tile *b)
{
    bool same = a->index == b->index && a->samples == b->samples && a->bytes == b->bytes && a->n_outputs == b->n_outputs;

    for (uint32_t i = 0; same && i < a->n_outputs; i++)
        same = plane_equal(&a->outputs[i].value, &b->outputs[i].value) && plane_equal(&a->outputs[i].hue, &b->outputs[i].hue) &&
               plane_equal(&a->outputs[i].alpha, &b->outputs[i].alpha);
    return same;
}

/* Bits, not numbers: a NaN is like itself, and -0 is not 0. */
static bool same_bits(const float *a, const float *b, size_t n)
{
    return memcmp(a, b, n * sizeof *a) == 0;
}

static bool is_still(const float *rows, uint32_t n, uint32_t t, uint32_t c)
{
    for (uint32_t i = 0; i < n; i++) {
        const float *row = rows + (size_t)i * t * c;
        /* Each sample is the one before it: the row against itself, one sample on. */
        if (t > 1 && !same_bits(row, row + c, (size_t)(t - 1) * c))
            return false;
    }
    return true;
}

static bool is_flat(const float *rows, uint32_t n, uint32_t t, uint32_t c)
{
    for (uint32_t i = 1; i < n; i++)
        if (!same_bits(rows, rows + (size_t)i * t * c, (size_t)t * c))
            return false;
    return true;
}

struct raw_size { uint32_t n, t; };

static struct raw_size collapse(const float *rows, uint32_t n, uint32_t t, uint32_t c)
{
    return (struct raw_size){ is_flat(rows, n, t, c) ? 1 : n, is_still(rows, n, t, c) ? 1 : t };
}

/* Head-major in, sample-major out, in squares that stay in the first cache. */
static inline __attribute__((always_inline)) void turn_channels(const float *rows, struct raw_size size, uint32_t t, const uint32_t c, float *out)
{
    enum { SIDE = 16 };

    for (uint32_t a = 0; a < size.n; a += SIDE)
        for (uint32_t b = 0; b < size.t; b += SIDE) {
            uint32_t heads = size.n - a < SIDE ? size.n - a : SIDE, samples = size.t - b < SIDE ? size.t - b : SIDE;
            for (uint32_t s = 0; s < samples; s++) {
                float *to = out + ((size_t)(b + s) * size.n + a) * c;
                const float *from = rows + ((size_t)a * t + b + s) * c;
                for (uint32_t n = 0; n < heads; n++)
                    for (uint32_t i = 0; i < c; i++)
                        to[n * c + i] = from[(size_t)n * t * c + i];
            }
        }
}

static void turn(const float *rows, struct raw_size size, uint32_t t, uint32_t c, float *out)
{
    if (size.n == 1 || size.t == 1)     /* no order to change */
        for (uint32_t n = 0; n < size.n; n++)
            memcpy(out + (size_t)n * size.t * c, rows + (size_t)n * t * c, (size_t)size.t * c * sizeof *out);
    else if (c == 1)
        turn_channels(rows, size, t, 1, out);
    else
        turn_channels(rows, size, t, 3, out);
}

static size_t padded(size_t floats)
{
    return (floats + ALIGN / sizeof(float) - 1) & ~(ALIGN / sizeof(float) - 1);
}

static size_t floats_of(const struct plane *p)
{
    return padded((size_t)p->n * p->t * p->c);
}

static size_t measure(const struct raw_output *raw, const float *rows, uint32_t c, struct plane *p)
{
    if (!rows)
        return 0;
    struct raw_size size = collapse(rows, raw->n, raw->t, c);
    *p = (struct plane){ .n = size.n, .t = size.t, .c = c };
    return floats_of(p);
}

static float *store(const struct raw_output *raw, const float *rows, struct plane *p, float *at)
{
    if (!rows)
        return at;
    turn(rows, (struct raw_size){ p->n, p->t }, raw->t, p->c, at);
    p->data = at;
    return at + floats_of(p);
}

struct tile *tile_pack(uint32_t index, uint32_t samples, const struct raw_output *raw, uint32_t n)
{
    size_t head = (sizeof(struct tile) + n * sizeof(struct tile_output) + ALIGN - 1) & ~(size_t)(ALIGN - 1), floats = 0;
    struct tile_output *planes = calloc(n + 1, sizeof *planes);

    if (!planes)
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        floats += measure(&raw[i], raw[i].value, 1, &planes[i].value) + measure(&raw[i], raw[i].hue, 3, &planes[i].hue) +
                  measure(&raw[i], raw[i].alpha, 1, &planes[i].alpha);
    struct tile *t = tile_alloc(head + floats * sizeof(float));
    if (t) {
        *t = (struct tile){ .index = index, .samples = samples, .bytes = head + floats * sizeof(float), .n_outputs = n };
        if (n)
            memcpy(t->outputs, planes, n * sizeof *planes);
        float *at = (float *)((char *)t + head);
        for (uint32_t i = 0; i < n; i++) {
            at = store(&raw[i], raw[i].value, &t->outputs[i].value, at);
            at = store(&raw[i], raw[i].hue, &t->outputs[i].hue, at);
            at = store(&raw[i], raw[i].alpha, &t->outputs[i].alpha, at);
        }
    }
    free(planes);
    return t;
}
