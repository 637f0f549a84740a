/* The thread that receives, over loopback in a network of the test's own (with the rights for one): polls out and in, garbage, a port that becomes free. */
#include "dmx/receiver.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/version.h"
#include "dmx/output_control.h"

#include "../../tap.h"

static const char cid[] = "0f8fad5b-d9cb-469f-a165-70867728950e";

struct net {
    int artnet, sacn;                   /* a node's sockets */
    int artnet_port, sacn_port;
    struct outputs *o;
    struct universes *u;
    struct output_set *set;
    struct receiver *r;
};

static void alone(void)
{
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int fd;

    if (unshare(CLONE_NEWNET))
        return;                         /* not root: on this machine's loopback, then */
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    ioctl(fd, SIOCSIFFLAGS, &lo);
    close(fd);
}

static int node_socket(int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return bind(fd, (struct sockaddr *)&a, sizeof a) || getsockname(fd, (struct sockaddr *)&a, &n) ? -1 : (*port = ntohs(a.sin_port), fd);
}

static struct output_row row(int universe, enum output_protocol protocol, const char *to)
{
    struct output_row r = { .universe = universe, .protocol = protocol, .port_address = -1, .priority = 100 };

    snprintf(r.id, sizeof r.id, "00000000-0000-4000-8000-%012d", universe);
    snprintf(r.destination, sizeof r.destination, "%s", to);
    return r;
}

static bool net_open(struct net *t, int bind_to, const struct output_row *rows, size_t n)
{
    *t = (struct net){ 0 };
    alone();
    t->artnet = node_socket(&t->artnet_port), t->sacn = node_socket(&t->sacn_port);
    t->u = universes_new((const int[]){ 1, 2, 3 }, 3);
    return t->artnet >= 0 && t->sacn >= 0 && t->u && !outputs_open_ports(cid, "lumad test", bind_to, t->artnet_port, t->sacn_port, &t->o, NULL) &&
           !output_set_new(t->o, rows, n, t->u, NULL, &t->set) && !receiver_start(t->o, NULL, &t->r, NULL);
}

static void net_close(struct net *t)
{
    receiver_stop(t->r);
    output_set_free(t->set);
    outputs_close(t->o);
    universes_free(t->u);
    close(t->artnet), close(t->sacn);
}

/* The next packet within `ms`; its length, -1: none. `port`: where it came from. */
static ssize_t hear(int fd, uint8_t out[1500], int ms, int *port)
{
    struct timeval limit = { ms / 1000, ms % 1000 * 1000 };
    struct sockaddr_in from;
    socklen_t length = sizeof from;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ssize_t n = recvfrom(fd, out, 1500, 0, (struct sockaddr *)&from, &length);
    if (n >= 0 && port)
        *port = ntohs(from.sin_port);
    return n;
}

static void say(int fd, int port, const void *packet, size_t n)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    sendto(fd, packet, n, 0, (struct sockaddr *)&to, sizeof to);
}

static bool wait_nodes(struct net *t, size_t n)
{
    for (int i = 0; i < 200 && nodes_count(outputs_nodes(t->o)) != n; i++)
        nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
    return nodes_count(outputs_nodes(t->o)) == n;
}

static size_t make_reply(uint8_t out[ARTNET_REPLY_SIZE], int bind_index, int port_address)
{
    struct artnet_reply r = { .bind_index = (uint8_t)bind_index, .name = "node", .n_ports = 1, .ports = { { .is_output = true, .output = port_address } } };

    return artnet_reply(out, &r);
}

TEST(a_static_target_is_polled_and_what_it_asks_for_is_sent)
{
    struct net t;
    struct output_row rows[] = { row(1, OUTPUT_ARTNET, "127.0.0.1"), row(2, OUTPUT_ARTNET, "") };
    uint8_t p[1500];
    struct artnet_poll poll;
    struct artnet_dmx dmx;
    int ours = 0;

    CHECK(net_open(&t, 0, rows, 2));
    ssize_t n = hear(t.artnet, p, 2000, &ours);
    CHECK(n == ARTNET_POLL_SIZE && artnet_parse_poll(p, (size_t)n, &poll));
    CHECK_INT(ours, outputs_artnet_source(t.o));
    say(t.artnet, ours, p, make_reply(p, 1, 1));
    CHECK(wait_nodes(&t, 1));
    struct output_stats stats[2];
    for (int i = 0; i < 100 && (output_set_stats(t.set, stats, 2), !stats[1].targets); i++)
        nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
    output_set_send(t.set, t.u, 1);
    bool seen[2] = { false, false };
    for (int i = 0; i < 2; i++) {
        n = hear(t.artnet, p, 1000, NULL);
        CHECK(n > 0 && artnet_parse_dmx(p, (size_t)n, &dmx) && dmx.port_address < 2);
        seen[dmx.port_address] = true;
    }
    CHECK(seen[0] && seen[1]);
    net_close(&t);
}

