/* Shutters, strobes, wheels, speeds and channels that stay where the file puts them. */
#include "rig.h"

#include "../../tap.h"

#define CH(n, name) "<Channel Number=\"" #n "\">" name "</Channel>"
#define PRESET(name, preset) "<Channel Name=\"" name "\" Preset=\"" preset "\"/>"
#define GROUP(name, group, caps) "<Channel Name=\"" name "\"><Group Byte=\"0\">" group "</Group>" caps "</Channel>"
#define CAP(min, max, preset, text) "<Capability Min=\"" #min "\" Max=\"" #max "\" Preset=\"" preset "\">" text "</Capability>"
#define HZ(min, max, res1, res2, text) \
    "<Capability Min=\"" #min "\" Max=\"" #max "\" Preset=\"StrobeFreqRange\" Res1=\"" res1 "\" Res2=\"" res2 "\">" text "</Capability>"
#define TEXT(min, max, text) "<Capability Min=\"" #min "\" Max=\"" #max "\">" text "</Capability>"
#define COLOR(min, max, rgb) "<Capability Min=\"" #min "\" Max=\"" #max "\" Preset=\"ColorMacro\" Res1=\"" rgb "\">x</Capability>"
#define DIMMER PRESET("D", "IntensityDimmer")
#define MODE_1 "<Mode Name=\"m\">" CH(0, "S") "</Mode>"
#define MODE_2 "<Mode Name=\"m\">" CH(0, "S") CH(1, "D") "</Mode>"

static int slot(struct rig *g, size_t at, float intensity, float strobe)
{
    g->frame->intensity[0] = intensity, g->frame->strobe[0] = strobe;
    return rig_run(g)[at];
}

TEST(open_is_the_middle_of_an_open_range_where_the_dimmer_works)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", CAP(0, 31, "ShutterClose", "closed") CAP(32, 63, "ShutterOpen", "Dimmer")
                                 CAP(64, 95, "StrobeSlowToFast", "Strobe (slow to fast)") CAP(96, 127, "ShutterOpen", "Shutter open")
                                 CAP(128, 159, "PulseSlowToFast", "Pulse") CAP(192, 223, "StrobeRandomSlowToFast", "Random")
                                 CAP(224, 255, "ShutterOpen", "Shutter open")) DIMMER MODE_2, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 47);
    CHECK_INT(slot(&g, 0, 0, 0), 47);                   /* dark by the dimmer, not by accident */
    CHECK_INT(slot(&g, 0, 1, 1), 95);
    CHECK_INT(slot(&g, 0, 1, 1e-6f), 64);
    CHECK_INT(slot(&g, 1, .5f, 1), 128);
    CHECK_INT(slot(&g, 0, 0, 1), 47);                   /* a dark head does not strobe */
    rig_close(&g);

    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", CAP(0, 31, "ShutterOpen", "Dimmer") CAP(96, 127, "ShutterOpen", "Shutter open")) MODE_1, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 111);                  /* no dimmer: the plain open one */
    rig_close(&g);
}

TEST(only_a_shutter_opens_from_one_half)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", CAP(0, 9, "ShutterClose", "closed") CAP(10, 19, "ShutterOpen", "open")
                                 CAP(20, 255, "StrobeFastToSlow", "Strobe")) MODE_1, NULL));
    CHECK_INT(slot(&g, 0, .49f, 0), 4);
    CHECK_INT(slot(&g, 0, .5f, 0), 14);
    CHECK_INT(slot(&g, 0, 1, 1), 20);                   /* fast to slow: the fast end is low */
    CHECK_INT(slot(&g, 0, .4f, 1), 4);
    CHECK(!program_warnings(g.program)[0]);
    rig_close(&g);
}

TEST(strobe_takes_the_nearest_hz)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", CAP(0, 9, "ShutterOpen", "open") HZ(10, 110, "0", "5", "slow") HZ(111, 211, "25", "5", "falling")
                                 HZ(212, 255, "1", "25", "Random strobe") CAP(240, 247, "StrobeFrequency", "Sound active strobing")) DIMMER MODE_2, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 4);
    CHECK_INT(slot(&g, 0, 1, 1e-6f), 30);               /* 1 Hz of 0..5 */
    CHECK_INT(slot(&g, 0, 1, 1), 136);                  /* 20 Hz of 25..5 */
    rig_close(&g);
}

