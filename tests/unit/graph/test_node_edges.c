/* Nodes to the letter: their ports and defaults, and what they do where it is easy to get wrong. Values are read from a position output, which takes numbers as they are. */
#include <math.h>

#include "../../tap.h"

#include "direct.h"

/* ---- what each is called and begins with ---- */

static const struct { const char *id, *ports, *params; } nodes[] = {
    { "pattern_entry", "> audio:A grid:G", "" },
    { "audio_input", "> out:A", "" },
    { "beat_clock", "> grid_out:G", "" },
    { "scalar", "> out:S", "value=1" },
    { "color", "> out:S", "color=#ff0000ff" },
    { "stem_splitter", "audio_in:A > drums_out:A bass_out:A vocals_out:A other_out:A", "" },
    { "lowpass_filter", "audio_in:A > audio_out:A", "cutoff_hz=200 q=0.707" },
    { "highpass_filter", "audio_in:A > audio_out:A", "cutoff_hz=200 q=0.707" },
    { "bandpass_filter", "audio_in:A > audio_out:A", "low_hz=200 high_hz=2000" },
    { "frequency_amplitude", "audio_in:A > amplitude_out:S", "ranges=[[20,200]] smoothing_ms=0" },
    { "audio_level", "audio_in:A > rms:S peak:S", "window_ms=50" },
    { "beat_envelope", "grid:G subdivision?:S > out:S", "subdivision=1 only_downbeats=0 offset=0 attack=0.3 decay=0.2 sustain=0.3 release=0.2 "
                                                        "sustain_level=0.7 attack_curve=0 decay_curve=0 amplitude=1" },
    { "drum_onsets", "> kick:S snare:S hihat:S", "decay_ms=80" },
    { "bar_energy", "> out:S", "" },
    { "section_index", "> out:S is_drop:S", "" },
    { "harmony_analysis", "audio_in?:A > signal:S", "" },
    { "harmonic_tension", "chroma:S > tension:S", "" },
    { "get_attribute", "selection:L > out:S", "attribute=index" },
    { "random_select_mask", "selection:L trigger:S count?:S > out:S", "avoid_repeat=1" },
    { "filter_selection", "selection:L > out:L", "capability=movement" },
    { "mirror", "selection:L > out:L side:S", "axis=x" },
    { "gradient", "in:S start_color?:S end_color?:S > out:S", "start_color=#000000 end_color=#ffffff stops=" },
    { "rainbow", "in?:S > out:S", "offset=0 spread=1 saturation=1" },
    { "chroma_palette", "chroma:S > out:S", "palette=#ff0000 #ff8000 #ffff00 #80ff00 #00ff00 #00ff80 #00ffff #0080ff #0000ff #8000ff #ff00ff #ff0080" },
    { "spectral_shift", "in:S chroma:S > out:S", "strength=1" },
    { "math", "a:S b?:S > out:S", "operation=add" },
    { "round", "in:S > out:S", "operation=floor" },
    { "threshold", "in:S > out:S", "threshold=0.5" },
    { "normalize", "in:S > out:S", "" },
    { "falloff", "in:S > out:S", "width=1 curve=0" },
    { "invert", "in:S > out:S", "" },
    { "remap", "in:S > out:S", "in_min=-1 in_max=1 out_min=0 out_max=180 clamp=0" },
    { "modulo", "in:S > out:S", "divisor=1" },
    { "time_delay", "in:S delay?:S > out:S", "" },
    { "smooth", "in:S > out:S", "rise_ms=50 fall_ms=200" },
    { "sample_hold", "in:S trigger:S > out:S", "" },
    { "ramp", "grid:G > out:S", "" },
    { "ramp_between", "grid:G start:S end:S > out:S", "" },
    { "sine_wave", "grid:G subdivision?:S > out:S", "subdivision=1 phase_deg=0 amplitude=1 offset=0" },
    { "noise", "time?:S x?:S y?:S > out:S", "scale=1 octaves=1 amplitude=1 offset=0" },
    { "step_sequencer", "grid:G > out:S", "steps=1000100010001000 per_beat=4" },
    { "orbit", "grid:G phase?:S > x:S y:S z:S", "center_x=0 center_y=0 center_z=0 radius_x=1 radius_z=1 speed=0.25 tilt_deg=0" },
    { "random_position", "trigger:S > x:S y:S z:S", "min_x=-4 max_x=4 min_y=-4 max_y=4 min_z=0 max_z=2" },
    { "circle", "grid:G phase?:S > uv:S", "radius=1 speed=0.25" },
    { "figure_8", "grid:G phase?:S > uv:S", "width=1 height=1 speed=0.25" },
    { "sweep", "grid:G phase?:S > uv:S", "angle=0 range=1 speed=0.25" },
    { "wander", "grid:G phase?:S > uv:S", "range=1 speed=0.25 smoothness=1" },
    { "look_at_position", "selection:L x:S y:S z:S > pan:S tilt:S", "" },
    { "smooth_movement", "pan_in:S tilt_in:S > pan:S tilt:S", "pan_max_deg_per_s=360 tilt_max_deg_per_s=180" },
    { "apply_color", "selection?:L signal:S", "" },
    { "apply_dimmer", "selection?:L signal:S", "" },
    { "apply_position", "selection?:L pan?:S tilt?:S", "" },
    { "apply_movement", "selection?:L uv:S", "" },
    { "apply_strobe", "selection?:L signal:S", "" },
    { "apply_speed", "selection?:L speed:S", "" },
    { "view_signal", "in:any", "" },
    { "view_channel", "in:any", "channel=0" },
    { "view_uv", "in:any", "" },
};

