/* Outputs over real loopback sockets: what arrives, how often, in which order, and what is said at the end. */
#include "dmx/output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dmx/artnet.h"

#include "../../tap.h"

static const char cid[] = "0f8fad5b-d9cb-469f-a165-70867728950e";
static const int64_t tick = 1000000000 / 44;

static int full;                        /* of the next calls of the kernel: no room in the socket, as hosts that are switched off leave it */

int sendmmsg(int fd, struct mmsghdr *list, unsigned n, int flags)
{
    if (!full)
        return (int)syscall(SYS_sendmmsg, fd, list, n, flags);
    full--;
    errno = EAGAIN;
    return -1;
}

struct net {
    int artnet, sacn;                   /* receivers */
    struct outputs *o;
    struct universes *u;
    int64_t now;
};

static int receiver(int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || getsockname(fd, (struct sockaddr *)&a, &n))
        return -1;
    *port = ntohs(a.sin_port);
    return fd;
}

static bool net_open(struct net *t)
{
    int a = 0, s = 0;

    *t = (struct net){ .now = 5000000000 };
    t->artnet = receiver(&a);
    t->sacn = receiver(&s);
    t->u = universes_new((const int[]){ 1, 2 }, 2);
    return t->artnet >= 0 && t->sacn >= 0 && t->u && !outputs_open_ports(cid, "lumad test", 0, a, s, &t->o, NULL);
}

static void net_close(struct net *t)
{
    outputs_close(t->o);
    universes_free(t->u);
    close(t->artnet), close(t->sacn);
}

static ssize_t take(int fd, uint8_t out[700])
{
    return recv(fd, out, 700, 0);       /* loopback: what was sent is there */
}

static int drain(int fd, uint8_t last[700])
{
    int n = 0;

    while (take(fd, last) > 0)
        n++;
    return n;
}

static struct output_row row(int id, int universe, enum output_protocol protocol, const char *to)
{
    struct output_row r = { .universe = universe, .protocol = protocol, .port_address = -1, .priority = 100 };

    snprintf(r.id, sizeof r.id, "00000000-0000-4000-8000-%012d", id);
    snprintf(r.destination, sizeof r.destination, "%s", to);
    return r;
}

TEST(continuous_sends_every_tick_in_sequence)
{
    struct net t;
    struct output_set *s;
    uint8_t p[700];

    CHECK(net_open(&t));
    struct output_row rows[] = { row(1, 1, OUTPUT_ARTNET, "127.0.0.1"), row(2, 2, OUTPUT_SACN, "127.0.0.1") };
    rows[0].port_address = 0x123;
    CHECK_INT(output_set_new(t.o, rows, 2, t.u, NULL, &s), LM_OK);
    t.u->u[0].slots[0] = 11, t.u->u[1].slots[511] = 22;
    for (int i = 1; i <= 300; i++) {
        output_set_send(s, t.u, t.now += tick);
        CHECK_INT(take(t.artnet, p), 530);
        CHECK_INT(p[12], (i - 1) % 255 + 1);
        CHECK_INT(p[15] * 256 + p[14], 0x123);
        CHECK_INT(p[18], 11);
        CHECK_INT(take(t.sacn, p), 638);
        CHECK_INT(p[111], i & 255);
        CHECK_INT(p[108], 100);
        CHECK_INT(p[113] * 256 + p[114], 2);
        CHECK_INT(p[637], 22);
        CHECK_STR((char *)p + 44, "lumad test");
        CHECK_INT(p[22], 0x0f);
    }
    CHECK_INT(take(t.artnet, p), -1);
    struct output_stats st[4];
    CHECK_INT(output_set_stats(s, st, 4), 2);
    CHECK_INT(st[0].packets, 300);
    CHECK_INT(st[0].errors, 0);
    CHECK_NEAR(st[0].fps, 44, .1);
    CHECK_INT(st[1].last_sent_ns, t.now);
    CHECK_STR(st[1].id, rows[1].id);
    struct output_warning warnings[4];
    CHECK_INT(output_set_poll_warnings(s, warnings, 4), 0);
    output_set_free(s);
    net_close(&t);
}

