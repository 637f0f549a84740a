#include "dmx/sacn.h"

#include <string.h>

#include "core/str.h"

enum { VECTOR_DATA = 4, VECTOR_EXTENDED = 8, FRAMING_DATA = 2, FRAMING_SYNC = 1, FRAMING_DISCOVERY = 2, VECTOR_DMP_SET = 2, VECTOR_LIST = 1 };

static uint8_t *put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8), p[1] = (uint8_t)v;
    return p + 2;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    return put16(put16(p, v >> 16), v & 0xffff);
}

/* Flags 0x7 and the length of a layer that begins here and ends with the packet. */
static uint8_t *put_length(uint8_t *p, size_t n)
{
    return put16(p, 0x7000u | (unsigned)(n & 0xfff));
}

/* The root layer (E1.31 section 5), 38 bytes; `total` = length of the whole packet. */
static uint8_t *put_root(uint8_t *p, const struct sacn_source *s, uint32_t vector, size_t total)
{
    p = put16(put16(p, 0x0010), 0);
    memcpy(p, "ASC-E1.17\0\0", 12);
    p = put_length(p + 12, total - 16);
    p = put32(p, vector);
    memcpy(p, s->cid, sizeof s->cid);
    return p + sizeof s->cid;
}

static uint8_t *put_name(uint8_t *p, const struct sacn_source *s)
{
    memcpy(p, s->name, sizeof s->name);
    return p + sizeof s->name;
}

size_t sacn_data(uint8_t out[SACN_DATA_MAX], const struct sacn_source *s, int universe, int priority, uint8_t sequence, uint8_t options,
                 int sync_universe, const uint8_t *slots, size_t n)
{
    n = n > 512 ? 512 : n;
    size_t total = 126 + n;
    uint8_t *p = put_root(out, s, VECTOR_DATA, total);

    p = put_length(p, total - 38);
    p = put_name(put32(p, FRAMING_DATA), s);
    *p++ = (uint8_t)priority;
    p = put16(p, (unsigned)sync_universe);
    *p++ = sequence;
    *p++ = options;
    p = put16(p, (unsigned)universe);
    p = put_length(p, total - 115);
    *p++ = VECTOR_DMP_SET;
    *p++ = 0xa1;                        /* address type and data type */
    p = put16(put16(put16(p, 0), 1), (unsigned)n + 1);
    *p++ = 0;                           /* START code: levels */
    memcpy(p, slots, n);
    return total;
}

size_t sacn_sync(uint8_t out[SACN_SYNC_SIZE], const struct sacn_source *s, int sync_universe, uint8_t sequence)
{
    uint8_t *p = put_root(out, s, VECTOR_EXTENDED, SACN_SYNC_SIZE);

    p = put32(put_length(p, SACN_SYNC_SIZE - 38), FRAMING_SYNC);
    *p++ = sequence;
    put16(put16(p, (unsigned)sync_universe), 0);
    return SACN_SYNC_SIZE;
}

void sacn_source_name(struct sacn_source *s, const char *name)
{
    memset(s->name, 0, sizeof s->name);
    str_copy(s->name, sizeof s->name, name);
}

size_t sacn_discovery(uint8_t out[SACN_DISCOVERY_MAX], const struct sacn_source *s, int page, int last_page, const uint16_t *universes, size_t n)
{
    n = n > 512 ? 512 : n;
    size_t total = 120 + 2 * n;
    uint8_t *p = put_root(out, s, VECTOR_EXTENDED, total);

    p = put32(put_length(p, total - 38), FRAMING_DISCOVERY);
    p = put32(put_name(p, s), 0);       /* reserved */
    p = put32(put_length(p, total - 112), VECTOR_LIST);
    *p++ = (uint8_t)page;
    *p++ = (uint8_t)last_page;
    for (size_t i = 0; i < n; i++)
        p = put16(p, universes[i]);
    return total;
}

uint32_t sacn_multicast_address(int universe)
{
    return 0xefff0000u | ((uint32_t)universe & 0xffff);
}
