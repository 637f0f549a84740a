/* Both ends of a separation: what a method reads of a recording, and the four files it leaves. */
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../../../workers/stems.c"
#include "../../tap.h"

static char dir[] = "/tmp/lumad-test-stem-files-XXXXXX";

static void begin(void)
{
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    if (!mkdtemp(dir))
        abort();
}

static int files(const char *suffix)
{
    DIR *d = opendir(dir);
    int n = 0;

    for (struct dirent *e; d && (e = readdir(d));) {
        size_t len = strlen(e->d_name), tail = strlen(suffix);
        n += e->d_name[0] != '.' && len >= tail && !strcmp(e->d_name + len - tail, suffix);
    }
    if (d)
        closedir(d);
    return n;
}

/* A sine of 1 kHz, left; half of it right. In memory: no map. */
static struct pcm tone(uint64_t frames, int channels)
{
    float *x = malloc(frames * (size_t)channels * sizeof(*x));

    for (uint64_t i = 0; i < frames; i++)
        for (int c = 0; c < channels; c++)
            x[i * (size_t)channels + (size_t)c] = (float)(.5 / (1 + c) * sin(2 * M_PI * 1000 * (double)i / PCM_RATE));
    return (struct pcm){ .data = x, .frames = frames, .channels = channels, .rate = PCM_RATE };
}

/* Infinite when one is no number, which fmax() would pass over. */
static double off_tone(const float *got, int64_t from, size_t n, int rate)
{
    double worst = 0;

    for (size_t i = 0; i < n; i++) {
        double want = .5 * sin(2 * M_PI * 1000 * (double)(from + (int64_t)i) / rate);
        double off = fabs((double)got[2 * i] - want) + fabs((double)got[2 * i + 1] - want / 2);
        worst = isfinite(off) ? fmax(worst, off) : INFINITY;
    }
    return worst;
}

TEST(a_source_reads_anywhere_and_is_silent_beyond_the_ends)
{
    struct pcm pcm = tone(1000, 1);
    struct stem_source *s = NULL;
    float out[2 * 600];

    ((float *)pcm.data)[5] = NAN;
    ((float *)pcm.data)[6] = INFINITY;
    CHECK_INT(stem_source_new(&pcm, PCM_RATE, &s), LM_OK);
    CHECK_INT(stem_source_frames(s), 1000);
    stem_source_read(s, -100, 600, out);
    CHECK_NEAR(out[2 * 99], 0, 0);
    CHECK_NEAR(out[2 * 105], 0, 0);
    CHECK_NEAR(out[2 * 106 + 1], 0, 0);
    CHECK_NEAR(out[2 * 110], pcm.data[10], 0);
    CHECK_NEAR(out[2 * 110 + 1], pcm.data[10], 0);
    stem_source_read(s, 900, 600, out);
    CHECK_NEAR(out[2 * 99], pcm.data[999], 0);
    CHECK_NEAR(out[2 * 100], 0, 0);
    stem_source_free(s);
    free((void *)pcm.data);
}

TEST(another_rate_is_the_same_sound_in_whatever_order_it_is_read)
{
    enum { RATE = 44100, N = 4410 };
    static const int64_t from[] = { 2000, 2000 + N, 30000, 441, 2000, 70000, 70000 + N };
    struct pcm pcm = tone(2 * PCM_RATE, 2);
    struct stem_source *s = NULL;
    float *out = malloc(2 * N * sizeof(*out));
    double worst = 0;

    CHECK_INT(stem_source_new(&pcm, RATE, &s), LM_OK);
    uint64_t frames = stem_source_frames(s);
    for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        enum lm_err err = stem_source_read(s, from[i], N, out);
        worst = fmax(worst, err ? 1 : off_tone(out, from[i], N, RATE));
    }
    stem_source_read(s, (int64_t)frames - 10, N, out);
    double behind = fabs((double)out[2 * 10]) + fabs((double)out[2 * (N - 1)]);
    stem_source_free(s);
    free(out);
    free((void *)pcm.data);
    CHECK_INT(frames, 2 * RATE);
    CHECK(worst < 1e-3);
    CHECK_NEAR(behind, 0, 0);
}

/* Four parts of a ramp that is beyond full scale at its end. */
static void fill(float *part[STEMS], size_t n)
{
    for (size_t i = 0; i < 2 * n; i++)
        for (int k = 0; k < STEMS; k++)
            part[k][i] = (float)((double)i / (double)n - 1) * (float[]){ .1f, .2f, .3f, 1.5f }[k];
}

