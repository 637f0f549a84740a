/* Which addresses an Art-Net output goes to: with nobody, few and many that ask, before and after the first round of polls, on one interface and on several. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/clock.h"
#include "dmx/output_control.h"
#include "dmx/output_private.h"

#include "../../tap.h"

static const int64_t s = 1000000000;
static int64_t now;

static int64_t mono(void) { return now; }
static struct in_addr ip(uint32_t host) { return (struct in_addr){ htonl(host) }; }

struct rig {
    struct outputs *o;
    struct universes *u;
    struct output_set *set;
    struct interface list[3];
    struct interfaces all;
    struct route routes[4];
    struct target targets[4 * TARGETS_MAX];
};

static struct interface network(unsigned index, const char *name, uint32_t subnet)
{
    struct interface i = { .index = index, .is_up = true, .can_broadcast = true, .address = ip(subnet + 1), .mask = ip(0xffffff00), .broadcast = ip(subnet + 255) };

    snprintf(i.name, sizeof i.name, "%s", name);
    return i;
}

static bool rig_open(struct rig *r, const struct output_row *rows, size_t n)
{
    *r = (struct rig){ .list = { { .name = "lo", .index = 1, .is_up = true, .is_loopback = true, .address = ip(0x7f000001), .mask = ip(0xff000000) },
                                 network(2, "eth0", 0x0a000000), network(3, "eth1", 0x0a000100) } };
    r->all = (struct interfaces){ r->list, 3 };
    for (size_t i = 0; i < 4; i++)
        r->routes[i].targets = r->targets + i * TARGETS_MAX;
    now = 100 * s;
    clock_set_for_test(mono, NULL);
    r->u = universes_new((const int[]){ 1, 2, 3 }, 3);
    return r->u && !outputs_open_ports("0f8fad5b-d9cb-469f-a165-70867728950e", "test", 0, 6454, 5568, &r->o, NULL) &&
           !output_set_new(r->o, rows, n, r->u, NULL, &r->set);
}

static void rig_close(struct rig *r)
{
    output_set_free(r->set);
    outputs_close(r->o);
    universes_free(r->u);
    clock_set_for_test(NULL, NULL);
}

static void polled(struct rig *r)
{
    struct segment due[4];

    nodes_segments(r->o->nodes, &r->all);
    nodes_due(r->o->nodes, due, 4, now);
}

static void subscribe(struct rig *r, uint32_t host, unsigned ifindex, int port_address)
{
    struct artnet_reply reply = { .n_ports = 1, .ports = { { .is_output = true, .output = port_address } } };

    nodes_reply(r->o->nodes, ip(host), ifindex, &reply, now, 0);
}

static struct route *find(struct rig *r)
{
    routes_find(r->set, &r->all, r->routes);
    return r->routes;
}

static bool goes_to(const struct route *r, uint32_t host)
{
    for (size_t i = 0; i < r->n; i++)
        if (ntohl(r->targets[i].to.sin_addr.s_addr) == host)
            return true;
    return false;
}

static struct output_row row(int universe, const char *to, const char *interface)
{
    struct output_row r = { .universe = universe, .protocol = OUTPUT_ARTNET, .port_address = -1, .priority = 100 };

    snprintf(r.id, sizeof r.id, "00000000-0000-4000-8000-%012d", universe);
    snprintf(r.destination, sizeof r.destination, "%s", to);
    snprintf(r.interface, sizeof r.interface, "%s", interface);
    return r;
}

TEST(broadcast_until_the_first_round_is_over_then_nobody_is_nothing)
{
    struct rig r;
    struct output_row rows[] = { row(1, "", "") };

    CHECK(rig_open(&r, rows, 1));
    CHECK_INT(find(&r)->n, 2);                                  /* not polled at all */
    CHECK(r.routes->is_looking && goes_to(r.routes, 0x0a0000ff) && goes_to(r.routes, 0x0a0001ff));
    CHECK_INT(r.routes->targets[0].ifindex, 2);
    CHECK_INT(ntohl(r.routes->targets[0].source.s_addr), 0x0a000001);
    polled(&r);
    now += 3 * s - 1;
    CHECK_INT(find(&r)->n, 2);
    now += 1;
    CHECK_INT(find(&r)->n, 0);
    CHECK_INT(r.routes->trouble, TROUBLE_NO_NODE);
    CHECK(!r.routes->is_looking);
    rig_close(&r);
}

