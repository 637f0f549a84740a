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
 * - dimmer_min and dimmer_max bound a lit head; intensity 0 is always dark. The curve acts before them.
 * - White or amber alone is intensity, warm and cold white without colours follow the hue's warmth, ultraviolet alone is intensity.
 * - In smoke, haze and fan machines intensity drives the output and the brightness of their lights alike.
 * - An iris stands open, a wheel beside mixed colours at white. A shutter closes where intensity is 0 and no dimmer darkens its heads.
 * - speed <= .5: the head holds its position and speed channels go to their slowest; otherwise to their fastest.
 * - A strobe inside a dimmer channel is used from intensity .5; below, lumad strobes it at its own level.
 * - Of two ways to mix colours in one head RGB wins over CMY, CMY over HSV/HSL. Correction (CTO), gobo, prism, zoom, focus, effects and
 *   continuous rotations stay at their defaults. Alias (channels that change their meaning) is read as if no switch had been made.
 * Where a definition leaves no safe way, the patch has a warning.
 *
 * THREADS  program_new(), program_state_new(): control side; the old state may be in use by the engine meanwhile. program_run(): engine, real-time safe. Immutable program.
 */
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
/* The pan and tilt last sent, degrees, for the frame topic: arrays of patch.n_heads. */
void program_last_position(const struct program_state *s, float *pan, float *tilt);
