/* The kernel's table of neighbours, in a network namespace of this program's own. */
#include "dmx/neighbours.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>

#include "../../tap.h"

static const int64_t ms = 1000000;

static struct in_addr ip(const char *text)
{
    struct in_addr a;

    inet_pton(AF_INET, text, &a);
    return a;
}

static bool run(const char *command)
{
    return !system(command);
}

static bool is_silent(struct neighbours *all, const char *address, unsigned ifindex, int64_t now)
{
    return neighbours_silent(all, ip(address), ifindex, now) != NULL;
}

TEST(who_does_not_answer)
{
    struct neighbours all = { 0 };
    int64_t now = 5000 * ms;

    if (unshare(CLONE_NEWNET) || !run("ip link set lo up 2>/dev/null"))
        SKIP("no network namespaces");
    CHECK(run("ip link add a0 type veth peer name a1 && ip link set a0 up && ip link set a1 up && ip addr add 10.1.1.1/24 dev a0 && ip addr add 10.1.2.1/24 dev a1"));
    neighbours_look(&all, now);
    CHECK(!is_silent(&all, "10.1.1.9", 0, now));                /* nobody asked */

    CHECK(run("ip neigh add 10.1.1.7 lladdr 02:00:00:00:00:07 dev a0 nud reachable && ip neigh add 10.1.1.8 lladdr 02:00:00:00:00:08 dev a0 nud stale"));
    CHECK(run("ip neigh add 10.1.1.9 dev a0 nud failed && ip neigh add 10.1.1.10 dev a0 nud failed"));
    neighbours_look(&all, now += 10 * ms);
    CHECK_INT(all.n, 0);                                        /* looked a moment ago */
    neighbours_look(&all, now += 300 * ms);
    CHECK(!is_silent(&all, "10.1.1.9", 0, now));                /* perhaps it is just being asked */
    neighbours_look(&all, now += 300 * ms);
    CHECK(!is_silent(&all, "10.1.1.9", 0, now));
    neighbours_look(&all, now += 300 * ms);
    CHECK(is_silent(&all, "10.1.1.9", 0, now));
    CHECK(is_silent(&all, "10.1.1.10", 0, now));
    CHECK(is_silent(&all, "10.1.1.9", if_nametoindex("a0"), now));
    CHECK(!is_silent(&all, "10.1.1.9", if_nametoindex("a1"), now));
    CHECK(!is_silent(&all, "10.1.1.7", 0, now));
    CHECK(!is_silent(&all, "10.1.1.8", 0, now));
    CHECK(!is_silent(&all, "10.1.1.11", 0, now));

    struct neighbour *x = neighbours_silent(&all, ip("10.1.1.9"), 0, now);
    x->is_taken = true;
    neighbours_look(&all, now += 10 * ms);
    CHECK(!neighbours_silent(&all, ip("10.1.1.9"), 0, now)->is_taken);

    CHECK(run("ip neigh replace 10.1.1.9 lladdr 02:00:00:00:00:09 dev a0 nud reachable"));
    neighbours_look(&all, now += 300 * ms);
    CHECK(!is_silent(&all, "10.1.1.9", 0, now));                /* it is back, at once */
    CHECK(is_silent(&all, "10.1.1.10", 0, now));

    CHECK(run("ip neigh add 10.1.1.10 lladdr 02:00:00:00:00:0a dev a1 nud reachable"));
    neighbours_look(&all, now += 300 * ms);
    CHECK(!is_silent(&all, "10.1.1.10", 0, now));               /* the system may reach it on the other cable */
    CHECK(is_silent(&all, "10.1.1.10", if_nametoindex("a0"), now));
    neighbours_clear(&all);
    CHECK(!is_silent(&all, "10.1.1.10", 0, now));
}

TEST(many)
{
    struct neighbours all = { 0 };
    char one[32];
    int64_t now = 5000 * ms;

    if (unshare(CLONE_NEWNET) || !run("ip link set lo up 2>/dev/null"))
        SKIP("no network namespaces");
    CHECK(run("ip link add a0 type veth peer name a1 && ip link set a0 up && ip link set a1 up && ip addr add 10.1.0.1/16 dev a0"));
    CHECK(run("for i in $(seq 2 250); do echo neigh add 10.1.1.$i dev a0 nud failed; echo neigh add 10.1.2.$i lladdr 02:00:00:00:00:02 dev a0 nud reachable; done | ip -batch -"));
    neighbours_look(&all, now);
    neighbours_look(&all, now += 500 * ms);
    CHECK(all.n >= 498);
    for (int i = 2; i <= 250; i++) {
        snprintf(one, sizeof one, "10.1.1.%d", i);
        CHECK(is_silent(&all, one, 0, now));
        snprintf(one, sizeof one, "10.1.2.%d", i);
        CHECK(!is_silent(&all, one, 0, now));
    }
    neighbours_clear(&all);
}
