#include "../../tap.h"

#include "net/guard.h"

static struct guard guard = { .hostname = "booth.example", .allowed_hosts = "lights.club, show" };

static enum lm_err ask(const char *host, const char *origin)
{
    struct problem p = { 0 };
    enum lm_err err = guard_check(&guard, host, origin, &p);

    return err == p.err ? err : LM_INTERNAL;
}

TEST(own_names_and_addresses_are_answered)
{
    static const char *const good[] = { "127.0.0.1",          "127.0.0.1:8080", "[::1]:8080",       "[::1]",
                                        "192.168.1.7:80",     "localhost",      "LocalHost:1",      "localhost.",
                                        "booth.example:8080", "booth.local",    "BOOTH.local:8080", "lights.club",
                                        "show:9000" };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (ask(good[i], NULL))
            TAP_FAIL("%s is refused", good[i]);
}

TEST(a_foreign_name_is_refused_with_the_way_out)
{
    struct problem p = { 0 };

    CHECK_INT(guard_check(&guard, "evil.example", NULL, &p), LM_FORBIDDEN);
    CHECK(strstr(p.detail, "allowed_hosts = evil.example"));
    CHECK_INT(ask("lights.clu", NULL), LM_FORBIDDEN);
    CHECK_INT(ask("127.0.0.1.evil.example", NULL), LM_FORBIDDEN);
    CHECK_INT(ask("localhost.evil.example", NULL), LM_FORBIDDEN);
}

TEST(a_host_that_is_none_is_a_bad_request)
{
    static const char *const bad[] = { "",          "a b", "localhost:",     "localhost:99999", "localhost:8x", "[::1",
                                       "[evil]:80", "[]",  "user@localhost", "localhost/x",     ":80",          "127.0.0.1\"" };

    CHECK_INT(ask(NULL, NULL), LM_BAD_REQUEST);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (ask(bad[i], NULL) != LM_BAD_REQUEST)
            TAP_FAIL("\"%s\" is taken", bad[i]);
}

TEST(origin_must_be_the_host_with_scheme_and_port)
{
    CHECK_INT(ask("localhost:8080", "http://localhost:8080"), LM_OK);
    CHECK_INT(ask("LOCALHOST:8080", "http://localhost:8080"), LM_OK);
    CHECK_INT(ask("[::1]:8080", "http://[::1]:8080"), LM_OK);
    CHECK_INT(ask("localhost", "http://localhost"), LM_OK);
    CHECK_INT(ask("localhost:80", "http://localhost"), LM_OK);
    CHECK_INT(ask("lights.club", "https://lights.club"), LM_OK);
    CHECK_INT(ask("localhost:8080", "http://localhost:8081"), LM_FORBIDDEN);
    CHECK_INT(ask("localhost:8080", "http://localhost"), LM_FORBIDDEN);
    CHECK_INT(ask("localhost:8080", "https://localhost"), LM_FORBIDDEN);
    CHECK_INT(ask("localhost:8080", "http://127.0.0.1:8080"), LM_FORBIDDEN);
    CHECK_INT(ask("localhost:8080", "http://evil.example"), LM_FORBIDDEN);
    CHECK_INT(ask("localhost:8080", "null"), LM_FORBIDDEN);
    CHECK_INT(ask("localhost:8080", ""), LM_FORBIDDEN);
    CHECK_INT(ask("localhost:8080", "file://"), LM_FORBIDDEN);
}

TEST(init_asks_the_machine_for_its_name)
{
    struct guard g = { .hostname = "x" };

    guard_init(&g, NULL);
    CHECK(g.hostname[0]);
    CHECK_STR(g.allowed_hosts, "");
    CHECK_INT(guard_check(&g, g.hostname, NULL, NULL), LM_OK);
}