TEST(on_change_sends_changes_and_keeps_alive)
{
    struct net t;
    struct output_set *s;
    uint8_t p[700];
    int artnet = 0, sacn = 0;

    CHECK(net_open(&t));
    struct output_row rows[] = { row(1, 1, OUTPUT_ARTNET, "127.0.0.1"), row(2, 1, OUTPUT_SACN, "127.0.0.1") };
    rows[0].on_change = rows[1].on_change = true;
    CHECK_INT(output_set_new(t.o, rows, 2, t.u, NULL, &s), LM_OK);
    for (int i = 0; i < 10; i++)
        output_set_send(s, t.u, t.now += tick);
    CHECK_INT(drain(t.artnet, p), 1);
    CHECK_INT(drain(t.sacn, p), 3);
    t.u->u[0].slots[7] = 1;
    for (int i = 0; i < 10; i++)
        output_set_send(s, t.u, t.now += tick);
    CHECK_INT(drain(t.artnet, p), 1);
    CHECK_INT(drain(t.sacn, p), 3);
    int64_t last = t.now - 10 * tick, most = 0;
    for (int i = 0; i < 44 * 60; i++) {
        output_set_send(s, t.u, t.now += tick);
        int n = drain(t.artnet, p);
        artnet += n, sacn += drain(t.sacn, p);
        if (n) {
            most = t.now - last > most ? t.now - last : most;
            last = t.now;
        }
    }
    CHECK(most <= 1000000000);
    CHECK(artnet >= 60 && artnet <= 67);
    CHECK(sacn >= 60 && sacn <= 67);
    output_set_free(s);
    net_close(&t);
}

TEST(a_change_that_found_no_room_is_sent_at_the_next_tick)
{
    struct net t;
    struct output_set *s;
    struct output_stats st[1];
    uint8_t p[700];

    CHECK(net_open(&t));
    struct output_row r = row(1, 1, OUTPUT_ARTNET, "127.0.0.1");
    r.on_change = true;
    CHECK_INT(output_set_new(t.o, &r, 1, t.u, NULL, &s), LM_OK);
    output_set_send(s, t.u, t.now += tick);
    CHECK_INT(drain(t.artnet, p), 1);
    t.u->u[0].slots[0] = 99;
    full = 2;
    for (int i = 0; i < 10; i++)
        output_set_send(s, t.u, t.now += tick);
    CHECK_INT(drain(t.artnet, p), 1);                   /* and not after the 900 ms of the keep-alive */
    CHECK_INT(p[18], 99);
    output_set_stats(s, st, 1);
    CHECK_INT(st[0].errors, 2);
    output_set_free(s);
    net_close(&t);
}

