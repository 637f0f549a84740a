#pragma once
/* Strings: a growing buffer and the few helpers C lacks. */
#include <stdbool.h>
#include <stddef.h>

struct str {
    char *data;             /* always NUL-terminated once something was added; NULL before */
    size_t len, cap;
    bool failed;            /* an allocation failed; what follows is dropped */
};

void str_clear(struct str *s);                          /* frees */
void str_add(struct str *s, const char *text);
void str_add_mem(struct str *s, const void *mem, size_t n);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *str_take(struct str *s);                          /* the text, the caller's to free; "" rather than NULL; NULL only without memory */

bool str_copy(char *dst, size_t size, const char *src); /* false: did not fit (cut at a UTF-8 boundary) */
bool str_starts(const char *s, const char *prefix);
bool utf8_valid(const char *s, size_t n);               /* no surrogates, no overlong forms, no NUL */
size_t utf8_step(const char *s, size_t n);              /* bytes of the character at s, 1..4; 0: not valid (or NUL, or n is 0) */
void utf8_mend(char *s);                                /* takes out what is no UTF-8, such as the half of a character "%.60s" leaves */
/* "1-4, 7": the numbers without repeats, runs as ranges; cut with " ..." when there is more than fits. They are sorted in place. */
void str_number_list(char *out, size_t size, int *numbers, size_t n);
/* A text field of a packet: `size` bytes of any kind, up to the first NUL if there is one. `dst` has room for as many, is NUL-terminated and cut between
 * characters; what is no UTF-8 becomes '?', a control character a space. */
void utf8_tidy(char *dst, const void *field, size_t size);
/* snake_case as group names use it: lower case, every run of other characters one '_', none at the ends. ASCII letters and digits only. */
void str_snake(char *dst, size_t size, const char *src);
/* Levenshtein distance, at most `max` (cheap); for "did you mean". */
int str_distance(const char *a, const char *b, int max);
