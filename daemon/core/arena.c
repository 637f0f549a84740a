#include "core/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_ALIGN = 16, LARGE_ALIGN = 64, LARGE = 4096, FIRST_BLOCK = 4 << 10, LARGEST_BLOCK = 4 << 20 };

struct block {
    struct block *next;
    size_t size, used;          /* of data[] */
    _Alignas(LARGE_ALIGN) unsigned char data[];
};

struct arena {
    struct block *first, *now;  /* blocks behind `now` are empty */
    size_t used;
};

struct arena *arena_new(void)
{
    return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

static size_t align_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static void *take(struct block *b, size_t n, size_t align)
{
    size_t at = align_up(b->used, align);

    if (at > b->size || n > b->size - at)
        return NULL;
    b->used = at + n;
    return memset(b->data + at, 0, n);
}

/* A block after `now` that can hold `n` bytes: one kept by arena_reset(), else a new one twice as large as the last. */
static struct block *next_block(struct arena *a, size_t n)
{
    struct block **at = a->now ? &a->now->next : &a->first;

    for (struct block *b; (b = *at); *at = b->next, free(b))
        if (b->size >= n)
            return b;

    size_t size = a->now ? a->now->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < n)
        size = align_up(n, LARGE_ALIGN);
    struct block *b = aligned_alloc(LARGE_ALIGN, sizeof(*b) + size);
    if (!b)
        return NULL;
    *b = (struct block){ .size = size };
    *at = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t align = n >= LARGE ? LARGE_ALIGN : SMALL_ALIGN;

    if (n > SIZE_MAX / 2)
        return NULL;
    n = align_up(n ? n : 1, align);
    void *p = a->now ? take(a->now, n, align) : NULL;
    if (!p) {
        struct block *b = next_block(a, n);
        if (!b)
            return NULL;
        a->now = b;
        p = take(b, n, align);
    }
    a->used += n;
    return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    return size && n > SIZE_MAX / size ? NULL : arena_alloc(a, n * size);
}

char *arena_dup(struct arena *a, const char *s)
{
    if (!s)
        return NULL;
    size_t n = strlen(s) + 1;
    char *copy = arena_alloc(a, n);
    return copy ? memcpy(copy, s, n) : NULL;
}

void arena_reset(struct arena *a)
{
    for (struct block *b = a->first; b; b = b->next)
        b->used = 0;
    a->now = a->first;
    a->used = 0;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

size_t arena_size(const struct arena *a)
{
    size_t size = sizeof(*a);

    for (const struct block *b = a->first; b; b = b->next)
        size += sizeof(*b) + b->size;
    return size;
}
