#pragma once
/* Randomness that is the same each time: a number for each (seed, place), no state. Vigna's SplitMix64 as the mix. */
#include <stdint.h>

static inline uint64_t random_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline uint64_t random_at(uint64_t seed, uint64_t a, uint64_t b)
{
    return random_mix(random_mix(seed ^ random_mix(a)) ^ b);
}

/* 0 <= result < 1 */
static inline float random_unit(uint64_t bits)
{
    return (float)(bits >> 40) * 0x1p-24f;
}
