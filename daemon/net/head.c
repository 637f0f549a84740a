#include "net/head.h"

#include <string.h>
#include <strings.h>

size_t head_length(const char *bytes, size_t n)
{
    const char *end = n ? memmem(bytes, n, "\r\n\r\n", 4) : NULL;

    return end ? (size_t)(end - bytes) + 4 : 0;
}

/* The next line at *at (without CRLF), false at the empty one or the end. */
static bool next_line(const char **at, const char *end, const char **line, size_t *n)
{
    const char *eol = *at < end ? memmem(*at, (size_t)(end - *at), "\r\n", 2) : NULL;

    if (!eol || eol == *at)
        return false;
    *line = *at;
    *n = (size_t)(eol - *at);
    *at = eol + 2;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* The next header of that name from *at on, trimmed. LM_BAD_REQUEST: folded over lines, or with control characters. */
static enum lm_err next_value(const char **at, const char *end, const char *name, const char **value, size_t *n)
{
    size_t len, name_len = strlen(name);
    const char *line;

    while (next_line(at, end, &line, &len)) {
        if (is_blank(line[0]))
            return LM_BAD_REQUEST;
        if (len <= name_len || strncasecmp(line, name, name_len) || line[name_len] != ':')
            continue;
        const char *start = line + name_len + 1, *stop = line + len;
        while (start < stop && is_blank(*start))
            start++;
        while (stop > start && is_blank(stop[-1]))
            stop--;
        for (const char *c = start; c < stop; c++)
            if (is_control(*c))
                return LM_BAD_REQUEST;
        *value = start;
        *n = (size_t)(stop - start);
        return LM_OK;
    }
    return LM_NOT_FOUND;
}

static enum lm_err get(const char *head, size_t n, const char *name, bool is_list, char *out, size_t size)
{
    const char *at = head, *end = head + n, *value;
    size_t len, used = 0;
    bool found = false;
    enum lm_err err;

    if (!next_line(&at, end, &value, &len))
        return LM_BAD_REQUEST;
    while (!(err = next_value(&at, end, name, &value, &len))) {
        const char *between = found ? ", " : "";
        if ((found && !is_list) || used + strlen(between) + len >= size)
            return LM_BAD_REQUEST;
        memcpy(out + used, between, strlen(between));
        used += strlen(between);
        memcpy(out + used, value, len);
        used += len;
        found = true;
    }
    if (err == LM_NOT_FOUND && found) {
        out[used] = '\0';
        err = LM_OK;
    }
    return err;
}

enum lm_err head_get(const char *head, size_t n, const char *name, char *out, size_t size)
{
    return get(head, n, name, false, out, size);
}

enum lm_err head_get_all(const char *head, size_t n, const char *name, char *out, size_t size)
{
    return get(head, n, name, true, out, size);
}

static size_t token_length(const char *text, size_t n)
{
    static const char marks[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t i = 0;

    while (i < n && text[i] && strchr(marks, text[i]))
        i++;
    return i;
}

static bool has_control(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_control(text[i]) && text[i] != '\t')
            return true;
    return false;
}

bool head_is_strict(const char *head, size_t n)
{
    static const char version[] = " HTTP/1.1";
    const char *at = head, *end = head + n, *line;
    size_t len;

    if (!next_line(&at, end, &line, &len) || len < sizeof(version) || has_control(line, len) ||
        memcmp(line + len - strlen(version), version, strlen(version)) != 0)
        return false;
    while (next_line(&at, end, &line, &len)) {
        size_t name = token_length(line, len);
        if (!name || name == len || line[name] != ':' || has_control(line, len))
            return false;
    }
    return true;
}

bool head_is_websocket(const char *head, size_t n)
{
    char upgrade[64];

    if (n < 8 || memcmp(head, "GET /ws", 7) || (head[7] != ' ' && head[7] != '?'))
        return false;
    return !head_get(head, n, "Upgrade", upgrade, sizeof(upgrade)) && strcasestr(upgrade, "websocket");
}
