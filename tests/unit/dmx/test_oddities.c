/* Files as they really are: what is odd in them, and the bytes that are sent all the same. Shapes taken from definitions that exist. */
#include "rig.h"

#include "../../tap.h"

#define CH(n, name) "<Channel Number=\"" #n "\">" name "</Channel>"
#define PRESET(name, preset) "<Channel Name=\"" name "\" Preset=\"" preset "\"/>"
#define GROUP(name, group, caps) "<Channel Name=\"" name "\"><Group Byte=\"0\">" group "</Group>" caps "</Channel>"
#define BYTE(name, group, byte) "<Channel Name=\"" name "\"><Group Byte=\"" #byte "\">" group "</Group></Channel>"
#define CAP(min, max, preset, text) "<Capability Min=\"" #min "\" Max=\"" #max "\" Preset=\"" preset "\">" text "</Capability>"
#define TEXT(min, max, text) "<Capability Min=\"" #min "\" Max=\"" #max "\">" text "</Capability>"
#define COLOR(min, max, rgb) "<Capability Min=\"" #min "\" Max=\"" #max "\" Preset=\"ColorMacro\" Res1=\"" rgb "\">x</Capability>"
#define ALIAS(min, max, channel, with) \
    "<Capability Min=\"" #min "\" Max=\"" #max "\" Preset=\"Alias\">x<Alias Mode=\"m\" Channel=\"" channel "\" With=\"" with "\"/></Capability>"
#define DIMMER PRESET("D", "IntensityDimmer")
#define RGB PRESET("R", "IntensityRed") PRESET("G", "IntensityGreen") PRESET("B", "IntensityBlue")
#define MODE_1 "<Mode Name=\"m\">" CH(0, "S") "</Mode>"
#define MODE_2 "<Mode Name=\"m\">" CH(0, "S") CH(1, "D") "</Mode>"

static int slot(struct rig *g, size_t at, float intensity, float strobe)
{
    for (size_t i = 0; i < g->patch->n_heads; i++)
        g->frame->intensity[i] = intensity, g->frame->strobe[i] = strobe;
    return rig_run(g)[at];
}

static bool warned(const struct rig *g, const char *words)
{
    for (const char *const *w = program_warnings(g->program); *w; w++)
        if (strstr(*w, words))
            return true;
    return false;
}

/* One channel "S" in front of a dimmer: full, full with strobe, dark. */
static const struct { const char *what, *body; int full, strobe, dark; } shutters[] = {
    { "an open preset counts before the word", GROUP("S", "Shutter", CAP(0, 19, "ShutterOpen", "No function") TEXT(20, 219, "Macro")
                                                     TEXT(220, 255, "No function")) MODE_2, 9, 9, 9 },
    { "a strobe's preset counts before the word", GROUP("S", "Shutter", CAP(0, 7, "ShutterClose", "c") CAP(8, 22, "ShutterOpen", "o")
                                                        CAP(23, 85, "StrobeSlowToFast", "Strobe") TEXT(101, 200, "Triple strobe")) MODE_2, 15, 85, 15 },
    { "no effect with a lamp's preset is open, and left at the default", GROUP("S", "Shutter", CAP(0, 15, "LampOff", "No Effect")
                                                                              CAP(16, 255, "StrobeSlowToFast", "Slow to fast")) MODE_2, 0, 255, 0 },
    { "a real lamp value is not", GROUP("S", "Shutter", CAP(0, 15, "LampOff", "Lamp off") CAP(16, 99, "ShutterOpen", "open")) MODE_2, 57, 57, 57 },
    { "out of a lamp's way, but not into a strobe", GROUP("S", "Shutter", CAP(0, 11, "LampOff", "Lamp off") CAP(12, 99, "LampOn", "Lamp on")
                                                          CAP(100, 255, "StrobeSlowToFast", "Gobo strobe")) MODE_2, 0, 0, 0 },
    { "a gap is never sent", GROUP("S", "Shutter", CAP(10, 19, "ShutterOpen", "o") CAP(40, 99, "StrobeSlowToFast", "s")) MODE_2, 14, 99, 14 },
};

