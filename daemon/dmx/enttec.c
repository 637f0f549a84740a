#include "dmx/enttec.h"

#include <string.h>

enum { START = 0x7e, END = 0xe7 };
enum { WAIT_START, WAIT_LABEL, WAIT_LOW, WAIT_HIGH, WAIT_DATA, WAIT_END };

static size_t message(uint8_t *out, int label, size_t n)
{
    out[0] = START, out[1] = (uint8_t)label;
    out[2] = (uint8_t)n, out[3] = (uint8_t)(n >> 8);
    out[4 + n] = END;
    return n + 5;
}

size_t enttec_dmx(uint8_t out[ENTTEC_DMX_SIZE], const uint8_t *slots, size_t n)
{
    n = n > 512 ? 512 : n;
    memset(out + 4, 0, 513);            /* the start code is the first of them */
    memcpy(out + 5, slots, n);
    return message(out, ENTTEC_SEND_DMX, 513);
}

size_t enttec_request(uint8_t out[ENTTEC_REQUEST_MAX], int label)
{
    memset(out + 4, 0, 2);
    return message(out, label, label == ENTTEC_GET_PARAMETERS ? 2 : 0);
}

bool enttec_parse(struct enttec_parser *p, uint8_t byte)
{
    switch (p->state) {
    case WAIT_START:
        p->state = byte == START ? WAIT_LABEL : WAIT_START;
        break;
    case WAIT_LABEL:
        p->label = byte;
        p->state = WAIT_LOW;
        break;
    case WAIT_LOW:
        p->length = byte;
        p->state = WAIT_HIGH;
        break;
    case WAIT_HIGH:
        p->length |= (size_t)byte << 8;
        p->got = 0;
        p->state = p->length > ENTTEC_DATA_MAX ? WAIT_START : p->length ? WAIT_DATA : WAIT_END;
        break;
    case WAIT_DATA:
        p->data[p->got++] = byte;
        p->state = p->got == p->length ? WAIT_END : WAIT_DATA;
        break;
    default:
        p->state = byte == START ? WAIT_LABEL : WAIT_START;     /* a start where the end should be: the next message, after a lost byte */
        return byte == END;
    }
    return false;
}

void enttec_identify(struct enttec_identity *id, const struct enttec_parser *m)
{
    if (m->label == ENTTEC_GET_PARAMETERS && m->length >= 5) {
        id->has_parameters = true;
        id->firmware_major = m->data[1], id->firmware_minor = m->data[0];
        id->rate = m->data[4];
    } else if (m->label == ENTTEC_GET_SERIAL && m->length == 4) {
        id->has_serial = true;
        id->serial = 0;
        for (int i = 3; i >= 0; i--)
            id->serial = id->serial * 100 + (uint32_t)(m->data[i] >> 4) * 10 + (m->data[i] & 15);
    }
}
