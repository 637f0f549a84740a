#include "../../tap.h"

#include <math.h>

#include "core/err.h"
#include "graph/analysis.h"
#include "small.h"

/* What analysis_new() makes of the texts; NULL texts are NULL parts. */
static enum lm_err make(const char *onsets, const char *energy, const char *sections, struct analysis **a, struct problem *p)
{
    json_t *o = onsets ? small_json(onsets) : NULL, *e = energy ? small_json(energy) : NULL, *s = sections ? small_json(sections) : NULL;
    enum lm_err err;

    problem_clear(p);
    err = analysis_new(o, e, s, NULL, 0, 0, a, p);
    json_decref(o), json_decref(e), json_decref(s);
    return err;
}

TEST(rows_become_arrays)
{
    struct analysis *a;
    struct problem p;

    CHECK_INT(make("{'kick':[[0.5,1],[1,0.25]],'hihat':[[2,0.5]]}", "{'bars':[[0,2,0.25],[2,4,1]]}",
                   "{'sections':[{'start':0,'end':8,'label':'intro'},{'start':8,'end':16.5,'label':'drop'}]}", &a, &p), LM_OK);
    CHECK(a->has_onsets && a->has_energy && a->has_sections);
    CHECK_INT(a->drums[DRUM_KICK].n, 2);
    CHECK_INT(a->drums[DRUM_SNARE].n, 0);
    CHECK_INT(a->drums[DRUM_HIHAT].n, 1);
    CHECK_NEAR(a->drums[DRUM_KICK].at[1], 1, 0);
    CHECK_NEAR(a->drums[DRUM_KICK].strength[1], 0.25, 0);
    CHECK_INT(a->n_bars, 2);
    CHECK_NEAR(a->bars[1].energy, 1, 0);
    CHECK_NEAR(a->bars[1].end, 4, 0);
    CHECK_INT(a->n_sections, 2);
    CHECK(!a->sections[0].is_drop && a->sections[1].is_drop);
    CHECK_NEAR(a->sections[1].end, 16.5, 0);
    CHECK(!a->chroma);
    analysis_free(a);
}

TEST(nothing_analysed_and_nothing_found_differ)
{
    struct analysis *none, *empty;
    struct problem p;

    CHECK_INT(make(NULL, NULL, NULL, &none, &p), LM_OK);
    CHECK_INT(make("{}", "{'bars':[]}", "{'sections':[]}", &empty, &p), LM_OK);
    CHECK(!none->has_onsets && !none->has_energy && !none->has_sections);
    CHECK(empty->has_onsets && empty->has_energy && empty->has_sections);
    CHECK_INT(empty->n_bars + empty->n_sections + empty->drums[DRUM_KICK].n, 0);
    CHECK(none->hash != empty->hash);
    analysis_free(none), analysis_free(empty);
    analysis_free(NULL);
}

TEST(chroma_is_read_as_little_endian_floats)
{
    unsigned char bytes[2 * 48] = { 0 };
    struct analysis *a;

    memcpy(bytes + 4, "\x00\x00\x80\x3f", 4);           /* 1.0 for C# of frame 0 */
    memcpy(bytes + 48 + 44, "\x00\x00\x00\x3f", 4);     /* 0.5 for B of frame 1 */
    CHECK_INT(analysis_new(NULL, NULL, NULL, bytes, sizeof bytes, 10, &a, NULL), LM_OK);
    CHECK_INT(a->n_chroma, 2);
    CHECK_NEAR(a->chroma_rate, 10, 0);
    CHECK_NEAR(a->chroma[1], 1, 0);
    CHECK_NEAR(a->chroma[12 + 11], 0.5, 0);
    analysis_free(a);
    CHECK_INT(analysis_new(NULL, NULL, NULL, bytes, 0, 10, &a, NULL), LM_OK);
    CHECK(a->chroma && a->n_chroma == 0);               /* looked for, and the track is empty */
    analysis_free(a);
}

TEST(wrong_chroma_is_refused)
{
    float frame[12] = { 0 };
    struct analysis *a;
    struct problem p;

    problem_clear(&p);
    CHECK_INT(analysis_new(NULL, NULL, NULL, frame, 47, 10, &a, &p), LM_INVALID);
    CHECK_STR(p.errors[0].path, "/chroma");
    CHECK_INT(analysis_new(NULL, NULL, NULL, frame, 48, 0, &a, NULL), LM_INVALID);
    CHECK_INT(analysis_new(NULL, NULL, NULL, frame, 48, NAN, &a, NULL), LM_INVALID);
    frame[3] = NAN;
    CHECK_INT(analysis_new(NULL, NULL, NULL, frame, 48, 10, &a, NULL), LM_INVALID);
    frame[3] = -1;
    CHECK_INT(analysis_new(NULL, NULL, NULL, frame, 48, 10, &a, NULL), LM_INVALID);
    CHECK(!a);
}

