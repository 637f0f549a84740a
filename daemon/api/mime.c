#include "api/mime.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "audio/container.h"

static const struct {
    const char *suffix, *type;
} types[] = {
    { "html", "text/html; charset=utf-8" },
    { "js", "text/javascript; charset=utf-8" },
    { "mjs", "text/javascript; charset=utf-8" },
    { "css", "text/css; charset=utf-8" },
    { "json", "application/json" },
    { "map", "application/json" },
    { "webmanifest", "application/manifest+json" },
    { "txt", "text/plain; charset=utf-8" },
    { "md", "text/markdown; charset=utf-8" },
    { "svg", "image/svg+xml" },
    { "png", "image/png" },
    { "jpg", "image/jpeg" },
    { "jpeg", "image/jpeg" },
    { "webp", "image/webp" },
    { "ico", "image/x-icon" },
    { "woff2", "font/woff2" },
    { "woff", "font/woff" },
    { "wasm", "application/wasm" },
    { "glb", "model/gltf-binary" },
};

const char *mime_of_path(const char *path)
{
    const char *name = strrchr(path, '/');
    const char *dot = strrchr(name ? name : path, '.');

    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
        if (!strcasecmp(dot + 1, types[i].suffix))
            return types[i].type;
    return "application/octet-stream";
}

/* Files of tracks end in the name of their format. */
const char *mime_of_audio(const char *path)
{
    const char *dot = strrchr(path, '.');
    const struct container_kind *kind = dot ? container_find(dot + 1) : NULL;

    return kind ? kind->type : "application/octet-stream";
}

bool mime_is(const char *header, const char *type)
{
    size_t n = strlen(type);

    if (!header || strncasecmp(header, type, n))
        return false;
    return type[n - 1] == '/' || !header[n] || strchr("; \t", header[n]);
}
