/*
 * Listens to Art-Net or sACN for some seconds and prints one JSON object: how steady, how complete and how right the packets of any sender are.
 *
 *     dmx_receiver artnet|sacn SECONDS HZ [UNIVERSES [INTERFACE_ADDRESS]]
 *
 * HZ is what the sender means to send; a tick that is missing from it is a lost one. UNIVERSES > 0: joins the sACN groups of universes 1 to that on the interface.
 *
 * All times are the kernel's, taken when a packet arrives. The receiver sleeps between its looks into the socket, so that waking it up costs the sender
 * nothing; the socket holds what comes meanwhile, and what does not fit is counted ("overflow": then the figures are worth nothing).
 *
 *   interval   ms from a universe's packet to its next one
 *   spread     ms from the first to the last universe of one tick. A tick ends when a universe comes again, or after half a period without a packet.
 *   lost       ticks that are missing in the time from a universe's first to its last packet; of the universe that misses the most
 *   sequence   steps of the sequence number that are no step by one: missing (gap), 0 where 0 is not allowed (zero), the same again, backwards
 *   bad        packets that break the rules of their protocol
 *   moved      how many of a packet's slots are not what they were in the one before, on average
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    MAX_UNIVERSE = 65536, BATCH = 256, PACKET_MAX = 2048, LOOK_MS = 20, ROOM = 64 << 20,
    ARTNET_PORT = 6454, SACN_PORT = 5568, OP_DMX = 0x5000,
};

struct universe {
    int64_t first, last;                /* ns */
    uint64_t packets;
    uint8_t sequence, slots[512];
    int n;                              /* slots */
    uint64_t tick;                      /* the last one it was part of */
};

struct list { uint32_t *ns; size_t n, max; };

struct capture {
    bool artnet;
    double hz;
    struct universe *universes[MAX_UNIVERSE];
    struct list intervals, spreads;
    uint64_t packets, moved, bad, other, gap, zero, same, back, terminated;
    uint64_t tick;                      /* counts them; 0 = none yet */
    int64_t tick_first, tick_last;
    uint32_t overflow;
};

