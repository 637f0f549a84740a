/* The audit log: what is written of a request, and the list of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/crud.h"
#include "api/exchange.h"
#include "core/json.h"
#include "core/str.h"
#include "net/audit.h"

enum { MEMBERS_MAX = 8, TEXT_MAX = 80 };

/* ---- what is written ---- */

/* Whatever comes to hold a secret one day is named like one. */
static bool is_secret(const char *name)
{
    static const char *const words[] = { "password", "token", "secret", "code", "key", "credential" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

/* A value as short as a line needs it: scalars as they are, of all else how much it is. */
static json_t *shorten(const json_t *v)
{
    char text[TEXT_MAX + 1];

    if (json_is_string(v)) {
        str_copy(text, sizeof(text), json_string_value(v));
        return json_string(text);
    }
    if (json_is_array(v) || json_is_object(v)) {
        snprintf(text, sizeof(text), json_is_array(v) ? "[%zu]" : "{%zu}", json_is_array(v) ? json_array_size(v) : json_object_size(v));
        return json_string(text);
    }
    return json_copy((json_t *)v);      /* the line outlives the request, in another thread */
}

/* What was sent, shortened; of a route whose body holds secrets the members that say who it is about. */
static json_t *detail_of(const struct exchange *x)
{
    static const char *const names[] = { "name", "title", "label" };
    json_t *o = json_object(), *v;
    const char *key;
    size_t n = 0;

    json_object_foreach ((json_t *)x->req.body, key, v) {
        bool is_about = !strcmp(key, "name") || !strcmp(key, "role");
        if (is_secret(key) || (x->req.route->flags & ROUTE_SECRET && !is_about) || strlen(key) > TEXT_MAX || n++ >= MEMBERS_MAX)
            continue;
        json_object_set_new(o, key, shorten(v));
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && x->res.json; i++)
        if ((v = json_object_get(x->res.json, names[i])) && json_is_string(v) && !json_object_get(o, names[i]))
            json_object_set_new(o, names[i], shorten(v));
    return o;
}

/* "fixtures": the table of the rows, else what the path begins with; of "/auth/users/{id}" the second word, where that is a table. */
static void table_of(const struct route *r, char *out, size_t size)
{
    static const char *const others[][2] = { { "setup", "users" }, { "password", "users" }, { "login", "sessions" }, { "logout", "sessions" } };
    const char *at = str_starts(r->path, "/auth/") ? r->path + strlen("/auth/") : r->path + 1;
    char word[64];

    snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, "/"), at);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (!strcmp(word, others[i][0]))
            str_copy(word, sizeof(word), others[i][1]);
    str_copy(out, size, r->crud ? r->crud->table->name : word);
}

void exchange_note(const struct exchange *x)
{
    const struct route *r = x->req.route;
    char action[128], table[64];

    if (r->method == HTTP_GET || r->flags & ROUTE_ASKS)
        return;
    const char *id = json_get_text(x->res.json, "id", x->req.arg[0]);
    snprintf(action, sizeof(action), "%s %s", route_method_name(r->method), r->path);
    table_of(r, table, sizeof(table));
    audit_add(x->api->lumad->audit, &x->req.who, action, table, *id ? id : NULL, detail_of(x));
}

/* ---- what is read ---- */

static enum lm_err list(struct request *req, struct response *res)
{
    struct page_query page;
    enum lm_err err = request_page(req, &page, &res->problem);

    if (err)
        return err;
    audit_flush(req->lumad->audit, NULL);       /* what cannot be written is told by a warning; what is there is shown */
    return audit_page(req->db, page.q.q, page.q.cursor, page.q.limit, &res->json, &res->problem);
}

const struct route api_audit[] = {
    { HTTP_GET, "/audit", list, ROLE_ADMIN, NULL, "AuditLine[]",
      .doc = "Who changed what, from where, and which sign-ins failed; newest first. Repeats within two seconds are one line (`detail.times`). The newest 100,000 are kept.",
      .flags = ROUTE_SLOW, .query = "limit cursor q" },
    { 0 },
};
