/* Where outputs go: names of interfaces into addresses, universes into the nodes that ask for them; on the control side. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "dmx/output_private.h"

bool row_is_multicast(const struct output_row *r)
{
    return r->protocol == OUTPUT_SACN && (!*r->destination || !strcmp(r->destination, "multicast"));
}

int row_port_address(const struct output_row *r)
{
    return r->port_address < 0 ? r->universe - 1 : r->port_address;
}

/* `via` NULL: the system's route. */
static void add(struct route *r, struct in_addr address, int port, const struct interface *via)
{
    struct target *t = &r->targets[r->n];

    if (r->n == TARGETS_MAX)
        return;
    *t = (struct target){ .to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = address } };
    if (via)
        t->ifindex = via->index, t->source = via->address;
    r->n++;
}

static bool is_usable(const struct interface *i, const char *name)
{
    return i->is_up && (!*name || !strcmp(i->name, name));
}

static bool can_broadcast(const struct interface *i, const char *name)
{
    return is_usable(i, name) && i->can_broadcast;
}

/* The directed broadcast address of an interface: never 255.255.255.255, which many nodes and switches drop. */
static void add_broadcast(struct route *r, int port, const struct interface *i)
{
    for (size_t k = 0; k < r->n; k++)
        if (r->targets[k].ifindex == i->index && r->targets[k].to.sin_addr.s_addr == i->broadcast.s_addr)
            return;                     /* a second address in the same subnet */
    if (r->n < TARGETS_MAX) {
        add(r, i->broadcast, port, i);
        r->targets[r->n - 1].is_broadcast = true;
    }
}

static void find_broadcast(struct route *r, const struct output_row *row, int port, const struct interfaces *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (can_broadcast(&list->i[i], row->interface))
            add_broadcast(r, port, &list->i[i]);
    if (!r->n)
        r->trouble = *row->interface ? TROUBLE_INTERFACE : TROUBLE_NO_BROADCAST;
}

/* The interface of that name, the address in the subnet of `to` before others. */
static const struct interface *find_interface(const struct interfaces *list, const char *name, struct in_addr to)
{
    const struct interface *found = NULL;

    for (size_t i = 0; i < list->n; i++)
        if (is_usable(&list->i[i], name) && (!found || (!interface_covers(found, to) && interface_covers(&list->i[i], to))))
            found = &list->i[i];
    return found;
}

static void find_one(struct route *r, const struct output_row *row, int port, const struct interfaces *list)
{
    struct in_addr to = { htonl(sacn_multicast_address(row->universe)) };
    const struct interface *via = NULL;

    if (!row_is_multicast(row))
        inet_pton(AF_INET, row->destination, &to);
    bool loopback = ntohl(to.s_addr) >> 24 == 127;      /* reached by the loopback interface whatever the row says */
    bool chooses = *row->interface || (row_is_multicast(row) && interfaces_limited());      /* else the system's routes do */
    if (chooses && !loopback && !(via = find_interface(list, row->interface, to))) {
        r->trouble = TROUBLE_INTERFACE;
        return;
    }
    add(r, to, port, via);
    r->targets->is_broadcast = to.s_addr == INADDR_BROADCAST;
    for (size_t i = 0; i < list->n; i++)
        r->targets->is_broadcast |= list->i[i].can_broadcast && list->i[i].broadcast.s_addr == to.s_addr;
}

/* --- subscription --- */

/* Also to somebody in this subnet? */
static bool is_for(const struct interface *i, const struct subscriber *list, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (interface_covers(i, list[k].ip))
            return true;
    return false;
}

/* Hears what is broadcast on this route already. */
static bool is_reached(const struct route *r, const struct interfaces *list, struct in_addr ip)
{
    for (size_t k = 0; k < r->n; k++)
        for (size_t i = 0; i < list->n && r->targets[k].is_broadcast; i++)
            if (list->i[i].index == r->targets[k].ifindex && list->i[i].broadcast.s_addr == r->targets[k].to.sin_addr.s_addr &&
                interface_covers(&list->i[i], ip))
                return true;
    return false;
}

