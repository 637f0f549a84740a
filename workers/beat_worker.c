/*
 * Finds the beats, the downbeats and the tempo of a track: `beat_worker PCM` (audio/pcm.h).
 *
 *   {"progress":0.4,"step":"onsets"} ...
 *   {"result":{"beats":[s],"downbeats":[s],"bpm","beats_per_bar","confidence","tempo_curve":[[s,bpm]],"analyser":"lumad-beats","version":2}}
 *
 * Onsets -> tempo and beats (dsp/beats.h) -> harmony between the beats -> which reading of them, and its bars (dsp/meter.h). Where nothing repeats
 * (silence, noise, speech) there are no beats and bpm is null. confidence: how likely the beats are those people tap, as far as their regularity and the
 * lead over the next reading tell.
 *
 * Recordings of more than LONG seconds are heard in pieces that overlap and joined where both have a beat: a mix of hours has many tempi and readings, and memory
 * must not grow with it. What was heard of the mapped file is let go.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "audio/pcm.h"
#include "core/json.h"
#include "dsp/beats.h"
#include "dsp/harmony.h"
#include "dsp/meter.h"
#include "dsp/onset.h"
#include "dsp/readings.h"
#include "dsp/tempo.h"

enum { VERSION = 3, MEMORY_MB = 2048, CPU_SECONDS = 3600, BEATS_MIN = 8, LONG = 420, PIECE = 240, OVERLAP = 12 };

static const double SILENCE = 1e-5;         /* RMS; -100 dB */
static const double PERIODIC = 0.05;        /* see confidence_of() */
/* The flux peaks while an attack is still entering the window; clicks at known instants come out so much early, at every tempo. */
static const double LEAD = 0.0055;
static const double STEADY = 0.012;         /* seconds that a found beat may be beside the line of its neighbours */
static const double CURVE_STEP = 0.002;     /* a tempo that differs less from the last point gets no point of its own */

/* All beats so far, in seconds. */
struct grid {
    double *at;
    unsigned char *position;
    size_t n;
    double bars[2];                         /* beats that count three and four */
    double heard, confidence;               /* seconds, and their sum weighted by them */
    double tempo;                           /* BPM at its end */
};

/* The piece that is being heard, for progress and for letting go. */
static struct { const struct pcm *pcm; uint64_t from, frames; double begin, share; } now;

static void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void say_progress(double part, const char *step)
{
    say(json_pack("{s:f,s:s}", "progress", now.begin + part * now.share, "step", step));
}

/* Pages before `part` of the piece are not needed soon; without this they would all count as this program's memory. */
static void let_go(double part)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), frame = sizeof(float) * (size_t)now.pcm->channels;
    size_t end = (size_t)((double)now.frames * part) * frame + (size_t)now.from * frame;

    end = end > ((size_t)1 << 20) ? (end - ((size_t)1 << 20)) / page * page : 0;
    if (end && now.pcm->map)
        madvise(now.pcm->map, end, MADV_DONTNEED);
}

static void onset_progress(double part)
{
    let_go(part);
    say_progress(part * .45, "onsets");
}

