#include "dmx/artnet.h"

#include <string.h>

#include "core/str.h"

enum { PROTOCOL_VERSION = 14, REPLY_LEAST = 207, POLL_NEWS = 0x02, POLL_TARGETED = 0x20, TYPE_OUTPUT = 0x80, TYPE_INPUT = 0x40, GOOD_DATA = 0x80 };

/* ID, OpCode (low byte first) and protocol version (high byte first): the first 12 bytes of every packet but ArtPollReply. */
static void header(uint8_t *out, int op)
{
    memcpy(out, "Art-Net", 8);
    out[8] = (uint8_t)op, out[9] = (uint8_t)(op >> 8);
    out[10] = 0, out[11] = PROTOCOL_VERSION;
}

size_t artnet_dmx(uint8_t out[ARTNET_DMX_MAX], int port_address, uint8_t sequence, const uint8_t *slots, size_t n)
{
    size_t length;

    n = n > 512 ? 512 : n;
    length = n < 2 ? 2 : n + n % 2;
    header(out, ARTNET_OP_DMX);
    out[12] = sequence;
    out[13] = 0;                                        /* Physical: informative only */
    out[14] = (uint8_t)port_address;                    /* SubUni */
    out[15] = (uint8_t)((port_address >> 8) & 0x7f);    /* Net */
    out[16] = (uint8_t)(length >> 8), out[17] = (uint8_t)length;
    memset(out + 18, 0, length);
    memcpy(out + 18, slots, n);
    return 18 + length;
}

size_t artnet_sync(uint8_t out[ARTNET_SYNC_SIZE])
{
    header(out, ARTNET_OP_SYNC);
    out[12] = out[13] = 0;
    return ARTNET_SYNC_SIZE;
}

uint8_t artnet_next_sequence(uint8_t s)
{
    return s == 255 ? 1 : (uint8_t)(s + 1);
}

/* --- read --- */

int artnet_op(const uint8_t *p, size_t n)
{
    return n >= 10 && !memcmp(p, "Art-Net", 8) ? p[8] | p[9] << 8 : -1;
}

static bool is_packet(const uint8_t *p, size_t n, int op, size_t least)
{
    return n >= least && artnet_op(p, n) == op && (p[10] << 8 | p[11]) >= PROTOCOL_VERSION;
}

bool artnet_parse_dmx(const uint8_t *p, size_t n, struct artnet_dmx *out)
{
    if (!is_packet(p, n, ARTNET_OP_DMX, 19))
        return false;
    size_t length = (size_t)(p[16] << 8 | p[17]);
    if (length < 1 || length > 512 || length > n - 18 || p[15] > 0x7f)
        return false;
    *out = (struct artnet_dmx){ p[15] << 8 | p[14], p[12], p[13], p + 18, length };
    return true;
}

size_t artnet_poll(uint8_t out[ARTNET_POLL_SIZE])
{
    header(out, ARTNET_OP_POLL);
    out[12] = POLL_NEWS;
    out[13] = 0;                                        /* diagnostics: none are asked for */
    return ARTNET_POLL_SIZE;
}

bool artnet_parse_poll(const uint8_t *p, size_t n, struct artnet_poll *out)
{
    if (!is_packet(p, n, ARTNET_OP_POLL, ARTNET_POLL_SIZE))
        return false;
    *out = (struct artnet_poll){ .flags = p[12], .bottom = 0, .top = 0x7fff };
    if (p[12] & POLL_TARGETED && n >= 18) {             /* older pollers send 14 bytes, and this bit meant nothing then */
        out->targeted = true;
        out->top = p[14] << 8 | p[15], out->bottom = p[16] << 8 | p[17];
    }
    return true;
}

