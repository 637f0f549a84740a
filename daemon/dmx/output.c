#include "dmx/output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "dmx/output_private.h"

/* --- sockets --- */

int output_socket(enum output_protocol protocol)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, ttl = 16, room = 4 << 20, little = 1, some = 1 << 20;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof on);      /* a visualiser on this machine listens too */
    /* A frame of 512 universes waiting for the wire, with what the kernel puts around each packet. Beyond net.core.wmem_max: with CAP_NET_ADMIN. */
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room))
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (protocol == OUTPUT_ARTNET) {                                    /* read by the receiver */
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &some, sizeof some);
    } else {                                                            /* nothing is read from it */
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    }
    return fd;
}

bool output_bind_artnet(int fd, int port)
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
    for (int i = 0; i < OUTPUT_PROTOCOLS; i++)
        o->socket[i] = -1;
    o->socket[OUTPUT_ARTNET] = output_socket(OUTPUT_ARTNET);
    o->socket[OUTPUT_SACN] = output_socket(OUTPUT_SACN);
    if (o->socket[OUTPUT_ARTNET] < 0 || o->socket[OUTPUT_SACN] < 0) {
        enum lm_err err = problem_set(p, LM_IO, "no socket for lighting outputs: %s", strerror(errno));
        outputs_close(o);
        return err;
    }
    for (int i = 0; i < OUTPUT_PROTOCOLS; i++)
        o->segments[i] = o->socket[i] >= 0 && outputs_can_segment(o->socket[i]);
    if (!uuid_to_bytes(cid_uuid, o->source.cid)) {
        outputs_close(o);
        return problem_set(p, LM_INVALID, "the sACN identity is no UUID");
    }
    sacn_source_name(&o->source, source_name);
    memcpy(o->first_name, o->source.name, sizeof o->first_name);
    enum lm_err devices = outputs_set_devices(o, "/dev/serial/by-id");
    if (devices || !(o->nodes = nodes_new())) {
        outputs_close(o);
        return problem_set(p, LM_NOMEM, "out of memory");
    }
    o->port[OUTPUT_ARTNET] = artnet_port, o->port[OUTPUT_SACN] = sacn_port, o->artnet_bind = artnet_bind;
    o->artnet_bound = output_bind_artnet(o->socket[OUTPUT_ARTNET], artnet_bind);
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
    widgets_free(o->widgets);
    nodes_free(o->nodes);
    neighbours_clear(&o->neighbours);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

enum lm_err outputs_set_devices(struct outputs *o, const char *by_id)
{
    struct widgets *all;
    enum lm_err err = widgets_new(by_id, &all);

    if (!err) {
        widgets_free(o->widgets);
        o->widgets = all;
    }
    return err;
}

void outputs_set_source_name(struct outputs *o, const char *name)
{
    pthread_mutex_lock(&o->lock);
    sacn_source_name(&o->source, *name ? name : o->first_name);
    pthread_mutex_unlock(&o->lock);
}

void outputs_set_multicast_ttl(struct outputs *o, int ttl)
{
    if (setsockopt(o->socket[OUTPUT_SACN], IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl))
        log_warn("dmx", "multicast packets keep the reach they have: %s", strerror(errno));
}

/* --- sets --- */

