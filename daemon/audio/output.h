#pragma once
/*
 * A sound card by PortAudio, behind a thread that may be given up: opening a card takes 40-200 ms, and when one disappears every
 * PortAudio call may hang for minutes. So all of them happen on one thread, nobody ever waits for it, and what it owns (the stream,
 * the output itself) lives until it comes back, if it does.
 *
 * PortAudio is one per process: while a thread hangs in it no other output can open anything, and says so (`is_stuck`).
 *
 * THREADS  Any non-real-time. `news` is called from the output's thread after each change of state.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/player.h"
#include "audio/stream.h"
#include "core/err.h"

struct output;

enum output_state {
    OUTPUT_NONE,                /* none wanted, or no such device: looked for again now and then, more often after a loss */
    OUTPUT_OPENING,
    OUTPUT_RUNNING,             /* the stream's callback is being called */
    OUTPUT_LOST,                /* was running; being closed */
};

struct output_status {
    enum output_state state;
    bool is_stuck;
    char name[128], api[32];
    double rate;
};

enum lm_err output_new(void (*news)(void *ctx), void *ctx, struct output **result);
void output_free(struct output *o);                             /* within 100 ms, whatever PortAudio does; no `news` after it; NULL is fine */
struct stream *output_stream(struct output *o);                 /* the same for the output's whole life */
/* "auto" (the default device), (part of) a name, or "clock": none. Returns at once. */
enum lm_err output_switch(struct output *o, const char *device);
void output_get(struct output *o, struct output_status *status);
bool output_is_alive(struct output *o);                         /* false: PortAudio says that the running stream has ended */
/* The caller has seen that the running device is dead (`retry`: look for it again) or wild. */
void output_lose(struct output *o, bool retry);
size_t output_list(struct player_device *out, size_t max);      /* of the last look around; empty before the first */
