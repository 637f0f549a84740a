#include "audio/devices.h"

#include <math.h>
#include <string.h>

#include "core/json.h"
#include "core/str.h"

static const char *const channel_keys[] = { "outputs", "inputs" };
static const char *const default_keys[] = { "is_default_output", "is_default_input" };
static const char *const first_keys[] = { "is_first_output", "is_first_input" };

/* "JACK" or all of "JACK Audio Connection Kit". */
static bool is_api(const char *api, const char *word, size_t n)
{
    return !strncasecmp(api, word, n) && (!api[n] || api[n] == ' ');
}

/* Without " (hw:1,0)" at the end. */
static size_t bare_length(const char *name)
{
    const char *card = strstr(name, " (hw:");

    return card ? (size_t)(card - name) : strlen(name);
}

static bool is_same_card(const char *name, const char *wanted)
{
    size_t n = bare_length(wanted);

    return wanted[n] && bare_length(name) == n && !memcmp(name, wanted, n);
}

enum pass { PASS_EXACT, PASS_CARD, PASS_PART, PASSES };

static bool matches(const struct device *d, const char *wanted, enum pass pass)
{
    return pass == PASS_EXACT ? !strcmp(d->name, wanted) : pass == PASS_CARD ? is_same_card(d->name, wanted) : strcasestr(d->name, wanted) != NULL;
}

/* api_n: length of the host API's name in front; 0: any. */
static const struct device *find(const struct devices *list, const char *api, size_t api_n, const char *name, enum device_way way)
{
    bool is_auto = !strcmp(name, "auto") || !*name;

    for (int pass = is_auto ? PASS_PART : PASS_EXACT; pass < PASSES; pass++)
        for (size_t i = 0; i < list->n; i++) {
            const struct device *d = &list->d[i];
            if (d->channels[way] < 1 || (api_n && !is_api(d->api, api, api_n)))
                continue;
            if (is_auto ? (api_n ? d->is_default[way] : d->is_first[way]) : matches(d, name, (enum pass)pass))
                return d;
        }
    return NULL;
}

const struct device *devices_find(const struct devices *list, const char *wanted, enum device_way way)
{
    const struct device *d = find(list, "", 0, wanted, way);
    const char *colon = strchr(wanted, ':');

    return d || !colon || colon == wanted ? d : find(list, wanted, (size_t)(colon - wanted), colon + 1, way);
}

const struct device *devices_exact(const struct devices *list, const char *name, const char *api)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->d[i].name, name) && !strcmp(list->d[i].api, api))
            return &list->d[i];
    return NULL;
}

json_t *devices_json(const struct devices *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->n; i++) {
        const struct device *d = &list->d[i];
        json_t *v = json_pack("{s:s, s:s, s:i, s:f, s:f}", "name", d->name, "api", d->api, "index", d->index, "rate", d->rate, "latency_ms", d->latency_ms);
        for (int way = 0; way < DEVICE_WAYS; way++) {
            json_object_set_new(v, channel_keys[way], json_integer(d->channels[way]));
            json_object_set_new(v, default_keys[way], json_boolean(d->is_default[way]));
            json_object_set_new(v, first_keys[way], json_boolean(d->is_first[way]));
        }
        json_array_append_new(array, v);
    }
    return array;
}

static double within(double x, double low, double high)
{
    return isfinite(x) ? fmax(low, fmin(high, x)) : low;
}

void devices_parse(const json_t *array, struct devices *list)
{
    json_t *v;
    size_t i;

    list->n = 0;
    json_array_foreach(array, i, v) {
        const char *name = json_get_text(v, "name", ""), *api = json_get_text(v, "api", "");
        struct device d = { .index = (int)within(json_get_real(v, "index", -1), -1, 1 << 20), .rate = within(json_get_real(v, "rate", 0), 0, 1e6),
                            .latency_ms = within(json_get_real(v, "latency_ms", 0), 0, 2000) };
        str_copy(d.name, sizeof(d.name), name);
        str_copy(d.api, sizeof(d.api), api);
        for (int way = 0; way < DEVICE_WAYS; way++) {
            d.channels[way] = (int)within(json_get_real(v, channel_keys[way], 0), 0, 1024);
            d.is_default[way] = json_get_bool(v, default_keys[way], false);
            d.is_first[way] = json_get_bool(v, first_keys[way], false);
        }
        if (*name && *api && list->n < DEVICES)
            list->d[list->n++] = d;
    }
}
