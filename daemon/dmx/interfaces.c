#include "dmx/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* IFF_LOWER_UP of <linux/if.h>, which cannot stand beside <net/if.h>: there is a carrier. IFF_RUNNING says the same up to a second later. */
enum { LOWER_UP = 1 << 16 };

static const char *limit = "";          /* see interfaces_limit() */

void interfaces_limit(const char *names)
{
    limit = names;
}

const char *interfaces_limited(void)
{
    return limit[strspn(limit, ", \t")] ? limit : NULL;
}

bool interfaces_allowed(const char *name)
{
    size_t n;

    for (const char *at = limit + strspn(limit, ", \t"); *at; at += n, at += strspn(at, ", \t")) {
        n = strcspn(at, ", \t");
        if (strlen(name) == n && !strncmp(at, name, n))
            return true;
    }
    return !interfaces_limited();
}

static struct in_addr ipv4(const struct sockaddr *a)
{
    return a && a->sa_family == AF_INET ? ((const struct sockaddr_in *)a)->sin_addr : (struct in_addr){ 0 };
}

/*
 * `ip addr add` leaves the broadcast address out, and getifaddrs() then has the address itself in its place; the subnet has one all the same, if it has room
 * for it.
 */
static void set_broadcast(struct interface *i, const struct ifaddrs *from)
{
    uint32_t host = ~ntohl(i->mask.s_addr);

    if (!(from->ifa_flags & IFF_BROADCAST) || i->is_loopback)
        return;
    i->broadcast = ipv4(from->ifa_broadaddr);
    if (!i->broadcast.s_addr || i->broadcast.s_addr == i->address.s_addr)
        i->broadcast.s_addr = host >= 3 ? i->address.s_addr | htonl(host) : 0;
    i->can_broadcast = i->broadcast.s_addr != 0;
}

static void set_link(struct interface *i, const struct ifaddrs *all)
{
    for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
        const struct sockaddr_ll *link = (const struct sockaddr_ll *)(const void *)a->ifa_addr;
        if (!link || link->sll_family != AF_PACKET || strcmp(a->ifa_name, i->name) != 0)
            continue;
        i->index = (unsigned)link->sll_ifindex;
        if (link->sll_halen == 6)
            memcpy(i->mac, link->sll_addr, 6);
    }
    if (!i->index)
        i->index = if_nametoindex(i->name);
}

bool interfaces_get(struct interfaces *list)
{
    struct ifaddrs *all = NULL;
    size_t n = 0;

    *list = (struct interfaces){ 0 };
    if (getifaddrs(&all))
        return false;
    for (const struct ifaddrs *a = all; a; a = a->ifa_next)
        n += a->ifa_addr && a->ifa_addr->sa_family == AF_INET;
    list->i = calloc(n + 1, sizeof(*list->i));
    for (const struct ifaddrs *a = all; a && list->i; a = a->ifa_next) {
        if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET)
            continue;
        struct interface *i = &list->i[list->n++];
        const char *colon = strchr(a->ifa_name, ':');   /* a label of an address, eth0:1: the interface is before it */
        snprintf(i->name, sizeof(i->name), "%.*s", (int)(colon ? colon - a->ifa_name : 15), a->ifa_name);
        i->is_up = a->ifa_flags & IFF_UP && a->ifa_flags & LOWER_UP && interfaces_allowed(i->name);
        i->is_loopback = a->ifa_flags & IFF_LOOPBACK;
        i->address = ipv4(a->ifa_addr), i->mask = ipv4(a->ifa_netmask);
        set_broadcast(i, a);
        set_link(i, all);
    }
    freeifaddrs(all);
    return list->i != NULL;
}

void interfaces_clear(struct interfaces *list)
{
    free(list->i);
    *list = (struct interfaces){ 0 };
}

bool interface_covers(const struct interface *i, struct in_addr address)
{
    return !((i->address.s_addr ^ address.s_addr) & i->mask.s_addr);
}

bool interfaces_own(const struct interfaces *list, struct in_addr address)
{
    for (size_t k = 0; k < list->n; k++)
        if (list->i[k].address.s_addr == address.s_addr)
            return true;
    return false;
}
