#include "audio/picture.h"

#include <string.h>

const char *picture_type(const void *data, size_t n)
{
    static const struct { const char *type; size_t at, n; const char *bytes; } kinds[] = {
        { "image/jpeg", 0, 3, "\xff\xd8\xff" }, { "image/png", 0, 8, "\x89PNG\r\n\x1a\n" }, { "image/webp", 8, 4, "WEBP" }, { "image/gif", 0, 4, "GIF8" },
    };
    const char *b = data;

    if (n < PICTURE_MIN || n > PICTURE_MAX)
        return NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (!memcmp(b + kinds[i].at, kinds[i].bytes, kinds[i].n) && (kinds[i].at == 0 || !memcmp(b, "RIFF", 4)))
            return kinds[i].type;
    return NULL;
}
