#include "graph/analysis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/hash.h"

enum { PITCHES = 12 };
#define LATEST_SECOND 1e7               /* 115 days: as for beats */

static const char *const drum_names[ANALYSIS_DRUMS] = { "kick", "snare", "hihat" };

static bool read_number(const json_t *v, double *x)
{
    *x = json_number_value(v);
    return json_is_number(v) && isfinite(*x);
}

/* Seconds, not before `least`. */
static bool read_time(const json_t *v, double least, double *x)
{
    return read_number(v, x) && *x >= least && *x <= LATEST_SECOND;
}

/* What a worker's rounding put just outside is inside. */
static bool read_unit(const json_t *v, float *x)
{
    double d;

    if (!read_number(v, &d))
        return false;
    *x = (float)(d < 0 ? 0 : d > 1 ? 1 : d);
    return true;
}

/* Absent is empty. */
static enum lm_err list_of(const json_t *o, const char *kind, const char *name, const json_t **list, struct problem *p)
{
    char path[PROBLEM_PATH];

    *list = json_object_get(o, name);
    if (!*list || json_is_array(*list))
        return LM_OK;
    snprintf(path, sizeof path, "/%s/%s", kind, name);
    problem_add(p, path, "must be a list");
    return LM_INVALID;
}

static enum lm_err bad_entry(struct problem *p, const char *kind, const char *name, size_t i, const char *wanted)
{
    char path[PROBLEM_PATH];

    snprintf(path, sizeof path, "/%s/%s/%zu", kind, name, i);
    problem_add(p, path, "must be %s, in order", wanted);
    return LM_INVALID;
}

static enum lm_err read_drum(const json_t *onsets, enum analysis_drum drum, struct analysis_onsets *r, struct problem *p)
{
    const json_t *list;
    enum lm_err err = list_of(onsets, "onsets", drum_names[drum], &list, p);
    size_t n = json_array_size(list);

    if (err)
        return err;
    r->at = calloc(n + 1, sizeof *r->at);
    r->strength = calloc(n + 1, sizeof *r->strength);
    if (!r->at || !r->strength)
        return LM_NOMEM;
    for (; r->n < n; r->n++) {
        const json_t *e = json_array_get(list, r->n);
        double least = r->n ? r->at[r->n - 1] : -LATEST_SECOND;
        if (json_array_size(e) != 2 || !read_time(json_array_get(e, 0), least, &r->at[r->n])
            || !read_unit(json_array_get(e, 1), &r->strength[r->n]))
            return bad_entry(p, "onsets", drum_names[drum], r->n, "[seconds, strength]");
    }
    return LM_OK;
}

static enum lm_err read_bars(const json_t *energy, struct analysis *a, struct problem *p)
{
    const json_t *list;
    enum lm_err err = list_of(energy, "energy", "bars", &list, p);
    size_t n = json_array_size(list);

    if (err)
        return err;
    if (!(a->bars = calloc(n + 1, sizeof *a->bars)))
        return LM_NOMEM;
    for (; a->n_bars < n; a->n_bars++) {
        const json_t *e = json_array_get(list, a->n_bars);
        struct analysis_bar *b = &a->bars[a->n_bars];
        double least = a->n_bars ? b[-1].start : -LATEST_SECOND;
        if (json_array_size(e) != 3 || !read_time(json_array_get(e, 0), least, &b->start)
            || !read_time(json_array_get(e, 1), b->start, &b->end) || !read_unit(json_array_get(e, 2), &b->energy))
            return bad_entry(p, "energy", "bars", a->n_bars, "[start, end, energy]");
    }
    return LM_OK;
}

static enum lm_err read_sections(const json_t *sections, struct analysis *a, struct problem *p)
{
    const json_t *list;
    enum lm_err err = list_of(sections, "sections", "sections", &list, p);
    size_t n = json_array_size(list);

    if (err)
        return err;
    if (!(a->sections = calloc(n + 1, sizeof *a->sections)))
        return LM_NOMEM;
    for (; a->n_sections < n; a->n_sections++) {
        const json_t *e = json_array_get(list, a->n_sections), *label = json_object_get(e, "label");
        struct analysis_section *s = &a->sections[a->n_sections];
        double least = a->n_sections ? s[-1].start : -LATEST_SECOND;
        if (!read_time(json_object_get(e, "start"), least, &s->start) || !read_time(json_object_get(e, "end"), s->start, &s->end)
            || !json_is_string(label))
            return bad_entry(p, "sections", "sections", a->n_sections, "{start, end, label}");
        s->is_drop = strcmp(json_string_value(label), "drop") == 0;
    }
    return LM_OK;
}

