/* The wire read back, class by class: within 2/255 of intensity and light and one step of a position's bytes. test_qlcplus_decode.c has the library. */
#include "back.h"

#include "../../tap.h"

#define CH(n, name) "<Channel Number=\"" #n "\">" name "</Channel>"
#define PRESET(name, preset) "<Channel Name=\"" name "\" Preset=\"" preset "\"/>"
#define RGB PRESET("R", "IntensityRed") PRESET("G", "IntensityGreen") PRESET("B", "IntensityBlue")
#define DIM16 PRESET("D", "IntensityDimmer") PRESET("d", "IntensityDimmerFine")
#define MODE(...) "<Mode Name=\"m\">" __VA_ARGS__ "</Mode>"
#define SHUTTER "<Channel Name=\"S\"><Group Byte=\"0\">Shutter</Group><Capability Min=\"0\" Max=\"9\" Preset=\"ShutterClose\">Closed</Capability>" \
                "<Capability Min=\"10\" Max=\"19\" Preset=\"ShutterOpen\">Open</Capability><Capability Min=\"20\" Max=\"255\" " \
                "Preset=\"StrobeFreqRange\" Res1=\"1\" Res2=\"20\">Strobe</Capability></Channel>"
#define WHEEL "<Channel Name=\"C\"><Group Byte=\"0\">Colour</Group><Capability Min=\"0\" Max=\"9\" Preset=\"ColorMacro\" Res1=\"#ffffff\">White</Capability>" \
              "<Capability Min=\"10\" Max=\"19\" Preset=\"ColorMacro\" Res1=\"#ff0000\">Red</Capability>" \
              "<Capability Min=\"20\" Max=\"29\" Preset=\"ColorMacro\" Res1=\"#0000ff\">Blue</Capability></Channel>"
#define TWO_HEADS "<Head><Channel>1</Channel><Channel>2</Channel><Channel>3</Channel></Head>" \
                  "<Head><Channel>4</Channel><Channel>5</Channel><Channel>6</Channel></Head>"

/* --- classes --- */