TEST(a_new_set_goes_on_where_the_old_one_was)
{
    struct net t;
    struct output_set *a, *b, *c;
    uint8_t p[700];

    CHECK(net_open(&t));
    struct output_row rows[] = { row(1, 1, OUTPUT_SACN, "127.0.0.1"), row(2, 2, OUTPUT_SACN, "127.0.0.1") };
    CHECK_INT(output_set_new(t.o, rows, 2, t.u, NULL, &a), LM_OK);
    t.u->u[0].slots[0] = 5;
    for (int i = 0; i < 3; i++)
        output_set_send(a, t.u, t.now += tick);
    CHECK_INT(output_set_new(t.o, rows, 1, t.u, a, &b), LM_OK);
    output_set_send(a, t.u, t.now += tick);             /* the engine has not changed over yet */
    drain(t.sacn, p);
    output_set_retire(t.o, a, b, false);
    for (int i = 0; i < 3; i++) {                       /* universe 2 ends; universe 1 does not */
        CHECK_INT(take(t.sacn, p), 638);
        CHECK_INT(p[114], 2);
        CHECK_INT(p[112], SACN_TERMINATED);
        CHECK_INT(p[111], 5 + i);
    }
    CHECK_INT(take(t.sacn, p), -1);
    output_set_free(a);
    output_set_send(b, t.u, t.now += tick);
    CHECK_INT(take(t.sacn, p), 638);
    CHECK_INT(p[111], 5);
    CHECK_INT(p[112], 0);

    struct output_row other = rows[0];                  /* deleted and made again: the same stream for every receiver */
    other.id[35] = '9';
    CHECK_INT(output_set_new(t.o, &other, 1, t.u, b, &c), LM_OK);
    output_set_retire(t.o, b, c, true);
    CHECK_INT(take(t.sacn, p), -1);
    output_set_free(b);
    output_set_send(c, t.u, t.now += tick);
    CHECK_INT(take(t.sacn, p), 638);
    CHECK_INT(p[111], 6);
    output_set_retire(t.o, c, NULL, false);             /* the end: the last look, terminated */
    for (int i = 0; i < 3; i++) {
        CHECK_INT(take(t.sacn, p), 638);
        CHECK_INT(p[112], SACN_TERMINATED);
        CHECK_INT(p[126], 5);
    }
    output_set_free(c);
    net_close(&t);
}

/* Another interface for what goes to the same receivers: to them it is one source, which neither ends nor counts from the beginning. */
TEST(receivers_that_stay_see_no_end_and_no_jump_back)
{
    static const char *const places[] = { "", "lo" };
    struct net t;
    struct output_set *a, *b;
    uint8_t p[700];

    CHECK(net_open(&t));
    for (int from = 0; from < 2; from++) {
        struct output_row rows[] = { row(1, 1, OUTPUT_SACN, "127.0.0.1"), row(2, 1, OUTPUT_ARTNET, "127.0.0.1") };
        for (int i = 0; i < 2; i++)
            snprintf(rows[i].interface, sizeof rows[i].interface, "%s", places[from]);
        CHECK_INT(output_set_new(t.o, rows, 2, t.u, NULL, &a), LM_OK);
        for (int i = 0; i < 10; i++)
            output_set_send(a, t.u, t.now += tick);
        for (int i = 0; i < 2; i++)
            snprintf(rows[i].interface, sizeof rows[i].interface, "%s", places[!from]);
        CHECK_INT(output_set_new(t.o, rows, 2, t.u, a, &b), LM_OK);
        output_set_send(a, t.u, t.now += tick);         /* the engine has not changed over yet */
        drain(t.sacn, p);
        CHECK_INT(p[111], 11);
        drain(t.artnet, p);
        output_set_send(b, t.u, t.now += tick);
        output_set_retire(t.o, a, b, true);
        CHECK_INT(take(t.sacn, p), 638);
        CHECK_INT(p[112], 0);
        CHECK((int8_t)(p[111] - 11) > 0);               /* E1.31 6.7.2: taken */
        CHECK_INT(take(t.sacn, p), -1);
        CHECK_INT(take(t.artnet, p), 530);
        CHECK((int8_t)(p[12] - 11) > 0);
        CHECK_INT(take(t.artnet, p), -1);
        output_set_free(a);
        output_set_retire(t.o, b, NULL, true);          /* now it does end */
        CHECK_INT(drain(t.sacn, p), 3);
        CHECK_INT(p[112], SACN_TERMINATED);
        CHECK_INT(drain(t.artnet, p), 2);
        output_set_free(b);
    }
    net_close(&t);
}

TEST(retiring_dark)
{
    struct net t;
    struct output_set *s;
    uint8_t p[700];

    CHECK(net_open(&t));
    struct output_row rows[] = { row(1, 1, OUTPUT_ARTNET, "127.0.0.1"), row(2, 1, OUTPUT_SACN, "127.0.0.1") };
    CHECK_INT(output_set_new(t.o, rows, 2, t.u, NULL, &s), LM_OK);
    t.u->u[0].slots[0] = 200;
    output_set_send(s, t.u, t.now += tick);
    drain(t.artnet, p), drain(t.sacn, p);
    output_set_retire(t.o, s, NULL, true);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(take(t.artnet, p), 530);
        CHECK_INT(p[12], 2 + i);
        CHECK_INT(p[18], 0);
    }
    CHECK_INT(take(t.artnet, p), -1);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(take(t.sacn, p), 638);
        CHECK_INT(p[126], 0);
    }
    output_set_free(s);
    net_close(&t);
}

