#pragma once
/*
 * How far light is from sound. Each frame was made for a position of the track, said beforehand; a few frames later the device has played the instant at which it was sent, and knows better. Only
 * what plays on steadily is compared: across a jump, a pause or another rate an instant has no one position.
 *
 * THREADS  av_look(), av_sent(): the engine, real-time safe. av_read(): any.
 */
#include "audio/player.h"
#include "show/histogram.h"

enum { AV_LATER = 4 };                  /* frames */

struct av {
    struct player_now now;              /* of the frame at hand */
    struct { int64_t ns; double position; } sent[AV_LATER];     /* the newest n_sent ones, since the transport last changed */
    unsigned n_sent, next;              /* next: the oldest */
    struct histogram us;
};

/* Before a frame is made for `now`. */
void av_look(struct av *av, const struct player *player, const struct player_now *now);
/* It is going out at mono_ns. */
void av_sent(struct av *av, int64_t mono_ns);

struct av_error { uint64_t frames; uint32_t us_p50, us_p99, us_max; };
void av_read(const struct av *av, struct av_error *error);
