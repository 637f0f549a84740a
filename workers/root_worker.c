/*
 * Finds the chords, the key and the notes of a track: `root_worker PCM BEATS.json CHROMA_OUT [BASS.pcm OTHER.pcm]` (audio/pcm.h).
 *
 *   {"progress":0.4,"step":"notes"} ...
 *   {"result":{"sections":[{"start","end","root","quality","label","confidence"}],"key":"A minor","key_confidence","from_stems","chroma_rate","chroma_frames",
 *              "tuning","analyser":"lumad-roots","version":1}}
 *
 * BEATS.json: {"beats":[s],"downbeats":[s],"beats_per_bar"}; without beats the chords stand on half seconds. root is 0..11, C first, or null with quality "N": no chord.
 * key is null where nothing is in one. CHROMA_OUT: float32, little-endian, twelve a frame (dsp/chroma.h), chroma_rate frames a second. With stems chords are heard in bass
 * and other as well as in the mix.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "audio/pcm.h"
#include "core/json.h"
#include "core/path.h"
#include "dsp/chords.h"
#include "dsp/chroma.h"

enum { VERSION = 1, MEMORY_MB = 1024, CPU_SECONDS = 3600, INPUTS = 3, BEATS_MAX_BYTES = 64 << 20 };

/* How much the stems count against the mix, whose vocals sing thirds that no instrument plays. */
static const float STEMS = .5f;

struct recording {
    struct pcm pcm[INPUTS];             /* mix, bass, other */
    int n;
    struct { double *at; size_t n; } beats, downbeats;
    int beats_per_bar;
};

/* For the progress, and so that what was read of a long recording does not stay in memory. */
static struct { const struct pcm *pcm; int n; double from, part; bool is_begun; size_t dropped[INPUTS]; } reading;

