#include "dmx/controller.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/log.h"
#include "core/str.h"
#include "core/version.h"
#include "dmx/input.h"

enum {
    ADDRESSES = 2048,                   /* more than 255 replies can show */
    STATIC_TARGETS = 1024, STATIC_LOOK_MS = 250,        /* while there are none, the first is polled soon */
    TICK_REPLIES = 64,                  /* go out at a time, so that they never take the socket's room from the light */
    STYLE_CONTROLLER = 1, OEM_UNKNOWN = 0x00ff, ESTA_PROTOTYPE = 0x7ff0,
    STATUS1_NORMAL = 0xd0,              /* indicators normal; addresses are set here, not over the network */
    STATUS2_15_BITS = 0x08,
};

struct asker {
    struct arrival who;
    bool waits;
    bool targeted;
    int bottom, top;
    int64_t due_ns, answered_ns;        /* answered_ns 0: never */
    size_t told;                        /* of the replies of an answer that is under way */
};

struct controller {
    struct outputs *o;
    struct input *in;
    uint64_t random;
    uint32_t replies;
    struct asker askers[CONTROLLER_ASKERS];
    size_t n_askers;
    int64_t static_due_ns;
    struct in_addr targets[STATIC_TARGETS];
    size_t n_targets;
    uint16_t sent[ADDRESSES], merged[ADDRESSES];
    struct artnet_reply pages[CONTROLLER_REPLIES];
};

enum lm_err controller_new(struct outputs *o, struct input *in, struct controller **result)
{
    struct controller *c = calloc(1, sizeof(*c));

    if (!c)
        return LM_NOMEM;
    c->o = o, c->in = in;
    if (getrandom(&c->random, sizeof(c->random), GRND_NONBLOCK) != sizeof(c->random) || !c->random)
        c->random = (uintptr_t)c | 1;
    *result = c;
    return LM_OK;
}

void controller_free(struct controller *c)
{
    free(c);
}

/* Marsaglia's xorshift: spreads answers in time, no secret. */
static int64_t random_below(struct controller *c, int64_t n)
{
    c->random ^= c->random << 13, c->random ^= c->random >> 7, c->random ^= c->random << 17;
    return (int64_t)(c->random % (uint64_t)n);
}

/* --- asking --- */

static void poll_segments(struct controller *c, int64_t now)
{
    struct segment due[NODES_SEGMENTS];
    uint8_t packet[ARTNET_POLL_SIZE];
    size_t length = artnet_poll(packet);

    for (size_t i = 0, n = nodes_due(outputs_nodes(c->o), due, NODES_SEGMENTS, now); i < n; i++)
        outputs_artnet_send(c->o, due[i].broadcast, due[i].ifindex, due[i].address, packet, length);
}

static bool hears_broadcast(const struct interfaces *list, struct in_addr to)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->i[i].is_up && list->i[i].can_broadcast && interface_covers(&list->i[i], to))
            return true;
    return false;
}

static void poll_targets(struct controller *c, const struct interfaces *list, int64_t now)
{
    uint8_t packet[ARTNET_POLL_SIZE];
    size_t length = artnet_poll(packet);

    bool any = false;

    if (now < c->static_due_ns)
        return;
    c->n_targets = outputs_static_targets(c->o, c->targets, STATIC_TARGETS);
    for (size_t i = 0; i < c->n_targets; i++)
        if (!hears_broadcast(list, c->targets[i])) {
            outputs_artnet_send(c->o, c->targets[i], 0, (struct in_addr){ 0 }, packet, length);
            any = true;
        }
    c->static_due_ns = now + INT64_C(1000000) * (any ? NODES_POLL_MS : STATIC_LOOK_MS);
}

bool controller_believes(const struct controller *c, const struct interfaces *list, struct in_addr from)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->i[i].is_up && interface_covers(&list->i[i], from))
            return true;
    for (size_t i = 0; i < c->n_targets; i++)
        if (c->targets[i].s_addr == from.s_addr)
            return true;
    return false;
}

void controller_interfaces(struct controller *c, const struct interfaces *list, int64_t mono_ns)
{
    nodes_segments(outputs_nodes(c->o), list);
    poll_segments(c, mono_ns);
}

/* --- answering --- */

static struct asker *find_asker(struct controller *c, struct in_addr ip)
{
    struct asker *idle = NULL;

    for (size_t i = 0; i < c->n_askers; i++) {
        struct asker *a = &c->askers[i];
        if (a->who.from.s_addr == ip.s_addr)
            return a;
        if (!a->waits && (!idle || a->answered_ns < idle->answered_ns))
            idle = a;
    }
    if (c->n_askers < CONTROLLER_ASKERS)
        idle = &c->askers[c->n_askers++];
    if (idle)
        *idle = (struct asker){ 0 };
    return idle;                        /* NULL: too many wait; who is left out asks again in 3 s */
}

void controller_asked(struct controller *c, const struct arrival *from, const struct artnet_poll *poll, int64_t mono_ns)
{
    const int64_t second = 1000000000;
    struct asker *a = find_asker(c, from->from);

    if (!a)
        return;
    if (a->waits) {                     /* asked twice before the answer: one answer to both */
        a->bottom = poll->bottom < a->bottom ? poll->bottom : a->bottom;
        a->top = poll->top > a->top ? poll->top : a->top;
        a->targeted = a->targeted && poll->targeted;
        return;
    }
    a->who = *from;
    a->waits = true;
    a->told = 0;
    a->targeted = poll->targeted, a->bottom = poll->bottom, a->top = poll->top;
    a->due_ns = mono_ns + random_below(c, (CONTROLLER_DELAY_MS - 100) * INT64_C(1000000));        /* the clock that looks ticks ten times a second */
    if (a->answered_ns && a->due_ns < a->answered_ns + second)
        a->due_ns = a->answered_ns + second;
}

