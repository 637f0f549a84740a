/* Messages of the DMX USB Pro, byte by byte. */
#include "dmx/enttec.h"

#include <string.h>

#include "../../tap.h"

TEST(a_universe_is_a_message_of_label_6)
{
    uint8_t slots[512], m[ENTTEC_DMX_SIZE + 1];

    for (int i = 0; i < 512; i++)
        slots[i] = (uint8_t)(i * 7);
    m[ENTTEC_DMX_SIZE] = 0x55;
    CHECK_INT(enttec_dmx(m, slots, 512), 518);
    CHECK(!memcmp(m, (const uint8_t[]){ 0x7e, 6, 0x01, 0x02, 0x00 }, 5));       /* 513 bytes: start code 0 and the slots */
    CHECK(!memcmp(m + 5, slots, 512));
    CHECK_INT(m[517], 0xe7);
    CHECK_INT(m[518], 0x55);
    CHECK_INT(enttec_dmx(m, slots, 3), 518);
    CHECK_INT(m[7], slots[2]);
    CHECK_INT(m[8] | m[516], 0);
    CHECK_INT(m[517], 0xe7);
}

TEST(questions)
{
    uint8_t m[ENTTEC_REQUEST_MAX];

    CHECK_INT(enttec_request(m, ENTTEC_GET_PARAMETERS), 7);
    CHECK(!memcmp(m, (const uint8_t[]){ 0x7e, 3, 2, 0, 0, 0, 0xe7 }, 7));
    CHECK_INT(enttec_request(m, ENTTEC_GET_SERIAL), 5);
    CHECK(!memcmp(m, (const uint8_t[]){ 0x7e, 10, 0, 0, 0xe7 }, 5));
}

static int feed(struct enttec_parser *p, struct enttec_identity *id, const uint8_t *bytes, size_t n)
{
    int whole = 0;

    for (size_t i = 0; i < n; i++)
        if (enttec_parse(p, bytes[i])) {
            enttec_identify(id, p);
            whole++;
        }
    return whole;
}
#define FEED(...) feed(&p, &id, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

TEST(answers)
{
    struct enttec_parser p = { 0 };
    struct enttec_identity id = { 0 };

    CHECK_INT(FEED(0x7e, 3, 5, 0, 0x2c, 0x01, 9, 1, 40, 0xe7), 1);
    CHECK(id.has_parameters && !id.has_serial);
    CHECK_INT(id.firmware_major, 1);
    CHECK_INT(id.firmware_minor, 0x2c);
    CHECK_INT(id.rate, 40);
    CHECK_INT(FEED(0x7e, 10, 4, 0, 0x78, 0x56, 0x34, 0x12, 0xe7), 1);
    CHECK(id.has_serial);
    CHECK_INT(id.serial, 12345678);
    CHECK_INT(FEED(0x7e, 10, 3, 0, 1, 2, 3, 0xe7, 0x7e, 3, 0, 0, 0xe7), 2);     /* too short to say anything */
    CHECK_INT(id.serial, 12345678);
}

TEST(noise_between_messages_is_skipped)
{
    struct enttec_parser p = { 0 };
    struct enttec_identity id = { 0 };

    CHECK_INT(FEED(0, 0xe7, 3, 5, 0x7e), 0);
    CHECK_INT(FEED(10, 4, 0, 1, 0, 0, 0, 0xe7), 1);             /* the start came with the noise */
    CHECK_INT(id.serial, 1);
    CHECK_INT(FEED(0x7e, 10, 4, 0, 2, 0, 0, 0, 0xe6), 0);       /* no end: not taken */
    CHECK_INT(id.serial, 1);
    CHECK_INT(FEED(0x7e, 10, 4, 0, 3, 0, 0, 0, 0x7e, 10, 4, 0, 4, 0, 0, 0, 0xe7), 1);   /* a lost end: the next is taken */
    CHECK_INT(id.serial, 4);
    CHECK_INT(FEED(0x7e, 5, 0xff, 0xff, 1, 2, 3), 0);           /* longer than any */
    CHECK_INT(FEED(0x7e, 10, 4, 0, 5, 0, 0, 0, 0xe7), 1);
    CHECK_INT(id.serial, 5);
}

TEST(what_is_written_is_read_back_and_any_bytes_are_survived)
{
    struct enttec_parser p = { 0 };
    struct enttec_identity id = { 0 };
    uint8_t slots[512], m[ENTTEC_DMX_SIZE];
    uint32_t seed = 1;

    for (int i = 0; i < 512; i++)
        slots[i] = i & 1 ? 0x7e : 0xe7;                         /* the marks are data where data are */
    enttec_dmx(m, slots, 512);
    CHECK_INT(feed(&p, &id, m, sizeof m), 1);
    CHECK_INT(p.label, ENTTEC_SEND_DMX);
    CHECK_INT(p.length, 513);
    CHECK(!p.data[0] && !memcmp(p.data + 1, slots, 512));
    for (int i = 0; i < 2000000; i++) {
        seed = seed * 1664525 + 1013904223;
        uint8_t b = seed >> 30 ? (uint8_t)(seed >> 8) : 0x7e;
        if (enttec_parse(&p, b))
            enttec_identify(&id, &p);
        if (p.got > ENTTEC_DATA_MAX)
            CHECK(!"wrote behind the end");
    }
}
