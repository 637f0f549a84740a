#pragma once
/*
 * Inside of input: channels that outlive a set, the sources in them, and the sockets.
 *
 * A channel is what is known of one universe. It is shared by the set the engine uses and the next one; the receiver puts what all sources make together
 * into its three-buffer snapshot, the engine merges that with lumad's own slots.
 */
#include <pthread.h>

#include "core/latest.h"
#include "dmx/input.h"

enum { INPUT_PROTOCOLS = 2 };           /* OUTPUT_ARTNET, OUTPUT_SACN */

struct source {
    struct source *next;                /* the order they came */
    enum output_protocol protocol;
    struct sockaddr_in from;
    uint8_t cid[16];                    /* sACN */
    char name[INPUT_NAME];
    int port_address, priority;         /* -1: none */
    bool is_numbered;
    uint8_t sequence;
    int64_t seen_ns, window_ns;
    uint64_t packets, window_packets;
    double fps;
    size_t n;                           /* slots it sends */
    uint8_t slots[DMX_SLOTS];
    int64_t changed[DMX_SLOTS];         /* when; 0: never */
};

/* What all sources of a universe that count make together. */
struct received {
    enum input_merge merge;             /* INPUT_OFF: nothing */
    bool takes_all;                     /* of a higher priority than ours: not merged, put in place */
    int64_t seen_ns;                    /* the newest packet in it */
    size_t n;                           /* slots behind are nobody's */
    uint8_t slots[DMX_SLOTS];
    int64_t changed[DMX_SLOTS];         /* 0: by nobody */
};

struct channel {
    int refs;                           /* under input.lock, as are the sources and the writing of `latest` */
    int universe;
    struct source *sources;
    struct latest latest;
    struct received buf[3];
    /* the engine's: lumad's own slots of the frame before, and when they changed */
    bool has_own;
    uint8_t own[DMX_SLOTS];
    int64_t own_changed[DMX_SLOTS];
};

struct heard {
    struct channel *channel;
    int our_priority;                   /* to compare with */
    bool sends[INPUT_PROTOCOLS];        /* lumad sends this universe by it */
};

struct address { enum output_protocol protocol; int number; size_t heard; };    /* port-address or sACN universe -> index of heard */

struct input_set {
    struct input *in;
    enum input_merge merge;
    struct heard *heard; size_t n;      /* as universes.u */
    struct address *addresses; size_t n_addresses;      /* sorted */
};

struct sockets;

struct input {
    uint8_t cid[16];
    pthread_mutex_t lock;
    struct input_set *now;              /* what is listened to; NULL none. Under lock */
    bool is_new, is_moved;              /* since the groups were joined last: another set, another network. Under lock */
    /* the receiver thread's */
    struct sockets *sockets;
    int64_t joined_ns, rejoined_ns;
    int *universes; size_t max_universes;       /* of the list handed to sockets_join() */
};

/* input_merge.c, with the lock held: what counts of a channel's sources, made anew and published. */
void channel_publish(const struct input_set *s, struct heard *h);
bool source_counts(const struct input_set *s, const struct heard *h, const struct source *x);

/* input_socket.c */
struct sockets *sockets_new(const uint8_t cid[16], int port);   /* NULL: no memory or no descriptors */
void sockets_free(struct sockets *s);
int sockets_fd(const struct sockets *s);
/* Exactly these groups, ascending, on every interface that is up; with `unicast` packets to our own addresses too. `anew`: groups that are joined are left first. */
void sockets_join(struct sockets *s, const int *universes, size_t n, bool unicast, bool anew);
void sockets_read(struct sockets *s, struct input *in, int64_t mono_ns);
