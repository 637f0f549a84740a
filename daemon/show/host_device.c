/* The sound device: which are there, which one plays. */
#include "show/state.h"

static json_t *device_json(const struct player_device *d)
{
    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:f, s:f, s:I, s:I}", "name", d->name, "api", d->api, "active", (int)d->active, "lost",
                     (int)d->lost, "clock", (int)d->clock, "rate", d->rate, "latency_ms", d->latency_ms, "underruns", (json_int_t)d->underruns,
                     "callbacks", (json_int_t)d->callbacks);
}

json_t *show_device(struct show *s)
{
    struct player_device now, list[32];
    json_t *devices = json_array();

    player_get_device(s->player, &now);
    size_t n = player_list_devices(s->player, list, sizeof(list) / sizeof(list[0]));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(devices, device_json(&list[i]));
    return json_pack("{s:s, s:o, s:o}", "device", now.clock ? "clock" : now.name, "active", device_json(&now), "devices", devices);
}

enum lm_err show_set_device(struct show *s, const char *device, struct problem *p)
{
    return player_set_device(s->player, device, p);
}
