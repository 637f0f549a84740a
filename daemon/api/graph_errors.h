#pragma once
/* What an implementation keeps beside its graph. */
#include <jansson.h>

#include "core/err.h"

/* What the editor shows beside a graph, as a new array. LM_INVALID: it is no graph at all (its shape is wrong). */
enum lm_err graph_errors_of(const json_t *graph, json_t **errors, struct problem *p);
