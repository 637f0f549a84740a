/*
 * Finds the beats, the downbeats and the tempo of a track: `beat_worker PCM` (audio/pcm.h).
 *
 *   {"progress":0.4,"step":"onsets"} ...
 *   {"result":{"beats":[s],"downbeats":[s],"bpm","beats_per_bar","confidence","analyser":"lumad-beats","version":1}}
 *
 * Onsets -> tempo and beats (dsp/beats.h) -> harmony between the beats -> which reading of them, and its bars (dsp/meter.h). Where nothing repeats
 * (silence, noise, speech) there are no beats and bpm is null.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "audio/pcm.h"
#include "core/json.h"
#include "dsp/beats.h"
#include "dsp/harmony.h"
#include "dsp/meter.h"
#include "dsp/onset.h"

enum { VERSION = 1, MEMORY_MB = 2048, CPU_SECONDS = 3600, BEATS_MIN = 8 };

static const double SILENCE = 1e-5;         /* RMS; -100 dB */
static const double PERIODIC = 0.06;        /* noise of half a minute stays below .03, music with a beat is above .1 */
/* The flux peaks while an attack is still entering the window; clicks at known instants come out so much early, at every tempo. */
static const double LEAD = 0.0055;

static void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void say_progress(double progress, const char *step)
{
    say(json_pack("{s:f,s:s}", "progress", progress, "step", step));
}

static void onset_progress(double part)
{
    say_progress(part * .45, "onsets");
}

static void harmony_progress(double part)
{
    say_progress(.55 + part * .4, "harmony");
}

static void set_limits(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    setrlimit(RLIMIT_DATA, &(struct rlimit){ (rlim_t)MEMORY_MB << 20, (rlim_t)MEMORY_MB << 20 });
#endif
    setrlimit(RLIMIT_CPU, &(struct rlimit){ CPU_SECONDS, CPU_SECONDS });
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

static double seconds(double frame)
{
    return fmax(0, frame / ONSET_RATE + LEAD);
}

/* The tempo of eight beats at a time, so that the grid of the frames does not round it; the median of all. */
static double tempo(const struct meter *m)
{
    size_t k = m->n / 4 < 8 ? m->n / 4 : 8, n = m->n - k;
    double *v = malloc((n + 1) * sizeof(*v)), bpm = 0;

    if (!v || !k)
        goto out;
    /* beats_interval() is the median of the differences: of sums of k intervals when every k-th is laid end to end */
    v[0] = 0;
    for (size_t i = 0; i < n; i++)
        v[i + 1] = v[i] + m->beat[i + k] - m->beat[i];
    bpm = 60. * ONSET_RATE * (double)k / beats_interval(v, n + 1);
out:
    free(v);
    return bpm;
}

static void say_result(const struct meter *m, double confidence)
{
    json_t *beats = json_array(), *downbeats = json_array();
    double before = -1;

    for (size_t i = 0; i < m->n; i++) {
        double at = seconds(m->beat[i]);
        if (at <= before)
            continue;
        before = at;
        json_array_append_new(beats, json_real(at));
        if (!m->position[i])
            json_array_append_new(downbeats, json_real(at));
    }
    double bpm = m->n ? tempo(m) : 0;
    say(json_pack("{s:{s:o,s:o,s:o,s:i,s:f,s:s,s:i}}", "result", "beats", beats, "downbeats", downbeats,
                  "bpm", bpm > 0 ? json_real(bpm) : json_null(), "beats_per_bar", m->n ? m->beats_per_bar : 4,
                  "confidence", confidence, "analyser", "lumad-beats", "version", (int)VERSION));
}

static enum lm_err find_meter(const struct pcm *pcm, const struct beats *b, const struct beat_cues *c, struct meter *m)
{
    size_t n = 2 * (b->n - 1);
    struct harmony *half = malloc(n * sizeof(*half));
    double *edge = malloc((n + 1) * sizeof(*edge));
    enum lm_err err = half && edge ? LM_OK : LM_NOMEM;

    for (size_t i = 0; !err && i <= n; i++)
        edge[i] = (i % 2 ? (b->frame[i / 2] + b->frame[i / 2 + 1]) / 2 : b->frame[i / 2]) / ONSET_RATE;
    if (!err)
        err = harmony_find(pcm->data, pcm->frames, pcm->channels, pcm->rate, edge, n, harmony_progress, half);
    if (!err)
        err = meter_find(b, c, half, m);
    free(half);
    free(edge);
    return err;
}

static enum lm_err analyse(const struct pcm *pcm)
{
    struct onsets onsets = { 0 };
    struct beat_cues cues = { 0 };
    struct beats beats = { 0 };
    struct meter meter = { 0 };
    double periodicity = 0, confidence = 0;
    enum lm_err err = onset_find(pcm->data, pcm->frames, pcm->channels, pcm->rate, onset_progress, &onsets);

    if (err || onsets.rms < SILENCE || onsets.n < 2 * ONSET_RATE)
        goto out;
    say_progress(.45, "beats");
    if ((err = beat_cues_make(&onsets, &cues)) || (err = beats_find(&cues, &beats, &periodicity)))
        goto out;
    if (beats.n < BEATS_MIN || periodicity < PERIODIC)
        goto out;
    confidence = fmin(1, periodicity / .5);
    say_progress(.55, "harmony");
    err = find_meter(pcm, &beats, &cues, &meter);
out:
    if (!err)
        say_result(&meter, confidence);
    meter_clear(&meter);
    beats_clear(&beats);
    beat_cues_clear(&cues);
    onset_clear(&onsets);
    return err;
}

int main(int argc, char **argv)
{
    struct pcm pcm = { 0 };
    struct problem p = { 0 };
    enum lm_err err;

    set_limits();
    if (argc != 2) {
        err = problem_set(&p, LM_BAD_REQUEST, "Use beat_worker PCM");
    } else if (!(err = pcm_open(argv[1], &pcm, &p)) && (err = analyse(&pcm))) {
        problem_set(&p, err, "%s", lm_err_text(err));
    }
    pcm_close(&pcm);
    if (err)
        say(json_pack("{s:{s:s,s:s}}", "error", "code", lm_err_code(err), "message", p.detail));
    return err != LM_OK;
}