bool artnet_parse_reply(const uint8_t *p, size_t n, struct artnet_reply *out)
{
    if (n < REPLY_LEAST || artnet_op(p, n) != ARTNET_OP_REPLY)
        return false;
    *out = (struct artnet_reply){
        .version = (uint16_t)(p[16] << 8 | p[17]), .oem = (uint16_t)(p[20] << 8 | p[21]), .esta = (uint16_t)(p[25] << 8 | p[24]),
        .status1 = p[23], .style = p[200], .bind_index = n > 211 ? p[211] : 0, .status2 = n > 212 ? p[212] : 0,
    };
    memcpy(out->ip, p + 10, 4), memcpy(out->mac, p + 201, 6);
    if (n >= 211)
        memcpy(out->bind_ip, p + 207, 4);
    utf8_tidy(out->name, p + 26, sizeof out->name);
    utf8_tidy(out->long_name, p + 44, sizeof out->long_name);
    utf8_tidy(out->report, p + 108, sizeof out->report);
    out->n_ports = p[172] || p[173] > ARTNET_REPLY_PORTS ? ARTNET_REPLY_PORTS : p[173];      /* some count all their ports here */
    for (size_t i = 0; i < out->n_ports; i++) {
        int base = (p[18] & 0x7f) << 8 | (p[19] & 0x0f) << 4;
        out->ports[i] = (struct artnet_port){
            .is_output = p[174 + i] & TYPE_OUTPUT, .is_input = p[174 + i] & TYPE_INPUT, .protocol = p[174 + i] & 0x3f,
            .is_active = (p[174 + i] & TYPE_OUTPUT && p[182 + i] & GOOD_DATA) || (p[174 + i] & TYPE_INPUT && p[178 + i] & GOOD_DATA),
            .output = base | (p[190 + i] & 0x0f), .input = base | (p[186 + i] & 0x0f),
        };
    }
    return true;
}

static void write_text(uint8_t *out, size_t room, const char *text)
{
    char cut[64];

    str_copy(cut, room, text);
    memcpy(out, cut, strlen(cut));
}

size_t artnet_reply(uint8_t out[ARTNET_REPLY_SIZE], const struct artnet_reply *r)
{
    memset(out, 0, ARTNET_REPLY_SIZE);
    memcpy(out, "Art-Net", 8);
    out[8] = (uint8_t)ARTNET_OP_REPLY, out[9] = ARTNET_OP_REPLY >> 8;     /* no protocol version in this one */
    memcpy(out + 10, r->ip, 4);
    out[14] = ARTNET_PORT & 0xff, out[15] = ARTNET_PORT >> 8;
    out[16] = (uint8_t)(r->version >> 8), out[17] = (uint8_t)r->version;
    if (r->n_ports) {
        int any = r->ports[0].is_output ? r->ports[0].output : r->ports[0].input;
        out[18] = (uint8_t)((any >> 8) & 0x7f), out[19] = (uint8_t)((any >> 4) & 0x0f);
    }
    out[20] = (uint8_t)(r->oem >> 8), out[21] = (uint8_t)r->oem;
    out[23] = r->status1;
    out[24] = (uint8_t)r->esta, out[25] = (uint8_t)(r->esta >> 8);
    write_text(out + 26, 18, r->name);
    write_text(out + 44, 64, r->long_name);
    write_text(out + 108, 64, r->report);
    out[173] = (uint8_t)r->n_ports;
    for (size_t i = 0; i < r->n_ports; i++) {
        const struct artnet_port *t = &r->ports[i];
        out[174 + i] = (uint8_t)((t->is_output ? TYPE_OUTPUT : 0) | (t->is_input ? TYPE_INPUT : 0) | t->protocol);
        out[178 + i] = t->is_input && t->is_active ? GOOD_DATA : 0;
        out[182 + i] = t->is_output && t->is_active ? GOOD_DATA : 0;
        out[186 + i] = t->is_input ? t->input & 0x0f : 0;
        out[190 + i] = t->is_output ? t->output & 0x0f : 0;
    }
    out[200] = r->style;
    memcpy(out + 201, r->mac, 6);
    memcpy(out + 207, r->bind_ip, 4);
    out[211] = r->bind_index;
    out[212] = r->status2;
    return ARTNET_REPLY_SIZE;
}
