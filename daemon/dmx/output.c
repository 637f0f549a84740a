#include "dmx/output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "dmx/output_private.h"

const char *const output_protocol_names[] = { "artnet", "sacn", "enttec_pro", NULL };

/* --- rows --- */

static bool is_unicast(const char *text)
{
    struct in_addr a;

    if (inet_pton(AF_INET, text, &a) != 1)
        return false;
    uint32_t ip = ntohl(a.s_addr);
    return ip >> 24 != 0 && (ip >> 28 < 14 || ip == INADDR_BROADCAST);
}

/* What the kernel takes for a name (dev_valid_name), in ASCII; "" is none. An interface that is not there now may come later. */
static bool is_interface_name(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c >= 0x7f || *c == '/' || *c == ':')
            return false;
    return strcmp(text, ".") && strcmp(text, "..");
}

enum lm_err output_check(const struct output_row *row, struct problem *p)
{
    enum lm_err err = LM_OK;
    bool artnet = row->protocol == OUTPUT_ARTNET;
    const char *word = artnet ? "broadcast" : "multicast";

    if (row->protocol == OUTPUT_ENTTEC_PRO)
        return problem_add(p, "/protocol", "USB interfaces (enttec_pro) are not supported by this version");
    if (row->protocol != OUTPUT_ARTNET && row->protocol != OUTPUT_SACN)
        return problem_add(p, "/protocol", "a protocol is artnet or sacn");
    if (row->universe < 1 || row->universe > DMX_MAX_UNIVERSE)
        err = problem_add(p, "/universe", "a universe is 1 to %d", DMX_MAX_UNIVERSE);
    if (*row->destination && strcmp(row->destination, word) && !is_unicast(row->destination))
        err = problem_add(p, "/destination", "a destination is an IPv4 address, \"%s\" or null", word);
    if (!is_interface_name(row->interface))
        err = problem_add(p, "/interface", "an interface is named like eth0: without spaces, slashes and colons");
    if (artnet && (row->port_address < -1 || row->port_address > 32767))
        err = problem_add(p, "/port_address", "an Art-Net port-address is 0 to 32767");
    if (artnet && row->port_address == -1 && row->universe > 32768)
        err = problem_add(p, "/port_address", "universe %d needs an Art-Net port-address of 0 to 32767", row->universe);
    if (!artnet && (row->priority < 0 || row->priority > 200))
        err = problem_add(p, "/priority", "a priority is 0 to 200");
    if (row->sync < 0 || row->sync > (artnet ? 1 : DMX_MAX_UNIVERSE))
        err = problem_add(p, "/sync", artnet ? "sync is 0 or 1" : "sync is 0 or a universe of 1 to 63999");
    return err;
}

/* --- sockets --- */

static int open_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, ttl = 16, room = 1 << 20, little = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof on);      /* a visualiser on this machine listens too */
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);          /* a frame of many universes at once */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);      /* nothing is read from it */
    return fd;
}

static bool bind_artnet(int fd, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_ANY) };

    return !bind(fd, (struct sockaddr *)&a, sizeof a);
}

enum lm_err outputs_open(const char *cid_uuid, const char *source_name, struct outputs **result, struct problem *p)
{
    return outputs_open_ports(cid_uuid, source_name, ARTNET_PORT, ARTNET_PORT, SACN_PORT, result, p);
}

enum lm_err outputs_open_ports(const char *cid_uuid, const char *source_name, int artnet_bind, int artnet_port, int sacn_port,
                               struct outputs **result, struct problem *p)
{
    struct outputs *o = calloc(1, sizeof *o);

    if (!o)
        return problem_set(p, LM_NOMEM, "out of memory");
    pthread_mutex_init(&o->lock, NULL);
    o->socket[OUTPUT_ENTTEC_PRO] = -1;
    o->socket[OUTPUT_ARTNET] = open_socket();
    o->socket[OUTPUT_SACN] = open_socket();
    if (o->socket[OUTPUT_ARTNET] < 0 || o->socket[OUTPUT_SACN] < 0) {
        enum lm_err err = problem_set(p, LM_IO, "no socket for lighting outputs: %s", strerror(errno));
        outputs_close(o);
        return err;
    }
    if (!uuid_to_bytes(cid_uuid, o->source.cid)) {
        outputs_close(o);
        return problem_set(p, LM_INVALID, "the sACN identity is no UUID");
    }
    sacn_source_name(&o->source, source_name);
    o->port[OUTPUT_ARTNET] = artnet_port, o->port[OUTPUT_SACN] = sacn_port, o->artnet_bind = artnet_bind;
    o->artnet_bound = bind_artnet(o->socket[OUTPUT_ARTNET], artnet_bind);
    if (!o->artnet_bound)
        log_warn("dmx", "UDP port %d is taken (%s): Art-Net is sent from another port, some nodes ignore that", artnet_bind, strerror(errno));
    *result = o;
    return LM_OK;
}