TEST(shutters)
{
    for (size_t i = 0; i < sizeof shutters / sizeof *shutters; i++) {
        struct rig g;
        char body[2048];
        snprintf(body, sizeof body, "%s" DIMMER, shutters[i].body);
        printf("# %s\n", shutters[i].what);
        CHECK(rig_open_xml(&g, body, NULL));
        CHECK_INT(slot(&g, 0, 1, 0), shutters[i].full);
        CHECK_INT(slot(&g, 0, 1, 1), shutters[i].strobe);
        CHECK_INT(slot(&g, 0, 0, 0), shutters[i].dark);
        rig_close(&g);
    }
}

/* One channel "S": dark, just lit, full. */
static const struct { const char *what, *body; int dark, faint, full; } dimmers[] = {
    { "mostly dimmer, though its name says macro", GROUP("S", "Intensity", TEXT(0, 240, "Intensity") TEXT(241, 255, "Strobe")) MODE_1, 0, 0, 240 },
    { "the same for \"mode\"", "<Channel Name=\"Dimmer (5ch mode)\"><Group Byte=\"0\">Intensity</Group>" TEXT(0, 5, "No function") TEXT(6, 255, "0-100%")
      "</Channel><Mode Name=\"m\">" CH(0, "Dimmer (5ch mode)") "</Mode>", 0, 6, 255 },
    { "a dimmer's speed dims nothing", "<Channel Name=\"Dimmer speed\"><Group Byte=\"0\">Intensity</Group>" TEXT(0, 255, "Dimmer speed fast - slow")
      "</Channel><Mode Name=\"m\">" CH(0, "Dimmer speed") "</Mode>", 0, 0, 0 },
    { "nor does a lamp's switch", GROUP("S", "Intensity", TEXT(0, 127, "Lamp off") TEXT(128, 255, "Lamp on")) MODE_1, 0, 0, 0 },
    { "dimming with a lamp's preset", GROUP("S", "Intensity", CAP(0, 7, "LampOff", "No Effect") CAP(8, 134, "LampOn", "Dimming")
                                            CAP(135, 239, "StrobeSlowToFast", "Strobe") CAP(240, 255, "LampOn", "Light on")) MODE_1, 0, 8, 134 },
    { "an effect that is a dimmer", "<Channel Name=\"Dimmer/Strobe\"><Group Byte=\"0\">Effect</Group>" TEXT(0, 7, "Blackout") TEXT(8, 200, "Dimmer 0% to 100%")
      TEXT(201, 248, "Strobe slow to fast") TEXT(249, 255, "Open") "</Channel><Mode Name=\"m\">" CH(0, "Dimmer/Strobe") "</Mode>", 0, 8, 200 },
};

TEST(dimmers)
{
    for (size_t i = 0; i < sizeof dimmers / sizeof *dimmers; i++) {
        struct rig g;
        printf("# %s\n", dimmers[i].what);
        CHECK(rig_open_xml(&g, dimmers[i].body, NULL));
        CHECK_INT(slot(&g, 0, 0, 0), dimmers[i].dark);
        CHECK_INT(slot(&g, 0, 1e-4f, 0), dimmers[i].faint);
        CHECK_INT(slot(&g, 0, 1, 0), dimmers[i].full);
        rig_close(&g);
    }
}