static size_t add_ports(char *text, size_t at, size_t size, const struct port_desc *ports)
{
    static const char *const types[] = { [PORT_SIGNAL] = "S", [PORT_AUDIO] = "A", [PORT_GRID] = "G", [PORT_SELECTION] = "L", [PORT_ANY] = "any" };

    for (const struct port_desc *p = ports; p && p->id; p++)
        at += (size_t)snprintf(text + at, size - at, "%s%s%s:%s", at ? " " : "", p->id, p->optional ? "?" : "", types[p->type]);
    return at;
}

static void ports_text(const struct node_desc *d, char *text, size_t size)
{
    size_t at = add_ports(text, 0, size, d->in);

    if (d->out)
        at += (size_t)snprintf(text + at, size - at, "%s>", at ? " " : "");
    add_ports(text, at, size, d->out);
}

static void params_text(const struct node_desc *d, char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (const struct param_desc *p = d->params; p && p->id; p++) {
        char number[32];
        snprintf(number, sizeof number, "%g", p->def);
        bool is_number = p->type == PARAM_FLOAT || p->type == PARAM_INT || p->type == PARAM_BOOL;
        const char *value = p->type == PARAM_CHOICE ? p->options[(int)p->def] : is_number ? number : p->def_text ? p->def_text : "";
        at += (size_t)snprintf(text + at, size - at, "%s%s=%s", at ? " " : "", p->id, value);
    }
}

TEST(every_node_has_the_ports_and_the_defaults_that_are_promised)
{
    char text[512];

    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        const struct node_desc *d = node_find(nodes[i].id);
        if (!d)
            printf("# %s is missing\n", nodes[i].id);
        CHECK(d);
        ports_text(d, text, sizeof text);
        CHECK_STR(text, nodes[i].ports);
        params_text(d, text, sizeof text);
        CHECK_STR(text, nodes[i].params);
    }
}

/* ---- values ---- */

static struct graph_program *make(struct small *s, const char *all, const char *wires)
{
    struct graph_program *g = small_make(s, all, wires, "s:selection='all'");

    for (size_t k = 0; k < s->errors.n; k++)
        printf("# %s: %s\n", s->errors.e[k].code, s->errors.e[k].message);
    return g;
}

static float at(struct small *s, struct graph_program *g, uint32_t o, uint32_t n, uint32_t i)
{
    struct tile *t = g ? small_tile(s, g, i / TILE_SAMPLES) : NULL;
    float x = t ? tile_at(t, o, n, i % TILE_SAMPLES, 0) : NAN;

    tile_free(t);
    return x;
}

