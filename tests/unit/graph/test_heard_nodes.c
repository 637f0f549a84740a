/* The nodes that read what was heard in a track, and those that colour a chroma. */
#include <math.h>

#include "../../tap.h"

#include "direct.h"

/* ---- from the track ---- */

struct heard { struct small s; struct analysis *a; };

static bool heard_init(struct heard *h)
{
    json_t *onsets = small_json("{'kick':[[1,1],[2,0.5],[2.05,1],[3,0]],'snare':[[2,0.8]],'hihat':[]}");
    json_t *energy = small_json("{'bars':[[1,3,0.25],[3,5,1],[6,8,0.5]]}");
    json_t *sections = small_json("{'sections':[{'start':2,'end':4,'label':'intro'},{'start':4,'end':6,'label':'drop'},{'start':7,'end':8,'label':'outro'}]}");

    small_init(&h->s, 2);
    enum lm_err err = analysis_new(onsets, energy, sections, NULL, 0, 0, &h->a, NULL);
    json_decref(onsets), json_decref(energy), json_decref(sections);
    h->s.env.analysis = h->a;
    h->s.env.start = 0, h->s.env.end = 10;
    return !err;
}

static void heard_clear(struct heard *h)
{
    analysis_free(h->a);
    small_clear(&h->s);
}

/* A node's output at an instant; NaN: it did not compile. */
static float heard_at(struct heard *h, const char *node, const char *port, double seconds)
{
    char nodes[256], edges[64];
    uint32_t i = (uint32_t)lrint((seconds - h->s.env.start) * SAMPLE_RATE);
    float x = NAN;

    snprintf(nodes, sizeof nodes, "x:%s end:apply_position", node);
    snprintf(edges, sizeof edges, "x.%s>end.pan", port);
    struct graph_program *g = small_make(&h->s, nodes, edges, "");
    if (g) {
        struct tile *t = small_tile(&h->s, g, i / TILE_SAMPLES);
        x = tile_at(t, 0, 0, i % TILE_SAMPLES, 0);
        tile_free(t);
    }
    graph_program_free(g);
    return x;
}

TEST(a_hit_is_an_impulse_that_dies_away)
{
    struct heard h;

    CHECK(heard_init(&h));
    CHECK_NEAR(heard_at(&h, "drum_onsets", "kick", 0.95), 0, 0);
    CHECK_NEAR(heard_at(&h, "drum_onsets", "kick", 1), 1, 0);
    CHECK_NEAR(heard_at(&h, "drum_onsets", "kick", 1.1), exp(-100 / 80.0), 1e-5);
    CHECK_NEAR(heard_at(&h, "drum_onsets{'decay_ms':200}", "kick", 1.1), exp(-100 / 200.0), 1e-5);
    CHECK_NEAR(heard_at(&h, "drum_onsets", "kick", 2), 0.5, 1e-5);
    CHECK_NEAR(heard_at(&h, "drum_onsets", "kick", 2.05), 1, 1e-5);
    CHECK_NEAR(heard_at(&h, "drum_onsets", "snare", 2.05), 0.8 * exp(-50 / 80.0), 1e-5);
    CHECK_NEAR(heard_at(&h, "drum_onsets", "hihat", 2.05), 0, 0);
    CHECK_NEAR(heard_at(&h, "drum_onsets", "kick", 9), 0, 0);
    /* A weak hit does not cut a strong one short, and one of no strength is none. */
    CHECK_NEAR(heard_at(&h, "drum_onsets{'decay_ms':1000}", "kick", 2), fmax(0.5, exp(-1)), 1e-5);
    CHECK_NEAR(heard_at(&h, "drum_onsets{'decay_ms':5000}", "kick", 2), exp(-0.2), 1e-5);
    CHECK_NEAR(heard_at(&h, "drum_onsets{'decay_ms':1000}", "kick", 3), exp(-0.95), 1e-5);
    heard_clear(&h);
}

TEST(a_bar_has_its_energy_until_the_next)
{
    static const struct { double at, want; } rows[] = { { 0.5, 0 }, { 1, 0.25 }, { 2.95, 0.25 }, { 3, 1 }, { 5.5, 1 }, { 6, 0.5 }, { 7.95, 0.5 }, { 8, 0 }, { 9, 0 } };
    struct heard h;

    CHECK(heard_init(&h));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_NEAR(heard_at(&h, "bar_energy", "out", rows[i].at), rows[i].want, 0);
    heard_clear(&h);
}

