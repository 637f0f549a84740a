#pragma once
/*
 * A graph around each node type, made from its descriptor alone, so that a node that joins the table is tested with all others. Every input is fed: signals that
 * differ over heads and time, in the channels the port takes; the beat grid; the track's sound; a group-local selection. Every output is shown, and lights
 * something if it can. The venue and the track to run it over come with it.
 */
#include <math.h>

#include "dsp/dmath.h"
#include "graph/node.h"
#include "small.h"

enum { EVERY_RATE = 8000 };

struct every {
    struct small s;
    struct analysis *analysis;
    float *frames, *stems[GRAPH_STEMS];
};

static inline json_t *every_node(const char *id, const char *type, json_t *params)
{
    return json_pack("{s:s, s:s, s:o*}", "id", id, "type", type, "params", params);
}

static inline void every_wire(json_t *g, const char *from, const char *from_port, const char *to, const char *to_port)
{
    json_array_append_new(json_object_get(g, "edges"), json_pack("{s:s, s:s, s:s, s:s}", "from_node", from, "from_port", from_port, "to_node", to, "to_port", to_port));
}

static inline void every_add(json_t *g, const char *id, const char *type, json_t *params)
{
    json_array_append_new(json_object_get(g, "nodes"), every_node(id, type, params));
}

/* What feeds the inputs: "wave" is heads x samples x 1, "wheel" x 4, "way" x 2, "notes" 1 x samples x 12. */
static inline json_t *every_sources(void)
{
    json_t *g = small_graph("args:pattern_args clk:beat_clock sound:audio_input place:get_attribute{'attribute':'normalized_index'} lfo:sine_wave{'subdivision':0.7} "
                            "wave:math{'operation':'add'} wheel:rainbow way:circle{'speed':0.3}",
                            "args.sel>place.selection clk.grid_out>lfo.grid place.out>wave.a lfo.out>wave.b wave.out>wheel.in clk.grid_out>way.grid place.out>way.phase",
                            "sel:selection={'expression':'left|right','spatial_reference':'group_local'} amount:scalar=0.5 tint:color='#ff8000'");

    if (node_find("harmony_analysis"))
        every_add(g, "notes", "harmony_analysis", NULL);
    return g;
}

/* False: nothing gives so many channels. */
static inline bool every_feed(json_t *g, const char *to, const struct port_desc *p)
{
    static const struct { enum port_type type; unsigned channels; const char *node, *port; } source[] = {
        { PORT_ANY, 0, "wave", "out" },        { PORT_SIGNAL, 0, "wave", "out" },   { PORT_SIGNAL, 1, "wave", "out" },     { PORT_SIGNAL, 2, "way", "uv" },
        { PORT_SIGNAL, 3, "wheel", "out" },    { PORT_SIGNAL, 4, "wheel", "out" },  { PORT_SIGNAL, 12, "notes", "signal" }, { PORT_AUDIO, 0, "sound", "out" },
        { PORT_GRID, 0, "clk", "grid_out" },   { PORT_SELECTION, 0, "args", "sel" },
    };

    for (size_t i = 0; i < sizeof source / sizeof *source; i++)
        if (source[i].type == p->type && (p->type != PORT_SIGNAL || source[i].channels == p->channels)) {
            if (source[i].channels == 12 && !node_find("harmony_analysis"))
                return false;
            every_wire(g, source[i].node, source[i].port, to, p->id);
            return true;
        }
    return false;
}

static inline void every_show(json_t *g, const char *from, const struct port_desc *p, unsigned k)
{
    char id[32];
    const char *type = "apply_dimmer", *port = "signal";

    /* 0 channels are as many as came in, and where any go in every_feed() gave one. */
    if (p->channels == 3 || p->channels == 4)
        type = "apply_color";
    else if (p->channels == 2)
        type = "apply_movement", port = "uv";
    snprintf(id, sizeof id, "view%u", k);
    every_add(g, id, "view_signal", NULL);
    every_wire(g, from, p->id, id, "in");
    snprintf(id, sizeof id, "light%u", k);
    if (p->type == PORT_SELECTION) {
        every_add(g, id, type, NULL);
        every_wire(g, from, p->id, id, "selection");
        every_wire(g, "lfo", "out", id, "signal");
    } else if (p->type == PORT_AUDIO && node_find("audio_level")) {
        char level[32];
        snprintf(level, sizeof level, "level%u", k);
        every_add(g, level, "audio_level", NULL);
        every_wire(g, from, p->id, level, node_find("audio_level")->in[0].id);
        every_add(g, id, type, NULL);
        every_wire(g, level, "rms", id, "signal");
    } else if (p->type == PORT_SIGNAL) {
        if (p->channels > 4)
            return;
        every_add(g, id, type, NULL);
        every_wire(g, from, p->id, id, port);
    }
}

