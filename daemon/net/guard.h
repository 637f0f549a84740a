#pragma once
/*
 * Who may speak: Host and Origin (any page an operator has open could drive loopback; DNS rebinding), for API and socket alike.
 * Host must be an IP literal, localhost, the own host name, its .local name or one of allowed_hosts; Origin absent or equal to Host (scheme and port too).
 */
#include <stdbool.h>

#include "core/err.h"

struct guard { char hostname[256]; const char *allowed_hosts; };

void guard_init(struct guard *g, const char *allowed_hosts);
/* LM_OK, LM_BAD_REQUEST (no or malformed Host), LM_FORBIDDEN with a sentence that says what to put in allowed_hosts. origin may be NULL. */
enum lm_err guard_check(const struct guard *g, const char *host, const char *origin, struct problem *p);
