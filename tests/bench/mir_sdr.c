/*
 * How much of a separated stem is the stem: mir_sdr TRUTH ESTIMATE prints {"sdr","si_sdr","truth","estimate"}, decibels and energies. And mir_sdr --mono FILE OUT writes the
 * mix of a file's channels as float32 at 44.1 kHz, for programs that read nothing else.
 *
 * Global signal-to-distortion ratio over both channels, 10 log10(sum s^2 / sum (s - e)^2) (E. Vincent, R. Gribonval, C. Fevotte, IEEE TASLP 2006, without
 * the allowed filter), and the scale-invariant one (J. Le Roux et al., ICASSP 2019). An estimate of another rate is brought to the truth's.
 */
#include <math.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sound { float *v; long frames; int channels, rate; };

static int load(const char *path, struct sound *s)
{
    SF_INFO info = { 0 };
    SNDFILE *f = sf_open(path, SFM_READ, &info);

    if (!f || info.channels < 1 || info.channels > 2) {
        fprintf(stderr, "%s: %s\n", path, f ? "must have one or two channels" : sf_strerror(f));
        if (f)
            sf_close(f);
        return -1;
    }
    *s = (struct sound){ malloc((size_t)info.frames * (size_t)info.channels * sizeof(float) + 1), info.frames, info.channels, info.samplerate };
    if (s->v)
        s->frames = sf_readf_float(f, s->v, info.frames);
    sf_close(f);
    return s->v ? 0 : -1;
}

static int bring_to(struct sound *s, int rate)
{
    if (s->rate == rate)
        return 0;
    double ratio = (double)rate / s->rate;
    long room = (long)((double)s->frames * ratio) + 16;
    SRC_DATA d = { .data_in = s->v, .input_frames = s->frames, .output_frames = room, .src_ratio = ratio };

    if (!(d.data_out = malloc((size_t)room * (size_t)s->channels * sizeof(float))) || src_simple(&d, SRC_SINC_BEST_QUALITY, s->channels)) {
        free(d.data_out);
        return -1;
    }
    free(s->v);
    s->v = d.data_out;
    s->frames = d.output_frames_gen;
    s->rate = rate;
    return 0;
}

/* A mono file is the same on both sides. */
static double at(const struct sound *s, long frame, int channel)
{
    return (double)s->v[frame * s->channels + (s->channels == 2 ? channel : 0)];
}

static int write_mono(const char *from, const char *to)
{
    struct sound s = { 0 };
    FILE *f = NULL;
    int failed = load(from, &s) || bring_to(&s, 44100) || !(f = fopen(to, "wb"));

    for (long i = 0; !failed && i < s.frames; i++) {
        float v = (float)((at(&s, i, 0) + at(&s, i, 1)) / 2);
        failed = fwrite(&v, sizeof(v), 1, f) != 1;
    }
    if (f && fclose(f))
        failed = 1;
    free(s.v);
    return failed;
}

int main(int argc, char **argv)
{
    struct sound s = { 0 }, e = { 0 };

    if (argc == 4 && !strcmp(argv[1], "--mono"))
        return write_mono(argv[2], argv[3]);
    double ss = 0, ee = 0, se = 0, dd = 0;
    if (argc != 3 || load(argv[1], &s) || load(argv[2], &e) || bring_to(&e, s.rate)) {
        fprintf(stderr, "Use mir_sdr TRUTH ESTIMATE\n");
        free(s.v);
        free(e.v);
        return 1;
    }
    long n = s.frames < e.frames ? s.frames : e.frames;
    for (long i = 0; i < n; i++) {
        for (int c = 0; c < 2; c++) {
            double a = at(&s, i, c), b = at(&e, i, c);
            ss += a * a, ee += b * b, se += a * b, dd += (a - b) * (a - b);
        }
    }
    double gain = se / fmax(ss, 1e-20), noise = ee - 2 * gain * se + gain * gain * ss;
    printf("{\"sdr\":%.4f,\"si_sdr\":%.4f,\"truth\":%.9g,\"estimate\":%.9g}\n", 10 * log10(ss / fmax(dd, 1e-20) + 1e-20),
           10 * log10(gain * gain * ss / fmax(noise, 1e-20) + 1e-20), ss, ee);
    free(s.v);
    free(e.v);
    return 0;
}
