#pragma once
/*
 * Every way a call can fail, once: the name, the HTTP status it becomes and the text a person reads.
 *
 * A function that can fail returns `enum lm_err` (LM_OK is 0). Where the caller needs to know more than the kind, it passes a
 * `struct problem`, which also names the members of a document that are wrong; api/ turns it into application/problem+json
 * (RFC 9457), unchanged.
 *
 * MEMORY   A problem is a plain struct on the caller's stack; nothing to free. NULL is accepted everywhere one is asked for.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define LM_ERRORS(X)                                                                              \
    X(OK,             200, "ok",             "OK")                                                \
    X(BAD_REQUEST,    400, "bad_request",    "The request cannot be read")                        \
    X(UNAUTHORIZED,   401, "unauthorized",   "Sign in first")                                     \
    X(FORBIDDEN,      403, "forbidden",      "Not allowed")                                       \
    X(NOT_FOUND,      404, "not_found",      "Not found")                                         \
    X(METHOD,         405, "method",         "Method not allowed here")                           \
    X(TIMEOUT,        408, "timeout",        "Took too long")                                     \
    X(CONFLICT,       409, "conflict",       "In conflict with what is there")                    \
    X(STALE,          412, "stale",          "Changed by someone else meanwhile")                 \
    X(TOO_LARGE,      413, "too_large",      "Too large")                                         \
    X(MEDIA_TYPE,     415, "media_type",     "This kind of content is not understood")            \
    X(RANGE,          416, "range",          "Range outside the file")                            \
    X(INVALID,        422, "invalid",        "Understood, but not valid")                         \
    X(UPGRADE,        426, "upgrade",        "A WebSocket is needed here")                        \
    X(RATE_LIMITED,   429, "rate_limited",   "Too many requests")                                 \
    X(INTERNAL,       500, "internal",       "lumad failed; see its log")                         \
    X(BUSY,           503, "busy",           "Busy, try again")                                   \
    X(IO,             503, "io",             "Reading or writing failed")                         \
    X(NOMEM,          503, "no_memory",      "Out of memory")                                     \
    X(FULL,           507, "full",           "No space left")

enum lm_err {
#define X(name, http, code, text) LM_##name,
    LM_ERRORS(X)
#undef X
    LM_ERR_COUNT
};

const char *lm_err_text(enum lm_err err);   /* "Not found" */
const char *lm_err_code(enum lm_err err);   /* "not_found": the `code` on the wire */
int lm_err_http(enum lm_err err);           /* 404 */
enum lm_err lm_err_from_errno(int e);       /* ENOENT -> NOT_FOUND, ENOSPC -> FULL, ENOMEM -> NOMEM, ... else IO */

enum { PROBLEM_DETAIL = 512, PROBLEM_ERRORS = 16, PROBLEM_PATH = 96, PROBLEM_MESSAGE = 256 };

struct problem {
    enum lm_err err;
    char detail[PROBLEM_DETAIL];
    size_t n;                               /* of errors[]; further ones are only counted in `more` */
    size_t more;
    struct {
        char path[PROBLEM_PATH];            /* JSON pointer, "/address"; "" = the whole document */
        char message[PROBLEM_MESSAGE];
    } errors[PROBLEM_ERRORS];
};

void problem_clear(struct problem *p);
/* Sets the kind and the sentence; returns `err`, so `return problem_set(p, LM_INVALID, "...")` reads well. */
enum lm_err problem_set(struct problem *p, enum lm_err err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Adds one wrong member; sets err to LM_INVALID when nothing was set before. Returns p->err (LM_INVALID if p is NULL). */
enum lm_err problem_add(struct problem *p, const char *path, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