static void harmony_progress(double part)
{
    let_go(part);
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

/* --- one piece --- */

static enum lm_err find_meter(const struct beats *b, const struct beat_cues *c, double expect, struct meter *m)
{
    size_t n = READING_SPANS * (b->n - 1);
    struct harmony *spans = malloc(n * sizeof(*spans));
    double *edge = malloc((n + 1) * sizeof(*edge));
    enum lm_err err = spans && edge ? LM_OK : LM_NOMEM;

    if (!err) {
        meter_edges(b, edge);
        err = harmony_find(now.pcm->data + now.from * (uint64_t)now.pcm->channels, now.frames, now.pcm->channels, now.pcm->rate, edge, n,
                           harmony_progress, spans);
    }
    if (!err)
        err = meter_find(b, c, spans, expect, m);
    free(spans);
    free(edge);
    return err;
}

/* Beats in the silence before and behind the music are none; m->position of what stays begins with the same beat. */
static void keep_sounding(const struct onsets *o, struct meter *m)
{
    double mean = 0;
    size_t first = 0, last = o->n ? o->n - 1 : 0, from = 0, to = m->n;

    for (size_t t = 0; t < o->n; t++)
        for (int k = 0; k < ONSET_TONES; k++)
            mean += (double)o->tone[t][k] / (double)o->n;
    for (double sum = 0; first < last; first++, sum = 0) {
        for (int k = 0; k < ONSET_TONES; k++)
            sum += (double)o->tone[first][k];
        if (sum > .3 * mean)
            break;
    }
    for (double sum = 0; last > first; last--, sum = 0) {
        for (int k = 0; k < ONSET_TONES; k++)
            sum += (double)o->tone[last][k];
        if (sum > .3 * mean)
            break;
    }
    while (from < to && m->beat[from] < (double)first - .08 * ONSET_RATE)
        from++;
    while (to > from && m->beat[to - 1] > (double)last + .08 * ONSET_RATE)
        to--;
    memmove(m->beat, m->beat + from, (to - from) * sizeof(*m->beat));
    memmove(m->position, m->position + from, to - from);
    m->n = to - from;
}

/* Music whose tempo leaps in its middle was seen as low as .06, so this begins to count just below PERIODIC. A lead is no proof: readings can be sure and wrong. */
static double confidence_of(double periodicity, double certainty)
{
    return fmax(.02, fmin(1, (periodicity - .04) / .16)) * (.25 + .75 * certainty);
}

static enum lm_err hear_piece(double expect, struct meter *m, double *confidence)
{
    struct onsets onsets = { 0 };
    struct beat_cues cues = { 0 };
    struct beats beats = { 0 };
    double periodicity = 0;
    const struct pcm *pcm = now.pcm;
    enum lm_err err = onset_find(pcm->data + now.from * (uint64_t)pcm->channels, now.frames, pcm->channels, pcm->rate, onset_progress, &onsets);

    memset(m, 0, sizeof(*m));
    *confidence = 0;
    if (err || onsets.rms < SILENCE || onsets.n < 2 * ONSET_RATE)
        goto out;
    say_progress(.45, "beats");
    if ((err = beat_cues_make(&onsets, &cues)) || (err = beats_find(&cues, &beats, &periodicity)))
        goto out;
    if (beats.n < BEATS_MIN || periodicity < PERIODIC)
        goto out;
    say_progress(.55, "harmony");
    if ((err = find_meter(&beats, &cues, expect, m)))
        goto out;
    *confidence = confidence_of(periodicity, m->certainty);
    keep_sounding(&onsets, m);
    err = tempo_smooth(m->beat, m->n, STEADY * ONSET_RATE);
out:
    beats_clear(&beats);
    beat_cues_clear(&cues);
    onset_clear(&onsets);
    return err;
}

/* --- joining them --- */

/* Takes over what m has, from where it has a beat together with the grid (best: of the same place in the bar), or else from `border` on. */
static enum lm_err join(struct grid *g, const struct meter *m, double offset, double border)
{
    size_t keep = g->n, from = 0;
    double best = .06;

    for (size_t i = g->n, k = m->n; i-- && g->at[i] > border - OVERLAP;) {
        while (k && offset + m->beat[k - 1] / ONSET_RATE > g->at[i] - .03)
            k--;
        for (size_t j = k; j < m->n && j < k + 2; j++) {
            double d = fabs(offset + m->beat[j] / ONSET_RATE - g->at[i]) + (g->position[i] == m->position[j] ? 0 : .03);
            if (d < best)
                best = d, keep = i, from = j;
        }
    }
    if (best >= .06) {
        while (keep && g->at[keep - 1] >= border)
            keep--;
        while (from < m->n && (offset + m->beat[from] / ONSET_RATE < border || (keep && offset + m->beat[from] / ONSET_RATE < g->at[keep - 1] + .25)))
            from++;
    }
    size_t n = keep + m->n - from;
    double *at = realloc(g->at, (n + 1) * sizeof(*at));
    if (at)
        g->at = at;
    unsigned char *position = realloc(g->position, n + 1);
    if (position)
        g->position = position;
    if (!at || !position)
        return LM_NOMEM;
    for (size_t i = from; i < m->n; i++) {
        at[keep + i - from] = fmax(0, offset + m->beat[i] / ONSET_RATE + LEAD);
        position[keep + i - from] = m->position[i];
    }
    g->n = n;
    if (m->beats_per_bar)
        g->bars[m->beats_per_bar == 4] += (double)(m->n - from);
    g->tempo = n > 32 ? 60 * tempo_median(at + n - 32, 32) : 60 * tempo_median(at, n);
    return LM_OK;
}

static enum lm_err analyse(const struct pcm *pcm, struct grid *g)
{
    double length = (double)pcm->frames / pcm->rate;
    int pieces = length > LONG ? (int)ceil(length / PIECE) : 1;
    enum lm_err err = LM_OK;

    for (int i = 0; i < pieces && !err; i++) {
        double border = length * i / pieces, from = i ? border - OVERLAP : 0, to = fmin(length, length * (i + 1) / pieces + (i + 1 < pieces ? OVERLAP : 0));
        struct meter m;
        double confidence;
        now.pcm = pcm, now.from = (uint64_t)(from * pcm->rate), now.begin = (double)i / pieces, now.share = 1. / pieces;
        now.frames = i + 1 < pieces ? (uint64_t)((to - from) * pcm->rate) : pcm->frames - now.from;
        err = hear_piece(g->tempo, &m, &confidence);
        if (!err && m.n)
            err = join(g, &m, from, border);
        else
            g->tempo = 0;
        g->heard += to - from;
        g->confidence += confidence * (to - from);
        meter_clear(&m);
    }
    while (g->n && g->at[g->n - 1] > length)        /* LEAD puts the last one behind the end */
        g->n--;
    return err;
}

static json_t *tempo_curve(const struct grid *g)
{
    json_t *curve = json_array();
    double before = 0;

    for (size_t i = 0; i < g->n; i++) {
        double bpm = 60 * tempo_at(g->at, g->n, i);
        if (bpm <= 0 || (i && (g->position[i] || fabs(bpm / before - 1) < CURVE_STEP)))
            continue;
        before = bpm;
        json_array_append_new(curve, json_pack("[f,f]", g->at[i], bpm));
    }
    return curve;
}

static void say_result(const struct grid *g)
{
    json_t *beats = json_array(), *downbeats = json_array();
    double before = -1, bpm = 60 * tempo_median(g->at, g->n);

    for (size_t i = 0; i < g->n; i++) {
        if (g->at[i] <= before)
            continue;
        before = g->at[i];
        json_array_append_new(beats, json_real(g->at[i]));
        if (!g->position[i])
            json_array_append_new(downbeats, json_real(g->at[i]));
    }
    say(json_pack("{s:{s:o,s:o,s:o,s:i,s:f,s:o,s:s,s:i}}", "result", "beats", beats, "downbeats", downbeats,
                  "bpm", bpm > 0 ? json_real(bpm) : json_null(), "beats_per_bar", g->bars[0] > g->bars[1] ? 3 : 4,
                  "confidence", g->heard > 0 ? g->confidence / g->heard : 0, "tempo_curve", tempo_curve(g),
                  "analyser", "lumad-beats", "version", (int)VERSION));
}

int main(int argc, char **argv)
{
    struct pcm pcm = { 0 };
    struct grid grid = { 0 };
    struct problem p = { 0 };
    enum lm_err err;

    set_limits();
    if (argc != 2) {
        err = problem_set(&p, LM_BAD_REQUEST, "Use beat_worker PCM");
    } else if (!(err = pcm_open(argv[1], &pcm, &p)) && (err = analyse(&pcm, &grid))) {
        problem_set(&p, err, "%s", lm_err_text(err));
    }
    pcm_close(&pcm);
    if (err)
        say(json_pack("{s:{s:s,s:s}}", "error", "code", lm_err_code(err), "message", p.detail));
    else
        say_result(&grid);
    free(grid.at);
    free(grid.position);
    return err != LM_OK;
}
