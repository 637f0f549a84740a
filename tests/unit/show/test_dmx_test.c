/* What a test lays over the bytes, and where it does not go. */
#include "../../tap.h"
#include "show/dmx_test.h"

static struct universe sent[2], spare[2];
static struct universes out = { sent, 2 }, spared = { spare, 2 };
static struct space space = { .serial = 9, .universes = &out, .spared = &spared };
static struct dmx_test test;

static void begin(void)
{
    memset(sent, 7, sizeof(sent));
    memset(spare, 0, sizeof(spare));
    memset(&test, 0, sizeof(test));
    test.space = 9;
}

static void pattern(uint32_t universe, enum dmx_pattern p)
{
    test.pattern[test.n_patterns].universe = universe;
    test.pattern[test.n_patterns].since_ns = 1000;
    test.pattern[test.n_patterns++].pattern = p;
}

static void hold(uint32_t universe, uint16_t slot, uint8_t value)
{
    test.slot[test.n].universe = universe;
    test.slot[test.n].slot = slot;
    test.slot[test.n++].value = value;
}

static int lit(void)
{
    int n = 0;

    for (int i = 0; i < DMX_SLOTS; i++)
        n += sent[0].slots[i] == 255;
    return n;
}

TEST(channels_lie_above_patterns_and_the_newer_above_the_older)
{
    begin();
    pattern(0, DMX_PATTERN_FULL);
    hold(0, 3, 10);
    hold(0, 3, 11);
    hold(1, 511, 0);
    dmx_test_run(&test, &space, 1000);
    CHECK_INT(sent[0].slots[3], 11);
    CHECK_INT(lit(), 511);
    CHECK_INT(sent[1].slots[511], 0);
    CHECK_INT(sent[1].slots[510], 7);
}

TEST(numbers_of_another_space_are_left_alone)
{
    begin();
    pattern(0, DMX_PATTERN_FULL);
    hold(1, 0, 200);
    test.space = 8;
    dmx_test_run(&test, &space, 1000);
    CHECK_INT(lit(), 0);
    CHECK_INT(sent[1].slots[0], 7);
}

TEST(a_pattern_spares_what_could_hurt_and_a_fader_does_not)
{
    begin();
    spare[0].slots[0] = spare[0].slots[5] = 1;
    pattern(0, DMX_PATTERN_FULL);
    hold(0, 5, 200);
    dmx_test_run(&test, &space, 1000);
    CHECK_INT(sent[0].slots[0], 7);
    CHECK_INT(sent[0].slots[5], 200);
    CHECK_INT(lit(), 510);
}

TEST(a_chase_lights_one_slot_after_the_other_and_begins_again)
{
    for (int i = 0; i < 514; i++) {
        begin();
        pattern(0, DMX_PATTERN_CHASE);
        dmx_test_run(&test, &space, 1000 + i * INT64_C(40000000));
        CHECK_INT(lit(), 1);
        CHECK_INT(sent[0].slots[i % 512], 255);
    }
}

TEST(blink_is_half_a_second_full_and_half_a_second_dark)
{
    for (int i = 0; i < 40; i++) {
        begin();
        pattern(0, DMX_PATTERN_BLINK);
        dmx_test_run(&test, &space, 1000 + i * INT64_C(100000000));
        CHECK_INT(lit(), i / 5 % 2 ? 0 : 512);
    }
}

TEST(a_clock_that_is_behind_the_beginning_shows_the_beginning)
{
    begin();
    pattern(0, DMX_PATTERN_CHASE);
    dmx_test_run(&test, &space, 0);
    CHECK_INT(sent[0].slots[0], 255);
    CHECK_INT(lit(), 1);
}
