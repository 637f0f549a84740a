#include "api/multipart.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/str.h"

enum { BOUNDARY_MAX = 70, HEAD_MAX = 8192, NAME_MAX_BYTES = 512 }; /* RFC 2046 5.1.1: a boundary has at most 70 characters */

enum state {
    STATE_PREAMBLE, /* before the first boundary */
    STATE_AFTER,    /* right behind a boundary: "--" or CRLF */
    STATE_HEAD,     /* lines of a part's head */
    STATE_SKIP,     /* the body of a part nobody wants */
    STATE_FILE,     /* the body of the file */
    STATE_DONE,     /* behind the last boundary: an epilogue is ignored */
};

struct multipart {
    struct multipart_sink sink;
    enum state state;
    bool has_file;
    char mark[BOUNDARY_MAX + 5]; /* CRLF "--" boundary */
    size_t mark_len;
    /* What may still turn out to be the start of a mark, or of a line. Never longer than HEAD_MAX. */
    char held[HEAD_MAX];
    size_t held_len;
    char filename[NAME_MAX_BYTES];
};

/* The value of `key` in a header like `form-data; name="a"; filename="b.wav"`. */
static bool parameter(const char *header, const char *key, char *out, size_t size)
{
    size_t key_len = strlen(key);

    for (const char *at = strchr(header, ';'); at; at = strchr(at, ';')) {
        at++;
        at += strspn(at, " \t");
        if (strncasecmp(at, key, key_len) || at[key_len] != '=')
            continue;
        const char *value = at + key_len + 1;
        size_t n = 0;
        if (*value == '"') {
            for (value++; *value && *value != '"'; value++) {
                if (*value == '\\' && (value[1] == '"' || value[1] == '\\'))
                    value++;
                if (n + 1 >= size)
                    return false;
                out[n++] = *value;
            }
            if (*value != '"')
                return false;
        } else {
            for (; *value && !strchr("; \t", *value); value++) {
                if (n + 1 >= size)
                    return false;
                out[n++] = *value;
            }
        }
        out[n] = '\0';
        return n > 0;
    }
    return false;
}

enum lm_err multipart_new(const char *content_type, const struct multipart_sink *sink, struct multipart **result,
                          struct problem *p)
{
    char boundary[BOUNDARY_MAX + 1];

    if (!parameter(content_type, "boundary", boundary, sizeof(boundary)))
        return problem_set(p, LM_BAD_REQUEST, "The Content-Type names no boundary of 1 to %d characters.", BOUNDARY_MAX);
    struct multipart *m = calloc(1, sizeof(*m));
    if (!m)
        return problem_set(p, LM_NOMEM, "There is no memory to read the upload.");
    m->sink = *sink;
    str_copy(m->mark, sizeof(m->mark), "\r\n--");
    str_copy(m->mark + 4, sizeof(m->mark) - 4, boundary);
    m->mark_len = strlen(m->mark);
    memcpy(m->held, "\r\n", 2); /* the first boundary may stand at the very start */
    m->held_len = 2;
    *result = m;
    return LM_OK;
}

void multipart_free(struct multipart *m)
{
    free(m);
}

static enum lm_err give(struct multipart *m, const char *bytes, size_t n, struct problem *p)
{
    return m->state == STATE_FILE && n ? m->sink.data(m->sink.ctx, bytes, n, p) : LM_OK;
}

/* How many bytes at the end of text could be the beginning of the mark. */
static size_t possible_mark(const struct multipart *m, const char *text, size_t n)
{
    for (size_t len = n < m->mark_len - 1 ? n : m->mark_len - 1; len; len--)
        if (!memcmp(text + n - len, m->mark, len))
            return len;
    return 0;
}

/* A body: everything up to the mark. What was held of a possible mark is put before the new bytes, which is at most mark_len - 1 bytes. */
static enum lm_err eat_body(struct multipart *m, const char **at, size_t *n, struct problem *p)
{
    enum lm_err err;

