#pragma once
/* Content types: of files by their suffix, of requests by their header. */
#include <stdbool.h>

const char *mime_of_path(const char *path);                             /* "application/octet-stream" when unknown */
const char *mime_of_audio(const char *path);                            /* the same, but never something a browser would show as a page */
bool mime_is(const char *header, const char *type);                     /* "Text/HTML; charset=x" is "text/html"; "audio/" is any audio. NULL is nothing */
