/*
 * Hears what lies over the beats of a track: hits of the drums, how full each bar is, its parts, its loudness and brightness.
 *
 *   feature_worker PCM BEATS.json [--drums DRUMS.pcm]
 *
 * PCM: audio/pcm.h. BEATS.json: {"beats":[s],"downbeats":[s],"beats_per_bar":4}; without beats a bar is two seconds. With DRUMS the hits are heard in it.
 *
 *   {"progress":0.4,"step":"drums"} ...
 *   {"result":{"onsets":{...},"energy":{...},"sections":{...},                    as graph/analysis.h says
 *              "loudness":{"rate":10,"lufs":[...],"integrated":-9.3,"true_peak":-0.2},
 *              "centroid":{"rate":10,"hz":[...]},"drops":{"drops":[s]},"analyser":"lumad-features","version":1}}
 *
 * Curves of what is longer than half an hour have fewer values a second. Times and levels are rounded to what can be heard. Silence: no hits, bars of no energy, no sections, loudness null.
 */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "audio/pcm.h"
#include "core/json.h"
#include "core/path.h"
#include "dsp/drums.h"
#include "dsp/loudness.h"
#include "dsp/outline.h"
#include "dsp/texture.h"

enum {
    VERSION = 1, MEMORY_MB = 1024, CPU_SECONDS = 3600,
    CURVE_MAX = 20000, HITS_MAX = 60000,        /* of a row of the database, 8 MB, this is a quarter */
    PIECE = 48000,
};

#define BAR_WITHOUT_BEATS 2.0           /* seconds */
#define EARLY 0.02

struct bars { double *edge; size_t n; };        /* bar i: edge[i] .. edge[i + 1] */

static void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void say_progress(double progress, const char *step)
{
    say(json_pack("{s:f,s:s}", "progress", progress, "step", step));
}