TEST(subscribers_get_unicast)
{
    struct rig r;
    struct output_row rows[] = { row(1, "", ""), row(2, "", "") };

    CHECK(rig_open(&r, rows, 2));
    polled(&r);
    subscribe(&r, 0x0a000009, 2, 0);
    CHECK_INT(find(&r)->n, 2);                                  /* it hears the broadcast: not twice */
    now += 3 * s;
    CHECK_INT(find(&r)->n, 1);
    CHECK(goes_to(&r.routes[0], 0x0a000009));
    CHECK_INT(r.routes[0].targets[0].ifindex, 0);
    CHECK_INT(ntohs(r.routes[0].targets[0].to.sin_port), 6454);
    CHECK_INT(r.routes[1].trouble, TROUBLE_NO_NODE);
    subscribe(&r, 0x0a000109, 3, 0);
    subscribe(&r, 0xc0a80001, 3, 0);                            /* behind a router */
    CHECK_INT(find(&r)->n, 3);
    CHECK(goes_to(r.routes, 0xc0a80001));
    now += 7 * s, subscribe(&r, 0x0a000109, 3, 0), now += 2 * s;
    nodes_expire(r.o->nodes, now);                              /* two of them have gone silent */
    CHECK_INT(find(&r)->n, 1);
    CHECK(goes_to(r.routes, 0x0a000109));
    rig_close(&r);
}

TEST(more_than_forty_are_broadcast_where_they_are)
{
    struct rig r;
    struct output_row rows[] = { row(1, "", "") };

    CHECK(rig_open(&r, rows, 1));
    polled(&r);
    now += 3 * s;
    for (uint32_t i = 0; i < 40; i++)
        subscribe(&r, 0x0a000010 + i, 2, 0);
    CHECK_INT(find(&r)->n, 40);
    CHECK(!goes_to(r.routes, 0x0a0000ff));
    subscribe(&r, 0x0a000010 + 40, 2, 0);
    CHECK_INT(find(&r)->n, 1);
    CHECK(goes_to(r.routes, 0x0a0000ff));                       /* and eth1, where nobody asks, is left alone */
    subscribe(&r, 0xc0a80001, 3, 0);
    CHECK_INT(find(&r)->n, 2);
    CHECK(goes_to(r.routes, 0xc0a80001));                       /* no broadcast reaches this one */
    for (uint32_t i = 0; i < 1000; i++)
        subscribe(&r, 0xc0a80002 + i, 3, 0);                    /* more than there is room for */
    CHECK_INT(find(&r)->n, TARGETS_MAX);
    rig_close(&r);
}

TEST(a_named_interface_keeps_to_itself)
{
    struct rig r;
    struct output_row rows[] = { row(1, "", "eth1"), row(2, "", "eth7") };

    CHECK(rig_open(&r, rows, 2));
    CHECK_INT(find(&r)->n, 1);
    CHECK(goes_to(r.routes, 0x0a0001ff));
    CHECK_INT(r.routes[1].trouble, TROUBLE_INTERFACE);
    polled(&r);
    now += 3 * s;
    subscribe(&r, 0x0a000009, 2, 0);
    CHECK_INT(find(&r)->trouble, TROUBLE_NO_NODE);              /* asks for it, but on eth0 */
    subscribe(&r, 0x0a000109, 3, 0);
    CHECK_INT(find(&r)->n, 1);
    CHECK(goes_to(r.routes, 0x0a000109));
    CHECK_INT(r.routes->targets[0].ifindex, 3);
    CHECK_INT(ntohl(r.routes->targets[0].source.s_addr), 0x0a000101);
    r.list[2].is_up = false;
    CHECK_INT(find(&r)->trouble, TROUBLE_INTERFACE);
    rig_close(&r);
}

TEST(an_interface_that_comes_up_is_broadcast_to_until_it_was_asked)
{
    struct rig r;
    struct output_row rows[] = { row(1, "", "") };

    CHECK(rig_open(&r, rows, 1));
    r.list[2].is_up = false;
    polled(&r);
    now += 10 * s;
    subscribe(&r, 0x0a000009, 2, 0);
    CHECK_INT(find(&r)->n, 1);
    r.list[2].is_up = true;
    nodes_segments(r.o->nodes, &r.all);
    CHECK_INT(find(&r)->n, 2);
    CHECK(goes_to(r.routes, 0x0a000009) && goes_to(r.routes, 0x0a0001ff));
    polled(&r);
    now += 3 * s;
    CHECK_INT(find(&r)->n, 1);
    rig_close(&r);
}

