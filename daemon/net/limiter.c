#include "net/limiter.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    uint64_t key;
    int64_t last_ms;
    unsigned failures; /* 0: free */
};

struct limiter {
    unsigned char secret[crypto_shorthash_KEYBYTES];
    size_t n;
    struct slot slots[];
};

struct limiter *limiter_new(size_t slots)
{
    struct limiter *l = calloc(1, sizeof(*l) + slots * sizeof(l->slots[0]));

    if (!l)
        return NULL;
    randombytes_buf(l->secret, sizeof(l->secret));
    l->n = slots;
    return l;
}

void limiter_free(struct limiter *l)
{
    free(l);
}

static uint64_t hash(const struct limiter *l, const char *key)
{
    uint64_t h;

    crypto_shorthash((unsigned char *)&h, (const unsigned char *)key, strlen(key), l->secret);
    return h;
}

static bool is_old(const struct slot *s, int64_t now_ms)
{
    return now_ms - s->last_ms > (int64_t)LIMITER_FORGET_S * 1000;
}

/* NULL: nothing is held against it. */
static const struct slot *find(const struct limiter *l, const char *key)
{
    uint64_t h = hash(l, key);

    for (size_t i = 0; i < l->n; i++)
        if (l->slots[i].failures && l->slots[i].key == h)
            return &l->slots[i];
    return NULL;
}

int limiter_wait(const struct limiter *l, const char *key, int64_t now_ms)
{
    const struct slot *s = find(l, key);

    if (!s || is_old(s, now_ms) || s->failures <= LIMITER_FREE)
        return 0;
    unsigned doubled = s->failures - LIMITER_FREE - 1;
    int64_t delay = doubled < 6 ? 1 << doubled : LIMITER_MOST_S, left = s->last_ms + delay * 1000 - now_ms;
    return left > 0 ? (int)((left + 999) / 1000) : 0;
}

void limiter_count(struct limiter *l, const char *key, int64_t now_ms)
{
    struct slot *s = (struct slot *)find(l, key);

    if (!s) {
        s = &l->slots[0];
        for (struct slot *other = l->slots; other < l->slots + l->n; other++) {
            if (!other->failures || is_old(other, now_ms)) {
                s = other;
                break;
            }
            if (other->failures < s->failures || (other->failures == s->failures && other->last_ms < s->last_ms))
                s = other;
        }
        *s = (struct slot){ .key = hash(l, key) };
    } else if (is_old(s, now_ms)) {
        s->failures = 0;
    }
    s->failures += s->failures < 1000;
    s->last_ms = now_ms;
}

void limiter_forgive(struct limiter *l, const char *key)
{
    struct slot *s = (struct slot *)find(l, key);

    if (s)
        s->failures = 0;
}
