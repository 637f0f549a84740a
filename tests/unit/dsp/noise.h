#pragma once
/* Noise that is the same in every run. `seed` goes on with each call; the generator is Numerical Recipes' linear congruential one. */
#include <stdint.h>

/* 0..1, even. */
static inline double random_of(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed / 4294967296.0;
}

/* About normal, mean 0, deviation 1 (the sum of twelve even ones). */
static inline double normal_of(uint32_t *seed)
{
    double sum = -6;

    for (int i = 0; i < 12; i++)
        sum += random_of(seed);
    return sum;
}
