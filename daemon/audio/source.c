#include "audio/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/stretch.h"
#include "audio/varispeed.h"

enum { CHUNK = 256, WINDOW = 2 * CHUNK + 2 * VARISPEED_REACH + 4 };     /* frames out at once; of the sound that they are made from */

struct source {
    struct varispeed *varispeed;
    struct stretch *stretch;            /* NULL until it is needed, and where there is no memory for it: then varispeed is heard */
    int64_t start;                      /* v of source_start() */
    int64_t n;                          /* frames given out since */
    bool stretches;
    float window[2 * WINDOW];
};

/* What both ways of changing the rate are fed from. */
struct reading { const struct run *run; const struct sound *sound; };

struct source *source_new(void)
{
    struct source *s = calloc(1, sizeof(*s));

    if (s && !(s->varispeed = varispeed_new())) {
        free(s);
        return NULL;
    }
    return s;
}

void source_free(struct source *s)
{
    if (!s)
        return;
    varispeed_free(s->varispeed);
    stretch_free(s->stretch);
    free(s);
}

static bool plays_stems(const struct sound *s)
{
    bool plays = false;

    for (int i = 0; i < s->n_stems && i < SOURCE_STEMS; i++)
        plays |= s->stem_gain[i] != 1;
    return plays;
}

/* Frames of a file from `frame` on; silence behind its end. */
static void copy(const struct pcm *pcm, int64_t frame, float *stereo, uint32_t n)
{
    int64_t left = (int64_t)pcm->frames - frame;
    uint32_t there = left <= 0 || !pcm->data ? 0 : left < (int64_t)n ? (uint32_t)left : n;

    if (there && pcm->channels == 2) {
        memcpy(stereo, pcm->data + 2 * frame, there * 2 * sizeof(float));
    } else if (there) {
        for (uint32_t i = 0; i < there; i++)
            stereo[2 * i] = stereo[2 * i + 1] = pcm->data[frame + i];
    }
    memset(stereo + 2 * (size_t)there, 0, (n - there) * 2 * sizeof(float));
}

static void add(const struct pcm *pcm, int64_t frame, float gain, float *stereo, uint32_t n)
{
    size_t right = pcm->channels == 2, step = 1 + right;

    if (gain == 0 || !pcm->data)
        return;
    for (uint32_t i = 0; i < n && frame + i < (int64_t)pcm->frames; i++) {
        const float *x = pcm->data + step * (size_t)(frame + i);
        stereo[2 * i] += gain * x[0];
        stereo[2 * i + 1] += gain * x[right];
    }
}

/* n frames of the run from v on, at rate 1; what is before its start is what is before it on the track. Frames until the run is over; silence behind. */
static uint32_t fetch(const struct run *r, const struct sound *sound, int64_t v, float *stereo, uint32_t n)
{
    uint32_t done = 0;

    while (done < n) {
        int64_t left, frame = run_frame(r, v + done, &left);
        if (frame < 0) {                /* before the track */
            uint32_t silent = -frame < (int64_t)(n - done) ? (uint32_t)-frame : n - done;
            memset(stereo + 2 * (size_t)done, 0, silent * 2 * sizeof(float));
            done += silent;
            continue;
        }
        uint32_t m = left < (int64_t)(n - done) ? (uint32_t)left : n - done;
        float *out = stereo + 2 * (size_t)done;
        if (left <= 0)
            break;
        if (plays_stems(sound)) {
            memset(out, 0, m * 2 * sizeof(float));
            for (int i = 0; i < sound->n_stems && i < SOURCE_STEMS; i++)
                add(&sound->stems[i], frame, sound->stem_gain[i], out, m);
        } else {
            copy(&sound->mix, frame, out, m);
        }
        done += m;
    }
    memset(stereo + 2 * (size_t)done, 0, (n - done) * 2 * sizeof(float));
    return done;
}

static void fetch_for_stretch(void *ctx, int64_t v, float *stereo, uint32_t n)
{
    const struct reading *r = ctx;

    fetch(r->run, r->sound, v, stereo, n);
}

void source_start(struct source *s, const struct run *r, const struct sound *sound, int64_t v)
{
    struct reading reading = { r, sound };

    s->start = v;
    s->n = 0;
    s->stretches = run_rate(r) != 1 && r->keep_pitch;
    if (s->stretches && !s->stretch)
        s->stretch = stretch_new();
    s->stretches &= s->stretch != NULL;
    if (s->stretches)
        stretch_start(s->stretch, run_rate(r), v, fetch_for_stretch, &reading);
}

/* How many of n frames come before the end of the run. */
static uint32_t until_end(const struct run *r, double v, double rate, uint32_t n)
{
    if (run_loops(r))
        return n;
    double frames = ceil(((double)(run_end(r) - r->anchor) - v) / rate - 1e-6);
    return frames <= 0 ? 0 : frames < n ? (uint32_t)frames : n;
}

static void read_varispeed(struct source *s, const struct run *r, const struct sound *sound, double v, double rate, float *stereo, uint32_t n)
{
    for (uint32_t done = 0; done < n; done += CHUNK) {
        uint32_t m = n - done < CHUNK ? n - done : CHUNK;
        double at = v + done * rate, first = floor(at);
        fetch(r, sound, (int64_t)first - VARISPEED_REACH, s->window, WINDOW);
        varispeed_run(s->varispeed, s->window + 2 * VARISPEED_REACH, at - first, rate, stereo + 2 * (size_t)done, m);
    }
}

uint32_t source_read(struct source *s, const struct run *r, const struct sound *sound, float *stereo, uint32_t n, double *v, double *step)
{
    struct reading reading = { r, sound };
    double rate = run_rate(r);

    *step = rate;
    *v = (double)s->start + (double)s->n * rate;
    if (rate == 1) {
        n = fetch(r, sound, s->start + s->n, stereo, n);
    } else {
        n = until_end(r, *v, rate, n);
        if (s->stretches)
            stretch_read(s->stretch, fetch_for_stretch, &reading, stereo, n);
        else
            read_varispeed(s, r, sound, *v, rate, stereo, n);
    }
    click_add(&sound->click, r, *v, rate, stereo, n);
    s->n += n;
    return n;
}
