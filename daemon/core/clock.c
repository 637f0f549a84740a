#include "core/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t (*test_mono_ns)(void);
static int64_t (*test_wall_ms)(void);

int64_t clock_mono_ns(void)
{
    struct timespec t;

    if (test_mono_ns)
        return test_mono_ns();
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_wall_ms(void)
{
    struct timespec t;

    if (test_wall_ms)
        return test_wall_ms();
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct timespec clock_in_ms(int64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000)
        t.tv_nsec -= 1000000000, t.tv_sec++;
    return t;
}

void clock_set_for_test(int64_t (*mono_ns)(void), int64_t (*wall_ms)(void))
{
    test_mono_ns = mono_ns;
    test_wall_ms = wall_ms;
}

static void digits(char *out, int n, int64_t value)
{
    while (n--) {
        out[n] = (char)('0' + value % 10);
        value /= 10;
    }
}

/*
 * By hand, because gmtime_r() takes the C library's time zone lock. Years are counted from 1 March, so that the leap day is
 * the last one; 719468 is the number of days from 0000-03-01 to 1970-01-01, 146097 that of 400 years.
 */
void clock_format_rfc3339(int64_t wall_ms, char out[25])
{
    static const int64_t first = -62135596800000, last = 253402300799999;   /* 0001-01-01 and 9999-12-31, all four digits can say */
    int64_t ms = (wall_ms < first ? first : wall_ms > last ? last : wall_ms) + 719468LL * 86400000;
    int64_t day = ms / 86400000, in_day = ms % 86400000;
    int64_t era = day / 146097, of_era = day % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;                    /* 0 = March */
    int64_t date = of_year - (153 * month + 2) / 5 + 1;

    year += era * 400 + (month >= 10);
    digits(out, 4, year);
    out[4] = '-';
    digits(out + 5, 2, month < 10 ? month + 3 : month - 9);
    out[7] = '-';
    digits(out + 8, 2, date);
    out[10] = 'T';
    digits(out + 11, 2, in_day / 3600000);
    out[13] = ':';
    digits(out + 14, 2, in_day / 60000 % 60);
    out[16] = ':';
    digits(out + 17, 2, in_day / 1000 % 60);
    out[19] = '.';
    digits(out + 20, 3, in_day % 1000);
    out[23] = 'Z';
    out[24] = '\0';
}