TEST(colours_that_begin_above_zero_are_dark_at_zero)
{
    struct rig g;

    CHECK(rig_open_xml(&g, "<Channel Name=\"S\"><Group Byte=\"0\">Intensity</Group><Colour>Red</Colour>" TEXT(0, 4, "No function")
                       TEXT(5, 255, "RGBW mode: 0 -100% / CMY mode: 100% - 0") "</Channel>" PRESET("G", "IntensityGreen") PRESET("B", "IntensityBlue")
                       "<Mode Name=\"m\">" CH(0, "S") CH(1, "G") CH(2, "B") "</Mode>", NULL));
    CHECK_INT(slot(&g, 0, 0, 0), 0);
    CHECK_INT(slot(&g, 0, 1e-4f, 0), 5);
    CHECK_INT(slot(&g, 0, 1, 0), 255);                  /* says both ways: it rises */
    rig_close(&g);
    CHECK(rig_open_xml(&g, "<Channel Name=\"S\"><Group Byte=\"0\">Intensity</Group><Colour>Cyan</Colour>" TEXT(0, 9, "White/clear") TEXT(10, 255, "Cyan")
                       "</Channel>" PRESET("M", "IntensityMagenta") PRESET("Y", "IntensityYellow") DIMMER
                       "<Mode Name=\"m\">" CH(0, "S") CH(1, "M") CH(2, "Y") CH(3, "D") "</Mode>", NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 0);                    /* clear */
    rig_set(&g, 0, 0, 1, 1, 1);
    CHECK_INT(rig_run(&g)[0], 255);
    rig_close(&g);
}

TEST(a_second_white_that_is_called_amber)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("Warm white", "IntensityAmber") PRESET("Cold white", "IntensityWhite")
                       "<Mode Name=\"m\">" CH(0, "Warm white") CH(1, "Cold white") "</Mode>", NULL));
    rig_set(&g, 0, 1, .75f, .45f, 1);
    CHECK_INT(rig_run(&g)[0], 255);
    CHECK_INT(rig_run(&g)[1], 0);
    rig_set(&g, 0, .85f, .92f, 1, 1);
    CHECK_INT(rig_run(&g)[0], 0);
    CHECK_INT(rig_run(&g)[1], 255);
    rig_close(&g);
}

TEST(reset_by_word_is_no_way_out_of_a_reset_by_preset)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("S", "Maintenance", CAP(0, 254, "LampOn", "Normal operation") TEXT(255, 255, "Reset to factory settings"))
                       GROUP("T", "Maintenance", CAP(0, 99, "ResetAll", "Reset") TEXT(100, 149, "Lamp off in 10 s") TEXT(150, 255, "idle")) DIMMER
                       "<Mode Name=\"m\">" CH(0, "S") CH(1, "T") CH(2, "D") "</Mode>", NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 0);
    CHECK_INT(slot(&g, 1, 1, 0), 150);
    CHECK(warned(&g, "S knows only lamp and reset values"));
    CHECK(!warned(&g, "T knows"));
    rig_close(&g);
}

TEST(gobo_prism_and_correction_stand_at_their_defaults)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("S", "Gobo", TEXT(0, 7, "Closed") TEXT(8, 15, "Open") TEXT(16, 255, "Gobo 1"))
                       "<Channel Name=\"P\" Default=\"20\"><Group Byte=\"0\">Prism</Group>" TEXT(0, 9, "On") TEXT(10, 255, "Off") "</Channel>"
                       PRESET("C", "ColorCTOMixer") "<Channel Name=\"Colour temperature\"><Group Byte=\"0\">Intensity</Group><Colour>White</Colour></Channel>" DIMMER
                       "<Mode Name=\"m\">" CH(0, "S") CH(1, "P") CH(2, "C") CH(3, "Colour temperature") CH(4, "D") "</Mode>", NULL));
    for (int i = 0; i < 3; i++) {
        CHECK_INT(slot(&g, 0, (float)i / 2, 0), 0);
        CHECK_INT(slot(&g, 1, (float)i / 2, 0), 20);
        CHECK_INT(slot(&g, 2, (float)i / 2, 0), 0);
        CHECK_INT(slot(&g, 3, (float)i / 2, 0), 0);
    }
    CHECK(warned(&g, "S: closed at its default 0, park it at 11 for light"));
    rig_close(&g);
}

