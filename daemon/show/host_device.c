/* Sound devices: which there are, which one plays, which input is listened to; what was chosen is remembered on this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/output.h"
#include "core/json.h"
#include "core/str.h"
#include "show/state.h"

enum { LOOK_MS = 3000 };

static const char OUTPUT_KEY[] = "audio_device", INPUT_KEY[] = "audio_input";

/* ---- what was chosen ---- */

/* false: nothing was. */
static bool stored(struct db *db, const char *key, char wish[OUTPUT_WISH])
{
    char *text = NULL;
    json_t *v = NULL;
    bool is_there = !db_state_get(db, key, &text) && !json_parse(text, strlen(text), &v, NULL) && *json_get_text(v, "device", "")
                 && str_copy(wish, OUTPUT_WISH, json_get_text(v, "device", ""));

    json_decref(v);
    free(text);
    return is_there;
}

/* wish NULL: forget. */
static enum lm_err store(struct show *s, const char *key, const char *wish, struct problem *p)
{
    json_t *v = wish ? json_pack("{s:s}", "device", wish) : NULL;
    char *text = v ? json_text(v) : NULL;
    enum lm_err err = wish && !text ? LM_NOMEM : db_state_set(s->o.db, key, text);

    json_decref(v);
    free(text);
    return err ? problem_set(p, err, "The device is in use, but the choice cannot be stored: it holds until lumad ends.") : LM_OK;
}

void show_stored_output(const struct show_options *o, char *wish)
{
    if (!stored(o->db, OUTPUT_KEY, wish))
        str_copy(wish, OUTPUT_WISH, o->audio_device && *o->audio_device ? o->audio_device : "auto");
}

void show_start_input(struct show *s)
{
    char wish[OUTPUT_WISH];

    if (stored(s->o.db, INPUT_KEY, wish))
        output_listen(player_output(s->player), wish);
}

/* The wish in the one form that is kept and shown; looks around when it is for something unknown: it may just have been plugged in. */
static enum lm_err compose(struct show *s, const char *device, const char *api, enum device_way way, char wish[OUTPUT_WISH], struct problem *p)
{
    struct output *o = player_output(s->player);
    int n = snprintf(wish, OUTPUT_WISH, "%s%s%s", api && *api ? api : "", api && *api ? ":" : "", device);

    if (!*wish)
        return problem_add(p, "/device", "is empty; null is what was configured, \"auto\" the system's own");
    if (n < 0 || n >= OUTPUT_WISH)
        return problem_set(p, LM_INVALID, "No sound device has so long a name");
    if (!output_knows(o, wish, way))
        output_look(o, LOOK_MS);
    return output_knows(o, wish, way) ? LM_OK : problem_set(p, LM_NOT_FOUND, "There is no sound %s \"%.100s\"", way == DEVICE_OUT ? "output" : "input", wish);
}

/* ---- what is shown ---- */

static json_t *listed_json(const struct device *d, enum device_way way, const struct output_status *now, bool is_active)
{
    bool is_this = is_active && !strcmp(now->name, d->name) && !strcmp(now->api, d->api);

    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:f, s:f, s:i}", "name", d->name, "api", d->api, "active", (int)is_this, "lost", 0, "clock", 0, "default",
                     (int)d->is_first[way], "rate", d->rate, "latency_ms", d->latency_ms, "channels", d->channels[way]);
}

static json_t *list_json(struct show *s, enum device_way way, const struct output_status *now, bool is_active)
{
    struct devices *list = malloc(sizeof(*list));
    json_t *array = json_array();

    if (list)
        output_devices(player_output(s->player), list);
    for (size_t i = 0; list && i < list->n; i++)
        if (list->d[i].channels[way] > 0)
            json_array_append_new(array, listed_json(&list->d[i], way, now, is_active));
    free(list);
    return array;
}

static json_t *active_json(const struct player_device *d, const struct output_status *now)
{
    bool is_card = !d->clock;

    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:f, s:f, s:I, s:I, s:i, s:i}", "name", d->name, "api", d->api, "active", (int)d->active, "lost", (int)d->lost,
                     "clock", (int)d->clock, "rate", d->rate, "latency_ms", d->latency_ms, "underruns", (json_int_t)d->underruns, "callbacks",
                     (json_int_t)d->callbacks, "channels", is_card ? now->channels : 2, "period", is_card ? now->period : 0);
}

