/* What nodes hear: sounds that are made here, through filters, spectra and levels. */
#include <math.h>

#include "../../tap.h"

#include "dsp/hash.h"
#include "graph/audio.h"
#include "graph/program.h"
#include "small.h"

struct room { struct small s; float *mix, *stem[GRAPH_STEMS]; uint64_t n; int channels; double rate; };

/* 12 s of silence in so many channels; the annotation is 1 to 11 s. */
static void room_init(struct room *r, double rate, int channels)
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

static void room_clear(struct room *r)
{
    free(r->mix);
    for (int i = 0; i < GRAPH_STEMS; i++)
        free(r->stem[i]);
    small_clear(&r->s);
}

static void add_sine(float *x, const struct room *r, double hz, double level)
{
    for (uint64_t i = 0; i < r->n; i++)
        for (int c = 0; c < r->channels; c++)
            x[i * (uint64_t)r->channels + (uint64_t)c] += (float)(level * sin(2 * M_PI * hz * (double)i / r->rate));
}

static void add_noise(float *x, const struct room *r, double level)
{
    for (uint64_t i = 0; i < r->n * (uint64_t)r->channels; i++)
        x[i] += (float)(level * ((double)(hash_mix(i) >> 11) / 4503599627370496.0 - 1));
}

static void make_stem(struct room *r, enum graph_stem stem, double hz, double level)
{
    r->stem[stem] = calloc(r->n * (uint64_t)r->channels, sizeof(float));
    add_sine(r->stem[stem], r, hz, level);
    r->s.env.stems[stem] = (struct graph_audio){ r->stem[stem], r->n, r->channels, r->rate };
}

static struct graph_program *make(struct room *r, const char *nodes, const char *edges, const char *from)
{
    char all[1024], wires[1024];

    snprintf(all, sizeof all, "a:audio_input %s end:apply_position", nodes);
    snprintf(wires, sizeof wires, "%s %s>end.pan", edges, from);
    return small_make(&r->s, all, wires, "s:selection='all'");
}

