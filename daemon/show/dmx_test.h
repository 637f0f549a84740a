#pragma once
/*
 * What is under test: channels of fixtures held by a fader, and universes filled with a pattern to find a wire. Never stored; each belongs to a socket and
 * ends with it.
 *
 * A test is laid over the bytes behind everything else of a frame (masters, guard, what is received, parks), so what is seen is what the fader says. One thing is
 * above it: in a blackout nothing of a test is sent. Patterns lie below channels; of two that hold one slot the newer wins.
 *
 * A pattern leaves alone what could hurt or swing: pan and tilt, channels with a lamp or reset range, and all of lasers, smoke and haze machines and fans
 * (space.spared). A single channel is what it is: whoever moves its fader means it.
 *
 * THREADS  A struct dmx_test is filled on the control side and read by the engine; dmx_test_run() is real-time safe. show_tests_*: any non-real-time thread;
 *          their lock is above `view` of state.h and below that of the previews, whose table says which sockets there are. show_tests_follow(): control lock held.
 */
#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/uuid.h"
#include "show/scene.h"

enum { DMX_TEST_SLOTS = 4096, DMX_TEST_PATTERNS = 256 };

/* FULL: every slot at 255. CHASE: one after the other, 25 a second. BLINK: half a second full, half a second 0. */
enum dmx_pattern { DMX_PATTERN_FULL, DMX_PATTERN_CHASE, DMX_PATTERN_BLINK };
extern const char *const dmx_pattern_names[];           /* "full", "chase", "blink", NULL */

struct dmx_test {                       /* what the engine has; universes are indexes in the space of that serial, and in no other */
    uint32_t space;
    size_t n, n_patterns;
    struct { uint32_t universe; uint16_t slot; uint8_t value; } slot[DMX_TEST_SLOTS];
    struct { uint32_t universe; enum dmx_pattern pattern; int64_t since_ns; } pattern[DMX_TEST_PATTERNS];
};

/* The engine's. */
void dmx_test_run(const struct dmx_test *t, const struct space *s, int64_t mono_ns);

/* --- the control side --- */

struct dmx_test_channel { uint16_t channel; uint8_t value; };           /* channel from 1 */

struct dmx_test_entry {
    struct dmx_test_entry *next;        /* newest last */
    char client[UUID_SIZE], of[UUID_SIZE];      /* of: a fixture or an output */
    bool is_output;
    int universe;                       /* of an output */
    enum dmx_pattern pattern;
    int64_t since_ns;
    size_t n;
    struct dmx_test_channel channel[];  /* of a fixture */
};

struct dmx_tests {
    pthread_mutex_t lock;
    struct dmx_test_entry *first;
    bool told;                          /* the warning is up */
};

struct show;
void show_tests_leave(struct show *s, const char *client);
/* The patch or the outputs are others: channels are found anew, tests of outputs that are gone end. */
void show_tests_follow(struct show *s, const struct output_set *outputs);
/* marks[slot from 0] = mark where a test holds a slot of this universe. */
void show_tests_mark(struct show *s, int universe, uint8_t marks[DMX_SLOTS], uint8_t mark);
void dmx_tests_clear(struct dmx_tests *t);