TEST(a_pulse_in_four_beats_stands_on_every_fourth)
{
    struct small s;

    small_init(&s, 1);
    struct graph_program *g = make(&s, "c:beat_clock e:beat_envelope{'subdivision':0.25,'attack':0,'decay':0,'sustain':0,'release':1,'sustain_level':1} o:apply_position",
                                   "c.grid_out>e.grid e.out>o.pan");
    for (uint32_t i = 0; i < 600; i += 17)
        CHECK_NEAR(at(&s, g, 0, 0, i), 1 - i % 120 / 120.0, 1e-4);
    graph_program_free(g);
    small_clear(&s);
}

TEST(downbeats_may_be_any_number_of_beats_apart)
{
    double beats[17], downbeats[] = { 1, 2.5, 5, 7 };       /* bars of 3, 5 and 4 beats */
    struct small s;

    small_init(&s, 1);
    beatgrid_free(s.grid);
    for (int i = 0; i < 17; i++)
        beats[i] = 1 + i * 0.5;
    CHECK_INT(beatgrid_new(beats, 17, downbeats, 4, 120, 4, &s.grid), LM_OK);
    s.env.grid = s.grid;
    struct graph_program *g = make(&s, "c:beat_clock e:beat_envelope{'only_downbeats':true,'subdivision':8,'attack':0,'decay':0,'sustain':0,'release':1,'sustain_level':1} "
                                   "o:apply_position", "c.grid_out>e.grid e.out>o.pan");
    static const struct { uint32_t i; double want; } rows[] = { { 0, 1 }, { 45, 0.5 }, { 90, 1 }, { 165, 0.5 }, { 240, 1 }, { 300, 0.5 }, { 360, 1 }, { 420, 0.5 }, { 480, 1 } };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        CHECK_NEAR(at(&s, g, 0, 0, rows[k].i), rows[k].want, 1e-4);
    graph_program_free(g);
    small_clear(&s);
}

TEST(curves_bend_as_they_say)
{
    static const struct { double curve, x, want; } rows[] = {
        { 0, 0.25, 0.25 }, { 0.0009, 0.25, 0.25 }, { 0.2, 0.5, 0.25 }, { 1, 0.5, 1 / 64.0 }, { -0.2, 0.5, 0.75 }, { -1, 0.5, 1 - 1 / 64.0 }, { 0.6, 1, 1 }, { -0.6, 0, 0 },
    };
    struct small s;
    char all[256];

    small_init(&s, 1);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        snprintf(all, sizeof all, "v:scalar{'value':%g} f:falloff{'curve':%g} o:apply_position", rows[k].x, rows[k].curve);
        struct graph_program *g = make(&s, all, "v.out>f.in f.out>o.pan");
        CHECK_NEAR(at(&s, g, 0, 0, 0), rows[k].want, 1e-6);
        graph_program_free(g);
        snprintf(all, sizeof all, "c:beat_clock e:beat_envelope{'subdivision':0.5,'attack':1,'decay':0,'sustain':0,'release':0,'attack_curve':%g} o:apply_position",
                 rows[k].curve);
        g = make(&s, all, "c.grid_out>e.grid e.out>o.pan");
        if (rows[k].x < 1)
            CHECK_NEAR(at(&s, g, 0, 0, 60 + (uint32_t)lrint(rows[k].x * 60)), rows[k].want, 1e-4);
        graph_program_free(g);
    }
    small_clear(&s);
}

TEST(steps_may_be_any_row_of_noughts_and_ones)
{
    static const struct { const char *steps; double per_beat; } rows[] = { { "1", 4 }, { "0", 4 }, { "10110", 1 }, { "100", 0.5 }, { "1100101", 3 }, { "01", 0.25 } };
    struct small s;
    char all[256];

    small_init(&s, 1);
    s.env.start = -3.75, s.env.end = 6.25, s.env.origin = 0;        /* also before beat 0 */
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        int length = (int)strlen(rows[k].steps);
        snprintf(all, sizeof all, "c:beat_clock q:step_sequencer{'steps':'%s','per_beat':%g} o:apply_position", rows[k].steps, rows[k].per_beat);
        struct graph_program *g = make(&s, all, "c.grid_out>q.grid q.out>o.pan");
        for (uint32_t i = 1; i < 600; i += 7) {
            double beat = (-3.75 + i / 60.0 - 1) * 2;
            int step = (int)floor(beat * rows[k].per_beat + 1e-9) % length;
            CHECK_NEAR(at(&s, g, 0, 0, i), rows[k].steps[step < 0 ? step + length : step] == '1', 0);
        }
        graph_program_free(g);
    }
    static const char *const bad[] = { "''", "'10 1'", "'12'", "'x'", "1010", "null" };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        snprintf(all, sizeof all, "{'nodes':[{'id':'q','type':'step_sequencer','params':{'steps':%s}}],'edges':[],'args':[]}", bad[k]);
        struct graph_program *g = small_compile(&s, all);
        bool refused = !g && small_error(&s.errors, "bad_param");
        graph_program_free(g);
        CHECK(refused);
    }
    small_clear(&s);
}