/* Sample i of output `from` ("f.amplitude_out"), which has one channel. NaN: it did not compile. */
static double heard(struct room *r, const char *nodes, const char *edges, const char *from, uint32_t i)
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
static bool heard_all(struct room *r, const char *nodes, const char *edges, const char *from, int64_t a, uint32_t count, float *out)
{
    char view[64];
    snprintf(view, sizeof view, "%s>v.in", from);
    char all[1024], wires[1024];
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

TEST(a_sine_of_full_scale_is_one_at_its_frequency)
{
    /* Bins are 21.53 Hz wide; the sine is in the middle of bin 46 (990.5 Hz), half of it beside, in 45 (969.0) and 47 (1012.1). */
    static const struct { const char *ranges; double want; } rows[] = {
        { "[[980,1000]]", 1 }, { "[[960,1000]]", 0.75 }, { "[[960,1020]]", 2 / 3. }, { "[[960,1000],[980,1020]]", 2 / 3. },
        { "[[1005,1020],[960,970]]", 0.5 }, { "[[985,986]]", 1 }, { "[[2000,4000]]", 0 }, { "[[960,1000],[4000,4022]]", 0.5 },
        { "[[30000,40000]]", 0 }, { "[[20000,40000],[980,1000]]", 1 / 97. },
    };
    struct room r;
    char nodes[256];

    room_init(&r, 44100, 2);
    add_sine(r.mix, &r, 44100 * 46.0 / 2048, 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(nodes, sizeof nodes, "f:frequency_amplitude{'ranges':%s}", rows[i].ranges);
        CHECK_NEAR(heard(&r, nodes, "a.out>f.audio_in", "f.amplitude_out", 100), rows[i].want, 1e-3);
    }
    room_clear(&r);
}

TEST(a_frame_stands_in_the_middle_of_its_window)
{
    struct room r;

    room_init(&r, 48000, 1);
    for (uint64_t i = 6 * 48000; i < r.n; i++)          /* begins at 6 s, sample 300 of the annotation */
        r.mix[i] = (float)sin(2 * M_PI * 3000 * (double)i / 48000);
    const char *nodes = "f:frequency_amplitude{'ranges':[[2990,3010]]}", *edges = "a.out>f.audio_in";
    CHECK_NEAR(heard(&r, nodes, edges, "f.amplitude_out", 296), 0, 1e-3);
    CHECK_NEAR(heard(&r, nodes, edges, "f.amplitude_out", 300), 0.5, 0.01);     /* half of the window, half of the frames beside */
    CHECK_NEAR(heard(&r, nodes, edges, "f.amplitude_out", 304), 1, 1e-3);
    room_clear(&r);
}

TEST(smoothing_takes_the_mean_around_an_instant)
{
    struct room r;
    float plain[64], smooth[64];

    room_init(&r, 16000, 1);
    add_noise(r.mix, &r, 0.5);
    CHECK(heard_all(&r, "f:frequency_amplitude", "a.out>f.audio_in", "f.amplitude_out", 90, 64, plain));
    CHECK(heard_all(&r, "f:frequency_amplitude{'smoothing_ms':100}", "a.out>f.audio_in", "f.amplitude_out", 90, 64, smooth));
    for (int i = 3; i < 61; i++) {
        double mean = 0;
        for (int k = i - 3; k <= i + 3; k++)
            mean += (double)plain[k] / 7;
        CHECK_NEAR(smooth[i], mean, 1e-6);
    }
    room_clear(&r);
}

TEST(filters_take_away_what_is_beyond_the_cutoff)
{
    static const struct { const char *node; double hz, want; } rows[] = {
        { "lowpass_filter{'cutoff_hz':1000}", 100, 1 }, { "lowpass_filter{'cutoff_hz':1000}", 1000, 0.7071 }, { "lowpass_filter{'cutoff_hz':1000}", 8000, 0.0129 },
        { "lowpass_filter{'cutoff_hz':1000,'q':5}", 1000, 5 }, { "highpass_filter{'cutoff_hz':1000}", 100, 0.01 },
        { "highpass_filter{'cutoff_hz':1000}", 1000, 0.7071 }, { "highpass_filter{'cutoff_hz':1000}", 8000, 1 }, { "bandpass_filter", 20, 0.01 },
        { "bandpass_filter", 200, 0.7071 }, { "bandpass_filter", 640, 0.99 }, { "bandpass_filter", 20000, 0.00124 },
    };
    struct room r;
    char nodes[256];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        room_init(&r, 48000, 1);
        add_sine(r.mix, &r, rows[i].hz, 0.5);
        snprintf(nodes, sizeof nodes, "x:%s l:audio_level{'window_ms':200}", rows[i].node);
        CHECK_NEAR(heard(&r, nodes, "a.out>x.audio_in x.audio_out>l.audio_in", "l.rms", 333), rows[i].want * 0.5 * M_SQRT1_2, 0.003 * rows[i].want + 2e-4);
        room_clear(&r);
    }
}

TEST(filters_beyond_the_sound_let_all_or_nothing_pass)
{
    struct room r;

    room_init(&r, 8000, 1);
    add_sine(r.mix, &r, 1000, 0.5);
    CHECK_NEAR(heard(&r, "x:lowpass_filter{'cutoff_hz':12000} l:audio_level", "a.out>x.audio_in x.audio_out>l.audio_in", "l.peak", 9), 0.5, 1e-4);
    CHECK_NEAR(heard(&r, "x:highpass_filter{'cutoff_hz':12000} l:audio_level", "a.out>x.audio_in x.audio_out>l.audio_in", "l.peak", 9), 0, 0);
    CHECK_NEAR(heard(&r, "x:highpass_filter{'cutoff_hz':3999.9} l:audio_level", "a.out>x.audio_in x.audio_out>l.audio_in", "l.peak", 9), 0, 1e-4);
    room_clear(&r);
}

