/* Universes received: who is heard, who counts, what is merged, when it ends. Packets are handed in as the receiver does; no network. */
#include "dmx/input.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dmx/artnet.h"
#include "dmx/sacn.h"

#include "../../tap.h"

#define MS INT64_C(1000000)

static const uint8_t our_cid[16] = { 0xee };

struct rig {
    struct input *in;
    struct input_set *set;
    struct universes *own, *out, *steady;
    int64_t now;
};

static const struct output_row rows[] = {
    { .id = "a", .universe = 1, .protocol = OUTPUT_ARTNET, .port_address = -1 },
    { .id = "b", .universe = 1, .protocol = OUTPUT_SACN, .priority = 90 },
    { .id = "c", .universe = 1, .protocol = OUTPUT_SACN, .priority = 100 },
    { .id = "d", .universe = 2, .protocol = OUTPUT_ARTNET, .port_address = 77 },
    { .id = "e", .universe = 2, .protocol = OUTPUT_ARTNET, .port_address = 78 },
};

/* Universe 1 goes out by both protocols, 2 to the port-addresses 77 and 78, 3 nowhere. */
static struct rig rig_new(enum input_merge merge)
{
    static const int numbers[] = { 1, 2, 3 };
    struct rig r = { .own = universes_new(numbers, 3), .out = universes_new(numbers, 3), .steady = universes_new(numbers, 3), .now = 1000000 * MS };

    input_new(our_cid, 0, &r.in);
    input_set_new(r.in, merge, rows, sizeof rows / sizeof *rows, r.own, NULL, &r.set);
    input_listen(r.in, r.set);
    return r;
}

static void rig_free(struct rig *r)
{
    input_set_free(r->set);
    input_free(r->in);
    universes_free(r->own), universes_free(r->out), universes_free(r->steady);
}

static struct sockaddr_in from(const char *ip, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    inet_pton(AF_INET, ip, &a.sin_addr);
    return a;
}

/* n slots of `value`; sequence 0: not numbered. */
static void art(struct rig *r, const char *ip, int port_address, int sequence, int value, size_t n)
{
    uint8_t p[ARTNET_DMX_MAX], slots[512];
    struct sockaddr_in a = from(ip, ARTNET_PORT);

    memset(slots, value, sizeof slots);
    input_artnet(r->in, &a, p, artnet_dmx(p, port_address, (uint8_t)sequence, slots, n), r->now);
}

struct sacn_say { int cid, universe, priority, sequence, options, value; size_t n; };

static void sacn(struct rig *r, struct sacn_say s)
{
    struct sacn_source source = { .cid = { (uint8_t)s.cid } };
    uint8_t p[SACN_DATA_MAX], slots[512];
    struct sockaddr_in a = from("10.0.0.7", 40000);

    sacn_source_name(&source, "Pult");
    memset(slots, s.value, sizeof slots);
    size_t n = sacn_data(p, &source, s.universe, s.priority, (uint8_t)s.sequence, (uint8_t)s.options, 0, slots, s.n ? s.n : 512);
    input_sacn(r->in, &a, p, n, r->now);
}

static int merged(struct rig *r, int universe, int slot)
{
    input_set_merge(r->set, r->own, NULL, r->out, r->now);
    return r->out->u[universe - 1].slots[slot - 1];
}

static void own(struct rig *r, int universe, int value)
{
    memset(r->own->u[universe - 1].slots, value, DMX_SLOTS);
}

static size_t sources(struct rig *r, int universe, struct input_source *list)
{
    return input_sources(r->in, universe, list, 32, r->now);
}

/* ---- what is merged ---- */

TEST(off_changes_nothing_and_still_sees)
{
    struct rig r = rig_new(INPUT_OFF);
    struct input_source list[32];

    own(&r, 1, 40);
    art(&r, "10.0.0.5", 0, 1, 200, 512);
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 150, .value = 220 });
    CHECK_INT(merged(&r, 1, 1), 40);
    CHECK_INT(sources(&r, 1, list), 2);
    CHECK(!list[0].is_merged && !list[1].is_merged && list[0].is_second && list[1].is_second);
    rig_free(&r);
}

