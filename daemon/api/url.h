#pragma once
/* Parts of a request target: "/api/v1/tracks/x?limit=5". Bytes from the network: any content is fine. */
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

/* Percent-decodes text[0..n) into `out`. '+' stays '+' unless `is_query`. false: a bad escape, a NUL, not UTF-8, or it does not fit. */
bool url_decode(const char *text, size_t n, bool is_query, char *out, size_t size);
/* The first value of `name` in a query string without '?'. LM_NOT_FOUND: absent; LM_BAD_REQUEST (p says which): unreadable or longer than `size` - 1. */
enum lm_err url_query(const char *query, const char *name, char *out, size_t size, struct problem *p);
