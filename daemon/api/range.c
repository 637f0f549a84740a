#include "api/range.h"

#include <string.h>
#include <strings.h>

#include "core/str.h"

/* Digits at *at; saturates, so that an absurd position is merely beyond the end. */
static bool number(const char **at, uint64_t *value)
{
    size_t n = strspn(*at, "0123456789");

    *value = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t digit = (uint64_t)((*at)[i] - '0');
        *value = *value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *value * 10 + digit;
    }
    *at += n;
    return n > 0;
}

enum lm_err range_parse(const char *header, uint64_t size, struct byte_range *r)
{
    uint64_t first, last;

    if (!header || strncasecmp(header, "bytes=", 6))
        return LM_NOT_FOUND;
    const char *at = header + 6 + strspn(header + 6, " \t");
    bool has_first = number(&at, &first);
    if (*at++ != '-')
        return LM_NOT_FOUND;
    bool has_last = number(&at, &last);
    at += strspn(at, " \t");
    if (*at || (!has_first && !has_last) || (has_first && has_last && last < first))
        return LM_NOT_FOUND;

    if (!has_first) { /* the last so many bytes */
        if (!last || !size)
            return LM_RANGE;
        first = last < size ? size - last : 0;
        last = size - 1;
    } else {
        if (first >= size)
            return LM_RANGE;
        if (!has_last || last >= size)
            last = size - 1;
    }
    *r = (struct byte_range){ first, last - first + 1 };
    return LM_OK;
}
