/* Art-Net read: every packet that is right, and every way one can be wrong. */
#include "dmx/artnet.h"

#include <stdlib.h>

#include "../../tap.h"

/* Exactly `n` bytes on the heap: reading one more is seen by the address sanitizer. */
static uint8_t *exact(const void *from, size_t n)
{
    uint8_t *p = malloc(n ? n : 1);

    if (p && n)
        memcpy(p, from, n);
    return p;
}

static struct artnet_reply device(void)
{
    return (struct artnet_reply){
        .ip = { 10, 0, 0, 7 }, .bind_ip = { 10, 0, 0, 7 }, .mac = { 2, 0, 0, 0, 0, 9 }, .name = "Node", .long_name = "A node of the rig",
        .report = "#0001 [0001] fine", .version = 0x0102, .oem = 0x1234, .esta = 0x4567, .status1 = 0xd0, .status2 = 0x08, .style = 0, .bind_index = 3,
        .ports = { { .is_output = true, .is_active = true, .output = 0x7f21 }, { .is_output = true, .output = 0x7f2f }, { .is_input = true, .protocol = 5, .input = 0x7f20 } },
        .n_ports = 3,
    };
}

TEST(a_reply_is_read_as_it_was_made)
{
    struct artnet_reply in = device(), out;
    uint8_t p[ARTNET_REPLY_SIZE];

    CHECK_INT(artnet_reply(p, &in), 239);
    CHECK_INT(artnet_op(p, sizeof p), ARTNET_OP_REPLY);
    CHECK(!memcmp(p + 10, "\x0a\0\0\x07\x36\x19\x01\x02\x7f\x02\x12\x34\0\xd0\x67\x45Node", 20));
    CHECK_INT(p[173], 3);
    CHECK(!memcmp(p + 174, "\x80\x80\x45\0" "\0\0\0\0" "\x80\0\0\0" "\0\0\0\0" "\x01\x0f\0\0", 20));
    CHECK_INT(p[211], 3);
    CHECK(artnet_parse_reply(p, sizeof p, &out));
    CHECK(!memcmp(out.ip, in.ip, 4) && !memcmp(out.bind_ip, in.bind_ip, 4) && !memcmp(out.mac, in.mac, 6));
    CHECK_STR(out.name, in.name);
    CHECK_STR(out.long_name, in.long_name);
    CHECK_STR(out.report, in.report);
    CHECK_INT(out.version, in.version);
    CHECK_INT(out.oem, in.oem);
    CHECK_INT(out.esta, in.esta);
    CHECK_INT(out.bind_index, 3);
    CHECK_INT(out.status2, 8);
    CHECK_INT(out.n_ports, 3);
    CHECK_INT(out.ports[0].output, 0x7f21);
    CHECK(out.ports[0].is_output && !out.ports[0].is_input && out.ports[0].is_active);
    CHECK_INT(out.ports[1].output, 0x7f2f);
    CHECK(!out.ports[1].is_active);
    CHECK_INT(out.ports[2].input, 0x7f20);
    CHECK(out.ports[2].is_input && !out.ports[2].is_output);
    CHECK_INT(out.ports[2].protocol, 5);
}

TEST(replies_of_every_length)
{
    struct artnet_reply in = device(), out;
    uint8_t p[300] = { 0 };

    artnet_reply(p, &in);
    for (size_t n = 0; n <= sizeof p; n++) {
        uint8_t *cut = exact(p, n);
        bool ok = artnet_parse_reply(cut, n, &out);
        free(cut);
        CHECK_INT(ok, n >= 207);
        if (ok) {
            CHECK_INT(out.n_ports, 3);
            CHECK_INT(out.bind_index, n >= 212 ? 3 : 0);
            CHECK_INT(out.bind_ip[0], n >= 211 ? 10 : 0);
        }
    }
}

TEST(lying_replies_are_bounded)
{
    struct artnet_reply in = device(), out;
    uint8_t p[ARTNET_REPLY_SIZE];

    artnet_reply(p, &in);
    p[172] = 0xff, p[173] = 0xff;                       /* 65,535 ports */
    p[18] = 0xff, p[19] = 0xff;
    memset(p + 186, 0xff, 8);
    CHECK(artnet_parse_reply(p, sizeof p, &out));
    CHECK_INT(out.n_ports, 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(out.ports[i].output, 0x7fff);
        CHECK_INT(out.ports[i].input, 0x7fff);
    }
    p[172] = p[173] = 0;
    CHECK(artnet_parse_reply(p, sizeof p, &out));
    CHECK_INT(out.n_ports, 0);
    p[9] = 0x20;                                        /* another packet */
    CHECK(!artnet_parse_reply(p, sizeof p, &out));
    p[9] = 0x21, p[7] = 'x';
    CHECK(!artnet_parse_reply(p, sizeof p, &out));
}

