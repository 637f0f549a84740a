#pragma once
/*
 * The engine: one real-time thread, `rate_hz` times a second on absolute deadlines: transport -> layers -> frame -> masters -> guard -> DMX -> sent -> published
 * (architecture.md "Life of a frame"). It never allocates, frees, locks, logs or touches a file; the control side reports its counters.
 *
 * THREADS  engine_post*(): any non-real-time thread, serialised inside. engine_live(): the one WebSocket thread. engine_copy_*(): any other.
 * MEMORY   A posted scene belongs to the engine until a newer one is in use; engine_collect() gives back those that are free.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "audio/player.h"
#include "core/err.h"
#include "show/av.h"
#include "show/dmx_test.h"
#include "show/flash.h"
#include "show/scene.h"
#include "show/show.h"

struct engine;

struct engine_options { const struct player *player; bool real_time; int rt_priority; int rate_hz; };

enum lm_err engine_new(const struct engine_options *o, struct engine **result);
enum lm_err engine_start(struct engine *e);
void engine_stop(struct engine *e);             /* after the frame it is in; nothing is sent afterwards */
void engine_free(struct engine *e);

/* Each returns a ticket; engine_wait() returns when a frame with it was sent (false: not within timeout_ms). */
uint64_t engine_post_scene(struct engine *e, struct scene *s);
/* The loaded track that is the score's; 0 = none. `coming`: one that the player is about to have, lit as well, so that no frame between is dark. */
uint64_t engine_post_serial(struct engine *e, uint64_t player_serial, uint64_t coming);
uint64_t engine_post_blackout(struct engine *e, bool on);
uint64_t engine_post_freeze(struct engine *e, bool on);
uint64_t engine_post_master(struct engine *e, float level);
/* A group of the scene's patch; one it does not have is passed over. "": all of them. */
uint64_t engine_post_group(struct engine *e, const char *group_id, float level);
/* At full until then, beside those that already are; a new patch ends it. */
uint64_t engine_post_identify(struct engine *e, size_t first_head, size_t n, int64_t until_ns);
uint64_t engine_post_identify_group(struct engine *e, const char *group_id, int64_t until_ns);     /* its lights; no fog, no laser */
/* Behind the masters, before a blackout (show/flash.h). NULL: no more. */
uint64_t engine_post_flash(struct engine *e, const struct flash *flash);
/* What is under test: fill the one, wholly, and post it. One caller at a time. */
struct dmx_test *engine_test_back(struct engine *e);
uint64_t engine_post_test(struct engine *e);
uint64_t engine_post_rate(struct engine *e, int hz);
/* The engine keeps sending the last bytes and leaves what is its own in the space alone until the next scene or until `on` is false: the time to copy it. */
uint64_t engine_post_hold(struct engine *e, bool on);
bool engine_wait(struct engine *e, uint64_t ticket, int timeout_ms);

struct scene *engine_collect(struct engine *e); /* a list (next) of scenes the engine is done with; the caller frees them */
const atomic_ullong *engine_frames(const struct engine *e);

const struct show_live *engine_live(struct engine *e);          /* the ws thread's */
/* Room for what is shown must exist before a scene with more heads or universes is posted. */
enum lm_err engine_reserve(struct engine *e, size_t heads, size_t universes);
/* One universe of the newest frame, as it was sent and as the program made it; false: not there. */
bool engine_copy_universe(struct engine *e, int number, uint8_t slots[512], uint8_t own[512]);
size_t engine_copy_universe_numbers(struct engine *e, int *numbers, size_t max);

struct engine_stats {
    uint64_t frames, late, missed_ticks, tile_misses;
    double fps;
    uint32_t us_p50, us_p99, us_max;            /* work of a frame since the last call of engine_get_stats() that asked for a reset */
    uint32_t wake_us_p50, wake_us_p99, wake_us_max;     /* how late packets began to leave */
    struct av_error av;                         /* how far light is from sound */
    bool is_real_time;
    int rate_hz;
};
void engine_get_stats(struct engine *e, struct engine_stats *s);
int64_t engine_guard_ns(const struct engine *e);        /* instant (clock_mono_ns) of the newest frame that the photosensitive guard changed; 0: none yet */
