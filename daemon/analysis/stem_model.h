#pragma once
/*
 * The optional model that separates stems (`make stem-model`): is it there, was its licence accepted, may it be used. Its weights are for personal and research use only, so
 * it is used only after somebody has accepted that, at the installation or in the settings.
 *
 *   DATA/stem-model/ or <share>/stem-model/     htdemucs.onnx, libonnxruntime.so.1, accepted.json
 *
 * The environment's LUMAD_STEM_MODEL is another folder in place of the one in <share>; empty: none.
 * An acceptance in DATA counts for the model of the share folder too, which the daemon cannot write to.
 *
 * THREADS  Any.
 */
#include <jansson.h>

#include "core/err.h"
#include "core/path.h"
#include "db/db.h"

enum {
    STEM_MODEL_MEMORY_MB = 2600,        /* of the worker while it uses the model, whatever the length of the track (measured: 2540) */
};

enum stem_model_state {
    STEM_MODEL_MISSING,                 /* a file is not there */
    STEM_MODEL_ASKS,                    /* installed; nobody has accepted the licence */
    STEM_MODEL_OFF,                     /* installed and accepted; the setting stem_model is off */
    STEM_MODEL_READY,
};

/* dir: of the model ("" when missing): the --model of stem_worker when the answer is STEM_MODEL_READY. */
enum stem_model_state stem_model_look(struct db_conn *c, const char *data_dir, char dir[PATH_SIZE]);
int stem_model_threads(struct db_conn *c);              /* as the setting says; 0: all cores but one */
/* The StemModel of the API; NULL: no memory. */
json_t *stem_model_json(struct db_conn *c, const char *data_dir);
/* Writes the acceptance into DATA, or takes it away from there (LM_CONFLICT when it was given at the installation). LM_NOT_FOUND: no model is installed. */
enum lm_err stem_model_accept(const char *data_dir, bool is_accepted, struct problem *p);