static const struct { const char *name, *body; enum white_mode white; enum dimmer_curve curve; double min, max; } lights[] = {
    { "rgb", RGB MODE(CH(0, "R") CH(1, "G") CH(2, "B")), 0, 0, 0, 1 },
    { "dimmer and rgb", PRESET("D", "IntensityDimmer") RGB MODE(CH(0, "D") CH(1, "R") CH(2, "G") CH(3, "B")), 0, 0, 0, 1 },
    { "limits", PRESET("D", "IntensityDimmer") RGB MODE(CH(0, "D") CH(1, "R") CH(2, "G") CH(3, "B")), 0, 0, .25, .75 },
    { "16 bit, square", DIM16 RGB MODE(CH(0, "D") CH(1, "d") CH(2, "R") CH(3, "G") CH(4, "B")), 0, CURVE_SQUARE, 0, 1 },
    { "16 bit, s, limits", DIM16 RGB MODE(CH(0, "D") CH(1, "d") CH(2, "R") CH(3, "G") CH(4, "B")), 0, CURVE_S, .1, .9 },
    { "16 bit colours", RGB PRESET("r", "IntensityRedFine") PRESET("g", "IntensityGreenFine") PRESET("b", "IntensityBlueFine")
      MODE(CH(0, "R") CH(1, "r") CH(2, "G") CH(3, "g") CH(4, "B") CH(5, "b")), 0, 0, 0, 1 },
    { "rgbw bright", RGB PRESET("W", "IntensityWhite") MODE(CH(0, "R") CH(1, "G") CH(2, "B") CH(3, "W")), WHITE_BRIGHT, 0, 0, 1 },
    { "rgbw extract", RGB PRESET("W", "IntensityWhite") MODE(CH(0, "R") CH(1, "G") CH(2, "B") CH(3, "W")), WHITE_EXTRACT, 0, 0, 1 },
    { "rgbw add", RGB PRESET("W", "IntensityWhite") MODE(CH(0, "R") CH(1, "G") CH(2, "B") CH(3, "W")), WHITE_ADD, 0, 0, 1 },
    { "rgbw off", RGB PRESET("W", "IntensityWhite") MODE(CH(0, "R") CH(1, "G") CH(2, "B") CH(3, "W")), WHITE_OFF, 0, 0, 1 },
    { "dimmer and rgbwauv", PRESET("D", "IntensityDimmer") RGB PRESET("W", "IntensityWhite") PRESET("A", "IntensityAmber") PRESET("U", "IntensityUV")
      MODE(CH(0, "D") CH(1, "R") CH(2, "G") CH(3, "B") CH(4, "W") CH(5, "A") CH(6, "U")), 0, 0, 0, 1 },
    { "rgb, lime and amber", RGB PRESET("L", "IntensityLime") PRESET("A", "IntensityAmber")
      MODE(CH(0, "R") CH(1, "G") CH(2, "B") CH(3, "L") CH(4, "A")), WHITE_EXTRACT, 0, 0, 1 },
    { "dimmer and cmy", PRESET("D", "IntensityDimmer") PRESET("C", "IntensityCyan") PRESET("M", "IntensityMagenta") PRESET("Y", "IntensityYellow")
      MODE(CH(0, "C") CH(1, "M") CH(2, "Y") CH(3, "D")), 0, 0, 0, 1 },
    { "cmy", PRESET("C", "IntensityCyan") PRESET("M", "IntensityMagenta") PRESET("Y", "IntensityYellow") MODE(CH(0, "C") CH(1, "M") CH(2, "Y")), 0, 0, 0, 1 },
    { "hsv, 16 bit", PRESET("H", "IntensityHue") PRESET("h", "IntensityHueFine") PRESET("S", "IntensitySaturation") PRESET("V", "IntensityValue")
      MODE(CH(0, "H") CH(1, "h") CH(2, "S") CH(3, "V")), 0, 0, 0, 1 },
    { "hsl, 16 bit", PRESET("H", "IntensityHue") PRESET("h", "IntensityHueFine") PRESET("S", "IntensitySaturation") PRESET("L", "IntensityLightness")
      MODE(CH(0, "H") CH(1, "h") CH(2, "S") CH(3, "L")), 0, 0, 0, 1 },
    { "master and dimmer", PRESET("M", "IntensityMasterDimmer") PRESET("D", "IntensityDimmer") RGB
      MODE(CH(0, "M") CH(1, "D") CH(2, "R") CH(3, "G") CH(4, "B")), 0, 0, 0, 1 },
    { "shutter beside colours", SHUTTER RGB MODE(CH(0, "S") CH(1, "R") CH(2, "G") CH(3, "B")), 0, 0, 0, 1 },
};

TEST(light_comes_back)
{
    for (size_t i = 0; i < sizeof lights / sizeof *lights; i++) {
        struct patch_fixture_row o = { .white = lights[i].white, .curve = lights[i].curve, .dimmer_min = lights[i].min, .dimmer_max = lights[i].max };
        struct rig g;
        float worst = 0, worst_level = 0, most = 2 * step;
        CHECK(rig_open_xml(&g, lights[i].body, &o));
        start(&g);
        for (size_t h = 0; h < HUES; h++)
            for (size_t l = 0; l < LEVELS; l++) {
                rig_set(&g, 0, hues[h][0], hues[h][1], hues[h][2], levels[l]);
                there_and_back(&g);
                worst = fmaxf(worst, light_off(&g, 0));
                worst_level = fmaxf(worst_level, level_off(&g, 0));
                if (levels[l] > 0 && !same(fmaxf(back->r[0], fmaxf(back->g[0], back->b[0])), 1, 1e-3f))
                    worst = 1;          /* a hue is a hue */
            }
        if (worst > most || worst_level > most)
            printf("# %s: light is off by %.2f/255, intensity by %.2f/255\n", lights[i].name, worst * 255, worst_level * 255);
        CHECK(worst <= most);
        CHECK(worst_level <= most);
        stop(&g);
    }
}

