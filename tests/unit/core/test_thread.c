#include "../../tap.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/thread.h"

struct seen {
    char name[32];
    size_t stack;
    int nice;
    bool was_real_time, is_real_time, left, allowed;
    int policy, slack;
};

static void *look(void *arg)
{
    struct seen *s = arg;
    pthread_attr_t attr;
    void *low;

    pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &low, &s->stack);
    pthread_attr_destroy(&attr);
    s->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    return arg;
}

TEST(a_thread_has_its_name_stack_and_nice)
{
    struct seen s = { 0 };
    struct thread_options o = { .name = "a-name-far-too-long", .stack = 100000, .nice = 5 };
    int own = getpriority(PRIO_PROCESS, 0);     /* the tests themselves may be run under nice */
    pthread_t t;
    void *result;

    CHECK_INT(thread_start(&t, &o, look, &s), LM_OK);
    pthread_join(t, &result);
    CHECK(result == &s);
    CHECK_STR(s.name, "a-name-far-too-");
    CHECK(s.stack >= 100000 && s.stack < 2 << 20);
    CHECK_INT(s.nice, 5);
    CHECK_INT(getpriority(PRIO_PROCESS, 0), own);
}

TEST(the_default_stack_is_small_and_a_tiny_one_still_works)
{
    struct seen s = { 0 }, tiny = { 0 };
    pthread_t t;

    CHECK_INT(thread_start(&t, &(struct thread_options){ .name = "x" }, look, &s), LM_OK);
    pthread_join(t, NULL);
    CHECK(s.stack >= 256 << 10 && s.stack <= 4 << 20);
    CHECK_INT(thread_start(&t, &(struct thread_options){ .stack = 1 }, look, &tiny), LM_OK);
    pthread_join(t, NULL);
    CHECK(tiny.stack > 0);
}

TEST(a_stack_that_cannot_be_had_is_an_error)
{
    pthread_t t;

    CHECK(thread_start(&t, &(struct thread_options){ .stack = (size_t)1 << 46 }, look, NULL) != LM_OK);
}

static void *be_real_time(void *arg)
{
    struct seen *s = arg;

    s->was_real_time = thread_is_real_time();
    s->allowed = thread_enter_real_time(10);
    s->is_real_time = thread_is_real_time();
    s->policy = sched_getscheduler(0);
    s->slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    thread_leave_real_time();
    s->left = !thread_is_real_time() && sched_getscheduler(0) == SCHED_OTHER;
    return NULL;
}

TEST(real_time_is_a_promise_of_one_thread)
{
    struct seen s = { 0 };
    pthread_t t;

    CHECK_INT(thread_start(&t, &(struct thread_options){ .name = "rt" }, be_real_time, &s), LM_OK);
    pthread_join(t, NULL);
    CHECK(!s.was_real_time && s.is_real_time && s.left);
    CHECK(s.allowed == (s.policy == SCHED_FIFO));
    CHECK(s.slack == 1000 || (s.policy == SCHED_FIFO && s.slack == 0));     /* newer kernels have none for SCHED_FIFO */
    CHECK(!thread_is_real_time());
}

TEST(a_sleep_ends_at_or_after_its_instant)
{
    int64_t at = clock_mono_ns() + 20000000;

    thread_sleep_until(at);
    CHECK(clock_mono_ns() >= at);
    CHECK(clock_mono_ns() < at + 5000000000);
    int64_t before = clock_mono_ns();
    thread_sleep_until(before - 1);
    thread_sleep_until(0);
    thread_sleep_until(-5);
    CHECK(clock_mono_ns() - before < 1000000000);
}

static int pipe_fds[2];
static void *volatile sink;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void do_malloc(void)      { sink = malloc(10); }
static void do_calloc(void)      { sink = calloc(1, 10); }
static void do_realloc(void)     { sink = realloc(sink, 20); }
static void do_free(void)        { free(sink); }
static void do_aligned(void)     { sink = aligned_alloc(64, 64); }
static void do_memalign(void)    { void *p; if (!posix_memalign(&p, 64, 64)) sink = p; }
static void do_lock(void)        { pthread_mutex_lock(&mutex); }
static void do_open(void)        { sink = open("/dev/null", O_RDONLY) >= 0 ? sink : NULL; }
static void do_openat(void)      { sink = openat(AT_FDCWD, "/dev/null", O_RDONLY) >= 0 ? sink : NULL; }
static void do_read(void)        { char c; sink = read(pipe_fds[0], &c, 0) ? sink : NULL; }
static void do_write(void)       { sink = write(pipe_fds[1], "x", 1) ? sink : NULL; }
static void do_fsync(void)       { fsync(pipe_fds[1]); }
static void do_log(void)         { log_error("test", "never"); }
static void do_say(void)         { thread_assert_may_block("something"); }
static void do_nothing(void)     { clock_mono_ns(); thread_sleep_until(1); }

