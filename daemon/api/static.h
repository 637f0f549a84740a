#pragma once
/*
 * The web interface: files of web/dist. Files under assets/ carry a hash in their name and may be kept for ever; the rest is asked for again each time
 * (ETag). Of a file that was compressed when the page was built (FILE.br, FILE.gz) a browser gets what its Accept-Encoding allows. A path that is no file is the page's own business and gets index.html; without web/dist a built-in page says what to do.
 */
#include "api/route.h"

route_handler static_serve;

/* "/assets/x.js" -> "assets/x.js"; false: not a path a file of ours can have ("..", hidden files, escapes that decode to them, backslashes). */
bool static_path(const char *path, char *out, size_t size);
/* Whether a request with this Accept-Encoding (RFC 9110, 12.5.3; may be NULL) takes `coding`. Only what is named counts: "*" is nobody's browser. */
bool static_accepts(const char *header, const char *coding);
