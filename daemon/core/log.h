#pragma once
/*
 * The log: one line per event, to stderr; with the journal's `<3>` level prefixes when stderr is the journal (JOURNAL_STREAM).
 * `log_warn("dmx", "artnet %s: no reply for %d s, still sending", ip, s)`.
 *
 * Levels are for the person at 2 a.m.: error = the show is affected, warn = it recovered, info = what an operator did or would
 * ask about, debug = for us, never per frame. Control characters in a message are escaped. Secrets never go in.
 *
 * THREADS  Any but the real-time ones (in a test build a real-time thread that logs aborts: thread_assert_may_block()).
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
void log_write(enum log_level level, const char *domain, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