TEST(synchronisation_follows_the_data)
{
    struct net t;
    struct output_set *s;
    uint8_t p[700];

    CHECK(net_open(&t));
    struct output_row rows[] = { row(1, 1, OUTPUT_ARTNET, "127.0.0.1"), row(2, 2, OUTPUT_ARTNET, "127.0.0.1"), row(3, 1, OUTPUT_SACN, "127.0.0.1") };
    rows[0].sync = rows[1].sync = 1, rows[2].sync = 400;
    CHECK_INT(output_set_new(t.o, rows, 3, t.u, NULL, &s), LM_OK);
    output_set_send(s, t.u, t.now += tick);
    CHECK_INT(take(t.artnet, p), 530);
    CHECK_INT(take(t.artnet, p), 530);
    CHECK_INT(take(t.artnet, p), ARTNET_SYNC_SIZE);
    CHECK_INT(take(t.artnet, p), -1);
    CHECK_INT(take(t.sacn, p), 638);
    CHECK_INT(p[109] * 256 + p[110], 400);
    CHECK_INT(take(t.sacn, p), SACN_SYNC_SIZE);
    CHECK_INT(take(t.sacn, p), -1);
    output_set_free(s);

    struct output_row two[] = { row(1, 1, OUTPUT_SACN, "127.0.0.1"), row(2, 2, OUTPUT_SACN, "127.0.0.1"), row(3, 2, OUTPUT_SACN, "127.0.0.1") };
    two[0].sync = 400, two[1].sync = 401, two[2].sync = 400;
    CHECK_INT(output_set_new(t.o, two, 3, t.u, NULL, &s), LM_OK);
    output_set_send(s, t.u, t.now += tick);
    for (int i = 0; i < 3; i++)
        CHECK_INT(take(t.sacn, p), 638);
    for (int i = 0; i < 2; i++) {                       /* one for each synchronisation universe */
        CHECK_INT(take(t.sacn, p), SACN_SYNC_SIZE);
        CHECK_INT(p[45] * 256 + p[46], 400 + i);
    }
    CHECK_INT(take(t.sacn, p), -1);
    output_set_free(s);
    net_close(&t);
}

TEST(a_target_that_refuses_harms_no_other)
{
    struct net t;
    struct output_set *s;
    uint8_t p[700];
    struct output_warning warnings[4];
    struct output_stats st[3];

    CHECK(net_open(&t));
    struct output_row rows[] = { row(1, 1, OUTPUT_ARTNET, "127.0.0.1"), row(2, 1, OUTPUT_ARTNET, "255.255.255.255"), row(3, 2, OUTPUT_ARTNET, "127.0.0.1") };
    snprintf(rows[1].interface, sizeof rows[1].interface, "nosuch0");
    CHECK_INT(output_set_new(t.o, rows, 3, t.u, NULL, &s), LM_OK);
    for (int i = 0; i < 5; i++)
        output_set_send(s, t.u, t.now += tick);
    CHECK_INT(drain(t.artnet, p), 10);
    CHECK_INT(output_set_poll_warnings(s, warnings, 4), 1);
    CHECK(strstr(warnings[0].text, "nosuch0"));
    output_set_stats(s, st, 3);
    CHECK_INT(st[1].packets, 0);
    CHECK_INT(st[2].packets, 5);
    output_set_free(s);

    rows[1].interface[0] = 0;                           /* the kernel refuses to send this one: a port of 0 */
    struct outputs *o;
    CHECK_INT(outputs_open_ports(cid, "x", 0, 0, 0, &o, NULL), LM_OK);
    CHECK_INT(output_set_new(o, rows, 1, t.u, NULL, &s), LM_OK);
    output_set_send(s, t.u, t.now += tick);
    output_set_stats(s, st, 1);
    CHECK_INT(st[0].errors, 1);
    CHECK(st[0].last_errno);
    CHECK_INT(output_set_poll_warnings(s, warnings, 4), 1);
    CHECK(strstr(warnings[0].text, "packets are not sent"));
    struct output_warning first = warnings[0];
    CHECK_STR(first.id, rows[0].id);
    for (int i = 0; i < 3; i++)
        output_set_send(s, t.u, t.now += tick);
    CHECK_INT(output_set_poll_warnings(s, warnings, 4), 1);
    CHECK_STR(warnings[0].text, first.text);                      /* the same trouble is the same sentence, however many packets it costs */
    CHECK_INT(output_set_poll_warnings(s, warnings, 4), 0);
    output_set_free(s);
    outputs_close(o);
    net_close(&t);
}

