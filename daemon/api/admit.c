#include <stdlib.h>
#include <string.h>

#include "api/exchange.h"
#include "api/mime.h"
#include "api/multipart.h"
#include "api/static.h"
#include "core/json.h"

static const char *header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, name);
}

/* ---- what can be read in two ways is refused, and the connection with it: two parsers that disagree about where a request ends, or about whom it is
 * for, are how one request hides in another ---- */

enum { HOST, ORIGIN, CONTENT_LENGTH, TRANSFER_ENCODING, CONTENT_TYPE, IF_MATCH, COOKIE, AUTHORIZATION, ONCE };

static const char *const once[ONCE] = {
    [HOST] = "Host",
    [ORIGIN] = "Origin",
    [CONTENT_LENGTH] = "Content-Length",
    [TRANSFER_ENCODING] = "Transfer-Encoding",
    [CONTENT_TYPE] = "Content-Type",
    [IF_MATCH] = "If-Match",
    [COOKIE] = "Cookie",
    [AUTHORIZATION] = "Authorization",
};

struct tally {
    unsigned n[ONCE];
    bool has_odd_name;
};

/* RFC 9110, 5.1. libmicrohttpd lets "Origin " pass, and of a value folded over two lines it makes a part of the name. */
static bool is_token(const char *name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    return *name && !name[strspn(name, marks)];
}

static enum MHD_Result tally_header(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct tally *t = cls;

    (void)kind, (void)value;
    if (!is_token(key))
        t->has_odd_name = true;
    for (size_t i = 0; i < ONCE; i++)
        t->n[i] += !strcasecmp(key, once[i]);
    return MHD_YES;
}

static enum lm_err check_framing(struct exchange *x)
{
    struct tally t = { 0 };
    struct problem *p = &x->res.problem;
    const char *encoding = header(x, "Transfer-Encoding");

    MHD_get_connection_values(x->conn, MHD_HEADER_KIND, tally_header, &t);
    if (t.has_odd_name)
        return problem_set(p, LM_BAD_REQUEST, "The name of a header has a character in it that none may have.");
    for (size_t i = 0; i < ONCE; i++)
        if (t.n[i] > 1)
            return problem_set(p, LM_BAD_REQUEST, "The request has two %s headers.", once[i]);
    if (encoding && t.n[CONTENT_LENGTH])
        return problem_set(p, LM_BAD_REQUEST, "The request has both Content-Length and Transfer-Encoding.");
    if (encoding && strcasecmp(encoding, "chunked") != 0)
        return problem_set(p, LM_BAD_REQUEST, "The only Transfer-Encoding is chunked.");
    return LM_OK;
}

static enum lm_err check_guard(struct exchange *x)
{
    const char *host = header(x, "Host");

    if (host)
        str_copy(x->host, sizeof(x->host), host);
    return guard_check(&x->api->guard, host, header(x, "Origin"), &x->res.problem);
}

static bool is_forwarded(const struct exchange *x)
{
    for (const char *const *name = role_proxy_headers; *name; name++)
        if (header(x, *name))
            return true;
    return false;
}

static enum MHD_Result add_forwarded(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct str *s = cls;

    (void)kind;
    if (!strcasecmp(key, "X-Forwarded-For"))
        str_addf(s, "%s%s", s->len ? ", " : "", value ? value : "");
    return MHD_YES;
}

/* Once the head is known to be one: what could be read in two ways proves nothing. */
static void identify(struct exchange *x)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const char *origin = header(x, "Origin"), *scheme = header(x, "X-Forwarded-Proto");

    struct str forwarded_for = { 0 };

    MHD_get_connection_values(x->conn, MHD_HEADER_KIND, add_forwarded, &forwarded_for);
    if (info)
        auth_identify(x->api->lumad->auth,
                      &(struct asker){ .addr = info->client_addr, .is_forwarded = is_forwarded(x), .forwarded_for = forwarded_for.failed ? NULL : forwarded_for.data, .host = x->host,
                                       .cookie = header(x, "Cookie"), .authorization = header(x, "Authorization") },
                      &x->req.who);
    str_clear(&forwarded_for);
    x->req.user_agent = header(x, "User-Agent");
    x->req.is_https = (origin && !strncasecmp(origin, "https://", 8)) || (scheme && !strcasecmp(scheme, "https"));   /* browsers send no Origin with GET */
}

