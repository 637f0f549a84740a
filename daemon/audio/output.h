#pragma once
/*
 * The sound devices, each behind a process that may be killed (workers/audio_worker.c): one plays, one listens to an input for its meters, one looks around now and
 * then. When a card or a JACK server disappears calls of PortAudio hang for minutes, so lumad makes none. The processes share one memfd with lumad, in which
 * the player's blocks and commands are (audio/stream.h); who is mad there can hurt the sound, not lumad.
 *
 * A device that is lost is looked for again: after 0.25 s, then less and less often, every 5 s in the end, every 15 s after two minutes; at once when inotify says that sound
 * devices have come. While "auto" is wanted, another default device of the system is gone over to.
 *
 * THREADS  Any non-real-time; nothing here waits for a device. `news` is called from the supervisor's thread after each change of state or of the list.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/devices.h"
#include "audio/player.h"
#include "audio/stream.h"
#include "core/err.h"

struct output;

/* So long without a callback, and the device is lost; or 8 of its periods, at most OUTPUT_STALL_MAX_MS. Its own process usually knows within 10 ms. */
enum { OUTPUT_STALL_MS = 350, OUTPUT_STALL_MAX_MS = 450, OUTPUT_WISH = 192, CARD_WHY = 224 };

enum sound_state {
    OUTPUT_NONE,                /* none wanted, or no such device: looked for again now and then, more often after a loss */
    OUTPUT_OPENING,
    OUTPUT_RUNNING,             /* the stream's callback is being called; from here until output_lose() or output_switch() the memory is the owner's */
    OUTPUT_LOST,                /* was running; nothing is opened before the owner has called output_lose(), or a second has passed */
};

struct output_status {
    enum sound_state state;
    bool is_stuck;              /* opening it takes more than 3 s: it will be ended */
    bool is_broken;             /* audio_worker itself cannot be started, talks nonsense or crashes: no device will do */
    bool is_moving;             /* LOST or OPENING, but for another device that is there: no reason for a warning */
    char name[DEVICE_NAME], api[DEVICE_API];    /* of the last one that was opened */
    char wanted[OUTPUT_WISH];   /* "" none */
    char why[256];              /* not RUNNING though wanted: a sentence why not; "" otherwise */
    char lost[CARD_WHY];        /* why the one that was opened last was lost; until another is */
    double rate;                /* Hz, the device's own; sound is converted where it is not 48000 */
    double latency_ms;          /* as PortAudio says */
    int channels, period;       /* period: frames of the device */
};

enum lm_err output_new(void (*news)(void *ctx), void *ctx, struct output **result);
void output_free(struct output *o);                             /* within 100 ms; no `news` after it; NULL is fine */
struct stream *output_stream(struct output *o);                 /* the same for the output's whole life */
/* A wish of audio/devices.h, or "clock": none. Returns at once. The caller has stopped using the stream. */
enum lm_err output_switch(struct output *o, const char *device);
void output_get(struct output *o, struct output_status *status);
bool output_is_alive(struct output *o);                         /* false: the running device is known to be dead */
/* The caller has stopped using the stream: the device is lost, or the caller has seen that it is dead (`retry`: look for it again) or wild (not again until it is asked for). */
void output_lose(struct output *o, bool retry);

/* The input whose meters sink_input() makes; NULL or "": none. */
enum lm_err output_listen(struct output *o, const char *device);
void output_get_input(struct output *o, struct output_status *status);

/* Of the last look around, here or in another output; the device that plays is always among them, though nobody else could open it. Empty before the first. */
void output_devices(struct output *o, struct devices *list);
bool output_has_looked(void);                                   /* has anybody, in this process? */
size_t output_list(struct player_device *out, size_t max);      /* those with outputs */
/* Looks around now, and waits for it at most so long. false: it did not end in time. */
bool output_look(struct output *o, int wait_ms);
/* Could this wish be fulfilled, now or by a first look? */
bool output_knows(struct output *o, const char *device, enum device_way way);
