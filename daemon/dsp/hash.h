#pragma once
/*
 * FNV-1a, 64 bits, and a finaliser: keys of caches and seeds of randomness. Not for passwords.
 * http://www.isthe.com/chongo/tech/comp/fnv/; the finaliser is that of splitmix64 (Steele, Lea, Flood 2014).
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* With its NUL, so that "ab","c" and "a","bc" differ. */
static inline uint64_t hash_text(uint64_t h, const char *s)
{
    return hash_bytes(h, s, strlen(s) + 1);
}

static inline uint64_t hash_mix(uint64_t h)
{
    h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 31);
}
