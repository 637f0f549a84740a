#pragma once
/* The binary messages: little-endian, packed (api.md "WebSocket"). Pure. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "show/show.h"

enum { FRAME_HEADER = 22, FRAME_HEAD = 10, FRAME_MAX_HEADS = 65535, DMX_MESSAGE = 6 + 512 };

size_t frame_size(const struct show_live *live);
void frame_encode(const struct show_live *live, bool wire, unsigned char *out);        /* frame_size() bytes: LMF1, or LMW1 for the topic `wire` */
/* A universe that is not there reads as 512 zeros: nothing is sent on it. */
void dmx_encode(const struct show_live *live, int universe, unsigned char out[DMX_MESSAGE]);    /* live may be NULL */
