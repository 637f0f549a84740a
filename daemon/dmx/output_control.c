#include "dmx/output_control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "dmx/output_private.h"

int outputs_artnet_fd(const struct outputs *o)
{
    return o->socket[OUTPUT_ARTNET];
}

int outputs_artnet_source(struct outputs *o)
{
    struct sockaddr_in a = { 0 };
    socklen_t n = sizeof a;

    return getsockname(o->socket[OUTPUT_ARTNET], (struct sockaddr *)&a, &n) ? 0 : ntohs(a.sin_port);
}

/* A socket that has sent has a port and cannot be bound any more: another one takes its number, between two packets. */
bool outputs_artnet_bind(struct outputs *o)
{
    pthread_mutex_lock(&o->lock);
    int fd = o->artnet_bound ? -1 : output_socket(OUTPUT_ARTNET);
    bool bound = fd >= 0 && output_bind_artnet(fd, o->artnet_bind) && dup3(fd, o->socket[OUTPUT_ARTNET], O_CLOEXEC) >= 0;
    o->artnet_bound |= bound;
    pthread_mutex_unlock(&o->lock);
    if (fd >= 0)
        close(fd);
    if (bound)
        log_info("dmx", "UDP port %d is free now: Art-Net is sent from it", o->artnet_bind);
    return bound;
}

struct nodes *outputs_nodes(struct outputs *o)
{
    return o->nodes;
}

void outputs_cid(const struct outputs *o, uint8_t cid[16])
{
    memcpy(cid, o->source.cid, sizeof o->source.cid);
}

void outputs_name(struct outputs *o, char name[64])
{
    pthread_mutex_lock(&o->lock);
    memcpy(name, o->source.name, sizeof o->source.name);
    pthread_mutex_unlock(&o->lock);
}

void outputs_set_reply_broadcast(struct outputs *o, bool on)
{
    atomic_store(&o->reply_broadcast, on);
}

bool outputs_reply_broadcast(const struct outputs *o)
{
    return atomic_load(&o->reply_broadcast);
}

void outputs_refresh(struct outputs *o)
{
    pthread_mutex_lock(&o->lock);
    for (struct output_set *s = o->sets; s; s = s->next)
        if (!s->is_retired)
            output_set_publish(s);
    pthread_mutex_unlock(&o->lock);
}

/* --- what is sent --- */

static int by_number(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

static int by_address(const void *a, const void *b)
{
    uint32_t x = ntohl(((const struct in_addr *)a)->s_addr), y = ntohl(((const struct in_addr *)b)->s_addr);

    return (x > y) - (x < y);
}

static size_t sort_once(void *list, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    char *at = list;
    size_t kept = 0;

    if (n)
        qsort(list, n, size, compare);
    for (size_t i = 0; i < n; i++)
        if (!kept || compare(at + (kept - 1) * size, at + i * size))
            memmove(at + kept++ * size, at + i * size, size);
    return kept;
}

size_t outputs_port_addresses(struct outputs *o, uint16_t *out, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&o->lock);
    for (const struct output_set *s = o->sets; s; s = s->next)
        for (size_t i = 0; i < s->n && !s->is_retired; i++) {
            const struct output *t = &s->out[i];
            if (t->row.protocol != OUTPUT_ARTNET || t->universe < 0)
                continue;
            if (n == max && (n = sort_once(out, n, sizeof *out, by_number)) == max)
                break;
            out[n++] = (uint16_t)row_port_address(&t->row);
        }
    pthread_mutex_unlock(&o->lock);
    return sort_once(out, n, sizeof *out, by_number);
}

size_t outputs_static_targets(struct outputs *o, struct in_addr *out, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&o->lock);
    for (const struct output_set *s = o->sets; s; s = s->next)
        for (size_t i = 0; i < s->n && !s->is_retired; i++) {
            struct in_addr to;
            if (s->out[i].row.protocol != OUTPUT_ARTNET || inet_pton(AF_INET, s->out[i].row.destination, &to) != 1 || to.s_addr == INADDR_BROADCAST)
                continue;
            if (n == max && (n = sort_once(out, n, sizeof *out, by_address)) == max)
                break;
            out[n++] = to;
        }
    pthread_mutex_unlock(&o->lock);
    return sort_once(out, n, sizeof *out, by_address);
}

bool outputs_artnet_send(struct outputs *o, struct in_addr to, unsigned ifindex, struct in_addr source, const void *packet, size_t n)
{
    struct target t = { .to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)o->port[OUTPUT_ARTNET]), .sin_addr = to }, .ifindex = ifindex, .source = source };

    return output_send_one(o, OUTPUT_ARTNET, &t, packet, n);
}

/* --- universe discovery --- */

struct found { struct target to; uint16_t universe; };

static int by_place(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    if (x->to.ifindex != y->to.ifindex)
        return x->to.ifindex < y->to.ifindex ? -1 : 1;
    return by_address(&x->to.source, &y->to.source);
}

static int by_place_and_universe(const void *a, const void *b)
{
    int place = by_place(a, b);

    return place ? place : ((const struct found *)a)->universe - ((const struct found *)b)->universe;
}

/* Each universe on each interface it is multicast to; `list` has room for all. */
static size_t find_all(const struct outputs *o, struct found *list)
{
    size_t n = 0;

    for (const struct output_set *s = o->sets; s; s = s->next)
        for (size_t i = 0; i < s->n && !s->is_retired; i++) {
            const struct output_row *row = &s->out[i].row;
            if (!row_is_multicast(row) || s->out[i].universe < 0)
                continue;
            for (size_t k = 0; k < s->shown[i].n; k++) {
                struct target to = s->shown[i].targets[k];
                to.to.sin_addr.s_addr = htonl(sacn_multicast_address(SACN_DISCOVERY_UNIVERSE));
                list[n++] = (struct found){ to, (uint16_t)row->universe };
                if (row->sync)
                    list[n++] = (struct found){ to, (uint16_t)row->sync };
            }
        }
    return sort_once(list, n, sizeof *list, by_place_and_universe);
}

static size_t send_pages(const struct outputs *o, const struct found *list, size_t n)
{
    enum { PAGE = 512 };
    uint8_t packet[SACN_DISCOVERY_MAX];
    uint16_t universes[PAGE];
    size_t sent = 0;
    int last = (int)((n - 1) / PAGE);

    for (int page = 0; page <= last; page++) {
        size_t first = (size_t)page * PAGE, count = n - first < PAGE ? n - first : PAGE;
        for (size_t i = 0; i < count; i++)
            universes[i] = list[first + i].universe;
        sent += output_send_one(o, OUTPUT_SACN, &list->to, packet, sacn_discovery(packet, &o->source, page, last, universes, count));
    }
    return sent;
}

size_t outputs_discover(struct outputs *o)
{
    size_t room = 0, sent = 0;

    pthread_mutex_lock(&o->lock);
    for (const struct output_set *s = o->sets; s; s = s->next)
        for (size_t i = 0; i < s->n; i++)
            room += 2 * s->shown[i].n;
    struct found *list = calloc(room + 1, sizeof *list);
    for (size_t i = 0, end, n = list ? find_all(o, list) : 0; i < n; i = end) {
        for (end = i + 1; end < n && !by_place(&list[i], &list[end]);)
            end++;
        sent += send_pages(o, list + i, end - i);
    }
    pthread_mutex_unlock(&o->lock);
    free(list);
    return sent;
}