TEST(htp_takes_the_highest_of_each_slot)
{
    struct rig r = rig_new(INPUT_HTP);

    own(&r, 1, 100);
    r.own->u[0].slots[9] = 250;
    art(&r, "10.0.0.5", 0, 1, 60, 512);
    CHECK_INT(merged(&r, 1, 1), 100);
    art(&r, "10.0.0.6", 0, 1, 140, 512);
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 100, .value = 120 });
    CHECK_INT(merged(&r, 1, 1), 140);
    CHECK_INT(merged(&r, 1, 10), 250);
    CHECK_INT(merged(&r, 2, 1), 0);
    art(&r, "10.0.0.6", 0, 2, 10, 512);
    CHECK_INT(merged(&r, 1, 1), 120);
    rig_free(&r);
}

TEST(ltp_takes_whom_changed_a_slot_last)
{
    struct rig r = rig_new(INPUT_LTP);

    own(&r, 1, 100);
    CHECK_INT(merged(&r, 1, 1), 100);
    r.now += 10 * MS;
    art(&r, "10.0.0.5", 0, 1, 60, 512);         /* appears: lower, but later */
    CHECK_INT(merged(&r, 1, 1), 60);
    r.now += 10 * MS;
    art(&r, "10.0.0.6", 0, 1, 30, 512);
    CHECK_INT(merged(&r, 1, 1), 30);
    r.now += 10 * MS;
    art(&r, "10.0.0.5", 0, 2, 60, 512);         /* says the same again: no change */
    CHECK_INT(merged(&r, 1, 1), 30);
    r.now += 10 * MS;
    r.own->u[0].slots[0] = 101;                 /* ours changes one slot */
    CHECK_INT(merged(&r, 1, 1), 101);
    CHECK_INT(merged(&r, 1, 2), 30);
    r.now += 10 * MS;
    art(&r, "10.0.0.6", 0, 2, 0, 512);          /* down to nothing is a change as well */
    CHECK_INT(merged(&r, 1, 1), 0);
    rig_free(&r);
}

TEST(ltp_a_source_that_appears_takes_what_is_not_zero)
{
    struct rig r = rig_new(INPUT_LTP);
    uint8_t p[ARTNET_DMX_MAX], slots[512] = { [4] = 9 };
    struct sockaddr_in a = from("10.0.0.5", ARTNET_PORT);

    own(&r, 1, 100);
    CHECK_INT(merged(&r, 1, 1), 100);
    r.now += MS;
    input_artnet(r.in, &a, p, artnet_dmx(p, 0, 1, slots, 512), r.now);
    CHECK_INT(merged(&r, 1, 1), 100);
    CHECK_INT(merged(&r, 1, 5), 9);
    rig_free(&r);
}

TEST(a_higher_priority_has_the_universe)
{
    struct rig r = rig_new(INPUT_HTP);

    own(&r, 1, 200);
    art(&r, "10.0.0.5", 0, 1, 250, 512);
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 101, .value = 20 });
    sacn(&r, (struct sacn_say){ .cid = 2, .universe = 1, .priority = 101, .value = 30 });
    sacn(&r, (struct sacn_say){ .cid = 3, .universe = 1, .priority = 100, .value = 240 });
    CHECK_INT(merged(&r, 1, 1), 30);            /* theirs alone, merged with each other */
    sacn(&r, (struct sacn_say){ .cid = 4, .universe = 1, .priority = 102, .value = 0 });
    CHECK_INT(merged(&r, 1, 1), 0);
    rig_free(&r);
}

TEST(a_lower_priority_is_not_heard)
{
    struct rig r = rig_new(INPUT_HTP);

    own(&r, 1, 10);
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 99, .value = 255 });
    CHECK_INT(merged(&r, 1, 1), 10);
    sacn(&r, (struct sacn_say){ .cid = 2, .universe = 1, .priority = 100, .value = 60 });
    CHECK_INT(merged(&r, 1, 1), 60);
    own(&r, 3, 10);                             /* not sent by sACN: 100 counts */
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 3, .priority = 99, .value = 255 });
    CHECK_INT(merged(&r, 3, 1), 10);
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 3, .priority = 100, .sequence = 1, .value = 255 });
    CHECK_INT(merged(&r, 3, 1), 255);
    rig_free(&r);
}

TEST(a_priority_that_changes_counts_at_once)
{
    struct rig r = rig_new(INPUT_LTP);

    own(&r, 1, 10);
    CHECK_INT(merged(&r, 1, 1), 10);
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 99, .value = 5 });
    CHECK_INT(merged(&r, 1, 1), 10);
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 150, .sequence = 1, .value = 5 });
    r.now += MS;
    own(&r, 1, 11);                             /* later, but below */
    CHECK_INT(merged(&r, 1, 1), 5);
    rig_free(&r);
}