static void set_limits(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    setrlimit(RLIMIT_DATA, &(struct rlimit){ (rlim_t)MEMORY_MB << 20, (rlim_t)MEMORY_MB << 20 });
#endif
    setrlimit(RLIMIT_CPU, &(struct rlimit){ CPU_SECONDS, CPU_SECONDS });
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

/* One reading of a file from end to end: what was read is given back, so that a long mix does not fill the memory. */
struct pass { const struct pcm *pcm; const char *step; double from, share; size_t given; };

static void pass_progress(void *ctx, uint64_t read)
{
    struct pass *s = ctx;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = (size_t)read * (size_t)s->pcm->channels * sizeof(float) / page * page;

    if (bytes > s->given && bytes <= s->pcm->map_size) {
        madvise((char *)s->pcm->map + s->given, bytes - s->given, MADV_DONTNEED);
        s->given = bytes;
    }
    say_progress(s->from + s->share * (double)read / (double)s->pcm->frames, s->step);
}

/* ---- bars ---- */

static enum lm_err read_json(const char *path, json_t **json, struct problem *p)
{
    char *text = NULL;
    size_t n;
    enum lm_err err = path_read(path, JSON_MAX_BYTES, &text, &n);

    if (err)
        return problem_set(p, err, "The beats cannot be read: %s", lm_err_text(err));
    err = json_parse(text, n, json, p);
    free(text);
    return err;
}

/* Where bars begin as far as the beats say: at downbeats, or each beats_per_bar beats. Ascending, within the track. */
static size_t known_bars(const json_t *beats, double duration, double *at)
{
    const json_t *list = json_object_get(beats, "downbeats");
    size_t step = 1, n = 0;

    if (json_array_size(list) < 2) {
        json_int_t per_bar = json_get_int(beats, "beats_per_bar", 4);
        list = json_object_get(beats, "beats");
        step = per_bar > 0 && per_bar <= 32 ? (size_t)per_bar : 4;
    }
    for (size_t i = 0; i < json_array_size(list); i += step) {
        double t = json_number_value(json_array_get(list, i));
        if (t >= 0 && t < duration && (!n || t > at[n - 1] + .1))
            at[n++] = t;
    }
    return n;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_gap(const double *at, size_t n, double *scratch)
{
    for (size_t i = 0; i + 1 < n; i++)
        scratch[i] = at[i + 1] - at[i];
    qsort(scratch, n - 1, sizeof *scratch, ascending);
    return scratch[(n - 1) / 2];
}

/* The bars go on before the first and behind the last that is known, as long as there is music for most of one. */
static enum lm_err bars_make(const json_t *beats, double duration, struct bars *b)
{
    size_t most = json_array_size(json_object_get(beats, "downbeats")) + json_array_size(json_object_get(beats, "beats")) + 2, n, before = 0;
    double *known = malloc(most * sizeof *known), *scratch = malloc(most * sizeof *scratch), bar = BAR_WITHOUT_BEATS, first = 0;
    enum lm_err err = known && scratch ? LM_OK : LM_NOMEM;

    if (!err && (n = known_bars(beats, duration, known)) >= 2) {
        bar = median_gap(known, n, scratch);
        first = known[0];
        before = (size_t)(first / bar + .25);
    } else {
        n = 0;
    }
    size_t cap = n + before + (size_t)(duration / bar) + 4;
    if (!err && !(b->edge = malloc(cap * sizeof *b->edge)))
        err = LM_NOMEM;
    if (!err) {
        size_t k = 0;
        for (size_t i = before; i; i--)
            b->edge[k++] = fmax(0, first - (double)i * bar);
        for (size_t i = 0; i < n; i++)
            b->edge[k++] = known[i];
        if (!k)
            b->edge[k++] = 0;
        while (b->edge[k - 1] + bar * .5 < duration && k < cap)
            b->edge[k] = fmin(duration, b->edge[k - 1] + bar), k++;
        if (k == 1)
            b->edge[k++] = duration;
        b->n = k - 1;
    }
    free(known);
    free(scratch);
    return err;
}

/* ---- listening ---- */

static enum lm_err find_loudness(const struct pcm *pcm, struct loudness *l)
{
    struct pass pass = { pcm, "loudness", .8, .2, 0 };
    enum lm_err err = LM_OK;

    for (uint64_t at = 0; at < pcm->frames && !err; at += PIECE) {
        uint64_t n = pcm->frames - at < PIECE ? pcm->frames - at : PIECE;
        err = loudness_add(l, pcm->data + at * (uint64_t)pcm->channels, n);
        if (at / PIECE % 30 == 29)
            pass_progress(&pass, at);
    }
    return err;
}

/* Mean of the blocks of 100 ms, as far as they lie in it. */
static double power_between(const struct loudness *l, double from, double to)
{
    double sum = 0, time = 0;

    for (size_t i = (size_t)(from * LOUDNESS_RATE); i < loudness_blocks(l) && (double)i < to * LOUDNESS_RATE; i++) {
        double start = fmax(from, (double)i / LOUDNESS_RATE), end = fmin(to, (double)(i + 1) / LOUDNESS_RATE);
        if (end <= start)
            continue;
        sum += loudness_power(l, i) * (end - start);
        time += end - start;
    }
    return time > 0 ? sum / time : 0;
}

/* A hit that comes a little before its eighth belongs to it. */
static void count_hits(const struct hits *h, const struct bars *b, struct outline_bar *bars)
{
    for (int d = 0; d < HIT_DRUMS; d++)
        for (size_t i = 0, bar = 0; i < h->n[d]; i++) {
            double at = h->hit[d][i].at + EARLY;
            while (bar < b->n && at >= b->edge[bar + 1])
                bar++;
            if (bar == b->n || at < b->edge[bar])
                continue;
            int slot = (int)((at - b->edge[bar]) / (b->edge[bar + 1] - b->edge[bar]) * OUTLINE_SLOTS);
            bars[bar].hits[d][slot < OUTLINE_SLOTS ? slot : OUTLINE_SLOTS - 1] += h->hit[d][i].strength;
        }
}

/* ---- telling ---- */

/* A recording that was damaged on the disk may hold samples that are no sound: what comes of them is told as nothing, and the rest is still told. */
static json_t *rounded(double x, double steps)
{
    return json_real(isfinite(x) ? round(x * steps) / steps : 0);
}

static int by_strength(const void *a, const void *b)
{
    float x = ((const struct hit *)a)->strength, y = ((const struct hit *)b)->strength;

    return (x < y) - (x > y);
}

static int by_time(const void *a, const void *b)
{
    return ascending(&((const struct hit *)a)->at, &((const struct hit *)b)->at);
}

/* Of more than fit into a row the strongest. */
static json_t *tell_hits(const struct hits *h)
{
    static const char *const names[HIT_DRUMS] = { "kick", "snare", "hihat" };
    json_t *onsets = json_object();

    for (int d = 0; d < HIT_DRUMS; d++) {
        json_t *list = json_array();
        size_t n = h->n[d];
        if (n > HITS_MAX) {
            qsort(h->hit[d], n, sizeof **h->hit, by_strength);
            qsort(h->hit[d], n = HITS_MAX, sizeof **h->hit, by_time);
        }
        for (size_t i = 0; i < n; i++) {
            json_t *e = json_array();
            json_array_append_new(e, rounded(h->hit[d][i].at, 1000));
            json_array_append_new(e, rounded((double)h->hit[d][i].strength, 1000));
            json_array_append_new(list, e);
        }
        json_object_set_new(onsets, names[d], list);
    }
    return onsets;
}

static json_t *tell_energy(const struct bars *b, const struct outline_bar *bars)
{
    json_t *list = json_array();

    for (size_t i = 0; i < b->n; i++) {
        json_t *e = json_array();
        json_array_append_new(e, rounded(b->edge[i], 1000));
        json_array_append_new(e, rounded(b->edge[i + 1], 1000));
        json_array_append_new(e, rounded((double)bars[i].energy, 1000));
        json_array_append_new(list, e);
    }
    return json_pack("{s:o}", "bars", list);
}

static json_t *tell_parts(const struct bars *b, const struct outline_part *parts, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:o,s:o,s:s}", "start", rounded(b->edge[parts[i].from], 1000), "end", rounded(b->edge[parts[i].to], 1000),
                                              "label", outline_names[parts[i].kind]));
    return json_pack("{s:o}", "sections", list);
}

