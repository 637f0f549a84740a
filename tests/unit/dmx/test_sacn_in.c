/* sACN data packets as they come from the network: every length, vector and range of E1.31. */
#include "dmx/sacn.h"

#include <stdlib.h>
#include <string.h>

#include "../../tap.h"

static size_t make(uint8_t out[SACN_DATA_MAX], size_t n)
{
    struct sacn_source s = { .cid = { 1, 2, 3 } };
    uint8_t slots[512];

    for (int i = 0; i < 512; i++)
        slots[i] = (uint8_t)(i + 1);
    sacn_source_name(&s, "Pult");
    return sacn_data(out, &s, 63999, 120, 250, SACN_TERMINATED, 7, slots, n);
}

TEST(what_is_sent_is_what_is_read)
{
    uint8_t p[SACN_DATA_MAX];
    struct sacn_data d;

    for (size_t n = 0; n <= 512; n += 128) {
        size_t size = make(p, n);
        CHECK(sacn_parse_data(p, size, &d));
        CHECK_INT(d.universe, 63999);
        CHECK_INT(d.priority, 120);
        CHECK_INT(d.sequence, 250);
        CHECK_INT(d.options, SACN_TERMINATED);
        CHECK_INT(d.sync_universe, 7);
        CHECK_INT(d.start_code, 0);
        CHECK_INT(d.n, n);
        CHECK_STR(d.name, "Pult");
        CHECK_INT(d.cid[2], 3);
        for (size_t i = 0; i < n; i++)
            CHECK_INT(d.slots[i], (i + 1) & 255);
    }
}

TEST(no_prefix_of_a_packet_is_one)
{
    uint8_t p[SACN_DATA_MAX];
    struct sacn_data d;
    size_t size = make(p, 512);

    for (size_t n = 0; n < size; n++) {
        uint8_t *exact = malloc(n ? n : 1);     /* so that a byte too far is seen */
        memcpy(exact, p, n);
        bool read = sacn_parse_data(exact, n, &d);
        free(exact);
        CHECK(!read);
    }
    CHECK(sacn_parse_data(p, size, &d));
}

TEST(a_packet_with_something_behind_it_is_none)
{
    uint8_t p[SACN_DATA_MAX + 1] = { 0 };
    struct sacn_data d;

    make(p, 512);
    CHECK(!sacn_parse_data(p, SACN_DATA_MAX + 1, &d));
    make(p, 100);
    CHECK(!sacn_parse_data(p, 126 + 101, &d));
}

/* The bytes that say what the packet is; each of them wrong by itself. */
TEST(every_fixed_byte_is_looked_at)
{
    static const struct { int from, to; } fixed[] = { { 0, 21 }, { 38, 43 }, { 115, 124 } };
    uint8_t p[SACN_DATA_MAX];
    struct sacn_data d;
    size_t size = make(p, 512);

    for (size_t f = 0; f < sizeof fixed / sizeof *fixed; f++)
        for (int at = fixed[f].from; at <= fixed[f].to; at++)
            for (int bit = 0; bit < 8; bit++) {
                p[at] ^= (uint8_t)(1 << bit);
                CHECK(!sacn_parse_data(p, size, &d));
                p[at] ^= (uint8_t)(1 << bit);
            }
    CHECK(sacn_parse_data(p, size, &d));
}

TEST(priorities_and_universes_have_ranges)
{
    uint8_t p[SACN_DATA_MAX];
    struct sacn_data d;
    size_t size = make(p, 512);

    p[108] = 200;
    CHECK(sacn_parse_data(p, size, &d));
    p[108] = 201;
    CHECK(!sacn_parse_data(p, size, &d));
    p[108] = 0;
    CHECK(sacn_parse_data(p, size, &d));
    p[113] = 0, p[114] = 0;
    CHECK(!sacn_parse_data(p, size, &d));
    p[114] = 1;
    CHECK(sacn_parse_data(p, size, &d));
    p[113] = 64000 >> 8, p[114] = 64000 & 255;
    CHECK(!sacn_parse_data(p, size, &d));
}

TEST(the_start_code_is_told)
{
    uint8_t p[SACN_DATA_MAX];
    struct sacn_data d;
    size_t size = make(p, 512);

    p[125] = 0xdd;
    CHECK(sacn_parse_data(p, size, &d));
    CHECK_INT(d.start_code, 0xdd);
}

TEST(names_are_made_safe)
{
    uint8_t p[SACN_DATA_MAX];
    struct sacn_data d;
    size_t size = make(p, 8);

    memset(p + 44, 'x', 64);                    /* no NUL at the end */
    CHECK(sacn_parse_data(p, size, &d));
    CHECK_INT(strlen(d.name), 63);
    memcpy(p + 44 + 62, "\xc3\xa4", 2);         /* and a character over the end */
    CHECK(sacn_parse_data(p, size, &d));
    CHECK_INT(strlen(d.name), 62);
    memcpy(p + 44, "a\xff\n\xc3\xa4", 6);
    CHECK(sacn_parse_data(p, size, &d));
    CHECK_STR(d.name, "a? \xc3\xa4");
}

TEST(synchronisation_and_discovery_are_no_data)
{
    struct sacn_source s = { .cid = { 1 }, .name = "x" };
    uint8_t sync[SACN_SYNC_SIZE], page[SACN_DISCOVERY_MAX];
    uint16_t list[100] = { 1, 2, 3 };
    struct sacn_data d;

    CHECK(!sacn_parse_data(sync, sacn_sync(sync, &s, 7, 1), &d));
    CHECK(!sacn_parse_data(page, sacn_discovery(page, &s, 0, 0, list, 100), &d));
}