TEST(wrong_rows_say_where)
{
    static const struct { const char *onsets, *energy, *sections, *path; } bad[] = {
        { "[]", NULL, NULL, "/onsets" },
        { "{'kick':1}", NULL, NULL, "/onsets/kick" },
        { "{'kick':[[1,1],[0.5,1]]}", NULL, NULL, "/onsets/kick/1" },
        { "{'snare':[[1]]}", NULL, NULL, "/onsets/snare/0" },
        { "{'snare':[['1',1]]}", NULL, NULL, "/onsets/snare/0" },
        { "{'hihat':[[1e300,1]]}", NULL, NULL, "/onsets/hihat/0" },
        { NULL, "[]", NULL, "/energy" },
        { NULL, "{'bars':[[0,2,1],[2,1,1]]}", NULL, "/energy/bars/1" },
        { NULL, "{'bars':[[4,6,1],[2,4,1]]}", NULL, "/energy/bars/1" },
        { NULL, "{'bars':[[0,2,null]]}", NULL, "/energy/bars/0" },
        { NULL, NULL, "{'sections':[{'start':0,'end':1}]}", "/sections/sections/0" },
        { NULL, NULL, "{'sections':[{'start':0,'end':1,'label':'a'},{'start':-1,'end':1,'label':'b'}]}", "/sections/sections/1" },
        { NULL, NULL, "{'sections':{}}", "/sections/sections" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct analysis *a;
        struct problem p;
        CHECK_INT(make(bad[i].onsets, bad[i].energy, bad[i].sections, &a, &p), LM_INVALID);
        CHECK_STR(p.errors[0].path, bad[i].path);
        CHECK(!a);
    }
}

TEST(what_rounding_put_outside_is_inside)
{
    struct analysis *a;
    struct problem p;

    CHECK_INT(make("{'kick':[[0,1.0000001],[0,-0.001]]}", NULL, NULL, &a, &p), LM_OK);
    CHECK_NEAR(a->drums[DRUM_KICK].strength[0], 1, 0);
    CHECK_NEAR(a->drums[DRUM_KICK].strength[1], 0, 0);
    analysis_free(a);
}

TEST(the_hash_is_of_everything)
{
    static const char *const variants[][3] = {
        { "{'kick':[[1,1]]}", NULL, NULL },
        { "{'kick':[[1,0.5]]}", NULL, NULL },
        { "{'kick':[[1.5,1]]}", NULL, NULL },
        { "{'snare':[[1,1]]}", NULL, NULL },
        { NULL, "{'bars':[[0,1,1]]}", NULL },
        { NULL, "{'bars':[[0,1,0.5]]}", NULL },
        { NULL, "{'bars':[[0,2,1]]}", NULL },
        { NULL, NULL, "{'sections':[{'start':0,'end':1,'label':'a'}]}" },
        { NULL, NULL, "{'sections':[{'start':0,'end':1,'label':'drop'}]}" },
        { NULL, NULL, "{'sections':[{'start':0,'end':2,'label':'a'}]}" },
    };
    enum { VARIANTS = sizeof variants / sizeof *variants };
    uint64_t hash[VARIANTS];

    for (int i = 0; i < VARIANTS; i++) {
        struct analysis *a, *again;
        struct problem p;
        CHECK_INT(make(variants[i][0], variants[i][1], variants[i][2], &a, &p), LM_OK);
        CHECK_INT(make(variants[i][0], variants[i][1], variants[i][2], &again, &p), LM_OK);
        hash[i] = a->hash;
        bool same = again->hash == a->hash;
        analysis_free(a), analysis_free(again);
        CHECK(same);
        for (int k = 0; k < i; k++)
            CHECK(hash[k] != hash[i]);
    }
    float frame[12] = { 1 };
    struct analysis *a, *b;
    CHECK_INT(analysis_new(NULL, NULL, NULL, frame, sizeof frame, 10, &a, NULL), LM_OK);
    frame[0] = 0.5f;
    CHECK_INT(analysis_new(NULL, NULL, NULL, frame, sizeof frame, 10, &b, NULL), LM_OK);
    bool differ = a->hash != b->hash;
    analysis_free(a), analysis_free(b);
    CHECK(differ);
}