static json_t *tell_drops(const struct bars *b, const struct outline_part *parts, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        if (parts[i].kind == OUTLINE_DROP && (!i || parts[i - 1].kind != OUTLINE_DROP))
            json_array_append_new(list, rounded(b->edge[parts[i].from], 1000));
    return json_pack("{s:o}", "drops", list);
}

/* How many values of a curve become one. */
static size_t thinning(size_t n)
{
    return (n + CURVE_MAX - 1) / CURVE_MAX + !n;
}

/* Of a stretch the loudest, so that nothing loud is left out. */
static json_t *tell_loudness(const struct loudness *l)
{
    size_t n = loudness_blocks(l), thin = thinning(n);
    double whole = loudness_integrated(l), peak = loudness_true_peak(l);
    json_t *list = json_array();

    for (size_t i = 0; i < n; i += thin) {
        double most = LOUDNESS_FLOOR;
        for (size_t k = i; k < i + thin && k < n; k++)
            most = fmax(most, loudness_momentary(l, k));
        json_array_append_new(list, rounded(most, 10));
    }
    return json_pack("{s:f,s:o,s:o,s:o}", "rate", (double)LOUDNESS_RATE / (double)thin, "lufs", list,
                     "integrated", whole > LOUDNESS_FLOOR ? rounded(whole, 100) : json_null(), "true_peak", peak > -200 ? rounded(peak, 100) : json_null());
}