static void find_subscribers(struct route *r, const struct output_row *row, int port, const struct interfaces *list, struct nodes *nodes)
{
    struct subscriber all[NODES_MAX];
    size_t n = nodes_subscribers(nodes, row_port_address(row), all, NODES_MAX), kept = 0;
    int64_t now = clock_mono_ns();
    bool any = false;

    n = n < NODES_MAX ? n : NODES_MAX;
    for (size_t k = 0; k < n && *row->interface; k++) {         /* of those, the ones that are heard where the row goes out */
        const struct interface *via = find_interface(list, row->interface, all[k].ip);
        if (via && via->index == all[k].ifindex)
            all[kept++] = all[k];
    }
    n = *row->interface ? kept : n;
    for (size_t i = 0; i < list->n; i++) {
        const struct interface *a = &list->i[i];
        if (!can_broadcast(a, row->interface))
            continue;
        bool over = nodes_round_over(nodes, a->index, a->broadcast, now);
        any = true;
        r->is_looking |= !over;
        if (!over || (n > SUBSCRIBERS_MAX && is_for(a, all, n)))
            add_broadcast(r, port, a);
    }
    for (size_t k = 0; k < n; k++)
        if (!is_reached(r, list, all[k].ip))
            add(r, all[k].ip, port, *row->interface ? find_interface(list, row->interface, all[k].ip) : NULL);
    if (!r->n)
        r->trouble = any ? TROUBLE_NO_NODE : *row->interface ? TROUBLE_INTERFACE : TROUBLE_NO_BROADCAST;
}

/* --- synchronisation --- */

struct receiver_of {                    /* who gets synchronisation packets, told apart by what makes one enough */
    int protocol, sync;
    uint32_t address;                   /* 0: multicast, whose packet goes to the group of `sync` */
    unsigned ifindex;
    size_t order;
    struct target *target;
};

static int by_receiver(const void *a, const void *b)
{
    const struct receiver_of *x = a, *y = b;

    return x->protocol != y->protocol ? x->protocol - y->protocol
           : x->sync != y->sync ? x->sync - y->sync
           : x->address != y->address ? (x->address > y->address) - (x->address < y->address)
           : x->ifindex != y->ifindex ? (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex)
           : (x->order > y->order) - (x->order < y->order);
}

/* Each receiver of synchronised data gets one synchronisation packet a frame, from the first output that reaches it. */
static void mark_syncs(const struct output_set *s, struct route *routes)
{
    size_t room = 0, n = 0;

    for (size_t i = 0; i < s->n; i++)
        room += s->out[i].row.sync ? routes[i].n : 0;
    struct receiver_of *list = room ? calloc(room, sizeof *list) : NULL;
    for (size_t i = 0; i < s->n; i++) {
        const struct output_row *row = &s->out[i].row;
        for (size_t k = 0; k < routes[i].n && row->sync; k++) {
            struct target *t = &routes[i].targets[k];
            t->syncs = true;            /* without memory: more than one, which does no harm */
            if (list)
                list[n] = (struct receiver_of){ (int)row->protocol, row->sync, row_is_multicast(row) ? 0 : t->to.sin_addr.s_addr, t->ifindex, n, t }, n++;
        }
    }
    if (n)
        qsort(list, n, sizeof *list, by_receiver);
    for (size_t i = 1; i < n; i++) {
        struct receiver_of same = list[i];
        same.order = list[i - 1].order;
        if (!by_receiver(&list[i - 1], &same))
            list[i].target->syncs = false;
    }
    free(list);
}

/* --- who is not there --- */

static void mark_silent(const struct output_set *s, struct route *routes)
{
    int64_t now = clock_mono_ns();

    neighbours_look(&s->o->neighbours, now);
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < routes[i].n; k++) {
            struct target *t = &routes[i].targets[k];
            struct neighbour *x = neighbours_silent(&s->o->neighbours, t->to.sin_addr, t->ifindex, now);
            t->is_silent = x != NULL;
            t->probes = x && !x->is_taken;      /* one packet is enough to ask for it again */
            if (x)
                x->is_taken = true;
        }
}

void routes_find(const struct output_set *s, const struct interfaces *list, struct route *routes)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct output_row *row = &s->out[i].row;
        int port = s->o->port[row->protocol];
        routes[i] = (struct route){ .targets = routes[i].targets };
        if (row->protocol != OUTPUT_ARTNET && row->protocol != OUTPUT_SACN)
            continue;
        if (row->protocol == OUTPUT_ARTNET && !*row->destination)
            find_subscribers(&routes[i], row, port, list, s->o->nodes);
        else if (row->protocol == OUTPUT_ARTNET && !strcmp(row->destination, "broadcast"))
            find_broadcast(&routes[i], row, port, list);
        else
            find_one(&routes[i], row, port, list);
    }
    mark_syncs(s, routes);
    mark_silent(s, routes);
}
