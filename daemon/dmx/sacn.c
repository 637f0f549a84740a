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

/* --- read --- */

static unsigned get16(const uint8_t *p)
{
    return (unsigned)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

bool sacn_parse_data(const uint8_t *p, size_t n, struct sacn_data *out)
{
    static const uint8_t head[16] = { 0x00, 0x10, 0x00, 0x00, 'A', 'S', 'C', '-', 'E', '1', '.', '1', '7' };
    static const size_t layers[] = { 16, 38, 115 };

    if (n < 126 || n > SACN_DATA_MAX || memcmp(p, head, sizeof head))
        return false;
    for (size_t i = 0; i < 3; i++)      /* each layer begins there and ends with the packet */
        if (get16(p + layers[i]) != (0x7000u | (unsigned)(n - layers[i])))
            return false;
    if (get32(p + 18) != VECTOR_DATA || get32(p + 40) != FRAMING_DATA || p[117] != VECTOR_DMP_SET || p[118] != 0xa1)
        return false;
    if (get16(p + 119) != 0 || get16(p + 121) != 1 || get16(p + 123) != n - 125)
        return false;
    *out = (struct sacn_data){
        .cid = p + 22, .priority = p[108], .sync_universe = (int)get16(p + 109), .sequence = p[111], .options = p[112],
        .universe = (int)get16(p + 113), .start_code = p[125], .slots = p + 126, .n = n - 126,
    };
    utf8_tidy(out->name, p + 44, sizeof out->name);
    return out->priority <= 200 && out->universe >= 1 && out->universe <= 63999;
}