TEST(sections_are_counted_and_drops_are_told)
{
    static const struct { double at, index, drop; } rows[] = {
        { 0, 0, 0 }, { 2, 0, 0 }, { 3.95, 0, 0 }, { 4, 1, 1 }, { 5.95, 1, 1 }, { 6, 1, 0 }, { 7, 2, 0 }, { 9, 2, 0 },
    };
    struct heard h;

    CHECK(heard_init(&h));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_NEAR(heard_at(&h, "section_index", "out", rows[i].at), rows[i].index, 0);
        CHECK_NEAR(heard_at(&h, "section_index", "is_drop", rows[i].at), rows[i].drop, 0);
    }
    heard_clear(&h);
}

TEST(what_is_not_analysed_names_the_job_that_does_it)
{
    static const struct { const char *node, *port, *job; } rows[] = {
        { "drum_onsets", "kick", "features" }, { "bar_energy", "out", "features" }, { "section_index", "is_drop", "features" },
    };

    for (int has_rows = 0; has_rows < 2; has_rows++)    /* nothing at all, and an analysis without just this */
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct heard h;
            CHECK(heard_init(&h));
            h.a->has_onsets = h.a->has_energy = h.a->has_sections = false;
            if (!has_rows)
                h.s.env.analysis = NULL;
            CHECK(isnan(heard_at(&h, rows[i].node, rows[i].port, 1)));
            const struct graph_error *e = small_error(&h.s.errors, "missing_analysis");
            CHECK(e);
            CHECK_STR(e->node, "x");
            CHECK(strstr(e->message, rows[i].job));
            heard_clear(&h);
        }
}

TEST(looked_for_and_not_found_is_dark_and_no_error)
{
    json_t *empty = json_object();
    struct heard h;

    CHECK(heard_init(&h));
    analysis_free(h.a);
    CHECK_INT(analysis_new(empty, empty, empty, NULL, 0, 0, &h.a, NULL), LM_OK);
    json_decref(empty);
    h.s.env.analysis = h.a;
    CHECK_NEAR(heard_at(&h, "drum_onsets", "kick", 1), 0, 0);
    CHECK_NEAR(heard_at(&h, "bar_energy", "out", 1), 0, 0);
    CHECK_NEAR(heard_at(&h, "section_index", "out", 1), 0, 0);
    CHECK_NEAR(heard_at(&h, "section_index", "is_drop", 1), 0, 0);
    heard_clear(&h);
}

TEST(a_graph_says_what_of_a_track_it_reads)
{
    static const struct { const char *nodes; unsigned reads; } rows[] = {
        { "", 0 }, { "{'id':'a','type':'beat_envelope'}", 0 }, { "{'id':'a','type':'drum_onsets'}", READS_ANALYSIS }, { "{'id':'a','type':'bar_energy'}", READS_ANALYSIS },
        { "{'id':'a','type':'section_index'}", READS_ANALYSIS }, { "{'id':'a','type':'harmony_analysis'}", READS_ANALYSIS }, { "{'id':'a','type':'audio_input'}", READS_AUDIO },
        { "{'id':'a','type':'pattern_entry'},{'id':'b','type':'drum_onsets'}", READS_AUDIO | READS_ANALYSIS }, { "{'id':'a','type':'no_such_type'}", 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        snprintf(text, sizeof text, "{'nodes':[%s],'edges':[],'args':[]}", rows[i].nodes);
        struct graph_doc *d = small_doc(text);
        CHECK(d);
        unsigned reads = graph_doc_reads(d);
        graph_doc_free(d);
        CHECK_INT(reads, rows[i].reads);
    }
}

/* However a stretch is cut, and wherever it begins, also before and after the annotation: the same bits, in bounds. */
TEST(what_was_heard_is_the_same_in_any_pieces)
{
    static const char *const types[] = { "drum_onsets", "bar_energy", "section_index" };
    static const float most[] = { 1, 1, 2 };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct heard h;
        struct direct whole, part;
        CHECK(heard_init(&h));
        CHECK(direct_init(&whole, types[i], NULL) && direct_init(&part, types[i], NULL));
        whole.ctx = part.ctx = (struct node_context){ .analysis = h.a, .grid = h.s.grid, .patch = &h.s.patch, .start = 0.5, .end = 9.5, .samples = 540 };
        CHECK(direct_run(&whole, -100, 740));
        for (int64_t from = -100; from < 640; from += 37) {
            uint32_t count = from + 37 > 640 ? (uint32_t)(640 - from) : 37;
            CHECK(direct_run(&part, from, count));
            for (unsigned port = 0; port < node_ports(whole.desc->out); port++) {
                CHECK_INT(whole.out[port].n, 1);
                CHECK_INT(whole.out[port].c, 1);
                CHECK(whole.out[port].varies);
                for (uint32_t t = 0; t < count; t++) {
                    float a = direct_at(&whole, port, 0, (uint32_t)(from + 100) + t, 0), b = direct_at(&part, port, 0, t, 0);
                    CHECK(memcmp(&a, &b, sizeof a) == 0);
                    CHECK(a >= 0 && a <= most[i]);
                }
            }
        }
        direct_clear(&whole), direct_clear(&part);
        heard_clear(&h);
    }
}

