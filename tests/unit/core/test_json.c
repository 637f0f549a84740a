#include "../../tap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/json.h"

static enum lm_err parse(const char *text, json_t **v, struct problem *p)
{
    problem_clear(p);
    *v = NULL;
    return json_parse(text, strlen(text), v, p);
}

/* Reads and writes again. */
static const char *again(const char *text)
{
    static char out[4096];
    struct problem p;
    json_t *v;

    if (parse(text, &v, &p))
        return p.detail[0] ? "?" : "??";
    char *written = json_text(v);
    snprintf(out, sizeof(out), "%s", written);
    free(written);
    json_decref(v);
    return out;
}

TEST(what_is_written_is_what_was_read)
{
    static const char *const same[] = {
        "{\"b\":1,\"a\":[true,false,null,-5,0.1,1.0,\"x\"]}", "[]", "{}", "\"\\u0001\\b\\t\\n\\f\\r\\\"\\\\/\"", "\"\xC3\xA9\"",
        "[[[1]],{\"\":{}}]", "9223372036854775807", "0.30000000000000004", "1e+300", "[1,2]", "\"\"", "\"\\u001f\"", "3.5", "null",
    };

    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        CHECK_STR(again(same[i]), same[i]);
    CHECK_STR(again(" { \"a\" : [ 1 , 2 ] } "), "{\"a\":[1,2]}");
    CHECK_STR(again("\"\\u00e9\\ud83d\\ude00\""), "\"\xC3\xA9\xF0\x9F\x98\x80\"");
    CHECK(!json_text(NULL));
}

TEST(every_real_reads_back_the_same)
{
    uint64_t bits = 88172645463325252u;

    for (int i = 0; i < 20000; i++) {
        double v;
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        memcpy(&v, &bits, sizeof(v));
        if (!isfinite(v))
            continue;
        json_t *n = json_number(v), *back = NULL;
        char *text = json_text(n);
        bool is_same = !json_parse(text, strlen(text), &back, NULL) && json_is_real(back) && json_real_value(back) == v;
        json_decref(n);
        json_decref(back);
        free(text);
        CHECK(is_same);
    }
}

TEST(errors_say_where)
{
    struct problem p;
    json_t *v;

    CHECK_INT(parse("{\"a\": 1,\n  oops}", &v, &p), LM_BAD_REQUEST);
    CHECK(strstr(p.detail, "line 2, column"));
    CHECK_INT(p.err, LM_BAD_REQUEST);
}

TEST(what_others_accept_by_accident_is_refused)
{
    static const char *const bad[] = {
        "", " ", "{", "{\"a\":1,}", "[1,]", "{\"a\":1,\"a\":2}", "1e999", "9223372036854775808", "NaN", "\"\xFF\"", "\"\\ud800\"",
        "\"\\u0000\"", "1 2", "{}x", "'a'", "01", "\"a\nb\"", "// c\n1",
    };
    struct problem p;
    json_t *v;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        enum lm_err err = parse(bad[i], &v, &p);
        if (err != LM_BAD_REQUEST || v || !p.detail[0]) {
            TAP_FAIL("%s", bad[i]);
            return;
        }
    }
    CHECK_INT(json_parse("1\0", 2, &v, NULL), LM_BAD_REQUEST);
}

TEST(depth_is_bounded_and_brackets_in_strings_do_not_count)
{
    char text[4096] = "";
    struct problem p;
    json_t *v;

    memset(text, '[', JSON_MAX_DEPTH);
    memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
    CHECK_INT(parse(text, &v, &p), LM_OK);
    json_decref(v);
    memset(text, '[', JSON_MAX_DEPTH + 1);
    memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
    CHECK_INT(parse(text, &v, &p), LM_BAD_REQUEST);
    CHECK(strstr(p.detail, "64"));
    memset(text, '{', 1000);
    text[0] = '"', text[5] = '\\', text[6] = '"', text[999] = '"', text[1000] = 0;
    CHECK_INT(parse(text, &v, &p), LM_OK);
    json_decref(v);
}

