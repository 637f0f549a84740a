/* Where outputs go: names of interfaces into addresses, on the control side. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "dmx/output_private.h"

bool row_is_multicast(const struct output_row *r)
{
    return r->protocol == OUTPUT_SACN && (!*r->destination || !strcmp(r->destination, "multicast"));
}

static bool row_is_broadcast(const struct output_row *r)
{
    return r->protocol == OUTPUT_ARTNET && (!*r->destination || !strcmp(r->destination, "broadcast"));
}

static void add(struct route *r, uint32_t address, int port, const struct ifaddrs *via)
{
    struct target *t = &r->targets[r->n];

    if (r->n == TARGETS_MAX)
        return;
    *t = (struct target){ .to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = address } };
    if (via) {
        t->ifindex = if_nametoindex(via->ifa_name);
        t->source = ((const struct sockaddr_in *)via->ifa_addr)->sin_addr;
    }
    r->n++;
}

static bool is_usable(const struct ifaddrs *i, const char *name)
{
    return i->ifa_addr && i->ifa_addr->sa_family == AF_INET && (i->ifa_flags & IFF_UP) && (!*name || !strcmp(i->ifa_name, name));
}

/* The directed broadcast address of each IPv4 address of each interface: never 255.255.255.255, which many nodes and switches drop. */
static void find_broadcast(struct route *r, const struct output_row *row, int port, const struct ifaddrs *list)
{
    for (const struct ifaddrs *i = list; i; i = i->ifa_next)
        if (is_usable(i, row->interface) && (i->ifa_flags & IFF_BROADCAST) && !(i->ifa_flags & IFF_LOOPBACK) && i->ifa_broadaddr)
            add(r, ((const struct sockaddr_in *)i->ifa_broadaddr)->sin_addr.s_addr, port, i);
    if (!r->n)
        r->trouble = *row->interface ? TROUBLE_INTERFACE : TROUBLE_NO_BROADCAST;
}

static void find_one(struct route *r, const struct output_row *row, int port, const struct ifaddrs *list)
{
    struct in_addr to = { htonl(sacn_multicast_address(row->universe)) };
    const struct ifaddrs *via = NULL;

    if (!row_is_multicast(row))
        inet_pton(AF_INET, row->destination, &to);
    bool loopback = ntohl(to.s_addr) >> 24 == 127;      /* reached by the loopback interface whatever the row says */
    if (*row->interface && !loopback) {
        for (const struct ifaddrs *i = list; i && !via; i = i->ifa_next)
            if (is_usable(i, row->interface))
                via = i;
        if (!via) {
            r->trouble = TROUBLE_INTERFACE;
            return;
        }
    }
    add(r, to.s_addr, port, via);
}

/* Each receiver of synchronised data gets one synchronisation packet a frame, from the first output that reaches it. */
static void mark_syncs(const struct output_set *s, struct route *routes)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct output_row *a = &s->out[i].row;
        for (size_t k = 0; k < routes[i].n && a->sync; k++) {
            struct target *t = &routes[i].targets[k];
            t->syncs = true;
            for (size_t j = 0; j < i; j++)
                for (size_t l = 0; l < routes[j].n; l++) {
                    const struct output_row *b = &s->out[j].row;
                    const struct target *o = &routes[j].targets[l];
                    bool same_to = row_is_multicast(a) ? row_is_multicast(b) : o->to.sin_addr.s_addr == t->to.sin_addr.s_addr;
                    if (o->syncs && b->protocol == a->protocol && b->sync == a->sync && same_to && o->ifindex == t->ifindex)
                        t->syncs = false;
                }
        }
    }
}

void routes_find(const struct output_set *s, struct route *routes)
{
    struct ifaddrs *list = NULL;

    if (getifaddrs(&list))
        list = NULL;                    /* then only what needs no interface is reached */
    for (size_t i = 0; i < s->n; i++) {
        const struct output_row *row = &s->out[i].row;
        int port = s->o->port[row->protocol];
        routes[i] = (struct route){ 0 };
        if (row->protocol != OUTPUT_ARTNET && row->protocol != OUTPUT_SACN)
            continue;
        if (row_is_broadcast(row))
            find_broadcast(&routes[i], row, port, list);
        else
            find_one(&routes[i], row, port, list);
    }
    mark_syncs(s, routes);
    if (list)
        freeifaddrs(list);
}