TEST(levels_are_rms_and_peak_of_a_window)
{
    struct room r;

    room_init(&r, 48000, 1);
    for (uint64_t i = 0; i < r.n; i++)
        r.mix[i] = i < 6 * 48000 ? 0.25f : 0.75f;       /* 6 s: sample 300 */
    CHECK_NEAR(heard(&r, "l:audio_level", "a.out>l.audio_in", "l.rms", 100), 0.25, 1e-6);
    CHECK_NEAR(heard(&r, "l:audio_level", "a.out>l.audio_in", "l.peak", 298), 0.25, 1e-6);
    CHECK_NEAR(heard(&r, "l:audio_level", "a.out>l.audio_in", "l.peak", 299), 0.75, 1e-6);      /* 25 ms ahead */
    CHECK_NEAR(heard(&r, "l:audio_level", "a.out>l.audio_in", "l.rms", 300), sqrt((0.0625 + 0.5625) / 2), 1e-4);
    CHECK_NEAR(heard(&r, "l:audio_level", "a.out>l.audio_in", "l.rms", 302), 0.75, 1e-6);
    CHECK_NEAR(heard(&r, "l:audio_level{'window_ms':2000}", "a.out>l.audio_in", "l.rms", 300 - 30), sqrt((3 * 0.0625 + 0.5625) / 4), 1e-4);
    CHECK_NEAR(heard(&r, "l:audio_level{'window_ms':1}", "a.out>l.audio_in", "l.rms", 299), 0.25, 1e-6);
    room_clear(&r);
}

/* Every rate and number of channels that a decoder may give, in the same terms. */
TEST(rates_and_channels_make_no_difference)
{
    static const struct { double rate; int channels; } rows[] = {
        { 8000, 1 }, { 11025, 2 }, { 22050, 1 }, { 44100, 6 }, { 48000, 2 }, { 96000, 2 }, { 192000, 1 },
    };
    struct room r;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        room_init(&r, rows[i].rate, rows[i].channels);
        add_sine(r.mix, &r, 440, 0.5);
        CHECK_NEAR(heard(&r, "l:audio_level{'window_ms':100}", "a.out>l.audio_in", "l.rms", 300), 0.5 * M_SQRT1_2, 2e-3);
        CHECK_NEAR(heard(&r, "x:bandpass_filter l:audio_level{'window_ms':100}", "a.out>x.audio_in x.audio_out>l.audio_in", "l.rms", 300), 0.5 * M_SQRT1_2, 0.01);
        double whole = heard(&r, "f:frequency_amplitude{'ranges':[[0,96000]]}", "a.out>f.audio_in", "f.amplitude_out", 300) * 1025;
        CHECK(whole > 0.9 && whole < 1.4);      /* of the one sine, wherever between the bins */
        float notes[12];
        CHECK(heard_all(&r, "h:harmony_analysis", "a.out>h.audio_in", "h.signal", 300, 1, notes));
        CHECK_NEAR(notes[9], 1, 0.05);          /* A */
        room_clear(&r);
    }
}

TEST(silence_and_what_is_no_sound_are_nothing)
{
    struct room r;
    float x[12 * 40];
    const char *edges = "a.out>f.audio_in a.out>l.audio_in a.out>h.audio_in";

    room_init(&r, 44100, 1);
    static const char *const ports[] = { "f.amplitude_out", "l.rms", "l.peak", "h.signal" };
    for (int k = 0; k < 4; k++) {
        CHECK(heard_all(&r, "f:frequency_amplitude l:audio_level h:harmony_analysis", edges, ports[k], 50, 40, x));
        for (int i = 0; i < (k == 3 ? 12 : 1) * 40; i++)
            CHECK_NEAR(x[i], 0, 0);
    }
    for (uint64_t i = 0; i < r.n; i++)
        r.mix[i] = i % 5 == 0 ? NAN : i % 5 == 1 ? INFINITY : i % 5 == 2 ? -INFINITY : i % 5 == 3 ? 1e30f : 0.1f;
    for (int k = 0; k < 4; k++) {
        CHECK(heard_all(&r, "f:frequency_amplitude l:audio_level h:harmony_analysis", edges, ports[k], 50, 40, x));
        for (int i = 0; i < (k == 3 ? 12 : 1) * 40; i++)
            CHECK(x[i] >= 0 && x[i] <= 8);
    }
    room_clear(&r);
}