TEST(presets_without_ranges)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("S", "ShutterStrobeSlowFast") DIMMER MODE_2, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 0);
    CHECK_INT(slot(&g, 0, 1, 1e-6f), 1);
    CHECK_INT(slot(&g, 0, 1, 1), 255);
    rig_close(&g);
    CHECK(rig_open_xml(&g, PRESET("S", "ShutterStrobeFastSlow") DIMMER MODE_2, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 0);
    CHECK_INT(slot(&g, 0, 1, 1), 1);
    rig_close(&g);
}

TEST(wording_where_presets_are_missing)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", TEXT(0, 31, "LED Off") TEXT(32, 63, "LED On") TEXT(64, 95, "Strobe Slow - Fast")
                                 TEXT(96, 255, "Strobe Pulse Slow - Fast")) DIMMER MODE_2, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 47);
    CHECK_INT(slot(&g, 0, 1, 1), 95);
    CHECK_INT(slot(&g, 0, 0, 0), 15);                   /* "LED off": perhaps a lamp that the dimmer does not reach */
    rig_close(&g);
    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", TEXT(0, 10, "Fast close - slow open") TEXT(11, 20, "Shutter open") TEXT(21, 30, "Shutter closed"))
                       DIMMER MODE_2, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 15);
    CHECK_INT(slot(&g, 0, 0, 0), 15);
    rig_close(&g);
    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", HZ(0, 255, "0", "20", "0-20 Hz, slow to fast")) DIMMER MODE_2, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 0);
    CHECK_INT(slot(&g, 0, 1, 1), 255);
    rig_close(&g);
    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", CAP(0, 15, "ShutterClose", "Black out") CAP(16, 255, "StrobeSlowToFast", "Speed")) DIMMER MODE_2, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 0);
    CHECK(strstr(program_warnings(g.program)[0], "no open position"));
    rig_close(&g);
}

TEST(software_strobe_is_half_on_half_off)
{
    struct rig g;
    int lit = 0, changes = 0, last = 255;

    CHECK(rig_open_xml(&g, "<Channel Name=\"S\" Preset=\"IntensityDimmer\"/>" MODE_1, NULL));
    for (int i = 0; i < 440; i++) {                     /* 10 s at the most it may: 11 Hz */
        int v = slot(&g, 0, 1, 1);
        CHECK(v == 0 || v == 255);
        CHECK(i || v == 255);                           /* begins lit */
        lit += v == 255, changes += v != last, last = v;
    }
    CHECK_INT(lit, 220);
    CHECK(changes >= 218 && changes <= 220);
    CHECK_INT(slot(&g, 0, 1, 0), 255);
    changes = 0;
    for (int i = 0; i < 440; i++) {
        int v = slot(&g, 0, 1, 1e-6f);
        changes += v != last, last = v;
    }
    CHECK(changes >= 19 && changes <= 20);              /* 1 Hz */
    rig_close(&g);
}

TEST(dimmer_and_strobe_in_one_channel)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("S", "Intensity", TEXT(0, 7, "Off") TEXT(8, 134, "RGB Dimmer") TEXT(135, 239, "Strobe slow to fast")
                                 TEXT(240, 255, "Open")) MODE_1, NULL));
    CHECK_INT(slot(&g, 0, 0, 0), 0);
    CHECK_INT(slot(&g, 0, 1e-4f, 0), 8);
    CHECK_INT(slot(&g, 0, 1, 0), 134);                  /* full is not a flash */
    CHECK_INT(slot(&g, 0, .5f, 0), 71);
    CHECK_INT(slot(&g, 0, 1, 1), 239);
    g.now += 1000000000;
    for (int i = 0; i < 8; i++) {                       /* too dim for the channel's own strobe: lumad's */
        int v = slot(&g, 0, .25f, 1);
        CHECK(v == 0 || v == 40);
    }
    rig_close(&g);
}

#define ONE(caps) GROUP("S", "Intensity", caps) MODE_1

