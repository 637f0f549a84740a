#include "api/route.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/url.h"
#include "core/json.h"
#include "core/str.h"

static const struct {
    const char *name;
    enum http_method method;
} methods[] = {
    { "GET", HTTP_GET }, { "HEAD", HTTP_GET },    { "POST", HTTP_POST },
    { "PUT", HTTP_PUT }, { "PATCH", HTTP_PATCH }, { "DELETE", HTTP_DELETE },
};

enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

enum http_method route_method(const char *name)
{
    for (size_t i = 0; i < METHODS; i++)
        if (!strcmp(name, methods[i].name))
            return methods[i].method;
    return HTTP_OTHER;
}

const char *route_method_name(enum http_method m)
{
    for (size_t i = 0; i < METHODS; i++)
        if (methods[i].method == m)
            return methods[i].name;
    return "";
}

void route_allow(unsigned allowed, char out[64])
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < METHODS; i++)
        if (allowed & methods[i].method)
            n += (size_t)snprintf(out + n, 64 - n, "%s%s", n ? ", " : "", methods[i].name);
}

static bool match(const char *pattern, const char *path, struct request *req)
{
    size_t n = 0;

    while (*pattern && *path) {
        if (*pattern == '{') {
            size_t len = strcspn(path, "/");
            if (!len || n == ROUTE_ARGS || !url_decode(path, len, false, req->arg[n], ROUTE_ARG_SIZE))
                return false;
            n++;
            path += len;
            pattern += strcspn(pattern, "}") + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return !*pattern && !*path;
}

const struct route *route_find(const struct route *const *tables, enum http_method method, const char *path, struct request *req,
                               unsigned *allowed)
{
    *allowed = 0;
    for (; *tables; tables++)
        for (const struct route *r = *tables; r->path; r++) {
            if (!match(r->path, path, req))
                continue;
            if (r->method == method)
                return r;
            *allowed |= r->method;
        }
    return NULL;
}

const char *route_nearest(const struct route *const *tables, const char *path)
{
    const char *near = NULL;
    char word[64], other[64];
    int best = 4;

    size_t n = *path == '/' ? strcspn(path + 1, "/") : 0;
    if (!n || n >= sizeof(word))
        return NULL;
    memcpy(word, path + 1, n);
    word[n] = '\0';
    for (; *tables; tables++)
        for (const struct route *r = *tables; r->path; r++) {
            snprintf(other, sizeof(other), "%.*s", (int)strcspn(r->path + 1, "/"), r->path + 1);
            int d = str_distance(word, other, best);
            if (d < best)
                best = d, near = r->path;
        }
    return near;
}

bool request_is_gone(const struct request *req)
{
    struct pollfd f = { .fd = req->sock, .events = POLLRDHUP };

    return *req->is_stopping || (req->sock >= 0 && poll(&f, 1, 0) > 0 && f.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* SameSite=Strict: no page of another site makes a browser send it. Secure where a proxy in front speaks TLS; lumad itself does not. */
void request_cookie(const struct request *req, const char *secret, char *out, size_t size)
{
    char name[COOKIE_NAME_SIZE];

    cookie_name(req->host, name);
    snprintf(out, size, "%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s", name, secret, *secret ? 30 * 86400 : 0,
             req->is_https ? "; Secure" : "");
}

enum lm_err request_query(const struct request *req, const char *name, char *out, size_t size, struct problem *p)
{
    enum lm_err err = url_query(req->query, name, out, size, p);

    if (err == LM_NOT_FOUND)
        out[0] = '\0';
    return err == LM_NOT_FOUND ? LM_OK : err;
}

enum lm_err request_query_real(const struct request *req, const char *name, double min, double max, double def, double *value,
                               struct problem *p)
{
    char text[32], *end = text;
    double v = def;
    enum lm_err err = url_query(req->query, name, text, sizeof(text), p);

    *value = def;
    if (err)
        return err == LM_NOT_FOUND ? LM_OK : err;
    /* strtod() knows more numbers than a query needs: hexadecimal ones, infinity. */
    if (strspn(text, "0123456789+-.eE") == strlen(text))
        v = strtod(text, &end);
    if (end == text || *end || !(v >= min && v <= max))
        return problem_set(p, LM_BAD_REQUEST, "The query parameter \"%s\" must be a number from %g to %g.", name, min, max);
    *value = v;
    return LM_OK;
}

enum lm_err request_page(const struct request *req, struct page_query *page, struct problem *p)
{
    double limit;
    enum lm_err err = request_query_real(req, "limit", 1, 1000, 100, &limit, p);

    if (!err && limit != floor(limit))
        err = problem_set(p, LM_BAD_REQUEST, "The query parameter \"limit\" must be a whole number from 1 to 1000.");
    if (!err)
        err = request_query(req, "q", page->text, sizeof(page->text), p);
    if (!err)
        err = request_query(req, "cursor", page->cursor, sizeof(page->cursor), p);
    page->q = (struct row_query){
        .q = page->text[0] ? page->text : NULL,
        .cursor = page->cursor[0] ? page->cursor : NULL,
        .limit = (int)limit,
    };
    return err;
}

static void wrong(struct problem *p, const char *name, const char *text)
{
    char pointer[PROBLEM_PATH];

    snprintf(pointer, sizeof(pointer), "/%s", name);
    problem_add(p, pointer, "%s", text);
}

/* The member, or NULL after saying that it is missing. */
static const json_t *member(const json_t *body, const char *name, bool is_required, struct problem *p)
{
    const json_t *v = json_object_get(body, name);

    if (v && !json_is_null(v))
        return v;
    if (is_required)
        wrong(p, name, "is missing");
    return NULL;
}

const char *body_text(const json_t *body, const char *name, bool is_required, struct problem *p)
{
    const json_t *v = member(body, name, is_required, p);

    if (v && !json_is_string(v))
        wrong(p, name, "must be a text");
    return json_string_value(v);
}

double body_real(const json_t *body, const char *name, bool is_required, double def, double min, double max, struct problem *p)
{
    const json_t *v = member(body, name, is_required, p);
    char text[96];

    if (!v)
        return def;
    if (json_is_number(v) && json_number_value(v) >= min && json_number_value(v) <= max)
        return json_number_value(v);
    snprintf(text, sizeof(text), "must be a number from %g to %g", min, max);
    wrong(p, name, text);
    return def;
}

bool body_bool(const json_t *body, const char *name, bool is_required, bool def, struct problem *p)
{
    const json_t *v = member(body, name, is_required, p);

    if (v && !json_is_boolean(v))
        wrong(p, name, "must be true or false");
    return json_is_boolean(v) ? json_is_true(v) : def;
}

enum lm_err body_only(const json_t *body, const char *const *known, struct problem *p)
{
    enum lm_err err = json_only(body, known, p);

    if (err == LM_BAD_REQUEST && !p->detail[0])
        problem_set(p, LM_BAD_REQUEST, "The body must be a JSON object.");
    return err;
}

void body_under(const char *prefix, struct problem *p)
{
    char path[PROBLEM_PATH];

    for (size_t i = 0; i < p->n; i++) {
        str_copy(path, sizeof(path), p->errors[i].path);
        str_copy(p->errors[i].path, PROBLEM_PATH, prefix);
        size_t n = strlen(p->errors[i].path);
        str_copy(p->errors[i].path + n, PROBLEM_PATH - n, path);
    }
}

enum lm_err respond_json(struct response *res, json_t *json)
{
    res->json = json;
    return json ? LM_OK : problem_set(&res->problem, LM_NOMEM, "There is no memory for the answer.");
}
