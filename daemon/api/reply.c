#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/exchange.h"
#include "api/range.h"
#include "core/json.h"
#include "core/log.h"

json_t *problem_json(enum lm_err err, const struct problem *p, const json_t *current)
{
    json_t *errors = json_array();
    const char *detail = p->detail[0] ? p->detail : NULL;
    char text[PROBLEM_PATH + PROBLEM_MESSAGE + 64];

    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(errors, json_pack("{s:s, s:s}", "path", p->errors[i].path, "message", p->errors[i].message));
    if (!detail && p->n) {
        snprintf(text, sizeof(text), "%s %s%s", p->errors[0].path[0] ? p->errors[0].path : "The body", p->errors[0].message,
                 p->n + p->more > 1 ? ", and more" : "");
        detail = text;
    }
    json_t *o =
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:o}", "type", "about:blank", "title", lm_err_text(err), "status", lm_err_http(err),
                  "detail", detail ? detail : lm_err_text(err), "code", lm_err_code(err), "errors", errors);
    if (o && p->more)
        json_object_set_new(o, "more", json_integer((json_int_t)p->more));
    if (o && current)
        json_object_set(o, "current", (json_t *)current);
    return o;
}

static void add(struct MHD_Response *r, const char *name, const char *value)
{
    if (value && value[0] && MHD_add_response_header(r, name, value) != MHD_YES)
        log_debug("api", "header %s cannot be sent", name);
}

static struct MHD_Response *of_json(const json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    struct MHD_Response *r = text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE) : NULL;

    if (!r)
        free(text);
    return r;
}

static struct MHD_Response *of_nothing(void)
{
    return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
}

/* A file, or the part of it that was asked for. */
static struct MHD_Response *of_file(struct exchange *x, unsigned *status)
{
    struct response *res = &x->res;
    const char *asked = MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "Range");
    const char *only_if = MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "If-Range");
    struct byte_range range = { 0, res->fd_size };
    char text[80];

    /* If-Range: the part only if the file is still the one they have begun; it is compared strongly. */
    enum lm_err err = only_if && strcmp(only_if, res->etag) ? LM_NOT_FOUND : range_parse(asked, res->fd_size, &range);
    if (err == LM_RANGE) {
        json_t *json = problem_json(LM_RANGE, &res->problem, NULL);
        struct MHD_Response *r = of_json(json);
        json_decref(json);
        if (r) {
            snprintf(text, sizeof(text), "bytes */%" PRIu64, res->fd_size);
            add(r, "Content-Range", text);
            add(r, "Content-Type", "application/problem+json");
            *status = (unsigned)lm_err_http(LM_RANGE);
        }
        return r;
    }
    struct MHD_Response *r = MHD_create_response_from_fd_at_offset64(range.length, res->fd, range.first);
    if (!r)
        return NULL;
    res->fd = -1; /* theirs now */
    add(r, "Accept-Ranges", "bytes");
    add(r, "Content-Type", res->type);
    if (!err) {
        snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first, range.first + range.length - 1,
                 res->fd_size);
        add(r, "Content-Range", text);
        *status = 206;
    }
    return r;
}

static struct MHD_Response *of_success(struct exchange *x, unsigned *status)
{
    struct response *res = &x->res;
    json_t *version = json_object_get(res->json, "version");

    *status = res->status ? (unsigned)res->status : 200;
    if (!res->etag[0] && json_is_integer(version))
        etag_of_version(json_integer_value(version), res->etag);
    if (*status == 200 && x->req.route->method == HTTP_GET && !res->is_more &&
        etag_is_listed(MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "If-None-Match"), res->etag)) {
        *status = 304;
        return of_nothing();
    }
    if (res->fd >= 0)
        return of_file(x, status);
    struct MHD_Response *r;
    if (res->data) {
        r = MHD_create_response_from_buffer(res->n, res->data, MHD_RESPMEM_MUST_FREE);
        if (r)
            res->data = NULL;
        if (r)
            add(r, "Content-Type", res->type);
        return r;
    }
    if (!res->json)
        return of_nothing();
    if ((r = of_json(res->json)))
        add(r, "Content-Type", "application/json");
    return r;
}

