#include "show/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "dsp/dmath.h"
#include "fixtures/frame.h"
#include "fixtures/selection.h"
#include "render/layer.h"

enum { HEADS = 24, BEATS = 24, RATE = 22050, BEATS_PER_BAR = 4, HEADER = 54 };
#define BEAT_S   0.5
#define SECONDS  8.0
#define LEAD_IN  2.0                    /* music before and after, for what looks there */
#define MOVE_DEG 110.0f                 /* to the edge of the drawing of movement */

struct picture_stage {
    struct definition par, mover, strobe;
    struct patch_fixture fixtures[HEADS];
    struct patch_head heads[HEADS];
    struct patch patch;
    struct beatgrid *grid;
    struct analysis *heard;
    float *sound, *voice;
    uint64_t frames;
};

static void put_heads(struct picture_stage *s)
{
    s->par.type = FIXTURE_PAR, s->mover.type = FIXTURE_MOVING_HEAD, s->strobe.type = FIXTURE_STROBE;
    for (uint32_t i = 0; i < HEADS; i++) {
        double a = i / (HEADS - 1.0);
        bool moves = i % 3 == 1, flashes = i % 12 == 6;
        s->fixtures[i].row.definition = moves ? &s->mover : flashes ? &s->strobe : &s->par;
        s->fixtures[i].head_first = i, s->fixtures[i].head_count = 1;
        s->heads[i] = (struct patch_head){ .fixture = i, .pos = { (float)(-4 + 8 * a), i % 2 ? 1.0f : 0.0f, (float)(1 + 3 * dsp_sin_turns(a / 2)) },
                                           .capabilities = CAP_DIMMER | CAP_COLOR | CAP_STROBE | (moves ? CAP_MOVEMENT : 0u) };
    }
    s->patch = (struct patch){ .fixtures = s->fixtures, .n_fixtures = HEADS, .heads = s->heads, .n_heads = HEADS };
}

static enum lm_err make_grid(struct picture_stage *s)
{
    double beats[BEATS], bars[BEATS / BEATS_PER_BAR];

    for (size_t i = 0; i < BEATS; i++)
        beats[i] = (double)i * BEAT_S;
    for (size_t i = 0; i < BEATS / BEATS_PER_BAR; i++)
        bars[i] = beats[i * BEATS_PER_BAR];
    return beatgrid_new(beats, BEATS, bars, BEATS / BEATS_PER_BAR, 60 / BEAT_S, BEATS_PER_BAR, &s->grid);
}

static bool make_sound(struct picture_stage *s)
{
    static const double chords[][3] = { { 220, 261.63, 329.63 }, { 174.61, 220, 261.63 }, { 196, 246.94, 293.66 }, { 130.81, 196, 311.13 } };
    uint32_t noise = 1;

    s->frames = (uint64_t)(BEATS * BEAT_S * RATE);
    s->sound = malloc(s->frames * sizeof(*s->sound));
    s->voice = malloc(s->frames * sizeof(*s->voice));
    if (!s->sound || !s->voice)
        return false;
    for (uint64_t i = 0; i < s->frames; i++) {
        double t = (double)i / RATE, beat = t / BEAT_S, into = (beat - dsp_floor(beat)) * BEAT_S, half = fmod(into + BEAT_S / 2, BEAT_S);
        const double *chord = chords[(size_t)(beat / BEATS_PER_BAR) % 4];
        double kick = fmax(1 - into / 0.16, 0), hat = fmax(1 - half / 0.05, 0), swell = 0.25 + 0.5 * t / (BEATS * BEAT_S);
        /* Somebody sings every three seconds, four syllables a second. */
        s->voice[i] = (float)(0.3 * fmax(dsp_sin_turns(t / 3), 0) * (0.7 + 0.3 * dsp_sin_turns(t * 4)) * dsp_sin_turns(t * 2 * chord[1]));
        noise = noise * 1664525u + 1013904223u;
        s->sound[i] = (float)(0.6 * kick * kick * dsp_sin_turns(t * 55) + 0.15 * hat * ((double)(noise >> 8) / (1 << 23) - 1) +
                              0.1 * swell * (dsp_sin_turns(t * chord[0]) + dsp_sin_turns(t * chord[1]) + dsp_sin_turns(t * chord[2])));
    }
    return true;
}

/* What an analyser would hear in such music: a kick on each beat, a hi-hat between them and a snare on each second; it grows from bar to bar and drops in the middle of the picture. */
static enum lm_err make_heard(struct picture_stage *s)
{
    const double bar = BEAT_S * BEATS_PER_BAR, drop = LEAD_IN + SECONDS / 2, end = BEATS * BEAT_S;
    json_t *kick = json_array(), *snare = json_array(), *hihat = json_array(), *bars = json_array();

