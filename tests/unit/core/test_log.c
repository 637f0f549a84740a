#include "../../tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"

static char captured[1 << 20];

static int64_t fixed_ms(void)
{
    return 1769894043250;
}

/* What `body` logs, with stderr in a file. `is_journal`: the file is named in JOURNAL_STREAM. */
static const char *capture(void (*body)(void), bool is_journal)
{
    char name[] = "/tmp/lumad-log-XXXXXX", stream[64];
    int file = mkstemp(name), before = dup(STDERR_FILENO);
    struct stat st;

    fstat(file, &st);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino + !is_journal);
    setenv("JOURNAL_STREAM", stream, 1);
    clock_set_for_test(NULL, fixed_ms);
    dup2(file, STDERR_FILENO);
    body();
    dup2(before, STDERR_FILENO);
    clock_set_for_test(NULL, NULL);
    unsetenv("JOURNAL_STREAM");
    ssize_t n = pread(file, captured, sizeof(captured) - 1, 0);
    captured[n < 0 ? 0 : n] = 0;
    close(file);
    close(before);
    unlink(name);
    return captured;
}

static void one_of_each(void)
{
    log_error("dmx", "artnet %s: no reply for %d s, still sending", "10.0.0.12", 3);
    log_warn("dmx", "w");
    log_info("show", "i");
    log_debug("show", "d");
}

TEST(a_line_has_time_level_domain_and_text)
{
    log_set_level(LOG_LEVEL_DEBUG);
    CHECK_STR(capture(one_of_each, false), "2026-01-31T21:14:03.250Z error dmx: artnet 10.0.0.12: no reply for 3 s, still sending\n"
                                           "2026-01-31T21:14:03.250Z warn  dmx: w\n"
                                           "2026-01-31T21:14:03.250Z info  show: i\n"
                                           "2026-01-31T21:14:03.250Z debug show: d\n");
}

TEST(the_journal_gets_priorities_and_keeps_its_own_time)
{
    log_set_level(LOG_LEVEL_DEBUG);
    CHECK_STR(capture(one_of_each, true), "<3>dmx: artnet 10.0.0.12: no reply for 3 s, still sending\n<4>dmx: w\n<6>show: i\n<7>show: d\n");
}

TEST(what_is_below_the_level_is_not_written)
{
    log_set_level(LOG_LEVEL_WARN);
    const char *text = capture(one_of_each, true);
    log_set_level(LOG_LEVEL_INFO);
    CHECK_STR(text, "<3>dmx: artnet 10.0.0.12: no reply for 3 s, still sending\n<4>dmx: w\n");
}

static void nasty(void)
{
    log_info("core", "%s", "a\nb\tc\x1b[31m\x7f\xC2\x9B\xFF caf\xC3\xA9");
}

TEST(control_characters_are_escaped)
{
    CHECK_STR(capture(nasty, true), "<6>core: a\\nb\\tc\\x1b[31m\\x7f\\x9b\\xff caf\xC3\xA9\n");
}

static void endless(void)
{
    char text[10000];

    memset(text, 'x', sizeof(text));
    text[9999] = 0;
    log_info("core", "%s", text);
    memset(text, 1, sizeof(text) - 1);
    log_info("core", "%s", text);
}

TEST(a_long_message_is_cut_and_stays_one_line)
{
    const char *text = capture(endless, true), *end = strchr(text, '\n');

    CHECK(end && end - text > 1000 && end - text < 4096);
    CHECK(!strncmp(end - 3, "...", 3));
    CHECK(strchr(end + 1, '\n') && !strchr(end + 1, '\n')[1]);
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 500; i++)
        log_info("core", "%s", (const char *)arg);
    return NULL;
}

static void from_four_threads(void)
{
    static char text[4][200];
    pthread_t t[4];

    for (int i = 0; i < 4; i++) {
        memset(text[i], 'a' + i, 150);
        pthread_create(&t[i], NULL, log_many, text[i]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
}

TEST(lines_of_several_threads_do_not_mix)
{
    const char *text = capture(from_four_threads, true);
    int lines = 0;

    for (const char *at = text, *end; (end = strchr(at, '\n')); at = end + 1, lines++) {
        CHECK_INT(end - at, 9 + 150);
        CHECK_INT(strspn(at + 9, (char[]){ at[9], 0 }), 150);
    }
    CHECK_INT(lines, 2000);
}
