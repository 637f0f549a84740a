#include "core/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/str.h"

/* Before parsing, because jansson recurses: 2,048 levels, its own limit, are more than the stack of a pool thread holds. */
static bool is_too_deep(const char *text, size_t n)
{
    int depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else
                in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_MAX_DEPTH)
                return true;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return false;
}

enum lm_err json_parse(const char *text, size_t n, json_t **result, struct problem *p)
{
    json_error_t error;

    if (n > JSON_MAX_BYTES)
        return problem_set(p, LM_TOO_LARGE, "%zu bytes of JSON, at most %d are read", n, JSON_MAX_BYTES);
    if (!n)
        return problem_set(p, LM_BAD_REQUEST, "line 1, column 1: no JSON, the text is empty");
    if (memchr(text, '\0', n))     /* jansson takes it for the end and would not look at what follows */
        return problem_set(p, LM_BAD_REQUEST, "a NUL character in the JSON");
    if (is_too_deep(text, n))
        return problem_set(p, LM_BAD_REQUEST, "nested deeper than %d levels", JSON_MAX_DEPTH);

    json_t *v = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!v && json_error_code(&error) == json_error_out_of_memory)
        return problem_set(p, LM_NOMEM, "no memory for %zu bytes of JSON", n);
    if (!v)
        return problem_set(p, LM_BAD_REQUEST, "line %d, column %d: %s", error.line, error.column, error.text);
    *result = v;
    return LM_OK;
}

static void add_string(struct str *s, const char *text, size_t n)
{
    static const char hex[] = "0123456789abcdef", after[] = "btn\0fr";

    str_add_mem(s, "\"", 1);
    for (size_t i = 0, from = 0; i <= n; i++) {
        unsigned char c = i < n ? (unsigned char)text[i] : 0;
        if (i < n && c >= 0x20 && c != '"' && c != '\\')
            continue;
        str_add_mem(s, text + from, i - from);
        from = i + 1;
        if (i == n)
            break;
        char escaped[6] = { '\\', (char)c, '0', '0', hex[c >> 4], hex[c & 15] };
        bool is_short = c >= 0x20 || (c >= 8 && c <= 13 && after[c - 8]);
        if (c < 0x20)
            escaped[1] = is_short ? after[c - 8] : 'u';
        str_add_mem(s, escaped, is_short ? 2 : 6);
    }
    str_add_mem(s, "\"", 1);
}

/* The shortest of the three that reads back as the same number; 17 digits always do (IEEE 754). */
static void add_real(struct str *s, double v)
{
    char text[40];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    str_add(s, text);
    if (!strpbrk(text, ".e"))
        str_add(s, ".0");       /* stays a real when it is read again */
}

