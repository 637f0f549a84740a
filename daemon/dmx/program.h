#pragma once
/*
 * From a frame to DMX (light-model 6). A patch compiles once to a flat program; running it is one pass with no allocation, no
 * string and no lookup.
 *
 * What moves from frame to frame (held pan/tilt, unwrapped pan, colour-wheel slot, software strobe phase) is in a state of its own, so
 * that a new program after an edit of the patch can take over the old one's state (matched by fixture id and head).
 *
 * What light-model 6 leaves open, and what is done:
 * - A channel belongs to the heads that list it; one that no head lists belongs to all. Colours that several heads share show the mean of
 *   their hues by brightness; shared pan and tilt follow the first head that has a position; a shared axis above heads that all have their own
 *   stands in the middle.
 * - Emitters and filters that other heads have too than the rest of a colour (a white beside every head's red, green and blue) are part of that colour: each
 *   gives what it has of it.
 * - dimmer_min and dimmer_max bound a lit head; intensity 0 is always dark. The curve acts before them.
 * - White or amber alone is intensity, warm and cold white without colours follow the hue's warmth, ultraviolet alone is intensity.
 * - In smoke, haze and fan machines intensity drives the output and the brightness of their lights alike.
 * - An iris stands open, a wheel behind CMY filters at white. Beside emitters a channel of colours is one of macros, where white would override what is
 *   mixed: it stays at its default. A shutter closes where intensity is 0 and no dimmer darkens its heads.
 * - Of several open ranges one with the preset counts before one by wording, then one that says "dimmer" where there is a dimmer, then "open", then the widest.
 *   Of strobes those that tell Hz, then presets, then wordings. Gaps between ranges are never sent, nor what overlaps a lamp or reset range.
 * - A dimmer or emitter whose range begins above 0 is sent 0 for dark when what lies at 0 does no harm; a range that falls ("100-0%") is run backwards.
 * - A lamp's preset on wording that knows of no lamp ("no effect", "dimming", "LEDs on": LED lights) counts by its wording in shutters and dimmers.
 * - A default inside a lamp or reset range is left for the nearest value outside, but never for one that says "reset" or "lamp off" itself.
 * - Emitters of a second white that files call amber or yellow ("Warm white") are white.
 * - speed <= .5: the head holds its position and speed channels go to their slowest; otherwise to their fastest.
 * - A strobe inside a dimmer channel is used from intensity .5; below, lumad strobes it at its own level.
 * - Of two ways to mix colours in one head RGB wins over CMY, CMY over HSV/HSL. Correction (CTO), gobo, prism, zoom, focus, effects and
 *   continuous rotations stay at the file's default, else 0 (light-model 6): open, out and neutral in 95 of 100 wheels. A gobo wheel that is closed there has a
 *   warning on the patch with the value to park it at. Channels that change their meaning (Alias) mean what the defaults of those that switch them
 *   make of them (fixtures/definition.h).
 * Where a definition leaves no safe way, the patch has a warning.
 *
 * THREADS  program_new(), program_state_new(): control side; the old state may be in use by the engine meanwhile. program_run(): engine, real-time safe. Immutable program.
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "dmx/universe.h"
#include "fixtures/frame.h"
#include "fixtures/patch.h"

struct program;
struct program_state;

/* `universes` must hold every universe of the patch; its order is baked in. */
enum lm_err program_new(const struct patch *p, const struct universes *universes, const struct program **result);
void program_free(const struct program *p);
const char *const *program_warnings(const struct program *p);           /* NULL-terminated; "par 3: only a colour wheel: cannot be dimmed" */

struct program_state *program_state_new(const struct program *p, const struct program *old, const struct program_state *old_state); /* old: may be NULL */
void program_state_free(struct program_state *s);

/* Fills all slots of all fixtures; slots no fixture owns stay as they are (0). `mono_ns` drives the software strobe. */
void program_run(const struct program *p, struct program_state *s, const struct frame *f, int64_t mono_ns, struct universes *u);
/* 1 for every slot that carries pan or tilt, coarse or fine; `marks` has the universes the program was made with. Control side. */
void program_mark_positions(const struct program *p, struct universes *marks);
/* Per head, for what watches flashes (arrays of patch.n_heads): the lowest head with which it shares a channel that strobes, itself when it shares none; whether
 * a shutter is its only way to dim, open from intensity .5. Control side. */
void program_get_shutters(const struct program *p, uint32_t *strobes_with, bool *is_gated);
/* The pan and tilt last sent, degrees, for the frame topic: arrays of patch.n_heads. */
void program_last_position(const struct program_state *s, float *pan, float *tilt);
