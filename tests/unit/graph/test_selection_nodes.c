/* Nodes that give selections, and what those that take them make of these. */
#include <math.h>

#include "../../tap.h"

#include "small.h"

/* Attribute or side of every head of `from`, as "0.00 0.50 ...": whatever `nodes` end in, a signal of one value per head of the selection g.s. */
static const char *values(struct small *s, const char *nodes, const char *edges, const char *from, const char *selection)
{
    static char out[512];
    char all[1024], wires[1024];
    size_t at = 0;

    snprintf(all, sizeof all, "g:pattern_args %s end:apply_position", nodes);
    snprintf(wires, sizeof wires, "%s %s>end.pan %s>end.selection", edges, from, selection);
    struct graph_program *g = small_make(s, all, wires, "s:selection='all'");
    for (size_t k = 0; k < s->errors.n; k++)
        printf("# %s: %s\n", s->errors.e[k].code, s->errors.e[k].message);
    if (!g)
        return "error";
    struct tile *t = small_tile(s, g, 0);
    const struct graph_output *o;
    out[0] = '\0';
    for (uint32_t n = 0; graph_program_outputs(g, &o) && n < o->n; n++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%.2f", n ? " " : "", (double)tile_at(t, 0, n, 0, 0));
    tile_free(t);
    graph_program_free(g);
    return out;
}

static const char *mirrored(struct small *s, const char *attribute)
{
    char nodes[256];

    snprintf(nodes, sizeof nodes, "m:mirror at:get_attribute{'attribute':'%s'}", attribute);
    return values(s, nodes, "g.s>m.selection m.out>at.selection", "at.out", "m.out");
}

static void stand(struct small *s, size_t head, double x, double y, double z)
{
    s->patch.heads[head].pos[0] = (float)x, s->patch.heads[head].pos[1] = (float)y, s->patch.heads[head].pos[2] = (float)z;
}

TEST(a_mirror_makes_both_sides_alike)
{
    struct small s;

    small_init(&s, 5);          /* x = 0 .. 4 */
    CHECK_STR(mirrored(&s, "pos_x"), "2.00 1.00 0.00 1.00 2.00");
    CHECK_STR(mirrored(&s, "rel_x"), "1.00 0.50 0.00 0.50 1.00");
    CHECK_STR(mirrored(&s, "index"), "2.00 1.00 0.00 1.00 2.00");
    CHECK_STR(mirrored(&s, "normalized_index"), "1.00 0.50 0.00 0.50 1.00");
    CHECK_STR(mirrored(&s, "rel_major_span"), "1.00 0.50 0.00 0.50 1.00");
    CHECK_STR(mirrored(&s, "rel_major_count"), "1.00 0.50 0.00 0.50 1.00");
    CHECK_STR(mirrored(&s, "pos_z"), "3.00 3.00 3.00 3.00 3.00");
    CHECK_STR(values(&s, "m:mirror", "g.s>m.selection", "m.side", "m.out"), "-1.00 -1.00 0.00 1.00 1.00");
    small_clear(&s);
    small_init(&s, 4);          /* no head in the middle; patched the other way round */
    for (size_t i = 0; i < 4; i++)
        stand(&s, i, 10 - 2 * (double)i, 5, 1);
    CHECK_STR(mirrored(&s, "pos_x"), "3.00 1.00 1.00 3.00");
    CHECK_STR(mirrored(&s, "index"), "1.00 0.00 0.00 1.00");
    CHECK_STR(values(&s, "m:mirror", "g.s>m.selection", "m.side", "m.out"), "1.00 1.00 -1.00 -1.00");
    small_clear(&s);
    small_init(&s, 1);
    CHECK_STR(mirrored(&s, "normalized_index"), "0.00");
    CHECK_STR(values(&s, "m:mirror", "g.s>m.selection", "m.side", "m.out"), "0.00");
    small_clear(&s);
}

TEST(a_mirror_has_an_axis_and_two_fold_both_ways)
{
    struct small s;

    small_init(&s, 4);          /* the corners of a wide rectangle */
    stand(&s, 0, 0, 0, 0), stand(&s, 1, 4, 0, 0), stand(&s, 2, 0, 2, 0), stand(&s, 3, 4, 2, 0);
    CHECK_STR(values(&s, "m:mirror{'axis':'y'}", "g.s>m.selection", "m.side", "m.out"), "-1.00 -1.00 1.00 1.00");
    CHECK_STR(values(&s, "m:mirror{'axis':'y'} at:get_attribute{'attribute':'pos_x'}", "g.s>m.selection m.out>at.selection", "at.out", "m.out"),
              "0.00 4.00 0.00 4.00");
    CHECK_STR(values(&s, "m:mirror w:mirror{'axis':'y'} at:get_attribute{'attribute':'pos_x'}", "g.s>m.selection m.out>w.selection w.out>at.selection", "at.out", "w.out"),
              "2.00 2.00 2.00 2.00");
    CHECK_STR(values(&s, "m:mirror w:mirror{'axis':'y'} at:get_attribute{'attribute':'index'}", "g.s>m.selection m.out>w.selection w.out>at.selection", "at.out", "w.out"),
              "0.00 0.00 0.00 0.00");
    small_clear(&s);
}

TEST(each_group_of_a_local_selection_has_its_own_fold)
{
    struct small s;

    small_init(&s, 6);
    s.env.args = small_json("{'s':{'expression':'left|right','spatial_reference':'group_local'}}");
    CHECK_STR(mirrored(&s, "rel_x"), "1.00 0.00 1.00 1.00 0.00 1.00");
    CHECK_STR(values(&s, "m:mirror", "g.s>m.selection", "m.side", "m.out"), "-1.00 0.00 1.00 -1.00 0.00 1.00");
    json_decref((json_t *)s.env.args);
    small_clear(&s);
}

TEST(heads_aim_from_where_they_hang_also_when_mirrored)
{
    const char *aim = "x:scalar{'value':2} y:scalar{'value':-3} z:scalar{'value':0} l:look_at_position";
    char plain[512], with[1024];
    struct small s;

    small_init(&s, 5);
    snprintf(plain, sizeof plain, "%s", values(&s, aim, "g.s>l.selection x.out>l.x y.out>l.y z.out>l.z", "l.pan", "g.s"));
    snprintf(with, sizeof with, "m:mirror %s", aim);
    CHECK_STR(values(&s, with, "g.s>m.selection m.out>l.selection x.out>l.x y.out>l.y z.out>l.z", "l.pan", "m.out"), plain);
    CHECK(strchr(plain, '-'));          /* left and right turn against each other */
    small_clear(&s);
}

TEST(random_heads_of_a_mirrored_selection_come_in_pairs)
{
    struct small s;
    bool has_changed = false;
    char before[64] = "";

    small_init(&s, 8);
    for (uint64_t seed = 1; seed < 40; seed++) {
        s.env.seed = seed;
        char now[64];
        snprintf(now, sizeof now, "%s", values(&s, "m:mirror t:scalar n:scalar{'value':2} r:random_select_mask",
                                               "g.s>m.selection m.out>r.selection t.out>r.trigger n.out>r.count", "r.out", "m.out"));
        int lit = 0;
        for (int i = 0; i < 8; i++) {
            CHECK(now[i * 5] == now[(7 - i) * 5]);
            lit += now[i * 5] == '1';
        }
        CHECK_INT(lit, 2);
        has_changed |= *before && strcmp(before, now) != 0;
        strcpy(before, now);
    }
    CHECK(has_changed);
    small_clear(&s);
}

TEST(a_filter_keeps_the_heads_that_can)
{
    struct small s;

    small_init(&s, 6);
    s.patch.heads[1].capabilities |= CAP_MOVEMENT, s.patch.heads[4].capabilities |= CAP_MOVEMENT | CAP_ZOOM;
    CHECK_STR(values(&s, "f:filter_selection at:get_attribute{'attribute':'pos_x'}", "g.s>f.selection f.out>at.selection", "at.out", "f.out"), "1.00 4.00");
    CHECK_STR(values(&s, "f:filter_selection{'capability':'zoom'} at:get_attribute{'attribute':'pos_x'}", "g.s>f.selection f.out>at.selection", "at.out", "f.out"), "4.00");
    CHECK_STR(values(&s, "f:filter_selection{'capability':'dimmer'} at:get_attribute{'attribute':'index'}", "g.s>f.selection f.out>at.selection", "at.out", "f.out"),
              "0.00 1.00 2.00 3.00 4.00 5.00");
    /* Parts of a local selection stay parts, and what was folded before stays folded. */
    s.env.args = small_json("{'s':{'expression':'left|right','spatial_reference':'group_local'}}");
    s.patch.heads[2].capabilities |= CAP_MOVEMENT;
    CHECK_STR(values(&s, "f:filter_selection at:get_attribute{'attribute':'index'}", "g.s>f.selection f.out>at.selection", "at.out", "f.out"), "0.00 1.00 0.00");
    json_decref((json_t *)s.env.args);
    s.env.args = NULL;
    CHECK_STR(values(&s, "m:mirror f:filter_selection at:get_attribute{'attribute':'pos_x'}", "g.s>m.selection m.out>f.selection f.out>at.selection", "at.out", "f.out"),
              "1.50 0.50 1.50");
    for (s.env.seed = 1; s.env.seed < 20; s.env.seed++) {       /* heads 1 and 4 are a pair, 2 has lost its own */
        const char *drawn = values(&s, "m:mirror f:filter_selection t:scalar n:scalar{'value':1} r:random_select_mask",
                                   "g.s>m.selection m.out>f.selection f.out>r.selection t.out>r.trigger n.out>r.count", "r.out", "f.out");
        CHECK(!strcmp(drawn, "1.00 0.00 1.00") || !strcmp(drawn, "0.00 1.00 0.00"));
    }
    small_clear(&s);
}

TEST(what_a_selection_holds_can_be_filtered_and_folded_in_any_order)
{
    struct small s;

    small_init(&s, 7);
    for (size_t i = 0; i < 7; i += 2)
        s.patch.heads[i].capabilities |= CAP_STROBE;
    CHECK_STR(values(&s, "f:filter_selection{'capability':'strobe'} m:mirror at:get_attribute{'attribute':'rel_x'}",
                     "g.s>f.selection f.out>m.selection m.out>at.selection", "at.out", "m.out"), "1.00 0.00 0.00 1.00");
    small_clear(&s);
}

/* Every node that takes a selection, fed with an empty one: no light, no error, and the rest of the graph goes on. */
TEST(an_empty_selection_gives_no_light_and_no_error)
{
    static const char *const chains[][3] = {
        { "at:get_attribute", "f.out>at.selection", "at.out" },
        { "at:get_attribute{'attribute':'circle_radius'}", "f.out>at.selection", "at.out" },
        { "at:get_attribute{'attribute':'rel_major_count'}", "f.out>at.selection", "at.out" },
        { "m:mirror", "f.out>m.selection", "m.side" },
        { "m:mirror w:mirror{'axis':'z'} at:get_attribute", "f.out>m.selection m.out>w.selection w.out>at.selection", "at.out" },
        { "h:filter_selection{'capability':'zoom'} at:get_attribute", "f.out>h.selection h.out>at.selection", "at.out" },
        { "t:scalar r:random_select_mask", "f.out>r.selection t.out>r.trigger", "r.out" },
        { "c:beat_clock t:step_sequencer r:random_select_mask", "c.grid_out>t.grid f.out>r.selection t.out>r.trigger", "r.out" },
        { "x:scalar l:look_at_position", "f.out>l.selection x.out>l.x x.out>l.y x.out>l.z", "l.tilt" },
        { "at:get_attribute n:normalize s:smooth v:view_signal", "f.out>at.selection at.out>n.in n.out>s.in s.out>v.in", "s.out" },
        { "at:get_attribute{'attribute':'pos_x'} all:get_attribute", "f.out>at.selection g.s>all.selection", "all.out" },    /* as many as there would be elsewhere */
    };
    struct small s;

    small_init(&s, 4);          /* pars: nothing moves */
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++)
        for (int is_color = 0; is_color < 2; is_color++) {
            char nodes[512], edges[512];
            snprintf(nodes, sizeof nodes, "g:pattern_args f:filter_selection one:scalar other:apply_dimmer %s %s", chains[i][0],
                     is_color ? "paint:gradient end:apply_color" : "end:apply_position");
            snprintf(edges, sizeof edges, is_color ? "g.s>f.selection one.out>other.signal %s %s>paint.in paint.out>end.signal f.out>end.selection"
                                                   : "g.s>f.selection one.out>other.signal %s %s>end.pan f.out>end.selection", chains[i][1], chains[i][2]);
            struct graph_program *g = small_make(&s, nodes, edges, "s:selection='all'");
            for (size_t k = 0; k < s.errors.n; k++)
                printf("# %s: %s\n", s.errors.e[k].code, s.errors.e[k].message);
            CHECK(g && s.errors.n == 0);
            const struct graph_output *o;
            CHECK_INT(graph_program_outputs(g, &o), 1);
            CHECK_INT(o[0].property, PROP_DIMMER);
            struct graph_workspace *w = graph_workspace_new();
            json_t *shown = NULL;
            CHECK_INT(graph_run_views(g, w, NULL, &shown, NULL), LM_OK);
            json_decref(shown);
            struct tile *t = small_tile(&s, g, 1);
            CHECK_NEAR(tile_at(t, 0, 3, 0, 0), 1, 0);
            tile_free(t);
            graph_workspace_free(w);
            graph_program_free(g);
        }
    small_clear(&s);
}

