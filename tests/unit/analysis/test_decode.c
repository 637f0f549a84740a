/* The decode worker from outside: every format it takes, what it refuses, what comes out. */
#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../tap.h"
#include "analysis/waveform.h"
#include "analysis/worker.h"
#include "audio/pcm.h"
#include "core/json.h"
#include "core/path.h"

static char song[] = "/tmp/lumad-test-decode-song-XXXXXX", pcm_path[] = "/tmp/lumad-test-decode-pcm-XXXXXX";
static char preview[] = "/tmp/lumad-test-decode-preview-XXXXXX", full[] = "/tmp/lumad-test-decode-full-XXXXXX";
static char program[PATH_SIZE];
static struct worker_end end;

static void prepare(void)
{
    if (program[0])
        return;
    close(mkstemp(song));
    close(mkstemp(pcm_path));
    close(mkstemp(preview));
    close(mkstemp(full));
    if (path_worker("decode_worker", program, NULL))
        abort();
}

/* A sine of 1 kHz in every channel, half as loud in each one more. */
static bool write_song(int format, int rate, int channels, double seconds)
{
    SF_INFO info = { .samplerate = rate, .channels = channels, .format = format };
    size_t frames = (size_t)(seconds * rate);
    float *x = malloc(frames * (size_t)channels * sizeof(*x));
    SNDFILE *f = sf_open(song, SFM_WRITE, &info);

    for (size_t i = 0; i < frames; i++)
        for (int c = 0; c < channels; c++)
            x[i * (size_t)channels + (size_t)c] = (float)(.5 / (1 << c) * sin(2 * M_PI * 1000 * (double)i / rate));
    if (f)
        sf_writef_float(f, x, (sf_count_t)frames), sf_close(f);
    free(x);
    return f != NULL;
}

static enum lm_err run(const char *const *argv)
{
    prepare();
    worker_end_clear(&end);
    return worker_run(&(struct worker_options){ .argv = argv }, &end);
}

static enum lm_err probe(void)
{
    return run((const char *[]){ program, "--probe", song, NULL });
}

