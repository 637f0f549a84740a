#pragma once
/*
 * Time. Everything that needs it asks here, so a test can set it.
 * THREADS  Any, real-time ones included. clock_set_for_test(): before threads are started.
 */
#include <stdint.h>
#include <time.h>

int64_t clock_mono_ns(void);                /* CLOCK_MONOTONIC */
int64_t clock_wall_ms(void);                /* Unix time in ms */
/* The instant so many ms from now on the real CLOCK_MONOTONIC, for pthread_cond_timedwait(): a test's clock may stand still, waiting must not. */
struct timespec clock_in_ms(int64_t ms);
void clock_set_for_test(int64_t (*mono_ns)(void), int64_t (*wall_ms)(void));    /* NULL = the real one */
void clock_format_rfc3339(int64_t wall_ms, char out[25]);   /* "2026-01-31T21:14:03.250Z"; clamped to years 1..9999 */
