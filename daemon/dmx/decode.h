#pragma once
/*
 * The wire read back: the inverse of the channel program (light-model 6). Slots in, and out comes the light that they mean, head by head.
 *
 * Bytes hold less than a frame does. What is read:
 * - intensity: the product of the dimmers above a head, through the inverse of the fixture's curve and limits. Without a dimmer of its own it is what its
 *   colours are scaled by: the largest component of the light they make, hue = light / largest. A head that shares a dimmer and has no colours of its own
 *   reads as the brightest of those that share it. A closed shutter is 0; where a shutter is the only way to dim, open is 1.
 * - A byte in a strobe range of a dimmer channel has no level in it: 1. A head strobed by lumad flickers in intensity and reads strobe 0.
 * - Steps of 1/255 in a dimmer with curve `square` or `s` are larger steps of intensity near the flat ends of the curve.
 * - hue: what the emitters make of the bytes, through the inverse of `white_mode`, CMY, HSV and HSL; a hue channel of 8 bits has steps of 6/255 of a
 *   component. Heads that share colours read the one hue there is. A wheel reads as the colour of its slot. Emitters that cannot make every colour
 *   (white, amber, ultraviolet alone; warm and cold white; a missing primary) read as the colour they really have; of a missing primary nothing is left to see.
 * - Emitters shared by other heads than the rest of a colour say nothing of it where the head has a colour of its own.
 * - A dark head whose colours are 0 too keeps the hue that is in the frame: the last one read, white after frame_reset().
 * - strobe: from the range the byte is in, at least 1/255 while a strobe range is used; a dark head does not strobe.
 * - pan and tilt: degrees, 0 for heads that do not move. Turns are kept: what was unwrapped stays so.
 * - speed: 0 where a speed channel stands at its slowest, else 1.
 * - A head that nothing dims reads 1 when it has a shutter or a colour wheel (a lamp that shines on), else 0: nothing of it is known. So does every head
 *   of a fixture that has no slots.
 * - Parked slots are read like all others, as far as the program could have sent them: a shutter that it never closes, since a dimmer darkens the head, reads
 *   open wherever it is parked.
 *
 * THREADS  Pure. `f` has the program's number of heads, else nothing happens; `u` are universes of the numbers the program was made for.
 */
#include "dmx/program.h"

void program_decode(const struct program *p, const struct universes *u, struct frame *f);
