#pragma once
/*
 * What the engine shows of each frame: heads and universes, for the WebSocket thread (one reader, never waits) and for REST (many readers, one at a time).
 *
 * Two three-buffer snapshots (core/latest) of one size; when a larger show comes, the control side makes a larger pair and the engine moves over at its next
 * frame. Sizes double, and pairs that were outgrown are kept until the end: at most as much again, and no reader can lose its frame.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "dmx/universe.h"
#include "fixtures/frame.h"
#include "show/show.h"

struct live;

struct live *live_new(void);
void live_free(struct live *l);
enum lm_err live_reserve(struct live *l, size_t heads, size_t universes);       /* control side */

/* engine */
void live_adopt(struct live *l);                        /* the newest pair, before live_back() */
struct show_live *live_back(struct live *l);
void live_fill(struct show_live *l, const struct frame *f, const float *pan, const float *tilt, const struct universes *u);
void live_fill_own(struct show_live *l, const struct universes *own);     /* after live_fill(), of the same universes */
void live_publish(struct live *l);

/* readers */
const struct show_live *live_front(struct live *l);     /* the ws thread; NULL before the first frame */
bool live_copy_universe(struct live *l, int number, uint8_t slots[512], uint8_t own[512]);     /* own: NULL is fine */
size_t live_copy_numbers(struct live *l, int *numbers, size_t max);
