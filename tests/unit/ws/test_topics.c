#include "../../tap.h"

#include "ws/encode.h"
#include "ws/topics.h"

static struct message m;
static struct problem p;

static enum lm_err parse(const char *text)
{
    return message_parse(text, strlen(text), &m, &p);
}

TEST(subscribing)
{
    CHECK_INT(
        parse("{\"type\":\"subscribe\",\"topics\":[\"host-audio\",\"frame\",\"dmx/1\",\"dmx/512\",\"dmx/1\"],\"max_fps\":30}"),
        LM_OK);
    CHECK_INT(m.type, MESSAGE_SUBSCRIBE);
    CHECK_INT(m.topics, TOPIC_BIT(TOPIC_HOST_AUDIO) | TOPIC_BIT(TOPIC_FRAME));
    CHECK_INT(m.n_dmx, 2);
    CHECK_INT(m.dmx[1], 512);
    CHECK_NEAR(m.max_fps, 30, 0);
    CHECK_INT(parse("{\"type\":\"subscribe\",\"topics\":[],\"max_fps\":1000}"), LM_OK);
    CHECK_NEAR(m.max_fps, FPS_MAX, 0);
    CHECK_INT(parse("{\"type\":\"unsubscribe\",\"topics\":[\"changes\"]}"), LM_OK);
    CHECK_INT(m.type, MESSAGE_UNSUBSCRIBE);
    CHECK_INT(parse("{\"type\":\"ping\"}"), LM_OK);
    CHECK_INT(m.type, MESSAGE_PING);
}

TEST(every_topic_of_the_table_can_be_had)
{
    char text[128];

    for (int t = 0; t < TOPICS; t++) {
        CHECK(topic_table[t].name && topic_table[t].rate && topic_table[t].doc);
        snprintf(text, sizeof(text), "{\"type\":\"subscribe\",\"topics\":[\"%s%s\"]}", topic_table[t].name,
                 t == TOPIC_DMX ? "7" : "");
        CHECK_INT(parse(text), LM_OK);
    }
}

TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *text;
        enum lm_err err;
        const char *path;
    } rows[] = {
        { "", LM_BAD_REQUEST, "" },
        { "x", LM_BAD_REQUEST, "" },
        { "[]", LM_BAD_REQUEST, "" },
        { "{}", LM_INVALID, "/type" },
        { "{\"type\":7}", LM_INVALID, "/type" },
        { "{\"type\":\"ping\",\"x\":1}", LM_INVALID, "/x" },
        { "{\"type\":\"subscribe\"}", LM_INVALID, "/topics" },
        { "{\"type\":\"subscribe\",\"topics\":[\"frame\",\"frames\"]}", LM_INVALID, "/topics/1" },
        { "{\"type\":\"subscribe\",\"topics\":[\"dmx/\"]}", LM_INVALID, "/topics/0" },
        { "{\"type\":\"subscribe\",\"topics\":[\"dmx/0\"]}", LM_INVALID, "/topics/0" },
        { "{\"type\":\"subscribe\",\"topics\":[\"dmx/01\"]}", LM_INVALID, "/topics/0" },
        { "{\"type\":\"subscribe\",\"topics\":[\"dmx/64000\"]}", LM_INVALID, "/topics/0" },
        { "{\"type\":\"subscribe\",\"topics\":[\"dmx/-1\"]}", LM_INVALID, "/topics/0" },
        { "{\"type\":\"subscribe\",\"topics\":[null]}", LM_INVALID, "/topics/0" },
        { "{\"type\":\"subscribe\",\"topics\":[],\"max_fps\":0}", LM_INVALID, "/max_fps" },
        { "{\"type\":\"subscribe\",\"topics\":[],\"max_fps\":\"x\"}", LM_INVALID, "/max_fps" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum lm_err err = parse(rows[i].text);
        if (err != rows[i].err || (*rows[i].path && strcmp(p.errors[0].path, rows[i].path)))
            TAP_FAIL("%s: %d at \"%s\"", rows[i].text, err, p.errors[0].path);
    }
    static char long_one[MESSAGE_MAX + 2];
    memset(long_one, ' ', MESSAGE_MAX + 1);
    CHECK_INT(parse(long_one), LM_TOO_LARGE);
}

TEST(more_universes_than_fit_are_refused)
{
    char text[2048] = "{\"type\":\"subscribe\",\"topics\":[\"dmx/1\"";

    for (int i = 2; i <= MESSAGE_DMX_MAX + 1; i++)
        sprintf(text + strlen(text), ",\"dmx/%d\"", i);
    strcat(text, "]}");
    CHECK_INT(parse(text), LM_INVALID);
    CHECK_STR(p.errors[0].path, "/topics/64");
}

TEST(the_frame_on_the_wire)
{
    struct show_head heads[2] = {
        { .intensity = 255, .r = 1, .g = 2, .b = 3, .strobe = 4, .speed = 5, .pan = -450, .tilt = 1350 }, { .intensity = 9 }
    };
    struct show_universe u = { .number = 3, .slots = { [0] = 7, [511] = 8 } };
    struct show_live live = {
        .seq = 0x01020304, .patch = 5, .time = 1.5, .heads = 2, .universes = 1, .head = heads, .universe = &u
    };
    static const unsigned char want[] = {
        'L', 'M', 'F', '1', 4, 3, 2, 1,    5,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 2,
        0,   255, 1,   2,   3, 4, 5, 0x3e, 0xfe, 0x46, 0x05, 9, 0, 0, 0, 0, 0, 0, 0,    0,    0
    };
    unsigned char out[64], dmx[DMX_MESSAGE];

    CHECK_INT(frame_size(&live), sizeof(want));
    frame_encode(&live, false, out);
    CHECK(!memcmp(out, want, sizeof(want)));
    frame_encode(&live, true, out);     /* both may be asked for on one socket */
    CHECK(!memcmp(out, "LMW1", 4));
    CHECK(!memcmp(out + 4, want + 4, sizeof(want) - 4));
    dmx_encode(&live, 3, dmx);
    CHECK(!memcmp(dmx, "LMD1\3\0\7", 7));
    CHECK_INT(dmx[517], 8);
    dmx_encode(&live, 300, dmx);
    CHECK(!memcmp(dmx, "LMD1\x2c\1\0", 7));
    dmx_encode(NULL, 3, dmx);
    CHECK_INT(dmx[6], 0);
}