TEST(a_gradient_mixes_colours_that_differ_by_head_and_instant)
{
    enum { N = 2, T = 3 };
    const float in[N * T] = { 0, 0.5f, 2, -1, 0.25f, NAN };
    const float start[N * T * 3] = { 1, 0, 0, 1, 0.5f, 0, 1, 1, 0, 0, 0, 1, 0, 0.5f, 1, 0, 1, 1 };
    const float end[T * 4] = { 0, 0, 1, 0, 0, 1, 0, 0.5f, 1, 1, 1, 1 };
    struct direct d;

    CHECK(direct_init(&d, "gradient", NULL));
    direct_input(&d, 0, in, N, T, 1), direct_input(&d, 1, start, N, T, 3), direct_input(&d, 2, end, 1, T, 4);
    CHECK(direct_run(&d, 0, T));
    CHECK_INT(d.out[0].n, N);
    CHECK_INT(d.out[0].c, 4);
    for (uint32_t n = 0; n < N; n++)
        for (uint32_t t = 0; t < T; t++)
            for (uint32_t c = 0; c < 4; c++) {
                double x = in[n * T + t] > 0 ? fmin(in[n * T + t], 1) : 0, a = c < 3 ? start[(n * T + t) * 3 + c] : 1;
                CHECK_NEAR(direct_at(&d, 0, n, t, c), a * (1 - x) + end[t * 4 + c] * x, 1e-6);
            }
    direct_clear(&d);
}

TEST(a_delay_is_each_heads_own_and_may_change)
{
    enum { N = 3, T = 120 };
    float in[T], delay[N * T];
    struct direct d;

    for (int t = 0; t < T; t++) {
        in[t] = (float)(t * t % 97);
        delay[t] = 0.25f, delay[T + t] = -0.1f + 0.001f * (float)t, delay[2 * T + t] = t % 3 ? 0 : NAN;
    }
    CHECK(direct_init(&d, "time_delay", NULL));
    d.ctx.samples = T;
    direct_input(&d, 0, in, 1, T, 1), direct_input(&d, 1, delay, N, T, 1);
    CHECK(direct_run(&d, 0, T));
    CHECK_INT(d.out[0].n, N);
    for (uint32_t n = 0; n < N; n++)
        for (uint32_t t = 0; t < T; t++) {
            double x = delay[n * T + t], from = fmax(0, fmin(t - (isnan(x) ? 0 : x) * 60, T - 1)), part = from - floor(from);
            int i = (int)floor(from);
            CHECK_NEAR(direct_at(&d, 0, n, t, 0), in[i] * (1 - part) + in[i + 1 < T ? i + 1 : i] * part, 1e-3);
        }
    direct_clear(&d);
}

