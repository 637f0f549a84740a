#pragma once
/* ETags as the API uses them: a row's is its version in quotes, a file's is its hash. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { ETAG_SIZE = 80, ETAG_ANY = -1, ETAG_NEVER = 0 };

/* If-Match -> the version a row must have: ETAG_ANY for no header or "*"; ETAG_NEVER (no row has it) for a tag that is not one of ours; LM_BAD_REQUEST for
 * a header that is no tag or names several. */
enum lm_err etag_if_match(const char *header, int64_t *version, struct problem *p);
/* If-None-Match: does the list name `etag` (with its quotes)? Weak comparison. "*" matches. */
bool etag_is_listed(const char *header, const char *etag);
void etag_of_version(int64_t version, char out[ETAG_SIZE]);