static struct MHD_Response *of_problem(struct exchange *x, unsigned *status)
{
    char allow[64];
    json_t *json = problem_json(x->err, &x->res.problem, x->err == LM_STALE ? x->res.json : NULL);

    if (json_array_size(x->res.errors) && !json_object_set(json, "errors", x->res.errors))
        json_object_del(json, "more");
    struct MHD_Response *r = of_json(json);
    *status = (unsigned)lm_err_http(x->err);
    if (*status >= 500)
        log_warn("api", "%.200s: %d %s", x->path, *status,
                 x->res.problem.detail[0] ? x->res.problem.detail : lm_err_text(x->err));
    if (r) {
        add(r, "Content-Type", "application/problem+json");
        route_allow(x->res.allow, allow);
        add(r, "Allow", allow);
        if (x->err == LM_UNAUTHORIZED)
            add(r, "WWW-Authenticate", "Bearer realm=\"lumad\"");
        if (x->err == LM_UPGRADE)
            add(r, "Upgrade", "websocket");
        if (x->err == LM_BUSY || x->err == LM_RATE_LIMITED) {
            snprintf(allow, sizeof(allow), "%d", x->res.retry_s ? x->res.retry_s : 1);
            add(r, "Retry-After", allow);
        }
    }
    json_decref(json);
    return r;
}

/* The page may load its own files and speak to its own host; nobody may frame it, and no script stands in it. Styles come from files, and one by one from
 * scripts; the one attribute that is allowed, by the hash of "display: contents", is what Svelte puts around a component that is given a --property. ws: must be named, 'self' does not cover it in every browser. */
static void add_policy(struct exchange *x, struct MHD_Response *r)
{
    char text[1024];

    add(r, "X-Content-Type-Options", "nosniff");
    add(r, "Referrer-Policy", "no-referrer");
    add(r, "Cross-Origin-Resource-Policy", "same-origin");
    if (x->err || !x->res.is_page) {
        add(r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
        return;
    }
    snprintf(
        text, sizeof(text),
        "default-src 'self'; script-src 'self'; connect-src 'self' ws://%s wss://%s; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; "
        "style-src 'self'; style-src-attr 'unsafe-hashes' 'sha256-tcbDxjMo+xKqM21aCGYbs/QAJqB7yUXC06oPWDapBgc='; worker-src 'self' blob:; frame-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        x->host, x->host);
    add(r, "Content-Security-Policy", text);
}

/* A session that was used lasts longer: the browser is told so too. Not beside files that others may keep. */
static void add_cookie(struct exchange *x, struct MHD_Response *r)
{
    char secret[SECRET_SIZE];

    if (!x->err && !x->res.cookie[0] && x->is_api && x->req.who.is_renewed &&
        cookie_secret(MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "Cookie"), x->host, secret)) {
        request_cookie(&x->req, secret, x->res.cookie, sizeof(x->res.cookie));
        auth_told(x->api->lumad->auth, &x->req.who);
    }
    if (!x->err)
        add(r, "Set-Cookie", x->res.cookie);
}

enum MHD_Result exchange_reply(struct exchange *x)
{
    unsigned status = 500;
    struct MHD_Response *r = x->err ? of_problem(x, &status) : of_success(x, &status);

    if (!r)
        return MHD_NO; /* no memory even for saying so: the connection is closed */
    if (!x->err)
        add(r, "ETag", x->res.etag);
    if (x->res.encoding && !x->err) {
        add(r, "Content-Encoding", x->res.encoding);
        add(r, "Vary", "Accept-Encoding");
    }
    if (x->res.disposition[0] && !x->err)
        add(r, "Content-Disposition", x->res.disposition);
    add(r, "Cache-Control", x->err ? "no-store" : x->res.cache ? x->res.cache : x->res.etag[0] ? "private, no-cache" : "no-store");
    add_policy(x, r);
    add_cookie(x, r);
    if (x->is_closing || x->err == LM_UPGRADE)
        add(r, "Connection", "close");
    enum MHD_Result queued = MHD_queue_response(x->conn, status, r);
    MHD_destroy_response(r);
    return queued;
}
