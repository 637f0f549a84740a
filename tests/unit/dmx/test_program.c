/* Intensity, colour and position through a channel program: the bytes light-model 6 asks for. */
#include "rig.h"
#include "../../tap.h"

#define CH(n, name) "<Channel Number=\"" #n "\">" name "</Channel>"
#define PRESET(name, preset) "<Channel Name=\"" name "\" Preset=\"" preset "\"/>"
#define RGB PRESET("R", "IntensityRed") PRESET("G", "IntensityGreen") PRESET("B", "IntensityBlue")

static bool bytes_are(const uint8_t *got, const int *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (want[i] >= 0 && got[i] != want[i]) {
            printf("# slot %zu is %d, want %d\n", i + 1, got[i], want[i]);
            return false;
        }
    return true;
}
#define BYTES(g, ...) bytes_are(rig_run(g), (const int[]){ __VA_ARGS__ }, sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

TEST(generic_dimmer_has_a_head_per_channel)
{
    struct rig g;
    struct patch_fixture_row r = rig_row(definition_generic_dimmer(), "3 Channels", 1, 10);

    CHECK(rig_open(&g, &r, 1));
    CHECK_INT(g.patch->n_heads, 3);
    rig_set(&g, 0, 1, 1, 1, 1);
    rig_set(&g, 1, 1, 0, 0, .5f);               /* a dimmer knows no colour */
    const uint8_t *s = rig_run(&g);
    CHECK_INT(s[8], 0);
    CHECK_INT(s[9], 255);
    CHECK_INT(s[10], 128);                      /* rounded, not cut */
    CHECK_INT(s[11], 0);
    CHECK_INT(s[12], 0);
    CHECK(!program_warnings(g.program)[0]);
    rig_close(&g);
}

TEST(rgb_without_dimmer_is_dimmed_in_its_colours)
{
    struct rig g;

    CHECK(rig_open_xml(&g, RGB "<Mode Name=\"m\">" CH(0, "R") CH(1, "G") CH(2, "B") "</Mode>", NULL));
    rig_set(&g, 0, 1, .5f, 0, 1);
    CHECK(BYTES(&g, 255, 128, 0));
    rig_set(&g, 0, 1, .5f, 0, .5f);
    CHECK(BYTES(&g, 128, 64, 0));
    rig_set(&g, 0, 1, 1, 1, 0);
    CHECK(BYTES(&g, 0, 0, 0));
    rig_close(&g);
}

TEST(a_dimmer_gets_intensity_and_colours_the_hue)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("D", "IntensityDimmer") RGB "<Mode Name=\"m\">" CH(0, "D") CH(1, "R") CH(2, "G") CH(3, "B") "</Mode>", NULL));
    rig_set(&g, 0, 0, 1, .2f, .25f);
    CHECK(BYTES(&g, 64, 0, 255, 51));
    rig_set(&g, 0, 0, 1, .2f, 0);
    CHECK(BYTES(&g, 0, 0, 255, 51));
    rig_close(&g);
}

TEST(white_modes)
{
    static const struct { enum white_mode mode; int w, r, g, b; } rows[] = {
        { WHITE_BRIGHT, 85, 255, 85, 0 },       /* m = .25: w = 1/3, g = .5 * 4/3 - 1/3 */
        { WHITE_EXTRACT, 64, 191, 64, 0 },
        { WHITE_ADD, 64, 255, 128, 64 },
        { WHITE_OFF, 0, 255, 128, 64 },
    };

    for (size_t i = 0; i < 4; i++) {
        struct rig g;
        struct patch_fixture_row o = { .white = rows[i].mode, .dimmer_max = 1 };
        CHECK(rig_open_xml(&g, RGB PRESET("W", "IntensityWhite") "<Mode Name=\"m\">" CH(0, "R") CH(1, "G") CH(2, "B") CH(3, "W") "</Mode>", &o));
        rig_set(&g, 0, 1, .5f, .25f, 1);
        CHECK(BYTES(&g, rows[i].r, rows[i].g, rows[i].b, rows[i].w));
        rig_set(&g, 0, 1, 0, 0, 1);
        CHECK(BYTES(&g, 255, 0, 0, 0));         /* no white in a full colour, in any mode */
        rig_close(&g);
    }
}

