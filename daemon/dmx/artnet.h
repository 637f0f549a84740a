#pragma once
/* Art-Net 4 packets (Artistic Licence, "Art-Net 4 Protocol Release V1.4"). Pure: no socket, no clock. */
#include <stddef.h>
#include <stdint.h>

enum { ARTNET_PORT = 6454, ARTNET_DMX_MAX = 18 + 512, ARTNET_SYNC_SIZE = 14 };

/* ArtDmx; returns the packet's length (18 + slots rounded up to even, at least 2). `sequence` 1..255, 0 = not used. port_address 0..32767. */
size_t artnet_dmx(uint8_t out[ARTNET_DMX_MAX], int port_address, uint8_t sequence, const uint8_t *slots, size_t n);
size_t artnet_sync(uint8_t out[ARTNET_SYNC_SIZE]);
uint8_t artnet_next_sequence(uint8_t s);        /* 1..255, never 0 */
