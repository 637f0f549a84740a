/* Any bytes as an audio file: what it says about itself is read without running off its end, and the answer has words. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct container c;
    struct problem p = { 0 };

    if (fd < 0 && (fd = memfd_create("fuzz", 0)) < 0)
        abort();
    if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    enum lm_err err = container_check(fd, size, &c, &p);
    if (err ? !p.detail[0] : !container_find(c.format))
        abort();
    return 0;
}