TEST(before_the_track_and_after_it_is_silence)
{
    struct room r;
    float x[800];

    room_init(&r, 22050, 1);
    add_sine(r.mix, &r, 300, 0.5);
    /* The track lasts from sample -60 to 660 of the annotation. */
    CHECK(heard_all(&r, "x:lowpass_filter{'cutoff_hz':2000} l:audio_level", "a.out>x.audio_in x.audio_out>l.audio_in", "l.rms", -70, 800, x));
    for (int i = 0; i < 8; i++)
        CHECK_NEAR(x[i], 0, 0);
    for (int i = 12; i < 728; i++)
        CHECK_NEAR(x[i], 0.5 * M_SQRT1_2, 0.01);
    for (int i = 733; i < 800; i++)
        CHECK_NEAR(x[i], 0, 1e-4);
    room_clear(&r);
}

TEST(stems_are_read_over_the_same_time_and_through_the_filters_before_them)
{
    struct room r;

    room_init(&r, 48000, 2);
    make_stem(&r, STEM_DRUMS, 100, 0.1);
    make_stem(&r, STEM_BASS, 100, 0.2);
    make_stem(&r, STEM_VOCALS, 1000, 0.4);
    make_stem(&r, STEM_OTHER, 100, 0.8);
    static const struct { const char *port; double want; } rows[] = {
        { "drums_out", 0.1 }, { "bass_out", 0.2 }, { "vocals_out", 0.4 }, { "other_out", 0.8 },
    };
    char edges[128];
    for (int i = 0; i < 4; i++) {
        snprintf(edges, sizeof edges, "a.out>s.audio_in s.%s>l.audio_in", rows[i].port);
        CHECK_NEAR(heard(&r, "s:stem_splitter l:audio_level", edges, "l.peak", 100), rows[i].want, 1e-3);
    }
    CHECK_NEAR(heard(&r, "x:highpass_filter{'cutoff_hz':10000} s:stem_splitter l:audio_level", "a.out>x.audio_in x.audio_out>s.audio_in s.vocals_out>l.audio_in",
                     "l.peak", 100), 0.4 * 0.00875, 1e-3);
    CHECK_NEAR(heard(&r, "s:stem_splitter x:highpass_filter{'cutoff_hz':10000} l:audio_level", "a.out>s.audio_in s.vocals_out>x.audio_in x.audio_out>l.audio_in",
                     "l.peak", 100), 0.4 * 0.00875, 1e-3);
    CHECK(isnan(heard(&r, "s:stem_splitter t:stem_splitter l:audio_level", "a.out>s.audio_in s.vocals_out>t.audio_in t.drums_out>l.audio_in", "l.peak", 100)));
    CHECK_STR(r.s.errors.e[0].node, "t");
    room_clear(&r);
}

TEST(what_is_missing_is_named_with_the_job_that_makes_it)
{
    struct room r;

    room_init(&r, 48000, 1);
    make_stem(&r, STEM_BASS, 100, 0.2);
    /* A stem that nobody reads may be missing. */
    CHECK(!isnan(heard(&r, "s:stem_splitter l:audio_level", "a.out>s.audio_in s.bass_out>l.audio_in", "l.peak", 0)));
    CHECK(isnan(heard(&r, "s:stem_splitter l:audio_level", "a.out>s.audio_in s.drums_out>l.audio_in", "l.peak", 0)));
    CHECK_STR(r.s.errors.e[0].code, "missing_stem");
    CHECK_STR(r.s.errors.e[0].node, "s");
    CHECK_STR(r.s.errors.e[0].port, "drums_out");
    CHECK_STR(r.s.errors.e[0].message, "s: the stem drums is not there: run the job stems of the track");
    CHECK(isnan(heard(&r, "h:harmony_analysis m:harmony_analysis v:view_signal l:audio_level", "h.signal>v.in a.out>l.audio_in", "l.peak", 0)));
    CHECK_STR(r.s.errors.e[0].code, "missing_analysis");
    CHECK_STR(r.s.errors.e[0].message, "h: the track's chords are not there: run the job roots of the track");
    r.s.env.audio = (struct graph_audio){ 0 };
    static const struct { const char *node, *port; } listeners[] = {
        { "frequency_amplitude", "amplitude_out" }, { "lowpass_filter", "audio_out" }, { "highpass_filter", "audio_out" },
        { "bandpass_filter", "audio_out" }, { "harmony_analysis", "signal" },
    };
    for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++) {
        char nodes[128], edges[128];
        snprintf(nodes, sizeof nodes, "a:audio_input n:%s v:view_signal", listeners[i].node);
        snprintf(edges, sizeof edges, "a.out>n.audio_in n.%s>v.in", listeners[i].port);
        CHECK(!small_make(&r.s, nodes, edges, ""));
        CHECK_STR(r.s.errors.e[0].code, "missing_audio");
        CHECK_STR(r.s.errors.e[0].node, "n");
    }
    CHECK(isnan(heard(&r, "l:audio_level", "a.out>l.audio_in", "l.peak", 0)));
    CHECK_STR(r.s.errors.e[0].code, "missing_audio");
    CHECK_STR(r.s.errors.e[0].message, "l: there is no decoded sound: run the job decode of the track");
    /* Stems do without the mix. */
    CHECK(!isnan(heard(&r, "s:stem_splitter l:audio_level", "a.out>s.audio_in s.bass_out>l.audio_in", "l.peak", 0)));
    room_clear(&r);
}

