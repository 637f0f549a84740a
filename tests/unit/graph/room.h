#pragma once
/* A room to hear in: 12 s of any sound and its stems, and what nodes make of them. */
#include <math.h>

#include "dsp/hash.h"
#include "graph/program.h"
#include "small.h"

struct room { struct small s; float *mix, *stem[GRAPH_STEMS]; uint64_t n; int channels; double rate; };

/* 12 s of silence in so many channels; the annotation is 1 to 11 s. */
static inline void room_init(struct room *r, double rate, int channels)
{
    small_init(&r->s, 3);
    r->n = (uint64_t)(12 * rate);
    r->channels = channels;
    r->rate = rate;
    r->mix = calloc(r->n * (uint64_t)channels, sizeof *r->mix);
    r->s.env.audio = (struct graph_audio){ r->mix, r->n, channels, rate };
    for (int i = 0; i < GRAPH_STEMS; i++)
        r->stem[i] = NULL;
}

static inline void room_clear(struct room *r)
{
    free(r->mix);
    for (int i = 0; i < GRAPH_STEMS; i++)
        free(r->stem[i]);
    small_clear(&r->s);
}

static inline void add_sine(float *x, const struct room *r, double hz, double level)
{
    for (uint64_t i = 0; i < r->n; i++)
        for (int c = 0; c < r->channels; c++)
            x[i * (uint64_t)r->channels + (uint64_t)c] += (float)(level * sin(2 * M_PI * hz * (double)i / r->rate));
}

static inline void add_noise(float *x, const struct room *r, double level)
{
    for (uint64_t i = 0; i < r->n * (uint64_t)r->channels; i++)
        x[i] += (float)(level * ((double)(hash_mix(i) >> 11) / 4503599627370496.0 - 1));
}

static inline void make_stem(struct room *r, enum graph_stem stem, double hz, double level)
{
    r->stem[stem] = calloc(r->n * (uint64_t)r->channels, sizeof(float));
    add_sine(r->stem[stem], r, hz, level);
    r->s.env.stems[stem] = (struct graph_audio){ r->stem[stem], r->n, r->channels, r->rate };
}

static inline struct graph_program *make(struct room *r, const char *nodes, const char *edges, const char *from)
{
    char all[2048], wires[2048];

    snprintf(all, sizeof all, "a:audio_input %s end:apply_position", nodes);
    snprintf(wires, sizeof wires, "%s %s>end.pan", edges, from);
    return small_make(&r->s, all, wires, "s:selection='all'");
}

/* Sample i of output `from` ("f.amplitude_out"), which has one channel. NaN: it did not compile. */
static inline double heard(struct room *r, const char *nodes, const char *edges, const char *from, uint32_t i)
{
    struct graph_program *g = make(r, nodes, edges, from);
    double x = NAN;

    for (size_t k = 0; k < r->s.errors.n; k++)
        printf("# %s: %s\n", r->s.errors.e[k].code, r->s.errors.e[k].message);
    if (g) {
        struct tile *t = small_tile(&r->s, g, i / TILE_SAMPLES);
        x = (double)tile_at(t, 0, 0, i % TILE_SAMPLES, 0);
        tile_free(t);
    }
    graph_program_free(g);
    return x;
}

/* The same of an op's output with any channels, over samples a .. a + count. */
static inline bool heard_all(struct room *r, const char *nodes, const char *edges, const char *from, int64_t a, uint32_t count, float *out)
{
    char view[64];
    snprintf(view, sizeof view, "%s>v.in", from);
    char all[2048], wires[2048];
    snprintf(all, sizeof all, "a:audio_input %s v:view_signal", nodes);
    snprintf(wires, sizeof wires, "%s %s", edges, view);
    struct graph_program *g = small_make(&r->s, all, wires, "");
    struct graph_workspace *w = graph_workspace_new();
    bool good = g && !workspace_begin(w, g);

    if (good) {
        const struct op *v = NULL;
        for (uint32_t i = 0; i < g->n_ops; i++)
            v = g->ops[i].desc->is_view ? &g->ops[i] : v;
        eval_demand(w, g, v->in[0].op, a, a + count);
        good = !eval(g, w, false);
        struct node_input in = eval_input(g, w, v, 0);
        memcpy(out, in.data, (size_t)count * in.value.c * sizeof *out);
    }
    graph_workspace_free(w);
    graph_program_free(g);
    return good;
}