    for (int i = 0; i < BEATS; i++) {
        json_array_append_new(kick, json_pack("[f,f]", i * BEAT_S, 1.0));
        json_array_append_new(hihat, json_pack("[f,f]", (i + .5) * BEAT_S, .8));
        if (i % 2)
            json_array_append_new(snare, json_pack("[f,f]", i * BEAT_S, .9));
    }
    for (int i = 0; i < BEATS / BEATS_PER_BAR; i++)
        json_array_append_new(bars, json_pack("[f,f,f]", i * bar, (i + 1) * bar, (i + 1.) * BEATS_PER_BAR / BEATS));
    json_t *onsets = json_pack("{s:o,s:o,s:o}", "kick", kick, "snare", snare, "hihat", hihat), *energy = json_pack("{s:o}", "bars", bars);
    json_t *sections = json_pack("{s:[{s:f,s:f,s:s},{s:f,s:f,s:s}]}", "sections", "start", 0., "end", drop, "label", "build", "start", drop, "end", end, "label", "drop");
    enum lm_err err = onsets && energy && sections ? analysis_new(onsets, energy, sections, NULL, 0, 0, &s->heard, NULL) : LM_NOMEM;

    json_decref(onsets);
    json_decref(energy);
    json_decref(sections);
    return err;
}

struct picture_stage *picture_stage_new(void)
{
    struct picture_stage *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    put_heads(s);
    if (make_grid(s) || !make_sound(s) || make_heard(s)) {
        picture_stage_free(s);
        return NULL;
    }
    return s;
}

void picture_stage_free(struct picture_stage *s)
{
    if (!s)
        return;
    beatgrid_free(s->grid);
    analysis_free(s->heard);
    free(s->sound);
    free(s->voice);
    free(s);
}

/* Groups of somebody's venue are not here: a selection that finds nobody is shown on everybody. */
static json_t *standing_in(const struct picture_stage *s, const json_t *graph)
{
    json_t *args = json_object(), *arg;
    size_t i;

    json_array_foreach(json_object_get(graph, "args"), i, arg) {
        const json_t *def = json_object_get(arg, "default");
        const char *expression = json_is_string(def) ? json_string_value(def) : json_get_text(def, "expression", "");
        struct selection found;
        if (strcmp(json_get_text(arg, "type", ""), "selection") || selection_resolve(&s->patch, expression, &found, NULL))
            continue;
        if (!found.n)
            json_object_set_new(args, json_get_text(arg, "id", ""), json_string("all"));
        selection_clear(&found);
    }
    return args;
}

static enum lm_err make_layer(const struct picture_stage *s, const json_t *graph, bool (*stop)(void *ctx), void *ctx, struct layer **layer)
{
    json_t *args = standing_in(s, graph);
    struct graph_env env = { .patch = &s->patch, .grid = s->grid, .analysis = s->heard, .audio = { s->sound, s->frames, 1, RATE }, .start = LEAD_IN, .end = LEAD_IN + SECONDS,
                             .origin = LEAD_IN, .seed = 1, .args = args };
    /* Drums, bass and the rest are all of the music here. */
    for (int i = 0; i < GRAPH_STEMS; i++)
        env.stems[i] = i == STEM_VOCALS ? (struct graph_audio){ s->voice, s->frames, 1, RATE } : env.audio;
    struct graph_doc *doc = NULL;
    struct graph_program *program = NULL;
    struct graph_errors errors = { 0 };
    struct graph_workspace *w = graph_workspace_new();
    enum lm_err err = args && w ? graph_parse(graph, &doc, NULL) : LM_NOMEM;

    if (w)
        graph_workspace_set_stop(w, stop, ctx);
    if (!err && !(err = graph_compile(doc, &env, &program, &errors)))
        err = layer_new(program, HEADS, layer);
    for (uint32_t k = 0; !err && k < layer_tiles(*layer); k++) {
        struct tile *tile = NULL;
        if (!(err = graph_run_tile(layer_program(*layer), w, k, &tile, NULL)))
            layer_put_tile(*layer, tile);
    }
    graph_errors_clear(&errors);
    graph_workspace_free(w);
    graph_doc_free(doc);
    json_decref(args);
    return err;
}

struct canvas { unsigned char *bgr; size_t stride; };