TEST(dimmers_by_their_wording)
{
    static const struct { const char *body; int dark, faint, full, strobe; } rows[] = {
        { ONE(TEXT(0, 7, "Closed") TEXT(8, 134, "100% -&gt; 0%") TEXT(135, 239, "Strobe speed (slow -&gt; fast)") TEXT(240, 255, "Open")),
          0, 134, 8, 239 },                             /* runs backwards */
        { ONE(TEXT(0, 9, "Shutter closed") TEXT(10, 19, "Lamp on") TEXT(20, 99, "Shutter open") TEXT(100, 159, "Strobe speed")
              TEXT(240, 255, "Lamp off")), 4, 59, 59, 159 },    /* never through the lamp's values */
        { ONE(TEXT(0, 19, "No fog") TEXT(20, 220, "Output level") TEXT(221, 230, "Prime function")), 0, 20, 220, 220 },
        { ONE(TEXT(0, 127, "Off") TEXT(128, 255, "On")), 0, 0, 255, 255 },
        { ONE(TEXT(0, 0, "Off") TEXT(1, 189, "Dimmer") TEXT(190, 250, "Strobe (slow to fast)") TEXT(251, 255, "Full")), 0, 1, 189, 250 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig g;
        CHECK(rig_open_xml(&g, rows[i].body, NULL));
        CHECK_INT(slot(&g, 0, 0, 0), rows[i].dark);
        CHECK_INT(slot(&g, 0, 1e-4f, 0), rows[i].faint);
        CHECK_INT(slot(&g, 0, 1, 0), rows[i].full);
        CHECK_INT(slot(&g, 0, 1, 1), rows[i].strobe);
        rig_close(&g);
    }
}

TEST(lamp_switches_are_no_dimmers)
{
    struct rig g;

    CHECK(rig_open_xml(&g, "<Channel Name=\"Lamp ON/OFF\"><Group Byte=\"0\">Intensity</Group>" TEXT(0, 63, "LAMP OFF") TEXT(64, 127, "Reset")
                       TEXT(128, 255, "LAMP ON") "</Channel><Mode Name=\"m\">" CH(0, "Lamp ON/OFF") "</Mode>", NULL));
    CHECK_INT(slot(&g, 0, 1, 1), 0);
    rig_close(&g);
}

TEST(a_shutter_that_is_a_dimmer)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", TEXT(0, 127, "Dimmer 0-100%") CAP(128, 239, "StrobeSlowToFast", "Strobe")
                                 TEXT(240, 249, "Strobe to sound") TEXT(250, 255, "RGB 100%")) MODE_1, NULL));
    CHECK_INT(slot(&g, 0, 0, 0), 0);
    CHECK_INT(slot(&g, 0, 1, 0), 127);
    CHECK_INT(slot(&g, 0, 1, 1), 239);
    rig_close(&g);
}

TEST(filters_without_dimmer_close_in_the_dark)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("C", "IntensityCyan") PRESET("M", "IntensityMagenta") PRESET("Y", "IntensityYellow")
                       GROUP("S", "Shutter", CAP(0, 9, "ShutterClose", "closed") CAP(10, 255, "ShutterOpen", "open"))
                       "<Mode Name=\"m\">" CH(0, "S") CH(1, "C") CH(2, "M") CH(3, "Y") "</Mode>", NULL));
    CHECK_INT(slot(&g, 0, 0, 0), 4);
    CHECK_INT(slot(&g, 0, .01f, 0), 132);
    CHECK_INT(slot(&g, 1, .5f, 0), 128);
    rig_close(&g);
}

#define WHEEL GROUP("S", "Colour", COLOR(0, 9, "#ffffff") COLOR(10, 19, "#800000") COLOR(20, 29, "#00ff00") COLOR(30, 39, "#0000ff") \
    COLOR(40, 49, "#ffff00") "<Capability Min=\"50\" Max=\"59\" Preset=\"ColorDoubleMacro\" Res1=\"#ff0000\" Res2=\"#0000ff\">split</Capability>")

static int wheel(struct rig *g, float r, float gr, float b, float intensity)
{
    rig_set(g, 0, r, gr, b, intensity);
    return rig_run(g)[0];
}

TEST(wheel_goes_to_the_nearest_and_stays)
{
    struct rig g;

    CHECK(rig_open_xml(&g, WHEEL DIMMER MODE_2, NULL));
    CHECK_INT(wheel(&g, 1, 1, 1, 0), 4);
    CHECK_INT(wheel(&g, 1, 0, 0, 0), 14);               /* a dark red slot is red */
    CHECK_INT(wheel(&g, 1, .1f, .1f, 1), 14);
    CHECK_INT(wheel(&g, 0, 0, 1, 1), 34);
    CHECK_INT(wheel(&g, 1, 0, 1, 1), 54);               /* half red, half blue: its mean */
    CHECK_INT(wheel(&g, .9f, 1, 0, 1), 44);
    int steps = 0, last = 44;                           /* a slow fade to green and a tremble at the border: one move */
    for (int i = 0; i <= 200; i++) {
        int v = wheel(&g, .9f * (1 - (float)i / 200) + (i % 2 ? .02f : 0), 1, 0, 1);
        steps += v != last, last = v;
    }
    CHECK_INT(last, 24);
    CHECK_INT(steps, 1);
    rig_close(&g);
}

