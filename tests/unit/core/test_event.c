#include "../../tap.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/event.h"

static struct event event(const char *table, int64_t version)
{
    return (struct event){ .table = table, .id = "x", .version = version, .op = 'u' };
}

TEST(news_reach_every_listener_in_order)
{
    struct event_bus *b = event_bus_new();
    struct event_listener *l = event_listen(b, 8, NULL, NULL), *m = event_listen(b, 8, NULL, NULL);
    struct event in[3] = { event("a", 1), event("b", 2), event("c", 3) }, e;
    bool is_right = true;

    event_publish(b, in, 2);
    event_publish(b, in + 2, 1);
    for (int i = 1; i <= 3; i++) {
        is_right &= event_poll(l, &e) && e.version == i && !strcmp(e.id, "x") && e.op == 'u';
        is_right &= event_wait(m, &e, 0) && e.version == i && !strcmp(e.table, in[i - 1].table);
    }
    is_right &= !event_poll(l, &e) && !event_wait(m, &e, 0);
    event_unlisten(l);
    event_publish(b, in, 1);
    is_right &= event_poll(m, &e);
    event_unlisten(m);
    event_unlisten(NULL);
    event_publish(b, in, 1);
    event_bus_free(b);
    event_bus_free(NULL);
    CHECK(is_right);
}

TEST(an_overflow_leaves_one_star)
{
    struct event_bus *b = event_bus_new();
    struct event_listener *l = event_listen(b, 4, NULL, NULL), *wide = event_listen(b, 64, NULL, NULL);
    struct event e;
    int n = 0;

    for (int i = 0; i < 5; i++)
        event_publish(b, &(struct event){ .table = "tracks", .version = i, .op = 'i' }, 1);
    bool is_right = event_poll(l, &e) && !strcmp(e.table, "*") && !event_poll(l, &e);
    while (event_poll(wide, &e))
        is_right &= e.version == n++;
    is_right &= n == 5;
    event_publish(b, &(struct event){ .table = "scores", .op = 'd' }, 1);
    is_right &= event_poll(l, &e) && !strcmp(e.table, "scores") && e.op == 'd' && !event_poll(l, &e);
    event_unlisten(l);
    event_unlisten(wide);
    event_bus_free(b);
    CHECK(is_right);
}

TEST(exactly_as_many_as_fit_are_kept)
{
    struct event_bus *b = event_bus_new();
    struct event_listener *l = event_listen(b, 4, NULL, NULL);
    struct event e, in[4] = { event("a", 0), event("a", 1), event("a", 2), event("a", 3) };
    bool is_right = true;

    for (int round = 0; round < 7; round++) {
        event_publish(b, in, 3);
        is_right &= event_poll(l, &e) && e.version == 0;
        event_publish(b, in + 3, 1);
        for (int i = 1; i < 4; i++)
            is_right &= event_poll(l, &e) && e.version == i;
    }
    event_unlisten(l);
    event_bus_free(b);
    CHECK(is_right);
}

TEST(a_wait_ends_at_its_time)
{
    struct event_bus *b = event_bus_new();
    struct event_listener *l = event_listen(b, 4, NULL, NULL);
    struct event e;
    int64_t t = clock_mono_ns();
    bool got = event_wait(l, &e, 30);
    int64_t took = clock_mono_ns() - t;

    event_unlisten(l);
    event_bus_free(b);
    CHECK(!got);
    CHECK(took >= 30000000);
    CHECK(took < 5000000000);
}

TEST(event_wake_ends_one_wait_even_beforehand)
{
    struct event_bus *b = event_bus_new();
    struct event_listener *l = event_listen(b, 4, NULL, NULL);
    struct event e;

    event_wake(l);
    bool first = event_wait(l, &e, -1);
    int64_t t = clock_mono_ns();
    bool second = event_wait(l, &e, 20);
    int64_t took = clock_mono_ns() - t;
    event_unlisten(l);
    event_bus_free(b);
    CHECK(!first && !second);
    CHECK(took >= 20000000);
}

enum { N = 20000 };

struct flood {
    struct event_bus *bus;
    atomic_bool done;
};

static void *publish_many(void *arg)
{
    struct flood *f = arg;

    for (int i = 1; i <= N; i++)
        event_publish(f->bus, &(struct event){ .table = "t", .version = i, .op = 'u' }, 1);
    atomic_store(&f->done, true);
    return NULL;
}

/* Versions follow one another; a gap is allowed after a star alone, and so is a missing end. */
static bool is_complete(size_t capacity)
{
    struct flood f = { .bus = event_bus_new() };
    struct event_listener *l = event_listen(f.bus, capacity, NULL, NULL);
    int64_t last = 0;
    bool is_right = true, star = false;
    struct event e;
    pthread_t t;

    pthread_create(&t, NULL, publish_many, &f);
    for (bool done = false; !done;) {
        done = atomic_load(&f.done);
        while (event_wait(l, &e, done ? 0 : 20)) {
            if (!strcmp(e.table, "*")) {
                star = true;
                continue;
            }
            is_right &= e.version == last + 1 || (star && e.version > last);
            last = e.version;
            star = false;
        }
    }
    pthread_join(t, NULL);
    event_unlisten(l);
    event_bus_free(f.bus);
    return is_right && (last == N || star);
}

TEST(across_threads_everything_arrives_when_it_fits)
{
    CHECK(is_complete(N));
}

TEST(across_threads_nothing_is_lost_without_a_star)
{
    CHECK(is_complete(16));
    CHECK(is_complete(1));
}

static void count(void *ctx)
{
    atomic_fetch_add((atomic_int *)ctx, 1);
}

static void publish_again(void *ctx)
{
    struct event_bus **b = ctx;
    struct event_bus *bus = *b;

    if (bus) {
        *b = NULL;
        event_publish(bus, &(struct event){ .table = "again", .op = 'u' }, 1);
    }
}

TEST(a_wake_function_runs_once_per_publish_with_no_lock_held)
{
    struct event_bus *b = event_bus_new(), *once = b;
    atomic_int calls = 0;
    struct event_listener *l = event_listen(b, 8, count, &calls), *m = event_listen(b, 8, publish_again, &once);
    struct event in[2] = { event("a", 1), event("a", 2) }, e;
    int n = 0;

    event_publish(b, in, 2);
    while (event_poll(l, &e))
        n++;
    event_publish(b, in, 0);
    event_unlisten(m);
    event_unlisten(l);
    event_bus_free(b);
    CHECK_INT(n, 3);
    CHECK(atomic_load(&calls) == 1 || atomic_load(&calls) == 2);    /* the second publish may come before the first call */
}

struct slow {
    atomic_int entered, left;
};

static void slow_wake(void *ctx)
{
    struct slow *s = ctx;

    atomic_store(&s->entered, 1);
    usleep(50000);
    atomic_store(&s->left, 1);
}

static void *publish_one(void *arg)
{
    event_publish(arg, &(struct event){ .table = "t", .op = 'u' }, 1);
    return NULL;
}

TEST(unlisten_waits_for_a_running_wake_function)
{
    struct event_bus *b = event_bus_new();
    struct slow s = { 0 };
    struct event_listener *l = event_listen(b, 8, slow_wake, &s);
    pthread_t t;

    pthread_create(&t, NULL, publish_one, b);
    while (!atomic_load(&s.entered))
        usleep(100);
    event_unlisten(l);
    int left = atomic_load(&s.left);
    pthread_join(t, NULL);
    event_bus_free(b);
    CHECK(left);
}
