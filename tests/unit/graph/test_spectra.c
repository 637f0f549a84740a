/* What nodes hear in spectra: ranges of frequency, notes, the pictures of a sound for the editor. */
#include "../../tap.h"

#include "room.h"

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