TEST(what_is_not_a_number_does_not_spoil_what_follows)
{
    struct small s;

    /* tilt of a head that looks straight below itself is known and its pan is not: NaN for the first second. */
    small_init(&s, 1);
    struct graph_program *g = make(&s, "g:pattern_args c:beat_clock q:step_sequencer{'steps':'01','per_beat':0.5} zero:scalar{'value':0} l:look_at_position f:smooth o:apply_position",
                                   "c.grid_out>q.grid g.s>l.selection q.out>l.x zero.out>l.y zero.out>l.z l.pan>f.in f.out>o.pan l.pan>o.tilt");
    CHECK(isnan(at(&s, g, 1, 0, 30)) && isnan(at(&s, g, 0, 0, 30)));
    CHECK_NEAR(at(&s, g, 1, 0, 90), 90, 1e-4);
    CHECK_NEAR(at(&s, g, 0, 0, 90), 90, 1e-4);          /* begins where the first number is */
    CHECK_NEAR(at(&s, g, 0, 0, 150), 90, 1e-4);         /* and holds while there is none */
    CHECK_NEAR(at(&s, g, 0, 0, 599), 90, 1e-4);
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_slew_is_63_percent_of_the_way_after_its_time)
{
    struct small s;

    small_init(&s, 1);
    struct graph_program *g = make(&s, "c:beat_clock q:step_sequencer{'steps':'0110','per_beat':0.5} f:smooth{'rise_ms':100,'fall_ms':500} o:apply_position",
                                   "c.grid_out>q.grid q.out>f.in f.out>o.pan");
    CHECK_NEAR(at(&s, g, 0, 0, 59), 0, 0);
    CHECK_NEAR(at(&s, g, 0, 0, 65), 1 - exp(-1), 1e-4);         /* up from sample 60 on: six samples */
    CHECK_NEAR(at(&s, g, 0, 0, 179), 1, 1e-4);
    CHECK_NEAR(at(&s, g, 0, 0, 209), exp(-1), 1e-3);
    graph_program_free(g);
    small_clear(&s);
}

TEST(all_channels_of_all_heads_are_worked_on)
{
    enum { N = 2, T = 2, C = 3 };
    const float in[N * T * C] = { -1, 0, 1, 3, 0.5f, -2, 0.25f, 1.75f, -0.25f, 2, -3, 0 }, by[T] = { 2, 0 };
    static const struct { const char *type, *params; unsigned inputs; } rows[] = {
        { "remap", "{'in_min':0,'in_max':2,'out_min':10,'out_max':0}", 1 },
        { "modulo", "{'divisor':0.75}", 1 },
        { "math", "{'operation':'divide'}", 2 },
    };
    struct direct d;

    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        CHECK(direct_init(&d, rows[k].type, rows[k].params));
        direct_input(&d, 0, in, N, T, C);
        if (rows[k].inputs == 2)
            direct_input(&d, 1, by, 1, T, 1);
        CHECK(direct_run(&d, 0, T));
        CHECK_INT(d.out[0].n, N);
        CHECK_INT(d.out[0].c, C);
        for (uint32_t n = 0; n < N; n++)
            for (uint32_t t = 0; t < T; t++)
                for (uint32_t c = 0; c < C; c++) {
                    double x = in[(n * T + t) * C + c];
                    double want = k == 0 ? 10 - 5 * x : k == 1 ? x - floor(x / 0.75) * 0.75 : t == 0 ? x / 2 : 0;
                    CHECK_NEAR(direct_at(&d, 0, n, t, c), want, 1e-5);
                }
        direct_clear(&d);
    }
}

TEST(an_axis_that_is_not_connected_is_not_written)
{
    struct small s;
    const struct graph_output *o;

    small_init(&s, 1);
    struct graph_program *g = make(&s, "v:scalar o:apply_position", "v.out>o.tilt");
    CHECK_INT(graph_program_outputs(g, &o), 1);
    CHECK_INT(o[0].property, PROP_TILT);
    graph_program_free(g);
    CHECK(!small_make(&s, "o:apply_movement", "", "") && small_error(&s.errors, "missing_input"));
    small_clear(&s);
}

TEST(outputs_write_what_their_names_say)
{
    static const struct { const char *type, *port; enum property property; } rows[] = {
        { "apply_dimmer", "signal", PROP_DIMMER }, { "apply_strobe", "signal", PROP_STROBE }, { "apply_speed", "speed", PROP_SPEED }, { "apply_position", "pan", PROP_PAN },
    };
    struct small s;
    char all[128], wires[64];

    small_init(&s, 3);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        const struct graph_output *o;
        snprintf(all, sizeof all, "g:pattern_args i:get_attribute{'attribute':'normalized_index'} o:%s", rows[k].type);
        snprintf(wires, sizeof wires, "g.s>i.selection i.out>o.%s", rows[k].port);
        struct graph_program *g = make(&s, all, wires);
        CHECK_INT(graph_program_outputs(g, &o), 1);
        CHECK_INT(o[0].property, rows[k].property);
        CHECK_INT(o[0].n, 3);
        CHECK_NEAR(at(&s, g, 0, 1, 0), 0.5, 0);
        graph_program_free(g);
    }
    small_clear(&s);
}
