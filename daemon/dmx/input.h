#pragma once
/*
 * Universes received: Art-Net and sACN from other senders, merged with what lumad makes, and the watch for a second sender of what lumad sends.
 *
 * Who sends is told apart by address and port (Art-Net) or by CID (sACN). A source is gone 2.5 s after its last packet, an sACN one at once when it says so
 * (Stream_Terminated). Packets out of order are dropped (E1.31 6.7.2: B after A when -20 < B - A <= 0, per source and universe; Art-Net the same, 0 = not
 * numbered). Only start code 0 is taken: per-address priority (0xDD) and others are ignored, so are preview data. Synchronisation is not waited
 * for: frames are made anew here, and what is received is in the next one. lumad's own packets that come back are nobody's (Art-Net: the receiver does not
 * pass them on; sACN: our CID).
 *
 * Universe u is heard on the Art-Net port-addresses of its own Art-Net outputs, else on u - 1, and on sACN universe u. It must exist: be patched or have an
 * output in the active venue.
 *
 * Merging (`enum input_merge`, the setting `input_merge`), for each universe:
 * - sACN sources of the highest priority count, and only if it is not below ours (the highest of our sACN outputs of that universe, 100 without one).
 *   Above ours: the universe is theirs, lumad and Art-Net give way. Equal: they are merged with ours. Art-Net has no priority and counts as equal to ours.
 * - HTP: of each slot the highest value. LTP: of each slot the value of whom changed it last; a source that appears changes the slots that are not 0.
 * - Slots behind the last one a source sends are not its own: they stay whose they were.
 *
 * THREADS  input_new/free/listen/set_*: control side. input_artnet/sacn/sacn_read/tick: the one receiver thread. input_set_merge(): engine, real-time safe.
 *          input_sources(): any non-real-time thread. One lock inside, never taken by the engine.
 * MEMORY   All sets must be freed before the input. At most INPUT_SOURCES sources for each universe and protocol are remembered; the one not heard for longest
 *          gives way.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "dmx/output.h"
#include "dmx/universe.h"

enum input_merge { INPUT_OFF, INPUT_HTP, INPUT_LTP };
extern const char *const input_merge_names[];   /* "off", "htp", "ltp", NULL */

enum { INPUT_SOURCES = 8, INPUT_TIMEOUT_MS = 2500, INPUT_NAME = 64 };

struct input;
struct input_set;                       /* what is heard for one list of universes; as output_set, a new one takes over what the old one knows */

/* `cid`: ours. `sacn_port`: SACN_PORT but in tests. */
enum lm_err input_new(const uint8_t cid[16], int sacn_port, struct input **result);
void input_free(struct input *in);      /* NULL is fine */

/* --- the receiver thread --- */

/* One UDP payload as it came, of any kind and length: what is not ArtDmx (E1.31 data) is ignored. mono_ns: CLOCK_MONOTONIC. */
void input_artnet(struct input *in, const struct sockaddr_in *from, const uint8_t *packet, size_t n, int64_t mono_ns);
void input_sacn(struct input *in, const struct sockaddr_in *from, const uint8_t *packet, size_t n, int64_t mono_ns);
/* One descriptor for all sACN sockets, the same for life: when poll() finds it readable, input_sacn_read() takes all there is through input_sacn(). */
int input_sacn_fd(const struct input *in);
void input_sacn_read(struct input *in, int64_t mono_ns);
/* At least four times a second: sources that fell silent go, groups are joined on interfaces that came up. */
void input_tick(struct input *in, int64_t mono_ns);
/* Interfaces or addresses came or went: groups are joined anew at the next tick. Without this it is noticed within a second, but for one that went and came
 * back in between. */
void input_network_changed(struct input *in);
/* The Art-Net port-addresses that are merged, ascending; none while merging is off. */
size_t input_artnet_ports(struct input *in, uint16_t *out, size_t max);

/* --- the control side --- */

/* `rows`: the outputs of the venue. Nothing is heard by a set until input_listen(). */
enum lm_err input_set_new(struct input *in, enum input_merge merge, const struct output_row *rows, size_t n, const struct universes *u,
                          const struct input_set *old, struct input_set **result);
/* From now on this set's universes are heard, and only these. NULL: none. */
void input_listen(struct input *in, struct input_set *s);
void input_set_free(struct input_set *s);       /* not while the engine uses it; one that is listened to is so no longer */

/* --- the engine --- */

/*
 * out = own merged with what is received; both have the universes the set was made for. `steady` NULL, or 1 for each slot that may follow the input and 0 for
 * each that stays lumad's: a blackout, dark whoever sends, in which heads do not swing.
 */
void input_set_merge(struct input_set *s, const struct universes *own, const struct universes *steady, struct universes *out, int64_t mono_ns);

/* --- what is seen --- */

struct input_source {
    int universe;
    enum output_protocol protocol;      /* OUTPUT_ARTNET or OUTPUT_SACN */
    struct in_addr ip;
    char address[48];                   /* 10.0.0.5, for Art-Net from another port than 6454 10.0.0.5:50000 */
    char name[INPUT_NAME];              /* sACN: as the source calls itself, UTF-8; "" = none. Art-Net data has none: see nodes_name() */
    int port_address;                   /* Art-Net, else -1 */
    int priority, our_priority;         /* sACN, else -1; ours of this universe, -1 when we do not send it by sACN */
    uint64_t packets;
    double fps;
    int64_t age_ms;                     /* since its last packet */
    bool is_merged;                     /* is in what we send */
    bool is_second;                     /* sends, by the same protocol, what we send as well */
};

/* The sources of one universe, or of all (0), in the order they came. */
size_t input_sources(struct input *in, int universe, struct input_source *out, size_t max, int64_t mono_ns);