TEST(generic_dimmers_are_levels)
{
    struct rig g;
    struct patch_fixture_row r = rig_row(definition_generic_dimmer(), "3 Channels", 2, 10);

    CHECK(rig_open(&g, &r, 1));
    start(&g);
    rig_set(&g, 0, 1, 1, 1, 1), rig_set(&g, 1, 1, 1, 1, .3f);
    there_and_back(&g);
    CHECK(same(back->intensity[0], 1, 0) && same(back->intensity[1], .3f, step) && back->intensity[2] == 0);
    CHECK(back->r[0] == 1 && back->g[0] == 1 && back->b[0] == 1);
    CHECK(back->pan[0] == 0 && back->tilt[0] == 0 && back->speed[0] == 1);
    stop(&g);
}

TEST(heads_that_share_a_dimmer)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("D", "IntensityMasterDimmer") RGB MODE(CH(0, "D") CH(1, "R") CH(2, "G") CH(3, "B") CH(4, "R") CH(5, "G") CH(6, "B")
                       TWO_HEADS), NULL));
    start(&g);
    for (size_t h = 0; h < HUES; h++)
        for (size_t l = 0; l < LEVELS; l++) {
            rig_set(&g, 0, hues[h][0], hues[h][1], hues[h][2], levels[l]);
            rig_set(&g, 1, hues[HUES - 1 - h][0], hues[HUES - 1 - h][1], hues[HUES - 1 - h][2], levels[(l + 2) % LEVELS]);
            there_and_back(&g);
            CHECK(light_off(&g, 0) <= 2 * step && light_off(&g, 1) <= 2 * step);
            CHECK(level_off(&g, 0) <= 2 * step && level_off(&g, 1) <= 2 * step);
        }
    stop(&g);
}

TEST(dimmers_below_a_master)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("M", "IntensityMasterDimmer") PRESET("D", "IntensityDimmer") MODE(CH(0, "M") CH(1, "D") CH(2, "D")
                       "<Head><Channel>1</Channel></Head><Head><Channel>2</Channel></Head>"), NULL));
    start(&g);
    rig_set(&g, 0, 1, 1, 1, .8f), rig_set(&g, 1, 1, 1, 1, .4f);
    there_and_back(&g);
    CHECK_INT(g.universes->u[0].slots[2], 128);         /* half of the master's .8 */
    CHECK(level_off(&g, 0) <= step && level_off(&g, 1) <= step);
    stop(&g);
}

TEST(heads_that_share_their_colours_read_the_one_there_is)
{
    struct rig g;
    struct frame *f;

    CHECK(rig_open_xml(&g, PRESET("D", "IntensityDimmer") RGB MODE(CH(0, "D") CH(1, "D") CH(2, "R") CH(3, "G") CH(4, "B")
                       "<Head><Channel>0</Channel></Head><Head><Channel>1</Channel></Head>"), NULL));
    start(&g), f = back;
    rig_set(&g, 0, 1, 0, 0, .8f), rig_set(&g, 1, 0, 0, 1, .4f);
    there_and_back(&g);
    CHECK(same(f->intensity[0], .8f, step) && same(f->intensity[1], .4f, step));
    CHECK(f->r[0] == 1 && same(f->b[0], .5f, step) && f->r[1] == 1 && same(f->b[1], .5f, step));
    stop(&g);
}

TEST(positions_come_back)
{
    static const struct { const char *body; double step; } rows[] = {
        { PRESET("P", "PositionPan") PRESET("T", "PositionTilt") MODE(CH(0, "P") CH(1, "T")), 540.0 / 255 },
        { PRESET("P", "PositionPan") PRESET("p", "PositionPanFine") PRESET("T", "PositionTilt") PRESET("t", "PositionTiltFine")
          MODE(CH(0, "P") CH(1, "p") CH(2, "T") CH(3, "t")), 540.0 / 65535 },
    };

    for (int i = 0; i < 2 * 8; i++) {
        struct patch_fixture_row o = { .invert_pan = i & 1, .invert_tilt = i >> 1 & 1, .swap_pan_tilt = i >> 2 & 1, .dimmer_max = 1 };
        struct rig g;
        CHECK(rig_open_xml(&g, rows[i / 8].body, &o));
        start(&g);
        for (int deg = -130; deg <= 130; deg += 13) {
            g.frame->pan[0] = (float)deg, g.frame->tilt[0] = (float)-deg / 2;
            there_and_back(&g);
            CHECK_NEAR(back->pan[0], deg, rows[i / 8].step);
            CHECK_NEAR(back->tilt[0], -deg / 2.0, rows[i / 8].step);
        }
        g.frame->pan[0] = g.frame->tilt[0] = NAN;      /* held */
        there_and_back(&g);
        CHECK_NEAR(back->pan[0], 130, rows[i / 8].step);
        stop(&g);
    }
}

