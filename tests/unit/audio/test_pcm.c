#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/pcm.h"
#include "core/path.h"
#include "../../tap.h"

static char file[] = "/tmp/lumad-test-pcm-XXXXXX";

static void write_pcm(uint32_t channels, uint64_t promised, uint64_t real, const char *magic)
{
    size_t n = PCM_HEADER + real * channels * sizeof(float);
    char *bytes = calloc(1, n);
    struct pcm_header h = { .rate = PCM_RATE, .channels = channels, .frames = promised };

    memcpy(h.magic, magic, sizeof(h.magic));
    memcpy(bytes, &h, sizeof(h));
    for (uint64_t i = 0; i < real * channels; i++)
        ((float *)(void *)(bytes + PCM_HEADER))[i] = (float)i / 1000;
    if (path_write(file, bytes, n, 0600))
        abort();
    free(bytes);
}

TEST(a_good_file_is_mapped)
{
    struct pcm pcm;

    close(mkstemp(file));
    write_pcm(2, 480, 480, PCM_MAGIC);
    CHECK_INT(pcm_open(file, &pcm, NULL), LM_OK);
    CHECK_INT(pcm.frames, 480);
    CHECK_INT(pcm.channels, 2);
    CHECK_NEAR(pcm.rate, 48000, 0);
    CHECK_NEAR(pcm.data[959], .959, 1e-6);
    pcm_close(&pcm);
    CHECK(!pcm.data);
}

TEST(lies_are_found)
{
    static const struct { uint64_t promised, real; const char *magic; uint32_t channels; } bad[] = {
        { 0, 480, PCM_MAGIC, 2 },               /* never finished */
        { 481, 480, PCM_MAGIC, 2 }, { 479, 480, PCM_MAGIC, 2 },
        { UINT64_MAX / 8 + 60, 480, PCM_MAGIC, 2 },     /* would overflow back into the size */
        { 480, 480, "LMPCM2\0", 2 }, { 480, 480, PCM_MAGIC, 3 },
    };
    struct pcm pcm;
    struct problem p;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        problem_clear(&p);
        write_pcm(bad[i].channels, bad[i].promised, bad[i].real, bad[i].magic);
        CHECK_INT(pcm_open(file, &pcm, &p), LM_INVALID);
        CHECK(p.detail[0]);
        CHECK(!pcm.map);
    }
    CHECK(!path_write(file, "LMPCM1\0", 8, 0600));
    CHECK_INT(pcm_open(file, &pcm, &p), LM_INVALID);
    unlink(file);
    CHECK_INT(pcm_open(file, &pcm, &p), LM_NOT_FOUND);
    CHECK_INT(pcm_open("/tmp", &pcm, &p), LM_INVALID);
}

/* KB of what is mapped at `map`, by a line of /proc/self/smaps; -1: it is not there. */
static long mapped_kb(const void *map, const char *what)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[512];
    bool is_it = false;
    long kb = -1;

    while (f && kb < 0 && fgets(line, sizeof line, f)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            is_it = from == (unsigned long)(uintptr_t)map;
        else if (is_it && !strncmp(line, what, strlen(what)))
            kb = strtol(line + strlen(what), NULL, 10);
    }
    if (f)
        fclose(f);
    return kb;
}

static double read_all(const struct pcm *pcm)
{
    double sum = 0;

    for (uint64_t i = 0; i < pcm->frames * (uint64_t)pcm->channels; i += 256)
        sum += (double)pcm->data[i];
    return sum;
}

TEST(only_what_is_played_now_is_held_in_memory)
{
    enum { SECONDS = 20, KB = PCM_RATE * 2 * 4 / 1024 };     /* KB: of a second */
    struct pcm pcm;

    strcpy(file, "/tmp/lumad-test-pcm-XXXXXX");
    close(mkstemp(file));
    write_pcm(2, SECONDS * PCM_RATE, SECONDS * PCM_RATE, PCM_MAGIC);
    bool is_locked = !mlockall(MCL_FUTURE | MCL_ONFAULT);       /* as lumad does; without the right to, there is nothing to see of it */
    CHECK_INT(pcm_open(file, &pcm, NULL), LM_OK);
    double sum = read_all(&pcm);
    CHECK(mapped_kb(pcm.map, "Rss:") > SECONDS * KB / 2);
    CHECK_INT(mapped_kb(pcm.map, "Locked:"), 0);
    pcm_read_near(&pcm, 10 * PCM_RATE);
    CHECK(mapped_kb(pcm.map, "Rss:") < (PCM_AHEAD + PCM_BEHIND) * KB + 256);
    CHECK_NEAR(pcm.data[2 * 10 * PCM_RATE], 2 * 10 * PCM_RATE / 1000.f, 0);
    /* At both ends, and beyond them. */
    pcm_read_near(&pcm, 0);
    CHECK(mapped_kb(pcm.map, "Rss:") < PCM_AHEAD * KB + 256);
    pcm_read_near(&pcm, SECONDS * PCM_RATE - 1);
    pcm_read_near(&pcm, SECONDS * PCM_RATE);
    pcm_read_near(&pcm, -1);
    CHECK_NEAR(read_all(&pcm), sum, 0);                         /* nothing is lost */
    pcm_close(&pcm);
    pcm_read_near(&pcm, 0);
    unlink(file);
    if (is_locked)
        munlockall();
}

TEST(sixteen_bits_are_the_nearest_step_and_clipped)
{
    static const struct { float x; int want; } all[] = {
        { 0, 0 }, { .5f, 16384 }, { -.5f, -16384 }, { 1.4f / 32768, 1 }, { 1.6f / 32768, 2 }, { -1.6f / 32768, -2 }, { .99999f, 32767 },
        { 1, 32767 }, { 8, 32767 }, { -1, -32768 }, { -8, -32768 }, { INFINITY, 32767 }, { -INFINITY, -32768 }, { NAN, 0 },
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        CHECK_INT(pcm_to_16(all[i].x), all[i].want);
}
