#include "show/dmx_test.h"

#include <string.h>

#define CHASE_STEP_NS INT64_C(40000000)
#define BLINK_NS INT64_C(500000000)

const char *const dmx_pattern_names[] = { "full", "chase", "blink", NULL };

static uint8_t value_at(enum dmx_pattern pattern, int slot, int64_t since_ns)
{
    switch (pattern) {
    case DMX_PATTERN_FULL:
        break;
    case DMX_PATTERN_CHASE:
        return slot == (int)(since_ns / CHASE_STEP_NS % DMX_SLOTS) ? 255 : 0;
    case DMX_PATTERN_BLINK:
        return since_ns / BLINK_NS % 2 ? 0 : 255;
    }
    return 255;
}

void dmx_test_run(const struct dmx_test *t, const struct space *s, int64_t mono_ns)
{
    if (t->space != s->serial)          /* numbers of another list of universes: the right ones are on their way */
        return;
    for (size_t i = 0; i < t->n_patterns; i++) {
        const uint8_t *spared = s->spared->u[t->pattern[i].universe].slots;
        uint8_t *out = s->universes->u[t->pattern[i].universe].slots;
        int64_t since = mono_ns > t->pattern[i].since_ns ? mono_ns - t->pattern[i].since_ns : 0;
        for (int k = 0; k < DMX_SLOTS; k++)
            if (!spared[k])
                out[k] = value_at(t->pattern[i].pattern, k, since);
    }
    for (size_t i = 0; i < t->n; i++)
        s->universes->u[t->slot[i].universe].slots[t->slot[i].slot] = t->slot[i].value;
}