static enum lm_err decode(void)
{
    return run((const char *[]){ program, "--decode", song, "--out", pcm_path, "--waveform-preview", preview, "--waveform-full", full,
                                 "--sha256", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", NULL });
}

/* Amplitude of 1 kHz in a channel of what was decoded, away from the ends. */
static double level(const struct pcm *p, int channel)
{
    double re = 0, im = 0;

    for (int i = 0; i < 24000; i++) {
        double v = p->data[(12000 + i) * p->channels + channel];
        re += v * cos(2 * M_PI * i / 48), im += v * sin(2 * M_PI * i / 48);
    }
    return sqrt(re * re + im * im) / 12000;
}

TEST(every_format_comes_out_the_same)
{
    static const struct { int format, rate, channels; const char *name; } kinds[] = {
        { SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, "wav" }, { SF_FORMAT_WAV | SF_FORMAT_PCM_24, 96000, 1, "wav" },
        { SF_FORMAT_WAV | SF_FORMAT_FLOAT, 48000, 2, "wav" }, { SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 1, "wav" },
        { SF_FORMAT_WAVEX | SF_FORMAT_PCM_32, 44100, 2, "wav" }, { SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 192000, 2, "wav" },
        { SF_FORMAT_W64 | SF_FORMAT_PCM_16, 44100, 2, "w64" }, { SF_FORMAT_CAF | SF_FORMAT_ALAC_16, 44100, 2, "caf" },
        { SF_FORMAT_AIFF | SF_FORMAT_PCM_24, 44100, 2, "aiff" }, { SF_FORMAT_AIFF | SF_FORMAT_FLOAT, 44100, 1, "aiff" },
        { SF_FORMAT_AIFF | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE, 22050, 2, "aiff" },
        { SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 44100, 2, "wav" }, { SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 2, "flac" },
        { SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 2, "ogg" }, { SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 2, "opus" },
        { SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100, 2, "mp3" },
    };

    prepare();
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct pcm pcm;
        CHECK(write_song(kinds[i].format, kinds[i].rate, kinds[i].channels, 2));
        CHECK_INT(probe(), LM_OK);
        CHECK_STR(json_get_text(end.result, "format", ""), kinds[i].name);
        CHECK_INT(json_get_int(end.result, "channels", 0), kinds[i].channels);
        CHECK_NEAR(json_get_real(end.result, "duration_seconds", 0), 2, .08);
        CHECK_INT(decode(), LM_OK);
        CHECK_INT(pcm_open(pcm_path, &pcm, NULL), LM_OK);
        CHECK_INT(pcm.frames, 96000);       /* MP3 too: what LAME put around it is left out */
        CHECK_INT(pcm.channels, kinds[i].channels);
        CHECK_NEAR(level(&pcm, 0), .5, .02);
        if (pcm.channels == 2)
            CHECK_NEAR(level(&pcm, 1), .25, .02);
        CHECK_INT(((const struct pcm_header *)pcm.map)->source_sha256[31], 0x1f);
        pcm_close(&pcm);
    }
    worker_end_clear(&end);
}

TEST(many_channels_become_two)
{
    struct pcm pcm;

    prepare();
    CHECK(write_song(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 6, 1));
    CHECK_INT(decode(), LM_OK);
    CHECK_INT(pcm_open(pcm_path, &pcm, NULL), LM_OK);
    CHECK_INT(pcm.channels, 2);
    double scale = 1 + .7071 * 2;       /* front, centre, back of one side */
    CHECK_NEAR(level(&pcm, 0), (.5 + .7071 * .125 + .7071 * .03125) / scale, .005);
    CHECK_NEAR(level(&pcm, 1), (.25 + .7071 * .125 + .7071 * .015625) / scale, .005);
    pcm_close(&pcm);
    worker_end_clear(&end);
}

/* One loudspeaker after the other, and what is heard of it on either side. */
TEST(each_of_eight_channels_is_heard_where_it_stands)
{
    static const float left[8] = { 1, 0, .7071f, 0, .7071f, 0, .7071f, 0 }, right[8] = { 0, 1, .7071f, 0, 0, .7071f, 0, .7071f };
    SF_INFO info = { .samplerate = 48000, .channels = 8, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT };
    float x[8][8] = { { 0 } };
    struct pcm pcm;

    prepare();
    for (int c = 0; c < 8; c++)
        x[c][c] = 1;
    SNDFILE *f = sf_open(song, SFM_WRITE, &info);
    sf_writef_float(f, x[0], 8);
    sf_close(f);
    CHECK_INT(decode(), LM_OK);
    CHECK_INT(pcm_open(pcm_path, &pcm, NULL), LM_OK);
    CHECK_INT(pcm.frames, 8);
    for (int c = 0; c < 8; c++) {
        CHECK_NEAR(pcm.data[2 * c], left[c] / (1 + 3 * .7071), 1e-6);
        CHECK_NEAR(pcm.data[2 * c + 1], right[c] / (1 + 3 * .7071), 1e-6);
    }
    pcm_close(&pcm);
    worker_end_clear(&end);
}

TEST(a_run_takes_four_files_and_no_more)
{
    const char *argv[4 + 5 * 4] = { program, "--mono", "yes" };

    prepare();
    CHECK(write_song(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 2, 1));
    for (int n = 1; n <= 5; n++) {
        char out[5][64];
        const char *file[] = { "--decode", song, "--out", out[n - 1], NULL };
        memcpy(argv + 3 + 4 * (n - 1), file, sizeof(file));
        for (int i = 0; i < n; i++) {
            snprintf(out[i], sizeof(out[i]), "%s.%d", pcm_path, i);
            argv[6 + 4 * i] = out[i];
        }
        CHECK_INT(run(argv), n < 5 ? LM_OK : LM_INVALID);
        CHECK_INT(json_get_int(end.result, "files", 0), n < 5 ? n : 0);
        for (int i = 0; i < n; i++)
            CHECK_INT(unlink(out[i]), n < 5 ? 0 : -1);
    }
    worker_end_clear(&end);
}

TEST(the_waveform_is_that_of_what_is_heard)
{
    char *a, *b;
    size_t n, m;

    prepare();
    CHECK(write_song(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 44100, 2, 30));
    CHECK_INT(decode(), LM_OK);
    CHECK_INT(path_read(full, 1 << 20, &a, &n), LM_OK);
    CHECK_INT(n, WAVEFORM_HEADER + 30 * 48000 / 256 * WAVEFORM_BUCKET);
    CHECK_INT(run((const char *[]){ program, "--waveform", pcm_path, "--waveform-preview", preview, "--waveform-full", full, NULL }), LM_OK);
    CHECK_INT(path_read(full, 1 << 20, &b, &m), LM_OK);
    CHECK_INT(n, m);
    CHECK(!memcmp(a, b, n));
    free(b);
    CHECK_INT(path_read(preview, 1 << 20, &b, &m), LM_OK);
    CHECK(m <= WAVEFORM_HEADER + WAVEFORM_PREVIEW_BUCKETS * WAVEFORM_BUCKET);
    CHECK_NEAR(a[n / 2 / 5 * 5 + 2 + 1], .375 * 127, 3);        /* the mix of .5 and .25 */
    free(a);
    free(b);
    worker_end_clear(&end);
}

TEST(no_number_is_silence)
{
    SF_INFO info = { .samplerate = 48000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT };
    float x[4800];
    struct pcm pcm;

    prepare();
    for (int i = 0; i < 4800; i++)
        x[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? 1e30f : .25f;
    SNDFILE *f = sf_open(song, SFM_WRITE, &info);
    sf_writef_float(f, x, 4800);
    sf_close(f);
    CHECK_INT(decode(), LM_OK);
    CHECK_INT(pcm_open(pcm_path, &pcm, NULL), LM_OK);
    CHECK_NEAR(pcm.data[300], 0, 0);
    CHECK_NEAR(pcm.data[301], 8, 0);
    CHECK_NEAR(pcm.data[302], .25, 0);
    pcm_close(&pcm);
    worker_end_clear(&end);
}

/* One channel that is no number says nothing of the others, nor of the frames beside it. */
TEST(what_is_no_number_does_not_spread)
{
    SF_INFO info = { .samplerate = 44100, .channels = 4, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT };
    float *x = calloc(44100, 4 * sizeof(*x));
    struct pcm pcm;

    prepare();
    for (int i = 0; i < 44100; i++) {
        x[4 * i] = .5f * sinf((float)(2 * M_PI * 1000 / 44100) * (float)i);
        x[4 * i + 3] = i & 1 ? NAN : -INFINITY;
    }
    SNDFILE *f = sf_open(song, SFM_WRITE, &info);
    sf_writef_float(f, x, 44100);
    sf_close(f);
    free(x);
    CHECK_INT(decode(), LM_OK);
    CHECK_INT(pcm_open(pcm_path, &pcm, NULL), LM_OK);
    CHECK_NEAR(level(&pcm, 0), .5 / 1.7071, .005);
    CHECK_NEAR(level(&pcm, 1), 0, 1e-6);
    pcm_close(&pcm);
    worker_end_clear(&end);
}

/* Opus (as Vorbis) and FLAC do not agree where the centre is. */
TEST(the_order_of_channels_is_that_of_the_file)
{
    static const int formats[] = { SF_FORMAT_OGG | SF_FORMAT_OPUS, SF_FORMAT_FLAC | SF_FORMAT_PCM_16 };
    static const double left[] = { .5 + .7071 * (.25 + .0625), .5 + .7071 * (.125 + .03125) };
    struct pcm pcm;

    prepare();
    for (int i = 0; i < 2; i++) {
        CHECK(write_song(formats[i], 48000, 6, 1));
        CHECK_INT(decode(), LM_OK);
        CHECK_INT(pcm_open(pcm_path, &pcm, NULL), LM_OK);
        CHECK_NEAR(level(&pcm, 0), left[i] / (1 + 2 * .7071), .01);
        pcm_close(&pcm);
    }
    worker_end_clear(&end);
}

TEST(one_frame_is_enough)
{
    static const int rates[] = { 8000, 44100, 48000, 192000 };
    struct pcm pcm;

    prepare();
    for (int i = 0; i < 4; i++) {
        CHECK(write_song(SF_FORMAT_WAV | SF_FORMAT_PCM_16, rates[i], 2, 1.5 / rates[i]));
        CHECK_INT(probe(), LM_OK);
        CHECK_INT(json_get_int(end.result, "frames", 0), 1);
        CHECK_INT(decode(), LM_OK);
        CHECK_INT(pcm_open(pcm_path, &pcm, NULL), LM_OK);
        CHECK_INT(pcm.frames, rates[i] == 8000 ? 6 : 1);
        pcm_close(&pcm);
    }
    worker_end_clear(&end);
}

/* Without the first frame, which says how long it is, and with frames of different length nobody can but count. */
TEST(an_mp3_without_a_length_is_counted)
{
    struct pcm pcm;
    char *data;
    size_t n, at = 0;

    prepare();
    CHECK(write_song(SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100, 2, 20));
    CHECK_INT(path_read(song, 10 << 20, &data, &n), LM_OK);
    for (size_t i = 0; i + 4 < n && !at; i++)
        if (!memcmp(data + i, "Xing", 4) || !memcmp(data + i, "Info", 4))
            at = i;
    CHECK(at > 0);
    while (at + 1 < n && !((unsigned char)data[at] == 0xff && ((unsigned char)data[at + 1] & 0xfe) == 0xfa))
        at++;
    CHECK_INT(path_write(song, data + at, n - at, 0600), LM_OK);
    free(data);
    CHECK_INT(probe(), LM_OK);
    double seconds = json_get_real(end.result, "duration_seconds", 0);
    CHECK_NEAR(seconds, 20.05, .05);            /* nobody says how much of it is the encoder's */
    CHECK_INT(decode(), LM_OK);
    CHECK_INT(pcm_open(pcm_path, &pcm, NULL), LM_OK);
    CHECK_NEAR((double)pcm.frames / 48000, seconds, 1e-4);
    pcm_close(&pcm);
    worker_end_clear(&end);
}

/* Cut anywhere, none of them may pass as whole. */
TEST(what_is_cut_off_is_refused)
{
    static const int formats[] = {
        SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
        SF_FORMAT_AIFF | SF_FORMAT_PCM_16, SF_FORMAT_W64 | SF_FORMAT_PCM_16, SF_FORMAT_CAF | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_OPUS, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
    };
    static const double parts[] = { .1, .5, .8 };

    prepare();
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        for (int k = 0; k < 3; k++) {
            char *data;
            size_t n;
            CHECK(write_song(formats[i], 48000, 2, 5));
            CHECK_INT(path_read(song, 10 << 20, &data, &n), LM_OK);
            CHECK_INT(truncate(song, (off_t)((double)n * parts[k])), 0);
            free(data);
            CHECK_INT(probe(), LM_INVALID);
            CHECK_STR(end.code, "broken");
            CHECK(strstr(end.message, "cut off"));
        }
    worker_end_clear(&end);
}

/* A pipe that nobody writes to would be waited for, a device never ends. */
TEST(what_is_no_file_is_refused_at_once)
{
    char pipe[80];

    prepare();
    snprintf(pipe, sizeof(pipe), "%s.fifo", song);
    CHECK_INT(mkfifo(pipe, 0600), 0);
    const char *const what[] = { pipe, "/dev/zero", "/tmp" };
    for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
        CHECK(run((const char *[]){ program, "--probe", what[i], NULL }) != LM_OK);
        CHECK(strstr(end.message, "no regular file"));
    }
    unlink(pipe);
    worker_end_clear(&end);
}

/* A decode that fails leaves no file, and a good one from before alone. */
TEST(a_failure_leaves_what_was_there)
{
    struct pcm pcm;
    char part[64];

    prepare();
    CHECK(write_song(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 1));
    CHECK_INT(decode(), LM_OK);
    CHECK(write_song(SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 48000, 1, 5));
    CHECK_INT(truncate(song, 20000), 0);
    CHECK_INT(decode(), LM_INVALID);
    CHECK_STR(end.code, "broken");
    CHECK_INT(pcm_open(pcm_path, &pcm, NULL), LM_OK);
    CHECK_INT(pcm.frames, 48000);
    pcm_close(&pcm);
    snprintf(part, sizeof(part), "%s.part", pcm_path);
    CHECK(!path_exists(part));
    CHECK_INT(run((const char *[]){ program, "--decode", song, "--out", "/tmp/there/is/none/x.pcm", NULL }), LM_INVALID);
    CHECK_INT(run((const char *[]){ program, NULL }), LM_INVALID);
    worker_end_clear(&end);
}

TEST(limits)
{
    prepare();
    CHECK(write_song(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 4000, 1, 1));
    CHECK_INT(probe(), LM_INVALID);
    CHECK_STR(end.code, "unsupported");
    CHECK(write_song(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 9, 1));
    CHECK_INT(probe(), LM_INVALID);
    CHECK_STR(end.code, "unsupported");
    CHECK(write_song(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 2, 0));
    CHECK_INT(probe(), LM_INVALID);
    CHECK_STR(end.code, "broken");
    CHECK(write_song(SF_FORMAT_AU | SF_FORMAT_PCM_16, 48000, 2, 1));
    CHECK_INT(probe(), LM_INVALID);
    CHECK_STR(end.code, "not_audio");
    CHECK(strstr(end.message, "AIFF"));
    worker_end_clear(&end);
    unlink(song), unlink(pcm_path), unlink(preview), unlink(full);
}
