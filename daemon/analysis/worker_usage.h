#pragma once
/*
 * What a process and those it started take, from /proc.
 *
 * THREADS  Any.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct worker_usage {
    int64_t memory_kb;                  /* resident, without pages of files: those the kernel takes back when it likes */
    int64_t cpu_ms;                     /* of the process itself, all its threads */
    bool is_waiting_for_cpu;            /* its first thread could run */
};

bool worker_usage(pid_t pid, struct worker_usage *u);   /* false: it is gone, or there is no /proc */
