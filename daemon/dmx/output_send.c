/* Sending, once a tick. Thread: engine (real time): builds packets in memory made beforehand; output_batch.c hands them to the kernel. */
#include <arpa/inet.h>
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

static size_t build(const struct output_set *s, struct output *t, const uint8_t *slots)
{
    struct stream *st = t->stream;
    const struct output_row *r = &t->row;

    if (r->protocol == OUTPUT_SACN)
        return sacn_data(t->packet, &s->source, r->universe, r->priority, ++st->sequence, r->preview ? SACN_PREVIEW : 0, r->sync, slots, DMX_SLOTS);
    st->sequence = artnet_next_sequence(st->sequence);
    return artnet_dmx(t->packet, row_port_address(r), st->sequence, slots, DMX_SLOTS);
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
    s->messages[at] = (struct message){
        .iov = { data, n }, .to = t->to, .via = { .ipi_ifindex = (int)t->ifindex, .ipi_spec_dst = t->source }, .stream = stream,
    };
}

/* What is sent to a host that does not answer waits in the room all targets share: it gets just enough to be found when it is back. */
static bool is_wanted(const struct target *t, const struct stream *st, int64_t now)
{
    return !t->is_silent || (t->probes && now - st->probed_ns >= PROBE_MS * INT64_C(1000000));
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
            if (!to.syncs || to.is_silent)
                continue;
            if (protocol == OUTPUT_ARTNET) {
                message(s, n++, &to, s->artsync, sizeof s->artsync, t->stream);
                continue;
            }
            if (row_is_multicast(&t->row))
                to.to.sin_addr.s_addr = htonl(sacn_multicast_address(t->row.sync));
            if (!length)
                length = sacn_sync(t->sync_packet, &s->source, t->row.sync, s->o->sync_sequence);
            message(s, n++, &to, t->sync_packet, length, t->stream);
        }
    }
    return n;
}

static void send_protocol(struct output_set *s, const struct universes *u, const struct route *routes, enum output_protocol protocol, int64_t now)
{
    size_t n = 0, data;
    bool sync = false;

    for (size_t i = 0; i < s->n; i++) {
        struct output *t = &s->out[i];
        if (t->row.protocol != protocol || t->universe < 0 || (size_t)t->universe >= u->n || !routes[i].n)
            continue;
        const uint8_t *slots = u->u[t->universe].slots;
        if (!is_due(t->stream, &t->row, slots, now))
            continue;
        size_t length = build(s, t, slots);
        size_t before = n;
        for (size_t k = 0; k < routes[i].n; k++)
            if (is_wanted(&routes[i].targets[k], t->stream, now))
                message(s, n++, &routes[i].targets[k], t->packet, length, t->stream);
        if (now - t->stream->probed_ns >= PROBE_MS * INT64_C(1000000))
            t->stream->probed_ns = now;
        if (n > before)
            count(t->stream, now);
        else
            t->stream->sent_ns = now;
        sync |= t->row.sync != 0;
    }
    data = n;
    if (sync) {
        s->o->sync_sequence += protocol == OUTPUT_SACN;     /* one number a frame: whichever output brings it, a receiver sees them in order */
        n = add_syncs(s, routes, protocol, n);
    }
    output_send_messages(s, protocol, data, n);
}

/* A copy and a wake-up for the device's own thread. */
static void put_usb(struct output_set *s, const struct universes *u, int64_t now)
{
    for (size_t i = 0; i < s->n; i++) {
        struct output *t = &s->out[i];
        if (t->row.protocol != OUTPUT_ENTTEC_PRO || t->universe < 0 || (size_t)t->universe >= u->n)
            continue;
        const uint8_t *slots = u->u[t->universe].slots;
        if (!is_due(t->stream, &t->row, slots, now))
            continue;
        widget_put(t->stream->widget, slots);
        count(t->stream, now);
    }
}

void output_set_send(struct output_set *s, const struct universes *u, int64_t mono_ns)
{
    const struct route *routes = latest_front(&s->routes);

    send_protocol(s, u, routes, OUTPUT_ARTNET, mono_ns);
    send_protocol(s, u, routes, OUTPUT_SACN, mono_ns);
    put_usb(s, u, mono_ns);
}
