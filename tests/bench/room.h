#pragma once
/*
 * A room of any number of heads, a track with sound and all that is heard in it, and the patterns that come with lumad: what bench_graph.c measures light over.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dsp/dmath.h"
#include "show/layers.h"
#include "show/track_data.h"

enum { ROOM_PATTERNS = 128, ROOM_RATE = 48000 };

struct room {
    struct patch patch;
    struct definition definition;
    struct track_data track;
    struct shared *shared_patch, *shared_track;
    float *sound;
    size_t sound_bytes;
    struct { char name[64]; struct shared *doc; } pattern[ROOM_PATTERNS];
    size_t n_patterns;
};

static inline void nothing(void *obj)
{
    (void)obj;
}

static inline void free_doc(void *d)
{
    graph_doc_free(d);
}

/* Heads in rows of twenty, front to back, that can do everything. */
static inline void room_heads(struct room *r, size_t heads)
{
    r->definition.type = FIXTURE_MOVING_HEAD;
    r->patch.fixtures = calloc(heads + 1, sizeof *r->patch.fixtures);
    r->patch.heads = calloc(heads + 1, sizeof *r->patch.heads);
    r->patch.n_fixtures = r->patch.n_heads = heads;
    for (size_t i = 0; i < heads; i++) {
        r->patch.fixtures[i].row.definition = &r->definition;
        r->patch.fixtures[i].head_first = i;
        r->patch.fixtures[i].head_count = 1;
        r->patch.heads[i] = (struct patch_head){ .fixture = (uint32_t)i, .pos = { (float)(i % 20) - 9.5f, (float)(i / 20) * 0.7f, 4 + (float)(i % 3) * 0.5f },
                                                 .capabilities = CAP_DIMMER | CAP_COLOR | CAP_MOVEMENT | CAP_STROBE };
    }
}

/* A kick under three chords and noise, in a file as decoding leaves it. */
static inline void room_sound(struct room *r, double seconds)
{
    size_t n = (size_t)(seconds * ROOM_RATE);
    FILE *f = tmpfile();
    uint32_t x = 1;

    r->sound_bytes = n * sizeof(float);
    if (!f || ftruncate(fileno(f), (off_t)r->sound_bytes))
        abort();
    r->sound = mmap(NULL, r->sound_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
    fclose(f);
    if (r->sound == MAP_FAILED)
        abort();
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / ROOM_RATE, beat = t * 2 - (double)(int64_t)(t * 2);
        x = x * 1664525u + 1013904223u;
        r->sound[i] = (float)(0.1 * ((double)x / 4294967296.0 - 0.5) + 0.2 * dsp_sin_turns(t * 220 * (1 + (int)(t / 2) % 3 * 0.25)) + (beat < 0.1 ? 0.5 * dsp_sin_turns(t * 60) : 0));
    }
    madvise(r->sound, r->sound_bytes, MADV_DONTNEED);           /* the file keeps it; only what is listened to is in memory */
    r->track.audio = (struct pcm){ .data = r->sound, .frames = n, .channels = 1, .rate = ROOM_RATE };
    for (int i = 0; i < GRAPH_STEMS; i++)
        r->track.stems[i] = r->track.audio;
}

static inline json_t *onset_list(double seconds, double first, double every)
{
    json_t *list = json_array();

    for (double t = first; t < seconds; t += every)
        json_array_append_new(list, json_pack("[f, f]", t, 0.8));
    return list;
}

static inline void room_analysis(struct room *r, double seconds)
{
    json_t *onsets = json_pack("{s:o, s:o, s:o}", "kick", onset_list(seconds, 0, 0.5), "snare", onset_list(seconds, 0.5, 1), "hihat", onset_list(seconds, 0, 0.25));
    json_t *bars = json_array(), *sections = json_array();
    size_t n = (size_t)seconds * 20;
    float *chroma = calloc(n * 12, sizeof *chroma);

    for (double t = 0; t < seconds; t += 2)
        json_array_append_new(bars, json_pack("[f, f, f]", t, t + 2, 0.5 + 0.5 * dsp_sin_turns(t / 32)));
    for (double t = 0; t < seconds; t += 32)
        json_array_append_new(sections, json_pack("{s:f, s:f, s:s}", "start", t, "end", t + 32, "label", (int)(t / 32) % 2 ? "drop" : "verse"));
    for (size_t i = 0; chroma && i < n; i++)
        chroma[i * 12 + i / 40 % 12] = 0.6f, chroma[i * 12 + (i / 40 + 4) % 12] = 0.4f;
    json_t *energy = json_pack("{s:o}", "bars", bars), *all = json_pack("{s:o}", "sections", sections);
    if (analysis_new(onsets, energy, all, chroma, n * 12 * sizeof *chroma, 20, &r->track.analysis, NULL))
        abort();
    free(chroma);
    json_decref(onsets), json_decref(energy), json_decref(all);
}

