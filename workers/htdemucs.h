#pragma once
/*
 * Separation by the model htdemucs (Rouard, Massa, Défossez: Hybrid Transformers for Music Source Separation, 2022) as ONNX, run by ONNX Runtime. Neither comes with lumad:
 * `make stem-model` fetches both into one folder, after it has shown the licence of the weights (personal and research use only).
 *
 *   DIR/htdemucs.onnx             the weights (DEMUCS_MODEL)
 *   DIR/libonnxruntime.so.1       the runtime (DEMUCS_RUNTIME)
 *
 * The sound is taken in segments of 7.8 s that overlap by a quarter and are faded into each other (dsp/demucs.h). What the model made of a segment is kept in OUT_DIR
 * (audio/pieces.h) until all are done, so that a run that was killed goes on with the segment it was at.
 *
 * THREADS  One at a time per struct htdemucs.
 * MEMORY   About 2.5 GB while it separates, whatever the length of the track.
 */
#include "core/err.h"
#include "stems.h"

enum { HTDEMUCS_RATE = 44100, HTDEMUCS_VERSION = 1 };   /* the rate of stem_run.in and .out; the version of what it makes */

struct htdemucs;

/* threads: 0 = one less than there are cores. Everything that can be wrong with the installation is found here, before a stem is opened: LM_NOT_FOUND: the model or the
 * runtime is not there; LM_INVALID: it is another file than it should be; LM_NOMEM: there is not enough memory; with the words for the operator in p. */
enum lm_err htdemucs_open(const char *dir, int threads, struct htdemucs **result, struct problem *p);
void htdemucs_close(struct htdemucs *h);                /* NULL is fine */
/* Writes all of r->out, and closes neither end of r. Whatever comes of it, what was finished is kept in r->dir for a next time. */
enum lm_err htdemucs_separate(struct htdemucs *h, const struct stem_run *r, struct problem *p);
void htdemucs_forget(const char *dir);                  /* there will be no next time: removes what is kept */
