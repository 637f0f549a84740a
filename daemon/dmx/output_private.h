#pragma once
/*
 * Inside of outputs: rows, the streams that outlive a set, and routes.
 *
 * A stream is what a receiver sees as one series of packets: its sequence number and last data. It is shared by the set the engine uses and
 * the next one, so numbers go on without a gap whenever the engine changes over; only one set is sent from at a time.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "core/latest.h"
#include "dmx/artnet.h"
#include "dmx/nodes.h"
#include "dmx/neighbours.h"
#include "dmx/output.h"
#include "dmx/sacn.h"
#include "dmx/widget.h"

enum {
    SUBSCRIBERS_MAX = 40,               /* with more, Art-Net is broadcast again */
    TARGETS_MAX = SUBSCRIBERS_MAX + 8, KEEP_ALIVE_MS = 900, PROBE_MS = 800,
};

struct stream {
    int refs;                           /* under outputs.lock */
    _Atomic uint8_t sequence;           /* the last one sent; engine's. Read when a stream is made that goes on from this one */
    uint8_t last[DMX_SLOTS];
    bool has_last;
    int repeats;                        /* of settled data still to be sent */
    int64_t sent_ns, window_ns, probed_ns;
    uint64_t window_frames;
    _Atomic uint64_t packets, errors;
    _Atomic int last_errno;
    _Atomic int64_t last_sent_ns;
    _Atomic double fps;
    struct widget *widget;              /* of a USB output */
};

struct target {
    struct sockaddr_in to;
    unsigned ifindex;                   /* 0: the system's route */
    struct in_addr source;              /* 0: the system's choice */
    bool syncs;                         /* a synchronisation packet goes here too, after the data */
    bool is_broadcast;
    bool is_silent;                     /* does not answer to ARP: is sent to once a second alone, by the output that probes */
    bool probes;
};

enum trouble { TROUBLE_NONE, TROUBLE_INTERFACE, TROUBLE_NO_BROADCAST, TROUBLE_NO_NODE };

struct route {
    struct target *targets;             /* room for TARGETS_MAX */
    size_t n;
    enum trouble trouble;
    bool is_looking;                    /* who subscribes is not known everywhere yet */
};

struct output {
    struct output_row row;
    struct stream *stream;
    int universe;                       /* index in universes; -1: not there */
    uint64_t errors_told;               /* of stream.errors, at the last poll_warnings */
    uint8_t packet[SACN_DATA_MAX];
    uint8_t sync_packet[SACN_SYNC_SIZE];
};

struct message {                        /* a packet on its way */
    struct iovec iov;
    struct sockaddr_in to;
    struct in_pktinfo via;              /* ipi_ifindex 0: the system's route */
    struct stream *stream;
    uint32_t next;                      /* of the same batch */
};

struct batch {                          /* messages that go as one */
    uint32_t first, last, n;            /* a list through message.next */
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
};

struct output_set {
    struct outputs *o;
    struct output *out;
    size_t n;
    struct latest routes;               /* of struct route[n]: control side to engine */
    struct route *route_buf[3];
    struct route *shown;                /* the control side's copy of what it published last */
    struct target *targets;             /* of the four above */
    bool has_routes;
    struct output_set *next;            /* of outputs.sets */
    bool is_retired;                    /* under outputs.lock, as `next` */
    struct message *messages;           /* of one protocol and tick; the arrays below are as long */
    struct batch *batches;
    struct mmsghdr *headers;            /* of batches */
    struct iovec *iov;
    size_t max_messages;
    uint8_t artsync[ARTNET_SYNC_SIZE];
    struct sacn_source source;          /* as it was when the set was made */
};

struct outputs {
    int socket[OUTPUT_PROTOCOLS];       /* -1: not opened */
    int port[OUTPUT_PROTOCOLS];
    bool segments[OUTPUT_PROTOCOLS];    /* the kernel cuts batches apart. Engine's, once it runs */
    bool artnet_bound;
    int artnet_bind;
    struct sacn_source source;          /* the name under lock */
    char first_name[64];                /* as it was opened */
    uint8_t sync_sequence;              /* of every sACN synchronisation packet; engine's */
    struct widgets *widgets;
    struct nodes *nodes;
    atomic_bool reply_broadcast;
    struct neighbours neighbours;       /* under lock */
    struct output_set *sets;            /* all that are not freed */
    pthread_mutex_t lock;               /* sets, streams' refs, publishing of routes; never taken by the engine */
};

/* output_batch.c: what `messages` holds now, the first `data` of `all` in batches where that is possible, the rest singly and after them. Engine. */
void output_send_messages(struct output_set *s, enum output_protocol protocol, size_t data, size_t all);
bool outputs_can_segment(int fd);       /* the kernel knows UDP_SEGMENT. Control side */

/* output_route.c: where every row goes now. `routes` has set->n entries. Control side, with the lock. */
void routes_find(const struct output_set *s, const struct interfaces *list, struct route *routes);
bool row_is_multicast(const struct output_row *r);
int row_port_address(const struct output_row *r);

/* output.c, for output_control.c. Control side. */
int output_socket(enum output_protocol protocol);
bool output_bind_artnet(int fd, int port);
void output_set_publish(struct output_set *s);          /* routes found again and handed to the engine; lock held */
bool output_send_one(const struct outputs *o, enum output_protocol protocol, const struct target *t, const void *data, size_t n);
