/* Nodes that move heads, and those that draw lots. Values are read from a position output, which takes numbers as they are. */
#include <math.h>

#include "../../tap.h"

#include "fixtures/geometry.h"
#include "small.h"

enum { SAMPLES = 600 };                 /* of the annotation: 10 s, 20 beats */

static struct graph_program *make(struct small *s, const char *nodes, const char *edges, const char *args)
{
    struct graph_program *g = small_make(s, nodes, edges, args);

    for (size_t k = 0; k < s->errors.n; k++)
        printf("# %s: %s\n", s->errors.e[k].code, s->errors.e[k].message);
    return g;
}

/* Sample i of head n of output o. */
static float at(struct small *s, struct graph_program *g, uint32_t o, uint32_t n, uint32_t i)
{
    struct tile *t = g ? small_tile(s, g, i / TILE_SAMPLES) : NULL;
    float x = t ? tile_at(t, o, n, i % TILE_SAMPLES, 0) : NAN;

    tile_free(t);
    return x;
}

TEST(a_circle_goes_round_once_in_four_beats)
{
    struct small s;

    small_init(&s, 2);
    struct graph_program *g = make(&s, "c:beat_clock m:circle{'radius':0.5} end:apply_movement", "c.grid_out>m.grid m.uv>end.uv", "s:selection='all'");
    CHECK_NEAR(at(&s, g, 0, 1, 0), 45, 1e-4);           /* .5 of 90 to the side */
    CHECK_NEAR(at(&s, g, 1, 1, 0), 0, 1e-4);
    CHECK_NEAR(at(&s, g, 0, 1, 30), 0, 1e-4);           /* a beat later: up, .5 of 45 */
    CHECK_NEAR(at(&s, g, 1, 1, 30), 22.5, 1e-4);
    CHECK_NEAR(at(&s, g, 0, 0, 120), 45, 1e-4);
    for (uint32_t i = 0; i < SAMPLES; i += 7)
        CHECK_NEAR(hypot(at(&s, g, 0, 0, i) / 90, at(&s, g, 1, 0, i) / 45), 0.5, 1e-5);
    graph_program_free(g);
    small_clear(&s);
}

TEST(each_head_moves_about_the_base_of_the_first_group_named)
{
    struct small s;

    small_init(&s, 4);
    for (int i = 0; i < 3; i++)
        s.patch.groups[i].pan_range = 90, s.patch.groups[i].tilt_range = 45;
    s.patch.groups[1].pan = 20, s.patch.groups[1].tilt = -10, s.patch.groups[1].pan_range = 10, s.patch.groups[1].tilt_range = 4;      /* right */
    s.patch.groups[2].pan = -50, s.patch.groups[2].rotation_deg = 90;                                                               /* odd: heads 0, 2 */
    struct graph_program *g = make(&s, "c:beat_clock m:circle end:apply_movement", "c.grid_out>m.grid m.uv>end.uv", "s:selection='right|odd'");
    CHECK_NEAR(at(&s, g, 0, 0, 0), -50, 1e-4);          /* head 0: odd; across turned into up */
    CHECK_NEAR(at(&s, g, 1, 0, 0), 45, 1e-4);
    CHECK_NEAR(at(&s, g, 0, 1, 0), 30, 1e-4);           /* head 2: right before odd */
    CHECK_NEAR(at(&s, g, 1, 1, 0), -10, 1e-4);
    CHECK_NEAR(at(&s, g, 0, 2, 30), 20, 1e-4);          /* head 3: right */
    CHECK_NEAR(at(&s, g, 1, 2, 30), -6, 1e-4);
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_word_of_a_test_is_no_group)
{
    struct small s;

    small_init(&s, 4);
    free(s.patch.groups[0].name);
    s.patch.groups[0].name = strdup("dimmer");          /* heads 0, 1 */
    s.patch.groups[0].pan = 70, s.patch.groups[2].pan = 10;
    struct graph_program *g = make(&s, "c:beat_clock m:circle end:apply_movement", "c.grid_out>m.grid m.uv>end.uv", "s:selection='has:dimmer&odd'");
    CHECK_NEAR(at(&s, g, 0, 0, 0), 10, 1e-4);           /* odd's base, of no width */
    graph_program_free(g);
    small_clear(&s);
}

