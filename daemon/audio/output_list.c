/* Which sound devices there are. */
#include <pthread.h>
#include <string.h>

#include "audio/output_private.h"
#include "core/str.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct devices found;
static bool has_list;

bool output_has_looked(void)
{
    pthread_mutex_lock(&lock);
    bool has = has_list;
    pthread_mutex_unlock(&lock);
    return has;
}

void output_devices(struct output *o, struct devices *list)
{
    (void)o;
    pthread_mutex_lock(&lock);
    *list = found;
    pthread_mutex_unlock(&lock);
}

size_t output_list(struct player_device *out, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < found.n && n < max; i++) {
        const struct device *d = &found.d[i];
        if (d->channels[DEVICE_OUT] < 1)
            continue;
        out[n] = (struct player_device){ .rate = d->rate, .latency_ms = d->latency_ms };
        str_copy(out[n].name, sizeof(out[n].name), d->name);
        str_copy(out[n++].api, sizeof(out->api), d->api);
    }
    pthread_mutex_unlock(&lock);
    return n;
}

bool output_knows(struct output *o, const char *device, enum device_way way)
{
    struct devices list;

    output_devices(o, &list);
    return !list.n || !strcmp(device, "auto") || !strcmp(device, "clock") || devices_find(&list, device, way);
}

/* --- the supervisor's --- */

/* What we hold ourselves another process cannot open, and so does not find. */
static void keep_running(struct output *o, const struct devices *before, struct devices *list)
{
    for (int i = 0; i < SLOT_LOOK; i++) {
        const struct slot *s = &o->slots[i];
        const struct device *d = s->phase == PHASE_RUNNING ? devices_exact(before, s->status.name, s->status.api) : NULL;
        if (d && !devices_exact(list, d->name, d->api) && list->n < DEVICES) {
            list->d[list->n] = *d;
            for (int way = 0; way < DEVICE_WAYS; way++)
                list->d[list->n].is_default[way] = list->d[list->n].is_first[way] = false;
            list->n++;
        }
    }
}

static bool is_same_list(const struct devices *a, const struct devices *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (strcmp(a->d[i].name, b->d[i].name) || strcmp(a->d[i].api, b->d[i].api) || memcmp(a->d[i].is_first, b->d[i].is_first, sizeof(a->d[i].is_first)))
            return false;
    return a->n == b->n;
}

bool output_take_list(struct output *o, struct slot *s, const json_t *array)
{
    static struct devices list;         /* too large for the stack; under the same lock */

    pthread_mutex_lock(&lock);
    devices_parse(array, &list);
    keep_running(o, &found, &list);
    bool is_new = !is_same_list(&list, &found);
    found = list;
    has_list = true;
    const struct device *first = devices_find(&list, "auto", s->kind == SLOT_LISTEN ? DEVICE_IN : DEVICE_OUT);
    s->first = first ? *first : (struct device){ 0 };
    pthread_mutex_unlock(&lock);
    return is_new;
}

bool output_has_other_default(const struct slot *play, char name[DEVICE_NAME])
{
    pthread_mutex_lock(&lock);
    const struct device *first = devices_find(&found, "auto", DEVICE_OUT), *now = devices_exact(&found, play->status.name, play->status.api);
    bool is_other = first && first != now && (strcmp(first->name, play->first.name) || strcmp(first->api, play->first.api));
    if (first)
        str_copy(name, DEVICE_NAME, first->name);
    pthread_mutex_unlock(&lock);
    return is_other;
}