TEST(wheel_waits_for_the_dark_when_little_is_gained)
{
    struct rig g;
    float r = .9f;

    CHECK(rig_open_xml(&g, WHEEL DIMMER MODE_2, NULL));
    CHECK_INT(wheel(&g, 1, 1, 0, 1), 44);
    while (wheel(&g, r, 1, 0, 1) == 44 && r > 0)        /* as far as it holds in the light */
        r -= .01f;
    CHECK(r > 0);
    CHECK_INT(wheel(&g, 1, 1, 0, 0), 44);
    CHECK_INT(wheel(&g, r + .02f, 1, 0, 1), 44);
    CHECK_INT(wheel(&g, r + .02f, 1, 0, 0), 24);        /* the same wish, in the dark */
    rig_close(&g);
}

TEST(wheel_alone_cannot_be_dimmed)
{
    struct rig g;

    CHECK(rig_open_xml(&g, WHEEL MODE_1, NULL));
    CHECK_STR(program_warnings(g.program)[0], "light: only a colour wheel: cannot be dimmed");
    rig_close(&g);
}

TEST(wheel_stays_open_before_filters_and_at_its_default_beside_emitters)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("S", "Colour", COLOR(0, 9, "#ff0000") COLOR(10, 19, "#ffffff")) PRESET("C", "IntensityCyan")
                       PRESET("M", "IntensityMagenta") PRESET("Y", "IntensityYellow") DIMMER "<Mode Name=\"m\">" CH(0, "S") CH(1, "C") CH(2, "M")
                       CH(3, "Y") CH(4, "D") "</Mode>", NULL));
    CHECK_INT(wheel(&g, 1, 0, 0, 1), 14);
    rig_close(&g);

    /* There it is a channel of macros, and white would override what is mixed. */

    CHECK(rig_open_xml(&g, GROUP("S", "Colour", COLOR(0, 9, "#ff0000") COLOR(10, 19, "#ffffff")) PRESET("R", "IntensityRed")
                       PRESET("G", "IntensityGreen") PRESET("B", "IntensityBlue") "<Mode Name=\"m\">" CH(0, "S") CH(1, "R") CH(2, "G") CH(3, "B")
                       "</Mode>", NULL));
    CHECK_INT(wheel(&g, 1, 0, 0, 1), 0);
    rig_close(&g);
}

TEST(speed_follows_its_direction_and_freezes)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("S", "SpeedPanTiltFastSlow") PRESET("P", "PositionPan") "<Mode Name=\"m\">" CH(0, "S") CH(1, "P") "</Mode>", NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 0);
    g.frame->speed[0] = 0, g.frame->pan[0] = 100;
    CHECK_INT(slot(&g, 0, 1, 0), 255);
    CHECK_INT(slot(&g, 1, 1, 0), 128);
    rig_close(&g);
    CHECK(rig_open_xml(&g, PRESET("S", "SpeedPanTiltSlowFast") MODE_1, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 255);
    rig_close(&g);
    CHECK(rig_open_xml(&g, GROUP("S", "Speed", TEXT(0, 0, "Standard") TEXT(1, 1, "Max") CAP(2, 255, "FastToSlow", "Pan tilt")) MODE_1, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 0);
    rig_close(&g);
}

TEST(defaults_but_never_lamp_or_reset)
{
    struct rig g;

    CHECK(rig_open_xml(&g, "<Channel Name=\"A\" Default=\"77\"><Group Byte=\"0\">Gobo</Group></Channel>"
                       GROUP("B", "Maintenance", CAP(0, 20, "ResetAll", "Reset") TEXT(21, 255, "idle"))
                       GROUP("C", "Maintenance", CAP(0, 255, "LampOff", "Lamp")) PRESET("I", "ShutterIrisMinToMax") PRESET("J", "ShutterIrisMaxToMin")
                       "<Channel Name=\"D\" Default=\"200\"><Group Byte=\"0\">Maintenance</Group><Capability Min=\"190\" Max=\"204\" Preset=\"LampOn\"/>"
                       "</Channel><Channel Name=\"E\"/>" DIMMER
                       "<Mode Name=\"m\">" CH(0, "A") CH(1, "B") CH(2, "C") CH(3, "D") CH(4, "E") CH(5, "I") CH(6, "J") CH(7, "D") "</Mode>", NULL));
    const uint8_t *s = rig_run(&g);
    CHECK_INT(s[0], 77);
    CHECK_INT(s[1], 21);
    CHECK_INT(s[2], 0);
    CHECK_INT(s[3], 205);
    CHECK_INT(s[4], 0);
    CHECK_INT(s[5], 255);                               /* an iris stands open */
    CHECK_INT(s[6], 0);
    CHECK(strstr(program_warnings(g.program)[0], "only lamp and reset values"));
    rig_close(&g);
}

TEST(smoke_is_no_dimmer_of_its_lights)
{
    struct rig g;

    CHECK(rig_open_xml(&g, "<Type>Smoke</Type>" GROUP("S", "Intensity", TEXT(0, 255, "Fog")) PRESET("R", "IntensityRed") PRESET("G", "IntensityGreen")
                       PRESET("B", "IntensityBlue") "<Mode Name=\"m\">" CH(0, "S") CH(1, "R") CH(2, "G") CH(3, "B") "</Mode>", NULL));
    CHECK_INT(slot(&g, 0, 0, 0), 0);
    CHECK_INT(slot(&g, 1, 0, 0), 0);                    /* nothing glows while it rests */
    CHECK_INT(slot(&g, 0, .5f, 0), 128);
    CHECK_INT(slot(&g, 1, .5f, 0), 128);
    rig_close(&g);
}

TEST(heads_of_one_base_and_their_own_tilts)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("P", "PositionPan") PRESET("T", "PositionTilt") DIMMER
                       "<Mode Name=\"m\">" CH(0, "P") CH(1, "T") CH(2, "T") CH(3, "D") CH(4, "D")
                       "<Head><Channel>1</Channel><Channel>3</Channel></Head><Head><Channel>2</Channel><Channel>4</Channel></Head></Mode>", NULL));
    g.frame->tilt[0] = -135, g.frame->tilt[1] = 135, g.frame->pan[1] = 270;
    const uint8_t *s = rig_run(&g);
    CHECK_INT(s[1], 0);
    CHECK_INT(s[2], 255);
    CHECK(s[0] == 255 || s[0] == 85);                   /* 270 or -90: the same direction */
    float pan[2], tilt[2];
    program_last_position(g.state, pan, tilt);
    CHECK_NEAR(pan[0], pan[1], 0);                      /* both are told where the base went */
    rig_close(&g);
}

