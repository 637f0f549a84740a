#include "../../tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/head.h"
#include "net/role.h"

static bool is_ws(const char *head)
{
    return head_is_websocket(head, head_length(head, strlen(head)));
}

TEST(a_head_ends_with_the_empty_line)
{
    const char *head = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";

    CHECK_INT(head_length(head, strlen(head)), strlen(head) - 4);
    CHECK_INT(head_length("GET / HTTP/1.1\r\nHost: a\r\n", 25), 0);
    CHECK_INT(head_length("", 0), 0);
}

TEST(only_get_ws_with_upgrade_is_for_the_socket)
{
    CHECK(is_ws("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"));
    CHECK(is_ws("GET /ws?x=1 HTTP/1.1\r\nHost: a\r\nupgrade:  WebSocket\r\n\r\n"));
    CHECK(!is_ws("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(!is_ws("GET /wsx HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"));
    CHECK(!is_ws("POST /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"));
    CHECK(!is_ws("GET /ws HTTP/1.1\r\nX: a\r\n\r\nUpgrade: websocket\r\n"));
}

static bool is_strict(const char *head, size_t n)
{
    return head_is_strict(head, head_length(head, n));
}

#define STRICT(text) is_strict(text, sizeof(text) - 1)

TEST(a_strict_head_leaves_nothing_to_interpret)
{
    CHECK(STRICT("GET /ws HTTP/1.1\r\nHost: a\r\nX-A:\r\nY: \tb\tc\xc3\xa9\r\n\r\n"));
    CHECK(STRICT("GET /ws HTTP/1.1\r\n\r\n"));
    CHECK(!STRICT("GET /ws HTTP/1.0\r\nHost: a\r\n\r\n"));
    CHECK(!STRICT("GET /ws\r\nHost: a\r\n\r\n"));
    CHECK(!STRICT(" HTTP/1.1\r\n\r\n"));
    CHECK(!STRICT("GET /w\0s HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(!STRICT("GET /ws HTTP/1.1\r\nOrigin : http://evil.example\r\n\r\n"));
    CHECK(!STRICT("GET /ws HTTP/1.1\r\nOrigin: http:\r\n //evil.example\r\n\r\n"));
    CHECK(!STRICT("GET /ws HTTP/1.1\r\nHost: a\0b\r\n\r\n"));
    CHECK(!STRICT("GET /ws HTTP/1.1\r\nHost: a\nOrigin: b\r\n\r\n"));
    CHECK(!STRICT("GET /ws HTTP/1.1\r\n: a\r\n\r\n"));
    CHECK(!STRICT("GET /ws HTTP/1.1\r\nHost\r\n\r\n"));
    CHECK(!STRICT("GET /ws HTTP/1.1\r\nH\xc3\xb6st: a\r\n\r\n"));
}

TEST(a_list_may_come_in_several_headers)
{
    const char *head = "GET / HTTP/1.1\r\nX-Forwarded-For: a, b\r\nHost: h\r\nx-forwarded-for:\t c \r\n\r\n", *none = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    char out[16];

    CHECK_INT(head_get_all(head, strlen(head), "X-Forwarded-For", out, sizeof(out)), LM_OK);
    CHECK_STR(out, "a, b, c");
    CHECK_INT(head_get_all(head, strlen(head), "X-Forwarded-For", out, 7), LM_BAD_REQUEST);
    CHECK_INT(head_get_all(head, strlen(head), "X-Forwarded-For", out, 8), LM_OK);
    CHECK_INT(head_get(head, strlen(head), "X-Forwarded-For", out, sizeof(out)), LM_BAD_REQUEST);
    CHECK_INT(head_get_all(none, strlen(none), "X-Forwarded-For", out, sizeof(out)), LM_NOT_FOUND);
}

TEST(a_header_is_found_trimmed_and_whatever_its_case)
{
    const char *head = "GET / HTTP/1.1\r\nHost:\t a:80 \r\nX-Host: no\r\n\r\n";
    char out[16];

    CHECK_INT(head_get(head, strlen(head), "host", out, sizeof(out)), LM_OK);
    CHECK_STR(out, "a:80");
    CHECK_INT(head_get(head, strlen(head), "Origin", out, sizeof(out)), LM_NOT_FOUND);
}

TEST(what_two_parsers_could_read_differently_is_refused)
{
    const char *const bad[] = { "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
                                "GET / HTTP/1.1\r\nHost: 0123456789abcdef\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\nb\r\n\r\n" };
    char out[16];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK_INT(head_get(bad[i], strlen(bad[i]), "Host", out, sizeof(out)), LM_BAD_REQUEST);
}

TEST(loopback_is_this_machine_however_it_is_written)
{
    static const struct {
        const char *address;
        bool is_loopback;
    } rows[] = {
        { "127.0.0.1", true },        { "127.9.9.9", true }, { "128.0.0.1", false },
        { "10.0.0.1", false },        { "::1", true },       { "::ffff:127.0.0.1", true },
        { "::ffff:10.0.0.1", false }, { "fe80::1", false },  { "::", false },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_in v4 = { .sin_family = AF_INET };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
        bool is_v6 = strchr(rows[i].address, ':');

        CHECK_INT(inet_pton(is_v6 ? AF_INET6 : AF_INET, rows[i].address, is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr),
                  1);
        const struct sockaddr *addr = is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;
        CHECK_INT(role_is_loopback(addr), rows[i].is_loopback);
    }
}

TEST(a_caller_is_a_machine_however_it_comes)
{
    static const struct {
        const char *address, *caller;
    } rows[] = {
        { "127.0.0.1", "this machine" },       { "127.9.9.9", "this machine" }, { "::1", "this machine" },
        { "::ffff:127.0.0.1", "this machine" }, { "10.0.0.1", "10.0.0.1" },      { "::ffff:10.0.0.1", "10.0.0.1" },
        { "2001:db8::1", "2001:db8::" },        { "2001:db8::2", "2001:db8::" }, { "2001:db8:0:1::1", "2001:db8:0:1::" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_in v4 = { .sin_family = AF_INET };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
        bool is_v6 = strchr(rows[i].address, ':');
        char caller[ROLE_CALLER_SIZE];

        CHECK_INT(inet_pton(is_v6 ? AF_INET6 : AF_INET, rows[i].address, is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr), 1);
        role_caller(is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4, caller);
        CHECK_STR(caller, rows[i].caller);
    }
}
