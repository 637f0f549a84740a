#include "api/url.h"

#include <string.h>

#include "core/str.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool url_decode(const char *text, size_t n, bool is_query, char *out, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < n ? hex(text[i + 1]) : -1, low = high < 0 ? -1 : hex(text[i + 2]);
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && is_query) {
            c = ' ';
        }
        if (!c || len + 1 >= size)
            return false;
        out[len++] = c;
    }
    if (!size)
        return false;
    out[len] = '\0';
    return utf8_valid(out, len);
}

enum lm_err url_query(const char *query, const char *name, char *out, size_t size, struct problem *p)
{
    size_t name_len = strlen(name), n;

    for (; *query; query += n + (query[n] == '&')) {
        n = strcspn(query, "&");
        if (n < name_len || strncmp(query, name, name_len) || (n > name_len && query[name_len] != '='))
            continue;
        size_t at = n > name_len ? name_len + 1 : n;
        if (url_decode(query + at, n - at, true, out, size))
            return LM_OK;
        return problem_set(p, LM_BAD_REQUEST, "The query parameter \"%s\" is too long or not percent-encoded UTF-8.", name);
    }
    return LM_NOT_FOUND;
}
