#pragma once
/* The Range header of RFC 9110, for one range of bytes: what players and download managers send. */
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

struct byte_range { uint64_t first, length; };

/* LM_OK: serve `r` with 206. LM_NOT_FOUND: no header, not a byte range, or several ranges: serve it all with 200 (RFC 9110 14.2 allows to ignore
 * it). LM_RANGE: 416. `header` may be NULL. */
enum lm_err range_parse(const char *header, uint64_t size, struct byte_range *r);
