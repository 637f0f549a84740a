#pragma once
/*
 * What a pattern looks like, before it is put anywhere: eight seconds of it on a small stage that is the same for all patterns (24 heads on an arc,
 * every third one moves), with music that is the same for all (120 bpm: bass drum, hats, a chord a bar, and a voice among the stems). Time goes to the right, a stripe is a head;
 * a strobe is dotted; of heads that move, pan (warm) and tilt (cold) are drawn below.
 *
 * THREADS  Any non-real-time; the stage is immutable after it was made.
 */
#include <stddef.h>

#include "core/err.h"
#include "graph/graph.h"

enum { PICTURE_WIDTH = 192, PICTURE_HEIGHT = 54 };

struct picture_stage;

struct picture_stage *picture_stage_new(void);          /* NULL: no memory */
void picture_stage_free(struct picture_stage *s);       /* NULL is fine */
/* A BMP file (24 bit); caller frees. A pattern that has errors, or lights nothing here, is a dark picture. `stop` (may be NULL) is asked all the time, as in
 * graph.h; when it says so there is none: LM_TIMEOUT. Else LM_NOMEM only. */
enum lm_err picture_make(const struct picture_stage *s, const json_t *graph, bool (*stop)(void *ctx), void *ctx, void **bmp, size_t *size);