static json_t *tell_centroid(const float *hz, size_t n)
{
    size_t thin = thinning(n);
    json_t *list = json_array();

    for (size_t i = 0; i < n; i += thin) {
        double sum = 0;
        size_t k = i;
        for (; k < i + thin && k < n; k++)
            sum += (double)hz[k];
        json_array_append_new(list, rounded(sum / (double)(k - i), 1));
    }
    return json_pack("{s:f,s:o}", "rate", (double)TEXTURE_RATE / (double)thin, "hz", list);
}

/* ---- all of it ---- */

static enum lm_err analyse(const struct pcm *pcm, const struct pcm *drums, const json_t *beats)
{
    struct hits hits = { 0 };
    struct bars b = { 0 };
    struct outline_part *parts = NULL;
    float *bright = NULL;
    size_t n_bright = 0, n_parts = 0;
    struct pass of_drums = { drums, "drums", 0, .5, 0 }, of_texture = { pcm, "texture", .5, .3, 0 };
    struct loudness *l = loudness_new(pcm->channels, pcm->rate);
    enum lm_err err = l ? bars_make(beats, (double)pcm->frames / pcm->rate, &b) : LM_NOMEM;
    struct outline_bar *bars = calloc(b.n + 1, sizeof *bars);
    struct texture *texture = calloc(b.n + 1, sizeof *texture);

    if (!err && (!bars || !texture))
        err = LM_NOMEM;
    if (err || (err = drums_find(drums->data, drums->frames, drums->channels, drums->rate, pass_progress, &of_drums, &hits)) ||
        (err = texture_find(pcm->data, pcm->frames, pcm->channels, pcm->rate, b.edge, b.n, pass_progress, &of_texture, texture, &bright, &n_bright)) ||
        (err = find_loudness(pcm, l)))
        goto out;
    for (size_t i = 0; i < b.n; i++) {
        bars[i].texture = texture[i];
        bars[i].power = power_between(l, b.edge[i], b.edge[i + 1]);
    }
    count_hits(&hits, &b, bars);
    if (!(err = outline_find(bars, b.n, &parts, &n_parts)))
        say(json_pack("{s:{s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:i}}", "result", "onsets", tell_hits(&hits), "energy", tell_energy(&b, bars),
                      "sections", tell_parts(&b, parts, n_parts), "loudness", tell_loudness(l), "centroid", tell_centroid(bright, n_bright),
                      "drops", tell_drops(&b, parts, n_parts), "analyser", "lumad-features", "version", (int)VERSION));
out:
    hits_clear(&hits);
    free(b.edge);
    free(parts);
    free(bright);
    free(bars);
    free(texture);
    loudness_free(l);
    return err;
}

int main(int argc, char **argv)
{
    struct pcm pcm = { 0 }, drums = { 0 };
    struct problem p = { 0 };
    json_t *beats = NULL;
    bool has_drums = argc == 5 && !strcmp(argv[3], "--drums");
    enum lm_err err;

    set_limits();
    if (argc != 3 && !has_drums)
        err = problem_set(&p, LM_BAD_REQUEST, "Use feature_worker PCM BEATS.json [--drums DRUMS]");
    else if (!(err = pcm_open(argv[1], &pcm, &p)) && !(err = read_json(argv[2], &beats, &p)) && !(has_drums && (err = pcm_open(argv[4], &drums, &p))) &&
             (err = analyse(&pcm, has_drums ? &drums : &pcm, beats)))
        problem_set(&p, err, "%s", lm_err_text(err));
    json_decref(beats);
    if (drums.map)
        pcm_close(&drums);
    if (pcm.map)
        pcm_close(&pcm);
    if (err)
        say(json_pack("{s:{s:s,s:s}}", "error", "code", lm_err_code(err), "message", p.detail));
    return err != LM_OK;
}
