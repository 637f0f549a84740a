#include "../../tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "net/front.h"
#include "net/head.h"

/* Both sides of the door answer with one letter and close. */
static void answer(void *ctx, int fd, const struct sockaddr_storage *addr, unsigned addr_len)
{
    (void)addr, (void)addr_len;
    if (write(fd, ctx, 1) != 1)
        perror("write");
    char drain[8192];
    while (read(fd, drain, sizeof(drain)) > 0)
        ;
    close(fd);
}

static struct front *door(const char *address)
{
    struct front *f = NULL;
    struct problem p = { 0 };

    if (!front_open(address, &f, &p))
        front_start(f, &(struct front_options){ .http = answer, .http_ctx = (void *)"h", .ws = answer, .ws_ctx = (void *)"w" }, &p);
    return f;
}

static void close_door(struct front *f)
{
    front_stop(f);
    front_free(f);
}

static int dial(const struct front *f)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)front_port(f)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

/* The letter, 0 = closed without one, '?' = nothing within `ms`. */
static char heard(int fd, int ms)
{
    char c = 0;

    if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, ms) != 1)
        return '?';
    return read(fd, &c, 1) == 1 ? c : 0;
}

static void say(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        perror("write");
}

TEST(each_side_gets_its_own)
{
    struct front *f = door("127.0.0.1:0");
    CHECK(f && front_port(f) > 0);
    int a = dial(f), b = dial(f), c = dial(f);

    say(a, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    say(b, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
    say(c, "GET /ws HT"); /* a head in two pieces */
    char got[4] = { heard(a, 2000), heard(b, 2000) };
    usleep(50000);
    say(c, "TP/1.1\r\nUpgrade: websocket\r\n\r\n");
    got[2] = heard(c, 2000);
    close(a), close(b), close(c);
    close_door(f);
    CHECK_STR(got, "hww");
}

TEST(both_families_by_one_star)
{
    struct front *f = door("*:0");
    CHECK(f);
    int a = dial(f);

    say(a, "GET / HTTP/1.1\r\n\r\n");
    char got = heard(a, 2000);
    close(a);
    close_door(f);
    CHECK_INT(got, 'h');
}

TEST(half_a_head_is_closed_after_three_seconds)
{
    struct front *f = door("127.0.0.1:0");
    int a = dial(f);
    int64_t start = clock_mono_ns();

    say(a, "GET / HTTP/1.1\r\n");
    char got = heard(a, 6000);
    double took = (double)(clock_mono_ns() - start) / 1e9;
    close(a);
    close_door(f);
    CHECK_INT(got, 0);
    CHECK(took > 2.5 && took < 4.5);
}

TEST(too_many_half_heads_from_one_address_cost_the_oldest)
{
    struct front *f = door("127.0.0.1:0");
    int fds[70];

    for (int i = 0; i < 70; i++) {
        fds[i] = dial(f);
        say(fds[i], "GET");
        usleep(2000);
    }
    char first = heard(fds[0], 1000), last = heard(fds[69], 100);
    say(fds[69], " / HTTP/1.1\r\n\r\n");
    char answered = heard(fds[69], 1000);
    for (int i = 0; i < 70; i++)
        close(fds[i]);
    close_door(f);
    CHECK_INT(first, 0);
    CHECK_INT(last, '?');
    CHECK_INT(answered, 'h');
}

TEST(a_head_longer_than_we_look_goes_to_http)
{
    struct front *f = door("127.0.0.1:0");
    int a = dial(f);
    char junk[HEAD_MAX + 1];

    memset(junk, 'a', sizeof(junk) - 1);
    junk[sizeof(junk) - 1] = '\0';
    say(a, "GET /");
    say(a, junk);
    char got = heard(a, 2000);
    close(a);
    close_door(f);
    CHECK_INT(got, 'h');
}

TEST(an_address_that_is_none_is_refused_with_a_sentence)
{
    struct front *f = NULL;
    static const char *const bad[] = { "", "127.0.0.1", "127.0.0.1:x", "name.example:80", "[::1:80", "1.2.3.4:70000" };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct problem p = { 0 };
        CHECK_INT(front_open(bad[i], &f, &p), LM_INVALID);
        CHECK(p.detail[0]);
    }
    struct front *one = door("127.0.0.1:0");
    char taken[32];
    struct problem p = { 0 };
    snprintf(taken, sizeof(taken), "127.0.0.1:%d", front_port(one));
    enum lm_err err = front_open(taken, &f, &p);
    close_door(one);
    CHECK_INT(err, LM_CONFLICT);
    close_door(NULL);
}
