#pragma once
/*
 * Pieces of sound that a long computation keeps in a folder, so that it can go on where it was after it was killed: DIR/NAME.NUMBER.KEY.piece, FLAC with 16 bits. The key is
 * a hash of what the piece was computed from; a piece with another key is not taken, and goes when a new one is written.
 *
 * THREADS  One at a time per folder and name.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { PIECE_CHANNELS = 8 };

struct pieces { const char *dir, *name; int channels, rate; size_t frames; };      /* frames: of each piece; channels: at most PIECE_CHANNELS */

/* x: [channel][frames]. false: it is not there, of another key, or damaged; x is then undefined. */
bool piece_read(const struct pieces *s, size_t number, uint64_t key, float *x);
/* What it keeps is what x holds afterwards: rounded to 16 bits, clipped at full scale, so that a run that goes on comes to the same end as one that was never stopped. */
enum lm_err piece_write(const struct pieces *s, size_t number, uint64_t key, float *x, struct problem *p);
void pieces_remove(const struct pieces *s);             /* all of them, also half written ones */