static void die(const char *what)
{
    fprintf(stderr, "dmx_receiver: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void push(struct list *l, int64_t ns)
{
    if (l->n == l->max) {
        l->max = l->max ? l->max * 2 : 1 << 16;
        l->ns = realloc(l->ns, l->max * sizeof *l->ns);
        if (!l->ns)
            die("memory");
    }
    l->ns[l->n++] = ns < 0 ? 0 : ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

/* --- what a packet says --- */

struct level { int universe, sequence; const uint8_t *slots; int n; };

static unsigned be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* Art-Net 4. False: no levels in it. */
static bool read_artnet(struct capture *c, const uint8_t *p, size_t n, struct level *l)
{
    if (n < 12 || memcmp(p, "Art-Net", 8) != 0) {
        c->bad++;
        return false;
    }
    if ((p[8] | p[9] << 8) != OP_DMX) {
        c->other++;
        return false;
    }
    unsigned length = n >= 18 ? be16(p + 16) : 0;
    if (p[10] || p[11] < 14 || length < 2 || length > 512 || length % 2 || n != 18 + length || p[15] > 127) {
        c->bad++;
        return false;
    }
    *l = (struct level){ p[14] | p[15] << 8, p[12], p + 18, (int)length };
    return true;
}

/* ANSI E1.31-2018. */
static bool read_sacn(struct capture *c, const uint8_t *p, size_t n, struct level *l)
{
    static const uint8_t head[16] = { 0, 0x10, 0, 0, 'A', 'S', 'C', '-', 'E', '1', '.', '1', '7' };

    if (n < 44 || memcmp(p, head, 16) != 0) {
        c->bad++;
        return false;
    }
    if (be32(p + 18) != 4) {            /* synchronisation, discovery */
        c->other++;
        return false;
    }
    bool lengths = n >= 126 && be16(p + 16) == (0x7000 | (n - 16)) && be16(p + 38) == (0x7000 | (n - 38)) && be16(p + 115) == (0x7000 | (n - 115));
    if (!lengths || be32(p + 40) != 2 || p[117] != 2 || p[118] != 0xa1 || be32(p + 119) != 1 || be16(p + 123) != n - 125 || n > 638 || p[125]) {
        c->bad++;
        return false;
    }
    if (p[112] & 0x40) {
        c->terminated++;
        return false;
    }
    *l = (struct level){ (int)be16(p + 113), p[111], p + 126, (int)n - 126 };
    return true;
}

/* --- the accounts --- */

static void count_sequence(struct capture *c, const struct universe *u, int now)
{
    if (c->artnet && now == 0) {
        c->zero++;
        return;
    }
    int was = u->sequence, steps = (now - was + 256) % 256;
    if (c->artnet && now < was)
        steps--;                        /* 255 is followed by 1 */
    if (steps == 0)
        c->same++;
    else if (steps > 256 - 20)
        c->back++;
    else if (steps > 1)
        c->gap++;
}

static void count_tick(struct capture *c, struct universe *u, int64_t at)
{
    if (!c->tick || u->tick == c->tick || (double)(at - c->tick_last) > 0.5e9 / c->hz) {
        if (c->tick)
            push(&c->spreads, c->tick_last - c->tick_first);
        c->tick++;
        c->tick_first = at;
    }
    c->tick_last = at;
    u->tick = c->tick;
}

static void count(struct capture *c, const struct level *l, int64_t at)
{
    struct universe *u = c->universes[l->universe];

    if (!u) {
        u = c->universes[l->universe] = calloc(1, sizeof *u);
        if (!u)
            die("memory");
        u->first = at;
    } else {
        push(&c->intervals, at - u->last);
        count_sequence(c, u, l->sequence);
        for (int i = 0; i < l->n; i++)
            c->moved += i >= u->n || u->slots[i] != l->slots[i];
    }
    count_tick(c, u, at);
    memcpy(u->slots, l->slots, (size_t)l->n);
    u->n = l->n, u->sequence = (uint8_t)l->sequence, u->last = at;
    u->packets++;
    c->packets++;
}

/* --- the socket --- */

static int open_socket(bool artnet, int groups, const char *interface)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), on = 1, room = ROOM;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(artnet ? ARTNET_PORT : SACN_PORT) };

    if (fd < 0)
        die("socket");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) || setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) ||
        setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on))
        die("socket options");
    if (bind(fd, (struct sockaddr *)&a, sizeof a))
        die("bind");
    for (int i = 1; i <= groups; i++) {
        struct ip_mreq m = { .imr_multiaddr.s_addr = htonl(0xefff0000u | (unsigned)i) };
        inet_pton(AF_INET, interface, &m.imr_interface);
        if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof m))
            die("joining a group (net.ipv4.igmp_max_memberships)");
    }
    return fd;
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);  /* what the kernel stamps packets with */
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t stamp(struct capture *c, struct msghdr *h)
{
    struct timespec t = { 0 };

    for (struct cmsghdr *k = CMSG_FIRSTHDR(h); k; k = CMSG_NXTHDR(h, k)) {
        if (k->cmsg_level != SOL_SOCKET)
            continue;
        if (k->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(&t, CMSG_DATA(k), sizeof t);
        else if (k->cmsg_type == SO_RXQ_OVFL)
            memcpy(&c->overflow, CMSG_DATA(k), sizeof c->overflow);
    }
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* All that waits in the socket. What arrived before `from` or after `to` does not count. */
static void drain(struct capture *c, int fd, int64_t from, int64_t to)
{
    static uint8_t data[BATCH][PACKET_MAX];
    static _Alignas(struct cmsghdr) char control[BATCH][128];
    static struct iovec iov[BATCH];
    static struct mmsghdr m[BATCH];
    int got;

    do {
        for (int i = 0; i < BATCH; i++) {
            iov[i] = (struct iovec){ data[i], PACKET_MAX };
            m[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = sizeof control[i] };
        }
        got = recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < got; i++) {
            struct level l;
            int64_t at = stamp(c, &m[i].msg_hdr);
            if (at >= from && at < to && (c->artnet ? read_artnet : read_sacn)(c, data[i], m[i].msg_len, &l))
                count(c, &l, at);
        }
    } while (got == BATCH);
}

/* --- the report --- */

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void print_list(const char *name, struct list *l)
{
    static const struct { const char *name; double at; } marks[] = { { "p50", .5 }, { "p99", .99 }, { "p999", .999 }, { "max", 1 } };

    if (l->n)
        qsort(l->ns, l->n, sizeof *l->ns, by_value);
    printf("\"%s\":{", name);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        printf("%s\"%s\":%.4f", i ? "," : "", marks[i].name, l->n ? l->ns[(size_t)(marks[i].at * (double)(l->n - 1) + .5)] / 1e6 : 0);
    printf("},");
}

static void report(struct capture *c)
{
    uint64_t universes = 0, pairs = 0;
    long long lost = 0;
    double slowest = INFINITY;

    for (int i = 0; i < MAX_UNIVERSE; i++) {
        const struct universe *u = c->universes[i];
        if (!u)
            continue;
        double s = (double)(u->last - u->first) / 1e9;
        long long missing = llround(s * c->hz) - (long long)(u->packets - 1);
        lost = missing > lost ? missing : lost;
        slowest = u->packets > 1 ? fmin(slowest, (double)(u->packets - 1) / s) : 0;
        pairs += u->packets - 1;
        universes++;
    }
    printf("{\"universes\":%llu,\"packets\":%llu,\"hz\":%.3f,", (unsigned long long)universes, (unsigned long long)c->packets,
           isfinite(slowest) ? slowest : 0);
    print_list("interval", &c->intervals);
    print_list("spread", &c->spreads);
    printf("\"lost\":%lld,\"gap\":%llu,\"zero\":%llu,\"same\":%llu,\"back\":%llu,\"bad\":%llu,\"other\":%llu,\"terminated\":%llu,", lost,
           (unsigned long long)c->gap, (unsigned long long)c->zero, (unsigned long long)c->same, (unsigned long long)c->back,
           (unsigned long long)c->bad, (unsigned long long)c->other, (unsigned long long)c->terminated);
    printf("\"moved\":%.1f,\"overflow\":%u}\n", pairs ? (double)c->moved / (double)pairs : 0, c->overflow);
}

int main(int argc, char **argv)
{
    static struct capture c;

    if (argc < 4 || (strcmp(argv[1], "artnet") != 0 && strcmp(argv[1], "sacn") != 0) || atof(argv[2]) <= 0 || atof(argv[3]) <= 0) {
        fprintf(stderr, "usage: dmx_receiver artnet|sacn SECONDS HZ [UNIVERSES [INTERFACE_ADDRESS]]\n");
        return 2;
    }
    c.artnet = !strcmp(argv[1], "artnet");
    c.hz = atof(argv[3]);
    int fd = open_socket(c.artnet, c.artnet || argc < 5 ? 0 : atoi(argv[4]), argc > 5 ? argv[5] : "0.0.0.0");
    int64_t from = now_ns() + 200000000, to = from + (int64_t)(atof(argv[2]) * 1e9);    /* the groups have been joined by then */
    while (now_ns() < to + 2 * LOOK_MS * INT64_C(1000000)) {
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000 }, NULL);
        drain(&c, fd, from, to);
    }
    report(&c);
    for (int i = 0; i < MAX_UNIVERSE; i++)
        free(c.universes[i]);
    free(c.intervals.ns), free(c.spreads.ns);
    return 0;
}
