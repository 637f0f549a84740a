#include "../../tap.h"

#include <pthread.h>
#include <stdbool.h>

#include "core/latest.h"
#include "core/ring.h"

enum { N = 200000 };

static void *writer(void *arg)
{
    for (int i = 0; i < N; i++)
        while (!ring_push(arg, &i))
            ;
    return NULL;
}

TEST(ring_keeps_order_across_threads)
{
    struct ring *r = ring_new(64, sizeof(int));
    pthread_t t;
    bool ordered = true;

    pthread_create(&t, NULL, writer, r);
    for (int want = 0; want < N;) {
        int got;
        if (ring_pop(r, &got))
            ordered &= got == want++;
    }
    pthread_join(t, NULL);
    ring_free(r);
    CHECK(ordered);
}

TEST(a_full_ring_refuses)
{
    struct ring *r = ring_new(2, sizeof(int));
    int v = 7;
    bool one = ring_push(r, &v), two = ring_push(r, &v), three = ring_push(r, &v);

    ring_free(r);
    CHECK(one && two && !three);
}

static void *publisher(void *arg)
{
    struct latest *l = arg;

    for (int i = 1; i <= N; i++) {
        int *frame = latest_back(l);
        frame[0] = i, frame[1] = -i;
        latest_publish(l);
    }
    return NULL;
}

TEST(latest_is_whole_and_never_goes_back)
{
    int a[2] = { 0 }, b[2] = { 0 }, c[2] = { 0 };
    struct latest l;
    pthread_t t;
    bool whole = true, forward = true;

    latest_init(&l, a, b, c);
    pthread_create(&t, NULL, publisher, &l);
    for (int seen = 0; seen < N;) {
        const int *frame = latest_front(&l);
        whole &= frame[0] == -frame[1];
        forward &= frame[0] >= seen;
        seen = frame[0];
    }
    pthread_join(t, NULL);
    CHECK(whole && forward);
}

TEST(an_empty_ring_has_nothing_and_a_full_one_keeps_what_it_has)
{
    struct ring *r = ring_new(4, sizeof(int));
    int got = -1;
    bool is_right = !ring_pop(r, &got) && got == -1;

    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++)
            is_right &= ring_push(r, &i);
        is_right &= !ring_push(r, &got);
        for (int i = 0; i < 4; i++)
            is_right &= ring_pop(r, &got) && got == i;
        is_right &= !ring_pop(r, &got);
    }
    ring_free(r);
    ring_free(NULL);
    CHECK(is_right);
}

TEST(messages_of_any_size_are_copied_whole)
{
    struct message {
        char text[77];
    } in, out = { "" };
    struct ring *r = ring_new(8, sizeof(in));
    bool is_right = true;

    for (int i = 0; i < 50; i++) {
        memset(in.text, 'a' + i % 26, sizeof(in.text));
        is_right &= ring_push(r, &in) && ring_pop(r, &out) && !memcmp(&in, &out, sizeof(in));
    }
    ring_free(r);
    CHECK(is_right);
}

TEST(a_reader_without_news_keeps_the_last_value)
{
    int a = 0, b = 0, c = 0;
    struct latest l;

    latest_init(&l, &a, &b, &c);
    for (int i = 1; i < 10; i++) {
        *(int *)latest_back(&l) = i;
        latest_publish(&l);
        *(int *)latest_back(&l) = i * 100;
        latest_publish(&l);
        CHECK_INT(*(int *)latest_front(&l), i * 100);
        CHECK_INT(*(int *)latest_front(&l), i * 100);
    }
}
