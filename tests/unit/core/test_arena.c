#include "../../tap.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"

static bool is_zero(const unsigned char *p, size_t n)
{
    while (n--)
        if (*p++)
            return false;
    return true;
}

TEST(what_is_given_out_is_zero_aligned_and_stays_where_it_is)
{
    struct arena *a = arena_new();
    unsigned char *first = arena_alloc(a, 24);
    bool is_right = true;

    memset(first, 7, 24);
    for (size_t n = 0; n < 20000; n += 37) {
        unsigned char *p = arena_alloc(a, n);
        is_right &= p && is_zero(p, n) && (uintptr_t)p % (n >= 4096 ? 64 : 16) == 0;
        memset(p, 0xEE, n);
    }
    for (int i = 0; i < 24; i++)
        is_right &= first[i] == 7;
    arena_free(a);
    CHECK(is_right);
}

TEST(a_large_piece_gets_its_own_block)
{
    struct arena *a = arena_new();
    unsigned char *p = arena_alloc(a, 50 << 20), *q = arena_alloc(a, 100);
    bool is_right = p && q && (uintptr_t)p % 64 == 0 && !p[0] && !p[(50 << 20) - 1];

    p[(50 << 20) - 1] = q[99] = 1;
    is_right &= arena_used(a) >= (50 << 20) + 100;
    arena_free(a);
    CHECK(is_right);
}

TEST(reset_forgets_and_what_comes_next_is_zero_again)
{
    struct arena *a = arena_new();
    bool is_right = true;

    for (int round = 0; round < 3; round++) {
        is_right &= arena_used(a) == 0;
        for (int i = 0; i < 500; i++) {
            unsigned char *p = arena_alloc(a, 300);
            is_right &= p && is_zero(p, 300);
            memset(p, 0xAA, 300);
        }
        unsigned char *big = arena_alloc(a, (size_t)round << 20);
        is_right &= big && is_zero(big, (size_t)round << 20);
        is_right &= arena_used(a) >= 500 * 300;
        arena_reset(a);
    }
    arena_free(a);
    CHECK(is_right);
}

TEST(sizes_that_overflow_are_refused)
{
    struct arena *a = arena_new();
    bool refused = !arena_array(a, SIZE_MAX / 2, 4) && !arena_alloc(a, SIZE_MAX) && !arena_alloc(a, SIZE_MAX / 2 + 2);
    bool given = arena_array(a, 10, 8) && arena_array(a, 0, 8) && arena_array(a, 8, 0);

    arena_free(a);
    CHECK(refused);
    CHECK(given);
}

TEST(strings_are_copied_and_null_stays_null)
{
    struct arena *a = arena_new();
    char text[] = "front";
    char *copy = arena_dup(a, text);

    text[0] = 'X';
    bool is_right = copy && !strcmp(copy, "front") && !arena_dup(a, NULL);
    arena_free(a);
    arena_free(NULL);
    CHECK(is_right);
}