TEST(a_document_over_the_limit_is_too_large)
{
    char *text = malloc(JSON_MAX_BYTES + 1);
    json_t *v = NULL;
    struct problem p = { 0 };

    memset(text, ' ', JSON_MAX_BYTES + 1);
    text[0] = '1';
    enum lm_err over = json_parse(text, JSON_MAX_BYTES + 1, &v, &p);
    enum lm_err fits = json_parse(text, JSON_MAX_BYTES, &v, NULL);
    free(text);
    json_decref(v);
    CHECK_INT(over, LM_TOO_LARGE);
    CHECK_INT(p.err, LM_TOO_LARGE);
    CHECK_INT(fits, LM_OK);
}

static bool is_text(json_t *v, const char *want)
{
    char *text = json_text(v);
    bool is_same = text && !strcmp(text, want);

    if (!is_same)
        printf("# %s, want %s\n", text ? text : "NULL", want);
    free(text);
    json_decref(v);
    return is_same;
}

TEST(values_that_json_cannot_say_become_null)
{
    CHECK(is_text(json_number(NAN), "null"));
    CHECK(is_text(json_number(INFINITY), "null"));
    CHECK(is_text(json_number(-0.25), "-0.25"));
    CHECK(is_text(json_text_or_null(NULL), "null"));
    CHECK(is_text(json_text_or_null("a"), "\"a\""));
    CHECK(is_text(json_text_or_null("caf\xE9!"), "\"caf\xEF\xBF\xBD!\""));
    CHECK(is_text(json_instant(0), "null"));
    CHECK(is_text(json_instant(1769894043250), "\"2026-01-31T21:14:03.250Z\""));
    CHECK(is_text(json_bool(true), "true"));
    CHECK(is_text(json_bool(false), "false"));
}

/* The table of RFC 7396, appendix A. */
TEST(merge_patch_is_rfc_7396)
{
    static const struct {
        const char *target, *patch, *want;
    } rows[] = {
        { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
        { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
        { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
        { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
        { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
        { "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
        { "{\"a\":\"foo\"}", "null", "null" },
        { "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
        { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
        { "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
        { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *target, *patch;
        struct problem p;
        CHECK(!parse(rows[i].target, &target, &p) && !parse(rows[i].patch, &patch, &p));
        json_t *result = json_merge_patch(target, patch);
        bool is_right = is_text(result, rows[i].want) && is_text(target, rows[i].target);
        json_decref(patch);
        CHECK(is_right);
    }
}

TEST(typed_reads_fall_back)
{
    struct problem p;
    json_t *o;

    CHECK_INT(parse("{\"t\":\"x\",\"r\":1.5,\"i\":7,\"b\":true,\"n\":null}", &o, &p), LM_OK);
    bool texts = !strcmp(json_get_text(o, "t", "d"), "x") && !strcmp(json_get_text(o, "i", "d"), "d") && !json_get_text(o, "zz", NULL);
    bool reals = json_get_real(o, "r", 0) == 1.5 && json_get_real(o, "i", 0) == 7 && json_get_real(o, "t", 9) == 9;
    bool ints = json_get_int(o, "i", 0) == 7 && json_get_int(o, "r", 3) == 3 && json_get_int(o, "n", 3) == 3;
    bool bools = json_get_bool(o, "b", false) && json_get_bool(o, "i", true) && !json_get_bool(o, "zz", false);
    bool none = json_get_int(NULL, "i", 4) == 4;
    json_decref(o);
    CHECK(texts && reals && ints && bools && none);
}

TEST(unknown_members_are_named_with_what_was_meant)
{
    static const char *const known[] = { "name", "address", NULL };
    struct problem p;
    json_t *o, *list;

    CHECK_INT(parse("{\"name\":1,\"adress\":2,\"a/b~c\":3}", &o, &p), LM_OK);
    enum lm_err err = json_only(o, known, &p);
    json_decref(o);
    CHECK_INT(err, LM_INVALID);
    CHECK_INT(p.n, 2);
    CHECK_STR(p.errors[0].path, "/adress");
    CHECK_STR(p.errors[0].message, "unknown member, did you mean address?");
    CHECK_STR(p.errors[1].path, "/a~1b~0c");
    CHECK_STR(p.errors[1].message, "unknown member");

    CHECK_INT(parse("{\"name\":1}", &o, &p), LM_OK);
    err = json_only(o, known, NULL);
    json_decref(o);
    CHECK_INT(err, LM_OK);
    list = json_array();
    err = json_only(list, known, &p);
    json_decref(list);
    CHECK_INT(err, LM_BAD_REQUEST);
    CHECK_INT(json_only(NULL, known, NULL), LM_BAD_REQUEST);
}