static float little_float(const unsigned char *b)
{
    uint32_t bits = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static enum lm_err read_chroma(const unsigned char *bytes, size_t n, double rate, struct analysis *a, struct problem *p)
{
    if (n % (PITCHES * sizeof(float)) || !(rate > 0 && rate <= 1000)) {
        problem_add(p, "/chroma", "must be frames of 12 float32, 0 to 1000 of them a second");
        return LM_INVALID;
    }
    if (!(a->chroma = malloc(n + 1)))
        return LM_NOMEM;
    for (size_t i = 0; i < n / sizeof(float); i++) {
        a->chroma[i] = little_float(bytes + i * sizeof(float));
        if (!(a->chroma[i] >= 0 && a->chroma[i] < INFINITY)) {
            problem_add(p, "/chroma", "frame %zu holds what is no share of a pitch", i / PITCHES);
            return LM_INVALID;
        }
    }
    a->n_chroma = n / (PITCHES * sizeof(float));
    a->chroma_rate = rate;
    return LM_OK;
}

static enum lm_err check_objects(const json_t *onsets, const json_t *energy, const json_t *sections, struct problem *p)
{
    const struct { const char *path; const json_t *v; } given[] = {
        { "/onsets", onsets }, { "/energy", energy }, { "/sections", sections },
    };

    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (given[i].v && !json_is_object(given[i].v)) {
            problem_add(p, given[i].path, "must be an object");
            return LM_INVALID;
        }
    return LM_OK;
}

/* Field by field: padding has no say. */
static uint64_t hash_all(const struct analysis *a)
{
    bool has[] = { a->has_onsets, a->has_energy, a->has_sections, a->chroma != NULL };
    uint64_t h = hash_bytes(HASH_START, has, sizeof has);

    for (int d = 0; d < ANALYSIS_DRUMS; d++) {
        h = hash_bytes(h, &a->drums[d].n, sizeof a->drums[d].n);
        h = hash_bytes(h, a->drums[d].at, a->drums[d].n * sizeof *a->drums[d].at);
        h = hash_bytes(h, a->drums[d].strength, a->drums[d].n * sizeof *a->drums[d].strength);
    }
    h = hash_bytes(h, &a->n_bars, sizeof a->n_bars);
    for (size_t i = 0; i < a->n_bars; i++) {
        double bar[] = { a->bars[i].start, a->bars[i].end, (double)a->bars[i].energy };
        h = hash_bytes(h, bar, sizeof bar);
    }
    h = hash_bytes(h, &a->n_sections, sizeof a->n_sections);
    for (size_t i = 0; i < a->n_sections; i++) {
        double section[] = { a->sections[i].start, a->sections[i].end, a->sections[i].is_drop };
        h = hash_bytes(h, section, sizeof section);
    }
    h = hash_bytes(h, &a->chroma_rate, sizeof a->chroma_rate);
    return hash_mix(hash_bytes(h, a->chroma, a->n_chroma * PITCHES * sizeof *a->chroma));
}

enum lm_err analysis_new(const json_t *onsets, const json_t *energy, const json_t *sections, const void *chroma, size_t chroma_bytes, double chroma_rate,
                         struct analysis **result, struct problem *p)
{
    struct analysis *a = calloc(1, sizeof *a);
    enum lm_err err = a ? check_objects(onsets, energy, sections, p) : LM_NOMEM;

    *result = NULL;
    for (int d = 0; onsets && d < ANALYSIS_DRUMS && !err; d++)
        err = read_drum(onsets, (enum analysis_drum)d, &a->drums[d], p);
    if (!err && energy)
        err = read_bars(energy, a, p);
    if (!err && sections)
        err = read_sections(sections, a, p);
    if (!err && chroma)
        err = read_chroma(chroma, chroma_bytes, chroma_rate, a, p);
    if (err) {
        analysis_free(a);
        return err;
    }
    a->has_onsets = onsets, a->has_energy = energy, a->has_sections = sections;
    a->hash = hash_all(a);
    *result = a;
    return LM_OK;
}

void analysis_free(struct analysis *a)
{
    if (!a)
        return;
    for (int d = 0; d < ANALYSIS_DRUMS; d++) {
        free(a->drums[d].at);
        free(a->drums[d].strength);
    }
    free(a->bars);
    free(a->sections);
    free(a->chroma);
    free(a);
}