TEST(no_interface_at_all)
{
    struct rig r;
    struct output_row rows[] = { row(1, "", ""), row(2, "broadcast", ""), row(3, "127.0.0.1", "") };

    CHECK(rig_open(&r, rows, 3));
    r.all.n = 1;
    find(&r);
    CHECK_INT(r.routes[0].trouble, TROUBLE_NO_BROADCAST);
    CHECK_INT(r.routes[1].trouble, TROUBLE_NO_BROADCAST);
    CHECK_INT(r.routes[2].n, 1);
    subscribe(&r, 0x7f000009, 1, 0);                            /* a visualiser on this machine */
    CHECK_INT(find(&r)->n, 1);
    rig_close(&r);
}

TEST(each_receiver_gets_one_synchronisation)
{
    struct rig r;
    struct output_row rows[] = { row(1, "", ""), row(2, "", ""), row(3, "10.0.0.9", "") };

    rows[0].sync = rows[1].sync = rows[2].sync = 1;
    CHECK(rig_open(&r, rows, 3));
    polled(&r);
    now += 3 * s;
    subscribe(&r, 0x0a000009, 2, 0), subscribe(&r, 0x0a00000a, 2, 1);
    struct artnet_reply both = { .bind_index = 2, .n_ports = 1, .ports = { { .is_output = true, .output = 1 } } };
    nodes_reply(r.o->nodes, ip(0x0a000009), 2, &both, now, 0);
    find(&r);
    CHECK_INT(r.routes[0].n, 1);
    CHECK_INT(r.routes[1].n, 2);
    CHECK(r.routes[0].targets[0].syncs);
    CHECK(!r.routes[1].targets[0].syncs);                       /* 10.0.0.9 again */
    CHECK(r.routes[1].targets[1].syncs);
    CHECK(!r.routes[2].targets[0].syncs);
    rig_close(&r);
}

TEST(what_is_told_of_an_output)
{
    struct rig r;
    struct output_row rows[] = { row(1, "127.0.0.1", ""), row(2, "", "nosuch0"), row(9, "127.0.0.1", "") };
    struct output_stats stats[3];

    CHECK(rig_open(&r, rows, 3));
    CHECK_INT(output_set_stats(r.set, stats, 3), 3);
    CHECK_STR(output_state_names[stats[0].state], "sent");
    CHECK_INT(stats[0].targets, 1);
    CHECK_STR(output_state_names[stats[1].state], "no_interface");
    CHECK_STR(output_state_names[stats[2].state], "no_universe");
    CHECK_INT(stats[2].universe, 9);
    uint16_t addresses[4];
    CHECK_INT(outputs_port_addresses(r.o, addresses, 4), 2);    /* universe 9 is nowhere */
    CHECK_INT(addresses[1], 1);
    struct in_addr targets[4];
    CHECK_INT(outputs_static_targets(r.o, targets, 4), 1);
    rig_close(&r);
}

/* What one socket on loopback hears when outputs change their destinations with a dark ending. */
TEST(a_stream_that_ends_does_not_darken_who_is_lit_by_another)
{
    struct rig r;
    struct output_row before[] = { row(1, "127.0.0.1", ""), row(2, "127.0.0.1", "") }, after[] = { row(1, "127.0.0.1", "") };
    struct output_set *now_set;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof a;
    uint8_t p[600];
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), dark[2] = { 0 };

    snprintf(after[0].interface, sizeof after[0].interface, "lo");      /* another stream, the same place */
    CHECK(!bind(fd, (struct sockaddr *)&a, sizeof a) && !getsockname(fd, (struct sockaddr *)&a, &length));
    CHECK(rig_open(&r, before, 2));
    r.o->port[OUTPUT_ARTNET] = ntohs(a.sin_port);
    outputs_refresh(r.o);
    output_set_send(r.set, r.u, now);
    CHECK_INT(output_set_new(r.o, after, 1, r.u, r.set, &now_set), LM_OK);
    while (recv(fd, p, sizeof p, 0) > 0)
        ;
    output_set_retire(r.o, r.set, now_set, true);
    while (recv(fd, p, sizeof p, 0) > 0)
        dark[p[14]]++;
    CHECK_INT(dark[0], 0);
    CHECK_INT(dark[1], 2);
    output_set_free(now_set);
    rig_close(&r);
    close(fd);
}
