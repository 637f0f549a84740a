#pragma once
/*
 * Art-Net 4 packets (Artistic Licence, "Art-Net 4 Protocol Release V1.4"), made and read. Pure: no socket, no clock.
 *
 * The parsers take any bytes of any length: what is too short, of another kind, of a protocol before 14 or contradicts itself is refused (false) and `*out` is
 * not to be read; what is longer than it need be is taken. A Port-Address is 15 bits: Net (7), Sub-Net (4), Universe (4).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARTNET_PORT = 6454, ARTNET_DMX_MAX = 18 + 512, ARTNET_SYNC_SIZE = 14, ARTNET_POLL_SIZE = 14, ARTNET_REPLY_SIZE = 239 };
enum { ARTNET_OP_POLL = 0x2000, ARTNET_OP_REPLY = 0x2100, ARTNET_OP_DMX = 0x5000, ARTNET_OP_SYNC = 0x5200 };
enum { ARTNET_REPLY_PORTS = 4 };

/* ArtDmx; returns the packet's length (18 + slots rounded up to even, at least 2). `sequence` 1..255, 0 = not used. port_address 0..32767. */
size_t artnet_dmx(uint8_t out[ARTNET_DMX_MAX], int port_address, uint8_t sequence, const uint8_t *slots, size_t n);
size_t artnet_sync(uint8_t out[ARTNET_SYNC_SIZE]);
uint8_t artnet_next_sequence(uint8_t s);        /* 1..255, never 0 */

/* The OpCode; -1: no Art-Net packet. */
int artnet_op(const uint8_t *p, size_t n);

struct artnet_dmx { int port_address; uint8_t sequence, physical; const uint8_t *slots; size_t n; };     /* slots: in the packet; n 1..512 */
bool artnet_parse_dmx(const uint8_t *p, size_t n, struct artnet_dmx *out);

/* ArtPoll. `targeted`: only those with a Port-Address from `bottom` to `top` are asked. */
struct artnet_poll { uint8_t flags; bool targeted; int bottom, top; };
size_t artnet_poll(uint8_t out[ARTNET_POLL_SIZE]);      /* asks for news of changes too (flag 0x02), so that a node does not wait for the next poll */
bool artnet_parse_poll(const uint8_t *p, size_t n, struct artnet_poll *out);

/*
 * ArtPollReply: a device, or one of the parts (`bind_index`) of a device with many ports. Directions are the device's: an output port takes ArtDmx from the
 * network, an input port puts it there; one port may be both, with different addresses. Texts are UTF-8 without control characters.
 */
struct artnet_port { bool is_output, is_input, is_active; uint8_t protocol; int output, input; };      /* protocol 0 = DMX512; addresses */
struct artnet_reply {
    uint8_t ip[4], bind_ip[4], mac[6];          /* what the device says of itself; zeros = not said */
    char name[18], long_name[64], report[64];
    uint16_t version, oem, esta;
    uint8_t status1, status2, style, bind_index;        /* style 0 node, 1 controller, 2 media, 3 route, 4 backup, 5 config, 6 visualiser */
    struct artnet_port ports[ARTNET_REPLY_PORTS];
    size_t n_ports;
};
bool artnet_parse_reply(const uint8_t *p, size_t n, struct artnet_reply *out);
/* Ports must share Net and Sub-Net (their addresses differ in the low 4 bits). Texts are cut to fit. */
size_t artnet_reply(uint8_t out[ARTNET_REPLY_SIZE], const struct artnet_reply *r);