size_t controller_pages(const uint16_t *sent, size_t n_sent, const uint16_t *merged, size_t n_merged, struct artnet_reply *out)
{
    size_t both = 0, pages = 0, i = 0, k = 0;

    for (size_t a = 0, b = 0; a < n_sent; a++) {
        while (b < n_merged && merged[b] < sent[a])
            b++;
        both += b < n_merged && merged[b] == sent[a];
    }
    size_t n = n_sent + n_merged - both, most = n > ARTNET_REPLY_PORTS && n <= CONTROLLER_REPLIES ? 1 : ARTNET_REPLY_PORTS;
    do {
        struct artnet_reply *r = &out[pages++];
        *r = (struct artnet_reply){ .bind_index = (uint8_t)pages };
        while (r->n_ports < most && (i < n_sent || k < n_merged)) {
            int address = k == n_merged || (i < n_sent && sent[i] < merged[k]) ? sent[i] : merged[k];
            int first = r->n_ports ? r->ports[0].is_output ? r->ports[0].output : r->ports[0].input : address;
            if (address >> 4 != first >> 4)
                break;
            struct artnet_port *p = &r->ports[r->n_ports++];
            *p = (struct artnet_port){ .is_active = true, .input = address, .output = address };
            if (i < n_sent && sent[i] == address)
                p->is_input = true, i++;
            if (k < n_merged && merged[k] == address)
                p->is_output = true, k++;
        }
    } while ((i < n_sent || k < n_merged) && pages < CONTROLLER_REPLIES);
    return pages;
}

static bool is_asked_for(const struct asker *a, const struct artnet_reply *r)
{
    if (!a->targeted)
        return true;
    for (size_t i = 0; i < r->n_ports; i++)
        if (r->ports[i].input >= a->bottom && r->ports[i].input <= a->top)
            return true;
    return false;
}

/* What is the same in all replies to one asker. */
static void describe(struct controller *c, const struct asker *a, const struct interfaces *list, size_t n_sent, struct artnet_reply *r)
{
    char name[64];

    outputs_name(c->o, name);
    memcpy(r->ip, &a->who.local, 4), memcpy(r->bind_ip, &a->who.local, 4);
    for (size_t i = 0; i < list->n; i++)
        if (list->i[i].address.s_addr == a->who.local.s_addr)
            memcpy(r->mac, list->i[i].mac, 6);
    str_copy(r->name, sizeof(r->name), "lumad");
    str_copy(r->long_name, sizeof(r->long_name), name);
    snprintf(r->report, sizeof(r->report), "#0001 [%04u] lumad " LUMAD_VERSION " sends %zu universe%s", c->replies % 10000, n_sent, n_sent == 1 ? "" : "s");
    r->oem = OEM_UNKNOWN, r->esta = ESTA_PROTOTYPE;
    r->status1 = STATUS1_NORMAL, r->status2 = STATUS2_15_BITS, r->style = STYLE_CONTROLLER;
}

/* Where an answer goes: who asked, or everybody on that side. */
static struct in_addr answer_to(const struct controller *c, const struct asker *a, const struct interfaces *list)
{
    for (size_t i = 0; i < list->n && outputs_reply_broadcast(c->o); i++)
        if (list->i[i].index == a->who.ifindex && list->i[i].address.s_addr == a->who.local.s_addr && list->i[i].can_broadcast)
            return list->i[i].broadcast;
    return a->who.from;
}

/* At most `room` of them; returns how many. All of them are out when `a` no longer waits. */
static size_t answer(struct controller *c, struct asker *a, const struct interfaces *list, size_t room)
{
    size_t n_sent = outputs_port_addresses(c->o, c->sent, ADDRESSES), n_merged = c->in ? input_artnet_ports(c->in, c->merged, ADDRESSES) : 0;
    size_t pages = controller_pages(c->sent, n_sent, c->merged, n_merged, c->pages);
    uint8_t packet[ARTNET_REPLY_SIZE];
    struct in_addr to = answer_to(c, a, list);
    size_t sent = 0;

    c->replies += !a->told;
    for (; a->told < pages && sent < room; a->told++) {
        struct artnet_reply *r = &c->pages[a->told];
        if (!is_asked_for(a, r))
            continue;
        describe(c, a, list, n_sent, r);
        size_t n = artnet_reply(packet, r);
        if (!outputs_artnet_send(c->o, to, a->who.ifindex, a->who.local, packet, n) &&          /* the way it came, or else the way we know */
            !outputs_artnet_send(c->o, a->who.from, 0, a->who.local, packet, n))
            a->told = pages;            /* no way there: it asks again */
        sent++;
    }
    a->waits = a->told < pages;
    return sent;
}

void controller_tick(struct controller *c, const struct interfaces *list, int64_t mono_ns)
{
    size_t sent = 0;

    poll_segments(c, mono_ns);
    poll_targets(c, list, mono_ns);
    for (size_t i = 0; i < c->n_askers && sent < TICK_REPLIES; i++) {
        struct asker *a = &c->askers[i];
        if (!a->waits || mono_ns < a->due_ns)
            continue;
        sent += answer(c, a, list, TICK_REPLIES - sent);
        a->answered_ns = mono_ns;
    }
}
