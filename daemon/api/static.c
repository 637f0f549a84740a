#include "api/static.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/mime.h"
#include "api/url.h"
#include "core/path.h"
#include "core/str.h"

static const char no_interface[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>lumad</title>\n"
    "<meta name=\"color-scheme\" content=\"dark light\">\n"
    "<h1>lumad is running</h1>\n"
    "<p>The show and the interfaces for programs work. The web interface is not installed, so there is nothing to see here yet.</p>\n"
    "<ul>\n"
    "<li>In the source tree: run <code>make web</code>, then load this page again.</li>\n"
    "<li>Installed: <code>make install</code> puts it beside the program.</li>\n"
    "<li>Somewhere else: set <code>web</code> in <code>[server]</code> of <code>lumad.conf</code> to the folder with its <code>index.html</code>.</li>\n"
    "</ul>\n"
    "<p>What programs can do is listed in <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p>\n</html>\n";

bool static_path(const char *path, char *out, size_t size)
{
    if (*path != '/' || !url_decode(path + 1, strlen(path + 1), false, out, size) || strchr(out, '\\'))
        return false;
    for (const char *part = out;; part++) {
        if (*part == '.' || *part == '/')
            return false;
        part += strcspn(part, "/");
        if (!*part)
            return true;
        if (!part[1]) { /* a folder: it has no page of its own */
            *(char *)part = '\0';
            return true;
        }
    }
}

/* LM_NOT_FOUND: no regular file. */
static enum lm_err open_file(const char *root, const char *name, struct response *res)
{
    char full[PATH_SIZE];
    struct stat st;

    if (path_join(full, root, name))
        return LM_NOT_FOUND;
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return LM_NOT_FOUND;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return LM_NOT_FOUND;
    }
    res->fd = fd;
    res->fd_size = (uint64_t)st.st_size;
    res->type = mime_of_path(name);
    res->cache = str_starts(name, "assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    snprintf(res->etag, sizeof(res->etag), "\"%" PRIx64 "-%" PRIx64 "\"",
             (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_size);
    return LM_OK;
}

bool static_accepts(const char *header, const char *coding)
{
    size_t n = strlen(coding);

    for (const char *at = header; at && *at; at += strcspn(at, ","), at += *at == ',') {
        at += strspn(at, " \t");
        if (strncasecmp(at, coding, n) != 0 || !strchr(" \t;,", at[n]))
            continue;
        const char *q = at + n;
        q += strspn(q, " \t;");
        return !((*q == 'q' || *q == 'Q') && q[1] == '=' && strtod(q + 2, NULL) <= 0);
    }
    return false;
}

/* The file, or what it was made into when the page was built (web/compress.mjs): a tablet on a slow wireless network waits a third of the time. */
static enum lm_err open_best(struct request *req, const char *root, const char *name, struct response *res)
{
    static const struct { const char *coding, *ending; } made[] = { { "br", ".br" }, { "gzip", ".gz" } };
    char other[1040];

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        snprintf(other, sizeof(other), "%s%s", name, made[i].ending);
        if (!static_accepts(req->accept_encoding, made[i].coding) || open_file(root, other, res))
            continue;
        res->type = mime_of_path(name);
        res->encoding = made[i].coding;
        return LM_OK;
    }
    res->encoding = "";
    return open_file(root, name, res);
}

static enum lm_err explain(struct response *res)
{
    res->data = strdup(no_interface);
    res->n = sizeof(no_interface) - 1;
    res->type = "text/html; charset=utf-8";
    return res->data ? LM_OK : LM_NOMEM;
}

enum lm_err static_serve(struct request *req, struct response *res)
{
    char name[1024], root[PATH_SIZE];
    const char *web = req->lumad->config->web;

    res->is_page = true;
    if (!static_path(req->path, name, sizeof(name)))
        return problem_set(&res->problem, LM_NOT_FOUND, "There is no such file.");
    if (*web ? !str_copy(root, sizeof(root), web) : path_share("web/dist", root, NULL) != LM_OK)
        return explain(res);
    if (*name && !open_best(req, root, name, res))
        return LM_OK;
    const char *last = strrchr(name, '/');
    if (strchr(last ? last : name, '.')) /* a missing picture must not turn into a page */
        return problem_set(&res->problem, LM_NOT_FOUND, "There is no file %.200s in the web interface.", name);
    if (!open_best(req, root, "index.html", res))
        return LM_OK;
    res->encoding = NULL;
    return explain(res);
}