TEST(who_asks_is_answered_once_a_second_at_most)
{
    struct net t;
    struct output_row rows[] = { row(1, OUTPUT_ARTNET, "127.0.0.9"), row(2, OUTPUT_ARTNET, "127.0.0.9") };
    uint8_t p[1500], poll[ARTNET_POLL_SIZE], wide[18];
    struct artnet_reply reply;
    int replies = 0;

    CHECK(net_open(&t, 0, rows, 2));
    int ours = outputs_artnet_source(t.o);
    artnet_poll(poll);
    int64_t began = clock_mono_ns();
    for (int i = 0; i < 500; i++)
        say(t.artnet, ours, poll, sizeof poll);
    ssize_t n = hear(t.artnet, p, 2000, NULL);
    CHECK(clock_mono_ns() - began < 1200000000);
    CHECK(n == ARTNET_REPLY_SIZE && artnet_parse_reply(p, (size_t)n, &reply));
    CHECK_STR(reply.name, "lumad");
    CHECK_STR(reply.long_name, "lumad test");
    CHECK_INT(reply.style, 1);
    CHECK_INT(reply.ip[0] * 1000 + reply.ip[3], 127001);
    CHECK_INT(reply.n_ports, 2);
    CHECK(reply.ports[1].is_input && !reply.ports[1].is_output);
    CHECK_INT(reply.ports[1].input, 1);
    CHECK_INT(hear(t.artnet, p, 300, NULL), -1);                /* one answer to all of them */
    for (began = clock_mono_ns(); clock_mono_ns() - began < 2500000000;) {
        say(t.artnet, ours, poll, sizeof poll);
        replies += hear(t.artnet, p, 20, NULL) == ARTNET_REPLY_SIZE;
    }
    CHECK(replies >= 1 && replies <= 3);
    memcpy(wide, poll, sizeof poll);
    wide[12] |= 0x20;                                           /* only who has port-address 5 to 7 */
    memcpy(wide + 14, "\0\x07\0\x05", 4);
    while (hear(t.artnet, p, 1500, NULL) > 0)
        ;
    say(t.artnet, ours, wide, sizeof wide);
    CHECK_INT(hear(t.artnet, p, 1500, NULL), -1);
    net_close(&t);
}

TEST(a_long_answer_is_whole)
{
    enum { N = 200 };
    static struct output_row rows[N];
    int numbers[N];
    struct net t = { 0 };
    uint8_t p[1500];
    struct artnet_reply reply;
    bool seen[256] = { false };
    size_t count = 0;

    alone();
    for (int i = 0; i < N; i++)
        rows[i] = row(i + 1, OUTPUT_ARTNET, "127.0.0.9"), numbers[i] = i + 1;
    t.artnet = node_socket(&t.artnet_port), t.sacn = node_socket(&t.sacn_port);
    t.u = universes_new(numbers, N);
    CHECK_INT(outputs_open_ports(cid, "x", 0, t.artnet_port, t.sacn_port, &t.o, NULL), LM_OK);
    CHECK_INT(output_set_new(t.o, rows, N, t.u, NULL, &t.set), LM_OK);
    CHECK_INT(receiver_start(t.o, NULL, &t.r, NULL), LM_OK);
    artnet_poll(p);
    say(t.artnet, outputs_artnet_source(t.o), p, ARTNET_POLL_SIZE);
    for (ssize_t n; count < N && (n = hear(t.artnet, p, 2000, NULL)) > 0; count++) {
        CHECK(artnet_parse_reply(p, (size_t)n, &reply));
        CHECK(!seen[reply.bind_index] && reply.n_ports == 1 && reply.ports[0].input + 1 == reply.bind_index);
        seen[reply.bind_index] = true;
        CHECK_STR(reply.report, "#0001 [0001] lumad " LUMAD_VERSION " sends 200 universes");
    }
    CHECK_INT(count, N);
    CHECK_INT(hear(t.artnet, p, 300, NULL), -1);
    net_close(&t);
}

TEST(a_port_that_becomes_free_is_ours)
{
    struct net t;
    struct output_row rows[] = { row(1, OUTPUT_ARTNET, "127.0.0.1") };
    uint8_t p[1500];
    int port, from = 0, fd;
    struct output_warning warnings[2];

    alone();
    fd = node_socket(&port);                                    /* without SO_REUSEADDR */
    CHECK(fd >= 0);
    t = (struct net){ 0 };
    t.artnet = node_socket(&t.artnet_port), t.sacn = node_socket(&t.sacn_port);
    t.u = universes_new((const int[]){ 1 }, 1);
    CHECK_INT(outputs_open_ports(cid, "x", port, t.artnet_port, t.sacn_port, &t.o, NULL), LM_OK);
    CHECK_INT(output_set_new(t.o, rows, 1, t.u, NULL, &t.set), LM_OK);
    CHECK_INT(receiver_start(t.o, NULL, &t.r, NULL), LM_OK);
    CHECK_INT(output_set_poll_warnings(t.set, warnings, 2), 1);
    CHECK_STR(warnings[0].id, "artnet_port");
    int socket_number = outputs_artnet_fd(t.o);
    output_set_send(t.set, t.u, 1);                             /* from some port of its own */
    CHECK(hear(t.artnet, p, 1000, &from) > 0 && from != port);
    close(fd);
    for (int i = 0; i < 300 && outputs_artnet_source(t.o) != port; i++)
        nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
    CHECK_INT(outputs_artnet_source(t.o), port);
    CHECK_INT(outputs_artnet_fd(t.o), socket_number);
    while (hear(t.artnet, p, 50, NULL) > 0)
        ;
    output_set_send(t.set, t.u, 2);
    CHECK(hear(t.artnet, p, 1000, &from) == 530 && from == port);
    CHECK_INT(output_set_poll_warnings(t.set, warnings, 2), 0);
    net_close(&t);
}

