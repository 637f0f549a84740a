#pragma once
/*
 * Which notes explain what is heard at the pitches (dsp/pitches.h): non-negative least squares over 84 notes of 19 partials that fall off by .7 each (M. Mauch, S. Dixon,
 * ISMIR 2010), solved note by note with all others fixed (V. Franc, V. Hlavac, M. Navara, 2005).
 *
 * THREADS  Immutable once made.
 */
#include "dsp/pitches.h"

struct notes;

struct notes *notes_new(void);                  /* NULL: no memory */
void notes_free(struct notes *n);               /* NULL is fine */
/*
 * note: where to begin (zeros, or what explained the moment before) and the answer, 0 and more each. The longer it may take, the nearer to the least squares: `rounds`
 * over all notes, fewer once nothing moves.
 */
void notes_find(const struct notes *n, const float strength[PITCHES], int rounds, float note[PITCH_NOTES]);
