/*
 * Where sACN comes in: one socket for each group, bound to the group's address, so that neither the twenty memberships of a socket nor the machine's
 * net.ipv4.igmp_max_memberships are a limit, and so that no other program's unicast is taken away from it: of two sockets on 0.0.0.0:5568 only one gets
 * that. While input is merged there is a socket on 0.0.0.0 as well. A filter in the kernel drops what carries our own CID: 64 universes that come back
 * 44 times a second would wake the receiver for nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "dmx/input_private.h"
#include "dmx/interfaces.h"
#include "dmx/sacn.h"

enum { INTERFACES_MAX = 16, READ_MAX = 64, UNICAST = 0 };       /* UNICAST: in place of a universe */

struct link { unsigned index; in_addr_t address; };

struct group {
    int universe, fd;
    struct link joined[INTERFACES_MAX];
    size_t n_joined;
};

struct sockets {
    int epoll, port;
    uint8_t cid[16];
    struct group *groups; size_t n, max;        /* ascending */
    int told_errno;                     /* of the last failure that was logged; 0: none since it worked */
};

struct sockets *sockets_new(const uint8_t cid[16], int port)
{
    struct sockets *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->port = port;
    memcpy(s->cid, cid, sizeof s->cid);
    if ((s->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) {
        free(s);
        return NULL;
    }
    return s;
}

void sockets_free(struct sockets *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        close(s->groups[i].fd);
    close(s->epoll);
    free(s->groups);
    free(s);
}

int sockets_fd(const struct sockets *s)
{
    return s->epoll;
}

/* ---- one socket ---- */

/* Offsets count from the UDP header, and the CID stands 22 bytes into the packet. What is too short to have one is dropped as well. */
static int filter_own(int fd, const uint8_t cid[16])
{
    enum { AT = 8 + 22, WORDS = 4 };
    struct sock_filter code[2 * WORDS + 2];

    for (unsigned i = 0; i < WORDS; i++) {
        const uint8_t *w = cid + 4 * i;
        uint32_t word = (uint32_t)w[0] << 24 | (uint32_t)w[1] << 16 | (uint32_t)w[2] << 8 | w[3];
        code[2 * i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, AT + 4 * i);
        code[2 * i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word, 0, (uint8_t)(2 * (WORDS - 1 - i) + 1));
    }
    code[2 * WORDS] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
    code[2 * WORDS + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
    struct sock_fprog program = { sizeof code / sizeof *code, code };
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/*
 * Hearing other senders is not worth the page, the sound card and the light: of the descriptors there may be, a quarter (at most 256) is left to them. A new one has
 * the lowest number that is free.
 */
static bool leaves_room(int fd)
{
    struct rlimit most;

    if (getrlimit(RLIMIT_NOFILE, &most) || most.rlim_cur == RLIM_INFINITY)
        return true;
    rlim_t kept = most.rlim_cur / 4 < 256 ? most.rlim_cur / 4 : 256;
    return (rlim_t)fd < most.rlim_cur - kept;
}

static int open_group(const struct sockets *s, int universe)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)s->port) };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0;

    if (fd < 0)
        return -1;
    if (!leaves_room(fd)) {
        close(fd);
        errno = EMFILE;
        return -1;
    }
    a.sin_addr.s_addr = htonl(universe == UNICAST ? INADDR_ANY : sacn_multicast_address(universe));
    struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);     /* not what other sockets of this machine have joined */
    filter_own(fd, s->cid);             /* without it they are only dropped later */
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e)) {
        int e_open = errno;
        close(fd);
        errno = e_open;
        return -1;
    }
    return fd;
}

static bool member(const struct group *g, const struct link *i, int option)
{
    struct ip_mreqn m = { .imr_multiaddr.s_addr = htonl(sacn_multicast_address(g->universe)), .imr_ifindex = (int)i->index };

    return !setsockopt(g->fd, IPPROTO_IP, option, &m, sizeof m);
}

static bool has(const struct link *list, size_t n, const struct link *i)
{
    for (size_t k = 0; k < n; k++)
        if (list[k].index == i->index && list[k].address == i->address)
            return true;
    return false;
}

