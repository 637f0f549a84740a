#pragma once
/*
 * Chains on the wire and in the table audio_chains: [{"type":"limiter","bypass":false,"ceiling_db":-1}], parameters by their ids in effect_types[], those left out at their defaults.
 *
 * THREADS  Any that may allocate.
 */
#include <jansson.h>

#include "audio/chain.h"
#include "core/err.h"

/*
 * *s is what can be understood of it, whatever is wrong: an effect nobody knows is left out, a value that is none is the default. Wrong are, each with its
 * place ("/effects/2/hz"): another type than these, unknown members, what is no number or outside its range, more than CHAIN_EFFECTS.
 */
enum lm_err chain_from_json(const json_t *effects, bool is_enabled, struct chain_settings *s, struct problem *p);
/* A new array with every parameter; NULL: no memory. */
json_t *chain_to_json(const struct chain_settings *s);
/* The same effects with what was left out; a new reference. Of effects that chain_from_json() takes. */
json_t *chain_complete(const json_t *effects);
/* [{"type","label","help","params":[{"id","label","type","unit","help","min","max","default","step"}]}] */
json_t *effect_types_json(void);
