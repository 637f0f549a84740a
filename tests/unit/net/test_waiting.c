#include "../../tap.h"

#include "net/waiting.h"

static struct waiting *w;
static int numbers[WAITING_MAX * 2], n;

/* How many of `tries` find room, the last byte of their addresses counted up. */
static int enter(const char *network, int tries, bool is_known)
{
    char place[64];
    int in = 0;

    for (int i = 0; i < tries; i++) {
        snprintf(place, sizeof(place), "%s%d", network, i);
        int number = waiting_enter(w, place, is_known);
        if (number >= 0)
            numbers[n++] = number, in++;
    }
    return in;
}

static bool begin(void)
{
    n = 0;
    return (w = waiting_new());
}

TEST(one_network_takes_half_and_leaves_room_for_the_others)
{
    CHECK(begin());
    CHECK_INT(enter("203.0.113.", 100, false), 12);
    CHECK_INT(enter("203.0.114.", 100, false), 6);
    CHECK_INT(enter("2001:db8::", 1, false), 1);
    CHECK_INT(enter("198.51.100.", 1, false), 1);
    CHECK_INT(enter("this machine", 1, false), 1);
    waiting_free(w);
}

TEST(who_is_known_has_places_when_all_others_are_taken)
{
    char network[32];

    CHECK(begin());
    for (int i = 0; i < 200; i++) {
        snprintf(network, sizeof(network), "203.0.%d.", i);
        enter(network, 3, false);
    }
    CHECK_INT(enter("198.51.100.", 1, false), 0);
    CHECK(enter("198.51.100.", 5, true) >= 1);
    CHECK(n <= WAITING_MAX);
    waiting_free(w);
}

TEST(a_place_that_is_left_is_free)
{
    CHECK(begin());
    CHECK_INT(enter("203.0.113.", 100, false), 12);
    CHECK_INT(waiting_enter(w, "203.0.113.7", false), -1);
    waiting_leave(w, numbers[3]);
    CHECK_INT(waiting_enter(w, "203.0.113.7", false), numbers[3]);
    CHECK_INT(waiting_enter(w, "203.0.113.7", false), -1);
    waiting_free(w);
}

TEST(of_ipv6_the_place_is_the_network)
{
    CHECK(begin());
    for (int i = 0; i < 12; i++)
        CHECK(waiting_enter(w, "2001:db8::", false) >= 0);
    CHECK_INT(waiting_enter(w, "2001:db8::", false), -1);
    CHECK(waiting_enter(w, "2001:db9::", false) >= 0);
    waiting_free(w);
}