TEST(eights_and_sweeps)
{
    struct small s;

    small_init(&s, 1);
    struct graph_program *g = make(&s, "c:beat_clock m:figure_8{'height':0.5} end:apply_movement", "c.grid_out>m.grid m.uv>end.uv", "s:selection='all'");
    CHECK_NEAR(at(&s, g, 0, 0, 15) / 90, sqrt(0.5), 1e-5);      /* an eighth of the way: across sin 45, up sin 90 */
    CHECK_NEAR(at(&s, g, 1, 0, 15) / 45, 0.5, 1e-5);
    CHECK_NEAR(at(&s, g, 1, 0, 45) / 45, -0.5, 1e-5);
    graph_program_free(g);
    g = make(&s, "c:beat_clock m:sweep{'angle':30,'range':0.8} end:apply_movement", "c.grid_out>m.grid m.uv>end.uv", "s:selection='all'");
    for (uint32_t i = 0; i < SAMPLES; i += 11)
        CHECK_NEAR(at(&s, g, 1, 0, i) / 45, at(&s, g, 0, 0, i) / 90 * tan(M_PI / 6), 1e-5);
    CHECK_NEAR(at(&s, g, 0, 0, 30) / 90, 0.8 * cos(M_PI / 6), 1e-5);
    graph_program_free(g);
    small_clear(&s);
}

TEST(wandering_is_within_its_range_steady_and_the_same_each_time)
{
    struct small s;

    small_init(&s, 3);
    static const char nodes[] = "c:beat_clock i:get_attribute m:wander{'range':0.7,'speed':1} end:apply_movement";
    static const char edges[] = "args.s>i.selection c.grid_out>m.grid i.out>m.phase m.uv>end.uv";
    char all[256];
    snprintf(all, sizeof all, "args:pattern_args %s", nodes);
    struct graph_program *g = make(&s, all, edges, "s:selection='all'"), *again = make(&s, all, edges, "s:selection='all'");
    float last = NAN, most = 0, differ = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        float x = at(&s, g, 0, 1, i) / 90;
        most = fmaxf(most, fabsf(x));
        if (i)
            CHECK(fabsf(x - last) < 0.1f);              /* 1.4 in 30 samples, eased, is .07 at most */
        last = x;
        differ = fmaxf(differ, fabsf(x - at(&s, g, 0, 2, i) / 90));
    }
    CHECK(most <= 0.7f && most > 0.3f);
    CHECK(differ > 0.2f);                               /* heads with phases of their own go their own ways */
    for (uint32_t i = SAMPLES; i-- > 0; i -= i > 13 ? 13 : 0)   /* tiles from the last: the same numbers */
        CHECK(at(&s, again, 0, 1, i) == at(&s, g, 0, 1, i));
    graph_program_free(g);
    graph_program_free(again);
    small_clear(&s);
}

TEST(heads_look_at_a_point_from_wherever_they_hang)
{
    struct small s;
    static const double turned[][3] = { { 0, 0, 0 }, { M_PI, 0, 0 }, { 0.3, -0.8, 2.1 }, { 1.2, 0.4, -0.7 } };
    const double point[3] = { 1.5, -2, 0.5 };

    small_init(&s, 4);
    for (int i = 0; i < 4; i++)
        memcpy(s.patch.fixtures[i].row.rot, turned[i], sizeof turned[i]);
    struct graph_program *g = make(&s, "args:pattern_args x:scalar{'value':1.5} y:scalar{'value':-2} z:scalar{'value':0.5} m:look_at_position end:apply_position",
                                   "args.s>m.selection x.out>m.x y.out>m.y z.out>m.z m.pan>end.pan m.tilt>end.tilt", "s:selection='all'");
    for (uint32_t n = 0; n < 4; n++) {
        double pan = at(&s, g, 0, n, 0) * M_PI / 180, tilt = at(&s, g, 1, n, 0) * M_PI / 180, r[3][3];
        double beam[3] = { sin(pan) * sin(tilt), -cos(pan) * sin(tilt), -cos(tilt) }, to[3], length = 0;
        geometry_rotation(turned[n], r);
        geometry_apply((const double (*)[3])r, beam, beam);
        for (int k = 0; k < 3; k++)
            to[k] = point[k] - s.patch.heads[n].pos[k], length += to[k] * to[k];
        for (int k = 0; k < 3; k++)
            CHECK_NEAR(beam[k], to[k] / sqrt(length), 1e-5);
    }
    graph_program_free(g);
    /* Straight below, every pan is right. */
    g = make(&s, "args:pattern_args x:scalar{'value':0} m:look_at_position end:apply_position",
             "args.s>m.selection x.out>m.x x.out>m.y x.out>m.z m.pan>end.pan m.tilt>end.tilt", "s:selection='all'");
    CHECK(isnan(at(&s, g, 0, 0, 0)));
    CHECK_NEAR(at(&s, g, 1, 0, 0), 0, 1e-6);
    graph_program_free(g);
    small_clear(&s);
}

