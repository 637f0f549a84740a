#include "analysis/worker_usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH = 4, TEXT = 8192 };        /* DEPTH: a shell that starts python that starts what works */

/* "" when it cannot be read. */
static size_t read_text(const char *path, char text[TEXT])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, TEXT - 1);

    if (fd >= 0)
        close(fd);
    n = n < 0 ? 0 : n;
    text[n] = '\0';
    return (size_t)n;
}

static int64_t field_kb(const char *status, const char *name)
{
    const char *at = strstr(status, name);

    return at ? strtoll(at + strlen(name), NULL, 10) : 0;
}

static int64_t memory_of(pid_t pid, int depth)
{
    char path[64], text[TEXT];
    int64_t kb;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    if (!read_text(path, text))
        return 0;
    kb = field_kb(text, "\nRssAnon:") + field_kb(text, "\nRssShmem:");
    if (depth == DEPTH)
        return kb;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (*e->d_name == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", (int)pid, e->d_name);
        if (!read_text(path, text))
            continue;
        for (char *at = text, *end; *at; at = end) {
            pid_t child = (pid_t)strtol(at, &end, 10);
            if (end == at)
                break;
            kb += memory_of(child, depth + 1);
        }
    }
    if (d)
        closedir(d);
    return kb;
}

bool worker_usage(pid_t pid, struct worker_usage *u)
{
    char path[64], text[TEXT], state;
    unsigned long user, system;

    memset(u, 0, sizeof(*u));
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    read_text(path, text);
    const char *at = strrchr(text, ')');        /* its name may hold anything */
    if (!at || sscanf(at, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state, &user, &system) != 3)
        return false;
    u->cpu_ms = (int64_t)(user + system) * 1000 / sysconf(_SC_CLK_TCK);
    u->is_waiting_for_cpu = state == 'R';
    u->memory_kb = memory_of(pid, 0);
    return true;
}
