#pragma once
/*
 * The sound devices of this machine, as PortAudio found them: what workers/audio_worker says and lumad, its tests and a wish by name go by.
 *
 * A wish is "auto" (a JACK server that runs, else the system's default), a device's name or a part of it, and may name the host API in front: "JACK:system", "ALSA:USB", "JACK:auto". The exact
 * name comes before a part of one (upper and lower case are the same then); a name that carries ALSA's number of the card, "USB Audio: - (hw:1,0)", is also found
 * when the card has got another number. A device's name may hold a colon itself: it is tried as a name first.
 *
 * Pure.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum { DEVICES = 128, DEVICE_NAME = 128, DEVICE_API = 32 };

enum device_way { DEVICE_OUT, DEVICE_IN, DEVICE_WAYS };

struct device {
    char name[DEVICE_NAME], api[DEVICE_API];    /* UTF-8 */
    int index;                          /* PortAudio's, of that look */
    int channels[DEVICE_WAYS];          /* 0: it has none that way */
    bool is_default[DEVICE_WAYS];       /* of its host API */
    bool is_first[DEVICE_WAYS];         /* what "auto" is; at most one each */
    double rate;                        /* Hz that it suggests itself */
    double latency_ms;                  /* of safe buffers, of the output if there is one */
};

struct devices { size_t n; struct device d[DEVICES]; };

/* NULL: there is none such. */
const struct device *devices_find(const struct devices *list, const char *wanted, enum device_way way);
const struct device *devices_exact(const struct devices *list, const char *name, const char *api);
json_t *devices_json(const struct devices *list);
/* Any JSON; what is no device is left out. */
void devices_parse(const json_t *array, struct devices *list);
