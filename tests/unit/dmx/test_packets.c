/* Art-Net and sACN packets byte by byte, and universes by number. */
#include "dmx/artnet.h"
#include "dmx/sacn.h"
#include "dmx/universe.h"

#include <stdlib.h>

#include "../../tap.h"

TEST(artnet_dmx_header)
{
    uint8_t out[ARTNET_DMX_MAX], slots[512] = { 1, 2, 3 };
    static const uint8_t want[18] = { 'A', 'r', 't', '-', 'N', 'e', 't', 0, 0x00, 0x50, 0, 14, 7, 0, 0x34, 0x12, 2, 0 };

    slots[511] = 9;
    CHECK_INT(artnet_dmx(out, 0x1234, 7, slots, 512), 530);
    CHECK(!memcmp(out, want, sizeof want));
    CHECK(!memcmp(out + 18, slots, 512));
}

TEST(artnet_length_is_even_and_at_least_two)
{
    uint8_t out[ARTNET_DMX_MAX], slots[3] = { 1, 2, 3 };

    memset(out, 0xee, sizeof out);
    CHECK_INT(artnet_dmx(out, 0, 1, slots, 3), 22);
    CHECK_INT(out[16] * 256 + out[17], 4);
    CHECK_INT(out[21], 0);
    CHECK_INT(artnet_dmx(out, 0, 1, slots, 0), 20);
    CHECK_INT(out[18] + out[19], 0);
}

TEST(artnet_port_addresses_use_fifteen_bits)
{
    static const int addresses[] = { 0, 1, 15, 16, 255, 256, 32767 };
    uint8_t out[ARTNET_DMX_MAX], slots[2] = { 0 };

    for (size_t i = 0; i < 7; i++) {
        artnet_dmx(out, addresses[i], 1, slots, 2);
        CHECK_INT(out[15] * 256 + out[14], addresses[i]);
    }
}

TEST(artnet_sequence_never_zero)
{
    uint8_t s = 0;

    for (int i = 1; i <= 600; i++) {
        s = artnet_next_sequence(s);
        CHECK_INT(s, (i - 1) % 255 + 1);
    }
}

TEST(artnet_sync_packet)
{
    uint8_t out[ARTNET_SYNC_SIZE];
    static const uint8_t want[14] = { 'A', 'r', 't', '-', 'N', 'e', 't', 0, 0x00, 0x52, 0, 14, 0, 0 };

    CHECK_INT(artnet_sync(out), 14);
    CHECK(!memcmp(out, want, sizeof want));
}

static int word(const uint8_t *p)
{
    return p[0] * 256 + p[1];
}

TEST(sacn_data_layers)
{
    struct sacn_source s = { .cid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };
    uint8_t out[SACN_DATA_MAX], slots[512] = { 200 };
    static const uint8_t id[] = { 0, 0x10, 0, 0, 'A', 'S', 'C', '-', 'E', '1', '.', '1', '7', 0, 0, 0 };

    sacn_source_name(&s, "lumad booth");
    slots[511] = 77;
    CHECK_INT(sacn_data(out, &s, 0x1234, 100, 255, SACN_TERMINATED, 7, slots, 512), 638);
    CHECK(!memcmp(out, id, sizeof id));
    CHECK_INT(word(out + 16), 0x7000 + 622);
    CHECK_INT(word(out + 20), 4);
    CHECK(!memcmp(out + 22, s.cid, 16));
    CHECK_INT(word(out + 38), 0x7000 + 600);
    CHECK_INT(word(out + 42), 2);
    CHECK_STR((char *)out + 44, "lumad booth");
    CHECK_INT(out[108], 100);
    CHECK_INT(word(out + 109), 7);
    CHECK_INT(out[111], 255);
    CHECK_INT(out[112], 0x40);
    CHECK_INT(word(out + 113), 0x1234);
    CHECK_INT(word(out + 115), 0x7000 + 523);
    CHECK_INT(out[117], 2);
    CHECK_INT(out[118], 0xa1);
    CHECK_INT(word(out + 119), 0);
    CHECK_INT(word(out + 121), 1);
    CHECK_INT(word(out + 123), 513);
    CHECK_INT(out[125], 0);
    CHECK_INT(out[126], 200);
    CHECK_INT(out[637], 77);
}

TEST(sacn_names_are_cut_between_characters)
{
    struct sacn_source s;
    char name[128];

    for (size_t i = 0; i < 100; i += 2)
        memcpy(name + i, "\xc3\xa4", 3);
    sacn_source_name(&s, name);
    CHECK_INT(strlen(s.name), 62);
    CHECK_INT(s.name[63], 0);
}

TEST(sacn_discovery_page)
{
    struct sacn_source s = { .cid = { 9 } };
    uint8_t out[SACN_DISCOVERY_MAX];
    uint16_t universes[] = { 1, 2, 63999 };

    sacn_source_name(&s, "x");
    CHECK_INT(sacn_discovery(out, &s, 1, 2, universes, 3), 126);
    CHECK_INT(word(out + 16), 0x7000 + 110);
    CHECK_INT(word(out + 20), 8);
    CHECK_INT(word(out + 38), 0x7000 + 88);
    CHECK_INT(word(out + 42), 2);
    CHECK_INT(word(out + 112), 0x7000 + 14);
    CHECK_INT(word(out + 116), 1);
    CHECK_INT(out[118], 1);
    CHECK_INT(out[119], 2);
    CHECK_INT(word(out + 120), 1);
    CHECK_INT(word(out + 124), 63999);
}

TEST(sacn_sync_packet)
{
    struct sacn_source s = { .cid = { 9 } };
    uint8_t out[SACN_SYNC_SIZE];

    CHECK_INT(sacn_sync(out, &s, 300, 5), 49);
    CHECK_INT(word(out + 16), 0x7000 + 33);
    CHECK_INT(word(out + 20), 8);
    CHECK_INT(word(out + 38), 0x7000 + 11);
    CHECK_INT(word(out + 42), 1);
    CHECK_INT(out[44], 5);
    CHECK_INT(word(out + 45), 300);
    CHECK_INT(word(out + 47), 0);
}

TEST(sacn_multicast_groups)
{
    CHECK_INT(sacn_multicast_address(1), 0xefff0001);
    CHECK_INT(sacn_multicast_address(256), 0xefff0100);
    CHECK_INT(sacn_multicast_address(63999), 0xeffff9ff);
    CHECK_INT(sacn_multicast_address(SACN_DISCOVERY_UNIVERSE), 0xefffFAD6);
}

TEST(universes_sorted_without_repeats)
{
    struct universes *u = universes_new((const int[]){ 7, 3, 7, 1, 3 }, 5);

    CHECK_INT(u->n, 3);
    CHECK_INT(u->u[0].number, 1);
    CHECK_INT(universes_index(u, 3), 1);
    CHECK_INT(universes_index(u, 7), 2);
    CHECK_INT(universes_index(u, 2), -1);
    universes_free(u);
    u = universes_new(NULL, 0);
    CHECK_INT(universes_index(u, 1), -1);
    universes_free(u);
}
