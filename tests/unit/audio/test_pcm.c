#include <math.h>
#include <stdint.h>
#include <stdlib.h>
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

TEST(sixteen_bits_are_the_nearest_step_and_clipped)
{
    static const struct { float x; int want; } all[] = {
        { 0, 0 }, { .5f, 16384 }, { -.5f, -16384 }, { 1.4f / 32768, 1 }, { 1.6f / 32768, 2 }, { -1.6f / 32768, -2 }, { .99999f, 32767 },
        { 1, 32767 }, { 8, 32767 }, { -1, -32768 }, { -8, -32768 }, { INFINITY, 32767 }, { -INFINITY, -32768 }, { NAN, 0 },
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        CHECK_INT(pcm_to_16(all[i].x), all[i].want);
}