/* ---- of a chroma ---- */

#define PURE_E  { 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0 }
#define SILENCE { 0 }

static const float frames[][12] = {
    PURE_E, SILENCE, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, { 0.5f, 0, 0, 0, 0.5f }, { 0.25f, 0, 0, 0, 0.5f, 0, 0, 0.25f },
    { NAN, -1, INFINITY, 0, 0.75f }, { 1e-30f },
};
enum { FRAMES = sizeof frames / sizeof *frames };

TEST(tension_is_how_evenly_the_pitches_sound)
{
    static const double want[FRAMES] = { 0, 0, 1, 1 / 3.584962500721156, 1.5 / 3.584962500721156, 0, 0 };
    struct direct d;

    CHECK(direct_init(&d, "harmonic_tension", NULL));
    direct_input(&d, 0, frames[0], 1, FRAMES, 12);
    CHECK(direct_run(&d, 0, FRAMES));
    CHECK_INT(d.out[0].c, 1);
    for (uint32_t t = 0; t < FRAMES; t++)
        CHECK_NEAR(direct_at(&d, 0, 0, t, 0), want[t], 1e-6);
    direct_clear(&d);
}

TEST(a_palette_mixes_its_colours_and_fills_up)
{
    /* Default: C red, E green, G azure. */
    static const float want[FRAMES][3] = { { 0, 1, 0 }, { 0, 0, 0 }, { 1, 1, 1 }, { 1, 1, 0 }, { 0.25f / 0.625503f, 1, 0.25f / 0.625503f }, { 0, 1, 0 }, { 1, 0, 0 } };
    struct direct d;

    CHECK(direct_init(&d, "chroma_palette", NULL));
    direct_input(&d, 0, frames[0], 1, FRAMES, 12);
    CHECK(direct_run(&d, 0, FRAMES));
    CHECK_INT(d.out[0].c, 3);
    for (uint32_t t = 0; t < FRAMES; t++)
        for (uint32_t c = 0; c < 3; c++)
            CHECK_NEAR(direct_at(&d, 0, 0, t, c), want[t][c], 0.002);
    direct_clear(&d);
    CHECK(direct_init(&d, "chroma_palette", "{'palette':['#000000','#000000','#000000','#000000','#402000','#000000','#000000','#000000','#000000','#000000','#000000','#000000']}"));
    direct_input(&d, 0, frames[0], 1, FRAMES, 12);
    CHECK(direct_run(&d, 0, FRAMES));
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 0), 1, 0);
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 1), 0.5, 1e-6);
    CHECK_NEAR(direct_at(&d, 0, 0, 6, 0), 0, 0);        /* what sounds is black */
    direct_clear(&d);
}

TEST(a_palette_has_twelve_colours)
{
    static const char *const bad[] = { "[]", "['#ff0000']", "'#ff0000'", "null",
                                       "['#000000','#000000','#000000','#000000','#402000','#000000','#000000','#000000','#000000','#000000','#000000','red']" };
    struct small s;

    small_init(&s, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[512];
        snprintf(text, sizeof text, "{'nodes':[{'id':'p','type':'chroma_palette','params':{'palette':%s}}],'edges':[],'args':[]}", bad[i]);
        struct graph_program *g = small_compile(&s, text);
        bool refused = !g && small_error(&s.errors, "bad_param");
        graph_program_free(g);
        CHECK(refused);
    }
    small_clear(&s);
}

