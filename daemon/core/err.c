#include "core/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"

static const struct {
    const char *code, *text;
    int http;
} table[LM_ERR_COUNT] = {
#define X(name, http, code, text) [LM_##name] = { code, text, http },
    LM_ERRORS(X)
#undef X
};

static const struct {
    int number;
    enum lm_err err;
} from_errno[] = {
    { 0,             LM_OK },
    { ENOENT,        LM_NOT_FOUND },
    { ENOTDIR,       LM_NOT_FOUND },
    { ENXIO,         LM_NOT_FOUND },
    { ENODEV,        LM_NOT_FOUND },
    { EACCES,        LM_FORBIDDEN },
    { EPERM,         LM_FORBIDDEN },
    { EROFS,         LM_FORBIDDEN },
    { EEXIST,        LM_CONFLICT },
    { ENOTEMPTY,     LM_CONFLICT },
    { EISDIR,        LM_CONFLICT },
    { EADDRINUSE,    LM_CONFLICT },
    { EINVAL,        LM_INVALID },
    { ENAMETOOLONG,  LM_INVALID },
    { ELOOP,         LM_INVALID },
    { EFBIG,         LM_TOO_LARGE },
    { EOVERFLOW,     LM_TOO_LARGE },
    { ETIMEDOUT,     LM_TIMEOUT },
    { EAGAIN,        LM_BUSY },
    { EBUSY,         LM_BUSY },
    { ETXTBSY,       LM_BUSY },
    { EMFILE,        LM_BUSY },
    { ENFILE,        LM_BUSY },
    { ENOMEM,        LM_NOMEM },
    { ENOSPC,        LM_FULL },
    { EDQUOT,        LM_FULL },
};

/* An error number from elsewhere (a message, a library) must not read past the table. */
static enum lm_err known(enum lm_err err)
{
    return (unsigned)err < LM_ERR_COUNT ? err : LM_INTERNAL;
}

const char *lm_err_text(enum lm_err err)
{
    return table[known(err)].text;
}

const char *lm_err_code(enum lm_err err)
{
    return table[known(err)].code;
}

int lm_err_http(enum lm_err err)
{
    return table[known(err)].http;
}

enum lm_err lm_err_from_errno(int e)
{
    for (size_t i = 0; i < sizeof(from_errno) / sizeof(from_errno[0]); i++)
        if (from_errno[i].number == e)
            return from_errno[i].err;
    return LM_IO;
}

void problem_clear(struct problem *p)
{
    if (p)
        memset(p, 0, sizeof(*p));
}

/* By way of a buffer: callers add context with problem_set(p, err, "file: %s", p->detail). */
static __attribute__((format(printf, 3, 0))) void format(char *dst, size_t size, const char *fmt, va_list args)
{
    char text[PROBLEM_DETAIL + 4];

    if (vsnprintf(text, sizeof(text), fmt, args) < 0)
        text[0] = '\0';
    utf8_mend(text);                    /* half a character could not be answered at all */
    str_copy(dst, size, text);
}

enum lm_err problem_set(struct problem *p, enum lm_err err, const char *fmt, ...)
{
    if (!p)
        return err;

    va_list args;
    va_start(args, fmt);
    format(p->detail, sizeof(p->detail), fmt, args);
    va_end(args);
    p->err = err;
    return err;
}

enum lm_err problem_add(struct problem *p, const char *path, const char *fmt, ...)
{
    if (!p)
        return LM_INVALID;
    if (!p->err)
        p->err = LM_INVALID;
    if (p->n == PROBLEM_ERRORS) {
        p->more++;
        return p->err;
    }

    va_list args;
    va_start(args, fmt);
    str_copy(p->errors[p->n].path, PROBLEM_PATH, path);
    utf8_mend(p->errors[p->n].path);
    format(p->errors[p->n].message, PROBLEM_MESSAGE, fmt, args);
    va_end(args);
    p->n++;
    return p->err;
}
