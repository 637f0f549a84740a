/* Any bytes as lumad.conf. What is refused must say why; what is taken must leave every string set. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct config c;
    struct problem p = { 0 };
    int fd = memfd_create("conf", 0);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || config_init(&c))
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (config_read(&c, path, &p) && !p.detail[0])
        abort();
    if (!c.http || !c.data || !c.web || !c.fixtures || !c.allowed_hosts || !c.log_level || !c.audio || !c.plugin_dir)
        abort();
    config_clear(&c);
    close(fd);
    return 0;
}
