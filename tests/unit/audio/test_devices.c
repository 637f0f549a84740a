#include "audio/devices.h"

#include "core/json.h"

#include "../../tap.h"

#define JACK "JACK Audio Connection Kit"

static struct devices list = {
    .n = 7,
    .d = {
        { .name = "HDA Intel PCH: ALC892 (hw:0,0)", .api = "ALSA", .channels = { 8, 2 }, .index = 0 },
        { .name = "USB Audio: - (hw:1,0)", .api = "ALSA", .channels = { 2, 0 }, .index = 1 },
        { .name = "default", .api = "ALSA", .channels = { 32, 32 }, .is_default = { true, true }, .is_first = { true, true }, .index = 2 },
        { .name = "Mic", .api = "ALSA", .channels = { 0, 1 }, .index = 3 },
        { .name = "default", .api = "OSS", .channels = { 2, 0 }, .index = 4 },
        { .name = "system", .api = JACK, .channels = { 2, 2 }, .is_default = { true, true }, .index = 5 },
        { .name = "usb audio", .api = JACK, .channels = { 2, 2 }, .index = 6 },
    },
};

static int found(const char *wanted, enum device_way way)
{
    const struct device *d = devices_find(&list, wanted, way);

    return d ? d->index : -1;
}

TEST(a_name_is_found_before_a_part_of_one)
{
    CHECK_INT(found("system", DEVICE_OUT), 5);
    CHECK_INT(found("usb audio", DEVICE_OUT), 6);
    CHECK_INT(found("USB Audio", DEVICE_OUT), 1);           /* a part; the first that has it */
    CHECK_INT(found("alc892", DEVICE_OUT), 0);
    CHECK_INT(found("default", DEVICE_OUT), 2);
    CHECK_INT(found("nothing like it", DEVICE_OUT), -1);
}

TEST(the_host_api_may_stand_in_front)
{
    CHECK_INT(found("JACK:usb", DEVICE_OUT), 6);
    CHECK_INT(found("jack:system", DEVICE_OUT), 5);
    CHECK_INT(found(JACK ":system", DEVICE_OUT), 5);
    CHECK_INT(found("ALSA:system", DEVICE_OUT), -1);
    CHECK_INT(found("OSS:default", DEVICE_OUT), 4);
    CHECK_INT(found("ALSA:USB", DEVICE_OUT), 1);
    CHECK_INT(found("JAC:system", DEVICE_OUT), -1);
    CHECK_INT(found(":system", DEVICE_OUT), -1);
}

TEST(a_name_may_hold_a_colon)
{
    CHECK_INT(found("HDA Intel PCH: ALC892 (hw:0,0)", DEVICE_OUT), 0);
    CHECK_INT(found("ALSA:USB Audio: - (hw:1,0)", DEVICE_OUT), 1);
}

/* Cards are numbered as they come. */
TEST(a_card_with_another_number_is_the_same_card)
{
    CHECK_INT(found("USB Audio: - (hw:3,0)", DEVICE_OUT), 1);
    CHECK_INT(found("ALSA:USB Audio: - (hw:3,0)", DEVICE_OUT), 1);
    CHECK_INT(found("USB Audio: x (hw:3,0)", DEVICE_OUT), -1);
}

TEST(auto_is_the_default)
{
    CHECK_INT(found("auto", DEVICE_OUT), 2);
    CHECK_INT(found("", DEVICE_OUT), 2);
    CHECK_INT(found("JACK:auto", DEVICE_OUT), 5);
    CHECK_INT(found("JACK:", DEVICE_IN), 5);
    CHECK_INT(found("OSS:auto", DEVICE_OUT), -1);
}

TEST(only_devices_of_the_way_count)
{
    CHECK_INT(found("Mic", DEVICE_OUT), -1);
    CHECK_INT(found("Mic", DEVICE_IN), 3);
    CHECK_INT(found("USB Audio: - (hw:1,0)", DEVICE_IN), -1);
}

TEST(they_survive_the_way_as_json)
{
    struct devices back;
    json_t *v = devices_json(&list);

    devices_parse(v, &back);
    json_decref(v);
    CHECK_INT(back.n, list.n);
    for (size_t i = 0; i < list.n; i++) {
        const struct device *a = &back.d[i], *b = &list.d[i];
        CHECK_STR(a->name, b->name);
        CHECK_STR(a->api, b->api);
        CHECK_INT(a->index, b->index);
        for (int way = 0; way < DEVICE_WAYS; way++) {
            CHECK_INT(a->channels[way], b->channels[way]);
            CHECK_INT(a->is_default[way], b->is_default[way]);
            CHECK_INT(a->is_first[way], b->is_first[way]);
        }
    }
    CHECK(devices_exact(&back, "system", JACK) == &back.d[5] && !devices_exact(&back, "system", "ALSA"));
}

TEST(what_is_no_device_is_left_out)
{
    struct devices back;
    struct problem p = { 0 };
    const char *text = "[{\"name\":\"a\",\"api\":\"x\",\"outputs\":1e99,\"rate\":-3,\"latency_ms\":89478480},{\"name\":3,\"api\":\"x\"},{\"api\":\"x\"},7,null,[],{\"name\":\"b\",\"api\":\"\"}]";
    json_t *v;

    CHECK_INT(json_parse(text, strlen(text), &v, &p), LM_OK);
    devices_parse(v, &back);
    json_decref(v);
    CHECK_INT(back.n, 1);
    CHECK_INT(back.d[0].channels[DEVICE_OUT], 1024);
    CHECK(back.d[0].rate == 0 && back.d[0].latency_ms == 2000);
    devices_parse(NULL, &back);
    CHECK_INT(back.n, 0);
}

TEST(there_may_be_more_than_fit)
{
    struct devices back;
    json_t *v = json_array();

    for (int i = 0; i < 3 * DEVICES; i++)
        json_array_append_new(v, json_pack("{s:s, s:s}", "name", "n", "api", "a"));
    devices_parse(v, &back);
    json_decref(v);
    CHECK_INT(back.n, DEVICES);
}
