/*
 * Any bytes as Art-Net packets. What a parser takes is within its bounds and clean text, and written and read again it is the same; the table of nodes takes
 * whatever replies say and stays what it is: bounded, ordered, each subscription found again.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/str.h"
#include "dmx/artnet.h"
#include "dmx/nodes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int good)
{
    if (!good)
        abort();
}

static void check_dmx(const uint8_t *p, size_t n)
{
    struct artnet_dmx d, again;
    uint8_t packet[ARTNET_DMX_MAX];

    if (!artnet_parse_dmx(p, n, &d))
        return;
    must(d.port_address >= 0 && d.port_address <= 32767 && d.n >= 1 && d.n <= 512 && d.slots == p + 18 && d.slots + d.n <= p + n);
    must(artnet_parse_dmx(packet, artnet_dmx(packet, d.port_address, d.sequence, d.slots, d.n), &again));
    must(again.port_address == d.port_address && again.sequence == d.sequence && !memcmp(again.slots, d.slots, d.n));
}

static void check_poll(const uint8_t *p, size_t n)
{
    struct artnet_poll poll;

    if (artnet_parse_poll(p, n, &poll))
        must(n >= ARTNET_POLL_SIZE && (poll.targeted || (poll.bottom == 0 && poll.top == 0x7fff)));
}

static void check_text(const char *text, size_t room)
{
    size_t n = strnlen(text, room);

    must(n < room && utf8_valid(text, n));
    for (size_t i = 0; i < n; i++)
        must((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

static void check_reply(const uint8_t *p, size_t n, struct nodes *nodes, uint32_t from)
{
    struct artnet_reply r, again;
    uint8_t packet[ARTNET_REPLY_SIZE];
    static struct subscriber found[NODES_MAX];

    if (!artnet_parse_reply(p, n, &r))
        return;
    check_text(r.name, sizeof(r.name)), check_text(r.long_name, sizeof(r.long_name)), check_text(r.report, sizeof(r.report));
    must(r.n_ports <= ARTNET_REPLY_PORTS);
    must(artnet_parse_reply(packet, artnet_reply(packet, &r), &again));
    must(!strcmp(r.name, again.name) && !strcmp(r.report, again.report) && r.n_ports == again.n_ports && r.bind_index == again.bind_index);
    nodes_reply(nodes, (struct in_addr){ htonl(from) }, 1, &r, INT64_C(1000000) * n, 0);
    for (size_t i = 0; i < r.n_ports; i++) {
        const struct artnet_port *port = &r.ports[i];
        must(port->output >= 0 && port->output <= 32767 && port->input >= 0 && port->input <= 32767);
        must(again.ports[i].is_output == port->is_output && (!port->is_output || again.ports[i].output == port->output));
        size_t count = nodes_subscribers(nodes, port->output, found, NODES_MAX), k = 0;
        while (port->is_output && k < count && found[k].ip.s_addr != htonl(from))
            k++;
        must(!port->is_output || k < count || from >> 24 == 0 || from >> 28 >= 14);
    }
}

/* The input is a row of packets: two bytes of length, one of who sends it, the packet. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct nodes *nodes = nodes_new();
    static struct node list[NODES_MAX];

    for (size_t at = 0; at + 3 <= n && nodes;) {
        size_t length = (size_t)(data[at] << 8 | data[at + 1]);
        uint32_t from = (uint32_t)data[at + 2] << 24 | data[at + 2];
        length = length < n - at - 3 ? length : n - at - 3;
        uint8_t *p = malloc(length ? length : 1);      /* of its own: one byte too far is seen */
        if (p && length)
            memcpy(p, data + at + 3, length);
        artnet_op(p, length);
        check_dmx(p, length);
        check_poll(p, length);
        check_reply(p, length, nodes, from);
        free(p);
        at += 3 + length;
    }
    size_t count = nodes ? nodes_list(nodes, list, NODES_MAX) : 0;
    for (size_t i = 1; i < count; i++)
        must(ntohl(list[i - 1].ip.s_addr) < ntohl(list[i].ip.s_addr) ||
             (list[i - 1].ip.s_addr == list[i].ip.s_addr && list[i - 1].reply.bind_index < list[i].reply.bind_index));
    if (nodes)
        nodes_expire(nodes, INT64_MAX);
    must(!nodes || !nodes_count(nodes));
    nodes_free(nodes);
    return 0;
}
