/* A request line and its headers: "METHOD target\nHost\nOrigin\nRange\nIf-Match", as the front door, the guard and the dispatcher read them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/etag.h"
#include "api/mime.h"
#include "api/multipart.h"
#include "api/range.h"
#include "api/route.h"
#include "api/static.h"
#include "net/guard.h"
#include "net/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum lm_err begin(void *ctx, const char *filename, struct problem *p)
{
    (void)ctx, (void)p;
    return strlen(filename) < 512 ? LM_OK : LM_INTERNAL;
}

static enum lm_err take(void *ctx, const void *bytes, size_t n, struct problem *p)
{
    (void)bytes, (void)p;
    *(size_t *)ctx += n;
    return LM_OK;
}

/* The same bytes in one piece and in pieces of one must give the same file. */
static void multipart(const char *bytes, size_t n)
{
    size_t whole = 0, pieces = 0, *count[] = { &whole, &pieces };
    enum lm_err err[2];

    for (int i = 0; i < 2; i++) {
        struct multipart *m = NULL;
        if (multipart_new("multipart/form-data; boundary=b", &(struct multipart_sink){ begin, take, count[i] }, &m, NULL))
            abort();
        size_t step = i ? 1 : n + 1;
        err[i] = LM_OK;
        for (size_t at = 0; !err[i] && at < n; at += step)
            err[i] = multipart_feed(m, bytes + at, at + step < n ? step : n - at, NULL);
        if (!err[i])
            err[i] = multipart_end(m, NULL);
        multipart_free(m);
    }
    if (err[0] != err[1] || (!err[0] && whole != pieces))
        abort();
}

static void headers(const char *host, const char *origin, const char *range, const char *if_match)
{
    static const struct guard guard = { .hostname = "booth", .allowed_hosts = "a.example, b" };
    struct byte_range r;
    struct problem p = { 0 };
    int64_t version;

    enum lm_err err = guard_check(&guard, host, origin, &p);
    if (err && err != LM_BAD_REQUEST && err != LM_FORBIDDEN)
        abort();
    if (!range_parse(range, 1000, &r) && (!r.length || r.first + r.length > 1000))
        abort();
    if (!etag_if_match(if_match, &version, &p) && version < ETAG_ANY)
        abort();
    etag_is_listed(if_match, "\"7\"");
    mime_is(range, "audio/");
}

static void target(const char *method, char *path)
{
    struct request req = { 0 };
    struct page_query page;
    char file[256], text[64];
    unsigned allowed;
    char *query = path + strcspn(path, "?");

    if (*query)
        *query++ = '\0';
    req.path = path;
    req.query = query;
    enum http_method m = route_method(method);
    const struct route *r = route_find(route_tables, m, path, &req, &allowed);
    if (r && r->method != m)
        abort();
    route_allow(allowed, text);
    route_nearest(route_tables, path);
    if (!request_page(&req, &page, NULL) && (page.q.limit < 1 || page.q.limit > 1000))
        abort();
    if (static_path(path, file, sizeof(file)) && (strstr(file, "/../") || !strncmp(file, "../", 3) || file[0] == '/'))
        abort();
    mime_of_path(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char value[64], *text = strndup((const char *)data, size), *lines[6] = { 0 }, *save = NULL;
    size_t n = 0, head = head_length((const char *)data, size);

    if (head) {
        head_is_websocket((const char *)data, head);
        head_get((const char *)data, head, "Host", value, sizeof(value));
    }
    multipart((const char *)data, size);
    for (char *line = strtok_r(text, "\n", &save); line && n < 6; line = strtok_r(NULL, "\n", &save))
        lines[n++] = line;
    if (n > 1)
        headers(lines[1], lines[2], lines[3], lines[4]);
    if (n) {
        char *space = strchr(lines[0], ' ');
        if (space)
            *space = '\0';
        target(space ? lines[0] : "GET", space ? space + 1 : lines[0]);
    }
    free(text);
    return 0;
}
