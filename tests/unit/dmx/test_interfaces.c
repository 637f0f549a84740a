#include "../../tap.h"

#include <string.h>

#include "dmx/interfaces.h"

TEST(all_interfaces_are_for_lighting_until_some_are_named)
{
    static const struct { const char *names, *name; bool allowed; } rows[] = {
        { "", "eth0", true }, { " , ", "eth0", true }, { "eth0", "eth0", true }, { "eth0", "eth1", false }, { "eth0", "eth00", false }, { "eth00", "eth0", false },
        { "lo, eth1", "eth1", true }, { "lo,eth1", "lo", true }, { "lo eth1", "eth1", true }, { "lo, eth1", "", false },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        interfaces_limit(rows[i].names);
        CHECK_INT(interfaces_allowed(rows[i].name), rows[i].allowed);
    }
    interfaces_limit("");
}

TEST(what_is_not_for_lighting_counts_as_down_and_is_still_ours)
{
    struct interfaces list;
    struct in_addr here = { htonl(INADDR_LOOPBACK) };

    interfaces_limit("none0");
    CHECK(interfaces_get(&list) && list.n > 0);
    for (size_t i = 0; i < list.n; i++)
        CHECK(!list.i[i].is_up);
    CHECK(interfaces_own(&list, here));
    interfaces_clear(&list);
    interfaces_limit("lo");
    CHECK(interfaces_get(&list));
    for (size_t i = 0; i < list.n; i++)
        CHECK_INT(list.i[i].is_up, !strcmp(list.i[i].name, "lo"));
    interfaces_clear(&list);
    interfaces_limit("");
}