TEST(a_chord_is_its_notes)
{
    struct room r;
    float x[12 * 20];

    room_init(&r, 44100, 1);
    add_sine(r.mix, &r, 261.626, 0.2);          /* C E G */
    add_sine(r.mix, &r, 329.628, 0.2);
    add_sine(r.mix, &r, 391.995, 0.2);
    CHECK(heard_all(&r, "h:harmony_analysis", "a.out>h.audio_in", "h.signal", 100, 20, x));
    for (int t = 0; t < 20; t++) {
        double sum = 0;
        for (int k = 0; k < 12; k++) {
            CHECK_NEAR(x[12 * t + k], k == 0 || k == 4 || k == 7 ? 1 / 3. : 0, 0.03);
            sum += (double)x[12 * t + k];
        }
        CHECK_NEAR(sum, 1, 1e-5);
    }
    /* A band of it: what is left of the C is a hundredth. */
    CHECK(heard_all(&r, "b:bandpass_filter{'low_hz':2500,'high_hz':5000} h:harmony_analysis", "a.out>b.audio_in b.audio_out>h.audio_in", "h.signal", 100, 1, x));
    CHECK(x[7] > x[4] && x[4] > x[0]);
    room_clear(&r);
}

TEST(stored_notes_are_read_between_their_frames)
{
    struct room r;
    float chroma[12 * 12] = { 0 }, x[12 * 800];
    struct analysis a = { .chroma = chroma, .n_chroma = 12, .chroma_rate = 2 };

    room_init(&r, 8000, 1);
    for (int i = 0; i < 12; i++)                /* frame i at i / 2 s; 0 to 5.5 s */
        chroma[12 * i + i % 12] = i == 6 ? 0 : 1;
    r.s.env.analysis = &a;
    CHECK(heard_all(&r, "h:harmony_analysis", "", "h.signal", -100, 800, x));
    const float *at = x + 12 * 100;             /* 1 s: frame 2 */
    CHECK_NEAR(at[2], 1, 1e-6);
    CHECK_NEAR(at[15 * 12 + 2], 0.5, 1e-6);     /* halfway to frame 3 */
    CHECK_NEAR(at[15 * 12 + 3], 0.5, 1e-6);
    CHECK_NEAR(at[105 * 12 + 5], 1, 1e-6);      /* frame 6 is silence: what stands beside it is held until there */
    CHECK_NEAR(at[120 * 12 + 5] + at[120 * 12 + 7], 0, 1e-6);
    CHECK_NEAR(at[-75 * 12], 1, 1e-6);          /* -0.25 s: towards the silence before the track */
    CHECK_NEAR(at[-95 * 12], 0, 0);
    CHECK_NEAR(at[285 * 12 + 11], 1, 1e-6);     /* 5.75 s */
    CHECK_NEAR(at[400 * 12 + 11], 0, 0);
    room_clear(&r);
}