TEST(an_orbit_stands_upright_until_it_is_tilted)
{
    struct small s;

    small_init(&s, 1);
    struct graph_program *g = make(&s, "c:beat_clock m:orbit{'radius_x':3,'radius_z':2,'center_y':1,'center_z':4,'tilt_deg':90} end:apply_position",
                                   "c.grid_out>m.grid m.x>end.pan m.y>end.tilt", "s:selection='all'");
    CHECK_NEAR(at(&s, g, 0, 0, 0), 3, 1e-5);
    CHECK_NEAR(at(&s, g, 1, 0, 30), 3, 1e-5);           /* 1 + 2: it lies */
    graph_program_free(g);
    g = make(&s, "c:beat_clock m:orbit{'radius_x':3,'radius_z':2,'center_y':1,'center_z':4} end:apply_position",
             "c.grid_out>m.grid m.y>end.pan m.z>end.tilt", "s:selection='all'");
    CHECK_NEAR(at(&s, g, 0, 0, 30), 1, 1e-5);
    CHECK_NEAR(at(&s, g, 1, 0, 30), 6, 1e-5);
    graph_program_free(g);
    small_clear(&s);
}

TEST(random_points_change_with_the_trigger_and_only_then)
{
    struct small s;

    small_init(&s, 1);
    struct graph_program *g = make(&s, "c:beat_clock b:ramp f:round m:random_position{'min_x':-2,'max_x':5} end:apply_position",
                                   "c.grid_out>b.grid b.out>f.in f.out>m.trigger m.x>end.pan m.z>end.tilt", "s:selection='all'");
    float last = at(&s, g, 0, 0, 0);
    int changes = 0;
    for (uint32_t i = 1; i < SAMPLES; i++) {
        float x = at(&s, g, 0, 0, i);
        CHECK(x >= -2 && x <= 5);
        if (x != last) {
            changes++;
            CHECK_INT(i % 30, 0);
        }
        last = x;
    }
    CHECK_INT(changes, 19);
    graph_program_free(g);
    small_clear(&s);
}

TEST(movement_is_as_fast_as_a_head_and_no_faster)
{
    struct small s;

    small_init(&s, 1);
    struct graph_program *g = make(&s, "c:beat_clock q:step_sequencer{'steps':'0001','per_beat':1} r:remap{'in_min':0,'out_min':0,'out_max':90} "
                                   "m:smooth_movement{'pan_max_deg_per_s':180,'tilt_max_deg_per_s':60} end:apply_position",
                                   "c.grid_out>q.grid q.out>r.in r.out>m.pan_in r.out>m.tilt_in m.pan>end.pan m.tilt>end.tilt", "s:selection='all'");
    CHECK_NEAR(at(&s, g, 0, 0, 89), 0, 1e-4);
    CHECK_NEAR(at(&s, g, 0, 0, 99), 30, 1e-3);          /* 10 samples of 3 degrees */
    CHECK_NEAR(at(&s, g, 1, 0, 99), 10, 1e-3);
    CHECK_NEAR(at(&s, g, 0, 0, 119), 90, 1e-3);
    graph_program_free(g);
    small_clear(&s);
}

