#pragma once
/*
 * The form of a piece from its bars: how full each is, where parts begin, what they are.
 *
 * A part begins where the bars behind differ from those before (in sound, harmony, level and drums; J. Foote, "Automatic audio segmentation using a measure of audio novelty", ICME 2000, with
 * means of 2 and of 4 bars instead of a kernel), where four bars are not what the four before were although such are repeated around there, and where it makes parts of eight or four bars: the best
 * sequence of parts is found by dynamic programming. Names follow levels: a drop is full
 * and comes after something that is not (after an intro the piece only begins), a build leads to it, a break is quiet within the piece.
 *
 * Pure; allocates. Time and memory grow with the bars.
 */
#include <stddef.h>

#include "core/err.h"
#include "dsp/texture.h"

enum { OUTLINE_DRUMS = 3, OUTLINE_SLOTS = 8 };          /* kick, snare, hi-hat; in eighths of a bar */
enum outline_kind { OUTLINE_INTRO, OUTLINE_VERSE, OUTLINE_BUILD, OUTLINE_DROP, OUTLINE_BREAK, OUTLINE_OUTRO, OUTLINE_KINDS };
extern const char *const outline_names[OUTLINE_KINDS];

struct outline_bar {
    double power;                       /* K-weighted mean square (dsp/loudness.h) */
    struct texture texture;
    float hits[OUTLINE_DRUMS][OUTLINE_SLOTS];   /* strengths of the hits in each, added */
    float energy;                       /* out: 0 for the quietest bar to 1 for the fullest */
};
struct outline_part { size_t from, to; enum outline_kind kind; };      /* bars from <= i < to */

/* Sets the bars' energies; *parts covers all bars that are not silent, the caller frees it. Silence has none. */
enum lm_err outline_find(struct outline_bar *bars, size_t n, struct outline_part **parts, size_t *n_parts);