TEST(amber_is_taken_out_of_the_rest_and_uv_stays_dark)
{
    struct rig g;

    CHECK(rig_open_xml(&g, RGB PRESET("A", "IntensityAmber") PRESET("UV", "IntensityUV")
                       "<Mode Name=\"m\">" CH(0, "R") CH(1, "G") CH(2, "B") CH(3, "A") CH(4, "UV") "</Mode>", NULL));
    rig_set(&g, 0, 1, .6f, 0, 1);
    CHECK(BYTES(&g, 0, 0, 0, 255, 0));
    rig_set(&g, 0, 0, 0, 1, 1);
    CHECK(BYTES(&g, 0, 0, 255, 0, 0));
    rig_set(&g, 0, 1, .3f, .5f, 1);
    CHECK(BYTES(&g, 128, 0, 128, 128, 0));
    rig_close(&g);
}

TEST(cmy_subtracts)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("C", "IntensityCyan") PRESET("M", "IntensityMagenta") PRESET("Y", "IntensityYellow") PRESET("D", "IntensityDimmer")
                       "<Mode Name=\"m\">" CH(0, "C") CH(1, "M") CH(2, "Y") CH(3, "D") "</Mode>", NULL));
    rig_set(&g, 0, 1, .2f, 0, .5f);
    CHECK(BYTES(&g, 0, 204, 255, 128));
    rig_set(&g, 0, 1, 1, 1, 0);
    CHECK(BYTES(&g, 0, 0, 0, 0));
    rig_close(&g);
}

TEST(hue_saturation_value)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("H", "IntensityHue") PRESET("S", "IntensitySaturation") PRESET("V", "IntensityValue")
                       "<Mode Name=\"m\">" CH(0, "H") CH(1, "S") CH(2, "V") "</Mode>", NULL));
    rig_set(&g, 0, 0, 1, 0, .5f);
    CHECK(BYTES(&g, 85, 255, 128));
    rig_set(&g, 0, 1, .5f, .5f, 1);
    CHECK(BYTES(&g, 0, 128, 255));
    rig_close(&g);
}

#define TWO_HEADS "<Head><Channel>1</Channel><Channel>2</Channel><Channel>3</Channel></Head>" \
                  "<Head><Channel>4</Channel><Channel>5</Channel><Channel>6</Channel></Head>"

TEST(heads_that_share_a_dimmer)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("D", "IntensityMasterDimmer") RGB "<Mode Name=\"m\">" CH(0, "D") CH(1, "R") CH(2, "G") CH(3, "B") CH(4, "R")
                       CH(5, "G") CH(6, "B") TWO_HEADS "</Mode>", NULL));
    CHECK_INT(g.patch->n_heads, 2);
    rig_set(&g, 0, 1, 0, 0, .8f);
    rig_set(&g, 1, 0, 1, 0, .4f);
    CHECK(BYTES(&g, 204, 255, 0, 0, 0, 128, 0));
    rig_set(&g, 0, 1, 0, 0, 0);
    rig_set(&g, 1, 0, 1, 0, 0);
    CHECK(BYTES(&g, 0, 0, 0, 0, 0, 0, 0));
    rig_close(&g);
}

TEST(master_and_head_dimmers)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("M", "IntensityMasterDimmer") PRESET("D", "IntensityDimmer") PRESET("R", "IntensityRed") PRESET("G", "IntensityGreen")
                       "<Mode Name=\"m\">" CH(0, "M") CH(1, "D") CH(2, "R") CH(3, "G") CH(4, "D") CH(5, "R") CH(6, "G") TWO_HEADS "</Mode>", NULL));
    rig_set(&g, 0, 1, 0, 0, .8f);
    rig_set(&g, 1, 0, 1, 0, .4f);
    CHECK(BYTES(&g, 204, 255, 255, 0, 128, 0, 255));
    rig_set(&g, 0, 1, 0, 0, 0);
    rig_set(&g, 1, 0, 1, 0, 0);
    CHECK(BYTES(&g, 0, 0, -1, -1, 0, -1, -1));
    rig_close(&g);
}