TEST(universes_are_announced)
{
    struct net t = { 0 };
    struct output_row rows[] = { row(3, OUTPUT_SACN, ""), row(1, OUTPUT_SACN, "multicast"), row(2, OUTPUT_SACN, "127.0.0.1") };
    struct sockaddr_in a = { .sin_family = AF_INET };
    struct ip_mreqn group = { .imr_multiaddr.s_addr = htonl(sacn_multicast_address(SACN_DISCOVERY_UNIVERSE)), .imr_ifindex = 1 };
    socklen_t length = sizeof a;
    uint8_t p[1500];

    alone();
    rows[0].sync = 400;
    for (int i = 0; i < 3; i++)
        snprintf(rows[i].interface, sizeof rows[i].interface, "lo");
    t.artnet = node_socket(&t.artnet_port);
    t.sacn = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(!bind(t.sacn, (struct sockaddr *)&a, sizeof a) && !getsockname(t.sacn, (struct sockaddr *)&a, &length));
    CHECK(!setsockopt(t.sacn, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group));
    t.u = universes_new((const int[]){ 1, 2, 3 }, 3);
    CHECK_INT(outputs_open_ports(cid, "lumad test", 0, t.artnet_port, ntohs(a.sin_port), &t.o, NULL), LM_OK);
    CHECK_INT(output_set_new(t.o, rows, 3, t.u, NULL, &t.set), LM_OK);
    CHECK_INT(receiver_start(t.o, NULL, &t.r, NULL), LM_OK);
    CHECK_INT(hear(t.sacn, p, 2000, NULL), 126);                /* 120 and three universes */
    CHECK_INT(p[21], 8);
    CHECK_INT(p[43], 2);
    CHECK(!memcmp(p + 120, "\0\x01\0\x03\x01\x90", 6));       /* in order; what is unicast is not named */
    CHECK_INT(hear(t.sacn, p, 500, NULL), -1);
    net_close(&t);
}

struct engine { struct net *t; atomic_bool stop; int64_t ticks; };

static void *engine_run(void *arg)
{
    struct engine *e = arg;

    for (int64_t now = 1; !atomic_load(&e->stop); now += 22727273, e->ticks++)
        output_set_send(e->t->set, e->t->u, now);
    return NULL;
}

TEST(garbage_and_lies_change_nothing)
{
    struct net t;
    struct output_row rows[] = { row(1, OUTPUT_ARTNET, "127.0.0.9"), row(2, OUTPUT_ARTNET, "") };
    uint8_t p[1500];
    pthread_t thread;
    unsigned seed = 1;

    CHECK(net_open(&t, 0, rows, 2));
    struct engine e = { .t = &t };
    CHECK(!pthread_create(&thread, NULL, engine_run, &e));
    int ours = outputs_artnet_source(t.o);
    for (int i = 0; i < 30000; i++) {
        size_t n = (size_t)rand_r(&seed) % sizeof p;
        for (size_t k = 0; k < n && k < 300; k++)
            p[k] = (uint8_t)rand_r(&seed);
        if (i % 2)
            n = make_reply(p, rand_r(&seed), rand_r(&seed) & 0x7fff);
        if (i % 4)
            memcpy(p, "Art-Net", 8);
        if (i % 7 == 0)
            n = (size_t)rand_r(&seed) % 250;
        say(t.artnet, ours, p, n);
    }
    while (hear(t.artnet, p, 200, NULL) > 0)
        ;
    CHECK(nodes_count(outputs_nodes(t.o)) <= 256);              /* one address, so many bind indexes at most */
    artnet_poll(p);
    say(t.artnet, ours, p, ARTNET_POLL_SIZE);
    ssize_t n;
    struct artnet_reply reply;
    bool answered = false;
    for (int i = 0; i < 100000 && !answered && (n = hear(t.artnet, p, 2500, NULL)) > 0; i++)
        answered = artnet_parse_reply(p, (size_t)n, &reply);
    atomic_store(&e.stop, true);
    pthread_join(thread, NULL);
    CHECK(answered);
    CHECK(e.ticks > 0);
    net_close(&t);
}

TEST(stopping_is_quick)
{
    struct net t;

    CHECK(net_open(&t, 0, NULL, 0));
    int64_t began = clock_mono_ns();
    receiver_stop(t.r);
    t.r = NULL;
    CHECK(clock_mono_ns() - began < 500000000);
    net_close(&t);
    receiver_stop(NULL);
}
