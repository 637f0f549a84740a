#include "dmx/receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/thread.h"
#include "dmx/controller.h"
#include "dmx/input.h"
#include "dmx/output_control.h"

enum {
    BATCH = 32, PACKET = 1500,
    TICK_MS = 50, REFRESH_MS = 50,      /* a flood of news costs twenty searches for routes a second, not one for each packet */
    LOOK_MS = 2000, LOOK_BLIND_MS = 500,        /* interfaces are looked at anyway; without netlink more often */
    BIND_MS = 1000, DISCOVERY_MS = 10000, DISCOVERY_RETRY_MS = 1000,
};

struct slot {                           /* one packet of a batch */
    struct sockaddr_in from;
    struct iovec iov;
    uint8_t data[PACKET];
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct receiver {
    struct outputs *o;
    struct input *in;
    struct controller *controller;
    struct interfaces interfaces;
    int netlink, wake;                  /* -1: none */
    int artnet_port;                    /* ours */
    atomic_bool stop;
    pthread_t thread;
    bool has_thread;
    bool links_changed, is_stale;       /* interfaces are to be looked at; routes to be found */
    int64_t ticked_ns, looked_ns, refreshed_ns, bound_ns, discover_ns;
    struct mmsghdr headers[BATCH];
    struct slot slots[BATCH];
};

/* --- Art-Net --- */

static void take_reply(struct receiver *r, const struct arrival *a, const uint8_t *p, size_t n, int64_t now)
{
    struct artnet_reply reply;

    if (controller_believes(r->controller, &r->interfaces, a->from) && artnet_parse_reply(p, n, &reply))
        r->is_stale |= nodes_reply(outputs_nodes(r->o), a->from, a->ifindex, &reply, now, clock_wall_ms());
}

static void take_artnet(struct receiver *r, const struct sockaddr_in *from, const struct arrival *a, const uint8_t *p, size_t n, int64_t now)
{
    bool ours = ntohs(from->sin_port) == r->artnet_port && interfaces_own(&r->interfaces, from->sin_addr);
    struct artnet_poll poll;

    switch (artnet_op(p, n)) {
    case ARTNET_OP_REPLY:
        /* From our own address it is another program of this machine, unless we answer by broadcast and hear ourselves. */
        if (!ours || !outputs_reply_broadcast(r->o))
            take_reply(r, a, p, n, now);
        break;
    case ARTNET_OP_POLL:
        if (!ours && artnet_parse_poll(p, n, &poll))
            controller_asked(r->controller, a, &poll, now);
        break;
    case ARTNET_OP_DMX:
        if (!ours && r->in)
            input_artnet(r->in, from, p, n, now);
        break;
    default:
        break;
    }
}

static void find_arrival(struct msghdr *h, const struct slot *s, struct arrival *a)
{
    *a = (struct arrival){ .from = s->from.sin_addr };
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            a->ifindex = (unsigned)info.ipi_ifindex, a->local = info.ipi_spec_dst;
        }
}

/* One batch; what is left keeps the descriptor readable, and clocks are looked at in between. */
static void read_artnet(struct receiver *r, int64_t now)
{
    for (size_t i = 0; i < BATCH; i++) {
        struct slot *s = &r->slots[i];
        s->iov = (struct iovec){ s->data, sizeof(s->data) };
        r->headers[i].msg_hdr = (struct msghdr){ .msg_name = &s->from, .msg_namelen = sizeof(s->from), .msg_iov = &s->iov, .msg_iovlen = 1,
                                                 .msg_control = s->control, .msg_controllen = sizeof(s->control) };
    }
    int n = recvmmsg(outputs_artnet_fd(r->o), r->headers, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        struct msghdr *h = &r->headers[i].msg_hdr;
        struct arrival a;
        if (h->msg_flags & MSG_TRUNC || h->msg_namelen != sizeof(struct sockaddr_in) || r->slots[i].from.sin_family != AF_INET)
            continue;
        find_arrival(h, &r->slots[i], &a);
        take_artnet(r, &r->slots[i].from, &a, r->slots[i].data, r->headers[i].msg_len, now);
    }
}

/* --- interfaces --- */

static int open_netlink(void)
{
    struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a))) {
        close(fd);
        fd = -1;
    }
    if (fd < 0)
        log_info("dmx", "the kernel does not tell of changed interfaces (%s): they are looked at twice a second", strerror(errno));
    return fd;
}

/* What it says is not read: that it says something is enough, also when it lost some of it (ENOBUFS). */
static void drain_netlink(struct receiver *r)
{
    for (int i = 0; i < BATCH; i++)
        if (recv(r->netlink, r->slots[0].data, PACKET, MSG_DONTWAIT) < 0 && errno != ENOBUFS)
            break;
    r->links_changed = true;
}