/* Leaves what is not in the list, joins the rest. An interface that lost its address lost its groups, though the socket does not know: it is left and joined. */
static int follow(struct group *g, const struct link *list, size_t n, bool anew)
{
    int failed = 0;

    for (size_t k = 0; k < g->n_joined;)
        if (anew || !has(list, n, &g->joined[k])) {
            member(g, &g->joined[k], IP_DROP_MEMBERSHIP);
            g->joined[k] = g->joined[--g->n_joined];
        } else {
            k++;
        }
    for (size_t k = 0; k < n; k++) {
        if (has(g->joined, g->n_joined, &list[k]))
            continue;
        if (member(g, &list[k], IP_ADD_MEMBERSHIP) || errno == EADDRINUSE)
            g->joined[g->n_joined++] = list[k];
        else
            failed = errno;
    }
    return failed;
}

/* ---- all of them ---- */

/* One entry for each interface that is up, has an address and can multicast (the loopback can, though it does not say so). */
static size_t find_interfaces(struct link *list)
{
    struct ifaddrs *all = NULL;
    size_t n = 0;

    if (getifaddrs(&all))
        return 0;
    for (const struct ifaddrs *i = all; i && n < INTERFACES_MAX; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP) || !(i->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)) ||
            !interfaces_allowed(i->ifa_name))
            continue;
        struct link new = { if_nametoindex(i->ifa_name), ((const struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr };
        bool known = !new.index;
        for (size_t k = 0; k < n; k++)
            known |= list[k].index == new.index;
        if (!known)
            list[n++] = new;
    }
    freeifaddrs(all);
    return n;
}

static void tell(struct sockets *s, int universe, int e)
{
    if (e && e != s->told_errno)
        log_warn("dmx", "sACN universe %d cannot be received: %s; trying again", universe, strerror(e));
    s->told_errno = e;
}

static void close_group(struct sockets *s, size_t at)
{
    close(s->groups[at].fd);            /* and out of epoll with it */
    memmove(&s->groups[at], &s->groups[at + 1], (s->n - at - 1) * sizeof *s->groups);
    s->n--;
}

static int insert_group(struct sockets *s, size_t at, int universe)
{
    if (s->n == s->max) {
        size_t max = s->max ? 2 * s->max : 16;
        struct group *more = realloc(s->groups, max * sizeof *more);
        if (!more)
            return ENOMEM;
        s->groups = more, s->max = max;
    }
    int fd = open_group(s, universe);
    if (fd < 0)
        return errno;
    memmove(&s->groups[at + 1], &s->groups[at], (s->n - at) * sizeof *s->groups);
    s->groups[at] = (struct group){ .universe = universe, .fd = fd };
    s->n++;
    return 0;
}

/* Brings s->groups[at] on, which is to be of this universe. True: it is there. */
static int want(struct sockets *s, size_t at, int universe)
{
    while (at < s->n && s->groups[at].universe < universe)
        close_group(s, at);
    return at < s->n && s->groups[at].universe == universe ? 0 : insert_group(s, at, universe);
}

void sockets_join(struct sockets *s, const int *universes, size_t n, bool unicast, bool anew)
{
    struct link list[INTERFACES_MAX];
    size_t at = 0, found = find_interfaces(list);
    int failed = 0, of = 0;

    if (unicast && !(failed = want(s, 0, UNICAST)))
        at = 1;
    for (size_t i = 0; i < n; i++) {
        int e = want(s, at, universes[i]);
        if (!e)
            e = follow(&s->groups[at++], list, found, anew);
        if (e)
            failed = e, of = universes[i];
    }
    while (at < s->n)
        close_group(s, s->n - 1);
    tell(s, of, failed);
}

/* What came since is left for the next call: the receiver has more to do. */
static void read_one(int fd, struct input *in, int64_t mono_ns)
{
    uint8_t packet[1500];
    struct sockaddr_in from;

    for (int i = 0; i < READ_MAX; i++) {
        socklen_t room = sizeof from;
        ssize_t n = recvfrom(fd, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from, &room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        if (room == sizeof from && from.sin_family == AF_INET)
            input_sacn(in, &from, packet, (size_t)n, mono_ns);
    }
}

void sockets_read(struct sockets *s, struct input *in, int64_t mono_ns)
{
    struct epoll_event ready[READ_MAX];
    int n = epoll_wait(s->epoll, ready, READ_MAX, 0);

    for (int i = 0; i < n; i++)
        read_one(ready[i].data.fd, in, mono_ns);
}