TEST(heads_behind_one_shutter_strobe_together)
{
    static const char shutter[] = GROUP("S", "Shutter", CAP(0, 9, "ShutterOpen", "open") CAP(10, 255, "StrobeSlowToFast", "Strobe"));
    static const char still[] = GROUP("S", "Shutter", CAP(0, 255, "ShutterOpen", "open"));
    char body[2048];
    uint32_t with[3];
    bool gated[3];
    struct rig g;

    for (int strobes = 0; strobes < 2; strobes++) {
        snprintf(body, sizeof body, "%s" DIMMER PRESET("R", "IntensityRed") PRESET("G", "IntensityGreen") PRESET("B", "IntensityBlue")
                 "<Mode Name=\"m\">" CH(0, "S") CH(1, "D") CH(2, "R") CH(3, "G") CH(4, "B")
                 "<Head><Channel>2</Channel></Head><Head><Channel>3</Channel></Head><Head><Channel>4</Channel></Head></Mode>", strobes ? shutter : still);
        CHECK(rig_open_xml(&g, body, NULL));
        program_get_shutters(g.program, with, gated);
        rig_close(&g);
        for (uint32_t i = 0; i < 3; i++) {
            CHECK_INT(with[i], strobes ? 0 : i);
            CHECK(!gated[i]);
        }
    }
    /* One of their own each: nobody strobes with another. */
    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", CAP(0, 9, "ShutterOpen", "open") CAP(10, 255, "StrobeSlowToFast", "Strobe"))
                       GROUP("T", "Shutter", CAP(0, 9, "ShutterOpen", "open") CAP(10, 255, "StrobeSlowToFast", "Strobe"))
                       PRESET("R", "IntensityRed") PRESET("G", "IntensityGreen")
                       "<Mode Name=\"m\">" CH(0, "S") CH(1, "R") CH(2, "T") CH(3, "G")
                       "<Head><Channel>0</Channel><Channel>1</Channel></Head><Head><Channel>2</Channel><Channel>3</Channel></Head></Mode>", NULL));
    program_get_shutters(g.program, with, gated);
    rig_close(&g);
    CHECK_INT(with[0], 0);
    CHECK_INT(with[1], 1);
    /* Nothing but a shutter: it opens from one half. */
    CHECK(rig_open_xml(&g, GROUP("S", "Shutter", CAP(0, 9, "ShutterClose", "closed") CAP(10, 19, "ShutterOpen", "open")) MODE_1, NULL));
    program_get_shutters(g.program, with, gated);
    rig_close(&g);
    CHECK(gated[0]);
    CHECK_INT(with[0], 0);
}