TEST(sixteen_bits_pair_by_preset_not_by_place)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("Df", "IntensityDimmerFine") RGB PRESET("D", "IntensityDimmer") PRESET("Gf", "IntensityGreenFine")
                       "<Mode Name=\"m\">" CH(0, "Df") CH(1, "R") CH(2, "G") CH(3, "B") CH(4, "D") CH(5, "Gf") "</Mode>", NULL));
    rig_set(&g, 0, 1, .5f, 0, .25f);
    CHECK(BYTES(&g, 0, 255, 128, 0, 64, 0));    /* .25 * 65535 = 0x4000, .5 = 0x8000 */
    rig_set(&g, 0, 1, 1, 1, 1);
    CHECK(BYTES(&g, 255, 255, 255, 255, 255, 255));
    for (int i = 0, last = -1; i <= 1000; i++) {
        rig_set(&g, 0, 1, 1, 1, (float)i / 1000);
        const uint8_t *s = rig_run(&g);
        CHECK(s[4] * 256 + s[0] > last);
        last = s[4] * 256 + s[0];
    }
    rig_close(&g);
}

TEST(fine_bytes_stay_in_their_head)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("D", "IntensityDimmer") PRESET("Df", "IntensityDimmerFine")
                       "<Mode Name=\"m\">" CH(0, "D") CH(1, "D") CH(2, "Df") CH(3, "Df")
                       "<Head><Channel>0</Channel><Channel>2</Channel></Head><Head><Channel>1</Channel><Channel>3</Channel></Head></Mode>", NULL));
    rig_set(&g, 0, 1, 1, 1, 1);
    rig_set(&g, 1, 1, 1, 1, 0);
    CHECK(BYTES(&g, 255, 0, 255, 0));           /* by place, slot 3 would belong to slot 2's neighbour */
    rig_close(&g);
}

TEST(fine_bytes_without_coarse_ones)
{
    struct rig g;

    CHECK(rig_open_xml(&g, "<Channel Name=\"Red\"><Group Byte=\"1\">Intensity</Group><Colour>Red</Colour></Channel>"
                       PRESET("Blue fine", "IntensityBlueFine") "<Mode Name=\"m\">" CH(0, "Red") CH(1, "Blue fine") "</Mode>", NULL));
    rig_set(&g, 0, 1, 1, 1, 1);
    CHECK(BYTES(&g, 255, 0));                   /* the file's mistake, and a byte that means nothing alone */
    CHECK(strstr(program_warnings(g.program)[0], "Blue fine has no coarse channel"));
    rig_close(&g);
}

TEST(curves_and_limits)
{
    struct rig g;
    struct patch_fixture_row o = { .curve = CURVE_SQUARE, .dimmer_min = .2, .dimmer_max = .8 };

    CHECK(rig_open_xml(&g, PRESET("D", "IntensityDimmer") "<Mode Name=\"m\">" CH(0, "D") "</Mode>", &o));
    rig_set(&g, 0, 1, 1, 1, 0);
    CHECK(BYTES(&g, 0));                        /* dark is dark */
    rig_set(&g, 0, 1, 1, 1, .5f);
    CHECK(BYTES(&g, 89));                       /* .2 + .25 * .6 */
    rig_set(&g, 0, 1, 1, 1, 1);
    CHECK(BYTES(&g, 204));
    rig_close(&g);
    o = (struct patch_fixture_row){ .curve = CURVE_S, .dimmer_max = 1 };
    CHECK(rig_open_xml(&g, PRESET("D", "IntensityDimmer") "<Mode Name=\"m\">" CH(0, "D") "</Mode>", &o));
    rig_set(&g, 0, 1, 1, 1, .25f);
    CHECK(BYTES(&g, 40));                       /* 3 v^2 - 2 v^3 = .15625 */
    rig_close(&g);
}

#define MOVER PRESET("P", "PositionPan") PRESET("Pf", "PositionPanFine") PRESET("T", "PositionTilt") PRESET("D", "IntensityDimmer") \
    "<Mode Name=\"m\">" CH(0, "P") CH(1, "Pf") CH(2, "T") CH(3, "D") "</Mode>" \
    "<Physical><Focus Type=\"Head\" PanMax=\"540\" TiltMax=\"270\"/></Physical>"

