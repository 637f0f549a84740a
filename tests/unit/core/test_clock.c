#include "../../tap.h"

#include <time.h>

#include "core/clock.h"

static int64_t fixed_ns(void)
{
    return 42;
}

static int64_t fixed_ms(void)
{
    return 1000;
}

TEST(the_real_clocks_are_the_systems)
{
    struct timespec t;
    int64_t before = clock_mono_ns(), after = clock_mono_ns();

    CHECK(after >= before);
    clock_gettime(CLOCK_MONOTONIC, &t);
    CHECK_NEAR((double)(t.tv_sec * 1000000000LL + t.tv_nsec), (double)after, 5e9);
    CHECK_NEAR((double)time(NULL) * 1000, (double)clock_wall_ms(), 5000);
}

TEST(a_test_sets_the_clock_and_gives_it_back)
{
    clock_set_for_test(fixed_ns, fixed_ms);
    int64_t ns = clock_mono_ns(), ms = clock_wall_ms();
    clock_set_for_test(NULL, NULL);
    CHECK_INT(ns, 42);
    CHECK_INT(ms, 1000);
    CHECK(clock_wall_ms() > 1000);
}

TEST(instants_are_rfc_3339)
{
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1769894043250, "2026-01-31T21:14:03.250Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 4107542399999, "2100-02-28T23:59:59.999Z" },
        { 4107542400000, "2100-03-01T00:00:00.000Z" },
        { -1, "1969-12-31T23:59:59.999Z" },
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" },
        { -62135596800000, "0001-01-01T00:00:00.000Z" },
        { INT64_MIN, "0001-01-01T00:00:00.000Z" },
    };
    char text[25];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clock_format_rfc3339(rows[i].ms, text);
        CHECK_STR(text, rows[i].want);
    }
}

TEST(every_day_of_400_years_is_what_gmtime_says)
{
    char text[25], want[80];
    struct tm tm;

    for (int64_t day = -80000; day < 66097; day++) {
        time_t t = day * 86400 + 3661;
        gmtime_r(&t, &tm);
        snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02d.007Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                 tm.tm_hour, tm.tm_min, tm.tm_sec);
        clock_format_rfc3339((int64_t)t * 1000 + 7, text);
        CHECK_STR(text, want);
    }
}