void outputs_close(struct outputs *o)
{
    if (!o)
        return;
    for (int i = 0; i < OUTPUT_PROTOCOLS; i++)
        if (o->socket[i] >= 0)
            close(o->socket[i]);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

/* --- sets --- */

static bool same_stream(const struct output_row *a, const struct output_row *b)
{
    return a->protocol == b->protocol && a->universe == b->universe && a->port_address == b->port_address &&
           row_is_multicast(a) == row_is_multicast(b) && (row_is_multicast(a) || !strcmp(a->destination, b->destination)) &&
           !strcmp(a->interface, b->interface);
}

static bool in_use(const struct output_set *s, const struct stream *stream)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->out[i].stream == stream)
            return true;
    return false;
}

/* The old set's stream of the same output, else of another that sent the same thing to the same place. */
static struct stream *inherit(const struct output_set *s, const struct output_set *old, const struct output_row *row)
{
    struct stream *other = NULL;

    for (size_t i = 0; old && i < old->n; i++) {
        if (!same_stream(&old->out[i].row, row) || in_use(s, old->out[i].stream))
            continue;
        if (!strcmp(old->out[i].row.id, row->id))
            return old->out[i].stream;
        if (!other)
            other = old->out[i].stream;
    }
    return other;
}

static void publish_routes(struct output_set *s)
{
    routes_find(s, s->shown);
    memcpy(latest_back(&s->routes), s->shown, s->n * sizeof *s->shown);
    latest_publish(&s->routes);
}

enum lm_err output_set_new(struct outputs *o, const struct output_row *rows, size_t n, const struct universes *u, const struct output_set *old,
                           struct output_set **result)
{
    struct output_set *s = calloc(1, sizeof *s);
    enum lm_err err = LM_NOMEM;

    if (!s)
        return LM_NOMEM;
    s->o = o;
    s->max_messages = n * TARGETS_MAX * 2 + 1;
    s->out = calloc(n + 1, sizeof *s->out);
    s->shown = calloc(n + 1, sizeof *s->shown);
    s->headers = calloc(s->max_messages, sizeof *s->headers);
    s->messages = calloc(s->max_messages, sizeof *s->messages);
    for (int i = 0; i < 3; i++)
        s->route_buf[i] = calloc(n + 1, sizeof *s->route_buf[i]);
    latest_init(&s->routes, s->route_buf[0], s->route_buf[1], s->route_buf[2]);
    artnet_sync(s->artsync);
    if (!s->out || !s->shown || !s->headers || !s->messages || !s->route_buf[0] || !s->route_buf[1] || !s->route_buf[2])
        goto out;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < n; i++) {
        struct output *t = &s->out[i];
        t->row = rows[i];
        t->universe = universes_index(u, rows[i].universe);
        struct stream *stream = inherit(s, old, &rows[i]);
        if (!stream && !(stream = calloc(1, sizeof *stream)))
            break;
        stream->refs++;
        t->stream = stream;
        s->n++;
    }
    if (s->n == n) {
        publish_routes(s);
        err = LM_OK;
    }
    pthread_mutex_unlock(&o->lock);
    if (!err)
        *result = s, s = NULL;
out:
    output_set_free(s);
    return err;
}

void output_set_free(struct output_set *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->o->lock);
    for (size_t i = 0; i < s->n; i++)
        if (!--s->out[i].stream->refs)
            free(s->out[i].stream);
    pthread_mutex_unlock(&s->o->lock);
    for (int i = 0; i < 3; i++)
        free(s->route_buf[i]);
    free(s->out), free(s->shown), free(s->headers), free(s->messages);
    free(s);
}

static void send_one(const struct outputs *o, enum output_protocol protocol, const struct target *t, const void *data, size_t n)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = { 0 };
    struct iovec iov = { (void *)data, n };
    struct sockaddr_in to = t->to;
    struct msghdr m = { .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &iov, .msg_iovlen = 1 };

    if (t->ifindex) {
        struct in_pktinfo info = { .ipi_ifindex = (int)t->ifindex, .ipi_spec_dst = t->source };
        m.msg_control = control, m.msg_controllen = sizeof control;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = IPPROTO_IP, c->cmsg_type = IP_PKTINFO, c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
    }
    if (sendmsg(o->socket[protocol], &m, 0) < 0)
        log_debug("dmx", "last packets to %s: %s", inet_ntoa(to.sin_addr), strerror(errno));
}