static inline void room_beats(struct room *r, double seconds)
{
    size_t n = (size_t)(seconds * 2);
    double *beats = calloc(n, sizeof *beats), *down = calloc(n, sizeof *down);

    for (size_t i = 0; i < n; i++)
        beats[i] = (double)i * 0.5 + (double)(i % 3) * 0.004;   /* nobody drums like a clock */
    for (size_t i = 0; i < n / 4; i++)
        down[i] = beats[4 * i];
    if (beatgrid_new(beats, n, down, n / 4, 120, 4, &r->track.grid))
        abort();
    free(beats), free(down);
}

static inline const char *share(void)
{
    const char *s = getenv("LUMAD_SHARE");

    return s ? s : ".";
}

static inline int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The files' texts as documents: what a show reads out of its database. */
static inline void room_patterns(struct room *r)
{
    char folder[1024], path[2048], names[ROOM_PATTERNS][64];
    size_t n = 0;

    snprintf(folder, sizeof folder, "%s/config/demo/patterns", share());
    DIR *d = opendir(folder);
    for (struct dirent *e; d && n < ROOM_PATTERNS && (e = readdir(d));)
        if (strstr(e->d_name, ".json") && strlen(e->d_name) < sizeof names[0])
            snprintf(names[n++], sizeof names[0], "%.63s", e->d_name);
    if (d)
        closedir(d);
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%.63s", folder, names[i]);
        json_t *file = json_load_file(path, 0, NULL);
        struct graph_doc *doc = NULL;
        if (file && !graph_parse(json_object_get(file, "graph"), &doc, NULL)) {
            snprintf(r->pattern[r->n_patterns].name, sizeof r->pattern[0].name, "%.*s", (int)(strlen(names[i]) - 5), names[i]);
            r->pattern[r->n_patterns++].doc = shared_new(doc, free_doc);
        }
        json_decref(file);
    }
    if (!r->n_patterns) {
        fprintf(stderr, "no patterns in %s\n", folder);
        exit(2);
    }
}

static inline struct room *room_new(size_t heads, double seconds, bool has_sound)
{
    struct room *r = calloc(1, sizeof *r);

    if (!r)
        abort();
    room_heads(r, heads);
    room_beats(r, seconds);
    room_analysis(r, seconds);
    if (has_sound)
        room_sound(r, seconds);
    room_patterns(r);
    r->shared_patch = shared_new(&r->patch, nothing);
    r->shared_track = shared_new(&r->track, nothing);
    return r;
}

static inline void room_free(struct room *r)
{
    for (size_t i = 0; i < r->n_patterns; i++)
        shared_unref(r->pattern[i].doc);
    shared_unref(r->shared_patch), shared_unref(r->shared_track);
    beatgrid_free(r->track.grid);
    analysis_free(r->track.analysis);
    if (r->sound)
        munmap(r->sound, r->sound_bytes);
    free(r->patch.fixtures), free(r->patch.heads);
    free(r);
}

static inline struct shared *pattern(const struct room *r, const char *name)
{
    for (size_t i = 0; i < r->n_patterns; i++)
        if (!strcmp(r->pattern[i].name, name))
            return r->pattern[i].doc;
    fprintf(stderr, "there is no pattern %s\n", name);
    exit(2);
}

static inline struct show_layer *block(const struct room *r, struct shared *doc, double start, double end, uint64_t seed)
{
    char id[UUID_SIZE];

    snprintf(id, sizeof id, "00000000-0000-4000-8000-%012u", (unsigned)(seed % 1000000));
    struct layer_source source = { .annotation = id, .doc = doc, .start = start, .end = end, .origin = start, .seed = seed, .patch = r->shared_patch, .track = r->shared_track };
    struct show_layer *l = show_layer_new(&source, layer_source_key(&source));
    if (!l)
        abort();
    return l;
}