TEST(draws_have_the_count_asked_for_and_avoid_who_was_in)
{
    struct small s;
    float mask[2][8];

    small_init(&s, 8);
    struct graph_program *g = make(&s, "args:pattern_args c:beat_clock b:ramp f:round k:scalar{'value':3} m:random_select_mask end:apply_position",
                                   "args.s>m.selection c.grid_out>b.grid b.out>f.in f.out>m.trigger k.out>m.count m.out>end.pan", "s:selection='all'");
    for (uint32_t beat = 0; beat < 20; beat++) {
        float sum = 0, both = 0;
        for (uint32_t n = 0; n < 8; n++) {
            mask[beat % 2][n] = at(&s, g, 0, n, beat * 30 + 3);
            CHECK(mask[beat % 2][n] == at(&s, g, 0, n, beat * 30 + 29));
            sum += mask[beat % 2][n];
            both += beat ? mask[0][n] * mask[1][n] : 0;
        }
        CHECK_NEAR(sum, 3, 0);
        CHECK_NEAR(both, 0, 0);
    }
    graph_program_free(g);
    /* More than there are is all of them. */
    g = make(&s, "args:pattern_args c:beat_clock b:ramp f:round k:scalar{'value':99} m:random_select_mask end:apply_position",
             "args.s>m.selection c.grid_out>b.grid b.out>f.in f.out>m.trigger k.out>m.count m.out>end.pan", "s:selection='all'");
    for (uint32_t n = 0; n < 8; n++)
        CHECK_NEAR(at(&s, g, 0, n, 100), 1, 0);
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_group_local_selection_draws_in_each_group)
{
    struct small s;

    small_init(&s, 8);
    s.env.args = small_json("{'s':{'expression':'left|right','spatial_reference':'group_local'}}");
    struct graph_program *g = make(&s, "args:pattern_args c:beat_clock b:ramp f:round k:scalar{'value':1} m:random_select_mask end:apply_position",
                                   "args.s>m.selection c.grid_out>b.grid b.out>f.in f.out>m.trigger k.out>m.count m.out>end.pan", "s:selection='all'");
    for (uint32_t beat = 0; beat < 20; beat++)
        for (uint32_t first = 0; first < 8; first += 4) {
            float sum = 0;
            for (uint32_t n = first; n < first + 4; n++)
                sum += at(&s, g, 0, n, beat * 30 + 3);
            CHECK_NEAR(sum, 1, 0);
        }
    graph_program_free(g);
    json_decref((json_t *)s.env.args);
    small_clear(&s);
}

TEST(noise_is_smooth_bounded_and_fills_its_range)
{
    struct small s;

    small_init(&s, 2);
    struct graph_program *g = make(&s, "args:pattern_args i:get_attribute m:noise{'octaves':3,'amplitude':2,'offset':-1,'scale':2} end:apply_position",
                                   "args.s>i.selection i.out>m.x m.out>end.pan", "s:selection='all'");
    float low = INFINITY, high = -INFINITY, last = NAN, differ = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        float x = at(&s, g, 0, 0, i);
        low = fminf(low, x), high = fmaxf(high, x);
        if (i)
            CHECK(fabsf(x - last) < 0.6f);
        last = x;
        differ = fmaxf(differ, fabsf(x - at(&s, g, 0, 1, i)));
    }
    CHECK(low >= -1 && high <= 1 && high - low > 0.8f);
    CHECK(differ > 0.2f);
    graph_program_free(g);
    g = make(&s, "t:scalar{'value':1e6} q:math{'operation':'multiply'} r:math{'operation':'multiply'} m:noise end:apply_position",
             "t.out>q.a t.out>q.b q.out>r.a q.out>r.b r.out>m.time r.out>m.x m.out>end.pan", "s:selection='all'");     /* 1e24 */
    CHECK(isfinite(at(&s, g, 0, 0, 0)));
    graph_program_free(g);
    small_clear(&s);
}

TEST(a_held_sample_is_that_of_the_last_rise)
{
    struct small s;

    small_init(&s, 1);
    struct graph_program *g = make(&s, "c:beat_clock b:ramp q:step_sequencer{'steps':'0100','per_beat':1} h:sample_hold end:apply_position",
                                   "c.grid_out>b.grid c.grid_out>q.grid b.out>h.in q.out>h.trigger h.out>end.pan", "s:selection='all'");
    CHECK_NEAR(at(&s, g, 0, 0, 29), 0, 1e-5);
    CHECK_NEAR(at(&s, g, 0, 0, 30), 1, 1e-5);
    CHECK_NEAR(at(&s, g, 0, 0, 149), 1, 1e-5);
    CHECK_NEAR(at(&s, g, 0, 0, 150), 5, 1e-5);
    CHECK_NEAR(at(&s, g, 0, 0, SAMPLES - 1), 17, 1e-5);
    graph_program_free(g);
    small_clear(&s);
}

