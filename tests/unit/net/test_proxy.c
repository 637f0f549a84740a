#include "../../tap.h"

#include <arpa/inet.h>

#include "net/proxy.h"
#include "net/role.h"

TEST(who_counts_is_the_last_that_is_no_trusted_proxy)
{
    static const struct { const char *trusted, *peer, *header, *want; } rows[] = {
        { "10.0.0.1", "10.0.0.1", "203.0.113.9", "203.0.113.9" },
        { "10.0.0.1", "10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9" },              /* what stands left of it anybody can write */
        { "10.0.0.1, 10.0.0.2", "10.0.0.1", "6.6.6.6, 203.0.113.9 ,10.0.0.2", "203.0.113.9" },
        { "10.0.0.0/24", "10.0.0.1", "10.0.0.7, 10.0.0.2", "10.0.0.7" },                /* all are trusted: the first */
        { "10.0.0.1", "10.0.0.1", "203.0.113.9:4711", "203.0.113.9" },
        { "::1", "::1", "[2001:db8::9]:80", "2001:db8::9" },
        { "10.0.0.1", "10.0.0.1", "6.6.6.6, unknown", NULL },
        { "10.0.0.1, 10.0.0.2", "10.0.0.1", "6.6.6.6, unknown, 10.0.0.2", "10.0.0.2" },
        { "10.0.0.1", "10.0.0.1", "", NULL },
        { "10.0.0.1", "10.0.0.1", " , ", NULL },
        { "10.0.0.1", "10.0.0.1", NULL, NULL },
        { "10.0.0.1", "10.0.0.9", "203.0.113.9", NULL },                                /* not from a proxy that was named */
        { "", "127.0.0.1", "203.0.113.9", NULL },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct networks trusted;
        struct sockaddr_storage peer, client;
        char got[ROLE_CALLER_SIZE] = "";
        CHECK(networks_parse(rows[i].trusted, &trusted) && address_parse(rows[i].peer, strlen(rows[i].peer), &peer));
        if (proxy_client(&trusted, (struct sockaddr *)&peer, rows[i].header, &client))
            role_address((struct sockaddr *)&client, got);
        if (strcmp(got, rows[i].want ? rows[i].want : ""))
            TAP_FAIL("\"%s\" from %s is %s", rows[i].header ? rows[i].header : "(none)", rows[i].peer, got);
    }
}