TEST(a_turn_is_kept)
{
    struct rig g;
    float last[2];

    CHECK(rig_open_xml(&g, PRESET("P", "PositionPan") PRESET("p", "PositionPanFine") MODE(CH(0, "P") CH(1, "p")), NULL));
    start(&g);
    for (int deg = 0; deg <= 250; deg += 10) {
        g.frame->pan[0] = (float)deg;
        there_and_back(&g);
    }
    program_last_position(g.state, last, last + 1);
    CHECK_NEAR(last[0], 250, .01);
    CHECK_NEAR(back->pan[0], 250, .01);
    stop(&g);
}

TEST(shutters_and_strobes)
{
    struct rig g;

    CHECK(rig_open_xml(&g, SHUTTER RGB MODE(CH(0, "S") CH(1, "R") CH(2, "G") CH(3, "B")), NULL));
    start(&g);
    rig_set(&g, 0, 1, .5f, 0, 1);
    for (int s = 0; s <= 10; s++) {
        g.frame->strobe[0] = (float)s / 10;
        there_and_back(&g);
        CHECK(same(back->strobe[0], (float)s / 10, 2 * step) && level_off(&g, 0) <= step);
    }
    CHECK(g.universes->u[0].slots[0] > 19);
    g.frame->intensity[0] = 0;
    there_and_back(&g);
    CHECK(back->intensity[0] == 0 && back->strobe[0] == 0);
    g.universes->u[0].slots[1] = 255;           /* colours up behind a closed shutter */
    program_decode(g.program, g.universes, back);
    CHECK(back->intensity[0] == 0);
    g.universes->u[0].slots[0] = 20;            /* the slowest strobe is one */
    program_decode(g.program, g.universes, back);
    CHECK(back->intensity[0] == 1 && same(back->strobe[0], step, 0));
    stop(&g);
}

TEST(a_shutter_alone_is_on_or_off)
{
    struct rig g;

    CHECK(rig_open_xml(&g, SHUTTER MODE(CH(0, "S")), NULL));
    start(&g);
    rig_set(&g, 0, 1, 1, 1, .49f);
    there_and_back(&g);
    CHECK(back->intensity[0] == 0);
    g.frame->intensity[0] = .5f;
    there_and_back(&g);
    CHECK(back->intensity[0] == 1);
    stop(&g);
}

TEST(a_strobe_in_the_dimmer_is_full)
{
    struct rig g;

    CHECK(rig_open_xml(&g, "<Channel Name=\"D\"><Group Byte=\"0\">Intensity</Group><Capability Min=\"0\" Max=\"189\">Dimmer 0-100%</Capability>"
                       "<Capability Min=\"190\" Max=\"255\" Preset=\"StrobeSlowToFast\">Strobe slow to fast</Capability></Channel>" MODE(CH(0, "D")), NULL));
    start(&g);
    rig_set(&g, 0, 1, 1, 1, .7f);
    there_and_back(&g);
    CHECK(same(back->intensity[0], .7f, 1.f / 189) && back->strobe[0] == 0);
    g.frame->strobe[0] = .5f;
    there_and_back(&g);
    CHECK(back->intensity[0] == 1 && same(back->strobe[0], .5f, 1.f / 65));
    stop(&g);
}

