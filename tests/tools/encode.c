/*
 * Writes sound in the formats that libsndfile writes, for benches and tests:
 *   encode FILE KIND RATE SECONDS [CHANNELS]      chords, a beat and a little noise
 *   encode --read FILE                            decodes it and throws it away; prints how many frames there were
 */
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 8192, CHANNELS_MAX = 8 };

static const struct { const char *name; int format, bitrate_mode; } kinds[] = {
    { "wav16", SF_FORMAT_WAV | SF_FORMAT_PCM_16, -1 }, { "wav24", SF_FORMAT_WAV | SF_FORMAT_PCM_24, -1 }, { "wavf", SF_FORMAT_WAV | SF_FORMAT_FLOAT, -1 },
    { "aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, -1 }, { "caf", SF_FORMAT_CAF | SF_FORMAT_ALAC_16, -1 }, { "flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, -1 },
    { "ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, -1 }, { "opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, -1 },
    { "mp3cbr", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, SF_BITRATE_MODE_CONSTANT }, { "mp3vbr", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, SF_BITRATE_MODE_VARIABLE },
};

/* Three partials that change each half second, a decaying noise on each beat, and noise 40 dB below. */
static float sample(long i, int channel, int rate, unsigned *seed)
{
    static const double roots[] = { 110, 146.8, 98, 130.8 };
    double t = (double)i / rate, root = roots[(long)(2 * t) % 4] * (1 + .003 * channel), beat = fmod(t, .5);
    double noise = (double)((*seed = *seed * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1;

    return (float)(.2 * sin(2 * M_PI * root * t) + .15 * sin(5 * M_PI * root * t) + .1 * sin(12 * M_PI * root * t) + (.3 * exp(-30 * beat) + .01) * noise);
}

static int write_file(const char *path, const char *name, int rate, double seconds, int channels)
{
    static float x[BLOCK * CHANNELS_MAX];
    SF_INFO info = { .samplerate = rate, .channels = channels };
    unsigned seed = 1;
    size_t k = 0;

    while (k < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[k].name, name))
        k++;
    if (k == sizeof(kinds) / sizeof(kinds[0]) || rate < 1 || channels < 1 || channels > CHANNELS_MAX)
        return 2;
    info.format = kinds[k].format;
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    if (!f)
        return fprintf(stderr, "%s: %s\n", path, sf_strerror(NULL)), 1;
    if (kinds[k].bitrate_mode >= 0) {
        int mode = kinds[k].bitrate_mode;
        double level = .2;
        sf_command(f, SFC_SET_BITRATE_MODE, &mode, sizeof(mode));
        sf_command(f, SFC_SET_COMPRESSION_LEVEL, &level, sizeof(level));
    }
    for (long at = 0, n, end = lround(seconds * rate); at < end; at += n) {
        n = end - at < BLOCK ? end - at : BLOCK;
        for (long i = 0; i < n; i++)
            for (int c = 0; c < channels; c++)
                x[i * channels + c] = sample(at + i, c, rate, &seed);
        if (sf_writef_float(f, x, n) != n)
            return fprintf(stderr, "%s: %s\n", path, sf_strerror(f)), 1;
    }
    return sf_close(f) != 0;
}

static int read_file(const char *path)
{
    static float x[BLOCK * CHANNELS_MAX];
    SF_INFO info = { 0 };
    SNDFILE *f = sf_open(path, SFM_READ, &info);
    sf_count_t n = 0, got;

    if (!f || info.channels > CHANNELS_MAX)
        return fprintf(stderr, "%s: %s\n", path, sf_strerror(f)), 1;
    while ((got = sf_readf_float(f, x, BLOCK)) > 0)
        n += got;
    printf("%lld\n", (long long)n);
    return sf_close(f) != 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--read"))
        return read_file(argv[2]);
    if (argc >= 5)
        return write_file(argv[1], argv[2], atoi(argv[3]), atof(argv[4]), argc > 5 ? atoi(argv[5]) : 2);
    fprintf(stderr, "encode FILE KIND RATE SECONDS [CHANNELS]\nencode --read FILE\n");
    return 2;
}
