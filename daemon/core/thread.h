#pragma once
/*
 * Threads with names, sizes and manners.
 *
 * A thread that calls thread_enter_real_time() has promised not to allocate, free, lock, log or touch a file. In builds with
 * LUMAD_RT_TRAP (tests) malloc and friends, pthread_mutex_lock, open, read, write, fsync abort with a backtrace when called from such a thread.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct thread_options {
    const char *name;           /* <= 15 characters */
    size_t stack;               /* bytes; 0 = 256 KiB */
    int nice;                   /* 0 = as it is */
};

enum lm_err thread_start(pthread_t *t, const struct thread_options *o, void *(*run)(void *), void *arg);
/* One whose timed waits are for instants of CLOCK_MONOTONIC, as clock_in_ms() gives them. */
void thread_cond_init(pthread_cond_t *c);
/* SCHED_FIFO at `priority` when allowed (EPERM: false, the caller logs it once), stack pre-touched, timer slack 1 us. */
bool thread_enter_real_time(int priority);
bool thread_is_real_time(void);
/* For a thread that wants to be punctual and may not be real-time: it asks for short slices, and so comes before others that run for long (EEVDF, Linux 6.12;
 * nothing on older ones). Needs no permission. Timer slack 1 us. */
void thread_ask_short_slices(void);
void thread_leave_real_time(void);
void thread_assert_may_block(const char *what);         /* aborts in LUMAD_RT_TRAP builds when real-time; else nothing */
void thread_lock_memory(void);                          /* mlockall(CURRENT | FUTURE | ONFAULT); failure is logged at debug */
/* Sleeps until the absolute CLOCK_MONOTONIC instant; real-time safe. */
void thread_sleep_until(int64_t mono_ns);
