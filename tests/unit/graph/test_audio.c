/* What nodes hear: filters, stems, levels; what is missing; and that a sample is the same for whoever asks. */
#include "../../tap.h"

#include "graph/audio.h"
#include "room.h"

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
