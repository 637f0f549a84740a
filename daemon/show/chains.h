#pragma once
/*
 * Which chain of effects sounds: the row of audio_chains for the device in use (its exact name), else the row for every device, else what lumad does by itself
 * (audio/chain.h). And how much louder or quieter a track is played, so that all are alike.
 *
 * THREADS  Any non-real-time; the caller holds none of the show's locks.
 */
#include <jansson.h>

struct show;

/* Puts on what the rows say now. After a change of a row, and by the show itself when the device is another. */
void show_chain_load(struct show *s);
/* {"chain_id","name","device","is_enabled","effects":[...],"latency_ms"}; chain_id null: by itself. NULL: no memory. */
json_t *show_chain_json(struct show *s);