TEST(names_are_clean_text)
{
    struct artnet_reply in = device(), out;
    uint8_t p[ARTNET_REPLY_SIZE];

    artnet_reply(p, &in);
    memset(p + 26, 'n', 18);                            /* no NUL at all */
    memcpy(p + 44, "B\xfchne\n\x1b[2J", 11);            /* Latin-1 and a terminal's escape */
    memset(p + 108, 'r', 62);
    p[170] = 0xc3, p[171] = 0xbc;                       /* a whole character that does not fit with the NUL */
    CHECK(artnet_parse_reply(p, sizeof p, &out));
    CHECK_STR(out.name, "nnnnnnnnnnnnnnnnn");
    CHECK_STR(out.long_name, "B?hne  [2J");
    CHECK_INT(strlen(out.report), 62);
    memcpy(p + 44, "B\xc3\xbchne\0", 7);
    CHECK(artnet_parse_reply(p, sizeof p, &out));
    CHECK_STR(out.long_name, "B\xc3\xbchne");
    memset(p + 26, 0x80, 18);
    CHECK(artnet_parse_reply(p, sizeof p, &out));
    CHECK_STR(out.name, "?????????????????");

    for (size_t i = 0; i < sizeof in.name / 2 - 1; i++)
        memcpy(in.name + 2 * i, "\xc3\xbc", 3);         /* 16 bytes and NUL */
    memcpy(in.name + 16, "z", 2);
    artnet_reply(p, &in);
    CHECK_INT(p[26 + 16], 'z');
    CHECK_INT(p[26 + 17], 0);
}

TEST(polls)
{
    uint8_t p[ARTNET_POLL_SIZE], wide[22] = { 0 };
    struct artnet_poll out;

    CHECK_INT(artnet_poll(p), 14);
    CHECK(!memcmp(p, "Art-Net\0\0\x20\0\x0e\x02\0", 14));
    for (size_t n = 0; n < sizeof p; n++) {
        uint8_t *cut = exact(p, n);
        CHECK(!artnet_parse_poll(cut, n, &out));
        free(cut);
    }
    CHECK(artnet_parse_poll(p, sizeof p, &out));
    CHECK(!out.targeted);
    CHECK_INT(out.top, 0x7fff);
    p[12] |= 0x20;                                      /* the targeted bit, but no addresses behind it */
    CHECK(artnet_parse_poll(p, sizeof p, &out));
    CHECK(!out.targeted);
    memcpy(wide, p, sizeof p);
    memcpy(wide + 14, "\x01\x20\x01\x10", 4);
    CHECK(artnet_parse_poll(wide, 17, &out) && !out.targeted);
    CHECK(artnet_parse_poll(wide, sizeof wide, &out) && out.targeted);
    CHECK_INT(out.top, 0x120);
    CHECK_INT(out.bottom, 0x110);
    p[11] = 13;                                         /* an older protocol */
    CHECK(!artnet_parse_poll(p, sizeof p, &out));
    p[10] = 1;                                          /* and a newer one */
    CHECK(artnet_parse_poll(p, sizeof p, &out));
}

TEST(dmx_is_read_as_it_was_made)
{
    uint8_t p[ARTNET_DMX_MAX], slots[512];
    struct artnet_dmx out;

    for (size_t i = 0; i < 512; i++)
        slots[i] = (uint8_t)(i * 7);
    static const size_t lengths[] = { 1, 2, 3, 511, 512 };
    for (size_t i = 0; i < 5; i++) {
        size_t n = artnet_dmx(p, 0x7ffe, 9, slots, lengths[i]);
        uint8_t *whole = exact(p, n);
        CHECK(artnet_parse_dmx(whole, n, &out));
        CHECK_INT(out.port_address, 0x7ffe);
        CHECK_INT(out.sequence, 9);
        CHECK_INT(out.n, lengths[i] + lengths[i] % 2);
        CHECK(!memcmp(out.slots, slots, lengths[i]));
        free(whole);
    }
}

TEST(malformed_dmx)
{
    uint8_t p[ARTNET_DMX_MAX + 8] = { 0 }, slots[512] = { 0 };
    struct artnet_dmx out;

    for (size_t n = 0; n < 530; n++) {                  /* cut anywhere */
        artnet_dmx(p, 1, 1, slots, 512);
        uint8_t *cut = exact(p, n);
        CHECK(!artnet_parse_dmx(cut, n, &out));
        free(cut);
    }
    CHECK(artnet_parse_dmx(p, 538, &out));              /* padded: taken */
    CHECK_INT(out.n, 512);
    static const struct { size_t at; uint8_t value; } wrong[] = {
        { 0, 'a' }, { 7, 1 }, { 8, 1 }, { 9, 0x51 }, { 11, 13 }, { 15, 0x80 }, { 16, 3 }, { 16, 0xff },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        artnet_dmx(p, 1, 1, slots, 512);
        p[wrong[i].at] = wrong[i].value;
        CHECK(!artnet_parse_dmx(p, sizeof p, &out));
    }
    artnet_dmx(p, 1, 1, slots, 2);
    p[17] = 0;                                          /* no slots */
    CHECK(!artnet_parse_dmx(p, 20, &out));
    p[17] = 1;                                          /* odd, but all there */
    CHECK(artnet_parse_dmx(p, 20, &out));
    CHECK_INT(out.n, 1);
    p[17] = 4;                                          /* more than there is */
    CHECK(!artnet_parse_dmx(p, 20, &out));
}

TEST(other_packets_are_nothing)
{
    CHECK_INT(artnet_op((const uint8_t *)"", 0), -1);
    CHECK_INT(artnet_op((const uint8_t *)"Art-Net\0\0", 9), -1);
    CHECK_INT(artnet_op((const uint8_t *)"Art-Net\0\0\x52", 10), ARTNET_OP_SYNC);
    CHECK_INT(artnet_op((const uint8_t *)"art-net\0\0\x52", 10), -1);
}
