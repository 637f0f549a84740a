/*
 * The client that olad needs to send anything: fades all slots of universes 1 to N together, HZ times a second, until it is ended or olad goes.
 *
 *     ola_feeder UNIVERSES HZ
 *
 * Speaks OLA's own protocol on 127.0.0.1:9010, as its documentation describes it: a 32-bit word of the machine (version 1 in the upper four bits, the
 * size in the rest), then an RpcMessage (protocol buffers) that calls StreamDmxData, which has no answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 9010, VERSION = 1, STREAM_REQUEST = 10, SLOTS = 512, STEPS = 220 };       /* there and back in 5 s at 44 Hz */

static uint8_t *put_varint(uint8_t *p, uint32_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    return p;
}

static uint8_t *put_number(uint8_t *p, int field, uint32_t v)
{
    return put_varint(put_varint(p, (uint32_t)field << 3), v);
}

static uint8_t *put_bytes(uint8_t *p, int field, const void *data, size_t n)
{
    p = put_varint(put_varint(p, (uint32_t)field << 3 | 2), (uint32_t)n);
    memcpy(p, data, n);
    return p + n;
}

static size_t make_call(uint8_t *out, int universe, uint32_t id, int level)
{
    static const char method[] = "StreamDmxData";
    uint8_t slots[SLOTS], dmx[SLOTS + 32], *p = dmx, *q = out + 4;

    memset(slots, level, sizeof slots);
    p = put_number(p, 1, (uint32_t)universe);
    p = put_bytes(p, 2, slots, sizeof slots);
    p = put_number(p, 3, 100);          /* priority */
    q = put_number(q, 1, STREAM_REQUEST);
    q = put_number(q, 2, id);
    q = put_bytes(q, 3, method, sizeof method - 1);
    q = put_bytes(q, 4, dmx, (size_t)(p - dmx));
    uint32_t header = (uint32_t)VERSION << 28 | (uint32_t)(q - out - 4);
    memcpy(out, &header, 4);
    return (size_t)(q - out);
}

static int open_connection(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a)) {
        perror("ola_feeder: olad on 127.0.0.1:9010");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void send_all(int fd, const uint8_t *p, size_t n)
{
    for (ssize_t sent; n; p += sent, n -= (size_t)sent)
        if ((sent = send(fd, p, n, MSG_NOSIGNAL)) < 0) {
            if (errno != EINTR)
                exit(0);                /* olad has ended */
            sent = 0;
        }
}

int main(int argc, char **argv)
{
    int universes = argc == 3 ? atoi(argv[1]) : 0;
    double hz = argc == 3 ? atof(argv[2]) : 0;
    struct timespec t;

    if (universes < 1 || hz <= 0) {
        fprintf(stderr, "usage: ola_feeder UNIVERSES HZ\n");
        return 2;
    }
    int fd = open_connection();
    uint8_t *frame = malloc((size_t)universes * (SLOTS + 128));
    if (!frame)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &t);
    for (uint32_t k = 0;; k++) {
        int step = (int)(k % STEPS), level = (step < STEPS / 2 ? step : STEPS - step) * 255 / (STEPS / 2);
        size_t n = 0;
        for (int u = 1; u <= universes; u++)
            n += make_call(frame + n, u, k, level);
        send_all(fd, frame, n);         /* the whole frame at once: as little work for both as there can be */
        t.tv_nsec += (long)(1e9 / hz);
        if (t.tv_nsec >= 1000000000)
            t.tv_nsec -= 1000000000, t.tv_sec++;
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
            ;
    }
}
