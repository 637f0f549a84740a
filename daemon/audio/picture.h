#pragma once
/* Album art: which pictures are taken from a file and shown to a browser. */
#include <stddef.h>

enum { PICTURE_MAX = 8 << 20, PICTURE_MIN = 32 };     /* bytes */

/* "image/jpeg", "image/png", "image/webp" or "image/gif", by the first bytes, whatever the tag called it; NULL: none of these, or not between the two sizes. */
const char *picture_type(const void *data, size_t n);
