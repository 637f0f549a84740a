#pragma once
/*
 * The head of an HTTP/1.1 request, as bytes that were only peeked at: enough to see whom it is for and to check Host and Origin before
 * anything else has parsed it. Bytes from the network: any content is fine.
 */
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum { HEAD_MAX = 16384 };              /* a browser sends the cookies of every other server of this machine along */

/* Bytes of the head including the empty line; 0: it is not whole yet. */
size_t head_length(const char *bytes, size_t n);
/* Every line but the first is a name of token characters (RFC 9110, 5.6.2), a colon at once, and a value without control characters. The first
 * one ends in HTTP/1.1. Parsers differ in what they make of anything else. */
bool head_is_strict(const char *head, size_t n);
/* `GET /ws` followed by ' ' or '?', and Upgrade: websocket. `n` as head_length() said. */
bool head_is_websocket(const char *head, size_t n);
/* The value of a header, without the white space around it. LM_NOT_FOUND: absent; LM_BAD_REQUEST: given twice, folded over lines, longer than `size` - 1
 * or with control characters: whoever sends that wants two parsers to disagree. */
enum lm_err head_get(const char *head, size_t n, const char *name, char *out, size_t size);
/* For a list, which may come in several headers: the values of all of them in their order, with ", " between. LM_NOT_FOUND, LM_BAD_REQUEST as above. */
enum lm_err head_get_all(const char *head, size_t n, const char *name, char *out, size_t size);
