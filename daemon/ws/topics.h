#pragma once
/* The table of topics (api.md "WebSocket"), and what a client says to get them. Pure; bytes from the network: any content is fine. */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "net/role.h"

enum topic { TOPIC_HOST_AUDIO, TOPIC_FRAME, TOPIC_WIRE, TOPIC_CHANGES, TOPIC_JOBS, TOPIC_SYSTEM, TOPIC_METERS, TOPIC_DMX, TOPICS };

enum { MESSAGE_MAX = 64 << 10, MESSAGE_DMX_MAX = 64 };
#define TOPIC_BIT(t) (1u << (t))
#define FPS_MIN 0.1
#define FPS_MAX 44.0

struct topic_desc {
    const char *name;           /* "dmx/" stands for dmx/<n> */
    const char *rate;
    const char *doc;
    enum role role;             /* least; nobody is let in without one at all (handshake.h) */
};
extern const struct topic_desc topic_table[TOPICS];

enum message_type { MESSAGE_SUBSCRIBE, MESSAGE_UNSUBSCRIBE, MESSAGE_PING };

struct message {
    enum message_type type;
    unsigned topics;                    /* TOPIC_BIT of each but TOPIC_DMX */
    uint16_t dmx[MESSAGE_DMX_MAX];      /* universes, without repeats */
    size_t n_dmx;
    double max_fps;                     /* 0: not given */
};

/* LM_BAD_REQUEST: not JSON or no object; LM_INVALID: unknown type, topic or member. p says what and what there is. */
enum lm_err message_parse(const char *text, size_t n, struct message *m, struct problem *p);
