#include "../../tap.h"

#include <stdlib.h>

#include "api/crud.h"
#include "api/openapi.h"
#include "api/route.h"
#include "api/schema.h"

TEST(a_path_finds_its_row_and_its_parts)
{
    struct request req = { 0 };
    unsigned allowed;
    const struct route *r = route_find(route_tables, HTTP_PUT, "/venues/a%20b/overrides/c", &req, &allowed);

    CHECK(r);
    CHECK_STR(r->path, "/venues/{id}/overrides/{pattern_id}");
    CHECK_STR(req.arg[0], "a b");
    CHECK_STR(req.arg[1], "c");
}

TEST(a_wrong_method_says_what_is_allowed)
{
    struct request req = { 0 };
    unsigned allowed;
    char text[64];

    CHECK(!route_find(route_tables, HTTP_DELETE, "/venues", &req, &allowed));
    CHECK_INT(allowed, HTTP_GET | HTTP_POST);
    route_allow(allowed, text);
    CHECK_STR(text, "GET, HEAD, POST");
    route_allow(HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_PATCH | HTTP_DELETE, text);
    CHECK_STR(text, "GET, HEAD, POST, PUT, PATCH, DELETE");
}

TEST(what_is_no_path_has_no_row)
{
    static const char *const bad[] = {
        "",
        "/",
        "/venues/",
        "/venues//heads",
        "/venues/%",
        "/venues/%00",
        "/venues/x/heads/",
        "/venuesx",
        "venues",
        "/venues/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
    };
    struct request req = { 0 };
    unsigned allowed;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(!route_find(route_tables, HTTP_GET, bad[i], &req, &allowed));
        CHECK_INT(allowed, 0);
    }
}

TEST(a_near_miss_is_helped)
{
    CHECK_STR(route_nearest(route_tables, "/venue"), "/venues");
    CHECK_STR(route_nearest(route_tables, "/tracs/1"), "/tracks");
    CHECK(!route_nearest(route_tables, "/something-else-entirely"));
    CHECK(!route_nearest(route_tables, ""));
}

/* Whatever is listed can be reached, says what it is, and names shapes that exist. */
TEST(every_row_is_sound)
{
    for (const struct route *const *t = route_tables; *t; t++)
        for (const struct route *r = *t; r->path; r++) {
            struct request req = { 0 };
            unsigned allowed;
            json_t *body = r->body ? schema_of(r->body) : NULL, *reply = r->reply ? schema_of(r->reply) : NULL;
            bool is_sound = r->doc && r->run && (!r->body || body) && (!r->reply || reply) &&
                            route_find(route_tables, r->method, r->path, &req, &allowed) == r;

            json_decref(body);
            json_decref(reply);
            if (!is_sound)
                TAP_FAIL("%s %s", route_method_name(r->method), r->path);
            if (r->crud)
                CHECK(r->crud->table);
        }
}

/* Every "$ref" leads somewhere, and no type is missing (jansson would have dropped it). */
static int count_lost(const json_t *v, const json_t *schemas)
{
    const char *name, *ref = json_string_value(json_object_get(v, "$ref"));
    int lost = ref && !json_object_get(schemas, ref + strlen("#/components/schemas/"));
    json_t *child;
    size_t i;

    json_object_foreach ((json_t *)v, name, child) {
        lost += count_lost(child, schemas);
    }
    json_array_foreach (v, i, child) {
        lost += count_lost(child, schemas);
    }
    return lost;
}

TEST(openapi_is_made_of_them)
{
    json_t *o = openapi_json();
    json_t *schemas = json_object_get(json_object_get(o, "components"), "schemas"), *s;
    json_t *show = json_object_get(json_object_get(schemas, "Show"), "properties");
    int lost = count_lost(o, schemas), unknown = 0;
    bool is_whole = json_object_size(schemas) > 60 && json_object_get(show, "venue_id") && json_object_get(show, "mode") && json_object_get(show, "group_masters");
    const char *name;

    json_object_foreach (schemas, name, s) {
        unknown += !json_is_object(s) || !schema_exists(name);
    }
    json_decref(o);
    CHECK(is_whole);
    CHECK_INT(lost, 0);
    CHECK_INT(unknown, 0);
    CHECK(!schema_of("Nonsense"));
    CHECK(!schema_of("Nonsense[]"));
}

static enum lm_err real(const char *query, double *value)
{
    struct request req = { .query = query };

    return request_query_real(&req, "n", 1, 10, 5, value, NULL);
}

TEST(numbers_of_a_query)
{
    static const char *const bad[] = {
        "n=", "n=0", "n=11", "n=x", "n=1x", "n=nan", "n=inf", "n=0x5", "n=1e99", "n=%20", "n=--1"
    };
    double v;

    CHECK_INT(real("", &v), LM_OK);
    CHECK_NEAR(v, 5, 0);
    CHECK_INT(real("n=2.5", &v), LM_OK);
    CHECK_NEAR(v, 2.5, 0);
    CHECK_INT(real("n=1e1", &v), LM_OK);
    CHECK_NEAR(v, 10, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (real(bad[i], &v) != LM_BAD_REQUEST || v < 1 || v > 10) /* what is refused leaves the default */
            TAP_FAIL("%s is taken as %g", bad[i], v);
}

TEST(members_of_a_body)
{
    json_t *body = json_loads("{\"t\":\"x\",\"r\":2,\"b\":true,\"n\":null,\"extra\":1}", 0, NULL);
    static const char *const known[] = { "t", "r", "b", "n", NULL };
    struct problem p = { 0 };

    CHECK_STR(body_text(body, "t", true, &p), "x");
    CHECK_NEAR(body_real(body, "r", true, 0, 0, 9, &p), 2, 0);
    CHECK(body_bool(body, "b", true, false, &p));
    CHECK(!body_text(body, "n", false, &p));
    CHECK_NEAR(body_real(body, "none", false, 7, 0, 1, &p), 7, 0);
    CHECK_INT(p.err, LM_OK);
    body_text(body, "n", true, &p);
    body_real(body, "r", true, 0, 3, 9, &p);
    body_bool(body, "t", true, false, &p);
    body_only(body, known, &p);
    json_decref(body);
    CHECK_INT(p.err, LM_INVALID);
    CHECK_INT(p.n, 4);
    CHECK_STR(p.errors[0].path, "/n");
    CHECK_STR(p.errors[1].message, "must be a number from 3 to 9");
    CHECK_STR(p.errors[3].path, "/extra");
}
