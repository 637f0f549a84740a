#include "../../tap.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "core/networks.h"

static bool is_in(const char *list, const char *address)
{
    struct networks s;
    struct sockaddr_storage a;

    return networks_parse(list, &s) && address_parse(address, strlen(address), &a) && networks_have(&s, (struct sockaddr *)&a);
}

TEST(an_address_is_in_a_list_or_not)
{
    static const struct { const char *list, *address; bool want; } rows[] = {
        { "", "127.0.0.1", false },
        { "127.0.0.1", "127.0.0.1", true },
        { "127.0.0.1", "127.0.0.2", false },
        { "127.0.0.1", "::ffff:127.0.0.1", true },
        { "10.0.0.1, 127.0.0.1 ::1", "::1", true },
        { "10.1.0.0/16", "10.1.255.255", true },
        { "10.1.0.0/16", "10.2.0.0", false },
        { "10.1.2.128/25", "10.1.2.129", true },
        { "10.1.2.128/25", "10.1.2.127", false },
        { "0.0.0.0/0", "203.0.113.9", true },
        { "0.0.0.0/0", "2001:db8::1", false },
        { "fd00::/8", "fdff::1", true },
        { "fd00::/8", "fe80::1", false },
        { "::/0", "10.0.0.1", true },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (is_in(rows[i].list, rows[i].address) != rows[i].want)
            TAP_FAIL("%s is %s in \"%s\"", rows[i].address, rows[i].want ? "not" : "", rows[i].list);
}

TEST(what_is_no_list_is_refused)
{
    static const char *const bad[] = { "localhost", "10.0.0", "10.0.0.1/33", "::1/129", "10.0.0.1/", "10.0.0.1/x", "[::1]", "10.0.0.1:80", "10.0.0.1;10.0.0.2",
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
    char many[NETWORKS_MAX * 9 + 10] = "";
    struct networks s;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (networks_parse(bad[i], &s))
            TAP_FAIL("\"%s\" is taken", bad[i]);
    for (int i = 0; i < NETWORKS_MAX; i++)
        strcat(many, "10.0.0.1,");
    CHECK(networks_parse(many, &s));
    CHECK_INT(s.n, NETWORKS_MAX);
    strcat(many, "10.0.0.1");
    CHECK(!networks_parse(many, &s));
}

TEST(an_address_is_read_with_and_without_a_port)
{
    static const char *const good[] = { "10.0.0.1", "10.0.0.1:80", "fd00::1", "[fd00::1]", "[fd00::1]:65535", "::ffff:10.0.0.1" };
    static const char *const bad[] = { "", "unknown", "_hidden", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:123456", "[10.0.0.1]", "[fd00::1", "[fd00::1]x", "[fd00::1]:", "10.0.0.1 ",
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
    struct sockaddr_storage a;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!address_parse(good[i], strlen(good[i]), &a))
            TAP_FAIL("\"%s\" is not taken", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (address_parse(bad[i], strlen(bad[i]), &a))
            TAP_FAIL("\"%s\" is taken", bad[i]);
}
