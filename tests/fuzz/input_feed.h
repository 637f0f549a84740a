/*
 * Any bytes as a series of received packets: one byte of how (merge, time that passes), two of length, then the packet itself. What is known afterwards must be
 * sane whatever came: sources bounded, names UTF-8, own slots untouched while merging is off. Used by fuzz_sacn.c and fuzz_artdmx.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "dmx/input.h"

static void look(struct input *in, struct input_set *s, struct universes *own, struct universes *out, bool off, int64_t now)
{
    struct input_source found[64];
    int of[3][2] = { { 0 } };
    size_t n = input_sources(in, 0, found, 64, now);

    for (size_t i = 0; i < n; i++) {
        int u = found[i].universe;
        if (u < 1 || u > 2 || found[i].protocol > OUTPUT_SACN || ++of[u][found[i].protocol] > INPUT_SOURCES || (off && found[i].is_merged))
            abort();
        if (!utf8_valid(found[i].name, strlen(found[i].name)) || found[i].priority > 200 || found[i].age_ms < 0 || found[i].age_ms > INPUT_TIMEOUT_MS)
            abort();
    }
    input_set_merge(s, own, NULL, out, now);
    for (size_t i = 0; off && i < 2; i++)
        if (memcmp(own->u[i].slots, out->u[i].slots, DMX_SLOTS))
            abort();
}

static void feed_input(void (*take)(struct input *, const struct sockaddr_in *, const uint8_t *, size_t, int64_t), const uint8_t *data, size_t size)
{
    static const uint8_t cid[16] = { 0xee };
    static const struct output_row rows[] = {
        { .universe = 1, .protocol = OUTPUT_SACN, .priority = 100 }, { .universe = 2, .protocol = OUTPUT_ARTNET, .port_address = 258 },
    };
    static struct input *in;
    static struct universes *own, *out;
    struct input_set *s;
    int64_t now = 1000000000;

    if (!in) {
        if (input_new(cid, 0, &in) || !(own = universes_new((int[]){ 1, 2 }, 2)) || !(out = universes_new((int[]){ 1, 2 }, 2)))
            abort();
        memset(own->u[0].slots, 100, DMX_SLOTS);
    }
    if (!size || input_set_new(in, data[0] % 3, rows, 2, own, NULL, &s))
        return;
    input_listen(in, s);
    for (size_t at = 0; at + 3 <= size;) {
        size_t n = (size_t)(data[at + 1] << 8 | data[at + 2]);
        n = n < size - at - 3 ? n : size - at - 3;
        struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(6454), .sin_addr.s_addr = htonl(0x0a000001u + data[at] % 16) };
        uint8_t *exact = malloc(n ? n : 1);     /* a byte too far is seen */
        memcpy(exact, data + at + 3, n);
        now += (int64_t)(data[at] >> 4) * 100000000;
        take(in, &from, exact, n, now);
        free(exact);
        if (data[at] & 0x80)
            now += 1, own->u[0].slots[data[at] & 15]++;
        look(in, s, own, out, data[0] % 3 == INPUT_OFF, now);
        at += 3 + n;
    }
    input_set_free(s);
}