static float read_back(const char *name, size_t n, int channels, short *out)
{
    char path[PATH_SIZE];
    SF_INFO info = { 0 };

    path_join(path, dir, name);
    SNDFILE *f = sf_open(path, SFM_READ, &info);
    if (!f)
        return NAN;
    sf_count_t got = sf_readf_short(f, out, (sf_count_t)n);
    sf_close(f);
    return info.channels == channels && info.samplerate == PCM_RATE && info.frames == (sf_count_t)n && got == (sf_count_t)n ? 0 : NAN;
}

TEST(four_files_hold_what_was_written_to_half_a_step_and_clip)
{
    enum { N = 5000 };
    struct stem_sink *s = NULL;
    struct problem p = { 0 };
    float *part[STEMS];
    short *got = malloc(2 * N * sizeof(*got));
    double worst = 0;
    bool is_clipped = false;

    begin();
    for (int k = 0; k < STEMS; k++)
        part[k] = malloc(2 * N * sizeof(float));
    fill(part, N);
    CHECK_INT(stem_sink_open(dir, PCM_RATE, 2, &s, &p), LM_OK);
    CHECK_INT(files(".part"), 4);
    CHECK_INT(stem_sink_write(s, (const float *const *)part, N, &p), LM_OK);
    CHECK_INT(stem_sink_close(s, &p), LM_OK);
    CHECK_INT(files(".part"), 0);
    CHECK_INT(files(".flac"), 4);
    for (int k = 0; k < STEMS; k++) {
        char name[32];
        snprintf(name, sizeof(name), "%s.flac", stem_names[k]);
        CHECK_NEAR(read_back(name, N, 2, got), 0, 0);
        for (size_t i = 0; i < 2 * N; i++) {
            double want = fmax(-32768, fmin(32767, (double)part[k][i] * 32768));
            worst = fmax(worst, fabs(got[i] - want));
            is_clipped |= got[i] == 32767;
        }
    }
    CHECK(worst <= .5001);
    CHECK(is_clipped);
    for (int k = 0; k < STEMS; k++)
        free(part[k]);
    free(got);
    path_remove(dir);
}

TEST(one_channel_is_the_mean_of_both)
{
    float x[] = { .5f, .25f, -1, 0 };
    const float *const part[STEMS] = { x, x, x, x };
    struct stem_sink *s = NULL;
    short got[2] = { 0 };

    begin();
    CHECK_INT(stem_sink_open(dir, PCM_RATE, 1, &s, NULL), LM_OK);
    CHECK_INT(stem_sink_write(s, part, 2, NULL), LM_OK);
    CHECK_INT(stem_sink_close(s, NULL), LM_OK);
    CHECK_NEAR(read_back("bass.flac", 2, 1, got), 0, 0);
    CHECK_INT(got[0], 12288);
    CHECK_INT(got[1], -16384);
    path_remove(dir);
}

TEST(what_is_given_up_leaves_nothing)
{
    struct stem_sink *s = NULL;
    struct problem p = { 0 };

    begin();
    CHECK_INT(stem_sink_open(dir, PCM_RATE, 2, &s, &p), LM_OK);
    stem_sink_abort(s);
    CHECK_INT(files(""), 0);
    path_remove(dir);
    CHECK_INT(stem_sink_open(dir, PCM_RATE, 2, &s, &p), LM_NOT_FOUND);
    CHECK(p.detail[0]);
    CHECK(!s);
}

TEST(files_that_may_not_grow_are_an_error_and_leave_nothing)
{
    enum { N = 48000 };
    struct rlimit before, small = { 20000, 20000 };
    struct stem_sink *s = NULL;
    struct problem p = { 0 };
    float *x = malloc(2 * N * sizeof(*x));
    unsigned noise = 1;

    for (int i = 0; i < 2 * N; i++) {
        noise = noise * 1664525 + 1013904223;
        x[i] = (float)(noise >> 8) / (1 << 24) - .5f;
    }
    begin();
    const float *const part[STEMS] = { x, x, x, x };
    CHECK_INT(stem_sink_open(dir, PCM_RATE, 2, &s, &p), LM_OK);
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    enum lm_err err = stem_sink_write(s, part, N, &p);
    setrlimit(RLIMIT_FSIZE, &before);
    stem_sink_abort(s);
    free(x);
    CHECK(err);
    CHECK(p.detail[0]);
    CHECK_INT(files(""), 0);
    path_remove(dir);
}
