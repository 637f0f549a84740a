#pragma once
/*
 * UUIDs as 36 lower-case characters + NUL. v4 for new rows, v5 (RFC 4122, SHA-1) for rows with a natural key, so that two
 * machines that make the same row make the same id.
 */
#include <stdbool.h>

enum { UUID_LEN = 36, UUID_SIZE = 37 };

void uuid_new(char out[UUID_SIZE]);                                     /* random, v4 */
void uuid_from_key(const char *kind, const char *key, char out[UUID_SIZE]);  /* v5 of "kind/key" in lumad's own name space */
bool uuid_valid(const char *s);                                         /* lower-case canonical form only */
bool uuid_to_bytes(const char *s, unsigned char out[16]);