TEST(aliases_mean_what_the_defaults_make_of_them)
{
    struct rig g;
    const char *body = GROUP("Mode", "Effect", ALIAS(0, 25, "Speed", "S") ALIAS(26, 255, "R", "Speed")) GROUP("Speed", "Speed", TEXT(0, 255, "Program speed"))
                       GROUP("S", "Shutter", CAP(0, 9, "ShutterClose", "closed") CAP(10, 19, "ShutterOpen", "open") CAP(20, 255, "StrobeSlowToFast", "s"))
                       PRESET("R", "IntensityRed") DIMMER
                       "<Mode Name=\"m\">" CH(0, "Mode") CH(1, "Speed") CH(2, "R") CH(3, "D") "</Mode>";

    CHECK(rig_open_xml(&g, body, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 0);
    CHECK_INT(slot(&g, 1, 1, 0), 14);                   /* the speed is a shutter here */
    CHECK_INT(slot(&g, 1, 1, 1), 255);
    CHECK_INT(slot(&g, 2, 1, 0), 255);
    CHECK_STR(g.patch->fixtures[0].row.definition->channels[g.patch->fixtures[0].mode->channels[1]].name, "S");
    rig_close(&g);
}

TEST(aliases_of_driven_channels_other_modes_and_unknown_ones_change_nothing)
{
    struct rig g;

    CHECK(rig_open_xml(&g, GROUP("Wheel", "Colour", ALIAS(0, 9, "D", "R") COLOR(10, 19, "#ffffff")) DIMMER PRESET("R", "IntensityRed")
                       GROUP("Mode", "Effect", "<Capability Min=\"0\" Max=\"255\" Preset=\"Alias\"><Alias Mode=\"other\" Channel=\"D\" With=\"R\"/>"
                                               "<Alias Mode=\"m\" Channel=\"D\" With=\"Nobody\"/></Capability>")
                       "<Mode Name=\"m\">" CH(0, "Wheel") CH(1, "D") CH(2, "Mode") "</Mode>", NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 14);
    CHECK_INT(slot(&g, 1, 1, 0), 255);
    CHECK_INT(slot(&g, 1, .5f, 0), 128);
    const struct definition *d = g.patch->fixtures[0].row.definition;
    CHECK_INT(d->n_warnings, 1);
    CHECK(strstr(d->warnings[0], "unknown channel \"Nobody\""));
    rig_close(&g);
}

TEST(acts_on_is_read_and_moves_nothing)
{
    struct rig g;

    CHECK(rig_open_xml(&g, DIMMER GROUP("S", "Speed", TEXT(0, 255, "Rotation speed")) GROUP("Gobo", "Gobo", TEXT(0, 255, "Gobo"))
                       "<Mode Name=\"m\"><Channel Number=\"0\">Gobo</Channel><Channel Number=\"1\" ActsOn=\"0\">S</Channel>"
                       "<Channel Number=\"2\" ActsOn=\"77\">D</Channel></Mode>", NULL));
    const struct definition_mode *m = g.patch->fixtures[0].mode;
    CHECK_INT(m->acts_on[0], -1);
    CHECK_INT(m->acts_on[1], 0);
    CHECK_INT(m->acts_on[2], -1);                       /* there is no such slot */
    CHECK_INT(slot(&g, 1, 1, 0), 0);
    rig_close(&g);
}

TEST(three_bytes)
{
    struct rig g;

    CHECK(rig_open_xml(&g, BYTE("Dimmer", "Intensity", 0) BYTE("Dimmer ultra", "Intensity", 2) BYTE("Dimmer fine", "Intensity", 1)
                       "<Mode Name=\"m\">" CH(0, "Dimmer ultra") CH(1, "Dimmer") CH(2, "Dimmer fine") "</Mode>", NULL));
    CHECK_INT(slot(&g, 1, .5f, 0), 128);
    CHECK_INT(slot(&g, 2, .5f, 0), 0);
    long last = -1;
    for (int i = 0; i <= 4096; i++) {
        const uint8_t *s = (slot(&g, 0, (float)i / 4096, 0), g.universes->u[0].slots);
        long v = (long)s[1] << 16 | s[2] << 8 | s[0];
        CHECK(v > last);
        last = v;
    }
    CHECK_INT(last, 0xffffff);
    rig_close(&g);
}

TEST(continuous_turns_stay_still)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("P", "PositionPan") PRESET("T", "PositionTilt") DIMMER GROUP("Continuous pan", "Pan", TEXT(0, 255, "Pan"))
                       GROUP("Tilt 2", "Tilt", CAP(0, 127, "RotationClockwiseFastToSlow", "cw") CAP(128, 255, "RotationCounterClockwiseSlowToFast", "ccw"))
                       GROUP("Endless tilt", "Tilt", TEXT(0, 2, "No function") TEXT(3, 255, "Rotation"))
                       "<Mode Name=\"m\">" CH(0, "P") CH(1, "T") CH(2, "D") CH(3, "Continuous pan") CH(4, "Tilt 2") CH(5, "Endless tilt") "</Mode>", NULL));
    for (int a = -270; a <= 270; a += 30) {
        g.frame->pan[0] = (float)a, g.frame->tilt[0] = (float)a / 2;
        const uint8_t *s = rig_run(&g);
        CHECK_INT(s[3], 0);
        CHECK_INT(s[4], 0);
        CHECK_INT(s[5], 0);
    }
    rig_close(&g);
}