static void retire_one(struct outputs *o, struct output *t, const struct route *r, bool zero)
{
    static const uint8_t dark[DMX_SLOTS];
    struct stream *st = t->stream;
    bool sacn = t->row.protocol == OUTPUT_SACN;

    if (!st->has_last || (!sacn && !zero))
        return;
    for (int i = 0; i < (sacn ? 3 : 2); i++) {
        const uint8_t *slots = zero ? dark : st->last;
        size_t n;
        if (sacn)
            n = sacn_data(t->packet, &o->source, t->row.universe, t->row.priority, ++st->sequence, SACN_TERMINATED, 0, slots, DMX_SLOTS);
        else
            n = artnet_dmx(t->packet, t->row.port_address < 0 ? t->row.universe - 1 : t->row.port_address,
                           st->sequence = artnet_next_sequence(st->sequence), slots, DMX_SLOTS);
        for (size_t k = 0; k < r->n; k++)
            send_one(o, t->row.protocol, &r->targets[k], t->packet, n);
    }
    st->has_last = false;               /* said once */
}

void output_set_retire(struct outputs *o, struct output_set *old, const struct output_set *now, bool zero)
{
    if (!old)
        return;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < old->n; i++)
        if (!now || !in_use(now, old->out[i].stream))
            retire_one(o, &old->out[i], &old->shown[i], zero);
    pthread_mutex_unlock(&o->lock);
}

/* --- what is known about them --- */

size_t output_set_stats(const struct output_set *s, struct output_stats *out, size_t max)
{
    size_t n = s->n < max ? s->n : max;

    for (size_t i = 0; i < n; i++) {
        struct stream *st = s->out[i].stream;
        out[i] = (struct output_stats){
            .packets = atomic_load_explicit(&st->packets, memory_order_relaxed),
            .errors = atomic_load_explicit(&st->errors, memory_order_relaxed),
            .last_errno = atomic_load_explicit(&st->last_errno, memory_order_relaxed),
            .last_sent_ns = atomic_load_explicit(&st->last_sent_ns, memory_order_relaxed),
            .fps = atomic_load_explicit(&st->fps, memory_order_relaxed),
        };
        memcpy(out[i].id, s->out[i].row.id, sizeof out[i].id);
    }
    return n;
}

static bool describe(struct output *t, const struct route *r, char out[192])
{
    const char *to = *t->row.destination ? t->row.destination : t->row.protocol == OUTPUT_SACN ? "multicast" : "broadcast";
    uint64_t errors = atomic_load_explicit(&t->stream->errors, memory_order_relaxed), lost = errors - t->errors_told;
    int n = snprintf(out, 192, "universe %d, %s to %s: ", t->row.universe, output_protocol_names[t->row.protocol], to);
    char *text = out + n;
    size_t room = 192 - (size_t)n;

    t->errors_told = errors;
    if (r->trouble == TROUBLE_INTERFACE)
        snprintf(text, room, "interface %s is missing or down; sending starts when it comes up", t->row.interface);
    else if (r->trouble == TROUBLE_NO_BROADCAST)
        snprintf(text, room, "no interface is up that can broadcast; sending starts when one is");
    else if (t->universe < 0)
        snprintf(text, room, "this universe does not exist");
    else if (lost)
        /* No numbers here: the same trouble must stay the same sentence, or it would be news twice a second. They are in output_stats. */
        snprintf(text, room, "packets are not sent: %s; still trying", strerror(atomic_load_explicit(&t->stream->last_errno, memory_order_relaxed)));
    else
        return false;
    return true;
}

size_t output_set_poll_warnings(struct output_set *s, char (*out)[192], size_t max)
{
    size_t n = 0;
    bool artnet = false;

    pthread_mutex_lock(&s->o->lock);
    publish_routes(s);
    for (size_t i = 0; i < s->n; i++)
        artnet |= s->out[i].row.protocol == OUTPUT_ARTNET;
    if (artnet && !s->o->artnet_bound && n < max)
        snprintf(out[n++], sizeof *out, "UDP port %d is taken by another program: Art-Net is sent from another port, some nodes ignore that",
                 s->o->artnet_bind);
    for (size_t i = 0; i < s->n && n < max; i++)
        n += describe(&s->out[i], &s->shown[i], out[n]);
    pthread_mutex_unlock(&s->o->lock);
    return n;
}
