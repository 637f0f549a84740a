#include "../../tap.h"

#include "net/credentials.h"

#define SECRET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ-_01234"

TEST(a_secret_is_new_each_time_and_only_its_hash_is_kept)
{
    char a[SECRET_SIZE], b[SECRET_SIZE], hash[SECRET_HASH_SIZE];

    secret_new(a);
    secret_new(b);
    CHECK_INT(strlen(a), SECRET_LENGTH);
    CHECK(secret_is_one(a, strlen(a)) && strcmp(a, b) != 0);
    secret_hash("abc", hash);
    CHECK_STR(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); /* FIPS 180-2, B.1 */
}

TEST(the_cookie_is_found_among_others)
{
    static const char *const good[] = {
        "lumad_session=" SECRET, "a=b; lumad_session=" SECRET, "lumad_session=" SECRET "; a=b", "x=1;lumad_session=" SECRET ";y=2",
        "  lumad_session=" SECRET " ", "lumad_session_x=1; lumad_session=" SECRET, "a; lumad_session=" SECRET, ";;lumad_session=" SECRET ";",
    };
    static const char *const bad[] = {
        "", ";", "lumad_session", "lumad_session=", "lumad_session=short", "Lumad_session=" SECRET, "xlumad_session=" SECRET,
        "lumad_session =" SECRET, "lumad_session=\"" SECRET "\"", "lumad_session=" SECRET "x", "a=lumad_session=" SECRET,
        "lumad_session=abcdefghijklmnopqrstuvwxyzABCDEFGHIJ+/01234", "lumad_session=" SECRET ",a=b",
        "lumad_session=" SECRET "; lumad_session=" SECRET, "lumad_session=x; lumad_session=" SECRET, "lumad_session=" SECRET "; lumad_session=",
    };
    char out[SECRET_SIZE];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        out[0] = '\0';
        if (!cookie_secret(good[i], "booth:8080", out) || strcmp(out, SECRET))
            TAP_FAIL("\"%s\" is not taken", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (cookie_secret(bad[i], "booth:8080", out))
            TAP_FAIL("\"%s\" is taken", bad[i]);
    CHECK(!cookie_secret(NULL, "booth", out));
}

TEST(a_cookie_is_of_the_port_that_was_asked)
{
    static const struct { const char *host, *name; } names[] = {
        { "booth:8080", "lumad_session_8080" }, { "[::1]:65535", "lumad_session_65535" }, { "booth", "lumad_session" }, { "[::1]", "lumad_session" },
        { "::80", "lumad_session_80" }, { "booth:", "lumad_session" }, { "booth:123456", "lumad_session" }, { "booth:8x", "lumad_session" }, { NULL, "lumad_session" },
    };
    static const struct { const char *header; bool want; } rows[] = {
        { "lumad_session_8080=" SECRET, true },
        { "lumad_session=theirs; lumad_session_8080=" SECRET "; lumad_session_9090=x", true },
        { "lumad_session_8080=" SECRET "; lumad_session_8080=" SECRET, false },
        { "lumad_session_8080=x; lumad_session=" SECRET, false },       /* a wrong one is wrong, whatever stands beside it */
        { "lumad_session_9090=" SECRET, false },
        { "lumad_session_80=" SECRET, false },
        { "lumad_session_80800=" SECRET, false },
    };
    char out[SECRET_SIZE], name[COOKIE_NAME_SIZE];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cookie_name(names[i].host, name);
        CHECK_STR(name, names[i].name);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (cookie_secret(rows[i].header, "booth:8080", out) != rows[i].want)
            TAP_FAIL("\"%s\" is %s", rows[i].header, rows[i].want ? "not taken" : "taken");
}

TEST(a_bearer_is_ours_or_wrong_and_other_schemes_are_nobodys)
{
    static const struct { const char *header; enum bearer want; } rows[] = {
        { "Bearer " SECRET, BEARER_GOOD },      { "bearer " SECRET, BEARER_GOOD },        { "BEARER \t " SECRET " ", BEARER_GOOD },
        { "Bearer", BEARER_BAD },               { "Bearer ", BEARER_BAD },                { "Bearer x", BEARER_BAD },
        { "Bearer " SECRET "x", BEARER_BAD },   { "Bearer " SECRET " x", BEARER_BAD },    { "Bearer " SECRET "," SECRET, BEARER_BAD },
        { "Basic " SECRET, BEARER_NONE },       { "Bearerx " SECRET, BEARER_NONE },       { "", BEARER_NONE }, { "Bear", BEARER_NONE },
    };
    char out[SECRET_SIZE];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        out[0] = '\0';
        enum bearer got = bearer_secret(rows[i].header, out);
        if (got != rows[i].want || (got == BEARER_GOOD && strcmp(out, SECRET)))
            TAP_FAIL("\"%s\" is %d", rows[i].header, got);
    }
    CHECK_INT(bearer_secret(NULL, out), BEARER_NONE);
}

TEST(the_setup_code_may_be_written_as_people_write)
{
    char code[CODE_SIZE];

    code_new(code);
    CHECK_INT(strlen(code), 9);
    CHECK_INT(code[4], '-');
    CHECK(code_is(code, code));
    CHECK(code_is("AB2D-9XYZ", "ab2d9xyz") && code_is("AB2D-9XYZ", " AB2D 9XYZ ") && code_is("AB2D-9XYZ", "AB-2D-9X-YZ"));
    CHECK(!code_is("AB2D-9XYZ", "") && !code_is("AB2D-9XYZ", "AB2D-9XY") && !code_is("AB2D-9XYZ", "AB2D-9XYZZ") && !code_is("AB2D-9XYZ", "AB2D-9XYZAAAAAAAAAAAAA"));
    CHECK(!code_is("", "") && !code_is("", "-"));       /* there is none any more */
}

TEST(a_password_is_hashed_with_a_salt_and_nobody_has_none)
{
    char a[PASSWORD_HASH_SIZE], b[PASSWORD_HASH_SIZE];

    CHECK_INT(password_make("correct horse", a, NULL), LM_OK);
    CHECK_INT(password_make("correct horse", b, NULL), LM_OK);
    CHECK(!strncmp(a, "$argon2id$", 10) && strcmp(a, b) != 0);
    CHECK(password_is(a, "correct horse") && !password_is(a, "correct horsf") && !password_is(a, ""));
    CHECK(!password_is(NULL, "correct horse") && !password_is("", "x") && !password_is("no hash", "x"));
}

TEST(a_password_has_eight_characters_and_an_end)
{
    char longest[PASSWORD_MAX + 2];
    struct problem p = { 0 };

    memset(longest, 'x', sizeof(longest));
    longest[PASSWORD_MAX + 1] = '\0';
    CHECK_INT(password_check("1234567", "/password", &p), LM_INVALID);
    CHECK_STR(p.errors[0].path, "/password");
    CHECK_INT(password_check("äöüß", "/p", NULL), LM_INVALID);          /* eight bytes, four characters */
    CHECK_INT(password_check(NULL, "/p", NULL), LM_INVALID);
    CHECK_INT(password_check(longest, "/p", NULL), LM_INVALID);
    longest[PASSWORD_MAX] = '\0';
    CHECK_INT(password_check(longest, "/p", NULL), LM_OK);
    CHECK_INT(password_check("12345678", "/p", NULL), LM_OK);
    CHECK_INT(password_check("äöüßäöüß", "/p", NULL), LM_OK);
}