TEST(positions_in_degrees_held_and_limited)
{
    struct rig g;
    float pan, tilt;

    CHECK(rig_open_xml(&g, MOVER, NULL));
    CHECK(BYTES(&g, 128, 0, 128, 0));           /* the middle before any position was set */
    g.frame->pan[0] = 135, g.frame->tilt[0] = -67.5f;
    CHECK(BYTES(&g, 191, 255, 64, 0));          /* 3/4 of 65535, 1/4 of 255 */
    g.frame->pan[0] = g.frame->tilt[0] = NAN;
    CHECK(BYTES(&g, 191, 255, 64, 0));
    program_last_position(g.state, &pan, &tilt);
    CHECK_NEAR(pan, 135, 1e-4);
    CHECK_NEAR(tilt, -67.5, 1e-4);
    g.frame->tilt[0] = 400, g.frame->speed[0] = 0;
    CHECK(BYTES(&g, 191, 255, 64, 0));          /* frozen */
    g.frame->speed[0] = 1;
    CHECK(BYTES(&g, 191, 255, 255, 0));
    rig_close(&g);
}

TEST(pan_takes_the_shortest_way_over_180)
{
    struct rig g;
    float pan, tilt, last = 0;

    CHECK(rig_open_xml(&g, MOVER, NULL));
    for (int i = 0; i <= 250; i += 5) {         /* -180..180 as atan2 gives it, turning on past 180 */
        float a = (float)i;
        g.frame->pan[0] = a > 180 ? a - 360 : a;
        rig_run(&g);
        program_last_position(g.state, &pan, &tilt);
        CHECK_NEAR(pan, i, 1e-3);
        CHECK(fabsf(pan - last) <= 5.001f);
        last = pan;
    }
    g.frame->pan[0] = -80;                      /* 280 is outside: the other way round */
    rig_run(&g);
    program_last_position(g.state, &pan, &tilt);
    CHECK_NEAR(pan, -80, 1e-3);
    rig_close(&g);
}

TEST(invert_and_swap)
{
    struct rig g;
    struct patch_fixture_row o = { .invert_pan = true, .dimmer_max = 1 };

    CHECK(rig_open_xml(&g, MOVER, &o));
    g.frame->pan[0] = 135, g.frame->tilt[0] = 0;
    CHECK(BYTES(&g, 64, 0, 128));
    rig_close(&g);
    o = (struct patch_fixture_row){ .swap_pan_tilt = true, .invert_tilt = true, .dimmer_max = 1 };
    CHECK(rig_open_xml(&g, MOVER, &o));
    g.frame->pan[0] = 67.5f, g.frame->tilt[0] = 135;
    CHECK(BYTES(&g, 191, 255, 64));             /* the pan channel has the tilt; pan on the inverted tilt channel */
    rig_close(&g);
}

TEST(a_new_program_keeps_positions)
{
    struct rig g;
    const struct definition *d = rig_parse(MOVER);
    struct patch_fixture_row rows[] = { rig_row(d, "m", 1, 20), rig_row(d, "m", 1, 40) };
    struct patch *patch;
    const struct program *p;
    float pan[3], tilt[3];

    CHECK(rig_open(&g, rows, 2));
    g.frame->pan[1] = 90;
    rig_run(&g);
    struct patch_fixture_row more[] = { rig_row(d, "m", 1, 1), rows[0], rows[1] };
    CHECK_INT(patch_new(more, 3, NULL, 0, &patch), LM_OK);
    CHECK_INT(program_new(patch, g.universes, &p), LM_OK);
    struct program_state *s = program_state_new(p, g.program, g.state);
    program_last_position(s, pan, tilt);
    CHECK_NEAR(pan[0], 0, 0);
    CHECK_NEAR(pan[1], 0, 0);
    CHECK_NEAR(pan[2], 90, 1e-4);
    program_state_free(s);
    program_free(p);
    patch_free(patch);
    rig_close(&g);
    definition_unref(d);
}

TEST(a_mode_without_slots_is_nothing)
{
    struct rig g;

    CHECK(rig_open_xml(&g, "<Mode Name=\"m\"/>", NULL));
    CHECK_INT(g.patch->n_heads, 1);
    CHECK(BYTES(&g, 0, 0));
    rig_close(&g);
}

TEST(broken_numbers_are_dark_and_hold)
{
    struct rig g;

    CHECK(rig_open_xml(&g, MOVER, NULL));
    g.frame->intensity[0] = NAN, g.frame->pan[0] = INFINITY, g.frame->strobe[0] = NAN;
    CHECK(BYTES(&g, 128, 0, 128, 0));
    g.frame->intensity[0] = 7, g.frame->pan[0] = 1e30f, g.frame->tilt[0] = -1e30f;
    CHECK(BYTES(&g, -1, -1, 0, 255));
    rig_close(&g);
}
