#pragma once
/*
 * One group that flashes with a sound, for calibrating a room (show/calibration.c): dark, and full white for 60 ms at the instants that are asked for, never more than twice a
 * second whatever the rate, jumps or offsets do. Heads that make no light (smoke) or that may hurt (lasers) are left alone.
 *
 * THREADS  The engine's; real-time safe.
 */
#include <stdbool.h>
#include <stdint.h>

#include "audio/player.h"
#include "core/uuid.h"
#include "show/scene.h"

struct flash {
    uint64_t serial;                    /* of what the player must have; 0: none is wanted */
    double at, interval;                /* seconds of it: the first, and from one to the next */
    char group[UUID_SIZE];              /* filled up with zeros */
};

struct flasher {
    struct flash flash;
    int64_t began_ns;                   /* the last one; 0: there was none */
    bool is_lit;
};

void flasher_set(struct flasher *f, const struct flash *flash);
/* Lays it over a frame of the space; now: the player at the frame's instant mono_ns, offset_s: what light is earlier than sound, period_ns: from one frame to the next. */
void flasher_run(struct flasher *f, const struct space *space, struct frame *frame, const struct player_now *now, double offset_s, int64_t period_ns, int64_t mono_ns);
