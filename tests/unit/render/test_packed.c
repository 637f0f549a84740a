/* What a tile leaves out because it repeats makes no difference: the same frames, to the bit, as from tiles that hold every head and sample. */
#include "../../tap.h"

#include "stage.h"

static size_t plane_floats(const struct plane *p, uint32_t heads, uint32_t samples)
{
    return p->data ? (size_t)heads * samples * p->c : 0;
}

static float *spread(struct plane *p, const struct plane *from, uint32_t heads, uint32_t samples, float *at)
{
    *p = (struct plane){ 0 };
    if (!from->data)
        return at;
    *p = (struct plane){ .n = heads, .t = samples, .c = from->c, .data = at };
    for (uint32_t s = 0; s < samples; s++)
        for (uint32_t n = 0; n < heads; n++, at += from->c)
            memcpy(at, plane_at(from, n, s), from->c * sizeof *at);
    return at;
}

/* The tile with nothing left out. Small enough for tile_free(). */
static struct tile *unpack(const struct tile *t, const struct graph_output *outputs)
{
    size_t head = sizeof *t + t->n_outputs * sizeof *t->outputs, floats = 0;

    for (uint32_t i = 0; i < t->n_outputs; i++) {
        const struct tile_output *o = &t->outputs[i];
        uint32_t n = (uint32_t)outputs[i].n;
        floats += plane_floats(&o->value, n, t->samples) + plane_floats(&o->hue, n, t->samples) + plane_floats(&o->alpha, n, t->samples);
    }
    struct tile *u = head + floats * sizeof(float) < 200000 ? malloc(head + floats * sizeof(float)) : NULL;
    float *at = (float *)((char *)u + head);
    *u = (struct tile){ .index = t->index, .samples = t->samples, .bytes = head + floats * sizeof(float), .n_outputs = t->n_outputs };
    for (uint32_t i = 0; i < t->n_outputs; i++) {
        uint32_t n = (uint32_t)outputs[i].n;
        at = spread(&u->outputs[i].value, &t->outputs[i].value, n, t->samples, at);
        at = spread(&u->outputs[i].hue, &t->outputs[i].hue, n, t->samples, at);
        at = spread(&u->outputs[i].alpha, &t->outputs[i].alpha, n, t->samples, at);
    }
    return u;
}

static void layer_unpack(struct layer *l)
{
    const struct graph_output *outputs;

    graph_program_outputs(layer_program(l), &outputs);
    for (uint32_t k = 0; k < layer_tiles(l); k++) {
        struct tile *t = layer_drop_tile(l, k);
        layer_put_tile(l, unpack(t, outputs));
        tile_free(t);
    }
}

/* Constant, over time, over heads and over both; hues that are one, per head and moving; dark for a while; positions that hold. */
static const struct { const char *nodes, *edges; } graphs[] = {
    { "g:pattern_args k:color{'color':'#ff8040'} o:apply_color", "k.out>o.signal" },
    { "g:pattern_args k:color{'color':'#3050ff80'} c:beat_clock e:beat_envelope o:apply_color p:apply_dimmer",
      "k.out>o.signal c.grid_out>e.grid e.out>p.signal" },
    { "g:pattern_args c:beat_clock w:sine_wave at:get_attribute{'attribute':'rel_x'} m:math{'operation':'multiply'} "
      "k:gradient{'start_color':'#000000','end_color':'#ff8000'} o:apply_color",
      "c.grid_out>w.grid g.s>at.selection w.out>m.a at.out>m.b m.out>k.in k.out>o.signal" },
    { "g:pattern_args c:beat_clock w:sine_wave{'subdivision':0.5} at:get_attribute{'attribute':'rel_x'} m:math m2:modulo "
      "k:gradient{'start_color':'#ff0000','end_color':'#0000ff80'} o:apply_color",
      "c.grid_out>w.grid g.s>at.selection w.out>m.a at.out>m.b m.out>m2.in m2.out>k.in k.out>o.signal" },
    { "g:pattern_args at:get_attribute{'attribute':'rel_x'} r:rainbow o:apply_color", "g.s>at.selection at.out>r.in r.out>o.signal" },
    { "g:pattern_args c:beat_clock w:sine_wave{'amplitude':90} at:get_attribute m:math s:step_sequencer o:apply_position t:apply_strobe",
      "c.grid_out>w.grid c.grid_out>s.grid g.s>at.selection w.out>m.a at.out>m.b m.out>o.pan w.out>o.tilt s.out>t.signal" },
    { "g:pattern_args c:beat_clock s:step_sequencer{'steps':'1010','per_beat':1} x:random_select_mask o:apply_dimmer",
      "c.grid_out>s.grid g.s>x.selection s.out>x.trigger x.out>o.signal" },
    { "g:pattern_args c:beat_clock s:step_sequencer{'steps':'1000','per_beat':0.25} k:color{'color':'#20ff60'} m:math{'operation':'multiply'} o:apply_color",
      "c.grid_out>s.grid s.out>m.a k.out>m.b m.out>o.signal" },
};

