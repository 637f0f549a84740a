#include "core/thread.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "core/str.h"

/* Sanitizers put guards around every variable and need several times the stack. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK_FACTOR = 8 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { STACK_FACTOR = 8 };
#else
enum { STACK_FACTOR = 1 };
#endif
#else
enum { STACK_FACTOR = 1 };
#endif

enum {
    STACK_DEFAULT = 256 << 10,
    STACK_TOUCH = 192 << 10,        /* what a real-time thread may use without a page fault */
    STACK_MARGIN = 32 << 10,        /* left alone at the far end */
    PAGE = 4096,
    TIMER_SLACK_NS = 1000,          /* the default of 50 us is added to every sleep */
    SLICE_NS = 100000,              /* the shortest there is */
};

struct start {
    void *(*run)(void *);
    void *arg;
    int nice;
    char name[16];
};

static _Thread_local bool is_real_time;

static void *enter(void *arg)
{
    struct start s = *(struct start *)arg;

    free(arg);
    pthread_setname_np(pthread_self(), s.name);
    if (s.nice && setpriority(PRIO_PROCESS, (id_t)gettid(), s.nice))
        log_debug("core", "thread %s: no permission for nice %d", s.name, s.nice);
    return s.run(s.arg);
}

enum lm_err thread_start(pthread_t *t, const struct thread_options *o, void *(*run)(void *), void *arg)
{
    pthread_attr_t attr;
    size_t stack = (o->stack ? o->stack : STACK_DEFAULT) * STACK_FACTOR;
    struct start *s = calloc(1, sizeof(*s));

    if (!s)
        return LM_NOMEM;
    *s = (struct start){ .run = run, .arg = arg, .nice = o->nice };
    str_copy(s->name, sizeof(s->name), o->name ? o->name : "lumad");
    if (stack < (size_t)PTHREAD_STACK_MIN)
        stack = (size_t)PTHREAD_STACK_MIN;
    stack = (stack + PAGE - 1) / PAGE * PAGE;

    int e = pthread_attr_init(&attr);
    if (!e) {
        if (!(e = pthread_attr_setstacksize(&attr, stack)))
            e = pthread_create(t, &attr, enter, s);
        pthread_attr_destroy(&attr);
    }
    if (e)
        free(s);
    return lm_err_from_errno(e);
}

/* Uses up the stack a page per call; `volatile` and the use after the call keep the compiler from undoing it. */
static __attribute__((noinline)) void touch(size_t n)
{
    volatile char page[PAGE];

    page[0] = 0;
    if (n > PAGE)
        touch(n - PAGE);
    page[PAGE - 1] = page[0];
}

static void touch_stack(void)
{
    pthread_attr_t attr;
    void *low;
    size_t size, left;
    char here;

    if (pthread_getattr_np(pthread_self(), &attr))
        return;
    if (!pthread_attr_getstack(&attr, &low, &size)) {
        left = (uintptr_t)&here - (uintptr_t)low;
        left = left > STACK_MARGIN && left <= size ? (left - STACK_MARGIN) / STACK_FACTOR : 0;
        touch(left < STACK_TOUCH ? left : STACK_TOUCH);
    }
    pthread_attr_destroy(&attr);
}

void thread_cond_init(pthread_cond_t *c)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
}

bool thread_enter_real_time(int priority)
{
    struct sched_param param = { .sched_priority = priority };

    touch_stack();
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
    bool allowed = !pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
    is_real_time = true;            /* last: what is above may still allocate */
    return allowed;
}

void thread_ask_short_slices(void)
{
    struct {                        /* struct sched_attr of sched_setattr(2), version 0 */
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } a = { 0 };

    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
    if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) || a.policy != SCHED_OTHER)
        return;
    a.size = sizeof(a);
    a.runtime = SLICE_NS;
    if (syscall(SYS_sched_setattr, 0, &a, 0))
        log_debug("core", "no short slices: %s", lm_err_text(lm_err_from_errno(errno)));
}

bool thread_is_real_time(void)
{
    return is_real_time;
}

void thread_leave_real_time(void)
{
    struct sched_param param = { .sched_priority = 0 };

    is_real_time = false;
    pthread_setschedparam(pthread_self(), SCHED_OTHER, &param);
    prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);       /* 0: back to the thread's default */
}

void thread_lock_memory(void)
{
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
        log_debug("core", "memory is not locked: %s", lm_err_text(lm_err_from_errno(errno)));
}

void thread_sleep_until(int64_t mono_ns)
{
    struct timespec t = { .tv_sec = mono_ns / 1000000000, .tv_nsec = mono_ns % 1000000000 };

    if (mono_ns <= 0)
        return;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}
