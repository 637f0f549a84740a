/*
 * The real-time trap: see core/thread.h. With LUMAD_RT_TRAP the functions below stand in front of the C library's own, look
 * whether the calling thread has promised not to use them, and pass the call on.
 */
#include "core/thread.h"

#ifndef LUMAD_RT_TRAP

void thread_assert_may_block(const char *what)
{
    (void)what;
}

#else

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static struct {
    int (*mutex_lock)(pthread_mutex_t *);
    int (*open)(const char *, int, ...);
    int (*openat)(int, const char *, int, ...);
    ssize_t (*read)(int, void *, size_t);
    ssize_t (*write)(int, const void *, size_t);
    int (*fsync)(int);
} real;

/* ISO C has no cast from an object pointer to a function pointer; POSIX promises that the bits mean the same. */
static void find(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_NEXT, name);

    memcpy(function, &symbol, sizeof(symbol));
}

static void find_all(void)
{
    find("open", &real.open);
    find("openat", &real.openat);
    find("read", &real.read);
    find("write", &real.write);
    find("fsync", &real.fsync);
    find("pthread_mutex_lock", &real.mutex_lock);
}

/* Also loads what backtrace() needs, while allocating is still allowed. */
static __attribute__((constructor)) void prepare(void)
{
    void *frame[1];

    if (!real.mutex_lock)
        find_all();
    backtrace(frame, 1);
}

static void say(const char *text)
{
    if (syscall(SYS_write, STDERR_FILENO, text, strlen(text)) < 0)
        return;
}

static _Noreturn void trap(const char *what)
{
    void *frames[48];

    thread_leave_real_time();       /* what follows must not trap again */
    say("lumad: a real-time thread called ");
    say(what);
    say("\n");
    backtrace_symbols_fd(frames, backtrace(frames, 48), STDERR_FILENO);
    abort();
}

static inline void check(const char *what)
{
    if (thread_is_real_time())
        trap(what);
}

void thread_assert_may_block(const char *what)
{
    check(what);
}

void *malloc(size_t n)
{
    check("malloc");
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    check("calloc");
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    check("realloc");
    return __libc_realloc(p, n);
}

void free(void *p)
{
    check("free");
    __libc_free(p);
}

void *aligned_alloc(size_t align, size_t n)
{
    check("aligned_alloc");
    return __libc_memalign(align, n);
}

int posix_memalign(void **result, size_t align, size_t n)
{
    check("posix_memalign");
    if (align % sizeof(void *) || align & (align - 1) || !align)
        return EINVAL;
    void *p = __libc_memalign(align, n);
    if (!p)
        return ENOMEM;
    *result = p;
    return 0;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
    check("pthread_mutex_lock");
    if (!real.mutex_lock)
        find_all();                 /* a library's constructor came before ours */
    return real.mutex_lock(m);
}

/* Only a file that may be created has a third argument. */
#define MODE(flags)                                                                               \
    mode_t mode = 0;                                                                              \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                      \
        va_list args;                                                                             \
        va_start(args, flags);                                                                    \
        mode = va_arg(args, mode_t);                                                              \
        va_end(args);                                                                             \
    }

int open(const char *path, int flags, ...)
{
    MODE(flags)
    check("open");
    if (!real.open)
        find_all();
    return real.open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE(flags)
    check("open");
    if (!real.open)
        find_all();
    return real.open(path, flags | O_LARGEFILE, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    MODE(flags)
    check("openat");
    if (!real.openat)
        find_all();
    return real.openat(dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
    MODE(flags)
    check("openat");
    if (!real.openat)
        find_all();
    return real.openat(dir, path, flags | O_LARGEFILE, mode);
}

ssize_t read(int fd, void *buffer, size_t n)
{
    check("read");
    if (!real.read)
        find_all();
    return real.read(fd, buffer, n);
}

ssize_t write(int fd, const void *buffer, size_t n)
{
    check("write");
    if (!real.write)
        find_all();
    return real.write(fd, buffer, n);
}

int fsync(int fd)
{
    check("fsync");
    if (!real.fsync)
        find_all();
    return real.fsync(fd);
}

#endif
