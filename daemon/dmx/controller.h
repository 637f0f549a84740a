#pragma once
/*
 * lumad as an Art-Net controller: it asks who is there (ArtPoll), listens to the answers, and answers when others ask.
 *
 * ArtPoll: to the directed broadcast address of each interface that is up, every 2.75 s, at once when one comes up; to static Art-Net targets outside these
 * subnets by unicast at the same pace, for nodes behind a router. Only who was asked is believed: a reply from an address that is in none of our subnets and
 * no static target either would have us send light to wherever somebody likes.
 *
 * ArtPollReply: by unicast to who asked (by setting: to the broadcast address of the subnet it asked on), to the Art-Net port, after a random delay of up to 1 s, and to each asker at most once a second, so that nobody can use
 * us to flood somebody else; a long answer is spread over some tenths of a second. What lumad sends is shown as input ports (data that enters Art-Net here), what it merges as output ports. Up to four
 * ports of one Net and Sub-Net go into one reply; with more than four, each has a reply of its own with a bind index of its own, beginning with 1; with more
 * than CONTROLLER_REPLIES they share replies again, up to four each, and what then still does not fit is not shown.
 *
 * ArtAddress, ArtInput and other ways to configure a node are ignored.
 *
 * THREADS  The thread that receives.
 */
#include <netinet/in.h>
#include <stdint.h>

#include "core/err.h"
#include "dmx/artnet.h"
#include "dmx/interfaces.h"
#include "dmx/output_control.h"

enum { CONTROLLER_REPLIES = 255, CONTROLLER_ASKERS = 64, CONTROLLER_DELAY_MS = 1000 };

struct input;
struct controller;

struct arrival { struct in_addr from, local; unsigned ifindex; };       /* of a packet: local = our address on that side */

enum lm_err controller_new(struct outputs *o, struct input *in, struct controller **result);
void controller_free(struct controller *c);     /* NULL is fine */

/* Interfaces that are there now; polls new ones. */
void controller_interfaces(struct controller *c, const struct interfaces *list, int64_t mono_ns);
void controller_asked(struct controller *c, const struct arrival *a, const struct artnet_poll *poll, int64_t mono_ns);
bool controller_believes(const struct controller *c, const struct interfaces *list, struct in_addr from);
/* Polls and answers that are due. */
void controller_tick(struct controller *c, const struct interfaces *list, int64_t mono_ns);

/*
 * The replies that show what is sent and merged (both ascending): pages of ports, at most CONTROLLER_REPLIES, at least one. For each only ports, n_ports and
 * bind_index are set. Pure.
 */
size_t controller_pages(const uint16_t *sent, size_t n_sent, const uint16_t *merged, size_t n_merged, struct artnet_reply *out);