enum { GRAPHS = sizeof graphs / sizeof *graphs, HEADS = 21 };

static bool frames_equal(const struct frame *a, const struct frame *b)
{
    size_t n = a->heads * sizeof(float);

    return !memcmp(a->r, b->r, n) && !memcmp(a->g, b->g, n) && !memcmp(a->b, b->b, n) && !memcmp(a->intensity, b->intensity, n) &&
           !memcmp(a->strobe, b->strobe, n) && !memcmp(a->pan, b->pan, n) && !memcmp(a->tilt, b->tilt, n) && !memcmp(a->speed, b->speed, n);
}

TEST(what_repeats_is_left_out_and_the_frames_are_the_same_to_the_bit)
{
    struct small s;
    struct render_item packed[GRAPHS], whole[GRAPHS];
    size_t packed_bytes = 0, whole_bytes = 0, different = 0;

    small_init(&s, HEADS);
    for (size_t i = 0; i < GRAPHS; i++) {
        struct layer *a = stage_layer(&s, graphs[i].nodes, graphs[i].edges, "s:selection='all'");
        struct layer *b = stage_layer(&s, graphs[i].nodes, graphs[i].edges, "s:selection='all'");
        CHECK(a && b);
        layer_unpack(b);
        packed_bytes += layer_bytes(a), whole_bytes += layer_bytes(b);
        packed[i] = (struct render_item){ a, 1, 11, BLEND_REPLACE, 0 };
        whole[i] = (struct render_item){ b, 1, 11, BLEND_REPLACE, 0 };
    }
    struct frame *f = frame_new(HEADS), *g = frame_new(HEADS);
    for (int mode = 0; mode < BLEND_MODES; mode++)
        for (double t = 1; t < 11; t += 0.0531) {
            for (size_t i = 0; i < GRAPHS; i++)
                packed[i].blend = whole[i].blend = i ? (enum blend_mode)((mode + (int)i) % BLEND_MODES) : BLEND_REPLACE;
            frame_reset(f);
            frame_reset(g);
            render_score(f, packed, GRAPHS, t);
            render_score(g, whole, GRAPHS, t);
            different += !frames_equal(f, g);
        }
    frame_free(f);
    frame_free(g);
    for (size_t i = 0; i < GRAPHS; i++) {
        layer_free((struct layer *)(uintptr_t)packed[i].layer);
        layer_free((struct layer *)(uintptr_t)whole[i].layer);
    }
    small_clear(&s);
    CHECK_INT(different, 0);
    CHECK(packed_bytes * 3 < whole_bytes);
}

TEST(a_wave_of_intensity_in_one_colour_costs_one_float_per_head_and_sample)
{
    struct small s;

    small_init(&s, HEADS);
    struct layer *l = stage_layer(&s, graphs[2].nodes, graphs[2].edges, "s:selection='all'");
    CHECK(l);
    struct tile *t = layer_drop_tile(l, 1);
    const struct tile_output *o = &t->outputs[0];
    CHECK(o->value.n == HEADS && o->value.t > t->samples / 3);       /* dark half of the time */
    CHECK(o->alpha.n == 1 && o->alpha.t == 1);
    CHECK(o->hue.t == 1);
    CHECK(t->bytes < ((size_t)HEADS * t->samples + 3 * HEADS) * sizeof(float) + 1024);
    tile_free(t);
    layer_free(l);
    l = stage_color(&s, "#ff8040", "all");
    t = layer_drop_tile(l, 0);
    CHECK(t->bytes <= 512);
    tile_free(t);
    layer_free(l);
    small_clear(&s);
}

TEST(samples_that_are_as_the_one_before_are_stored_once)
{
    struct small s;
    bool is_right = true;

    small_init(&s, HEADS);
    struct layer *l = stage_layer(&s, "g:pattern_args c:beat_clock s:step_sequencer{'steps':'1010','per_beat':1} x:random_select_mask o:apply_dimmer",
                                  "c.grid_out>s.grid g.s>x.selection s.out>x.trigger x.out>o.signal", "s:selection='all'");
    CHECK(l);
    struct tile *t = layer_drop_tile(l, 1);
    const struct plane *p = &t->outputs[0].value;
    CHECK(p->n == HEADS && p->t > 1 && p->t < 20 && p->samples == t->samples);      /* a step or so a beat, 8.5 beats */
    CHECK(t->bytes < 4096);
    for (uint32_t i = 1; i < t->samples; i++)
        is_right &= p->column[i] == p->column[i - 1] || p->column[i] == p->column[i - 1] + 1;
    CHECK(is_right && p->column[0] == 0 && p->column[t->samples - 1] == p->t - 1);
    tile_free(t);
    layer_free(l);
    small_clear(&s);
}