json_t *show_device(struct show *s)
{
    struct player_device now;
    struct output_status status;
    char wish[OUTPUT_WISH];

    player_get_device(s->player, &now);
    output_get(player_output(s->player), &status);
    json_t *devices = list_json(s, DEVICE_OUT, &status, !now.clock);
    json_array_append_new(devices, json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:f, s:f}", "name", "clock", "api", "", "active", (int)now.clock, "lost", 0, "clock", 1,
                                             "default", 0, "rate", now.clock ? now.rate : 48000.0, "latency_ms", 0.0));
    return json_pack("{s:s, s:b, s:o, s:o, s:o}", "device", *status.wanted ? status.wanted : "clock", "is_stored", (int)stored(s->o.db, OUTPUT_KEY, wish),
                     "why", *status.why && now.clock ? json_string(status.why) : json_null(), "active", active_json(&now, &status), "devices", devices);
}

json_t *show_input(struct show *s)
{
    struct output_status now;
    json_t *active = json_null();

    output_get_input(player_output(s->player), &now);
    bool is_running = now.state == OUTPUT_RUNNING;
    if (is_running)
        active = json_pack("{s:s, s:s, s:b, s:b, s:b, s:f, s:f, s:i}", "name", now.name, "api", now.api, "active", 1, "lost", 0, "clock", 0, "rate", now.rate,
                           "latency_ms", now.latency_ms, "channels", now.channels);
    return json_pack("{s:o, s:o, s:o, s:o}", "device", *now.wanted ? json_string(now.wanted) : json_null(), "why", *now.why ? json_string(now.why) : json_null(),
                     "active", active, "devices", list_json(s, DEVICE_IN, &now, is_running));
}

bool show_has_input(struct show *s)
{
    struct output_status now;

    output_get_input(player_output(s->player), &now);
    return now.state == OUTPUT_RUNNING;
}

void show_look_around(struct show *s, bool always)
{
    if (always || !output_has_looked())
        output_look(player_output(s->player), LOOK_MS);
}

/* ---- choosing ---- */

enum lm_err show_set_device(struct show *s, const char *device, const char *api, struct problem *p)
{
    char wish[OUTPUT_WISH];
    enum lm_err err = device ? compose(s, device, api, DEVICE_OUT, wish, p) : LM_OK;

    if (!device)
        str_copy(wish, sizeof(wish), s->o.audio_device && *s->o.audio_device ? s->o.audio_device : "auto");
    if (!err)
        err = player_set_device(s->player, wish, p);
    return err ? err : store(s, OUTPUT_KEY, device ? wish : NULL, p);
}

enum lm_err show_set_input(struct show *s, const char *device, const char *api, struct problem *p)
{
    char wish[OUTPUT_WISH] = "";
    enum lm_err err = device && *device ? compose(s, device, api, DEVICE_IN, wish, p) : LM_OK;

    if (!err && (err = output_listen(player_output(s->player), wish)))
        problem_set(p, err, "The input cannot be listened to");
    return err ? err : store(s, INPUT_KEY, *wish ? wish : NULL, p);
}

/* ---- warnings ---- */

static const char INSTALL[] = "Install lumad again, or start it from where it was built";

static void check_output(struct show *s, const struct player_device *d)
{
    struct output_status now;

    output_get(player_output(s->player), &now);
    if (d->lost && *now.lost)
        warnings_raise(s->o.warnings, "audio.lost", "error", "The audio device %s was lost (%s): no sound; the show goes on on the clock, and sound returns with the device.",
                       d->name, now.lost);
    else if (d->lost)
        warnings_raise(s->o.warnings, "audio.lost", "error", "The audio device %s was lost: no sound; the show goes on on the clock.", d->name);
    else
        warnings_lower(s->o.warnings, "audio.lost");
    bool is_missing = d->clock && !d->lost && *now.wanted && now.state == OUTPUT_NONE && *now.why;
    if (is_missing && now.is_broken)
        warnings_raise(s->o.warnings, "audio.device", "warn", "No sound, the clock plays: %s. %s.", now.why, INSTALL);
    else if (is_missing && strcmp(now.wanted, "auto"))
        warnings_raise(s->o.warnings, "audio.device", "warn", "No sound, the clock plays: %s. Connect it, or choose another output under Settings, Sound.", now.why);
    else
        warnings_lower(s->o.warnings, "audio.device");
}

void show_check_devices(struct show *s)
{
    struct player_device d;
    struct output_status in;

    player_get_device(s->player, &d);
    check_output(s, &d);
    output_get_input(player_output(s->player), &in);
    if (*in.wanted && in.state == OUTPUT_NONE && *in.why)
        warnings_raise(s->o.warnings, "audio.input", "warn", "The sound input is not there: %s. Connect it, or choose another under Settings, Sound.", in.why);
    else
        warnings_lower(s->o.warnings, "audio.input");
}
