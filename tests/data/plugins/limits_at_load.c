/* For tests: before it is asked anything, it takes files away from the process that started it. A node without a fault is all that is told of it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <lumad_node.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

__attribute__((constructor)) static void at_load(void)
{
    struct rlimit few = { 0, 0 };
    char text[512] = "";
    int parent = 0, fd = open("/proc/self/stat", O_RDONLY);

    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 || sscanf(text, "%*d (%*[^)]) %*c %d", &parent) != 1 || parent <= 1)
        return;
    if (!prlimit(parent, RLIMIT_NOFILE, NULL, &few)) {
        few.rlim_cur -= 7;
        prlimit(parent, RLIMIT_NOFILE, &few, NULL);
    }
    close(fd);
}

static int32_t zero(const struct lumad_io *io)
{
    *lumad_at(io, 0, 0, 0, 0) = 0;
    return 0;
}

static const struct lumad_port out[] = { { "out", "Out", "", LUMAD_PORT_SIGNAL, 1, 0 } };
static const struct lumad_node nodes[] = { { "limits.zero", "Zero", "Limits", "x", NULL, 0, out, 1, NULL, 0, LUMAD_POINT, 0, 0, 0, 0, 0, zero } };

LUMAD_PLUGIN = { LUMAD_PLUGIN_SIZES, "1", "test", "", nodes, 1 };
