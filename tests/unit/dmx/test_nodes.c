/* The table of Art-Net devices: who subscribes to what, for how long, and what a flood of lies costs. */
#include "dmx/nodes.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../../tap.h"

static const int64_t s = 1000000000, ms = 1000000;

static struct in_addr ip(uint32_t host) { return (struct in_addr){ htonl(host) }; }

static struct artnet_reply asks(int bind_index, int n, ...)
{
    struct artnet_reply r = { .bind_index = (uint8_t)bind_index, .n_ports = (size_t)n, .name = "n" };
    va_list ap;

    va_start(ap, n);
    for (int i = 0; i < n; i++)
        r.ports[i] = (struct artnet_port){ .is_output = true, .output = va_arg(ap, int) };
    va_end(ap);
    return r;
}

static size_t count(struct nodes *n, int port_address)
{
    struct subscriber out[4];

    return nodes_subscribers(n, port_address, out, 4);
}

TEST(subscriptions_are_told_and_found)
{
    struct nodes *n = nodes_new();
    struct subscriber out[2];
    struct artnet_reply r = asks(1, 2, 5, 32767);

    CHECK(nodes_reply(n, ip(0x0a000009), 3, &r, s, 0));
    CHECK(!nodes_reply(n, ip(0x0a000009), 3, &r, 2 * s, 0));            /* nothing new */
    CHECK_INT(count(n, 5), 1);
    CHECK_INT(count(n, 32767), 1);
    CHECK_INT(count(n, 4), 0);
    CHECK_INT(count(n, 6), 0);
    CHECK(nodes_reply(n, ip(0x0a000007), 4, &r, 2 * s, 0));
    CHECK_INT(nodes_subscribers(n, 5, out, 2), 2);
    CHECK_INT(ntohl(out[0].ip.s_addr), 0x0a000007);                     /* ascending */
    CHECK_INT(out[0].ifindex, 4);
    CHECK_INT(ntohl(out[1].ip.s_addr), 0x0a000009);
    CHECK_INT(nodes_subscribers(n, 5, out, 1), 2);                      /* more than there is room for: counted */
    r = asks(1, 1, 6);
    CHECK(nodes_reply(n, ip(0x0a000009), 3, &r, 3 * s, 0));             /* another address on the device's display */
    CHECK_INT(count(n, 5), 1);
    CHECK_INT(count(n, 6), 1);
    CHECK(nodes_reply(n, ip(0x0a000009), 9, &r, 3 * s, 0));             /* moved to another interface */
    nodes_subscribers(n, 6, out, 1);
    CHECK_INT(out[0].ifindex, 9);
    nodes_free(n);
}

TEST(many_ports_are_many_bind_indexes_of_one_address)
{
    struct nodes *n = nodes_new();
    struct node list[200];

    for (int i = 128; i >= 1; i--) {
        struct artnet_reply r = asks(i, 4, i * 4, i * 4 + 1, i * 4 + 2, 7);
        nodes_reply(n, ip(0x0a000001), 1, &r, s, 1234);
    }
    CHECK_INT(nodes_count(n), 128);
    CHECK_INT(nodes_list(n, list, 200), 128);
    for (int i = 0; i < 128; i++)
        CHECK_INT(list[i].reply.bind_index, i + 1);
    CHECK_INT(list[0].seen_ms, 1234);
    CHECK_INT(nodes_list(n, list, 5), 5);
    for (int i = 8; i < 516; i++)
        CHECK_INT(count(n, i), i % 4 != 3);
    CHECK_INT(count(n, 7), 1);                                          /* asked for by each of them: one packet is enough */
    nodes_free(n);
}

TEST(silence_of_three_polls_ends_a_subscription)
{
    struct nodes *n = nodes_new();
    struct artnet_reply r = asks(0, 1, 1), controller = { .style = 1 };

    nodes_reply(n, ip(0x0a000001), 1, &r, s, 0);
    CHECK(!nodes_reply(n, ip(0x0a000002), 1, &controller, s, 0));       /* asks for nothing */
    CHECK(!nodes_expire(n, s + 8999 * ms));
    CHECK_INT(nodes_count(n), 2);
    CHECK_INT(count(n, 1), 1);
    CHECK(nodes_expire(n, s + 9000 * ms));
    CHECK_INT(count(n, 1), 0);
    CHECK_INT(nodes_count(n), 0);
    CHECK(!nodes_expire(n, s + 9001 * ms));
    nodes_reply(n, ip(0x0a000002), 1, &controller, 20 * s, 0);
    CHECK(!nodes_expire(n, 40 * s));                                    /* gone, and no route changes by it */
    CHECK_INT(nodes_count(n), 0);
    nodes_free(n);
}

TEST(addresses_of_no_device_are_not_taken)
{
    struct nodes *n = nodes_new();
    struct artnet_reply r = asks(0, 1, 1);
    static const uint32_t wrong[] = { 0, 0x00000001, 0xffffffff, 0xe0000001, 0xefffffff, 0xf0000000 };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!nodes_reply(n, ip(wrong[i]), 1, &r, s, 0));
    CHECK_INT(nodes_count(n), 0);
    CHECK_INT(count(n, 1), 0);
    nodes_free(n);
}