TEST(slots_behind_the_last_stay_ours)
{
    for (int merge = INPUT_HTP; merge <= INPUT_LTP; merge++) {
        struct rig r = rig_new((enum input_merge)merge);
        own(&r, 1, 70);
        sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 200, .value = 20, .n = 24 });
        CHECK_INT(merged(&r, 1, 24), 20);
        CHECK_INT(merged(&r, 1, 25), 70);
        sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 200, .sequence = 1, .value = 20, .n = 12 });
        CHECK_INT(merged(&r, 1, 24), 70);
        rig_free(&r);
    }
}

TEST(a_universe_that_is_not_patched_passes_through)
{
    struct rig r = rig_new(INPUT_LTP);

    art(&r, "10.0.0.5", 77, 1, 33, 512);
    CHECK_INT(merged(&r, 2, 512), 33);
    rig_free(&r);
}

TEST(in_a_blackout_only_what_is_steady_follows)
{
    struct rig r = rig_new(INPUT_HTP);

    r.steady->u[0].slots[3] = 1;
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 200, .value = 90 });
    input_set_merge(r.set, r.own, r.steady, r.out, r.now);
    CHECK_INT(r.out->u[0].slots[3], 90);
    CHECK_INT(r.out->u[0].slots[2], 0);
    rig_free(&r);
}

/* ---- where it is heard ---- */

TEST(port_addresses_follow_the_outputs)
{
    struct rig r = rig_new(INPUT_HTP);
    uint16_t ports[8];

    CHECK_INT(input_artnet_ports(r.in, ports, 8), 4);
    CHECK(ports[0] == 0 && ports[1] == 2 && ports[2] == 77 && ports[3] == 78);
    art(&r, "10.0.0.5", 1, 1, 50, 512);         /* universe 2 would be there, had it no outputs of its own */
    CHECK_INT(merged(&r, 2, 1), 0);
    art(&r, "10.0.0.5", 78, 1, 60, 512);
    CHECK_INT(merged(&r, 2, 1), 60);
    art(&r, "10.0.0.5", 2, 1, 70, 512);
    CHECK_INT(merged(&r, 3, 1), 70);
    art(&r, "10.0.0.5", 32767, 1, 80, 512);     /* nobody's */
    CHECK_INT(sources(&r, 0, (struct input_source[32]){ { 0 } }), 2);
    rig_free(&r);
}

TEST(one_port_address_may_be_heard_by_two_universes)
{
    static const int numbers[] = { 1, 2 };
    struct rig r = rig_new(INPUT_HTP);
    struct output_row both[] = { rows[0], rows[0] };
    struct universes *u = universes_new(numbers, 2);
    struct input_set *s;

    both[1].universe = 2, both[1].port_address = 0;
    CHECK_INT(input_set_new(r.in, INPUT_HTP, both, 2, u, r.set, &s), LM_OK);
    input_listen(r.in, s);
    art(&r, "10.0.0.5", 0, 1, 44, 512);
    universes_free(r.own), universes_free(r.out);
    r.own = u, r.out = universes_new(numbers, 2);
    input_set_free(r.set), r.set = s;
    CHECK_INT(merged(&r, 1, 1), 44);
    CHECK_INT(merged(&r, 2, 1), 44);
    rig_free(&r);
}

TEST(universes_beyond_artnet_have_no_port_address)
{
    static const int numbers[] = { 32768, 32769 };
    struct rig r = rig_new(INPUT_HTP);
    struct universes *u = universes_new(numbers, 2);
    struct input_set *s;
    uint16_t ports[8];

    CHECK_INT(input_set_new(r.in, INPUT_HTP, NULL, 0, u, NULL, &s), LM_OK);
    input_listen(r.in, s);
    CHECK_INT(input_artnet_ports(r.in, ports, 8), 1);
    CHECK_INT(ports[0], 32767);
    input_set_free(s);
    universes_free(u);
    rig_free(&r);
}

TEST(off_offers_no_port_addresses)
{
    struct rig r = rig_new(INPUT_OFF);
    uint16_t ports[8];

    CHECK_INT(input_artnet_ports(r.in, ports, 8), 0);
    rig_free(&r);
}