static void find_socket(struct exchange *x)
{
    const union MHD_ConnectionInfo *sock = MHD_get_connection_info(x->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    x->req.sock = sock ? sock->connect_fd : -1;
}

static enum lm_err check_role(struct exchange *x, enum role least)
{
    enum role has = x->req.who.role;

    if (has >= least)
        return LM_OK;
    if (has == ROLE_NONE)
        return problem_set(&x->res.problem, LM_UNAUTHORIZED, "%s", auth_refusal(x->api->lumad->auth));
    return problem_set(&x->res.problem, LM_FORBIDDEN, "This needs the role %s; you are %s.", role_names[least], role_names[has]);
}

static enum lm_err no_such_path(struct exchange *x)
{
    const char *path = x->path + strlen(API_BASE);
    const char *near = !strncmp(x->path, API_BASE "/", strlen(API_BASE) + 1) ? route_nearest(route_tables, path) : NULL;

    if (near)
        return problem_set(&x->res.problem, LM_NOT_FOUND,
                           "There is no %.200s. Near it: " API_BASE "%s. All there is: " API_BASE "/openapi.json.", x->path,
                           near);
    return problem_set(&x->res.problem, LM_NOT_FOUND, "There is no %.200s. All there is: " API_BASE "/openapi.json.", x->path);
}

/* Access is settled before anybody learns whether a path exists. */
static enum lm_err find_route(struct exchange *x, enum http_method method)
{
    static const struct route page = { .method = HTTP_GET, .path = "/", .run = static_serve };
    unsigned allowed = 0;
    enum lm_err err;

    x->is_api = !strcmp(x->path, "/api") || !strncmp(x->path, "/api/", 5);
    if (!x->is_api) {
        if (!strcmp(x->path, "/ws"))
            return problem_set(&x->res.problem, LM_UPGRADE,
                               "Here is a WebSocket: connect with Upgrade: websocket, on a connection of its own.");
        x->req.route = &page;
        allowed = HTTP_GET;
    } else {
        x->req.route = strncmp(x->path, API_BASE "/", strlen(API_BASE) + 1)
                           ? NULL
                           : route_find(route_tables, method, x->path + strlen(API_BASE), &x->req, &allowed);
        if ((err = check_role(x, x->req.route ? x->req.route->role : ROLE_VIEWER)))
            return err;
    }
    if (x->req.route && x->req.route->method == method)
        return LM_OK;
    if (!allowed)
        return no_such_path(x);
    x->res.allow = allowed;
    x->req.route = NULL;
    return problem_set(&x->res.problem, LM_METHOD, "%.200s cannot do that; see Allow.", x->path);
}

static enum lm_err upload_begin(void *ctx, const char *filename, struct problem *p)
{
    struct exchange *x = ctx;

    return x->req.route->upload->begin(&x->req, filename, p);
}

static enum lm_err upload_data(void *ctx, const void *bytes, size_t n, struct problem *p)
{
    struct exchange *x = ctx;

    return x->req.route->upload->data(&x->req, bytes, n, p);
}

static enum lm_err admit_upload(struct exchange *x)
{
    const char *type = x->req.content_type;
    struct problem *p = &x->res.problem;
    char filename[512];
    enum lm_err err;

    x->limit = (uint64_t)x->api->limits.upload_max_bytes;
    if (mime_is(type, "multipart/form-data"))
        return multipart_new(type, &(struct multipart_sink){ upload_begin, upload_data, x }, &x->req.multipart, p);
    if (!mime_is(type, "audio/") && !mime_is(type, "application/octet-stream"))
        return problem_set(p, LM_MEDIA_TYPE, "An upload is audio/*, application/octet-stream or multipart/form-data, not %.100s.",
                           type ? type : "without a Content-Type");
    if ((err = request_query(&x->req, "filename", filename, sizeof(filename), p)))
        return err;
    return upload_begin(x, filename, p);
}

static enum lm_err check_length(struct exchange *x)
{
    const char *text = header(x, "Content-Length");
    uint64_t n = text ? strtoull(text, NULL, 10) : 0;

    if (n <= x->limit)
        return LM_OK;
    if (x->req.route->upload)
        return problem_set(&x->res.problem, LM_TOO_LARGE, "The file has %llu MiB; upload_max_mb in the settings allows %llu.",
                           (unsigned long long)(n >> 20), (unsigned long long)(x->limit >> 20));
    return problem_set(&x->res.problem, LM_TOO_LARGE, "A body may have %d MiB.", JSON_MAX_BYTES >> 20);
}

static enum lm_err check_body(struct exchange *x)
{
    const struct route *r = x->req.route;
    const char *type = header(x, "Content-Type");
    enum lm_err err;

    x->req.content_type = type;
    x->limit = r->upload ? (uint64_t)x->api->limits.upload_max_bytes : JSON_MAX_BYTES;
    if ((err = check_length(x)) || (err = etag_if_match(header(x, "If-Match"), &x->req.if_match, &x->res.problem)))
        return err;
    if (r->upload)
        return admit_upload(x);
    if (r->body && !strcmp(r->body, "csv"))
        return !type || mime_is(type, "text/csv") || mime_is(type, "text/plain")
                   ? LM_OK
                   : problem_set(&x->res.problem, LM_MEDIA_TYPE, "The body must be text/csv, not %.100s.", type);
    if (r->body && type && !mime_is(type, "application/json") && !mime_is(type, "application/merge-patch+json"))
        return problem_set(&x->res.problem, LM_MEDIA_TYPE, "The body must be application/json, not %.100s.", type);
    return LM_OK;
}

void exchange_admit(struct exchange *x, const char *method)
{
    enum http_method m = route_method(method);

    x->req.lumad = x->api->lumad;
    x->req.limits = &x->api->limits;
    x->req.path = x->path;
    x->req.query = x->query;
    x->req.host = x->host;
    x->req.accept_encoding = header(x, "Accept-Encoding");
    x->req.is_stopping = &x->api->is_stopping;
    x->req.caller = x->req.who.key;
    find_socket(x);
    x->req.is_stuck = janitor_is_stuck(x->api->janitor);
    if ((x->err = check_framing(x))) {
        x->is_closing = true;
        return;
    }
    if ((x->err = check_guard(x)))
        return;
    identify(x);
    if (x->path[0] != '/') {
        x->err = problem_set(&x->res.problem, LM_BAD_REQUEST, "The request is for no path.");
        return;
    }
    if (!(x->err = find_route(x, m)))
        x->err = check_body(x);
    if (!x->err)
        x->item.is_slow = x->req.route->flags & (ROUTE_SLOW | ROUTE_ALONE), x->item.is_alone = x->req.route->flags & ROUTE_ALONE;
}