TEST(rows_are_checked)
{
    struct problem p = { 0 };
    struct output_row ok = row(1, 1, OUTPUT_ARTNET, "10.0.0.255"), r;
    static const char *const bad_to[] = { "multicast", "example.org", "10.0.0", "239.255.0.1", "0.0.0.0", "::1", "999.1.1.1" };

    CHECK_INT(output_check(&ok, &p), LM_OK);
    for (size_t i = 0; i < sizeof bad_to / sizeof *bad_to; i++) {
        r = ok;
        snprintf(r.destination, sizeof r.destination, "%s", bad_to[i]);
        CHECK_INT(output_check(&r, &p), LM_INVALID);
        CHECK_STR(p.errors[0].path, "/destination");
    }
#define REFUSED(change, where) do { r = ok; problem_clear(&p); change; CHECK_INT(output_check(&r, &p), LM_INVALID); CHECK_STR(p.errors[0].path, where); } while (0)
    REFUSED(r.universe = 0, "/universe");
    REFUSED(r.universe = 64000, "/universe");
    static const char *const no_name[] = { "a b", "eth0\n", "../x", "lo:1", "\xc3\xa9", "..", "\x7f" };
    for (size_t i = 0; i < sizeof no_name / sizeof *no_name; i++)
        REFUSED(snprintf(r.interface, sizeof r.interface, "%s", no_name[i]), "/interface");
    r = ok;
    snprintf(r.interface, sizeof r.interface, "enp3s0.100");    /* perhaps not plugged in yet */
    CHECK_INT(output_check(&r, NULL), LM_OK);
    REFUSED(r.port_address = 32768, "/port_address");
    REFUSED(r.universe = 40000, "/port_address");
    REFUSED(r.sync = 2, "/sync");
    REFUSED(r.protocol = OUTPUT_PROTOCOLS, "/protocol");
    REFUSED(r.protocol = OUTPUT_ENTTEC_PRO, "/destination");     /* an address is no device */
    REFUSED(r.protocol = OUTPUT_NULL, "/destination");
    static const char *const no_device[] = { "ttyUSB0", "/", "dev/ttyUSB0", "/dev/tty\n", "/dev/\xff", "COM3" };
    for (size_t i = 0; i < sizeof no_device / sizeof *no_device; i++)
        REFUSED((r.protocol = OUTPUT_ENTTEC_PRO, snprintf(r.destination, sizeof r.destination, "%s", no_device[i])), "/destination");
    REFUSED((r.protocol = OUTPUT_ENTTEC_PRO, r.destination[0] = 0, r.sync = 1), "/sync");
    REFUSED((r.protocol = OUTPUT_SACN, r.priority = 201), "/priority");
    REFUSED((r.protocol = OUTPUT_SACN, r.sync = 64000), "/sync");
    REFUSED(r.preview = true, "/transmit");
    static const char *const good[][2] = { { "artnet", "" }, { "artnet", "broadcast" }, { "artnet", "127.0.0.1" }, { "artnet", "255.255.255.255" },
                                           { "sacn", "" }, { "sacn", "multicast" }, { "sacn", "10.1.2.3" },
                                           { "enttec_pro", "" }, { "enttec_pro", "/dev/ttyUSB0" }, { "null", "" },
                                           { "enttec_pro", "/dev/serial/by-id/usb-DMXking.com_ultraDMX_Micro_6A1B2C3D-if00-port0" } };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int protocol = 0;
        while (strcmp(output_protocol_names[protocol], good[i][0]))
            protocol++;
        r = row(1, 32768, (enum output_protocol)protocol, good[i][1]);
        CHECK_INT(output_check(&r, NULL), LM_OK);
    }
}