TEST(a_wheel_shows_its_slot)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("D", "IntensityDimmer") WHEEL MODE(CH(0, "D") CH(1, "C")), NULL));
    start(&g);
    rig_set(&g, 0, 1, .1f, .1f, .5f);
    there_and_back(&g);
    CHECK(back->r[0] == 1 && back->g[0] == 0 && back->b[0] == 0 && same(back->intensity[0], .5f, step));
    rig_set(&g, 0, .1f, 0, 1, .5f);
    there_and_back(&g);
    CHECK(back->r[0] == 0 && back->g[0] == 0 && back->b[0] == 1);
    rig_set(&g, 0, 1, 1, 1, 0);
    there_and_back(&g);
    CHECK(back->r[0] == 1 && back->g[0] == 1 && back->b[0] == 1 && back->intensity[0] == 0);
    stop(&g);
}

TEST(emitters_without_all_primaries_show_what_they_are)
{
    static const struct { const char *body; float want[3]; } rows[] = {
        { PRESET("W", "IntensityWhite") MODE(CH(0, "W")), { 1, 1, 1 } },
        { PRESET("A", "IntensityAmber") MODE(CH(0, "A")), { 1, .6f, 0 } },
        { PRESET("U", "IntensityUV") MODE(CH(0, "U")), { .5f, 0, 1 } },
    };

    for (size_t i = 0; i < 3; i++) {
        struct rig g;
        CHECK(rig_open_xml(&g, rows[i].body, NULL));
        start(&g);
        rig_set(&g, 0, .2f, 1, .3f, .6f);
        there_and_back(&g);
        CHECK(same(back->intensity[0], .6f, step));
        CHECK(same(back->r[0], rows[i].want[0], step) && same(back->g[0], rows[i].want[1], step) && same(back->b[0], rows[i].want[2], step));
        stop(&g);
    }
}

TEST(the_wheel_that_is_turned_counts)
{
    static const char other[] =
        "<Channel Name=\"E\" Default=\"4\"><Group Byte=\"0\">Colour</Group><Capability Min=\"0\" Max=\"9\" Preset=\"ColorMacro\" Res1=\"#ffffff\">White"
        "</Capability><Capability Min=\"10\" Max=\"19\" Preset=\"ColorMacro\" Res1=\"#00ff00\">Green</Capability></Channel>";
    char body[4096];
    struct rig g;

    snprintf(body, sizeof body, "%s%s", other, PRESET("D", "IntensityDimmer") WHEEL MODE(CH(0, "D") CH(1, "C") CH(2, "E")));
    CHECK(rig_open_xml(&g, body, NULL));
    start(&g);
    rig_set(&g, 0, 1, 0, 0, 1);
    there_and_back(&g);
    CHECK_INT(g.universes->u[0].slots[2], 4);   /* open, which is white's value as well */
    CHECK(back->r[0] == 1 && back->g[0] == 0 && back->b[0] == 0);
    rig_set(&g, 0, 0, 1, 0, 1);
    there_and_back(&g);
    CHECK(back->r[0] == 0 && back->g[0] == 1 && back->b[0] == 0);
    stop(&g);
}

/* Ultraviolet is never part of a colour, so nothing of the heads' own is left to see. */
TEST(mixed_colours_say_more_than_ultraviolet_beside_them)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("D", "IntensityDimmer") RGB PRESET("U", "IntensityUV")
                       MODE(CH(0, "D") CH(1, "R") CH(2, "G") CH(3, "B") CH(4, "U") CH(5, "U")
                            "<Head><Channel>4</Channel></Head><Head><Channel>5</Channel></Head>"), NULL));
    start(&g);
    rig_set(&g, 0, 0, 1, 0, .5f), rig_set(&g, 1, 0, 1, 0, .25f);
    there_and_back(&g);
    for (size_t i = 0; i < 2; i++) {
        CHECK(back->r[i] == 0 && back->g[i] == 1 && back->b[i] == 0);
        CHECK_NEAR(back->intensity[i], .5, 2 * step);
    }
    CHECK_INT(g.universes->u[0].slots[4], 0);
    stop(&g);
}