TEST(the_hue_turns_by_a_twelfth_for_each_semitone)
{
    static const float red[] = { 1, 0, 0 }, rose[] = { 0.75f, 0.25f, 0.25f, 0.5f }, grey[] = { 0.5f, 0.5f, 0.5f };
    struct direct d;
    float pitch[12] = { 0 };

    pitch[4] = 0.6f, pitch[9] = 0.4f;       /* E: a third of the wheel */
    CHECK(direct_init(&d, "spectral_shift", NULL));
    direct_input(&d, 0, red, 1, 1, 3), direct_input(&d, 1, pitch, 1, 1, 12);
    CHECK(direct_run(&d, 0, 1));
    CHECK_INT(d.out[0].c, 3);
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 0), 0, 1e-6);
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 1), 1, 1e-6);
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 2), 0, 1e-6);
    direct_input(&d, 0, rose, 1, 1, 4);
    CHECK(direct_run(&d, 0, 1));
    CHECK_INT(d.out[0].c, 4);
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 0), 0.25, 1e-6);
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 1), 0.75, 1e-6);
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 3), 0.5, 0);      /* alpha stays */
    direct_input(&d, 0, grey, 1, 1, 3);
    CHECK(direct_run(&d, 0, 1));
    for (uint32_t c = 0; c < 3; c++)
        CHECK_NEAR(direct_at(&d, 0, 0, 0, c), 0.5, 0);
    direct_clear(&d);
    CHECK(direct_init(&d, "spectral_shift", "{'strength':-0.5}"));
    direct_input(&d, 0, red, 1, 1, 3), direct_input(&d, 1, pitch, 1, 1, 12);
    CHECK(direct_run(&d, 0, 1));            /* a sixth back: magenta */
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 0), 1, 1e-6);
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 1), 0, 1e-6);
    CHECK_NEAR(direct_at(&d, 0, 0, 0, 2), 1, 1e-6);
    direct_clear(&d);
}

TEST(silence_and_c_leave_a_colour_alone)
{
    static const float in[] = { 0.3f, 0.9f, 0.1f };
    float c[12] = { 0 };
    struct direct d;

    for (int i = 0; i < 2; i++) {
        c[0] = (float)i;
        CHECK(direct_init(&d, "spectral_shift", NULL));
        direct_input(&d, 0, in, 1, 1, 3), direct_input(&d, 1, c, 1, 1, 12);
        CHECK(direct_run(&d, 0, 1));
        CHECK(memcmp(d.row[0].data, in, sizeof in) == 0);
        direct_clear(&d);
    }
}

/* Every hue by every pitch: in bounds, value and saturation kept, heads spread, the same bits in any pieces. */
TEST(chroma_nodes_keep_their_bounds_in_any_pieces)
{
    enum { N = 3, T = 48 };
    static const char *const types[] = { "spectral_shift", "chroma_palette", "harmonic_tension" };
    static float colours[N * T * 3], chroma[T * 12];

    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        colours[i] = (float)(i * 7919 % 1000) / 999;
    for (size_t i = 0; i < sizeof chroma / sizeof *chroma; i++)
        chroma[i] = (float)(i * 104729 % 1000) / 999;
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        struct direct whole, part;
        CHECK(direct_init(&whole, types[k], NULL) && direct_init(&part, types[k], NULL));
        for (struct direct *d = &whole; d; d = d == &whole ? &part : NULL) {
            if (k == 0)
                direct_input(d, 0, colours, N, T, 3);
            direct_input(d, k == 0 ? 1 : 0, chroma, 1, T, 12);
        }
        CHECK(direct_run(&whole, 0, T));
        CHECK_INT(whole.out[0].n, k == 0 ? N : 1);
        CHECK(whole.out[0].varies);
        uint32_t c = whole.out[0].c;
        for (uint32_t from = 0; from < T; from += 5) {
            uint32_t count = from + 5 > T ? T - from : 5;
            CHECK(direct_run(&part, from, count));
            for (uint32_t n = 0; n < whole.out[0].n; n++)
                CHECK(memcmp(part.row[0].data + n * part.row[0].stride, whole.row[0].data + n * whole.row[0].stride + (size_t)from * c, count * c * sizeof(float)) == 0);
        }
        for (uint32_t n = 0; n < whole.out[0].n; n++)
            for (uint32_t t = 0; t < T; t++) {
                float high = 0, was = 0;
                for (uint32_t i = 0; i < c; i++) {
                    float x = direct_at(&whole, 0, n, t, i);
                    CHECK(x >= 0 && x <= 1);
                    high = fmaxf(high, x);
                    was = fmaxf(was, k == 0 ? colours[(n * T + t) * 3 + i] : 1);
                }
                if (k < 2)
                    CHECK_NEAR(high, was, 1e-6);
            }
        direct_clear(&whole), direct_clear(&part);
    }
}
