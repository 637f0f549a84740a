/* Many packets in few calls: what arrives is what single packets would be, whatever the kernel says to segmentation. */
#include "dmx/output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/thread.h"
#include "dmx/output_private.h"

#include "../../tap.h"

enum { MANY = 150, ARTNET = 530 };
static const char cid[] = "0f8fad5b-d9cb-469f-a165-70867728950e";
static const int64_t tick = 1000000000 / 44;

struct net {
    int fd[2];                          /* on 127.0.0.1 and 127.0.0.2, one port */
    struct outputs *o;
    struct output_set *set;
    struct universes *u;
};

static int receiver(const char *address, int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 1 << 20;

    inet_pton(AF_INET, address, &a.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || getsockname(fd, (struct sockaddr *)&a, &n))
        return -1;
    *port = ntohs(a.sin_port);
    return fd;
}

/* `n` universes of Art-Net, in turn to each of the addresses. */
static bool net_open(struct net *t, size_t n, const char *const *to, size_t n_to)
{
    struct output_row rows[MANY] = { 0 };
    int numbers[MANY], port = 0;

    *t = (struct net){ .fd = { receiver("127.0.0.1", &port), -1 } };
    t->fd[1] = receiver("127.0.0.2", &port);
    for (size_t i = 0; i < n; i++) {
        numbers[i] = (int)i + 1;
        rows[i] = (struct output_row){ .universe = (int)i + 1, .protocol = OUTPUT_ARTNET, .port_address = -1 };
        snprintf(rows[i].id, sizeof rows[i].id, "00000000-0000-4000-8000-%012d", (int)i);
        snprintf(rows[i].destination, sizeof rows[i].destination, "%s", to[i % n_to]);
    }
    t->u = universes_new(numbers, n);
    for (size_t i = 0; t->u && i < n; i++)
        memset(t->u->u[i].slots, (int)i + 1, DMX_SLOTS);
    return t->fd[0] >= 0 && t->fd[1] >= 0 && t->u && !outputs_open_ports(cid, "lumad test", 0, port, port, &t->o, NULL) &&
           !output_set_new(t->o, rows, n, t->u, NULL, &t->set);
}

static void net_close(struct net *t)
{
    output_set_free(t->set);
    outputs_close(t->o);
    universes_free(t->u);
    close(t->fd[0]), close(t->fd[1]);
}

static void send_real_time(struct net *t, int64_t now)
{
    thread_enter_real_time(1);
    output_set_send(t->set, t->u, now);
    thread_leave_real_time();
}

/* Universes first, first + step, ... arrive in this order, whole and with this sequence number. How many. */
static int take_all(int fd, int first, int step, int sequence)
{
    uint8_t p[2048];
    int n = 0;

    for (ssize_t got; (got = recv(fd, p, sizeof p, 0)) > 0; n++) {
        int address = p[14] | p[15] << 8;
        if (got != ARTNET || address != first + n * step || p[12] != sequence || p[18] != (uint8_t)(address + 1) || p[529] != p[18])
            return -1;
    }
    return n;
}

TEST(universes_of_one_target_arrive_one_by_one_and_in_order)
{
    struct net t;
    struct output_stats st[MANY];

    CHECK(net_open(&t, MANY, (const char *[]){ "127.0.0.1" }, 1));
    for (int k = 1; k <= 3; k++) {
        send_real_time(&t, k * tick);
        CHECK_INT(take_all(t.fd[0], 0, 1, k), MANY);
    }
    CHECK_INT(output_set_stats(t.set, st, MANY), MANY);
    for (size_t i = 0; i < MANY; i++)
        if (st[i].packets != 3 || st[i].errors)
            CHECK_INT(st[i].packets, 3);
    net_close(&t);
}

/* A receiver that asks for it gets a batch as it was sent: that is how few calls there were. */
TEST(a_batch_is_64_packets)
{
    struct net t;
    static uint8_t p[65536];
    int on = 1;

    CHECK(net_open(&t, MANY, (const char *[]){ "127.0.0.1" }, 1));
    if (!t.o->segments[OUTPUT_ARTNET] || setsockopt(t.fd[0], SOL_UDP, UDP_GRO, &on, sizeof on)) {
        net_close(&t);
        SKIP("no UDP segmentation here");
    }
    send_real_time(&t, tick);
    CHECK_INT(recv(t.fd[0], p, sizeof p, 0), 64 * ARTNET);
    CHECK_INT(recv(t.fd[0], p, sizeof p, 0), 64 * ARTNET);
    CHECK_INT(recv(t.fd[0], p, sizeof p, 0), (MANY - 128) * ARTNET);
    CHECK_INT(recv(t.fd[0], p, sizeof p, 0), -1);
    net_close(&t);
}

TEST(targets_in_turn_each_get_their_own)
{
    struct net t;

    CHECK(net_open(&t, MANY, (const char *[]){ "127.0.0.1", "127.0.0.2" }, 2));
    send_real_time(&t, tick);
    CHECK_INT(take_all(t.fd[0], 0, 2, 1), MANY / 2);
    CHECK_INT(take_all(t.fd[1], 1, 2, 1), MANY / 2);
    net_close(&t);
}

TEST(a_kernel_that_refuses_gets_single_packets_from_then_on)
{
    struct net t;
    struct output_stats st[MANY];
    int on = 1;

    CHECK(net_open(&t, MANY, (const char *[]){ "127.0.0.1" }, 1));
    CHECK_INT(setsockopt(t.o->socket[OUTPUT_ARTNET], SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);     /* udp(7) segments nothing without checksums */
    for (int k = 1; k <= 2; k++) {
        send_real_time(&t, k * tick);
        CHECK_INT(take_all(t.fd[0], 0, 1, k), MANY);
        CHECK(!t.o->segments[OUTPUT_ARTNET]);
    }
    output_set_stats(t.set, st, MANY);
    CHECK_INT(st[MANY - 1].packets, 2);
    CHECK_INT(st[MANY - 1].errors, 0);
    net_close(&t);
}

TEST(a_target_that_refuses_costs_only_its_own_packets)
{
    struct net t;
    struct output_stats st[MANY];
    int off = 0;

    CHECK(net_open(&t, MANY, (const char *[]){ "127.0.0.1", "127.255.255.255" }, 2));
    CHECK_INT(setsockopt(t.o->socket[OUTPUT_ARTNET], SOL_SOCKET, SO_BROADCAST, &off, sizeof off), 0);  /* EACCES for the second */
    bool had = t.o->segments[OUTPUT_ARTNET];
    for (int k = 1; k <= 2; k++) {
        send_real_time(&t, k * tick);
        CHECK_INT(take_all(t.fd[0], 0, 2, k), MANY / 2);
    }
    CHECK_INT(t.o->segments[OUTPUT_ARTNET], had);       /* it was not segmentation that was refused */
    output_set_stats(t.set, st, MANY);
    for (size_t i = 0; i < MANY; i++)
        if (st[i].packets != (i % 2 ? 0 : 2) || st[i].errors != (i % 2 ? 2 : 0))
            CHECK_INT(st[i].errors, i % 2 ? 2 : 0);
    CHECK_INT(st[1].last_errno, EACCES);
    net_close(&t);
}
