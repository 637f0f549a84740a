#pragma once
/*
 * A bump allocator: many small things with one lifetime, freed together. Blocks grow; nothing moves.
 * THREADS  One at a time. Not for real-time threads.
 */
#include <stddef.h>

struct arena;

struct arena *arena_new(void);                                  /* NULL: no memory */
void arena_free(struct arena *a);                               /* NULL is fine */
void *arena_alloc(struct arena *a, size_t n);                   /* zeroed, 16-byte aligned (64 from 4 KiB on); NULL: no memory */
void *arena_array(struct arena *a, size_t n, size_t size);      /* checks n * size for overflow */
char *arena_dup(struct arena *a, const char *s);                /* NULL stays NULL */
void arena_reset(struct arena *a);                              /* forgets everything, keeps the blocks */
size_t arena_used(const struct arena *a);
size_t arena_size(const struct arena *a);                       /* of all its blocks */
