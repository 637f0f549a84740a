#include "audio/pcm.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct pcm_header) == PCM_HEADER, "the header is the file format");

/* Is what the header says what the file is? */
static enum lm_err check(const struct pcm_header *h, uint64_t size, const char *path,
                         struct problem *p)
{
    if (memcmp(h->magic, PCM_MAGIC, sizeof(h->magic)))
        return problem_set(p, LM_INVALID, "%s is not decoded audio", path);
    if (h->rate != PCM_RATE || h->channels < 1 || h->channels > 2)
        return problem_set(p, LM_INVALID, "%s has %u channels at %u Hz", path, h->channels,
                           h->rate);
    if (!h->frames)
        return problem_set(p, LM_INVALID, "%s was never finished", path);

    uint64_t frame = (uint64_t)h->channels * sizeof(float);
    if (h->frames > UINT64_MAX / 16 || size != PCM_HEADER + h->frames * frame)
        return problem_set(p, LM_INVALID, "%s promises %llu frames, but has %llu bytes", path,
                           (unsigned long long)h->frames, (unsigned long long)size);
    return LM_OK;
}

enum lm_err pcm_open(const char *path, struct pcm *pcm, struct problem *p)
{
    struct stat st;
    struct pcm_header *h;
    enum lm_err err;
    void *map = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    memset(pcm, 0, sizeof(*pcm));
    if (fd < 0 || fstat(fd, &st)) {
        err = problem_set(p, lm_err_from_errno(errno), "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode) || st.st_size < PCM_HEADER) {
        err = problem_set(p, LM_INVALID, "%s is not decoded audio", path);
        goto out;
    }
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        err = problem_set(p, lm_err_from_errno(errno), "%s: %s", path, strerror(errno));
        goto out;
    }
    munlock(map, (size_t)st.st_size);   /* hours of sound, which nothing reads that could not wait for a page */
    h = map;
    if ((err = check(h, (uint64_t)st.st_size, path, p)))
        goto out;
    *pcm = (struct pcm){
        .data = (const float *)map + PCM_HEADER / sizeof(float), .frames = h->frames,
        .channels = (int)h->channels, .rate = h->rate, .map = map, .map_size = (size_t)st.st_size,
    };
    map = MAP_FAILED;
out:
    if (map != MAP_FAILED)
        munmap(map, (size_t)st.st_size);
    if (fd >= 0)
        close(fd);
    return err;
}

void pcm_close(struct pcm *pcm)
{
    if (pcm->map)
        munmap(pcm->map, pcm->map_size);
    memset(pcm, 0, sizeof(*pcm));
}

void pcm_read_near(const struct pcm *pcm, int64_t frame)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = sizeof(float) * (size_t)pcm->channels;
    char *map = pcm->map;

    if (!map || frame < 0 || frame >= (int64_t)pcm->frames)
        return;
    int64_t first = frame - PCM_BEHIND * PCM_RATE, end = frame + PCM_AHEAD * PCM_RATE;
    size_t at = (PCM_HEADER + (size_t)frame * bytes) / page * page;
    size_t from = first > 0 ? (PCM_HEADER + (size_t)first * bytes) / page * page : 0;
    size_t to = end < (int64_t)pcm->frames ? (PCM_HEADER + (size_t)end * bytes + page - 1) / page * page : pcm->map_size;
    madvise(map + at, to - at, MADV_WILLNEED);
    if (from)
        madvise(map, from, MADV_DONTNEED);
    if (to < pcm->map_size)
        madvise(map + to, pcm->map_size - to, MADV_DONTNEED);
}

short pcm_to_16(float x)
{
    float v = x * 32768;

    return v >= 32767 ? 32767 : v > -32768 ? (short)lrintf(v) : v <= -32768 ? -32768 : 0;
}
