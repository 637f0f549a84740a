#include "core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/str.h"
#include "core/thread.h"

enum { TEXT = 2048, LINE = 2 * TEXT };

static const struct {
    const char *name, *journal;     /* syslog priorities, see sd-daemon(3) */
} levels[] = {
    [LOG_LEVEL_ERROR] = { "error", "<3>" },
    [LOG_LEVEL_WARN]  = { "warn",  "<4>" },
    [LOG_LEVEL_INFO]  = { "info",  "<6>" },
    [LOG_LEVEL_DEBUG] = { "debug", "<7>" },
};

static atomic_int least = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&least, (int)level);
}

/* JOURNAL_STREAM alone is not enough: it is inherited when stderr has been sent elsewhere (systemd.exec(5)). */
static bool to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && !fstat(STDERR_FILENO, &st) &&
           st.st_dev == device && st.st_ino == inode;
}

/* Control characters (C0, DEL, C1) and bytes that are no UTF-8 become \n, \t or \xNN: one event stays one line. */
static size_t escape(char *out, size_t size, const char *text)
{
    size_t n = 0, left = strlen(text);

    while (left && n + 8 < size) {
        unsigned char c = (unsigned char)text[0];
        size_t step = utf8_step(text, left);
        bool is_c1 = step == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0;
        if (step && c >= 0x20 && c != 0x7F && !is_c1) {
            memcpy(out + n, text, step);
            n += step;
        } else if (c == '\n' || c == '\t') {
            out[n++] = '\\';
            out[n++] = c == '\n' ? 'n' : 't';
            step = 1;
        } else {
            n += (size_t)snprintf(out + n, size - n, "\\x%02x", is_c1 ? (unsigned char)text[1] : c);
            step = is_c1 ? 2 : 1;
        }
        text += step;
        left -= step;
    }
    return n;
}

void log_write(enum log_level level, const char *domain, const char *fmt, ...)
{
    char text[TEXT], line[LINE], when[25];
    va_list args;
    size_t n;

    thread_assert_may_block("log");
    if ((int)level > atomic_load_explicit(&least, memory_order_relaxed))
        return;

    va_start(args, fmt);
    int len = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (len < 0)
        str_copy(text, sizeof(text), fmt);
    if (len >= (int)sizeof(text))
        memcpy(text + sizeof(text) - 4, "...", 4);

    if (to_journal()) {
        n = (size_t)snprintf(line, sizeof(line), "%s%.32s: ", levels[level].journal, domain);
    } else {
        clock_format_rfc3339(clock_wall_ms(), when);
        n = (size_t)snprintf(line, sizeof(line), "%s %-5s %.32s: ", when, levels[level].name, domain);
    }
    n += escape(line + n, sizeof(line) - n - 1, text);
    line[n++] = '\n';
    /* One write, so that lines of several threads do not mix. There is nobody to tell when stderr is gone. */
    if (write(STDERR_FILENO, line, n) < 0)
        return;
}
