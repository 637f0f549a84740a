#include "../../tap.h"

#include "net/limiter.h"

static void fail(struct limiter *l, const char *key, int times, int64_t now)
{
    for (int i = 0; i < times; i++)
        limiter_count(l, key, now);
}

TEST(four_failures_are_free_and_then_it_doubles_up_to_a_minute)
{
    static const int waits[] = { 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60 };
    struct limiter *l = limiter_new(16);
    int64_t now = 1000;

    CHECK_INT(limiter_wait(l, "a", now), 0);
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        limiter_count(l, "a", now);
        CHECK_INT(limiter_wait(l, "a", now), waits[i]);
        now += waits[i] * 1000;
        CHECK_INT(limiter_wait(l, "a", now), 0);
        if (waits[i])
            CHECK_INT(limiter_wait(l, "a", now - 1), 1);        /* not a millisecond earlier */
    }
    limiter_free(l);
}

TEST(others_do_not_wait_and_who_is_right_is_forgiven)
{
    struct limiter *l = limiter_new(16);

    fail(l, "a", 8, 1000);
    CHECK_INT(limiter_wait(l, "a", 1000), 8);
    CHECK_INT(limiter_wait(l, "b", 1000), 0);
    limiter_forgive(l, "b");            /* one that is not there */
    limiter_forgive(l, "a");
    CHECK_INT(limiter_wait(l, "a", 1000), 0);
    fail(l, "a", 4, 1000);
    CHECK_INT(limiter_wait(l, "a", 1000), 0);
    limiter_free(l);
}

TEST(an_hour_without_a_failure_is_a_new_beginning)
{
    struct limiter *l = limiter_new(16);

    fail(l, "a", 20, 0);
    CHECK_INT(limiter_wait(l, "a", 30000), 30);
    limiter_count(l, "a", 3600 * 1000);
    CHECK_INT(limiter_wait(l, "a", 3600 * 1000), 60);
    limiter_count(l, "a", 7200 * 1000 + 1);
    CHECK_INT(limiter_wait(l, "a", 7200 * 1000 + 1), 0);
    limiter_free(l);
}

/* Whoever has a thousand addresses must not make the table forget the name they try. */
TEST(a_full_table_forgets_who_failed_least)
{
    struct limiter *l = limiter_new(8);
    char key[16];

    fail(l, "victim", 10, 0);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "x%d", i);
        limiter_count(l, key, i);
    }
    CHECK_INT(limiter_wait(l, "victim", 1000), 31);
    CHECK_INT(limiter_wait(l, "x999", 1000), 0);
    limiter_free(l);
    limiter_free(NULL);
}

TEST(the_count_does_not_run_over)
{
    struct limiter *l = limiter_new(2);

    fail(l, "a", 100000, 5);
    CHECK_INT(limiter_wait(l, "a", 5), 60);
    limiter_free(l);
}
