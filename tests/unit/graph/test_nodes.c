/* What each node computes. Values are read from a position output, which takes numbers as they are. */
#include <math.h>

#include "../../tap.h"

#include "small.h"

/* Sample `i` of head `n` of a node's output `from` ("wave.out"). NaN: it did not compile. */
static float value(struct small *s, const char *nodes, const char *edges, const char *from, uint32_t n, uint32_t i)
{
    char all[1024], wires[1024];
    float x = NAN;

    snprintf(all, sizeof all, "%s end:apply_position", nodes);
    snprintf(wires, sizeof wires, "%s %s>end.pan", edges, from);
    struct graph_program *g = small_make(s, all, wires, "s:selection='all'");
    for (size_t k = 0; k < s->errors.n; k++)
        printf("# %s: %s\n", s->errors.e[k].code, s->errors.e[k].message);
    if (g) {
        struct tile *t = small_tile(s, g, i / TILE_SAMPLES);
        x = tile_at(t, 0, n, i % TILE_SAMPLES, 0);
        tile_free(t);
    }
    graph_program_free(g);
    return x;
}

static float binary(const char *operation, double a, double b)
{
    struct small s;
    char nodes[256];

    small_init(&s, 2);
    snprintf(nodes, sizeof nodes, "a:scalar{'value':%g} b:scalar{'value':%g} m:math{'operation':'%s'}", a, b, operation);
    float x = value(&s, nodes, "a.out>m.a b.out>m.b", "m.out", 0, 0);
    small_clear(&s);
    return x;
}

TEST(math_does_every_operation)
{
    static const struct { const char *operation; double a, b, want; } rows[] = {
        { "add", 2, 3, 5 }, { "subtract", 2, 3, -1 }, { "multiply", 2, 3, 6 }, { "divide", 3, 2, 1.5 }, { "divide", 3, 0, 0 },
        { "max", 2, 3, 3 }, { "min", 2, 3, 2 }, { "abs_diff", 2, 5, 3 }, { "abs", -2, 9, 2 }, { "modulo", -0.25, 1, 0.75 },
        { "modulo", 1, 0, 0 }, { "power", 2, 3, 8 }, { "power", -2, 0.5, 0 }, { "circular_distance", 0.9, 0.1, 0.2 },
        { "circular_distance", 0.25, 0.5, 0.25 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_NEAR(binary(rows[i].operation, rows[i].a, rows[i].b), rows[i].want, 1e-6);
}

TEST(math_without_b_leaves_a_alone)
{
    static const char *const operations[] = { "add", "subtract", "multiply", "divide", "max", "min", "modulo", "power" };
    struct small s;
    char nodes[256];

    small_init(&s, 2);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        snprintf(nodes, sizeof nodes, "a:scalar{'value':-0.75} m:math{'operation':'%s'}", operations[i]);
        CHECK_NEAR(value(&s, nodes, "a.out>m.a", "m.out", 0, 0), -0.75, 1e-7);
    }
    small_clear(&s);
}

TEST(one_number_in_one_number_out)
{
    static const struct { const char *node; double in, want; } rows[] = {
        { "modulo{'divisor':0.5}", 1.75, 0.25 }, { "modulo", -0.25, 0.75 }, { "modulo{'divisor':0}", 3, 0 },
        { "falloff", 0.5, 0.5 }, { "falloff{'width':3}", 0.5, 1 }, { "falloff{'curve':0.2}", 0.5, 0.25 },
        { "falloff{'width':0.5,'curve':-0.2}", 1, 0.75 }, { "falloff", -3, 0 }, { "falloff", 7, 1 },
        { "remap", 0, 90 }, { "remap", 1, 180 }, { "remap", 3, 360 }, { "remap{'clamp':true}", 3, 180 },
        { "remap{'in_min':1,'in_max':1,'out_min':5}", 2, 5 }, { "remap{'in_min':1,'in_max':0,'out_max':10}", 0.25, 7.5 },
        { "threshold", 0.5, 1 }, { "threshold", 0.49, 0 }, { "round", 1.7, 1 }, { "round", -0.2, -1 },
        { "round{'operation':'ceil'}", 1.2, 2 }, { "round{'operation':'round'}", -1.5, -2 },
        { "normalize", 4, 0 }, { "invert", 4, 4 }, { "smooth", 4, 4 }, { "time_delay", 4, 4 },
    };
    struct small s;
    char nodes[256];

    small_init(&s, 2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(nodes, sizeof nodes, "a:scalar{'value':%g} x:%s", rows[i].in, rows[i].node);
        CHECK_NEAR(value(&s, nodes, "a.out>x.in", "x.out", 0, 0), rows[i].want, 1e-4);
    }
    small_clear(&s);
}

TEST(attributes_count_and_measure_the_selection)
{
    static const struct { const char *attribute; double want[5]; } rows[] = {
        { "index", { 0, 1, 2, 3, 4 } }, { "normalized_index", { 0, .25, .5, .75, 1 } }, { "pos_x", { 0, 1, 2, 3, 4 } },
        { "pos_z", { 3, 3, 3, 3, 3 } }, { "rel_x", { 0, .25, .5, .75, 1 } }, { "rel_y", { 0, 0, 0, 0, 0 } },
    };
    struct small s;
    char nodes[256];

    small_init(&s, 5);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint32_t n = 0; n < 5; n++) {
            snprintf(nodes, sizeof nodes, "g:pattern_args at:get_attribute{'attribute':'%s'}", rows[i].attribute);
            CHECK_NEAR(value(&s, nodes, "g.s>at.selection", "at.out", n, 0), rows[i].want[n], 1e-6);
        }
    small_clear(&s);
    small_init(&s, 1);
    CHECK_NEAR(value(&s, "g:pattern_args at:get_attribute{'attribute':'normalized_index'}", "g.s>at.selection", "at.out", 0, 0), 0, 0);
    small_clear(&s);
}

