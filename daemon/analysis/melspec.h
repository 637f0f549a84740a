#pragma once
/*
 * A drawing of which frequencies sound when, of any stretch of decoded audio at any width. It is put together from tiles of a pyramid: on level n a column is 10 ms * 2^n, a tile is 128
 * columns; a column is the mean power of at most four spectra (43 ms) in it. Tiles are kept, 32 MB of them, the least recently used go first; so the first look at four minutes takes
 * a tenth of a second, and moving about in them nothing to speak of.
 *
 * On the wire: little-endian, header of 48 bytes: "LMM1", u32 columns, u32 bands, u32 0, f64 start, f64 end (seconds on the track), f32 min_hz, f32 max_hz, f32 floor_db, u32 0;
 * then a byte for each band of each column, a column after the other, lowest band first: byte b is floor_db * (1 - b / 255) dB, where a sine of full scale in the middle of a band has
 * about 0. Bands are spaced as dsp/mel.h says. What lies outside the recording is silent.
 *
 * THREADS  Any; tiles are made by whoever asks for them, outside of any lock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/pcm.h"
#include "core/err.h"

enum { MELSPEC_HEADER = 48, MELSPEC_BANDS_MIN = 16, MELSPEC_BANDS_MAX = 128, MELSPEC_WIDTH_MAX = 4096 };
#define MELSPEC_MIN_HZ 20.0
#define MELSPEC_MAX_HZ 16000.0
#define MELSPEC_FLOOR_DB -80.0

struct melspec;
struct melspec_view { double start, end; uint32_t bands, width; };      /* end > start; bands and width within the limits above */

struct melspec *melspec_new(void);                      /* NULL: no memory */
void melspec_free(struct melspec *m);                   /* NULL is fine */
/* `stop` (may be NULL) is asked before each tile; LM_TIMEOUT when it said yes. Caller frees *data. */
enum lm_err melspec_draw(struct melspec *m, const struct pcm *pcm, const struct melspec_view *v, bool (*stop)(void *ctx), void *ctx, void **data, size_t *size);