TEST(a_taken_port_is_said_and_survived)
{
    int port, fd = receiver(&port), got;
    struct outputs *o;
    struct output_set *s;
    struct universes *u = universes_new((const int[]){ 1 }, 1);
    struct output_row r = row(1, 1, OUTPUT_ARTNET, "127.0.0.1");
    struct output_warning warnings[2];
    uint8_t p[700];

    CHECK(fd >= 0);                                     /* without SO_REUSEADDR: nobody else gets this port */
    CHECK_INT(outputs_open_ports(cid, "x", port, port, port, &o, NULL), LM_OK);
    CHECK_INT(output_set_new(o, &r, 1, u, NULL, &s), LM_OK);
    output_set_send(s, u, 1);
    got = drain(fd, p);
    CHECK_INT(got, 1);
    CHECK_INT(output_set_poll_warnings(s, warnings, 2), 1);
    CHECK(strstr(warnings[0].text, "taken"));
    output_set_free(s);
    outputs_close(o);
    universes_free(u);
    close(fd);
}

struct engine { struct output_set *_Atomic set; struct universes *u; _Atomic int ticks; atomic_bool stop; };

static void *engine_run(void *arg)
{
    struct engine *e = arg;

    for (int64_t now = tick; !atomic_load(&e->stop); now += tick) {
        output_set_send(atomic_load(&e->set), e->u, now);
        atomic_fetch_add(&e->ticks, 1);
    }
    return NULL;
}

TEST(routes_and_statistics_are_looked_at_while_the_engine_sends)
{
    struct net t;
    struct output_set *a, *b;
    struct output_stats st[1];
    struct output_warning warnings[2];
    pthread_t thread;

    CHECK(net_open(&t));
    struct output_row r = row(1, 1, OUTPUT_SACN, "127.0.0.1");
    CHECK_INT(output_set_new(t.o, &r, 1, t.u, NULL, &a), LM_OK);
    struct engine e = { .u = t.u };
    atomic_store(&e.set, a);
    CHECK(!pthread_create(&thread, NULL, engine_run, &e));
    for (int i = 0; i < 50; i++) {
        output_set_poll_warnings(a, warnings, 2);
        output_set_stats(a, st, 1);
    }
    struct output_row other = r;
    struct output_set *c = NULL;
    snprintf(other.interface, sizeof other.interface, "lo");
    bool made = !output_set_new(t.o, &other, 1, t.u, a, &c);            /* one that goes on from what is being sent, and is dropped */
    output_set_free(c);
    enum lm_err err = output_set_new(t.o, &r, 1, t.u, a, &b);
    atomic_store(&e.set, b);
    for (int was = atomic_load(&e.ticks); atomic_load(&e.ticks) < was + 3;)
        ;                                               /* the engine is surely done with the old one */
    output_set_retire(t.o, a, b, false);
    output_set_free(a);
    atomic_store(&e.stop, true);
    pthread_join(thread, NULL);
    output_set_stats(b, st, 1);
    output_set_free(b);
    net_close(&t);
    CHECK(made);
    CHECK_INT(err, LM_OK);
    CHECK(st[0].packets + st[0].errors >= (uint64_t)atomic_load(&e.ticks));
}