static bool same_stream(const struct output_row *a, const struct output_row *b)
{
    if (a->protocol == OUTPUT_ENTTEC_PRO || a->protocol == OUTPUT_NULL)         /* a device has one universe; which one may change */
        return a->protocol == b->protocol && !strcmp(a->destination, b->destination);
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

void output_set_publish(struct output_set *s)
{
    struct route *back = latest_back(&s->routes);
    struct interfaces list;
    bool known = interfaces_get(&list);

    if (known || !s->has_routes) {      /* out of memory or descriptors for a moment: the way that was known holds */
        routes_find(s, &list, s->shown);
        for (size_t i = 0; i < s->n; i++) {
            struct target *targets = back[i].targets;
            back[i] = s->shown[i];
            back[i].targets = targets;
            memcpy(targets, s->shown[i].targets, s->shown[i].n * sizeof *targets);
        }
        latest_publish(&s->routes);
        s->has_routes = true;
    }
    interfaces_clear(&list);
}

/* Four lists of routes of room for TARGETS_MAX each; memory that is never written is never there. */
static bool make_routes(struct output_set *s, size_t n)
{
    struct route *list[4];
    bool made = (s->targets = calloc(4 * n + 1, TARGETS_MAX * sizeof *s->targets)) != NULL;

    for (size_t k = 0; k < 4; k++)
        made &= (list[k] = calloc(n + 1, sizeof *list[k])) != NULL;
    for (size_t k = 0; k < 4 && made; k++)
        for (size_t i = 0; i < n; i++)
            list[k][i].targets = s->targets + (k * n + i) * TARGETS_MAX;
    for (size_t k = 0; k < 3; k++)
        s->route_buf[k] = list[k];
    s->shown = list[3];
    latest_init(&s->routes, list[0], list[1], list[2]);
    return made;
}

/* The same data, wherever it goes: what receivers count packets of. */
static bool same_data(const struct output_row *a, const struct output_row *b)
{
    return a->protocol == b->protocol && (a->protocol == OUTPUT_ARTNET ? row_port_address(a) == row_port_address(b) : a->universe == b->universe);
}

/*
 * A receiver may well see the new stream where it saw an old one: another interface, a node by its address in place of a broadcast. Numbers behind the last one
 * it has seen it would drop, so they go on, ahead of what the old set still sends before the engine changes over.
 */
static uint8_t first_sequence(const struct output_set *old, const struct output_row *row)
{
    enum { AHEAD = 64 };
    const struct output *from = NULL;

    for (size_t i = 0; old && i < old->n; i++)
        if (same_data(&old->out[i].row, row) && (!from || !strcmp(old->out[i].row.id, row->id)))
            from = &old->out[i];
    return from ? (uint8_t)(from->stream->sequence + AHEAD) : 0;
}

static struct stream *stream_new(struct outputs *o, const struct output_row *row, const struct output_set *old)
{
    struct stream *st = calloc(1, sizeof *st);

    if (st && row->protocol == OUTPUT_ENTTEC_PRO && widget_open(o->widgets, row->destination, &st->widget)) {
        free(st);
        return NULL;
    }
    if (st)
        st->sequence = first_sequence(old, row);
    return st;
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
    s->messages = calloc(s->max_messages, sizeof *s->messages);
    s->batches = calloc(s->max_messages, sizeof *s->batches);
    s->headers = calloc(s->max_messages, sizeof *s->headers);
    s->iov = calloc(s->max_messages, sizeof *s->iov);
    artnet_sync(s->artsync);
    if (!make_routes(s, n) || !s->out || !s->messages || !s->batches || !s->headers || !s->iov)
        goto out;
    pthread_mutex_lock(&o->lock);
    s->source = o->source;
    for (size_t i = 0; i < n; i++) {
        struct output *t = &s->out[i];
        t->row = rows[i];
        t->universe = universes_index(u, rows[i].universe);
        struct stream *stream = inherit(s, old, &rows[i]);
        if (!stream && !(stream = stream_new(o, &rows[i], old)))
            break;
        stream->refs++;
        t->stream = stream;
        s->n++;
    }
    if (s->n == n) {
        output_set_publish(s);
        s->next = o->sets, o->sets = s;
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
    for (struct output_set **at = &s->o->sets; *at; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            break;
        }
    for (size_t i = 0; i < s->n; i++)
        if (--s->out[i].stream->refs)
            s->out[i].stream = NULL;
    pthread_mutex_unlock(&s->o->lock);
    for (size_t i = 0; i < s->n; i++) {
        struct stream *gone = s->out[i].stream;         /* nobody else's now; a device may take a moment to be let go */
        if (gone)
            widget_close(gone->widget);
        free(gone);
    }
    for (int i = 0; i < 3; i++)
        free(s->route_buf[i]);
    free(s->out), free(s->shown), free(s->targets), free(s->messages), free(s->batches), free(s->headers), free(s->iov);
    free(s);
}

bool output_send_one(const struct outputs *o, enum output_protocol protocol, const struct target *t, const void *data, size_t n)
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
    if (sendmsg(o->socket[protocol], &m, 0) < 0) {
        char text[INET_ADDRSTRLEN] = "";
        int number = errno;
        inet_ntop(AF_INET, &to.sin_addr, text, sizeof text);
        log_debug("dmx", "a packet to %s: %s", text, strerror(number));
        return false;
    }
    return true;
}

/*
 * Whoever goes on being sent this data, by another output or another way, must not be told that it ends: dark frames when what used to be broadcast goes to a
 * node by its address now, Stream_Terminated when a group is only sent from another interface.
 */
static bool is_lit_by(const struct output_set *now, const struct output *t, const struct target *to)
{
    for (size_t i = 0; now && i < now->n; i++) {
        if (!same_data(&now->out[i].row, &t->row))
            continue;
        for (size_t k = 0; k < now->shown[i].n; k++) {
            const struct target *other = &now->shown[i].targets[k];
            bool same = other->to.sin_addr.s_addr == to->to.sin_addr.s_addr;
            if (t->row.protocol == OUTPUT_ARTNET ? same || other->is_broadcast || to->is_broadcast
                                                 : same && (other->ifindex == to->ifindex || !other->ifindex || !to->ifindex))
                return true;
        }
    }
    return false;
}

static void retire_one(struct outputs *o, const struct sacn_source *source, struct output *t, const struct route *r, const struct output_set *now, bool zero)
{
    static const uint8_t dark[DMX_SLOTS];
    struct stream *st = t->stream;
    bool sacn = t->row.protocol == OUTPUT_SACN;

    if (!st->has_last || (!sacn && !zero) || t->row.protocol == OUTPUT_NULL)
        return;
    if (st->widget) {
        widget_put(st->widget, dark);   /* written before the device is let go, or by who has it next */
        st->has_last = false;
        return;
    }
    for (int i = 0; i < (sacn ? 3 : 2); i++) {
        const uint8_t *slots = zero ? dark : st->last;
        size_t n;
        uint8_t last = st->sequence, sequence = sacn ? (uint8_t)(last + 1) : artnet_next_sequence(last);
        st->sequence = sequence;
        if (sacn)
            n = sacn_data(t->packet, source, t->row.universe, t->row.priority, sequence, (uint8_t)(SACN_TERMINATED | (t->row.preview ? SACN_PREVIEW : 0)), 0, slots,
                          DMX_SLOTS);
        else
            n = artnet_dmx(t->packet, row_port_address(&t->row), sequence, slots, DMX_SLOTS);
        for (size_t k = 0; k < r->n; k++)
            if (!is_lit_by(now, t, &r->targets[k]))
                output_send_one(o, t->row.protocol, &r->targets[k], t->packet, n);
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
            retire_one(o, &old->source, &old->out[i], &old->shown[i], now, zero);
    old->is_retired = true;
    pthread_mutex_unlock(&o->lock);
}

/* --- what is known about them --- */

const char *const output_state_names[] = { "sent", "looking", "no_node", "no_interface", "no_universe", "no_answer", NULL };

/* The first that does not answer; with `all` only if none does. NULL: they do. */
static const struct target *silent_target(const struct route *r, bool all)
{
    const struct target *found = NULL;

    for (size_t k = r->n; k-- > 0;)
        if (r->targets[k].is_silent)
            found = &r->targets[k];
        else if (all)
            return NULL;
    return found;
}

static enum output_state state_of(const struct output *t, const struct route *r)
{
    bool is_network = t->row.protocol == OUTPUT_ARTNET || t->row.protocol == OUTPUT_SACN;

    return t->universe < 0 ? OUTPUT_NO_UNIVERSE
           : !is_network ? OUTPUT_SENT
           : r->trouble == TROUBLE_NO_NODE ? OUTPUT_NO_NODE
           : r->trouble != TROUBLE_NONE ? OUTPUT_NO_INTERFACE
           : silent_target(r, true) ? OUTPUT_NO_ANSWER
           : r->is_looking ? OUTPUT_LOOKING : OUTPUT_SENT;
}

size_t output_set_stats(const struct output_set *s, struct output_stats *out, size_t max)
{
    size_t n = s->n < max ? s->n : max;

    pthread_mutex_lock(&s->o->lock);
    for (size_t i = 0; i < n; i++) {
        struct stream *st = s->out[i].stream;
        out[i] = (struct output_stats){
            .packets = atomic_load_explicit(&st->packets, memory_order_relaxed),
            .errors = atomic_load_explicit(&st->errors, memory_order_relaxed),
            .last_errno = atomic_load_explicit(&st->last_errno, memory_order_relaxed),
            .last_sent_ns = atomic_load_explicit(&st->last_sent_ns, memory_order_relaxed),
            .fps = atomic_load_explicit(&st->fps, memory_order_relaxed),
            .universe = s->out[i].row.universe, .state = state_of(&s->out[i], &s->shown[i]), .targets = s->shown[i].n,
        };
        memcpy(out[i].id, s->out[i].row.id, sizeof out[i].id);
        if (out[i].state != OUTPUT_SENT && out[i].state != OUTPUT_LOOKING)
            out[i].fps = 0;             /* nothing goes out, so nothing measures it */
        if (st->widget)
            widget_stats(st->widget, &out[i]);
    }
    pthread_mutex_unlock(&s->o->lock);
    return n;
}

/* What is wrong with one output; no numbers, or the same trouble would be news twice a second. They are in output_stats. */
static bool describe(struct output *t, const struct route *r, char out[OUTPUT_WARNING])
{
    const char *to = *t->row.destination ? t->row.destination : t->row.protocol == OUTPUT_SACN ? "multicast" : "the nodes that ask for it";
    uint64_t errors = atomic_load_explicit(&t->stream->errors, memory_order_relaxed), lost = errors - t->errors_told;
    int n = snprintf(out, OUTPUT_WARNING, "universe %d, %s to %s: ", t->row.universe, output_protocol_names[t->row.protocol], to);
    char *text = out + n;
    size_t room = OUTPUT_WARNING - (size_t)n;
    char address[INET_ADDRSTRLEN];

    t->errors_told = errors;
    if (t->row.protocol == OUTPUT_NULL)
        return false;
    if (t->stream->widget) {
        n = snprintf(out, OUTPUT_WARNING, "universe %d, USB: ", t->row.universe);
        return widget_trouble(t->stream->widget, out + n, OUTPUT_WARNING - (size_t)n);
    }
    if (r->trouble == TROUBLE_INTERFACE && *t->row.interface && !interfaces_allowed(t->row.interface))
        snprintf(text, room, "interface %s is not among those that lumad.conf gives to lighting", t->row.interface);
    else if (r->trouble == TROUBLE_INTERFACE)
        snprintf(text, room, "%s %s is missing or down; sending starts when it comes up", *t->row.interface ? "interface" : "what lumad.conf gives to lighting:",
                 *t->row.interface ? t->row.interface : "the network interface");
    else if (r->trouble == TROUBLE_NO_BROADCAST && interfaces_limited())
        snprintf(text, room, "none of the interfaces that lumad.conf or the demo gives to lighting (%.60s) is up and can broadcast", interfaces_limited());
    else if (r->trouble == TROUBLE_NO_BROADCAST)
        snprintf(text, room, "no interface is up that can broadcast; sending starts when one is");
    else if (t->universe < 0)
        snprintf(text, room, "this universe does not exist");
    else if (silent_target(r, false))
        snprintf(text, room, "%s does not answer; it gets light again when it does",
                 inet_ntop(AF_INET, &silent_target(r, false)->to.sin_addr, address, sizeof address));
    else if (lost)
        snprintf(text, room, "packets are not sent: %s; still trying", strerror(atomic_load_explicit(&t->stream->last_errno, memory_order_relaxed)));
    else
        return false;
    return true;
}

size_t output_set_poll_warnings(struct output_set *s, struct output_warning *out, size_t max)
{
    size_t n = 0;
    bool artnet = false;

    pthread_mutex_lock(&s->o->lock);
    output_set_publish(s);
    for (size_t i = 0; i < s->n; i++)
        artnet |= s->out[i].row.protocol == OUTPUT_ARTNET;
    if (artnet && !s->o->artnet_bound && n < max) {
        out[n] = (struct output_warning){ .id = "artnet_port" };
        snprintf(out[n++].text, OUTPUT_WARNING, "UDP port %d is taken by another program: Art-Net is sent from another port, some nodes ignore that",
                 s->o->artnet_bind);
    }
    for (size_t i = 0; i < s->n && n < max; i++) {
        memcpy(out[n].id, s->out[i].row.id, sizeof out[n].id);
        n += describe(&s->out[i], &s->shown[i], out[n].text);
    }
    pthread_mutex_unlock(&s->o->lock);
    return n;
}