/* The signal that ended a child that did `act` as a real-time thread; 0: it came through. `said`: its stderr. */
static int signal_of(void (*act)(void), char said[4096])
{
    int err[2], status = 0;

    if (pipe(err))
        return -1;
    pid_t child = fork();
    if (!child) {
        struct rlimit no_core = { 0, 0 };
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(err[1], STDERR_FILENO);
        sink = malloc(5);
        thread_enter_real_time(1);
        act();
        _exit(0);
    }
    close(err[1]);
    size_t n = 0;
    for (ssize_t got; n < 4095 && (got = read(err[0], said + n, 4095 - n)) > 0;)
        n += (size_t)got;
    said[n] = 0;
    close(err[0]);
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

#ifdef LUMAD_RT_TRAP
enum { HAS_TRAP = 1 };
#else
enum { HAS_TRAP = 0 };
#endif

TEST(a_real_time_thread_that_breaks_its_promise_is_shown_and_ended)
{
    static const struct {
        void (*act)(void);
        const char *name;
    } rows[] = {
        { do_malloc, "malloc" },         { do_calloc, "calloc" },   { do_realloc, "realloc" }, { do_free, "free" },
        { do_aligned, "aligned_alloc" }, { do_memalign, "posix_memalign" },                    { do_lock, "pthread_mutex_lock" },
        { do_open, "open" },             { do_openat, "openat" },   { do_read, "read" },       { do_write, "write" },
        { do_fsync, "fsync" },           { do_log, "log" },         { do_say, "something" },
    };
    char said[4096], want[80];

    if (!HAS_TRAP)
        SKIP("needs VARIANT=trap");
    CHECK(!pipe(pipe_fds));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int sig = signal_of(rows[i].act, said);
        snprintf(want, sizeof(want), "a real-time thread called %s\n", rows[i].name);
        if (sig != SIGABRT || !strstr(said, want) || !strstr(said, "test_thread")) {
            TAP_FAIL("%s: %d: %s", rows[i].name, sig, said);
            return;
        }
    }
    CHECK_INT(signal_of(do_nothing, said), 0);
}

TEST(the_same_calls_are_fine_elsewhere)
{
    CHECK(!pipe(pipe_fds));
    do_malloc();
    do_realloc();
    do_free();
    do_aligned();
    do_free();
    do_memalign();
    do_free();
    do_calloc();
    do_free();
    do_lock();
    pthread_mutex_unlock(&mutex);
    do_write();
    char c = 0;
    CHECK_INT(read(pipe_fds[0], &c, 1), 1);
    CHECK_INT(c, 'x');
    thread_assert_may_block("anything");
    int fd = open("/tmp/lumad-thread-test", O_CREAT | O_RDWR, 0600);
    CHECK(fd >= 0);
    CHECK_INT(fsync(fd), 0);
    close(fd);
    fd = openat(AT_FDCWD, "/tmp/lumad-thread-test", O_RDONLY);
    CHECK(fd >= 0);
    close(fd);
    unlink("/tmp/lumad-thread-test");
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

TEST(locking_memory_never_stops_the_program)
{
    int status;
    pid_t child = fork();

    if (!child) {
        thread_lock_memory();
        _exit(sink == (void *)1);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
}

static void *ask(void *arg)
{
    uint64_t attr[7] = { 0 };               /* struct sched_attr: size and policy, flags, nice and priority, runtime ... */

    thread_ask_short_slices();
    *(bool *)arg = !syscall(SYS_sched_getattr, 0, attr, 48, 0) && attr[0] >> 32 == SCHED_OTHER && (int32_t)attr[2] == 7 && !thread_is_real_time() &&
                   prctl(PR_GET_TIMERSLACK) == 1000 && (attr[3] == 100000 || !attr[3]);     /* 0: a kernel that knows no slices */
    return NULL;
}

TEST(a_thread_that_asks_for_short_slices_stays_an_ordinary_one_with_its_nice)
{
    pthread_t t;
    bool ok = false;

    CHECK_INT(thread_start(&t, &(struct thread_options){ .name = "short", .nice = 7 }, ask, &ok), LM_OK);
    pthread_join(t, NULL);
    CHECK(ok);
}
