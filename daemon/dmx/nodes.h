#pragma once
/*
 * Who is out there: Art-Net devices by their ArtPollReply, which Port-Addresses they ask for, and which segments of the network have been asked.
 *
 * A device is known by its UDP source address and its bind index (a device with many ports answers once for each group of up to four); what it says its own
 * address is, is shown and not trusted. One that has not answered for NODES_EXPIRE_MS (three polls and a bit) is gone, its subscriptions with it.
 *
 * At most NODES_MAX replies are remembered. When there is no room, one that answered a single poll gives way before one that has answered several, the one not
 * heard for longest first: a flood of made-up devices does not push out those of the rig.
 *
 * A segment is the subnet of one interface, named by its directed broadcast address. Its first round is over NODES_ROUND_MS after its first poll; until then
 * nobody can say who is not there.
 *
 * THREADS  Any non-real-time thread; one lock inside, which calls nobody.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dmx/artnet.h"
#include "dmx/interfaces.h"

enum {
    NODES_MAX = 2048, NODES_SEGMENTS = 64, NODES_EXPIRE_MS = 9000, NODES_ROUND_MS = 3000,
    NODES_POLL_MS = 2750,               /* the standard: every 2.5 to 3 s */
};

struct nodes;

struct node {
    struct in_addr ip;                  /* where its replies come from, and where data goes */
    unsigned ifindex;                   /* where they arrive */
    struct artnet_reply reply;
    int64_t first_ns, seen_ns;          /* CLOCK_MONOTONIC */
    int64_t seen_ms;                    /* Unix time */
    uint64_t replies;
};

struct subscriber { struct in_addr ip; unsigned ifindex; };

struct nodes *nodes_new(void);
void nodes_free(struct nodes *n);       /* NULL is fine */

/* A reply. True: somebody subscribes to something else than before. */
bool nodes_reply(struct nodes *n, struct in_addr from, unsigned ifindex, const struct artnet_reply *r, int64_t mono_ns, int64_t wall_ms);
/* What is due at `mono_ns`: nodes that fell silent go, rounds end. True: routes are to be found again. */
bool nodes_expire(struct nodes *n, int64_t mono_ns);

/* Who asks for a Port-Address, each address once, ascending; at most `max` of them are written, all are counted. */
size_t nodes_subscribers(struct nodes *n, int port_address, struct subscriber *out, size_t max);
/* A copy, ordered by address and bind index; returns how many. */
size_t nodes_list(struct nodes *n, struct node *out, size_t max);
size_t nodes_count(struct nodes *n);
/* What the device at this address calls itself, its long name if it has one; false: nobody answers there, or without a name. */
enum { NODES_NAME = 64 };
bool nodes_name(struct nodes *n, struct in_addr ip, char name[NODES_NAME]);

/* The segments that are there now: those of interfaces that are up and can broadcast. One that was not there before begins its first round. */
void nodes_segments(struct nodes *n, const struct interfaces *list);
/* The segments to be polled at `mono_ns`, each counted as polled with this call. */
struct segment { unsigned ifindex; struct in_addr address, broadcast; };
size_t nodes_due(struct nodes *n, struct segment *out, size_t max, int64_t mono_ns);
bool nodes_round_over(struct nodes *n, unsigned ifindex, struct in_addr broadcast, int64_t mono_ns);     /* false as well: not polled at all */