static void add_value(struct str *s, const json_t *v)
{
    const char *key;
    json_t *member;
    size_t i;
    bool rest = false;

    switch (json_typeof(v)) {
    case JSON_OBJECT:
        str_add(s, "{");
        json_object_foreach((json_t *)v, key, member) {
            if (rest)
                str_add(s, ",");
            rest = true;
            add_string(s, key, strlen(key));
            str_add(s, ":");
            add_value(s, member);
        }
        str_add(s, "}");
        break;
    case JSON_ARRAY:
        str_add(s, "[");
        json_array_foreach(v, i, member) {
            if (i)
                str_add(s, ",");
            add_value(s, member);
        }
        str_add(s, "]");
        break;
    case JSON_STRING:
        add_string(s, json_string_value(v), json_string_length(v));
        break;
    case JSON_INTEGER:
        str_addf(s, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        break;
    case JSON_REAL:
        add_real(s, json_real_value(v));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        str_add(s, json_is_true(v) ? "true" : "false");
        break;
    case JSON_NULL:
        str_add(s, "null");
        break;
    }
}

/* Not json_dumps(): that writes every real with 17 digits, 0.1 as 0.10000000000000001. */
char *json_text(const json_t *v)
{
    struct str s = { 0 };

    if (!v)
        return NULL;
    add_value(&s, v);
    return str_take(&s);
}

json_t *json_number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

json_t *json_text_or_null(const char *s)
{
    struct str clean = { 0 };

    if (!s)
        return json_null();
    size_t n = strlen(s);
    if (utf8_valid(s, n))
        return json_stringn_nocheck(s, n);

    /* File names and tags may be in any encoding: U+FFFD for what is not UTF-8. */
    for (size_t step; n; s += step, n -= step) {
        if ((step = utf8_step(s, n))) {
            str_add_mem(&clean, s, step);
        } else {
            str_add(&clean, "\xEF\xBF\xBD");
            step = 1;
        }
    }
    json_t *v = clean.failed ? NULL : json_stringn_nocheck(clean.data, clean.len);
    str_clear(&clean);
    return v;
}

json_t *json_instant(int64_t wall_ms)
{
    char text[25];

    if (!wall_ms)
        return json_null();
    clock_format_rfc3339(wall_ms, text);
    return json_string_nocheck(text);
}

json_t *json_bool(bool b)
{
    return b ? json_true() : json_false();
}

json_t *json_merge_patch(const json_t *target, const json_t *patch)
{
    const char *key;
    json_t *value;

    if (!json_is_object(patch))
        return json_deep_copy(patch);
    json_t *result = json_object();
    if (!result)
        return NULL;
    json_object_foreach((json_t *)target, key, value)           /* none if the target is no object */
        if (!json_object_get(patch, key) && json_object_set_new(result, key, json_deep_copy(value)))
            goto failed;
    json_object_foreach((json_t *)patch, key, value)
        if (!json_is_null(value) &&
            json_object_set_new(result, key, json_merge_patch(json_object_get(target, key), value)))
            goto failed;
    return result;
failed:
    json_decref(result);
    return NULL;
}

const char *json_get_text(const json_t *o, const char *key, const char *def)
{
    const json_t *v = json_object_get(o, key);

    return json_is_string(v) ? json_string_value(v) : def;
}

double json_get_real(const json_t *o, const char *key, double def)
{
    const json_t *v = json_object_get(o, key);

    return json_is_number(v) ? json_number_value(v) : def;
}

json_int_t json_get_int(const json_t *o, const char *key, json_int_t def)
{
    const json_t *v = json_object_get(o, key);

    return json_is_integer(v) ? json_integer_value(v) : def;
}

bool json_get_bool(const json_t *o, const char *key, bool def)
{
    const json_t *v = json_object_get(o, key);

    return json_is_boolean(v) ? json_is_true(v) : def;
}

/* RFC 6901: '~' and '/' of a name are escaped in a pointer. */
static void pointer(char out[PROBLEM_PATH], const char *key)
{
    struct str s = { 0 };

    str_add(&s, "/");
    for (; *key; key++)
        str_add_mem(&s, *key == '~' ? "~0" : *key == '/' ? "~1" : key, *key == '~' || *key == '/' ? 2 : 1);
    str_copy(out, PROBLEM_PATH, s.failed ? "" : s.data);
    str_clear(&s);
}

enum lm_err json_only(const json_t *o, const char *const *known, struct problem *p)
{
    enum lm_err err = LM_OK;
    const char *key;
    json_t *value;

    if (!json_is_object(o))
        return problem_set(p, LM_BAD_REQUEST, "a JSON object is expected");
    json_object_foreach((json_t *)o, key, value) {
        const char *near = NULL;
        char path[PROBLEM_PATH];
        int best = 3;                       /* a suggestion further away than that is noise */
        size_t i;

        for (i = 0; known[i] && strcmp(known[i], key); i++) {
            int d = str_distance(key, known[i], best);
            if (d < best)
                best = d, near = known[i];
        }
        if (known[i])
            continue;
        pointer(path, key);
        problem_add(p, path, "unknown member%s%s%s", near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
        err = LM_INVALID;
    }
    return err;
}