/* ---- when it ends ---- */

TEST(a_source_is_gone_after_two_and_a_half_seconds)
{
    struct rig r = rig_new(INPUT_HTP);
    struct input_source list[32];

    own(&r, 1, 5);
    art(&r, "10.0.0.5", 0, 1, 60, 512);
    r.now += 1000 * MS;
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 100, .value = 50 });
    r.now += 1500 * MS;
    input_tick(r.in, r.now);
    CHECK_INT(merged(&r, 1, 1), 60);
    CHECK_INT(sources(&r, 1, list), 2);
    r.now += MS;
    CHECK_INT(sources(&r, 1, list), 1);
    input_tick(r.in, r.now);
    CHECK_INT(merged(&r, 1, 1), 50);
    r.now += 1000 * MS;
    CHECK_INT(merged(&r, 1, 1), 5);             /* the last one: without the receiver too */
    input_tick(r.in, r.now);
    CHECK_INT(sources(&r, 1, list), 0);
    CHECK_INT(merged(&r, 1, 1), 5);
    rig_free(&r);
}

TEST(ltp_gives_back_what_a_silent_source_had)
{
    struct rig r = rig_new(INPUT_LTP);

    own(&r, 1, 100);
    CHECK_INT(merged(&r, 1, 1), 100);
    r.now += MS;
    art(&r, "10.0.0.5", 0, 1, 60, 512);
    CHECK_INT(merged(&r, 1, 1), 60);
    r.now += 2501 * MS;
    input_tick(r.in, r.now);
    CHECK_INT(merged(&r, 1, 1), 100);
    rig_free(&r);
}

TEST(a_terminated_stream_ends_at_once)
{
    struct rig r = rig_new(INPUT_HTP);
    struct input_source list[32];

    own(&r, 1, 5);
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 110, .sequence = 7, .value = 60 });
    CHECK_INT(merged(&r, 1, 1), 60);
    for (int i = 8; i <= 10; i++)
        sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 110, .sequence = i, .options = SACN_TERMINATED, .value = 60 });
    CHECK_INT(merged(&r, 1, 1), 5);
    CHECK_INT(sources(&r, 1, list), 0);
    rig_free(&r);
}

/* ---- what is not taken ---- */

TEST(packets_out_of_order_are_dropped)
{
    struct rig r = rig_new(INPUT_HTP);
    static const struct { int sequence, value; bool taken; } steps[] = {
        { 10, 1, true }, { 10, 2, false }, { 9, 3, false }, { 247, 4, false }, { 246, 5, true }, { 255, 6, true }, { 0, 7, true },
        { 250, 8, false },
    };

    for (size_t i = 0; i < 8; i++) {
        sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 100, .sequence = steps[i].sequence, .value = steps[i].value });
        CHECK_INT(merged(&r, 1, 1) == steps[i].value, steps[i].taken);
    }
    /* -19 is dropped, -20 and what is further is a new beginning */
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 100, .sequence = 256 - 19, .value = 20 });
    CHECK_INT(merged(&r, 1, 1), 7);
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 100, .sequence = 256 - 20, .value = 21 });
    CHECK_INT(merged(&r, 1, 1), 21);
    rig_free(&r);
}

TEST(sequences_are_of_a_source_and_a_universe)
{
    struct rig r = rig_new(INPUT_HTP);

    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 100, .sequence = 10, .value = 10 });
    sacn(&r, (struct sacn_say){ .cid = 2, .universe = 1, .priority = 100, .sequence = 9, .value = 20 });
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 3, .priority = 100, .sequence = 8, .value = 30 });
    CHECK_INT(merged(&r, 1, 1), 20);
    CHECK_INT(merged(&r, 3, 1), 30);
    rig_free(&r);
}

TEST(artnet_sequence_zero_is_no_number)
{
    struct rig r = rig_new(INPUT_HTP);

    art(&r, "10.0.0.5", 0, 200, 10, 512);
    art(&r, "10.0.0.5", 0, 199, 20, 512);
    CHECK_INT(merged(&r, 1, 1), 10);
    art(&r, "10.0.0.5", 0, 0, 30, 512);
    CHECK_INT(merged(&r, 1, 1), 30);
    art(&r, "10.0.0.5", 0, 0, 5, 512);
    CHECK_INT(merged(&r, 1, 1), 5);
    rig_free(&r);
}