TEST(a_sound_passes_at_most_16_filters)
{
    struct room r;
    char nodes[1024] = "l:audio_level ", edges[1024] = "", from[32] = "a.out";

    room_init(&r, 8000, 1);
    for (int i = 0; i < 9; i++) {
        char text[64];
        if (i == 8) {
            snprintf(text, sizeof text, "%s>l.audio_in", from);
            strcat(edges, text);
            CHECK(!isnan(heard(&r, nodes, edges, "l.rms", 0)));
            edges[strlen(edges) - strlen(text)] = '\0';
        }
        snprintf(text, sizeof text, "b%d:bandpass_filter ", i);
        strcat(nodes, text);
        snprintf(text, sizeof text, "%s>b%d.audio_in ", from, i);
        strcat(edges, text);
        snprintf(from, sizeof from, "b%d.audio_out", i);
    }
    strcat(edges, "b8.audio_out>l.audio_in");
    CHECK(isnan(heard(&r, nodes, edges, "l.rms", 0)));
    CHECK_STR(r.s.errors.e[0].code, "too_deep");
    room_clear(&r);
}

/* Everything that hears, behind filters that ring, beside nodes that ask for the past and the future. */
static const char many_nodes[] = "x:lowpass_filter{'cutoff_hz':40,'q':8} b:bandpass_filter{'low_hz':30,'high_hz':300} f:frequency_amplitude{'smoothing_ms':300} "
                                 "l:audio_level{'window_ms':300} h:harmony_analysis d:time_delay d2:time_delay s:smooth p:scalar{'value':-0.7} q:scalar{'value':0.9} m:math n:normalize "
                                 "k:math v:view_signal";
static const char many_edges[] = "a.out>x.audio_in a.out>b.audio_in x.audio_out>f.audio_in b.audio_out>l.audio_in x.audio_out>h.audio_in f.amplitude_out>d.in p.out>d.delay "
                                 "l.rms>d2.in q.out>d2.delay l.peak>s.in d.out>m.a d2.out>m.b f.amplitude_out>n.in n.out>k.a s.out>k.b h.signal>v.in "
                                 "m.out>end.tilt";

TEST(tiles_of_sound_do_not_depend_on_each_other)
{
    struct room r;
    static const uint32_t order[] = { 2, 0, 2, 1, 0 };

    room_init(&r, 11025, 2);
    add_noise(r.mix, &r, 0.5);
    struct graph_program *one = make(&r, many_nodes, many_edges, "k.out");
    CHECK(one);
    struct graph_workspace *w = graph_workspace_new();
    for (int i = 0; i < 5; i++) {
        struct graph_program *fresh = make(&r, many_nodes, many_edges, "k.out");
        struct tile *a = NULL, *b = small_tile(&r.s, fresh, order[i]);
        CHECK_INT(graph_run_tile(one, w, order[i], &a, NULL), LM_OK);
        for (uint32_t k = 0; k < a->n_outputs; k++)
            for (uint32_t t = 0; t < a->samples; t++)
                CHECK_NEAR(tile_at(a, k, 0, t, 0), tile_at(b, k, 0, t, 0), 0);
        tile_free(a);
        tile_free(b);
        graph_program_free(fresh);
    }
    graph_workspace_free(w);
    graph_program_free(one);
    room_clear(&r);
}

/* The same sample, asked for alone, from far before, and from the middle of a block of filters. */
TEST(a_sample_is_the_same_for_whoever_asks)
{
    struct room r;
    static float all[1000], some[1000];
    static const struct { int64_t from; uint32_t n; } asked[] = { { 7, 1 }, { -50, 600 }, { 333, 257 }, { 599, 1 }, { 120, 3 } };
    static const char *const ports[] = { "f.amplitude_out", "l.rms", "l.peak" };

    room_init(&r, 44100, 1);
    add_noise(r.mix, &r, 0.5);
    for (int p = 0; p < 3; p++) {
        const char *nodes = "x:lowpass_filter{'cutoff_hz':30,'q':10} f:frequency_amplitude l:audio_level", *edges = "a.out>x.audio_in x.audio_out>f.audio_in x.audio_out>l.audio_in";
        CHECK(heard_all(&r, nodes, edges, ports[p], -100, 1000, all));
        for (int i = 0; i < 5; i++) {
            CHECK(heard_all(&r, nodes, edges, ports[p], asked[i].from, asked[i].n, some));
            for (uint32_t k = 0; k < asked[i].n; k++)
                CHECK_NEAR(some[k], all[asked[i].from + 100 + k], 0);
        }
    }
    room_clear(&r);
}

