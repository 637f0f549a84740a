#pragma once
/* What the files of the steps (step_*.c, one a step or two) share. */
#include "analysis/steps.h"

extern const struct step step_decode, step_decode_stems, step_decode_stems_stereo, step_waveform, step_beats, step_stems, step_roots, step_features;

void step_set_args(struct step_run *r, const char *const *args);        /* argv behind argv[0]; ended by NULL */
/* A result is stored, and as new as this analyser's; ours of an older version is done again, what another analyser found stays. */
bool step_is_stored(struct db_conn *c, const char *data_dir, const struct step *s, const char *track_id);
/* The beats of the track that count (the operator's, else the analysed) as JSON in r->dir, for a worker to read: {"beats","downbeats","beats_per_bar","bpm"}; without any
 * beats the lists are empty. */
enum lm_err step_write_beats(const struct step_run *r, struct db_conn *c, char path[PATH_SIZE], struct problem *p);
/* steps_graph.c: the decoded stem of this name (drums, bass, vocals, other), for a step that reads_stems; false: it is not here, and the mix must do. */
bool step_stem_decoded(const struct step_run *r, struct db_conn *c, const char *name, char path[PATH_SIZE]);
