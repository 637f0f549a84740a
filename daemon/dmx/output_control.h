#pragma once
/*
 * Outputs as the thread that receives has them (dmx/receiver.h): the Art-Net socket both use, what is sent where, and what is told to the network about it.
 * THREADS  Control side, any thread.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dmx/nodes.h"
#include "dmx/output.h"

/* The Art-Net socket with IP_PKTINFO on, the same number for life. */
int outputs_artnet_fd(const struct outputs *o);
/* Where our Art-Net comes from, when the address is one of ours. */
int outputs_artnet_source(struct outputs *o);
/* The port was taken when outputs were opened: tried again. True: it is ours now. Sending goes on meanwhile, from the next packet on from the right port. */
bool outputs_artnet_bind(struct outputs *o);
struct nodes *outputs_nodes(struct outputs *o);
void outputs_cid(const struct outputs *o, uint8_t cid[16]);
bool outputs_reply_broadcast(const struct outputs *o);
void outputs_name(struct outputs *o, char name[64]);            /* as receivers see us */

/* Interfaces or subscriptions changed: the routes of all sets are found again, and hold from the next frame on. */
void outputs_refresh(struct outputs *o);
/* What the sets in use send by Art-Net: Port-Addresses, ascending, each once; static unicast addresses the same. Returns how many were written. */
size_t outputs_port_addresses(struct outputs *o, uint16_t *out, size_t max);
size_t outputs_static_targets(struct outputs *o, struct in_addr *out, size_t max);

/* One Art-Net packet, to the port nodes listen on. `source` and `ifindex` 0: the system's choice. False: the kernel refused. */
bool outputs_artnet_send(struct outputs *o, struct in_addr to, unsigned ifindex, struct in_addr source, const void *packet, size_t n);
/* One round of sACN universe discovery (E1.31 section 8): to each interface the universes that are multicast there, data and synchronisation, in pages of 512;
 * what is sent to single addresses is not announced. Returns how many packets were sent. */
size_t outputs_discover(struct outputs *o);