TEST(a_venue_without_heads_is_dark_and_no_error)
{
    struct small s;

    small_init(&s, 0);
    struct graph_program *g = small_make(&s, "g:pattern_args m:mirror at:get_attribute r:rainbow o:apply_color",
                                         "g.s>m.selection m.out>at.selection at.out>r.in r.out>o.signal m.out>o.selection", "s:selection='all'");
    CHECK(g && s.errors.n == 0);
    graph_program_free(g);
    small_clear(&s);
}

TEST(selections_that_do_not_match_say_both_sizes)
{
    struct small s;

    small_init(&s, 4);
    s.patch.heads[0].capabilities |= CAP_MOVEMENT, s.patch.heads[1].capabilities |= CAP_MOVEMENT;
    struct graph_program *g = small_make(&s, "g:pattern_args f:filter_selection at:get_attribute o:apply_dimmer",
                                         "g.s>f.selection g.s>at.selection at.out>o.signal f.out>o.selection", "s:selection='all'");
    const struct graph_error *e = small_error(&s.errors, "shape_mismatch");
    CHECK(!g && e);
    CHECK_STR(e->node, "o");
    CHECK(strstr(e->message, "4x1x1") && strstr(e->message, "2 heads"));
    small_clear(&s);
}

TEST(a_count_that_varies_is_read_when_there_is_a_draw)
{
    struct small s;

    small_init(&s, 6);                  /* one draw, at the first sample, when the count is 4 */
    struct graph_program *g = small_make(&s, "g:pattern_args c:beat_clock n:sine_wave{'phase_deg':90,'amplitude':3,'offset':1} t:scalar r:random_select_mask o:apply_dimmer",
                                         "g.s>r.selection c.grid_out>n.grid n.out>r.count t.out>r.trigger r.out>o.signal", "s:selection='all'");
    CHECK(g);
    for (uint32_t i = 0; i < 600; i += 290) {
        struct tile *t = small_tile(&s, g, i / TILE_SAMPLES);
        float lit = 0;
        for (uint32_t n = 0; n < 6; n++)
            lit += tile_at(t, 0, n, i % TILE_SAMPLES, 0);
        tile_free(t);
        CHECK_NEAR(lit, 4, 0);
    }
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_trigger_of_no_heads_draws_nobody)
{
    struct small s;

    small_init(&s, 4);                  /* nobody moves: the trigger is a signal of no heads */
    CHECK_STR(values(&s, "f:filter_selection i:get_attribute r:random_select_mask", "g.s>f.selection f.out>i.selection i.out>r.trigger g.s>r.selection", "r.out", "g.s"),
              "0.00 0.00 0.00 0.00");
    CHECK_STR(values(&s, "f:filter_selection i:get_attribute c:beat_clock q:ramp m:math r:random_select_mask",
                     "g.s>f.selection f.out>i.selection c.grid_out>q.grid i.out>m.a q.out>m.b m.out>r.trigger i.out>r.count g.s>r.selection", "r.out", "g.s"),
              "0.00 0.00 0.00 0.00");
    small_clear(&s);
}