TEST(a_group_local_selection_measures_each_group)
{
    struct small s;

    small_init(&s, 6);
    s.env.args = small_json("{'s':{'expression':'left|right','spatial_reference':'group_local'}}");
    for (uint32_t n = 0; n < 6; n++)
        CHECK_NEAR(value(&s, "g:pattern_args at:get_attribute{'attribute':'rel_x'}", "g.s>at.selection", "at.out", n, 0),
                   n % 3 / 2.0, 1e-6);
    json_decref((json_t *)s.env.args);
    small_clear(&s);
}

/* Heads put where a test wants them; all of an attribute at once, as "0 0.25 ..." with `digits` decimals. */
static const char *attribute(struct small *s, const char *name, int digits)
{
    static char out[512];
    char nodes[128];
    size_t at = 0;

    snprintf(nodes, sizeof nodes, "g:pattern_args at:get_attribute{'attribute':'%s'}", name);
    for (uint32_t n = 0; n < s->patch.n_heads; n++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*f", n ? " " : "", digits, (double)value(s, nodes, "g.s>at.selection", "at.out", n, 0));
    return out;
}

static void stand(struct small *s, size_t head, double x, double y, double z)
{
    s->patch.heads[head].pos[0] = (float)x, s->patch.heads[head].pos[1] = (float)y, s->patch.heads[head].pos[2] = (float)z;
}

TEST(attributes_follow_the_longest_and_the_busiest_axis)
{
    struct small s;

    small_init(&s, 5);          /* a slanted truss, patched from its upper end: 6 to the right, 8 up */
    for (size_t i = 0; i < 5; i++)
        stand(&s, i, 1.5 * (4 - (double)i), 1, 2 * (4 - (double)i));
    CHECK_STR(attribute(&s, "rel_major_span", 3), "1.000 0.750 0.500 0.250 0.000");
    CHECK_STR(attribute(&s, "rel_major_count", 3), "1.000 0.750 0.500 0.250 0.000");
    stand(&s, 0, 0, 0, 0), stand(&s, 1, 9, 0, 1), stand(&s, 2, 0, 0, 2), stand(&s, 3, 9, 0, 3), stand(&s, 4, 0, 0, 3);
    CHECK_STR(attribute(&s, "rel_major_count", 3), "0.000 0.333 0.667 1.000 1.000");   /* z has four places, x two */
    small_clear(&s);
    small_init(&s, 1);
    CHECK_STR(attribute(&s, "rel_major_span", 1), "0.0");
    CHECK_STR(attribute(&s, "rel_major_count", 1), "0.0");
    CHECK_STR(attribute(&s, "circle_radius", 1), "0.0");
    CHECK_STR(attribute(&s, "angular_index", 1), "0.0");
    small_clear(&s);
}

TEST(attributes_go_round_a_circle)
{
    static const double turns[] = { .5, 0, .75, .25, .875 };
    struct small s;

    small_init(&s, 5);
    for (size_t i = 0; i < 5; i++)
        stand(&s, i, 3 + 2 * cos(2 * M_PI * turns[i]), 4, 5 + 2 * sin(2 * M_PI * turns[i]));
    CHECK_STR(attribute(&s, "circle_radius", 4), "2.0000 2.0000 2.0000 2.0000 2.0000");
    CHECK_STR(attribute(&s, "angular_position", 4), "0.5000 0.0000 0.7500 0.2500 0.8750");
    CHECK_STR(attribute(&s, "angular_index", 4), "0.5000 0.0000 0.7500 0.2500 1.0000");
    small_clear(&s);
    small_init(&s, 4);          /* in a row: about the middle */
    CHECK_STR(attribute(&s, "angular_position", 2), "0.50 0.50 0.00 0.00");
    CHECK_STR(attribute(&s, "circle_radius", 2), "1.00 1.00 1.00 1.00");
    small_clear(&s);
}

TEST(a_group_local_selection_has_a_circle_for_each_group)
{
    struct small s;

    small_init(&s, 8);
    for (size_t i = 0; i < 8; i++)      /* two rings of four, of 1 m and 3 m */
        stand(&s, i, (i < 4 ? 1 : 3) * cos(M_PI / 2 * (double)i) + (i < 4 ? 0 : 20), (i < 4 ? 1 : 3) * sin(M_PI / 2 * (double)i), 0);
    s.env.args = small_json("{'s':{'expression':'left|right','spatial_reference':'group_local'}}");
    CHECK_STR(attribute(&s, "circle_radius", 2), "1.00 1.00 1.00 1.00 3.00 3.00 3.00 3.00");
    CHECK_STR(attribute(&s, "angular_position", 2), "0.00 0.25 0.50 0.75 0.00 0.25 0.50 0.75");
    json_decref((json_t *)s.env.args);
    small_clear(&s);
}

TEST(generators_read_absolute_musical_time_and_ramps_count_from_the_origin)
{
    struct small s;
    const char *clk = "c:beat_clock ";
    char nodes[256];

    small_init(&s, 2);
    s.env.start = 3.25, s.env.end = 20, s.env.origin = 2;       /* a block cut off another; beat 4.5 at its start */
    for (uint32_t i = 0; i < 600; i += 37) {
        double beat = (3.25 + i / 60.0 - 1) * 2;
        snprintf(nodes, sizeof nodes, "%s w:sine_wave{'subdivision':0.5,'phase_deg':90,'amplitude':2,'offset':1}", clk);
        CHECK_NEAR(value(&s, nodes, "c.grid_out>w.grid", "w.out", 0, i), 1 + 2 * sin(2 * M_PI * (beat * 0.5 + 0.25)), 1e-5);
        snprintf(nodes, sizeof nodes, "%s w:ramp", clk);
        CHECK_NEAR(value(&s, nodes, "c.grid_out>w.grid", "w.out", 0, i), beat - 2, 1e-5);
        snprintf(nodes, sizeof nodes, "%s w:step_sequencer{'steps':'1101','per_beat':2}", clk);
        CHECK_NEAR(value(&s, nodes, "c.grid_out>w.grid", "w.out", 0, i), (int)floor(beat * 2 + 1e-9) % 4 != 2, 0);
        snprintf(nodes, sizeof nodes, "%s a:scalar{'value':10} b:scalar{'value':-10} w:ramp_between", clk);
        CHECK_NEAR(value(&s, nodes, "c.grid_out>w.grid a.out>w.start b.out>w.end", "w.out", 0, i),
                   10 - 20 * (beat - 2) / (38 - 2), 1e-4);
    }
    small_clear(&s);
}

TEST(the_envelope_follows_its_stages)
{
    /* Weights 1 2 3 4 of a span of two beats, 60 samples: stages end at samples 6, 18, 36, 60. */
    const char *nodes = "c:beat_clock e:beat_envelope{'subdivision':0.5,'attack':1,'decay':2,'sustain':3,'release':4,"
                        "'sustain_level':0.5,'attack_curve':0.2,'decay_curve':-0.2,'amplitude':2}";
    static const struct { uint32_t i; double want; } rows[] = {
        { 0, 0 }, { 3, 2 * 0.25 }, { 6, 2 }, { 12, 2 * (1 - 0.5 * 0.75) }, { 18, 1 }, { 30, 1 }, { 36, 1 },
        { 48, 2 * 0.5 * (1 - 0.75) }, { 63, 2 * 0.25 },
    };
    struct small s;

    small_init(&s, 2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_NEAR(value(&s, nodes, "c.grid_out>e.grid", "e.out", 0, rows[i].i), rows[i].want, 1e-4);
    small_clear(&s);
}

TEST(downbeats_offset_and_subdivision_move_the_pulses)
{
    const char *edges = "c.grid_out>e.grid";
    struct small s;

    small_init(&s, 2);
    /* attack 0, release 1: the peak stands on the pulse and falls to the next. A bar is 120 samples. */
#define FALLING "'attack':0,'decay':0,'sustain':0,'release':1,'sustain_level':1"
    CHECK_NEAR(value(&s, "c:beat_clock e:beat_envelope{" FALLING "}", edges, "e.out", 0, 45), 0.5, 1e-4);
    CHECK_NEAR(value(&s, "c:beat_clock e:beat_envelope{" FALLING ",'subdivision':2}", edges, "e.out", 0, 45), 1, 1e-4);
    CHECK_NEAR(value(&s, "c:beat_clock e:beat_envelope{" FALLING ",'only_downbeats':true}", edges, "e.out", 0, 30), 0.75, 1e-4);
    CHECK_NEAR(value(&s, "c:beat_clock e:beat_envelope{" FALLING ",'only_downbeats':true,'offset':1}", edges, "e.out", 0, 30), 1,
               1e-4);
    CHECK_NEAR(value(&s, "c:beat_clock e:beat_envelope{" FALLING ",'offset':0.5}", edges, "e.out", 0, 15), 1, 1e-4);
    CHECK_NEAR(value(&s, "c:beat_clock z:scalar{'value':0} e:beat_envelope{" FALLING "}", "c.grid_out>e.grid z.out>e.subdivision",
                     "e.out", 0, 15), 0, 0);
    CHECK_NEAR(value(&s, "c:beat_clock e:beat_envelope{'attack':0,'decay':0,'sustain':0,'release':0}", edges, "e.out", 0, 15), 0, 0);
    small_clear(&s);
}

/* Channel c of head n of a colour node, at its first sample; colours are read back from the tile as hue * v. */
static float color_of(struct small *s, const char *nodes, const char *edges, const char *from, uint32_t n, uint32_t c)
{
    char all[1024], wires[1024];

    snprintf(all, sizeof all, "%s end:apply_color", nodes);
    snprintf(wires, sizeof wires, "%s %s>end.signal", edges, from);
    struct graph_program *g = small_make(s, all, wires, "s:selection='all'");
    if (!g)
        return NAN;
    struct tile *t = small_tile(s, g, 0);
    float x = c == 3 ? tile_at(t, 0, n, 0, 4) : tile_at(t, 0, n, 0, c) * tile_at(t, 0, n, 0, 3);
    tile_free(t);
    graph_program_free(g);
    return x;
}

TEST(a_gradient_mixes_between_its_colours_and_holds_outside)
{
    struct small s;
    const char *edges = "g.s>at.selection at.out>c.in";
    const char *nodes = "g:pattern_args at:get_attribute{'attribute':'rel_x'} "
                        "c:gradient{'start_color':'#ff000080','end_color':'#0000ff'}";
    const char *stops = "g:pattern_args at:get_attribute{'attribute':'rel_x'} c:gradient{'stops':[{'position':0.25,'color':'#ff0000'},"
                        "{'position':0.5,'color':'#00ff00'},{'position':0.5,'color':'#0000ff'},{'position':1,'color':'#ffffff'}]}";
    struct { const char *value; double r, b; } ends[] = { { "-4", 1, 0 }, { "9", 0, 1 } };

    small_init(&s, 5);
    CHECK_NEAR(color_of(&s, nodes, edges, "c.out", 1, 0), 0.75, 1e-6);
    CHECK_NEAR(color_of(&s, nodes, edges, "c.out", 1, 2), 0.25, 1e-6);
    CHECK_NEAR(color_of(&s, nodes, edges, "c.out", 0, 3), 128 / 255.0, 1e-6);
    CHECK_NEAR(color_of(&s, nodes, edges, "c.out", 4, 3), 1, 1e-6);
    for (int i = 0; i < 2; i++) {
        char text[256];
        snprintf(text, sizeof text, "v:scalar{'value':%s} c:gradient{'start_color':'#ff0000','end_color':'#0000ff'}", ends[i].value);
        CHECK_NEAR(color_of(&s, text, "v.out>c.in", "c.out", 0, 0), ends[i].r, 0);
        CHECK_NEAR(color_of(&s, text, "v.out>c.in", "c.out", 0, 2), ends[i].b, 0);
    }
    CHECK_NEAR(color_of(&s, stops, edges, "c.out", 0, 0), 1, 1e-6);     /* before the first stop */
    CHECK_NEAR(color_of(&s, stops, edges, "c.out", 2, 2), 1, 1e-6);     /* a hard edge: the later of two at one place */
    CHECK_NEAR(color_of(&s, stops, edges, "c.out", 3, 0), 0.5, 1e-6);
    small_clear(&s);
}

TEST(gradient_colours_may_come_from_outside)
{
    struct small s;

    small_init(&s, 2);
    CHECK_NEAR(color_of(&s, "v:scalar{'value':0.5} a:color{'color':'#800000'} c:gradient{'end_color':'#000080'}",
                        "v.out>c.in a.out>c.start_color", "c.out", 0, 0), 64 / 255.0, 1e-6);
    CHECK_NEAR(color_of(&s, "v:scalar{'value':0.5} a:color{'color':'#800000'} c:gradient{'end_color':'#000080'}",
                        "v.out>c.in a.out>c.start_color", "c.out", 0, 2), 64 / 255.0, 1e-6);
    small_clear(&s);
}

TEST(the_rainbow_goes_round)
{
    static const struct { double at, r, g, b; } rows[] = {
        { 0, 1, 0, 0 }, { 1 / 6.0, 1, 1, 0 }, { 1 / 3.0, 0, 1, 0 }, { 0.5, 0, 1, 1 }, { 2 / 3.0, 0, 0, 1 }, { 1, 1, 0, 0 },
        { -1 / 3.0, 0, 0, 1 }, { 1 / 12.0, 1, 0.5, 0 },
    };
    struct small s;
    char nodes[128];

    small_init(&s, 2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(nodes, sizeof nodes, "v:scalar{'value':%.9g} c:rainbow", rows[i].at);
        CHECK_NEAR(color_of(&s, nodes, "v.out>c.in", "c.out", 0, 0), rows[i].r, 1e-5);
        CHECK_NEAR(color_of(&s, nodes, "v.out>c.in", "c.out", 0, 1), rows[i].g, 1e-5);
        CHECK_NEAR(color_of(&s, nodes, "v.out>c.in", "c.out", 0, 2), rows[i].b, 1e-5);
    }
    CHECK_NEAR(color_of(&s, "c:rainbow{'saturation':0.25,'offset':0.5}", "", "c.out", 0, 0), 0.75, 1e-6);
    small_clear(&s);
}
