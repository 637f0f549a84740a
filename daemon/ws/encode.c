#include "ws/encode.h"

#include <string.h>

static unsigned char *put(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *at++ = (unsigned char)(value >> 8 * i);
    return at;
}

static size_t heads(const struct show_live *live)
{
    return live->heads < FRAME_MAX_HEADS ? live->heads : FRAME_MAX_HEADS;
}

size_t frame_size(const struct show_live *live)
{
    return FRAME_HEADER + FRAME_HEAD * heads(live);
}

void frame_encode(const struct show_live *live, bool wire, unsigned char *out)
{
    uint64_t time;

    memcpy(&time, &live->time, sizeof(time));
    memcpy(out, wire ? "LMW1" : "LMF1", 4);
    out = put(out + 4, live->seq, 4);
    out = put(out, live->patch, 4);
    out = put(out, time, 8);
    out = put(out, heads(live), 2);
    for (size_t i = 0; i < heads(live); i++) {
        const struct show_head *h = &live->head[i];
        const unsigned char bytes[] = { h->intensity, h->r, h->g, h->b, h->strobe, h->speed };
        memcpy(out, bytes, sizeof(bytes));
        out = put(out + sizeof(bytes), (uint16_t)h->pan, 2);
        out = put(out, (uint16_t)h->tilt, 2);
    }
}

void dmx_encode(const struct show_live *live, int universe, unsigned char out[DMX_MESSAGE])
{
    memcpy(out, "LMD1", 4);
    out = put(out + 4, (uint64_t)universe, 2);
    memset(out, 0, 512);
    for (size_t i = 0; live && i < live->universes; i++)
        if (live->universe[i].number == universe)
            memcpy(out, live->universe[i].slots, 512);
}
