#pragma once
/*
 * Microseconds counted in 64 buckets, four to the octave: what real-time code may do instead of logging.
 * THREADS  histogram_add(): one writer, real-time safe. histogram_read(): any; a reader sees a slightly older count, never a torn one.
 */
#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 96 };

struct histogram { atomic_uint count[HISTOGRAM_BUCKETS]; atomic_uint max; };

/* Bucket of a value: exact below 4, then four per octave (relative width at most 25 %). */
static inline unsigned histogram_bucket(uint32_t us)
{
    if (us < 4)
        return us;
    unsigned octave = 31u - (unsigned)__builtin_clz(us);
    unsigned b = 4 * (octave - 1) + ((us >> (octave - 2)) & 3);
    return b < HISTOGRAM_BUCKETS ? b : HISTOGRAM_BUCKETS - 1;
}

/* The largest value of a bucket. */
static inline uint32_t histogram_top(unsigned bucket)
{
    if (bucket < 4)
        return bucket;
    unsigned octave = bucket / 4 + 1;
    return ((4u + bucket % 4 + 1) << (octave - 2)) - 1;
}

static inline void histogram_add(struct histogram *h, uint32_t us)
{
    atomic_fetch_add_explicit(&h->count[histogram_bucket(us)], 1, memory_order_relaxed);
    if (us > atomic_load_explicit(&h->max, memory_order_relaxed))
        atomic_store_explicit(&h->max, us, memory_order_relaxed);
}

static inline uint64_t histogram_count(const struct histogram *h)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        n += atomic_load_explicit(&h->count[i], memory_order_relaxed);
    return n;
}

static inline void histogram_read(const struct histogram *h, uint32_t *p50, uint32_t *p99, uint32_t *max)
{
    uint64_t n = histogram_count(h), seen = 0;

    *max = atomic_load_explicit(&h->max, memory_order_relaxed);
    *p50 = *p99 = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && n; i++) {
        uint64_t before = seen;
        seen += atomic_load_explicit(&h->count[i], memory_order_relaxed);
        uint32_t top = histogram_top(i) < *max ? histogram_top(i) : *max;
        if (before * 2 < n && seen * 2 >= n)
            *p50 = top;
        if (before * 100 < n * 99 && seen * 100 >= n * 99)
            *p99 = top;
    }
}