static void say(json_t *line)
{
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void read_so_far(double part)
{
    enum { KEEP = 1 << 20 };

    say(json_pack("{s:f,s:s}", "progress", reading.from + part * reading.part, "step", "notes"));
    for (int i = 0; i < reading.n; i++) {
        const struct pcm *pcm = &reading.pcm[i];
        size_t upto = (size_t)(part * (double)pcm->map_size), from = reading.dropped[i];
        upto = upto > KEEP ? (upto - KEEP) & ~(size_t)(KEEP - 1) : 0;
        if (!reading.is_begun)          /* what was looked at all over the recording for its tuning */
            madvise(pcm->map, pcm->map_size, MADV_DONTNEED);
        else if (upto > from)
            madvise((char *)pcm->map + from, upto - from, MADV_DONTNEED);
        reading.dropped[i] = upto > from ? upto : from;
    }
    reading.is_begun = true;
}

static void set_limits(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    setrlimit(RLIMIT_DATA, &(struct rlimit){ (rlim_t)MEMORY_MB << 20, (rlim_t)MEMORY_MB << 20 });
#endif
    setrlimit(RLIMIT_CPU, &(struct rlimit){ CPU_SECONDS, CPU_SECONDS });
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

/* Ascending instants; what is none is left out. */
static enum lm_err read_times(const json_t *list, double **at, size_t *n)
{
    json_t *v;
    size_t i;

    if (!(*at = malloc((json_array_size(list) + 1) * sizeof(**at))))
        return LM_NOMEM;
    json_array_foreach((json_t *)list, i, v) {
        double t = json_number_value(v);
        if (json_is_number(v) && isfinite(t) && t >= 0 && (!*n || t > (*at)[*n - 1]))
            (*at)[(*n)++] = t;
    }
    return LM_OK;
}

static enum lm_err read_beats(const char *path, struct recording *r, struct problem *p)
{
    char *text = NULL;
    size_t size;
    json_t *beats = NULL;
    enum lm_err err = path_read(path, BEATS_MAX_BYTES, &text, &size);

    if (err)
        problem_set(p, err, "%s cannot be read: %s", path, lm_err_text(err));
    else if ((beats = json_loadb(text, size, 0, NULL)) && json_is_object(beats)) {
        json_int_t per_bar = json_get_int(beats, "beats_per_bar", 4);
        r->beats_per_bar = per_bar > 0 && per_bar <= 32 ? (int)per_bar : 4;
        if ((err = read_times(json_object_get(beats, "beats"), &r->beats.at, &r->beats.n))
            || (err = read_times(json_object_get(beats, "downbeats"), &r->downbeats.at, &r->downbeats.n)))
            problem_set(p, err, "No memory for beats");
    } else {
        err = problem_set(p, LM_INVALID, "%s is no JSON object", path);
    }
    json_decref(beats);
    free(text);
    return err;
}

static enum lm_err open_recording(struct recording *r, char **path, struct problem *p)
{
    static const int arg[INPUTS] = { 0, 3, 4 };
    enum lm_err err = LM_OK;

    for (int i = 0; i < INPUTS && path[arg[i] < 3 ? 0 : 3] && !err; i++)
        if (!(err = pcm_open(path[arg[i]], &r->pcm[i], p)))
            r->n++;
    return err ? err : read_beats(path[1], r, p);
}

/* The notes of the mix, and of bass and other together; they may differ in length by what a codec adds. */
static enum lm_err hear(const struct recording *r, struct chord_step *step, size_t n, struct chroma *chroma)
{
    const struct pcm *mix = &r->pcm[0];
    struct pitch_input in[INPUTS];
    bool has_stems = r->n == INPUTS;
    uint64_t count = mix->frames;

    for (int i = 0; i < r->n; i++)
        in[i] = (struct pitch_input){ r->pcm[i].data, r->pcm[i].channels };
    reading.pcm = mix, reading.n = 1, reading.part = has_stems ? .45 : .95;
    enum lm_err err = chroma_find(in, 1, count, mix->rate, step, n, has_stems ? 1 - STEMS : 1, read_so_far, chroma);
    if (err || !has_stems)
        return err;
    for (int i = 1; i < INPUTS; i++)
        count = r->pcm[i].frames < count ? r->pcm[i].frames : count;
    memset(&reading, 0, sizeof(reading));
    reading.pcm = mix + 1, reading.n = 2, reading.from = .45, reading.part = .5;
    return chroma_find(in + 1, 2, count, mix->rate, step, n, STEMS, read_so_far, NULL);
}

static enum lm_err write_chroma(const char *path, const struct chroma *c, struct problem *p)
{
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(c->frame, sizeof(*c->frame), c->n, f) == c->n;

    ok = f && !fclose(f) && ok;
    return ok ? LM_OK : problem_set(p, LM_IO, "%s cannot be written", path);
}

static json_t *sections(const struct chords *c)
{
    json_t *list = json_array();
    char label[8];

    for (size_t i = 0; i < c->n; i++) {
        const struct chord *k = &c->chord[i];
        chord_label(k, label);
        json_array_append_new(list, json_pack("{s:f,s:f,s:o,s:s,s:s,s:f}", "start", k->start, "end", k->end, "root",
                                              k->root < 0 ? json_null() : json_integer(k->root), "quality", chord_quality_names[k->quality],
                                              "label", label, "confidence", round(k->confidence * 1000) / 1000));
    }
    return list;
}

static void say_result(const struct recording *r, const struct chords *c, const struct chroma *chroma)
{
    char key[16];

    if (c->tonic >= 0)
        snprintf(key, sizeof(key), "%s %s", note_names[c->tonic], c->is_minor ? "minor" : "major");
    say(json_pack("{s:{s:o,s:o,s:f,s:b,s:f,s:I,s:f,s:s,s:i}}", "result", "sections", sections(c), "key", c->tonic >= 0 ? json_string(key) : json_null(),
                  "key_confidence", c->key_confidence, "from_stems", r->n == INPUTS, "chroma_rate", (double)CHROMA_RATE, "chroma_frames", (json_int_t)chroma->n,
                  "tuning", chroma->tuning, "analyser", "lumad-roots", "version", (int)VERSION));
}

static enum lm_err analyse(const struct recording *r, const char *chroma_path, struct problem *p)
{
    struct chord_step *step = NULL;
    struct chroma chroma = { 0 };
    struct chords chords = { 0 };
    size_t n;
    double seconds = (double)r->pcm[0].frames / r->pcm[0].rate;
    enum lm_err err = chord_steps_make(r->beats.at, r->beats.n, r->downbeats.at, r->downbeats.n, seconds, &step, &n);

    if (!err && !(err = hear(r, step, n, &chroma)) && !(err = chords_find(step, n, 2 * r->beats_per_bar, &chords)))
        err = write_chroma(chroma_path, &chroma, p);
    if (!err)
        say_result(r, &chords, &chroma);
    else if (!p->detail[0])
        problem_set(p, err, "%s", lm_err_text(err));
    free(step);
    chroma_clear(&chroma);
    chords_clear(&chords);
    return err;
}

int main(int argc, char **argv)
{
    struct recording r = { 0 };
    struct problem p = { 0 };
    enum lm_err err;

    set_limits();
    if (argc != 4 && argc != 6)
        err = problem_set(&p, LM_BAD_REQUEST, "Use root_worker PCM BEATS.json CHROMA_OUT [BASS.pcm OTHER.pcm]");
    else if (!(err = open_recording(&r, argv + 1, &p)))
        err = analyse(&r, argv[3], &p);
    for (int i = 0; i < r.n; i++)
        pcm_close(&r.pcm[i]);
    free(r.beats.at);
    free(r.downbeats.at);
    if (err)
        say(json_pack("{s:{s:s,s:s}}", "error", "code", lm_err_code(err), "message", p.detail));
    return err != LM_OK;
}