TEST(smoke_and_lasers_rest_at_zero_and_start_with_their_own_intensity)
{
    static const char *const types[] = { "Smoke", "Hazer", "Laser", "Fan" };

    for (size_t i = 0; i < 4; i++) {
        struct rig g;
        char body[1024];
        snprintf(body, sizeof body, "<Type>%s</Type>" GROUP("S", "Intensity", TEXT(0, 9, "Off") TEXT(10, 255, "Output 0-100%%"))
                 GROUP("X", "Effect", TEXT(0, 255, "Pattern")) "<Mode Name=\"m\">" CH(0, "S") CH(1, "X") "</Mode>", types[i]);
        CHECK(rig_open_xml(&g, body, NULL));
        CHECK_INT(rig_run(&g)[0], 0);                   /* the frame as nothing selected it */
        CHECK_INT(slot(&g, 0, 0, 1), 0);
        CHECK_INT(slot(&g, 0, .5f, 0), 133);
        CHECK_INT(slot(&g, 0, 1, 0), 255);
        CHECK_INT(slot(&g, 1, 1, 0), 0);
        rig_close(&g);
    }
}

TEST(several_master_dimmers_and_one_channel_in_two_heads)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("M", "IntensityMasterDimmer") DIMMER RGB
                       "<Mode Name=\"m\">" CH(0, "M") CH(1, "M") CH(2, "R") CH(3, "G") CH(4, "B") CH(5, "R") CH(6, "G") CH(7, "B")
                       "<Head><Channel>1</Channel><Channel>2</Channel><Channel>3</Channel><Channel>4</Channel></Head>"
                       "<Head><Channel>1</Channel><Channel>5</Channel><Channel>6</Channel><Channel>7</Channel></Head></Mode>", NULL));
    rig_set(&g, 0, 1, 0, 0, 1);
    rig_set(&g, 1, 0, 0, 1, .5f);
    const uint8_t *s = rig_run(&g);
    CHECK_INT(s[0], 255);
    CHECK_INT(s[2], 255);
    CHECK_INT(s[7], 128);                               /* half of what the shared dimmers give */
    rig_set(&g, 0, 1, 0, 0, 0);
    s = rig_run(&g);
    CHECK_INT(s[0], 128);
    CHECK_INT(s[7], 255);
    rig_close(&g);
}

