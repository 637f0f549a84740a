#pragma once
/*
 * The photosensitive guard (light-model 5): holds flashing of much of the rig to a few flashes a second.
 *
 * What counts follows the general flash of WCAG 2.2, 2.3.1 and of ITU-R BT.1702 (a pair of opposing changes, at most three a second, over no more than a
 * quarter of what is seen), with the rig in place of the screen: the "area" is heads of the venue, and the change is one of intensity by more than 20 %.
 * A change is measured from the last turn, so a flash may take any number of frames to rise, and ripple on a steady light is none. Colour is not looked
 * at: neither changes of hue at one intensity nor saturated red are limited.
 *
 * Two things are limited, both on what is sent:
 *
 *   heads  A head is over the limit when it rises more often than `limit` times in a rolling second. No more than a quarter of the heads may be. While more
 *          want to be, the guard acts: no head rises more than `limit` times a second, and no sooner than 1/limit s after the last time, so that what is
 *          left of a strobe is even and not three flashes and a pause.
 *   room   The number of heads that are up goes up and down by more than a quarter of the heads: a flash of the whole room, whichever heads make it. Also at
 *          most `limit` of these a second. So sets of heads that take turns do not pass for slow ones.
 *
 * Held is the rise alone: a head that may not rise stays at what it has, and goes down whenever it is asked to, so dark is never late. A rise that was held
 * comes as soon as there is room for it. What flashes less, or fewer heads, passes to the bit. Once the guard has begun it goes on for a second after the last
 * thing it would have to hold.
 *
 * A shutter that strobes is a flash at 1 + 19*strobe Hz, half on. While the guard acts shutters are opened and the strobe is made of intensity instead, where it
 * can be held; the fastest strobe of the heads that share a channel counts for all of them. The strobe lumad makes itself, of heads without a strobe channel,
 * is the same request and is caught the same way. A head whose only way to dim is a shutter flashes where its intensity crosses one half.
 *
 * `limit` a second is meant as it is sampled: instants are those of frames, and 23 ms (a frame at 44 Hz) less than a second counts as one; flashes, which end with a
 * fall, are still never more than `limit` in any second.
 *
 * THREADS  guard_new/free: control side. guard_take(): control side, while the engine uses neither. guard_run(): engine, real-time safe, O(heads).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fixtures/frame.h"

enum { GUARD_MAX_LIMIT = 10 };

struct guard;

/*
 * Per head, copied: `is_light`: smoke and fans are none. `strobes_with`: the lowest head whose strobe channel it shares, itself when it shares none.
 * `is_gated`: open from intensity .5, else closed. NULL: out of memory.
 */
struct guard *guard_new(size_t heads, const bool *is_light, const uint32_t *strobes_with, const bool *is_gated);
void guard_free(struct guard *g);
/* What was sent lately of the room, and of one head of an older patch: an edit gives nobody new flashes. */
void guard_take_room(struct guard *g, const struct guard *old);
void guard_take(struct guard *g, size_t head, const struct guard *old, size_t old_head);
/* `limit` flashes a second, 1..GUARD_MAX_LIMIT; 0: off, and what was is forgotten. `now_ns` rises. Returns how many heads were changed. */
size_t guard_run(struct guard *g, struct frame *f, int64_t now_ns, int limit);
