#pragma once
/*
 * The machine's IPv4 addresses, one entry for each: what the kernel says now, in its order.
 * THREADS  Any non-real-time thread.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interface {
    char name[16];
    unsigned index;
    bool is_up;                         /* and its cable is in, and lighting may use it */
    bool is_loopback, can_broadcast;
    struct in_addr address, mask, broadcast;    /* broadcast: of the subnet, also where none was configured */
    uint8_t mac[6];
};
struct interfaces { struct interface *i; size_t n; };

/*
 * The interfaces that are meant for lighting, by name, separated by commas; "" = all. The others count as down: nothing is broadcast, multicast or looked for
 * there. For the life of the process; before any thread. `names` must outlive it.
 */
void interfaces_limit(const char *names);
bool interfaces_allowed(const char *name);
const char *interfaces_limited(void);          /* the names; NULL: all are allowed */

bool interfaces_get(struct interfaces *list);           /* false: nothing known, the list is empty */
void interfaces_clear(struct interfaces *list);
bool interface_covers(const struct interface *i, struct in_addr address);      /* in its subnet */
bool interfaces_own(const struct interfaces *list, struct in_addr address);    /* is one of our addresses */
