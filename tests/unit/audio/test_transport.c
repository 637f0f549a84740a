#include <stdbool.h>
#include <stdio.h>

#include "../../tap.h"
#include "audio/transport.h"

static enum transport_state go(enum transport_state s, enum transport_event e)
{
    return transport_next(s, e);
}

static bool plays(enum transport_state s)
{
    return s == TRANSPORT_STARTING || s == TRANSPORT_PLAYING || s == TRANSPORT_SEEKING || s == TRANSPORT_LOST;
}

/* What must hold of all 48, said as rules and not as the table once more: for each there is one expectation. */
TEST(every_event_in_every_state)
{
    int seen = 0;

    for (enum transport_state s = 0; s < TRANSPORT_STATE_COUNT; s++)
        for (enum transport_event e = 0; e < TRANSPORT_EVENT_COUNT; e++, seen++) {
            enum transport_state to = go(s, e), want = s;
            switch (e) {
            case TRANSPORT_LOAD:
            case TRANSPORT_END:
                want = TRANSPORT_STOPPED;
                break;
            case TRANSPORT_PLAY:
                if (!plays(s))
                    want = TRANSPORT_STARTING;
                break;
            case TRANSPORT_PAUSE:
                if (s != TRANSPORT_STOPPED)
                    want = TRANSPORT_PAUSING;
                break;
            case TRANSPORT_SEEK:
                if (s == TRANSPORT_STARTING || s == TRANSPORT_PLAYING)
                    want = TRANSPORT_SEEKING;
                break;
            case TRANSPORT_TAKEN:
                if (s == TRANSPORT_STARTING || s == TRANSPORT_SEEKING)
                    want = TRANSPORT_PLAYING;
                if (s == TRANSPORT_PAUSING)
                    want = TRANSPORT_STOPPED;
                break;
            case TRANSPORT_LOSE:
                want = plays(s) ? TRANSPORT_LOST : TRANSPORT_STOPPED;
                break;
            case TRANSPORT_FIND:
                if (s == TRANSPORT_LOST)
                    want = TRANSPORT_PLAYING;
                break;
            case TRANSPORT_EVENT_COUNT:
                break;
            }
            if (to != want)
                printf("# state %d, event %d: %d, want %d\n", s, e, to, want);
            CHECK_INT(to, want);
        }
    CHECK_INT(seen, 48);
}

TEST(whatever_was_asked_settles_once_it_is_taken)
{
    for (enum transport_state s = 0; s < TRANSPORT_STATE_COUNT; s++) {
        enum transport_state to = go(s, TRANSPORT_TAKEN);
        CHECK(to == TRANSPORT_STOPPED || to == TRANSPORT_PLAYING || to == TRANSPORT_LOST);
        CHECK_INT(go(to, TRANSPORT_TAKEN), to);
    }
}

TEST(texts)
{
    CHECK_STR(transport_text(TRANSPORT_STOPPED), "stopped");
    CHECK_STR(transport_text(TRANSPORT_PAUSING), "pausing");
    CHECK_STR(transport_text(TRANSPORT_LOST), "lost");
}
