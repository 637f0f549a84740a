#include "../../tap.h"

#include "api/etag.h"
#include "api/mime.h"
#include "api/range.h"
#include "api/static.h"
#include "api/url.h"

static const char *decoded(const char *text, bool is_query)
{
    static char out[32];

    return url_decode(text, strlen(text), is_query, out, sizeof(out)) ? out : "(refused)";
}

TEST(escapes_are_decoded_and_bad_ones_refused)
{
    CHECK_STR(decoded("a%20b", false), "a b");
    CHECK_STR(decoded("a+b", false), "a+b");
    CHECK_STR(decoded("a+b%2B", true), "a b+");
    CHECK_STR(decoded("%c3%A4", false), "\xc3\xa4");
    CHECK_STR(decoded("", false), "");
    CHECK_STR(decoded("%41", false), "A");
    CHECK_STR(decoded("%", false), "(refused)");
    CHECK_STR(decoded("%4", false), "(refused)");
    CHECK_STR(decoded("a%4", false), "(refused)");
    CHECK_STR(decoded("%zz", false), "(refused)");
    CHECK_STR(decoded("a%00b", false), "(refused)");
    CHECK_STR(decoded("%ff", false), "(refused)");
    CHECK_STR(decoded("0123456789012345678901234567890", false), "0123456789012345678901234567890");
    CHECK_STR(decoded("01234567890123456789012345678901", false), "(refused)");
}

TEST(a_query_parameter_is_found_by_its_whole_name)
{
    const char *query = "limit=5&q=a%20b+c&empty=&flag&limit=9";
    char out[16];

    CHECK_INT(url_query(query, "limit", out, sizeof(out), NULL), LM_OK);
    CHECK_STR(out, "5");
    CHECK_INT(url_query(query, "q", out, sizeof(out), NULL), LM_OK);
    CHECK_STR(out, "a b c");
    CHECK_INT(url_query(query, "empty", out, sizeof(out), NULL), LM_OK);
    CHECK_STR(out, "");
    CHECK_INT(url_query(query, "flag", out, sizeof(out), NULL), LM_OK);
    CHECK_STR(out, "");
    CHECK_INT(url_query(query, "lim", out, sizeof(out), NULL), LM_NOT_FOUND);
    CHECK_INT(url_query(query, "limits", out, sizeof(out), NULL), LM_NOT_FOUND);
    CHECK_INT(url_query("", "q", out, sizeof(out), NULL), LM_NOT_FOUND);
    CHECK_INT(url_query("q=%", "q", out, sizeof(out), NULL), LM_BAD_REQUEST);
    CHECK_INT(url_query("&&q=1&", "q", out, sizeof(out), NULL), LM_OK);
}

