/* What memory there is for workers. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/jobs_private.h"

enum { RESERVE_MB = 300, TEXT = 4096 };         /* for lumad itself and whatever else the machine does */

static bool read_text(const char *path, char text[TEXT])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, TEXT - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static int64_t number_of(const char *path)
{
    char text[TEXT], *end;
    int64_t value = read_text(path, text) ? strtoll(text, &end, 10) : -1;

    return value > 0 || (value == 0 && text[0] == '0') ? value : -1;    /* "max" is no number */
}

/* Of the control group lumad runs in (a container, a service with MemoryMax=); < 0: no limit. */
static int64_t group_bytes(void)
{
    char text[TEXT], path[TEXT + 64];
    const char *name = read_text("/proc/self/cgroup", text) ? strstr(text, "0::/") : NULL;

    if (!name || (name != text && name[-1] != '\n'))
        return -1;
    int n = (int)strcspn(name + 3, "\n");
    snprintf(path, sizeof(path), "/sys/fs/cgroup%.*s/memory.max", n, name + 3);
    int64_t most = number_of(path);
    snprintf(path, sizeof(path), "/sys/fs/cgroup%.*s/memory.current", n, name + 3);
    int64_t taken = number_of(path);
    return most < 0 || taken < 0 ? -1 : most > taken ? most - taken : 0;
}

int jobs_memory_mb(void)
{
    char text[TEXT];
    const char *at = read_text("/proc/meminfo", text) ? strstr(text, "MemAvailable:") : NULL;
    int64_t group = group_bytes(), mb;

    if (!at)
        return -1;
    mb = strtoll(at + strlen("MemAvailable:"), NULL, 10) >> 10;
    if (group >= 0 && group >> 20 < mb)
        mb = group >> 20;
    return mb > RESERVE_MB ? (int)(mb - RESERVE_MB) : 0;
}
