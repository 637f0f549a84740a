#pragma once
/*
 * jansson, with the habits this project needs: bounded depth and size, NaN never printed, errors with the place they happened.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum { JSON_MAX_DEPTH = 64, JSON_MAX_BYTES = 8 << 20 };

/* UTF-8 text -> value. LM_BAD_REQUEST with line and column, LM_TOO_LARGE over JSON_MAX_BYTES; duplicate keys, depth > JSON_MAX_DEPTH and
 * numbers out of range refused. `*result` is the caller's to decref. */
enum lm_err json_parse(const char *text, size_t n, json_t **result, struct problem *p);
char *json_text(const json_t *v);                   /* compact; the caller's to free; NULL: no memory */
json_t *json_number(double v);                      /* null for NaN and infinities */
json_t *json_text_or_null(const char *s);
json_t *json_instant(int64_t wall_ms);              /* RFC 3339 string; null for 0 */
json_t *json_bool(bool b);
/* RFC 7396: a new value. */
json_t *json_merge_patch(const json_t *target, const json_t *patch);
/* Typed reads with a default; false/def when missing or of another type. */
const char *json_get_text(const json_t *o, const char *key, const char *def);
double json_get_real(const json_t *o, const char *key, double def);     /* integers too */
json_int_t json_get_int(const json_t *o, const char *key, json_int_t def);
bool json_get_bool(const json_t *o, const char *key, bool def);
/* Every member of `o` must be in `known` (NULL-terminated), else problem_add for each. LM_OK or LM_INVALID; LM_BAD_REQUEST if `o` is no object. */
enum lm_err json_only(const json_t *o, const char *const *known, struct problem *p);
