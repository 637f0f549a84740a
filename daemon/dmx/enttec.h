#pragma once
/*
 * Messages of the DMX USB Pro (Enttec, "DMX USB Pro Widget API Specification 1.44"), which its clones speak as well: 0x7E, label, length (low byte first),
 * data, 0xE7. Pure: no port, no clock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENTTEC_GET_PARAMETERS = 3,          /* asked with the wanted length of user data, here 0; answered: firmware, break, mark after break, rate */
    ENTTEC_SEND_DMX = 6,                /* start code and slots; the device repeats them by itself until the next */
    ENTTEC_GET_SERIAL = 10,             /* answered: four bytes, binary coded decimal, low byte first */
};
enum { ENTTEC_DATA_MAX = 600, ENTTEC_DMX_SIZE = 5 + 513, ENTTEC_REQUEST_MAX = 5 + 2 };

/* A whole universe with start code 0; returns ENTTEC_DMX_SIZE. Fewer than 512 slots are followed by zeros. */
size_t enttec_dmx(uint8_t out[ENTTEC_DMX_SIZE], const uint8_t *slots, size_t n);
/* ENTTEC_GET_PARAMETERS or ENTTEC_GET_SERIAL; returns its length. */
size_t enttec_request(uint8_t out[ENTTEC_REQUEST_MAX], int label);

/* Bytes from the device into messages. All zero = empty. What is no message (wrong length, no end) is skipped, and the next start is looked for. */
struct enttec_parser { int state; uint8_t label; size_t length, got; uint8_t data[ENTTEC_DATA_MAX]; };
bool enttec_parse(struct enttec_parser *p, uint8_t byte);       /* true: label, length and data are a whole message until the next call */

struct enttec_identity { bool has_parameters, has_serial; int firmware_major, firmware_minor, rate; uint32_t serial; };    /* rate: 1..40 a second, 0 = as fast as it can */
/* What a message says of the device; other messages change nothing. */
void enttec_identify(struct enttec_identity *id, const struct enttec_parser *message);
