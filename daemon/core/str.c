#include "core/str.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_clear(struct str *s)
{
    free(s->data);
    *s = (struct str){ 0 };
}

/* Room for `n` more bytes and the NUL. */
static bool reserve(struct str *s, size_t n)
{
    if (s->failed)
        return false;
    if (n < s->cap - s->len)
        return true;

    size_t cap = s->cap ? s->cap : 64;
    while (cap - s->len <= n) {
        if (cap > SIZE_MAX / 2) {
            s->failed = true;
            return false;
        }
        cap *= 2;
    }
    char *data = realloc(s->data, cap);
    if (!data) {
        s->failed = true;
        return false;
    }
    s->data = data;
    s->cap = cap;
    return true;
}

void str_add(struct str *s, const char *text)
{
    str_add_mem(s, text, strlen(text));
}

void str_add_mem(struct str *s, const void *mem, size_t n)
{
    if (!reserve(s, n))
        return;
    if (n)
        memcpy(s->data + s->len, mem, n);
    s->len += n;
    s->data[s->len] = '\0';
}

void str_addf(struct str *s, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    if (n < 0)
        s->failed = true;
    else if (reserve(s, (size_t)n)) {
        vsnprintf(s->data + s->len, (size_t)n + 1, fmt, again);
        s->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

char *str_take(struct str *s)
{
    char *text = NULL;

    if (!s->failed) {
        text = s->data ? s->data : calloc(1, 1);
        s->data = NULL;
    }
    str_clear(s);
    return text;
}

bool str_copy(char *dst, size_t size, const char *src)
{
    size_t len = strlen(src);

    if (!size)
        return false;
    bool fits = len < size;
    if (!fits) {
        len = size - 1;
        while (len && ((unsigned char)src[len] & 0xC0) == 0x80)
            len--;
    }
    memmove(dst, src, len);
    dst[len] = '\0';
    return fits;
}

bool str_starts(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

size_t utf8_step(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;

    if (!n)
        return 0;
    if (s[0] < 0x80)
        return s[0] != 0;

    /* Unicode, table 3-7: only the second byte's range depends on the first. */
    size_t len = s[0] >= 0xC2 && s[0] <= 0xDF ? 2 : (s[0] & 0xF0) == 0xE0 ? 3 : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4 : 0;
    unsigned char low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
    if (!len || len > n || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool utf8_valid(const char *s, size_t n)
{
    for (size_t step; n; s += step, n -= step)
        if (!(step = utf8_step(s, n)))
            return false;
    return true;
}

void utf8_mend(char *s)
{
    char *to = s;

    for (size_t n = strlen(s), step; n; s += step, n -= step) {
        if ((step = utf8_step(s, n))) {
            memmove(to, s, step);
            to += step;
        } else {
            step = 1;
        }
    }
    *to = '\0';
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

void str_number_list(char *out, size_t size, int *numbers, size_t n)
{
    size_t at = 0;

    if (n)
        qsort(numbers, n, sizeof(*numbers), by_number);
    out[0] = '\0';
    for (size_t i = 0, end; i < n; i = end) {
        char part[32];
        for (end = i + 1; end < n && numbers[end] - numbers[end - 1] <= 1; end++)
            ;
        int last = numbers[end - 1];
        int length = last == numbers[i] ? snprintf(part, sizeof(part), "%s%d", i ? ", " : "", last)
                                        : snprintf(part, sizeof(part), "%s%d-%d", i ? ", " : "", numbers[i], last);
        if (at + (size_t)length + 5 > size) {
            snprintf(out + at, size - at, " ...");
            return;
        }
        memcpy(out + at, part, (size_t)length + 1);
        at += (size_t)length;
    }
}

void utf8_tidy(char *dst, const void *field, size_t size)
{
    const char *src = field;
    size_t n = 0;

    while (n < size && src[n]) {
        size_t valid = utf8_step(src + n, size - n), step = valid ? valid : 1;
        if (n + step >= size)
            break;
        memcpy(dst + n, src + n, step);
        if (!valid || (unsigned char)src[n] < ' ' || src[n] == 0x7f)
            dst[n] = valid ? ' ' : '?';
        n += step;
    }
    dst[n] = '\0';
}

void str_snake(char *dst, size_t size, const char *src)
{
    size_t n = 0;
    bool gap = false;

    if (!size)
        return;
    for (; *src; src++) {
        char c = *src;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            gap = n > 0;
            continue;
        }
        if (n + gap + 1 >= size)        /* never a lone '_' at the end */
            break;
        if (gap)
            dst[n++] = '_';
        dst[n++] = c;
        gap = false;
    }
    dst[n] = '\0';
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

/* One row of the Wagner-Fischer table at a time; gives up when a whole row has reached `max`. */
static int distance(const char *a, size_t na, const char *b, size_t nb, int max, int *row)
{
    for (size_t j = 0; j <= nb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int diagonal = row[0], least = row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int up = row[j];
            row[j] = min_int(min_int(up, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = up;
            least = min_int(least, row[j]);
        }
        if (least >= max)
            return max;
    }
    return min_int(row[nb], max);
}

int str_distance(const char *a, const char *b, int max)
{
    size_t na, nb;
    int small[128], *row = small;

    while (*a && *a == *b)
        a++, b++;
    na = strlen(a), nb = strlen(b);
    while (na && nb && a[na - 1] == b[nb - 1])
        na--, nb--;
    if (max <= 0)
        return 0;
    if ((na > nb ? na - nb : nb - na) >= (size_t)max)
        return max;
    if (nb >= sizeof(small) / sizeof(small[0]) && !(row = nb < INT_MAX ? malloc((nb + 1) * sizeof(*row)) : NULL))
        return max;

    int d = distance(a, na, b, nb, max, row);
    if (row != small)
        free(row);
    return d;
}
