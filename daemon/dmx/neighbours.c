#include "dmx/neighbours.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { LOOK_MS = 200, ROOM = 16384 };

static int by_address(const void *a, const void *b)
{
    const struct neighbour *x = a, *y = b;

    return x->address.s_addr != y->address.s_addr ? (x->address.s_addr > y->address.s_addr) - (x->address.s_addr < y->address.s_addr)
                                                  : (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static bool add(struct neighbours *all, const struct neighbour *x)
{
    if (all->n % 64 == 0) {
        struct neighbour *more = realloc(all->list, (all->n + 64) * sizeof(*more));
        if (!more)
            return false;
        all->list = more;
    }
    all->list[all->n++] = *x;
    return true;
}

/* One RTM_NEWNEIGH of the dump. */
static bool take(struct neighbours *all, struct nlmsghdr *h, int64_t now)
{
    struct ndmsg *m = NLMSG_DATA(h);
    int left = (int)NLMSG_PAYLOAD(h, sizeof(*m));

    if (m->ndm_family != AF_INET)
        return true;
    for (struct rtattr *a = (struct rtattr *)(m + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type != NDA_DST || RTA_PAYLOAD(a) != sizeof(struct in_addr))
            continue;
        struct neighbour x = { .ifindex = (unsigned)m->ndm_ifindex };
        memcpy(&x.address, RTA_DATA(a), sizeof(x.address));
        if (m->ndm_state & (NUD_INCOMPLETE | NUD_FAILED) || !m->ndm_state)
            x.silent_since = now;
        return add(all, &x);
    }
    return true;
}

/* False: not all of it came. */
static bool receive(int fd, struct neighbours *all, int64_t now)
{
    char *room = malloc(ROOM);
    bool done = false, good = room != NULL;

    while (good && !done) {
        ssize_t got = recv(fd, room, ROOM, 0);
        int n = (int)got;
        good = got > 0;
        for (struct nlmsghdr *h = (struct nlmsghdr *)(void *)room; good && !done && NLMSG_OK(h, (unsigned)n); h = NLMSG_NEXT(h, n)) {
            done = h->nlmsg_type == NLMSG_DONE;
            good = h->nlmsg_type != NLMSG_ERROR && (h->nlmsg_type != RTM_NEWNEIGH || take(all, h, now));
        }
    }
    free(room);
    return good;
}

static bool read_table(struct neighbours *all, int64_t now)
{
    struct { struct nlmsghdr h; struct ndmsg m; } ask = {
        .h = { .nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETNEIGH, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP }, .m = { .ndm_family = AF_INET },
    };
    struct timeval patience = { 0, 200000 };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    bool good = send(fd, &ask, sizeof(ask), 0) == sizeof(ask) && receive(fd, all, now);
    close(fd);
    return good;
}

static struct neighbour *first_at(const struct neighbours *all, struct in_addr address)
{
    size_t low = 0, high = all->n;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (all->list[middle].address.s_addr < address.s_addr)
            low = middle + 1;
        else
            high = middle;
    }
    return all->list + low;
}

void neighbours_look(struct neighbours *all, int64_t now)
{
    struct neighbours found = { .looked_ns = now };

    for (size_t i = 0; i < all->n; i++)
        all->list[i].is_taken = false;
    if (all->looked_ns && now - all->looked_ns < LOOK_MS * INT64_C(1000000))
        return;
    all->looked_ns = now;
    if (!read_table(&found, now)) {
        neighbours_clear(&found);
        return;
    }
    if (found.n)
        qsort(found.list, found.n, sizeof(*found.list), by_address);
    for (size_t i = 0; i < found.n && all->n; i++)
        for (const struct neighbour *was = first_at(all, found.list[i].address);
             was < all->list + all->n && was->address.s_addr == found.list[i].address.s_addr; was++)
            if (was->ifindex == found.list[i].ifindex && was->silent_since && found.list[i].silent_since)
                found.list[i].silent_since = was->silent_since;
    free(all->list);
    *all = found;
}

struct neighbour *neighbours_silent(struct neighbours *all, struct in_addr address, unsigned ifindex, int64_t now)
{
    struct neighbour *silent = NULL;

    if (!all->n)
        return NULL;
    for (struct neighbour *x = first_at(all, address); x < all->list + all->n && x->address.s_addr == address.s_addr; x++) {
        if (ifindex && x->ifindex != ifindex)
            continue;
        if (!x->silent_since)
            return NULL;
        if (now - x->silent_since >= NEIGHBOUR_SILENT_MS * INT64_C(1000000))
            silent = x;
    }
    return silent;
}

void neighbours_clear(struct neighbours *all)
{
    free(all->list);
    *all = (struct neighbours){ 0 };
}