TEST(a_device_has_a_name)
{
    struct nodes *n = nodes_new();
    struct artnet_reply r = asks(1, 0);
    char name[NODES_NAME];

    nodes_reply(n, ip(0x0a000009), 3, &r, s, 0);
    CHECK(nodes_name(n, ip(0x0a000009), name));
    CHECK_STR(name, "n");
    memcpy(r.long_name, "Desk at FOH", 12);
    nodes_reply(n, ip(0x0a000009), 3, &r, s, 0);
    CHECK(nodes_name(n, ip(0x0a000009), name));
    CHECK_STR(name, "Desk at FOH");
    CHECK(!nodes_name(n, ip(0x0a000008), name));
    CHECK_STR(name, "");
    nodes_free(n);
}

TEST(a_flood_does_not_push_the_rig_out)
{
    struct nodes *n = nodes_new();
    struct artnet_reply r = asks(0, 1, 1), lie = asks(0, 4, 1, 2, 3, 4);
    int64_t now = s;

    for (uint32_t i = 0; i < 100; i++)
        nodes_reply(n, ip(0x0a000001 + i), 1, &r, now, 0);
    for (uint32_t i = 0; i < 100; i++)
        nodes_reply(n, ip(0x0a000001 + i), 1, &r, now + 2750 * ms, 0);
    now += 3 * s;
    for (uint32_t i = 0; i < 20000; i++)
        nodes_reply(n, ip(0x0b000000 + i), 1, &lie, now + i, 0);
    CHECK_INT(nodes_count(n), NODES_MAX);
    CHECK_INT(count(n, 1), NODES_MAX);
    CHECK_INT(count(n, 4), NODES_MAX - 100);                            /* the rig's are all there */
    struct node *list = calloc(NODES_MAX, sizeof *list);
    nodes_list(n, list, NODES_MAX);
    CHECK_INT(ntohl(list[99].ip.s_addr), 0x0a000064);
    CHECK_INT(ntohl(list[NODES_MAX - 1].ip.s_addr), 0x0b000000 + 19999);        /* of the others the newest */
    free(list);
    CHECK(nodes_expire(n, now + 9001 * ms));
    CHECK_INT(nodes_count(n), 0);
    nodes_free(n);
}

TEST(rounds)
{
    struct nodes *n = nodes_new();
    struct interface list[] = {
        { .name = "lo", .index = 1, .is_up = true, .is_loopback = true, .address = ip(0x7f000001) },
        { .name = "a", .index = 2, .is_up = true, .can_broadcast = true, .address = ip(0x0a000001), .broadcast = ip(0x0a0000ff) },
        { .name = "b", .index = 3, .is_up = false, .can_broadcast = true, .address = ip(0x0b000001), .broadcast = ip(0x0b0000ff) },
    };
    struct interfaces all = { list, 3 };
    struct segment out[4];

    CHECK_INT(nodes_due(n, out, 4, s), 0);
    nodes_segments(n, &all);
    CHECK(!nodes_round_over(n, 2, ip(0x0a0000ff), 100 * s));            /* never polled */
    CHECK_INT(nodes_due(n, out, 4, 100 * s), 1);
    CHECK_INT(ntohl(out[0].broadcast.s_addr), 0x0a0000ff);
    CHECK_INT(ntohl(out[0].address.s_addr), 0x0a000001);
    CHECK_INT(nodes_due(n, out, 4, 100 * s + 2749 * ms), 0);
    nodes_segments(n, &all);                                            /* looked at again: nothing new */
    CHECK_INT(nodes_due(n, out, 4, 100 * s + 2749 * ms), 0);
    CHECK(!nodes_expire(n, 100 * s + 2999 * ms));
    CHECK(!nodes_round_over(n, 2, ip(0x0a0000ff), 100 * s + 2999 * ms));
    CHECK_INT(nodes_due(n, out, 4, 100 * s + 2750 * ms), 1);
    CHECK(nodes_expire(n, 103 * s));                                    /* said once */
    CHECK(!nodes_expire(n, 103 * s));
    CHECK(nodes_round_over(n, 2, ip(0x0a0000ff), 103 * s));
    CHECK(!nodes_round_over(n, 3, ip(0x0a0000ff), 103 * s));
    list[2].is_up = true;                                               /* a cable is plugged in: asked at once, the others when it is their time */
    nodes_segments(n, &all);
    CHECK_INT(nodes_due(n, out, 4, 103 * s), 1);
    CHECK_INT(out[0].ifindex, 3);
    list[1].is_up = false;
    nodes_segments(n, &all);
    list[1].is_up = true;
    nodes_segments(n, &all);                                            /* taken away and given back: a new round */
    CHECK(!nodes_round_over(n, 2, ip(0x0a0000ff), 110 * s));
    nodes_free(n);
}

struct race { struct nodes *n; atomic_bool stop; };

static void *ask(void *arg)
{
    struct race *r = arg;
    struct node list[16];

    while (!atomic_load(&r->stop)) {
        count(r->n, 3);
        nodes_list(r->n, list, 16);
    }
    return NULL;
}

TEST(asked_from_other_threads)
{
    struct race r = { .n = nodes_new() };
    pthread_t t;

    CHECK(!pthread_create(&t, NULL, ask, &r));
    for (uint32_t i = 0; i < 3000; i++) {
        struct artnet_reply x = asks((int)(i % 7), 2, (int)(i % 5), 9);
        nodes_reply(r.n, ip(0x0a000001 + i % 50), 1, &x, s + i * ms, 0);
        if (i % 100 == 0)
            nodes_expire(r.n, s + i * ms);
    }
    atomic_store(&r.stop, true);
    pthread_join(t, NULL);
    CHECK(count(r.n, 9) == 50);
    nodes_free(r.n);
}
