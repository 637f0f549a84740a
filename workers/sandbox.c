#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/protocol.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#else
#error "say which AUDIT_ARCH this is"
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1          /* shadow memory is terabytes of addresses, and a report is written */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

static const int always[] = {
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvmsg, SYS_sendmsg, SYS_recvfrom, SYS_sendto, SYS_close, SYS_fstat, SYS_lseek,
    SYS_mmap, SYS_mprotect, SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_futex, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
    SYS_sigaltstack, SYS_getpid, SYS_gettid, SYS_exit, SYS_exit_group, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_nanosleep,
    SYS_clock_nanosleep, SYS_getrandom, SYS_sched_yield, SYS_sched_getaffinity, SYS_getcpu, SYS_uname, SYS_sysinfo, SYS_getrusage,
    SYS_set_robust_list, SYS_restart_syscall, SYS_membarrier,
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_time
    SYS_time,
#endif
};

/* While libraries are loaded. openat, prctl and prlimit64 have rules of their own. */
static const int loading[] = {
    SYS_openat, SYS_prctl, SYS_newfstatat, SYS_statx, SYS_faccessat, SYS_readlinkat, SYS_pread64, SYS_getcwd, SYS_prlimit64, SYS_set_tid_address,
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_open
    SYS_access, SYS_readlink, SYS_stat, SYS_arch_prctl,
#endif
};

enum { MAX_RULES = 160, N_ALWAYS = sizeof always / sizeof *always, N_LOADING = sizeof loading / sizeof *loading };

struct program { struct sock_filter f[MAX_RULES]; unsigned short n; };

#define ADD(p, ...) ((p)->f[(p)->n++] = (struct sock_filter)__VA_ARGS__)
#define ARG(i) (offsetof(struct seccomp_data, args) + 8 * (i))      /* its low half, little endian */
#define DENY (SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ARG() looks at the low half");

static void begin(struct program *p)
{
    ADD(p, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    ADD(p, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
    ADD(p, BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    ADD(p, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
}

static void rule(struct program *p, int nr, uint32_t verdict)
{
    ADD(p, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1));
    ADD(p, BPF_STMT(BPF_RET | BPF_K, verdict));
}

/* Allowed when argument `i` is `value`. */
static void rule_equal(struct program *p, int nr, int i, uint32_t value)
{
    ADD(p, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4));
    ADD(p, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG(i)));
    ADD(p, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    ADD(p, BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(p, BPF_STMT(BPF_RET | BPF_K, DENY));
}

/* Allowed when argument `i` has none of `bits`. */
static void rule_without(struct program *p, int nr, int i, uint32_t bits)
{
    ADD(p, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 4));
    ADD(p, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG(i)));
    ADD(p, BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0));
    ADD(p, BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(p, BPF_STMT(BPF_RET | BPF_K, DENY));
}

static bool install(struct program *p, uint32_t otherwise)
{
    ADD(p, BPF_STMT(BPF_RET | BPF_K, otherwise));
    struct sock_fprog prog = { .len = p->n, .filter = p->f };
    /* prctl and not seccomp(2): services are often allowed the one and not the other. */
    return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0);
}

static bool limit(int what, rlim_t value)
{
    return !setrlimit(what, &(struct rlimit){ value, value });
}

bool sandbox_limits(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        if (write(fd, "1000", 4) != 4)
            errno = 0;          /* then it is as likely as others to be chosen */
        close(fd);
    }
    setpriority(PRIO_PROCESS, 0, 5);    /* as the threads that wait for it */
#ifndef IS_SANITIZED
    if (!limit(RLIMIT_AS, HOST_MEMORY_MAX + HOST_ARENA_MAX) || !limit(RLIMIT_FSIZE, 0))
        return false;
#endif
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, 16) && limit(RLIMIT_MEMLOCK, 0);
}

bool sandbox_enter(void)
{
    struct program p = { .n = 0 };

    begin(&p);
    /* abort() and raise(), but nobody else. */
    rule_equal(&p, SYS_tgkill, 0, (uint32_t)getpid());
    rule_equal(&p, SYS_prctl, 0, PR_SET_SECCOMP);
    /* Its own limits: those of any process of the same user could be set, and lumad is one. */
    rule_equal(&p, SYS_prlimit64, 0, 0);
    rule_without(&p, SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY));
    for (int i = 0; i < N_ALWAYS; i++)
        rule(&p, always[i], SECCOMP_RET_ALLOW);
    for (int i = 0; i < N_LOADING; i++)
        if (loading[i] != SYS_openat && loading[i] != SYS_prctl && loading[i] != SYS_prlimit64)
            rule(&p, loading[i], SECCOMP_RET_ALLOW);
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && install(&p, DENY);
}

bool sandbox_close(void)
{
    struct program p = { .n = 0 };

    begin(&p);
    for (int i = 0; i < N_LOADING; i++)
        rule(&p, loading[i], DENY);
    return install(&p, SECCOMP_RET_ALLOW);
}

bool sandbox_decoder(void)
{
#ifdef IS_SANITIZED
    return true;                /* its report reads files */
#else
    /* Reading the files it was given at any place, and asking how long they are. */
    static const int decoding[] = { SYS_pread64, SYS_pwrite64, SYS_newfstatat, SYS_fcntl };
    struct program p = { .n = 0 };

    begin(&p);
    rule_equal(&p, SYS_tgkill, 0, (uint32_t)getpid());
    for (int i = 0; i < N_ALWAYS; i++)
        rule(&p, always[i], SECCOMP_RET_ALLOW);
    for (size_t i = 0; i < sizeof decoding / sizeof *decoding; i++)
        rule(&p, decoding[i], SECCOMP_RET_ALLOW);
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && install(&p, DENY);
#endif
}
