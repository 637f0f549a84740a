#include "dmx/input.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmx/artnet.h"
#include "dmx/input_private.h"
#include "dmx/sacn.h"

const char *const input_merge_names[] = { "off", "htp", "ltp", NULL };

enum { SECOND_NS = 1000000000, REJOIN_S = 60 };

/* ---- life ---- */

enum lm_err input_new(const uint8_t cid[16], int sacn_port, struct input **result)
{
    struct input *in = calloc(1, sizeof *in);

    if (!in)
        return LM_NOMEM;
    memcpy(in->cid, cid, sizeof in->cid);
    pthread_mutex_init(&in->lock, NULL);
    if (!(in->sockets = sockets_new(cid, sacn_port))) {
        input_free(in);
        return LM_NOMEM;
    }
    *result = in;
    return LM_OK;
}

void input_free(struct input *in)
{
    if (!in)
        return;
    sockets_free(in->sockets);
    pthread_mutex_destroy(&in->lock);
    free(in->universes);
    free(in);
}

/* ---- sources ---- */

struct packet {                         /* of either protocol */
    enum output_protocol protocol;
    const struct sockaddr_in *from;
    const uint8_t *cid;                 /* sACN */
    const char *name;
    int number;                         /* port-address or universe */
    int priority;                       /* -1: none */
    bool is_numbered, ends;
    uint8_t sequence;
    const uint8_t *slots; size_t n;
};

static bool is_of(const struct source *x, const struct packet *p)
{
    if (x->protocol != p->protocol)
        return false;
    if (x->protocol == OUTPUT_SACN)
        return !memcmp(x->cid, p->cid, sizeof x->cid);
    return x->from.sin_addr.s_addr == p->from->sin_addr.s_addr && x->from.sin_port == p->from->sin_port && x->port_address == p->number;
}

static struct source **source_find(struct channel *c, const struct packet *p)
{
    struct source **x = &c->sources;

    while (*x && !is_of(*x, p))
        x = &(*x)->next;
    return x;
}

static void source_remove(struct source **x)
{
    struct source *gone = *x;

    *x = gone->next;
    free(gone);
}

/* Room for one more of this protocol. */
static void make_room(struct channel *c, enum output_protocol protocol)
{
    struct source **oldest = NULL;
    size_t n = 0;

    for (struct source **x = &c->sources; *x; x = &(*x)->next)
        if ((*x)->protocol == protocol) {
            n++;
            if (!oldest || (*x)->seen_ns < (*oldest)->seen_ns)
                oldest = x;
        }
    if (n >= INPUT_SOURCES)
        source_remove(oldest);
}

static struct source *source_add(struct channel *c, const struct packet *p)
{
    struct source *x = calloc(1, sizeof *x), **last = &c->sources;

    if (!x)
        return NULL;
    make_room(c, p->protocol);
    while (*last)
        last = &(*last)->next;
    *last = x;
    x->protocol = p->protocol;
    x->port_address = p->protocol == OUTPUT_ARTNET ? p->number : -1;
    if (p->cid)
        memcpy(x->cid, p->cid, sizeof x->cid);
    return x;
}

/* E1.31 section 6.7.2. */
static bool is_out_of_order(const struct source *x, const struct packet *p)
{
    int ahead = (int8_t)(uint8_t)(p->sequence - x->sequence);

    return x->is_numbered && p->is_numbered && ahead <= 0 && ahead > -20;
}

static void source_take(struct source *x, const struct packet *p, int64_t now)
{
    x->from = *p->from;
    snprintf(x->name, sizeof x->name, "%s", p->name);
    x->priority = p->priority;
    if (p->is_numbered)
        x->sequence = p->sequence, x->is_numbered = true;
    x->seen_ns = now;
    x->packets++;
    if (!x->window_ns)
        x->window_ns = now;
    else
        x->window_packets++;
    if (now - x->window_ns >= SECOND_NS) {
        x->fps = (double)x->window_packets * 1e9 / (double)(now - x->window_ns);
        x->window_ns = now, x->window_packets = 0;
    }
    for (size_t i = 0; i < p->n; i++)
        if (x->slots[i] != p->slots[i]) {
            x->slots[i] = p->slots[i];
            x->changed[i] = now;
        }
    for (size_t i = p->n; i < x->n; i++)        /* no longer its own */
        x->slots[i] = 0, x->changed[i] = 0;
    x->n = p->n;
}

