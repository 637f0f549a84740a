/* Sending, once a tick. Thread: engine (real time): builds packets in memory made beforehand, then one sendmmsg per socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "dmx/output_private.h"

static bool is_due(struct stream *st, const struct output_row *row, const uint8_t *slots, int64_t now)
{
    bool changed = !st->has_last || memcmp(st->last, slots, DMX_SLOTS);

    if (changed) {
        memcpy(st->last, slots, DMX_SLOTS);
        st->has_last = true;
        st->repeats = row->protocol == OUTPUT_SACN ? 2 : 0;     /* E1.31 section 6.6.2: three packets of settled data */
        return true;
    }
    if (!row->on_change)
        return true;
    if (st->repeats) {
        st->repeats--;
        return true;
    }
    return now - st->sent_ns >= KEEP_ALIVE_MS * INT64_C(1000000);
}

static size_t build(const struct outputs *o, struct output *t, const uint8_t *slots)
{
    struct stream *st = t->stream;
    const struct output_row *r = &t->row;

    if (r->protocol == OUTPUT_SACN)
        return sacn_data(t->packet, &o->source, r->universe, r->priority, ++st->sequence, 0, r->sync, slots, DMX_SLOTS);
    st->sequence = artnet_next_sequence(st->sequence);
    return artnet_dmx(t->packet, r->port_address < 0 ? r->universe - 1 : r->port_address, st->sequence, slots, DMX_SLOTS);
}

static void count(struct stream *st, int64_t now)
{
    st->sent_ns = now;
    atomic_store_explicit(&st->last_sent_ns, now, memory_order_relaxed);
    if (!st->window_ns)
        st->window_ns = now;
    else
        st->window_frames++;
    if (now - st->window_ns >= 1000000000) {
        atomic_store_explicit(&st->fps, (double)st->window_frames * 1e9 / (double)(now - st->window_ns), memory_order_relaxed);
        st->window_ns = now, st->window_frames = 0;
    }
}

static void message(struct output_set *s, size_t at, const struct target *t, void *data, size_t n, struct stream *stream)
{
    struct message *m = &s->messages[at];
    struct msghdr *h = &s->headers[at].msg_hdr;

    m->iov = (struct iovec){ data, n };
    m->to = t->to;
    m->stream = stream;
    *h = (struct msghdr){ .msg_name = &m->to, .msg_namelen = sizeof m->to, .msg_iov = &m->iov, .msg_iovlen = 1 };
    if (t->ifindex) {
        struct in_pktinfo info = { .ipi_ifindex = (int)t->ifindex, .ipi_spec_dst = t->source };
        h->msg_control = m->control, h->msg_controllen = sizeof m->control;
        struct cmsghdr *c = CMSG_FIRSTHDR(h);
        c->cmsg_level = IPPROTO_IP, c->cmsg_type = IP_PKTINFO, c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
    }
}

/* A target that refuses costs its own packet only: sendmmsg stops before it, is told about it, and goes on behind it. */
static void flush(struct output_set *s, int fd, size_t n)
{
    for (size_t at = 0; at < n;) {
        size_t batch = n - at > 1024 ? 1024 : n - at;
        int sent = sendmmsg(fd, s->headers + at, (unsigned)batch, MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        for (int i = 0; i < sent; i++)
            atomic_fetch_add_explicit(&s->messages[at + (size_t)i].stream->packets, 1, memory_order_relaxed);
        if (sent > 0) {
            at += (size_t)sent;
            continue;
        }
        struct stream *st = s->messages[at++].stream;
        atomic_fetch_add_explicit(&st->errors, 1, memory_order_relaxed);
        atomic_store_explicit(&st->last_errno, errno, memory_order_relaxed);
    }
}

static size_t add_syncs(struct output_set *s, const struct route *routes, enum output_protocol protocol, size_t n)
{
    for (size_t i = 0; i < s->n; i++) {
        struct output *t = &s->out[i];
        size_t length = 0;
        if (t->row.protocol != protocol || !t->row.sync)
            continue;
        for (size_t k = 0; k < routes[i].n; k++) {
            struct target to = routes[i].targets[k];
            if (!to.syncs)
                continue;
            if (protocol == OUTPUT_ARTNET) {
                message(s, n++, &to, s->artsync, sizeof s->artsync, t->stream);
                continue;
            }
            if (row_is_multicast(&t->row))
                to.to.sin_addr.s_addr = htonl(sacn_multicast_address(t->row.sync));
            if (!length)
                length = sacn_sync(t->sync_packet, &s->o->source, t->row.sync, ++t->stream->sync_sequence);
            message(s, n++, &to, t->sync_packet, length, t->stream);
        }
    }
    return n;
}

static void send_protocol(struct output_set *s, const struct universes *u, const struct route *routes, enum output_protocol protocol, int64_t now)
{
    size_t n = 0;
    bool sync = false;

    for (size_t i = 0; i < s->n; i++) {
        struct output *t = &s->out[i];
        if (t->row.protocol != protocol || t->universe < 0 || (size_t)t->universe >= u->n || !routes[i].n)
            continue;
        const uint8_t *slots = u->u[t->universe].slots;
        if (!is_due(t->stream, &t->row, slots, now))
            continue;
        size_t length = build(s->o, t, slots);
        for (size_t k = 0; k < routes[i].n; k++)
            message(s, n++, &routes[i].targets[k], t->packet, length, t->stream);
        count(t->stream, now);
        sync |= t->row.sync != 0;
    }
    if (sync)
        n = add_syncs(s, routes, protocol, n);
    flush(s, s->o->socket[protocol], n);
}

void output_set_send(struct output_set *s, const struct universes *u, int64_t mono_ns)
{
    const struct route *routes = latest_front(&s->routes);

    send_protocol(s, u, routes, OUTPUT_ARTNET, mono_ns);
    send_protocol(s, u, routes, OUTPUT_SACN, mono_ns);
}
