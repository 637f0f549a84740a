#include "api/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/route.h"
#include "api/schema.h"
#include "core/str.h"
#include "core/version.h"

/* "get_venues_id_heads": unique, because method and path are. */
static json_t *operation_id(const struct route *r)
{
    char id[128];
    size_t n = 0;

    for (const char *s = route_method_name(r->method); *s && n + 2 < sizeof(id); s++)
        id[n++] = (char)tolower((unsigned char)*s);
    for (const char *s = r->path; *s && n + 2 < sizeof(id); s++)
        if (isalnum((unsigned char)*s))
            id[n++] = *s;
        else if (id[n - 1] != '_')
            id[n++] = '_';
    while (n && id[n - 1] == '_')
        n--;
    return json_stringn(id, n);
}

static json_t *parameters(const struct route *r)
{
    json_t *list = json_array();
    char name[64];

    for (const char *at = strchr(r->path, '{'); at; at = strchr(at + 1, '{')) {
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "path", "required", 1, "schema", "type", "string"));
    }
    for (const char *at = r->query ? r->query : ""; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        snprintf(name, sizeof(name), "%.*s", (int)n, at);
        json_array_append_new(list, json_pack("{s:s, s:s, s:{s:s}}", "name", name, "in", "query", "schema", "type",
                                              strcmp(name, "limit") ? "string" : "integer"));
        at += n;
    }
    if (r->crud && r->method & (HTTP_PATCH | HTTP_DELETE))
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:{s:s}}", "name", "If-Match", "in", "header", "schema", "type", "string"));
    return list;
}

static const char *media_of(const char *name)
{
    static const char *const media[][2] = { { "binary", "application/octet-stream" }, { "text", "text/plain" }, { "csv", "text/csv" } };

    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++)
        if (!strcmp(name, media[i][0]))
            return media[i][1];
    return "application/json";
}

static json_t *content(const char *name)
{
    return json_pack("{s:{s:o}}", media_of(name), "schema", schema_of(name));
}

static json_t *operation(const struct route *r)
{
    json_t *responses = json_object();
    const char *status = r->reply ? "200" : "204";
    json_t *success = json_pack("{s:s}", "description", r->reply ? "Done." : "Done; nothing to say.");

    if (r->reply)
        json_object_set_new(success, "content", content(r->reply));
    json_object_set_new(responses, status, success);
    if (r->method == HTTP_POST && r->reply && r->body)
        json_object_set(responses, "201", success);
    json_object_set_new(responses, "default",
                        json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", "What went wrong (RFC 9457).", "content",
                                  "application/problem+json", "schema", "$ref", "#/components/schemas/Problem"));
    json_t *o = json_pack("{s:o, s:s, s:s, s:o, s:o}", "operationId", operation_id(r), "summary", r->doc, "x-least-role",
                          role_names[r->role], "parameters", parameters(r), "responses", responses);
    if (r->body)
        json_object_set_new(o, "requestBody",
                            json_pack("{s:b, s:o}", "required", !(r->flags & ROUTE_BODY_OPTIONAL), "content", content(r->body)));
    return o;
}

json_t *openapi_json(void)
{
    json_t *paths = json_object();
    char method[16];

    for (const struct route *const *t = route_tables; *t; t++)
        for (const struct route *r = *t; r->path; r++) {
            if (!json_object_get(paths, r->path))
                json_object_set_new(paths, r->path, json_object());
            str_copy(method, sizeof(method), route_method_name(r->method));
            for (char *c = method; *c; c++)
                *c = (char)tolower((unsigned char)*c);
            json_object_set_new(json_object_get(paths, r->path), method, operation(r));
        }
    return json_pack(
        "{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:{s:o}}", "openapi", "3.1.0", "info", "title", "lumad", "version",
        LUMAD_VERSION, "description",
        "Rows carry id, created_at, updated_at, version; ETag is the version, If-Match on PUT, PATCH and DELETE guards an edit (412 carries the "
        "row as it is). PATCH is JSON Merge Patch. POST may bring its own id.",
        "servers", "url", API_BASE, "paths", paths, "components", "schemas", schema_all());
}

void api_print_openapi(void)
{
    json_t *o = openapi_json();

    if (o)
        json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static void print_cell(const char *text)
{
    for (; text && *text; text++)
        printf(*text == '|' ? "\\|" : "%c", *text);
}

/* "track_data" -> "Track data", and the head of its table. */
static void print_title(const char *name)
{
    printf("\n## %c", toupper((unsigned char)*name));
    for (name++; *name; name++)
        putchar(*name == '_' ? ' ' : *name);
    puts("\n\n| | | least role | body | answer | |\n|---|---|---|---|---|---|");
}

void api_print_routes_md(void)
{
    puts(
        "# The REST interface\n\n"
        "Base `" API_BASE
        "`, JSON in UTF-8. Lists are `{\"items\":[...],\"next\":null|\"cursor\"}` with `?limit=` (100, at most 1000), `&cursor=` and `&q=`. Errors are\n"
        "`application/problem+json` (RFC 9457) with `code` and `errors[]`. `GET " API_BASE
        "/openapi.json` is the same for programs.");
    for (size_t t = 0; route_tables[t]; t++) {
        print_title(route_titles[t]);
        for (const struct route *r = route_tables[t]; r->path; r++) {
            printf("| %s | `%s` | %s | %s | %s | ", route_method_name(r->method), r->path, role_names[r->role],
                   r->body ? r->body : "", r->reply ? r->reply : "");
            print_cell(r->doc);
            if (r->query)
                printf(" Query: `%s`.", r->query);
            puts(" |");
        }
    }
}
