#include "audio/transport.h"

/* Rows: where we are; columns: what happened, in the order of the enum. */
static const enum transport_state next[TRANSPORT_STATE_COUNT][TRANSPORT_EVENT_COUNT] = {
#define ST TRANSPORT_STOPPED
#define SG TRANSPORT_STARTING
#define PL TRANSPORT_PLAYING
#define PG TRANSPORT_PAUSING
#define SK TRANSPORT_SEEKING
#define LO TRANSPORT_LOST
    /*                        load play pause seek taken end lose find */
    [TRANSPORT_STOPPED]   = { ST,  SG,  ST,   ST,  ST,   ST, ST,  ST },
    [TRANSPORT_STARTING]  = { ST,  SG,  PG,   SK,  PL,   ST, LO,  SG },
    [TRANSPORT_PLAYING]   = { ST,  PL,  PG,   SK,  PL,   ST, LO,  PL },
    [TRANSPORT_PAUSING]   = { ST,  SG,  PG,   PG,  ST,   ST, ST,  PG },
    [TRANSPORT_SEEKING]   = { ST,  SK,  PG,   SK,  PL,   ST, LO,  SK },
    [TRANSPORT_LOST]      = { ST,  LO,  PG,   LO,  LO,   ST, LO,  PL },
#undef ST
#undef SG
#undef PL
#undef PG
#undef SK
#undef LO
};

enum transport_state transport_next(enum transport_state state, enum transport_event event)
{
    return next[state][event];
}

const char *transport_text(enum transport_state state)
{
    static const char *const texts[] = {
#define X(name, text) text,
        TRANSPORT_STATES(X)
#undef X
    };
    return texts[state];
}