static void look_at_interfaces(struct receiver *r, int64_t now)
{
    struct interfaces list;

    if (r->links_changed && r->in)
        input_network_changed(r->in);   /* also when it is all as before: one that went and came lost its groups */
    r->looked_ns = now;
    r->links_changed = false;
    if (!interfaces_get(&list)) {
        interfaces_clear(&list);
        return;                         /* no memory, no descriptor: what was known holds */
    }
    bool same = list.n == r->interfaces.n && (!list.n || !memcmp(list.i, r->interfaces.i, list.n * sizeof(*list.i)));
    interfaces_clear(&r->interfaces);
    r->interfaces = list;
    if (!same) {
        r->is_stale = true;
        controller_interfaces(r->controller, &r->interfaces, now);
    }
}

/* --- clocks --- */

static bool is_past(int64_t since, int64_t now, int64_t ms)
{
    return now - since >= ms * 1000000;
}

static void tick(struct receiver *r, int64_t now)
{
    r->ticked_ns = now;
    r->is_stale |= nodes_expire(outputs_nodes(r->o), now);
    controller_tick(r->controller, &r->interfaces, now);
    if (r->in)
        input_tick(r->in, now);
    if (is_past(r->bound_ns, now, BIND_MS)) {
        r->bound_ns = now;
        outputs_artnet_bind(r->o);
        r->artnet_port = outputs_artnet_source(r->o);
    }
    if (now >= r->discover_ns)
        r->discover_ns = now + (outputs_discover(r->o) ? DISCOVERY_MS : DISCOVERY_RETRY_MS) * INT64_C(1000000);
}

static void work(struct receiver *r, int64_t now)
{
    if (is_past(r->looked_ns, now, r->links_changed ? REFRESH_MS : r->netlink < 0 ? LOOK_BLIND_MS : LOOK_MS))
        look_at_interfaces(r, now);
    if (is_past(r->ticked_ns, now, TICK_MS))
        tick(r, now);
    if (r->is_stale && is_past(r->refreshed_ns, now, REFRESH_MS)) {
        r->refreshed_ns = now;
        r->is_stale = false;
        outputs_refresh(r->o);
    }
}

static void *run(void *arg)
{
    struct receiver *r = arg;

    while (!atomic_load(&r->stop)) {
        struct pollfd fds[] = {
            { .fd = outputs_artnet_fd(r->o), .events = POLLIN }, { .fd = r->in ? input_sacn_fd(r->in) : -1, .events = POLLIN },
            { .fd = r->netlink, .events = POLLIN }, { .fd = r->wake, .events = POLLIN },
        };
        int n = poll(fds, sizeof(fds) / sizeof(fds[0]), TICK_MS);
        int64_t now = clock_mono_ns();
        if (n > 0 && fds[0].revents)
            read_artnet(r, now);
        if (n > 0 && fds[1].revents)
            input_sacn_read(r->in, now);
        if (n > 0 && fds[2].revents)
            drain_netlink(r);
        work(r, now);
    }
    return NULL;
}

/* --- life --- */

enum lm_err receiver_start(struct outputs *o, struct input *in, struct receiver **result, struct problem *p)
{
    struct thread_options t = { .name = "dmx-in" };
    struct receiver *r = calloc(1, sizeof(*r));
    int64_t now = clock_mono_ns();
    enum lm_err err;

    if (!r)
        return problem_set(p, LM_NOMEM, "out of memory");
    r->o = o, r->in = in;
    r->bound_ns = now;
    r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->netlink = open_netlink();
    r->artnet_port = outputs_artnet_source(o);
    if (!(err = controller_new(o, in, &r->controller))) {
        look_at_interfaces(r, now);     /* the first round of polls is out before there is a show to send */
        err = thread_start(&r->thread, &t, run, r);
        r->has_thread = !err;
    }
    if (err) {
        receiver_stop(r);
        return problem_set(p, err, "the thread that receives does not start");
    }
    *result = r;
    return LM_OK;
}

void receiver_stop(struct receiver *r)
{
    if (!r)
        return;
    atomic_store(&r->stop, true);
    if (r->wake >= 0)
        eventfd_write(r->wake, 1);
    if (r->has_thread)
        pthread_join(r->thread, NULL);
    if (r->netlink >= 0)
        close(r->netlink);
    if (r->wake >= 0)
        close(r->wake);
    controller_free(r->controller);
    interfaces_clear(&r->interfaces);
    free(r);
}