TEST(ranges_are_pairs_that_go_up)
{
    static const char *const wrong[] = { "20", "[]", "[20,200]", "[[20]]", "[[20,200,3]]", "[[200,20]]", "[[20,20]]", "[[-1,20]]", "[[20,96001]]", "[['a',3]]", "null",
                                         "[[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2],[1,2]]" };
    struct room r;
    char nodes[256];

    room_init(&r, 8000, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(nodes, sizeof nodes, "f:frequency_amplitude{'ranges':%s}", wrong[i]);
        CHECK(isnan(heard(&r, nodes, "a.out>f.audio_in", "f.amplitude_out", 0)));
        CHECK_STR(r.s.errors.e[0].code, "bad_param");
        CHECK_STR(r.s.errors.e[0].port, "ranges");
    }
    CHECK(isnan(heard(&r, "b:bandpass_filter{'low_hz':500,'high_hz':500} l:audio_level", "a.out>b.audio_in b.audio_out>l.audio_in", "l.rms", 0)));
    CHECK_STR(r.s.errors.e[0].code, "bad_param");
    room_clear(&r);
}

/* Each of them takes a millisecond for a tile. */
TEST(no_graph_listens_for_ever)
{
    struct room r;
    static char nodes[32 << 10], edges[32 << 10];
    size_t n = 0, m = 0;

    room_init(&r, 48000, 1);
    for (int i = 0; i < 300; i++) {
        n += (size_t)snprintf(nodes + n, sizeof nodes - n, "f%d:frequency_amplitude v%d:view_signal ", i, i);
        m += (size_t)snprintf(edges + m, sizeof edges - m, "a.out>f%d.audio_in f%d.amplitude_out>v%d.in ", i, i, i);
    }
    strcpy(nodes + n, "a:audio_input");
    CHECK(!small_make(&r.s, nodes, edges, ""));
    CHECK_STR(r.s.errors.e[r.s.errors.n - 1].code, "too_large");
    room_clear(&r);
}

static json_t *shown(struct room *r, const char *nodes, const char *edges, const char *view)
{
    struct graph_program *g = small_make(&r->s, nodes, edges, "");
    struct graph_workspace *w = graph_workspace_new();
    json_t *v = NULL, *one;

    if (g)
        graph_run_views(g, w, NULL, &v, NULL);
    one = json_incref(json_object_get(json_object_get(v, "views"), view));
    json_decref(v);
    graph_workspace_free(w);
    graph_program_free(g);
    return one;
}

TEST(a_waveform_is_what_comes_in)
{
    struct room r;

    room_init(&r, 22050, 2);
    add_sine(r.mix, &r, 100, 0.5);
    make_stem(&r, STEM_BASS, 100, 0.25);
    static const struct { const char *nodes, *edges; double want; } rows[] = {
        { "a:audio_input v:view_signal", "a.out>v.in", 0.5 },
        { "a:audio_input s:stem_splitter v:view_signal", "a.out>s.audio_in s.bass_out>v.in", 0.25 },
        { "a:audio_input x:highpass_filter{'cutoff_hz':10000} v:view_signal", "a.out>x.audio_in x.audio_out>v.in", 0 },
    };
    for (int i = 0; i < 3; i++) {
        json_t *v = shown(&r, rows[i].nodes, rows[i].edges, "v");
        CHECK_STR(json_string_value(json_object_get(v, "type")), "audio");
        CHECK_NEAR(json_number_value(json_array_get(json_object_get(v, "max"), 100)), rows[i].want, 1e-3);
        CHECK_NEAR(json_number_value(json_array_get(json_object_get(v, "min"), 100)), -rows[i].want, 1e-3);
        json_decref(v);
    }
    room_clear(&r);
}

static int base64_digit(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' ? 62 : 63;
}

static unsigned byte_at(const char *text, size_t i)
{
    const char *p = text + i / 3 * 4;
    unsigned long v = (unsigned long)base64_digit(p[0]) << 18 | (unsigned long)base64_digit(p[1]) << 12 | (unsigned long)base64_digit(p[2]) << 6
                    | (unsigned long)base64_digit(p[3]);

    return v >> (16 - i % 3 * 8) & 255;
}

/* Which of 128 bands from 20 Hz to 16 kHz a frequency lies in the middle of. */
static int band_of(double hz)
{
    double low = log(1 + 20 / 700.), high = log(1 + 16000 / 700.);

    return (int)lround((log(1 + hz / 700) - low) / (high - low) * 129) - 1;
}