TEST(previews_other_start_codes_and_our_own_are_nobodys)
{
    struct rig r = rig_new(INPUT_HTP);
    struct sacn_source s = { .cid = { 9 } };
    uint8_t p[SACN_DATA_MAX], slots[512] = { 255 };
    struct sockaddr_in a = from("10.0.0.7", 40000);

    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 100, .options = SACN_PREVIEW, .value = 60 });
    sacn(&r, (struct sacn_say){ .cid = 0xee, .universe = 1, .priority = 100, .value = 60 });
    size_t n = sacn_data(p, &s, 1, 100, 1, 0, 0, slots, 512);
    p[125] = 0xdd;
    input_sacn(r.in, &a, p, n, r.now);
    CHECK_INT(sources(&r, 0, (struct input_source[32]){ { 0 } }), 0);
    CHECK_INT(merged(&r, 1, 1), 0);
    p[125] = 0;
    input_sacn(r.in, &a, p, n, r.now);
    CHECK_INT(merged(&r, 1, 1), 255);
    rig_free(&r);
}

/* ---- what is seen ---- */

TEST(a_source_is_described)
{
    struct rig r = rig_new(INPUT_HTP);
    struct input_source list[32];
    struct sockaddr_in odd = from("10.0.0.9", 50000);
    uint8_t p[ARTNET_DMX_MAX], slots[512] = { 0 };

    for (int i = 0; i <= 40; i++) {
        art(&r, "10.0.0.5", 0, i % 255 + 1, 60, 512);
        sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 90, .sequence = i });
        r.now += 25 * MS;
    }
    input_artnet(r.in, &odd, p, artnet_dmx(p, 2, 1, slots, 512), r.now);
    CHECK_INT(sources(&r, 1, list), 2);
    CHECK_STR(list[0].address, "10.0.0.5");
    CHECK(list[0].protocol == OUTPUT_ARTNET && list[0].port_address == 0 && list[0].priority == -1 && list[0].our_priority == -1);
    CHECK_NEAR(list[0].fps, 40, .01);
    CHECK_INT(list[0].packets, 41);
    CHECK_INT(list[0].age_ms, 25);
    CHECK(list[0].is_merged && list[0].is_second);
    CHECK_STR(list[1].name, "Pult");
    CHECK_STR(list[1].address, "10.0.0.7");
    CHECK(list[1].protocol == OUTPUT_SACN && list[1].port_address == -1 && list[1].priority == 90 && list[1].our_priority == 100);
    CHECK(!list[1].is_merged && list[1].is_second);
    CHECK_INT(sources(&r, 3, list), 1);
    CHECK_STR(list[0].address, "10.0.0.9:50000");
    CHECK(list[0].is_merged && !list[0].is_second);      /* universe 3 is sent nowhere */
    CHECK_INT(sources(&r, 0, list), 3);
    rig_free(&r);
}

TEST(only_the_same_protocol_is_a_second_sender)
{
    struct rig r = rig_new(INPUT_OFF);
    struct input_source list[32];

    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 2, .priority = 100 });
    CHECK_INT(sources(&r, 2, list), 1);
    CHECK(!list[0].is_second);
    CHECK_INT(list[0].our_priority, -1);
    rig_free(&r);
}

TEST(the_source_not_heard_for_longest_gives_way)
{
    struct rig r = rig_new(INPUT_HTP);
    struct input_source list[32];

    for (int i = 0; i < INPUT_SOURCES; i++, r.now += MS)
        sacn(&r, (struct sacn_say){ .cid = 1 + i, .universe = 1, .priority = 100, .value = 100 + i });
    sacn(&r, (struct sacn_say){ .cid = 1, .universe = 1, .priority = 100, .sequence = 1, .value = 7 });         /* the first is heard again */
    art(&r, "10.0.0.5", 0, 1, 1, 512);                  /* another protocol has its own room */
    CHECK_INT(sources(&r, 1, list), INPUT_SOURCES + 1);
    sacn(&r, (struct sacn_say){ .cid = 99, .universe = 1, .priority = 100, .value = 3 });
    CHECK_INT(sources(&r, 1, list), INPUT_SOURCES + 1);
    CHECK_INT(list[0].packets, 2);                      /* the first stayed, the second went */
    CHECK_INT(merged(&r, 1, 1), 100 + INPUT_SOURCES - 1);
    rig_free(&r);
}

/* ---- another set ---- */

