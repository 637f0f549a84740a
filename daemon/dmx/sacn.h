#pragma once
/* sACN, ANSI E1.31-2018 packets, made and read. Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SACN_PORT = 5568, SACN_DATA_MAX = 126 + 512, SACN_TERMINATED = 0x40, SACN_PREVIEW = 0x80 };

struct sacn_source { uint8_t cid[16]; char name[64]; };         /* name: UTF-8, NUL-terminated */

size_t sacn_data(uint8_t out[SACN_DATA_MAX], const struct sacn_source *s, int universe, int priority, uint8_t sequence, uint8_t options,
                 int sync_universe, const uint8_t *slots, size_t n);
/* A synchronisation packet for the universes that carry `sync_universe` (E1.31 section 6.3); returns its length. */
enum { SACN_SYNC_SIZE = 49 };
size_t sacn_sync(uint8_t out[SACN_SYNC_SIZE], const struct sacn_source *s, int sync_universe, uint8_t sequence);
void sacn_source_name(struct sacn_source *s, const char *name); /* cut on a code-point boundary */
/* One page of universe discovery (E1.31 section 8); returns its length. page of last_page; n <= 512 sorted universes. */
enum { SACN_DISCOVERY_MAX = 120 + 1024, SACN_DISCOVERY_UNIVERSE = 64214 };
size_t sacn_discovery(uint8_t out[SACN_DISCOVERY_MAX], const struct sacn_source *s, int page, int last_page, const uint16_t *universes, size_t n);
uint32_t sacn_multicast_address(int universe);                  /* 239.255.hi.lo, host byte order */

struct sacn_data {
    const uint8_t *cid;                 /* 16 bytes, in the packet, as are the slots */
    char name[64];                      /* as sent, up to the first NUL; what is no UTF-8 is '?', control characters are spaces */
    int universe, priority, sync_universe;
    uint8_t sequence, options, start_code;
    const uint8_t *slots; size_t n;     /* behind the start code; 0..512 */
};

/* A data packet from bytes of any kind and length. False: it is of another kind (synchronisation, discovery), cut short, too long, or its layers contradict. */
bool sacn_parse_data(const uint8_t *p, size_t n, struct sacn_data *out);
