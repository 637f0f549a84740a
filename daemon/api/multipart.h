#pragma once
/*
 * multipart/form-data (RFC 7578), read as it comes in pieces of any size: the bytes of the first part that has a file name go to `data`; the others are
 * skipped. Bytes from the network: bounded memory whatever comes.
 *
 *   parts are separated by CRLF "--" boundary; a part's head ends with an empty line.
 *
 * THREADS  One at a time.
 */
#include <stddef.h>

#include "core/err.h"

struct multipart;

struct multipart_sink {
    enum lm_err (*begin)(void *ctx, const char *filename, struct problem *p);   /* once, before the first byte of the file */
    enum lm_err (*data)(void *ctx, const void *bytes, size_t n, struct problem *p);
    void *ctx;
};

/* content_type: the header, with its boundary. LM_BAD_REQUEST: no usable boundary. */
enum lm_err multipart_new(const char *content_type, const struct multipart_sink *sink, struct multipart **result, struct problem *p);
void multipart_free(struct multipart *m);
/* What a sink function returned ends the reading and is returned. LM_BAD_REQUEST: not multipart. */
enum lm_err multipart_feed(struct multipart *m, const void *bytes, size_t n, struct problem *p);
/* LM_BAD_REQUEST: it broke off, or there was no file in it. */
enum lm_err multipart_end(struct multipart *m, struct problem *p);
