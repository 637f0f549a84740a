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
    return a->n == b->n && a->t == b->t && a->c == b->c && a->samples == b->samples && !a->data == !b->data && !a->column == !b->column &&
           (!a->column || !memcmp(a->column, b->column, a->samples * sizeof *a->column)) &&
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

static bool is_flat(const float *rows, uint32_t n, uint32_t t, uint32_t c)
{
    for (uint32_t i = 1; i < n; i++)
        if (!same_bits(rows, rows + (size_t)i * t * c, (size_t)t * c))
            return false;
    return true;
}

/* A plane before it is stored. */
struct packing {
    struct plane plane;
    uint16_t column[TILE_SAMPLES + 1];  /* of each sample */
    uint16_t from[TILE_SAMPLES + 1];    /* the sample each column is taken from */
};

/* Which samples differ, in any head, from the one before. What moves is known to after a few heads. */
static void find_columns(const float *rows, uint32_t n, uint32_t t, uint32_t c, struct packing *p)
{
    enum { MOST = (TILE_SAMPLES + 1) * 3, EVERY = 8 };
    uint32_t differs[MOST] = { 0 }, count = 1, most = t - t / 4;        /* more than that is not worth a list */

    for (uint32_t i = 0; i < n && count <= most; i++) {
        uint32_t now[MOST];
        memcpy(now, rows + (size_t)i * t * c, (size_t)t * c * sizeof *now);
        for (uint32_t k = c; k < t * c; k++)
            differs[k] |= now[k] ^ now[k - c];
        if (i % EVERY && i + 1 < n)
            continue;
        count = 1;
        for (uint32_t s = 1; s < t; s++)
            count += (c == 1 ? differs[s] : differs[3 * s] | differs[3 * s + 1] | differs[3 * s + 2]) != 0;
    }
    bool is_list = count <= most && count > 1;
    uint32_t column = 0;
    for (uint32_t s = 0; s < t; s++) {
        bool is_new = s == 0 || count > most || (c == 1 ? differs[s] : differs[3 * s] | differs[3 * s + 1] | differs[3 * s + 2]) != 0;
        column += is_new && s > 0;
        p->column[s] = (uint16_t)column;
        if (is_new)
            p->from[column] = (uint16_t)s;
    }
    p->plane.t = count > most ? t : count;
    p->plane.samples = is_list ? t : 0;
}

/* Head-major in, column-major out, in squares that stay in the first cache. */
static inline __attribute__((always_inline)) void turn_channels(const float *rows, const struct packing *p, uint32_t t, const uint32_t c, float *out)
{
    enum { SIDE = 16 };
    uint32_t n = p->plane.n, columns = p->plane.t;

    for (uint32_t a = 0; a < n; a += SIDE)
        for (uint32_t b = 0; b < columns; b += SIDE) {
            uint32_t heads = n - a < SIDE ? n - a : SIDE, end = columns - b < SIDE ? columns : b + SIDE;
            for (uint32_t k = b; k < end; k++) {
                float *to = out + ((size_t)k * n + a) * c;
                const float *from = rows + ((size_t)a * t + p->from[k]) * c;
                for (uint32_t h = 0; h < heads; h++)
                    for (uint32_t i = 0; i < c; i++)
                        to[h * c + i] = from[(size_t)h * t * c + i];
            }
        }
}

static size_t padded(size_t floats)
{
    return (floats + ALIGN / sizeof(float) - 1) & ~(ALIGN / sizeof(float) - 1);
}

/* Data, and the list of columns behind it. */
static size_t floats_of(const struct plane *p)
{
    return padded((size_t)p->n * p->t * p->c) + padded((p->samples * sizeof *p->column + sizeof(float) - 1) / sizeof(float));
}

static size_t measure(const struct raw_output *raw, const float *rows, uint32_t c, struct packing *p)
{
    if (!rows)
        return 0;
    p->plane.n = is_flat(rows, raw->n, raw->t, c) ? 1 : raw->n;
    p->plane.c = c;
    find_columns(rows, p->plane.n, raw->t, c, p);
    return floats_of(&p->plane);
}

static float *store(const struct raw_output *raw, const float *rows, const struct packing *p, struct plane *plane, float *at)
{
    *plane = p->plane;
    if (!rows)
        return at;
    if (p->plane.c == 1)
        turn_channels(rows, p, raw->t, 1, at);
    else
        turn_channels(rows, p, raw->t, 3, at);
    plane->data = at;
    if (plane->samples) {
        void *list = at + padded((size_t)plane->n * plane->t * plane->c);
        plane->column = memcpy(list, p->column, plane->samples * sizeof *plane->column);
    }
    return at + floats_of(plane);
}

struct tile *tile_pack(uint32_t index, uint32_t samples, const struct raw_output *raw, uint32_t n)
{
    size_t head = (sizeof(struct tile) + n * sizeof(struct tile_output) + ALIGN - 1) & ~(size_t)(ALIGN - 1), floats = 0;
    struct packing (*p)[3] = calloc(n + 1, sizeof *p);          /* value, hue, alpha */

    if (!p)
        return NULL;
    for (uint32_t i = 0; i < n; i++)
        floats += measure(&raw[i], raw[i].value, 1, &p[i][0]) + measure(&raw[i], raw[i].hue, 3, &p[i][1]) + measure(&raw[i], raw[i].alpha, 1, &p[i][2]);
    struct tile *t = tile_alloc(head + floats * sizeof(float));
    if (t) {
        *t = (struct tile){ .index = index, .samples = samples, .bytes = head + floats * sizeof(float), .n_outputs = n };
        float *at = (float *)(void *)((char *)t + head);
        for (uint32_t i = 0; i < n; i++) {
            at = store(&raw[i], raw[i].value, &p[i][0], &t->outputs[i].value, at);
            at = store(&raw[i], raw[i].hue, &p[i][1], &t->outputs[i].hue, at);
            at = store(&raw[i], raw[i].alpha, &p[i][2], &t->outputs[i].alpha, at);
        }
    }
    free(p);
    return t;
}