static void dot(const struct canvas *c, int x, int y, float r, float g, float b)
{
    if (y < 0 || y >= PICTURE_HEIGHT)
        return;
    unsigned char *p = c->bgr + (size_t)(PICTURE_HEIGHT - 1 - y) * c->stride + 3 * (size_t)x;      /* a BMP begins at the bottom */
    p[0] = (unsigned char)(255 * dsp_clamp01(b) + 0.5f), p[1] = (unsigned char)(255 * dsp_clamp01(g) + 0.5f), p[2] = (unsigned char)(255 * dsp_clamp01(r) + 0.5f);
}

/* Which heads there is anything to see of. */
struct cast { uint32_t heads[HEADS]; size_t n; bool moves; };

static struct cast find_cast(const struct graph_program *g)
{
    const struct graph_output *outputs;
    bool is_in[HEADS] = { false };
    struct cast c = { .n = 0 };

    for (size_t i = 0, n = graph_program_outputs(g, &outputs); i < n; i++) {
        c.moves |= outputs[i].property == PROP_PAN || outputs[i].property == PROP_TILT;
        for (size_t k = 0; k < outputs[i].n; k++)
            is_in[outputs[i].heads[k]] = true;
    }
    for (uint32_t h = 0; h < HEADS; h++)
        if (is_in[h])
            c.heads[c.n++] = h;
    return c;
}

static void draw_column(const struct canvas *c, const struct cast *cast, const struct frame *f, int x)
{
    int stage = cast->moves ? PICTURE_HEIGHT / 3 : PICTURE_HEIGHT, below = PICTURE_HEIGHT - stage;

    for (int y = 0; y < stage; y++) {
        uint32_t h = cast->heads[(size_t)y * cast->n / (size_t)stage];
        float lit = f->intensity[h] * (f->strobe[h] > 0 && x & 1 ? 0.25f : 1);
        dot(c, x, y, f->r[h] * lit, f->g[h] * lit, f->b[h] * lit);
    }
    for (size_t i = 0; i < cast->n; i++) {
        uint32_t h = cast->heads[i];
        float shade = 0.6f + 0.4f * (float)i / (float)cast->n;
        if (!isnan(f->pan[h]))
            dot(c, x, stage + (int)((0.5f - f->pan[h] / (2 * MOVE_DEG)) * (float)(below - 1)), shade, 0.55f * shade, 0.15f);
        if (!isnan(f->tilt[h]))
            dot(c, x, stage + (int)((0.5f - f->tilt[h] / (2 * MOVE_DEG)) * (float)(below - 1)), 0.2f, 0.65f * shade, shade);
    }
}

static enum lm_err draw(const struct canvas *c, const struct layer *layer)
{
    struct cast cast = find_cast(layer_program(layer));
    struct render_item item = { .layer = layer, .start = LEAD_IN, .end = LEAD_IN + SECONDS, .blend = BLEND_REPLACE };
    struct frame *f = frame_new(HEADS);

    for (int x = 0; f && cast.n && x < PICTURE_WIDTH; x++) {
        frame_reset(f);
        render_score(f, &item, 1, LEAD_IN + SECONDS * x / PICTURE_WIDTH);
        draw_column(c, &cast, f, x);
    }
    enum lm_err err = f ? LM_OK : LM_NOMEM;
    frame_free(f);
    return err;
}

static void put_u32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

enum lm_err picture_make(const struct picture_stage *s, const json_t *graph, bool (*stop)(void *ctx), void *ctx, void **bmp, size_t *size)
{
    size_t stride = (PICTURE_WIDTH * 3 + 3) / 4 * 4;
    struct layer *layer = NULL;

    *size = HEADER + stride * PICTURE_HEIGHT;
    unsigned char *b = calloc(1, *size);
    if (!b)
        return LM_NOMEM;
    /* BITMAPFILEHEADER and BITMAPINFOHEADER */
    b[0] = 'B', b[1] = 'M';
    put_u32(b + 2, (uint32_t)*size), put_u32(b + 10, HEADER), put_u32(b + 14, 40), put_u32(b + 18, PICTURE_WIDTH), put_u32(b + 22, PICTURE_HEIGHT);
    b[26] = 1, b[28] = 24;
    put_u32(b + 34, (uint32_t)(stride * PICTURE_HEIGHT));
    enum lm_err err = make_layer(s, graph, stop, ctx, &layer);
    if (!err)
        err = draw(&(struct canvas){ b + HEADER, stride }, layer);
    layer_free(layer);
    if (err == LM_NOMEM || err == LM_TIMEOUT) {
        free(b);
        return err;
    }
    *bmp = b;
    return LM_OK;
}
