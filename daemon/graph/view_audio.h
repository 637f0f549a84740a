#pragma once
/*
 * Sounds for the editor: a waveform, a spectrogram. Both read the annotation's stretch of a sound through its filters.
 *
 * `stop` (may be NULL) is asked now and then; true ends it.
 *
 * THREADS  Any; nothing is kept.
 */
#include "graph/audio.h"

/* {"type":"audio","columns":512,"rate","min":[...],"max":[...],"mean":[...]}; {"type":"audio","missing":true} without a decoded sound. NULL: no memory, or stopped. */
json_t *view_audio_json(const struct node_context *ctx, const struct audio_chain *sound, bool (*stop)(void *), void *stop_ctx);

/* {"type":"mel","bands":128,"columns":n,"start","end","min_hz","max_hz","floor_db":-80,"data"}, n at most 512: in `data`, base64, a byte for each band of each column,
 * a column after the other, lowest band first; byte b is floor_db * (1 - b / 255) dB, where a sine of full scale in the middle of a band has about 0. */
json_t *view_mel_json(const struct node_context *ctx, const struct audio_chain *sound, bool (*stop)(void *), void *stop_ctx);