/* `wired`: all inputs; else only those that must be. `params` (may be NULL) is taken. NULL: something it must have cannot be fed. */
static inline json_t *every_graph(const struct node_desc *d, bool wired, json_t *params)
{
    json_t *g = every_sources();
    unsigned k = 0;

    every_add(g, "it", d->id, params);
    for (const struct port_desc *p = d->in; p && p->id; p++)
        if ((wired || !p->optional) && !every_feed(g, "it", p) && !p->optional) {
            json_decref(g);
            return NULL;
        }
    if (d->is_args) {
        every_wire(g, "it", "amount", "dim", "signal");
        every_add(g, "dim", "apply_dimmer", NULL);
    }
    for (const struct port_desc *p = d->out; p && p->id && !d->is_args; p++)
        every_show(g, "it", p, k++);
    return g;
}

/* Noise over chords over a kick: something for every analysis to hear. */
static inline float *every_sound(size_t n, unsigned seed)
{
    float *f = malloc(n * sizeof *f);
    uint32_t x = seed * 2654435761u + 1;

    for (size_t i = 0; f && i < n; i++) {
        double t = (double)i / EVERY_RATE, beat = t * 2 - floor(t * 2);
        x = x * 1664525u + 1013904223u;
        f[i] = (float)(0.1 * ((double)x / 4294967296.0 - 0.5) + 0.2 * dsp_sin_turns(t * 440 * (1 + (int)(t / 2) % 3 * 0.25)) + 0.4 * dsp_sin(beat * 60) * dsp_exp(-beat * 8));
    }
    return f;
}

static inline struct analysis *every_analysis(void)
{
    json_t *onsets = small_json("{'kick':[[1,1],[1.5,0.6],[2,1],[4,0.8]],'snare':[[1.25,0.5],[3,1]],'hihat':[[1.1,0.2],[1.2,0.3],[9,1]]}");
    json_t *energy = small_json("{'bars':[[1,3,0.2],[3,5,0.9],[5,7,0.4]]}");
    json_t *sections = small_json("{'sections':[{'start':0,'end':4,'label':'intro'},{'start':4,'end':6,'label':'drop'},{'start':6,'end':12,'label':'outro'}]}");
    enum { FRAMES = 240 };
    float *chroma = calloc((size_t)FRAMES * 12, sizeof *chroma);
    struct analysis *a = NULL;
    struct problem p;

    for (size_t i = 0; chroma && i < FRAMES; i++) {
        chroma[i * 12 + i / 20 % 12] = 0.5f;
        chroma[i * 12 + (i / 20 + 4) % 12] = chroma[i * 12 + (i / 20 + 7) % 12] = 0.25f;
    }
    problem_clear(&p);
    if (analysis_new(onsets, energy, sections, chroma, (size_t)FRAMES * 12 * sizeof *chroma, 20, &a, &p))
        printf("# analysis: %s\n", p.detail);
    free(chroma);
    json_decref(onsets), json_decref(energy), json_decref(sections);
    return a;
}

/* The track: 12 s of sound with stems, and what was heard in it. */
static inline void every_hear(struct every *e, struct graph_env *env)
{
    size_t n = 12 * EVERY_RATE;

    e->analysis = every_analysis();
    e->frames = every_sound(n, 0);
    env->audio = (struct graph_audio){ e->frames, n, 1, EVERY_RATE };
    for (unsigned i = 0; i < GRAPH_STEMS; i++) {
        e->stems[i] = every_sound(n, i + 1);
        env->stems[i] = (struct graph_audio){ e->stems[i], n, 1, EVERY_RATE };
    }
    env->analysis = e->analysis;
}

static inline void every_forget(struct every *e)
{
    for (unsigned i = 0; i < GRAPH_STEMS; i++)
        free(e->stems[i]);
    free(e->frames);
    analysis_free(e->analysis);
}

/* A venue of `heads`, every other one a mover; the annotation is 1 to 11 s. */
static inline void every_init(struct every *e, size_t heads)
{
    small_init(&e->s, heads);
    for (size_t h = 0; h < heads; h += 2)
        e->s.patch.heads[h].capabilities |= CAP_MOVEMENT | CAP_STROBE;
    every_hear(e, &e->s.env);
}

static inline void every_clear(struct every *e)
{
    every_forget(e);
    small_clear(&e->s);
}