TEST(a_new_set_knows_what_the_old_one_heard)
{
    static const int numbers[] = { 1, 3 };
    struct rig r = rig_new(INPUT_OFF);
    struct universes *u = universes_new(numbers, 2);
    struct input_set *s;
    struct input_source list[32];

    art(&r, "10.0.0.5", 0, 1, 60, 512);
    art(&r, "10.0.0.5", 77, 1, 60, 512);
    CHECK_INT(input_set_new(r.in, INPUT_HTP, rows, 3, u, r.set, &s), LM_OK);
    CHECK_INT(sources(&r, 0, list), 2);         /* not yet */
    input_listen(r.in, s);
    CHECK_INT(sources(&r, 0, list), 1);         /* universe 2 is gone */
    input_set_free(r.set), r.set = s;
    universes_free(r.own), universes_free(r.out);
    r.own = u, r.out = universes_new(numbers, 2);
    CHECK_INT(merged(&r, 1, 1), 60);
    art(&r, "10.0.0.5", 77, 2, 60, 512);
    CHECK_INT(sources(&r, 0, list), 1);
    rig_free(&r);
}

TEST(without_a_set_nothing_is_heard)
{
    struct rig r = rig_new(INPUT_HTP);

    input_set_free(r.set), r.set = NULL;
    art(&r, "10.0.0.5", 0, 1, 60, 512);
    input_tick(r.in, r.now);
    CHECK_INT(sources(&r, 0, (struct input_source[32]){ { 0 } }), 0);
    rig_free(&r);
}

TEST(bytes_of_any_kind_do_no_harm)
{
    struct rig r = rig_new(INPUT_HTP);
    struct sockaddr_in a = from("10.0.0.5", ARTNET_PORT);
    uint8_t p[SACN_DATA_MAX], slots[512] = { 0 };
    struct sacn_source s = { .cid = { 9 } };
    unsigned seed = 1;

    for (int i = 0; i < 20000; i++) {
        size_t n = i & 1 ? artnet_dmx(p, 0, 1, slots, 512) : sacn_data(p, &s, 1, 100, 1, 0, 0, slots, 512);
        for (int k = 0; k < 3; k++) {
            seed = seed * 1664525 + 1013904223;
            p[(seed >> 8) % 130] = (uint8_t)(seed >> 24);
        }
        uint8_t *exact = malloc(n);
        memcpy(exact, p, n);
        input_artnet(r.in, &a, exact, n - (seed >> 8) % 8, r.now);
        input_sacn(r.in, &a, exact, n - (seed >> 8) % 8, r.now);
        free(exact);
    }
    merged(&r, 1, 1);
    rig_free(&r);
}

/* ---- threads ---- */

struct feeder { struct rig rig; atomic_bool stop; };

static void *feed(void *arg)
{
    struct feeder *f = arg;
    struct rig mine = f->rig;

    for (int i = 0; !atomic_load(&f->stop); i++) {
        mine.now += MS;
        art(&mine, "10.0.0.5", 0, i % 255 + 1, i & 255, 512);
        sacn(&mine, (struct sacn_say){ .cid = 1 + i % 12, .universe = 1, .priority = 100, .sequence = i, .value = i & 255 });
        input_tick(mine.in, mine.now);
    }
    return NULL;
}

TEST(receiver_engine_and_control_side_at_once)
{
    struct rig r = rig_new(INPUT_HTP);
    struct feeder f = { r, false };
    struct input_source list[32];
    pthread_t t;
    int torn = 0;

    CHECK_INT(pthread_create(&t, NULL, feed, &f), 0);
    for (int i = 0; i < 2000; i++) {
        struct input_set *s;
        r.now += MS;
        input_set_merge(r.set, r.own, NULL, r.out, r.now);
        for (int k = 1; k < DMX_SLOTS; k++)
            torn += r.out->u[0].slots[k] != r.out->u[0].slots[0];
        input_sources(r.in, 0, list, 32, r.now);
        if (i % 100 == 0 && !input_set_new(r.in, i % 200 ? INPUT_HTP : INPUT_LTP, rows, 5, r.own, r.set, &s)) {
            input_listen(r.in, s);
            input_set_free(r.set), r.set = s;
        }
    }
    atomic_store(&f.stop, true);
    pthread_join(t, NULL);
    CHECK_INT(torn, 0);
    rig_free(&r);
}