#define HEAD(a, b, c) "<Head><Channel>" #a "</Channel><Channel>" #b "</Channel><Channel>" #c "</Channel></Head>"

TEST(a_coarse_byte_with_the_preset_of_a_fine_one)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("Blue 1", "IntensityBlue") PRESET("Blue fine 1", "IntensityBlueFine") PRESET("Blue 2", "IntensityBlueFine")
                       PRESET("Blue fine 2", "IntensityBlueFine") "<Mode Name=\"m\">" CH(0, "Blue 1") CH(1, "Blue fine 1") CH(2, "Blue 2") CH(3, "Blue fine 2")
                       "<Head><Channel>0</Channel><Channel>1</Channel></Head><Head><Channel>2</Channel><Channel>3</Channel></Head></Mode>", NULL));
    rig_set(&g, 0, 0, 0, 1, .5f), rig_set(&g, 1, 0, 0, 1, 1);
    const uint8_t *s = rig_run(&g);
    CHECK(s[0] == 128 && s[1] == 0);                    /* of its own head alone */
    CHECK_INT(s[2], 255);
    CHECK_INT(s[3], 0);
    CHECK(warned(&g, "Blue fine 2 has no coarse channel"));
    rig_close(&g);
}

TEST(a_white_that_all_heads_share_is_part_of_their_colour)
{
    struct rig g;

    CHECK(rig_open_xml(&g, RGB PRESET("W", "IntensityWhite") PRESET("UV", "IntensityUV")
                       "<Mode Name=\"m\">" CH(0, "R") CH(1, "G") CH(2, "B") CH(3, "R") CH(4, "G") CH(5, "B") CH(6, "W") CH(7, "UV")
                       HEAD(0, 1, 2) HEAD(3, 4, 5) "</Mode>", NULL));
    rig_set(&g, 0, 1, 0, 0, 1), rig_set(&g, 1, 1, 0, 0, 1);
    const uint8_t *s = rig_run(&g);
    CHECK_INT(s[0], 255);
    CHECK_INT(s[6], 0);                                 /* red is red */
    CHECK_INT(s[7], 0);
    rig_set(&g, 0, 1, 1, 1, 1), rig_set(&g, 1, 1, 1, 1, 1);
    s = rig_run(&g);
    CHECK_INT(s[6], 255);
    CHECK_INT(s[7], 0);
    rig_close(&g);
}

TEST(filters_that_the_file_lists_for_one_head_too_few_are_filters)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("C", "IntensityCyan") PRESET("M", "IntensityMagenta") PRESET("Y", "IntensityYellow") DIMMER
                       "<Mode Name=\"m\">" CH(0, "C") CH(1, "M") CH(2, "Y") CH(3, "D") HEAD(0, 1, 3) HEAD(0, 2, 3) "</Mode>", NULL));
    rig_set(&g, 0, 1, 1, 1, 1), rig_set(&g, 1, 1, 1, 1, 1);
    const uint8_t *s = rig_run(&g);
    CHECK(!s[0] && !s[1] && !s[2]);                     /* out of the white beam */
    rig_set(&g, 0, 1, 0, 0, 1), rig_set(&g, 1, 1, 0, 0, 1);
    s = rig_run(&g);
    CHECK(!s[0] && s[1] == 255 && s[2] == 255);
    rig_close(&g);
}

TEST(the_first_of_two_channels_with_one_name)
{
    struct rig g;

    CHECK(rig_open_xml(&g, PRESET("S", "IntensityDimmer") PRESET("S", "PositionPan") MODE_1, NULL));
    CHECK_INT(slot(&g, 0, 1, 0), 255);
    CHECK(strstr(g.patch->fixtures[0].row.definition->warnings[0], "modes mean the first"));
    rig_close(&g);
}
