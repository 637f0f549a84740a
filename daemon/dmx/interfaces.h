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
    bool is_up;                         /* and its cable is in */
    bool is_loopback, can_broadcast;
    struct in_addr address, mask, broadcast;    /* broadcast: of the subnet, also where none was configured */
    uint8_t mac[6];
};
struct interfaces { struct interface *i; size_t n; };

bool interfaces_get(struct interfaces *list);           /* false: nothing known, the list is empty */
void interfaces_clear(struct interfaces *list);
bool interface_covers(const struct interface *i, struct in_addr address);      /* in its subnet */
bool interfaces_own(const struct interfaces *list, struct in_addr address);    /* is one of our addresses */
