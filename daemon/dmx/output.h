#pragma once
/*
 * Where universes go: the outputs of the active venue, opened on the control side, sent from the engine. One Art-Net socket on
 * 0.0.0.0:6454 (SO_REUSEADDR) and one sACN socket for the whole daemon; never blocking; a target that refuses is counted, not waited for.
 * If the Art-Net port cannot be bound, an unbound socket is used and said so.
 *
 * An output_set is immutable but for its counters and sequence numbers; a new set takes over the sequence numbers of the old one (matched by output
 * id). Outputs that are not in the new set have sACN streams terminated by output_set_retire().
 *
 * Destinations: an address is static unicast. Art-Net "broadcast": the directed broadcast address of every interface that is up and can broadcast (or of the
 * one named). sACN "multicast" and null: the universe's group.
 * Art-Net null: by unicast to the nodes that ask for the port-address (dmx/nodes.h), those heard on the interface if one is named. Until the first round of
 * polls on a subnet is over (3 s after it is there), its broadcast address too; afterwards, while nobody asks, nothing is sent. More than 40 that ask: the
 * broadcast addresses of their subnets in place of them.
 * Interfaces (those that are up and have a carrier) are looked up by name when a set is made, at each output_set_poll_warnings() and at each outputs_refresh() (dmx/output_control.h: as soon as
 * the kernel or a node says something new), so what comes and goes is followed without a new set.
 *
 * enttec_pro: the destination is a serial device (/dev/ttyUSB0, or a name under /dev/serial/by-id that stays when it is plugged in elsewhere); null: the first
 * that answers. See dmx/widget.h. null: the universe is rendered and goes nowhere, for previews and measuring.
 *
 * transmit on_change: sent when the bytes change (sACN: three packets of the settled data), then every 900 ms; continuous: every tick;
 * preview: every tick, marked as preview data (sACN alone), which visualisers show and nodes leave alone.
 *
 * THREADS  outputs_*, output_set_new/retire/free/stats/poll_warnings: control side, any thread. output_set_send(): engine, real-time safe
 *          (sendmmsg and sendmsg only).
 * MEMORY   A set must be freed before the outputs it was made from are closed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/uuid.h"
#include "dmx/sacn.h"
#include "dmx/universe.h"

enum output_protocol { OUTPUT_ARTNET, OUTPUT_SACN, OUTPUT_ENTTEC_PRO, OUTPUT_NULL, OUTPUT_PROTOCOLS };
extern const char *const output_protocol_names[];       /* "artnet", "sacn", "enttec_pro", "null", NULL */

enum { OUTPUT_DESTINATION = 256, OUTPUT_NAME = 96, OUTPUT_WARNING = 320 };

struct output_row {                     /* from the database */
    char id[UUID_SIZE];
    int universe;
    enum output_protocol protocol;
    char destination[OUTPUT_DESTINATION];       /* IPv4 literal, "broadcast", "multicast", a device, "" = null */
    char interface[16];                 /* "" = null: the system's route */
    int port_address;                   /* Art-Net; -1 = universe - 1 */
    int priority;                       /* sACN 0..200 */
    int sync;                           /* 0 none; Art-Net: 1 = ArtSync after each frame; sACN: the synchronisation universe */
    bool on_change, preview;            /* transmit; neither: continuous */
};

/* OUTPUT_LOOKING: broadcast for the moment, until it is known who asks for it; OUTPUT_NO_NODE: nobody does, nothing is sent; OUTPUT_NO_ANSWER: it does not answer
 * to ARP, and gets a packet a second to see whether it is back. */
enum output_state { OUTPUT_SENT, OUTPUT_LOOKING, OUTPUT_NO_NODE, OUTPUT_NO_INTERFACE, OUTPUT_NO_UNIVERSE, OUTPUT_NO_ANSWER };
extern const char *const output_state_names[];  /* "sent", "looking", "no_node", "no_interface", "no_universe", "no_answer", NULL */

struct output_stats {
    char id[UUID_SIZE];
    int universe;
    uint64_t packets, errors;
    int last_errno;
    int64_t last_sent_ns;
    double fps;
    char name[OUTPUT_NAME];             /* of the USB device that is there; else "" */
    enum output_state state;
    size_t targets;                     /* network addresses it goes to now */
};

struct output_warning { char id[UUID_SIZE], text[OUTPUT_WARNING]; };    /* id: the row's, or a word; one trouble of one output keeps it */

struct outputs;                         /* sockets and identity, one per daemon */
struct output_set;

/* The checks an output row must pass: protocol, destination, ranges. LM_INVALID naming the member. */
enum lm_err output_check(const struct output_row *row, struct problem *p);

enum lm_err outputs_open(const char *cid_uuid, const char *source_name, struct outputs **result, struct problem *p);
/* The same with other UDP ports: `artnet_bind` is the source port of Art-Net (0 = any), the others are where packets go. For tests. */
enum lm_err outputs_open_ports(const char *cid_uuid, const char *source_name, int artnet_bind, int artnet_port, int sacn_port,
                               struct outputs **result, struct problem *p);
void outputs_close(struct outputs *o);
/* What receivers see lumad as, at most 63 bytes of UTF-8 (longer: cut between characters); "": as it was opened. Sets made from now on have it. */
void outputs_set_source_name(struct outputs *o, const char *name);
/* Who polls is answered by directed broadcast, not alone. At once. */
void outputs_set_reply_broadcast(struct outputs *o, bool on);
/* Hops a multicast packet may make, 1..255; 16 from the start. At once. */
void outputs_set_multicast_ttl(struct outputs *o, int ttl);
/* Where USB devices are looked for: /dev/serial/by-id but in tests. Before the first set. */
enum lm_err outputs_set_devices(struct outputs *o, const char *by_id);
/* Rows that cannot be opened are in the set all the same, as errors that are retried (interface down, no route): the show goes on. */
enum lm_err output_set_new(struct outputs *o, const struct output_row *rows, size_t n, const struct universes *u, const struct output_set *old,
                           struct output_set **result);
/* All outputs of all universes, in as few calls of the kernel as it takes (output_batch.c). `mono_ns` for keep-alive and statistics. */
void output_set_send(struct output_set *s, const struct universes *u, int64_t mono_ns);
/* After the engine stopped using `old`: three stream-terminated packets for each sACN stream not in `now` (NULL: all). With `zero`, Art-Net targets get two
 * zero frames and sACN's terminated packets carry zeros; else the last look stays. Where `now` sends the same data nothing is said to end. */
void output_set_retire(struct outputs *o, struct output_set *old, const struct output_set *now, bool zero);
void output_set_free(struct output_set *s);
size_t output_set_stats(const struct output_set *s, struct output_stats *out, size_t max);
size_t output_set_poll_warnings(struct output_set *s, struct output_warning *out, size_t max); /* present troubles, each one sentence with the target */
