#pragma once
/*
 * Hosts of our own networks that do not answer to ARP, as the kernel knows. What is sent to one of them is not refused: it waits in the kernel for an answer, up to
 * three seconds, in the room the socket has for all targets. A few hosts that are switched off would so take that room from the others.
 *
 * Hosts behind a router are not known here, and count as there.
 *
 * THREADS  One at a time; struct outputs has one under its lock.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct neighbour {
    struct in_addr address;
    unsigned ifindex;
    int64_t silent_since;               /* 0: it answers */
    bool is_taken;                      /* the caller's */
};

struct neighbours { struct neighbour *list; size_t n; int64_t looked_ns; };     /* all zero = none known */

/* Reads the kernel's table, at most five times a second. Without memory or netlink what was known holds. All is_taken are false afterwards. */
void neighbours_look(struct neighbours *all, int64_t now);
/* The one at this address (ifindex 0: on any interface) if it has not answered for SILENT_MS; NULL: it has, or nobody asked. */
enum { NEIGHBOUR_SILENT_MS = 400 };
struct neighbour *neighbours_silent(struct neighbours *all, struct in_addr address, unsigned ifindex, int64_t now);
void neighbours_clear(struct neighbours *all);