TEST(ranges)
{
    static const struct {
        const char *header;
        uint64_t size;
        enum lm_err err;
        uint64_t first, length;
    } rows[] = {
        { NULL, 100, LM_NOT_FOUND, 0, 0 },
        { "bytes=0-0", 100, LM_OK, 0, 1 },
        { "bytes=0-99", 100, LM_OK, 0, 100 },
        { "Bytes= 10-19 ", 100, LM_OK, 10, 10 },
        { "bytes=90-", 100, LM_OK, 90, 10 },
        { "bytes=90-1000", 100, LM_OK, 90, 10 },
        { "bytes=-10", 100, LM_OK, 90, 10 },
        { "bytes=-1000", 100, LM_OK, 0, 100 },
        { "bytes=100-", 100, LM_RANGE, 0, 0 },
        { "bytes=-0", 100, LM_RANGE, 0, 0 },
        { "bytes=0-0", 0, LM_RANGE, 0, 0 },
        { "bytes=-5", 0, LM_RANGE, 0, 0 },
        { "bytes=99999999999999999999999-", 100, LM_RANGE, 0, 0 },
        { "bytes=0-99999999999999999999999", 100, LM_OK, 0, 100 },
        { "bytes=5-4", 100, LM_NOT_FOUND, 0, 0 },
        { "bytes=-", 100, LM_NOT_FOUND, 0, 0 },
        { "bytes=", 100, LM_NOT_FOUND, 0, 0 },
        { "bytes=a-b", 100, LM_NOT_FOUND, 0, 0 },
        { "bytes=0-1,5-6", 100, LM_NOT_FOUND, 0, 0 },
        { "items=0-1", 100, LM_NOT_FOUND, 0, 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct byte_range r = { 0 };
        if (range_parse(rows[i].header, rows[i].size, &r) != rows[i].err || r.first != rows[i].first ||
            r.length != rows[i].length)
            TAP_FAIL("%s of %d: %d+%d", rows[i].header, (int)rows[i].size, (int)r.first, (int)r.length);
    }
}

TEST(if_match_is_one_tag)
{
    static const struct {
        const char *header;
        enum lm_err err;
        int64_t version;
    } rows[] = {
        { NULL, LM_OK, ETAG_ANY },
        { "*", LM_OK, ETAG_ANY },
        { "\"7\"", LM_OK, 7 },
        { "7", LM_OK, 7 },
        { "W/\"7\" ", LM_OK, 7 },
        { "\"1838239776620545\"", LM_OK, 1838239776620545 },
        { "\"abc\"", LM_OK, ETAG_NEVER },
        { "\"\"", LM_OK, ETAG_NEVER },
        { "\"-7\"", LM_OK, ETAG_NEVER },
        { "\"99999999999999999999\"", LM_OK, ETAG_NEVER },
        { "abc", LM_BAD_REQUEST, 0 },
        { "\"7", LM_BAD_REQUEST, 0 },
        { "\"7\", \"8\"", LM_BAD_REQUEST, 0 },
        { "", LM_BAD_REQUEST, 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t version = 0;
        enum lm_err err = etag_if_match(rows[i].header, &version, NULL);
        if (err != rows[i].err || (!err && version != rows[i].version))
            TAP_FAIL("%s: %d, %lld", rows[i].header, err, (long long)version);
    }
}

TEST(if_none_match_is_a_list)
{
    CHECK(etag_is_listed("\"7\"", "\"7\""));
    CHECK(etag_is_listed("W/\"6\", W/\"7\"", "\"7\""));
    CHECK(etag_is_listed("*", "\"7\""));
    CHECK(!etag_is_listed("\"77\"", "\"7\""));
    CHECK(!etag_is_listed("\"6\"", "\"7\""));
    CHECK(!etag_is_listed(NULL, "\"7\""));
    CHECK(!etag_is_listed("*", ""));
    CHECK(!etag_is_listed("\"7", "\"7\""));
}

TEST(content_types)
{
    CHECK_STR(mime_of_path("assets/app.JS"), "text/javascript; charset=utf-8");
    CHECK_STR(mime_of_path("a.b/c"), "application/octet-stream");
    CHECK_STR(mime_of_path("x.svg"), "image/svg+xml");
    CHECK_STR(mime_of_audio("x.wav"), "audio/wav");
    CHECK_STR(mime_of_audio("x.html"), "application/octet-stream");
    CHECK(mime_is("application/json; charset=utf-8", "application/json"));
    CHECK(mime_is("Application/JSON", "application/json"));
    CHECK(mime_is("audio/flac", "audio/"));
    CHECK(!mime_is("application/jsonx", "application/json"));
    CHECK(!mime_is(NULL, "application/json"));
}

TEST(a_path_stays_in_its_folder)
{
    static const char *const bad[] = { "",      "x",   "/..",   "/../x", "/a/../b", "/a/..", "/%2e%2e/x",  "/.hidden",
                                       "/a/.b", "//x", "/a//b", "/a\\b", "/%00",    "/./a",  "/a%2f..%2fb" };
    static const struct {
        const char *path, *file;
    } good[] = { { "/", "" },         { "/a.js", "a.js" }, { "/assets/a-b.js", "assets/a-b.js" }, { "/scores/1/", "scores/1" },
                 { "/a%20b", "a b" }, { "/a..b", "a..b" } };
    char out[64];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (static_path(bad[i], out, sizeof(out)))
            TAP_FAIL("%s is taken as %s", bad[i], out);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK(static_path(good[i].path, out, sizeof(out)));
        CHECK_STR(out, good[i].file);
    }
}

TEST(what_a_browser_takes_compressed)
{
    CHECK(static_accepts("gzip", "gzip"));
    CHECK(static_accepts("gzip, deflate, br", "br"));
    CHECK(static_accepts("deflate,\tGZIP;q=0.5 , br", "gzip"));
    CHECK(!static_accepts("gzip;q=0, br", "gzip"));
    CHECK(!static_accepts("gzip; q=0.000", "gzip"));
    CHECK(!static_accepts("x-gzip, gzipped", "gzip"));
    CHECK(!static_accepts("*", "br"));
    CHECK(!static_accepts("", "br"));
    CHECK(!static_accepts(NULL, "br"));
    CHECK(!static_accepts(",,;q=,", "br"));
}