TEST(a_dark_head_does_not_strobe_with_its_neighbour)
{
    struct rig g;

    CHECK(rig_open_xml(&g, SHUTTER RGB MODE(CH(0, "S") CH(1, "R") CH(2, "G") CH(3, "B") CH(4, "R") CH(5, "G") CH(6, "B") TWO_HEADS), NULL));
    start(&g);
    rig_set(&g, 0, 1, 1, 1, 1), rig_set(&g, 1, 1, 1, 1, 0);
    g.frame->strobe[0] = .5f;
    there_and_back(&g);
    CHECK(same(back->strobe[0], .5f, 2 * step) && back->intensity[0] == 1);
    CHECK(back->strobe[1] == 0 && back->intensity[1] == 0);
    stop(&g);
}

TEST(a_dimmer_that_runs_backwards)
{
    struct rig g;

    CHECK(rig_open_xml(&g, "<Channel Name=\"D\"><Group Byte=\"0\">Intensity</Group><Capability Min=\"0\" Max=\"255\">Dimmer 100-0%</Capability></Channel>"
                       "<Channel Name=\"D fine\"><Group Byte=\"1\">Intensity</Group></Channel>" MODE(CH(0, "D") CH(1, "D fine")), NULL));
    start(&g);
    for (int i = 0; i <= 16; i++) {
        rig_set(&g, 0, 1, 1, 1, (float)i / 16);
        there_and_back(&g);
        CHECK_NEAR(back->intensity[0], i / 16.0, 1e-4);
    }
    CHECK_INT(g.universes->u[0].slots[0], 0);
    stop(&g);
}

TEST(warm_and_cold_white_are_a_line_between_two_colours)
{
    static const float want[][3] = { { 1, 1, 1 }, { 1, .9375f, .8625f }, { 1, .875f, .725f }, { 1, .8f, .56f }, { 1, .75f, .45f } };
    struct rig g;

    CHECK(rig_open_xml(&g, "<Channel Name=\"Warm White\"><Group Byte=\"0\">Intensity</Group><Colour>White</Colour></Channel>"
                       "<Channel Name=\"Cold White\"><Group Byte=\"0\">Intensity</Group><Colour>White</Colour></Channel>"
                       MODE(CH(0, "Warm White") CH(1, "Cold White")), NULL));
    start(&g);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        rig_set(&g, 0, want[i][0], want[i][1], want[i][2], .8f);
        there_and_back(&g);
        CHECK(level_off(&g, 0) <= step && light_off(&g, 0) <= 2 * step);
    }
    stop(&g);
}

TEST(a_dark_head_keeps_the_last_hue)
{
    struct rig g;

    CHECK(rig_open_xml(&g, RGB MODE(CH(0, "R") CH(1, "G") CH(2, "B")), NULL));
    start(&g);
    there_and_back(&g);
    CHECK(back->r[0] == 1 && back->g[0] == 1 && back->b[0] == 1);       /* never lit: white */
    rig_set(&g, 0, 0, 1, 0, 1);
    there_and_back(&g);
    g.frame->intensity[0] = 0;
    there_and_back(&g);
    CHECK(back->intensity[0] == 0 && back->r[0] == 0 && back->g[0] == 1 && back->b[0] == 0);
    stop(&g);
}

TEST(speed_and_what_is_not_there)
{
    struct rig g;
    struct frame *other = frame_new(7);

    CHECK(rig_open_xml(&g, PRESET("P", "PositionPan") PRESET("V", "SpeedPanTiltSlowFast") MODE(CH(0, "P") CH(1, "V")), NULL));
    start(&g);
    there_and_back(&g);
    CHECK(back->speed[0] == 1 && back->intensity[0] == 0);      /* nothing of its light is known */
    g.frame->speed[0] = 0;
    there_and_back(&g);
    CHECK(back->speed[0] == 0);
    other->intensity[0] = .5f;
    program_decode(g.program, g.universes, other);              /* of another patch */
    CHECK(other->intensity[0] == .5f);
    frame_free(other);
    stop(&g);
}