TEST(a_spectrogram_has_128_bands_and_at_most_512_columns)
{
    static const double hz[] = { 60, 440, 3000, 10000 };
    struct room r;

    for (int i = 0; i < 4; i++) {
        room_init(&r, 48000, 2);
        for (uint64_t k = 6 * 48000; k < r.n; k++)      /* from the middle of the annotation on */
            r.mix[2 * k] = r.mix[2 * k + 1] = (float)sin(2 * M_PI * hz[i] * (double)k / 48000);
        json_t *v = shown(&r, "a:audio_input v:mel_spec_viewer", "a.out>v.in", "v");
        CHECK_STR(json_string_value(json_object_get(v, "type")), "mel");
        CHECK_INT(json_integer_value(json_object_get(v, "bands")), 128);
        CHECK_INT(json_integer_value(json_object_get(v, "columns")), 512);
        CHECK_NEAR(json_number_value(json_object_get(v, "start")), 1, 0);
        CHECK_NEAR(json_number_value(json_object_get(v, "end")), 11, 0);
        CHECK_NEAR(json_number_value(json_object_get(v, "max_hz")), 16000, 0);
        const char *data = json_string_value(json_object_get(v, "data"));
        CHECK_INT(strlen(data), (512 * 128 + 2) / 3 * 4);
        unsigned most = 0, sum = 0;
        for (size_t b = 0; b < 128; b++) {
            most = byte_at(data, 400 * 128 + b) > byte_at(data, 400 * 128 + most) ? (unsigned)b : most;
            sum += byte_at(data, 200 * 128 + b);
        }
        CHECK_INT(sum, 0);
        CHECK(abs((int)most - band_of(hz[i])) <= (hz[i] < 100 ? 1 : 0));
        CHECK(byte_at(data, 400 * 128 + most) >= 235);          /* -6 dB and more */
        json_decref(v);
        room_clear(&r);
    }
}

TEST(a_spectrogram_hears_through_filters)
{
    struct room r;

    room_init(&r, 16000, 1);
    add_sine(r.mix, &r, 300, 0.5);
    add_sine(r.mix, &r, 4000, 0.5);
    r.s.env.end = 1.5;                  /* 30 samples: as many columns */
    json_t *v = shown(&r, "a:audio_input x:lowpass_filter v:mel_spec_viewer", "a.out>x.audio_in x.audio_out>v.in", "v");
    const char *data = json_string_value(json_object_get(v, "data"));
    CHECK_INT(json_integer_value(json_object_get(v, "columns")), 30);
    CHECK_NEAR(json_number_value(json_object_get(v, "max_hz")), 8000, 0);
    unsigned low = 0, high = 0;
    for (size_t b = 0; b < 128; b++) {
        unsigned x = byte_at(data, 15 * 128 + b);
        if (b < 64)
            low = x > low ? x : low;
        else
            high = x > high ? x : high;
    }
    CHECK(low > 200 && high < low - 100);       /* at least 31 dB between them */
    json_decref(v);
    r.s.env.audio = (struct graph_audio){ 0 };
    v = shown(&r, "a:audio_input v:mel_spec_viewer", "a.out>v.in", "v");
    CHECK(json_is_true(json_object_get(v, "missing")));
    json_decref(v);
    room_clear(&r);
}

static bool at_once(void *ctx)
{
    return ++*(int *)ctx > 3;
}

TEST(looking_at_a_sound_can_be_stopped)
{
    struct room r;

    room_init(&r, 48000, 1);
    for (int i = 0; i < 2; i++) {
        struct graph_program *g = small_make(&r.s, i ? "a:audio_input v:view_signal" : "a:audio_input v:mel_spec_viewer", "a.out>v.in", "");
        struct graph_workspace *w = graph_workspace_new();
        json_t *v = NULL;
        int asked = 0;
        graph_workspace_set_stop(w, at_once, &asked);
        CHECK_INT(graph_run_views(g, w, NULL, &v, NULL), LM_TIMEOUT);
        CHECK(!v && asked < 10);
        graph_workspace_free(w);
        graph_program_free(g);
    }
    room_clear(&r);
}