    while (m->held_len && *n) { /* byte by byte while it might be a mark that was cut in two */
        m->held[m->held_len++] = *(*at)++;
        --*n;
        if (m->held_len == m->mark_len && !memcmp(m->held, m->mark, m->mark_len)) {
            m->held_len = 0;
            m->state = STATE_AFTER;
            return LM_OK;
        }
        size_t keep = possible_mark(m, m->held, m->held_len), out = m->held_len - keep;
        if ((err = give(m, m->held, out, p)))
            return err;
        memmove(m->held, m->held + out, keep);
        m->held_len = keep;
    }
    if (!*n)
        return LM_OK;
    const char *mark = memmem(*at, *n, m->mark, m->mark_len);
    size_t out = mark ? (size_t)(mark - *at) : *n - possible_mark(m, *at, *n);
    if ((err = give(m, *at, out, p)))
        return err;
    *at += out;
    *n -= out;
    if (mark) {
        *at += m->mark_len;
        *n -= m->mark_len;
        m->state = STATE_AFTER;
    } else {
        memcpy(m->held, *at, *n);
        m->held_len = *n;
        *at += *n;
        *n = 0;
    }
    return LM_OK;
}

/* One line of a part's head is complete in `held` (with its CRLF). */
static enum lm_err head_line(struct multipart *m, struct problem *p)
{
    m->held[m->held_len - 2] = '\0';
    bool is_empty = m->held_len == 2;
    m->held_len = 0;
    if (!is_empty) {
        if (!strncasecmp(m->held, "Content-Disposition:", 20) &&
            !parameter(m->held + 20, "filename", m->filename, sizeof(m->filename)))
            m->filename[0] = '\0';
        return LM_OK;
    }
    m->state = m->filename[0] && !m->has_file ? STATE_FILE : STATE_SKIP;
    if (m->state == STATE_FILE) {
        m->has_file = true;
        return m->sink.begin(m->sink.ctx, m->filename, p);
    }
    return LM_OK;
}

static enum lm_err eat_head(struct multipart *m, const char **at, size_t *n, struct problem *p)
{
    while (*n && m->state == STATE_HEAD) {
        if (m->held_len == sizeof(m->held) - 1)
            return problem_set(p, LM_BAD_REQUEST, "A part of the upload has a head of more than %d bytes.", HEAD_MAX);
        m->held[m->held_len++] = *(*at)++;
        --*n;
        if (m->held_len >= 2 && !memcmp(m->held + m->held_len - 2, "\r\n", 2)) {
            enum lm_err err = head_line(m, p);
            if (err)
                return err;
        }
    }
    return LM_OK;
}

/* Behind a boundary: "--" ends all, white space and CRLF begin a part. */
static enum lm_err eat_after(struct multipart *m, const char **at, size_t *n, struct problem *p)
{
    while (*n) {
        if (m->held_len == 64)
            break;
        m->held[m->held_len++] = *(*at)++;
        --*n;
        if (m->held_len == 2 && !memcmp(m->held, "--", 2)) {
            m->state = STATE_DONE;
            return LM_OK;
        }
        if (m->held_len >= 2 && !memcmp(m->held + m->held_len - 2, "\r\n", 2)) {
            for (size_t i = 0; i < m->held_len - 2; i++)
                if (m->held[i] != ' ' && m->held[i] != '\t')
                    return problem_set(p, LM_BAD_REQUEST, "A boundary of the upload is not followed by a new line.");
            m->held_len = 0;
            m->filename[0] = '\0';
            m->state = STATE_HEAD;
            return LM_OK;
        }
    }
    return *n ? problem_set(p, LM_BAD_REQUEST, "A boundary of the upload is not followed by a new line.") : LM_OK;
}

enum lm_err multipart_feed(struct multipart *m, const void *bytes, size_t n, struct problem *p)
{
    static enum lm_err (*const eat[])(struct multipart *, const char **, size_t *, struct problem *) = {
        [STATE_PREAMBLE] = eat_body, [STATE_AFTER] = eat_after, [STATE_HEAD] = eat_head,
        [STATE_SKIP] = eat_body,     [STATE_FILE] = eat_body,
    };
    const char *at = bytes;
    enum lm_err err = LM_OK;

    while (!err && n && m->state != STATE_DONE)
        err = eat[m->state](m, &at, &n, p);
    return err;
}

enum lm_err multipart_end(struct multipart *m, struct problem *p)
{
    if (m->state != STATE_DONE)
        return problem_set(p, LM_BAD_REQUEST, "The upload breaks off before its last boundary.");
    if (!m->has_file)
        return problem_set(p, LM_BAD_REQUEST, "There is no file in the upload: no part has a filename.");
    return LM_OK;
}
