#include "dmx/artnet.h"

#include <string.h>

enum { OP_DMX = 0x5000, OP_SYNC = 0x5200, PROTOCOL_VERSION = 14 };

/* ID, OpCode (low byte first) and protocol version (high byte first): the first 12 bytes of every packet but ArtPollReply. */
static void header(uint8_t *out, int op)
{
    memcpy(out, "Art-Net", 8);
    out[8] = (uint8_t)op, out[9] = (uint8_t)(op >> 8);
    out[10] = 0, out[11] = PROTOCOL_VERSION;
}

size_t artnet_dmx(uint8_t out[ARTNET_DMX_MAX], int port_address, uint8_t sequence, const uint8_t *slots, size_t n)
{
    size_t length;

    n = n > 512 ? 512 : n;
    length = n < 2 ? 2 : n + n % 2;
    header(out, OP_DMX);
    out[12] = sequence;
    out[13] = 0;                                        /* Physical: informative only */
    out[14] = (uint8_t)port_address;                    /* SubUni */
    out[15] = (uint8_t)((port_address >> 8) & 0x7f);    /* Net */
    out[16] = (uint8_t)(length >> 8), out[17] = (uint8_t)length;
    memset(out + 18, 0, length);
    memcpy(out + 18, slots, n);
    return 18 + length;
}

size_t artnet_sync(uint8_t out[ARTNET_SYNC_SIZE])
{
    header(out, OP_SYNC);
    out[12] = out[13] = 0;
    return ARTNET_SYNC_SIZE;
}

uint8_t artnet_next_sequence(uint8_t s)
{
    return s == 255 ? 1 : (uint8_t)(s + 1);
}
