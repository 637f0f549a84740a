#pragma once
/*
 * A small struct that one thread changes and any number of threads read, without a lock on either side. Writes go round a ring of
 * slots, so a reader is only disturbed when SHARED_SLOTS - 1 writes happen while it copies: a real-time reader never waits for a
 * writer that was put to sleep halfway, as it would with a plain seqlock.
 *
 * THREADS  shared_write(): one at a time. shared_read(), shared_try(): any, real-time ones included.
 * MEMORY   Values are at most SHARED_WORDS * 8 bytes, plain data without pointers that need care.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SHARED_SLOTS = 8, SHARED_WORDS = 128, SHARED_TRIES = 16 };

struct shared {
    atomic_uint_fast64_t written;               /* number of the newest value; its slot is that modulo SHARED_SLOTS */
    atomic_uint_fast64_t words[SHARED_SLOTS][SHARED_WORDS];
};

/* Words are stored with release and loaded with acquire: whoever sees a word of write n + SHARED_SLOTS also sees `written` past n. */
static inline void shared_write(struct shared *s, const void *value, size_t size)
{
    uint64_t words[SHARED_WORDS] = { 0 };
    uint64_t n = atomic_load_explicit(&s->written, memory_order_relaxed) + 1;

    memcpy(words, value, size);
    for (size_t i = 0; i < (size + 7) / 8; i++)
        atomic_store_explicit(&s->words[n % SHARED_SLOTS][i], words[i], memory_order_release);
    atomic_store_explicit(&s->written, n, memory_order_release);
}

static inline void shared_read(const struct shared *s, void *value, size_t size)
{
    uint64_t words[SHARED_WORDS] = { 0 }, n, after;

    do {
        n = atomic_load_explicit(&s->written, memory_order_acquire);
        for (size_t i = 0; i < (size + 7) / 8; i++)
            words[i] = atomic_load_explicit(&s->words[n % SHARED_SLOTS][i], memory_order_acquire);
        after = atomic_load_explicit(&s->written, memory_order_acquire);
    } while (after - n >= SHARED_SLOTS - 1);
    memcpy(value, words, size);
}

/* For memory that another process writes, which may have gone mad: gives up after SHARED_TRIES. What is read may be anything. */
static inline bool shared_try(const struct shared *s, void *value, size_t size)
{
    uint64_t words[SHARED_WORDS], n, after;

    for (int tries = 0; tries < SHARED_TRIES; tries++) {
        n = atomic_load_explicit(&s->written, memory_order_acquire);
        for (size_t i = 0; i < (size + 7) / 8; i++)
            words[i] = atomic_load_explicit(&s->words[n % SHARED_SLOTS][i], memory_order_acquire);
        after = atomic_load_explicit(&s->written, memory_order_acquire);
        if (after - n < SHARED_SLOTS - 1) {
            memcpy(value, words, size);
            return true;
        }
    }
    return false;
}