static void channel_take(const struct input_set *s, struct heard *h, const struct packet *p, int64_t now)
{
    struct source **at = source_find(h->channel, p), *x = *at;

    if (x && is_out_of_order(x, p))
        return;
    if (p->ends && !x)
        return;                         /* it says so three times */
    if (p->ends)
        source_remove(at);
    else if (x || (x = source_add(h->channel, p)))
        source_take(x, p, now);
    channel_publish(s, h);
}

/* The first address that is not before this one. */
static size_t address_find(const struct input_set *s, enum output_protocol protocol, int number)
{
    size_t low = 0, high = s->n_addresses;

    while (low < high) {
        size_t mid = (low + high) / 2;
        const struct address *a = &s->addresses[mid];
        if (a->protocol < protocol || (a->protocol == protocol && a->number < number))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void take(struct input *in, const struct packet *p, int64_t now)
{
    pthread_mutex_lock(&in->lock);
    struct input_set *s = in->now;
    for (size_t i = s ? address_find(s, p->protocol, p->number) : 0; s && i < s->n_addresses; i++) {
        const struct address *a = &s->addresses[i];
        if (a->protocol != p->protocol || a->number != p->number)
            break;
        channel_take(s, &s->heard[a->heard], p, now);
    }
    pthread_mutex_unlock(&in->lock);
}

void input_artnet(struct input *in, const struct sockaddr_in *from, const uint8_t *packet, size_t n, int64_t mono_ns)
{
    struct artnet_dmx d;

    if (!artnet_parse_dmx(packet, n, &d))
        return;
    struct packet p = { .protocol = OUTPUT_ARTNET, .from = from, .name = "", .number = d.port_address, .priority = -1,
                        .is_numbered = d.sequence, .sequence = d.sequence, .slots = d.slots, .n = d.n };
    take(in, &p, mono_ns);
}

void input_sacn(struct input *in, const struct sockaddr_in *from, const uint8_t *packet, size_t n, int64_t mono_ns)
{
    struct sacn_data d;

    if (!sacn_parse_data(packet, n, &d) || d.start_code || d.options & SACN_PREVIEW || !memcmp(d.cid, in->cid, sizeof in->cid))
        return;
    struct packet p = { .protocol = OUTPUT_SACN, .from = from, .cid = d.cid, .name = d.name, .number = d.universe, .priority = d.priority,
                        .is_numbered = true, .sequence = d.sequence, .ends = d.options & SACN_TERMINATED, .slots = d.slots, .n = d.n };
    take(in, &p, mono_ns);
}

int input_sacn_fd(const struct input *in)
{
    return sockets_fd(in->sockets);
}

void input_sacn_read(struct input *in, int64_t mono_ns)
{
    sockets_read(in->sockets, in, mono_ns);
}

/* ---- time ---- */

static bool is_silent(const struct source *x, int64_t now)
{
    return now - x->seen_ns > INPUT_TIMEOUT_MS * INT64_C(1000000);
}

static void drop_silent(const struct input_set *s, struct heard *h, int64_t now)
{
    bool gone = false;

    for (struct source **x = &h->channel->sources; *x;)
        if (is_silent(*x, now))
            source_remove(x), gone = true;
        else
            x = &(*x)->next;
    if (gone)
        channel_publish(s, h);
}

/* The universes heard by sACN, ascending as addresses are. False: no memory, the groups stay as they are until the next tick. */
static bool list_universes(struct input *in, size_t *n)
{
    const struct input_set *s = in->now;

    *n = 0;
    if (s && s->n > in->max_universes) {
        int *more = realloc(in->universes, s->n * sizeof *more);
        if (!more)
            return false;
        in->universes = more, in->max_universes = s->n;
    }
    for (size_t i = s ? address_find(s, OUTPUT_SACN, 0) : 0; s && i < s->n_addresses; i++)
        in->universes[(*n)++] = s->addresses[i].number;
    return true;
}

static bool hears_sacn(const struct input_set *s)
{
    for (size_t i = 0; s && i < s->n; i++)
        for (const struct source *x = s->heard[i].channel->sources; x; x = x->next)
            if (x->protocol == OUTPUT_SACN)
                return true;
    return false;
}

void input_tick(struct input *in, int64_t mono_ns)
{
    size_t n = 0;
    bool joins = false, anew = false, merges = false;

    pthread_mutex_lock(&in->lock);
    struct input_set *s = in->now;
    for (size_t i = 0; s && i < s->n; i++)
        drop_silent(s, &s->heard[i], mono_ns);
    if (in->is_new || in->is_moved || mono_ns - in->joined_ns >= SECOND_NS) {
        merges = s && s->merge != INPUT_OFF;
        /* A switch that started later than we did knows nothing of our groups: while nothing at all is heard, they are joined again. */
        anew = in->is_moved || (merges && mono_ns - in->rejoined_ns >= REJOIN_S * INT64_C(1000000000) && !hears_sacn(s));
        if ((joins = list_universes(in, &n)))
            in->is_new = in->is_moved = false;
    }
    pthread_mutex_unlock(&in->lock);
    if (!joins)
        return;
    sockets_join(in->sockets, in->universes, n, merges, anew);
    in->joined_ns = mono_ns;
    if (anew)
        in->rejoined_ns = mono_ns;
}

void input_network_changed(struct input *in)
{
    pthread_mutex_lock(&in->lock);
    in->is_moved = true;
    pthread_mutex_unlock(&in->lock);
}

/* ---- what is seen ---- */

size_t input_artnet_ports(struct input *in, uint16_t *out, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&in->lock);
    const struct input_set *s = in->now;
    for (size_t i = 0; s && s->merge != INPUT_OFF && i < s->n_addresses && s->addresses[i].protocol == OUTPUT_ARTNET && n < max; i++)
        if (!n || out[n - 1] != s->addresses[i].number)
            out[n++] = (uint16_t)s->addresses[i].number;
    pthread_mutex_unlock(&in->lock);
    return n;
}

static void view(const struct input_set *s, const struct heard *h, const struct source *x, struct input_source *out, int64_t now)
{
    char ip[INET_ADDRSTRLEN] = "";
    int port = ntohs(x->from.sin_port);
    bool sacn = x->protocol == OUTPUT_SACN;

    *out = (struct input_source){
        .universe = h->channel->universe, .protocol = x->protocol, .port_address = x->port_address, .priority = x->priority,
        .our_priority = sacn && h->sends[OUTPUT_SACN] ? h->our_priority : -1, .packets = x->packets, .fps = x->fps,
        .ip = x->from.sin_addr, .age_ms = (now - x->seen_ns) / 1000000, .is_merged = source_counts(s, h, x), .is_second = h->sends[x->protocol],
    };
    inet_ntop(AF_INET, &x->from.sin_addr, ip, sizeof ip);
    snprintf(out->address, sizeof out->address, sacn || port == ARTNET_PORT ? "%s" : "%s:%d", ip, port);
    memcpy(out->name, x->name, sizeof out->name);
}

size_t input_sources(struct input *in, int universe, struct input_source *out, size_t max, int64_t mono_ns)
{
    size_t n = 0;

    pthread_mutex_lock(&in->lock);
    const struct input_set *s = in->now;
    for (size_t i = 0; s && i < s->n; i++) {
        const struct heard *h = &s->heard[i];
        for (const struct source *x = h->channel->sources; x && (!universe || h->channel->universe == universe) && n < max; x = x->next)
            if (!is_silent(x, mono_ns))
                view(s, h, x, &out[n++], mono_ns);
    }
    pthread_mutex_unlock(&in->lock);
    return n;
}
