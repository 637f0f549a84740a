#include "api/etag.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"

/* The next tag of a list: its text between the quotes; false at the end or at something else. */
static bool next_tag(const char **at, const char **tag, size_t *n)
{
    *at += strspn(*at, " \t,");
    if (str_starts(*at, "W/"))
        *at += 2;
    if (**at != '"')
        return false;
    *tag = *at + 1;
    *n = strcspn(*tag, "\"");
    if ((*tag)[*n] != '"')
        return false;
    *at = *tag + *n + 1;
    return true;
}

enum lm_err etag_if_match(const char *header, int64_t *version, struct problem *p)
{
    const char *tag;
    size_t n;

    *version = ETAG_ANY;
    if (!header || !strcmp(header, "*"))
        return LM_OK;
    const char *at = header;
    if (*at && strspn(at, "0123456789") == strlen(at)) { /* a version without its quotes: what it means is plain */
        tag = at;
        n = strlen(at);
    } else if (!next_tag(&at, &tag, &n) || at[strspn(at, " \t")]) {
        return problem_set(p, LM_BAD_REQUEST, "If-Match must be one ETag as lumad gave it, for example \"7\".");
    }
    bool is_ours = n > 0 && n <= 18 && strspn(tag, "0123456789") >= n;
    *version = is_ours ? strtoll(tag, NULL, 10) : ETAG_NEVER;
    return LM_OK;
}

bool etag_is_listed(const char *header, const char *etag)
{
    const char *tag;
    size_t n, len = strlen(etag);

    if (!header || len < 2)
        return false;
    if (!strcmp(header, "*"))
        return true;
    while (next_tag(&header, &tag, &n))
        if (n == len - 2 && !memcmp(tag, etag + 1, n))
            return true;
    return false;
}

void etag_of_version(int64_t version, char out[ETAG_SIZE])
{
    snprintf(out, ETAG_SIZE, "\"%" PRId64 "\"", version);
}
