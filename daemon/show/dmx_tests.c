/* PUT /fixtures/{id}/test and PUT /outputs/{id}/test: who tests what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "db/domain.h"
#include "show/dmx_test.h"
#include "show/preview.h"
#include "show/state.h"

enum { ANSWER_MS = 1500, MAX_OUTPUTS = 4096 };          /* a frame is at most 1 s away */

/* ---- from entries to slots; all with tests.lock held ---- */

static const struct patch_fixture *find_fixture(const struct patch *patch, const char *id)
{
    for (size_t i = 0; patch && i < patch->n_fixtures; i++)
        if (!strcmp(patch->fixtures[i].row.id, id))
            return &patch->fixtures[i];
    return NULL;
}

static void add_channels(struct dmx_test *t, const struct space *space, const struct dmx_test_entry *e)
{
    const struct patch_fixture *f = find_fixture(shared_get(space->patch), e->of);
    int universe = f ? universes_index(space->universes, f->row.universe) : -1;

    for (size_t i = 0; universe >= 0 && i < e->n && t->n < DMX_TEST_SLOTS; i++) {
        int slot = f->row.address - 2 + e->channel[i].channel;
        if (e->channel[i].channel > f->channels || slot >= DMX_SLOTS)  /* another mode by now */
            continue;
        t->slot[t->n].universe = (uint32_t)universe;
        t->slot[t->n].slot = (uint16_t)slot;
        t->slot[t->n++].value = e->channel[i].value;
    }
}

static void add_pattern(struct dmx_test *t, const struct space *space, const struct dmx_test_entry *e)
{
    int universe = universes_index(space->universes, e->universe);

    if (universe < 0 || t->n_patterns == DMX_TEST_PATTERNS)
        return;
    t->pattern[t->n_patterns].universe = (uint32_t)universe;
    t->pattern[t->n_patterns].pattern = e->pattern;
    t->pattern[t->n_patterns++].since_ns = e->since_ns;
}

static uint64_t send_tests(struct show *s)
{
    struct dmx_test *t = engine_test_back(s->engine);

    t->n = t->n_patterns = 0;
    pthread_mutex_lock(&s->view);
    const struct space *space = shared_get(s->viewed_space);
    t->space = space ? space->serial : 0;
    for (const struct dmx_test_entry *e = space ? s->tests.first : NULL; e; e = e->next)
        e->is_output ? add_pattern(t, space, e) : add_channels(t, space, e);
    pthread_mutex_unlock(&s->view);
    return engine_post_test(s->engine);
}

/* Other pages see it at once; values alone are no news. */
static void tell(struct show *s, bool is_news)
{
    size_t channels = 0, patterns = 0;
    char what[120] = "";

    for (const struct dmx_test_entry *e = s->tests.first; e; e = e->next)
        e->is_output ? patterns++ : (channels += e->n);
    int n = channels ? snprintf(what, sizeof(what), "%zu channel%s", channels, channels == 1 ? "" : "s") : 0;
    if (patterns)
        snprintf(what + n, sizeof(what) - (size_t)n, "%s%zu output%s", n ? " and " : "", patterns, patterns == 1 ? "" : "s");
    if (*what)
        warnings_raise(s->o.warnings, "dmx.test", "warn", "%s %s under test: sent as it is, whatever the show, the masters and parks say; only a blackout is "
                       "above it. It ends with the page that does it.", what, channels + patterns == 1 ? "is" : "are");
    else if (s->tests.told)
        warnings_lower(s->o.warnings, "dmx.test");
    s->tests.told = *what;
    if (is_news)
        event_publish(s->o.bus, &(struct event){ .table = "dmx_tests", .op = 'u' }, 1);
}

/* Takes out the client's, of one thing or (NULL) of all. True: there was one. */
static bool take_out(struct dmx_tests *t, const char *client, const char *of)
{
    bool had = false;

    for (struct dmx_test_entry **at = &t->first; *at;) {
        struct dmx_test_entry *e = *at;
        if (strcmp(e->client, client) || (of && strcmp(e->of, of))) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        free(e);
        had = true;
    }
    return had;
}

static void append(struct dmx_tests *t, struct dmx_test_entry *e)
{
    struct dmx_test_entry **at = &t->first;

    while (*at)
        at = &(*at)->next;
    *at = e, e->next = NULL;
}

static bool has_room(const struct dmx_tests *t, const struct dmx_test_entry *with)
{
    size_t slots = with->n, patterns = with->is_output;

    for (const struct dmx_test_entry *e = t->first; e; e = e->next)
        if (strcmp(e->client, with->client) || strcmp(e->of, with->of))
            slots += e->n, patterns += e->is_output;
    return slots <= DMX_TEST_SLOTS && patterns <= DMX_TEST_PATTERNS;
}

/* ---- what a body says ---- */

static const char *read_client(const json_t *body, struct problem *p)
{
    const char *client = json_get_text(body, "client", "");

    if (!uuid_valid(client))
        problem_add(p, "/client", "is missing: it is in your socket's hello");
    return client;
}

static struct dmx_test_entry *entry_new(size_t channels, const char *client, const char *of)
{
    struct dmx_test_entry *e = calloc(1, sizeof(*e) + channels * sizeof(e->channel[0]));

    if (e) {
        str_copy(e->client, sizeof(e->client), client);
        str_copy(e->of, sizeof(e->of), of);
        e->since_ns = clock_mono_ns();
    }
    return e;
}

static void read_channel(struct dmx_test_entry *e, size_t i, const json_t *v, int channels, struct problem *p)
{
    const json_t *channel = json_object_get(v, "channel"), *value = json_object_get(v, "value");
    char path[64];

    snprintf(path, sizeof(path), "/channels/%zu", i);
    if (!json_is_object(v) || json_object_size(v) != 2 || !json_is_integer(channel) || !json_is_integer(value))
        problem_add(p, path, "must be an object like {\"channel\": 1, \"value\": 255}");
    else if (json_integer_value(channel) < 1 || json_integer_value(channel) > channels)
        problem_add(p, path, "is no channel of this fixture: it has 1 to %d", channels);
    else if (json_integer_value(value) < 0 || json_integer_value(value) > 255)
        problem_add(p, path, "must have a value from 0 to 255");
    else
        e->channel[e->n++] = (struct dmx_test_channel){ (uint16_t)json_integer_value(channel), (uint8_t)json_integer_value(value) };
}

/* -1: the engine does not have it. */
static int channels_of(struct show *s, const char *fixture_id)
{
    pthread_mutex_lock(&s->view);
    const struct space *space = shared_get(s->viewed_space);
    const struct patch_fixture *f = space ? find_fixture(shared_get(space->patch), fixture_id) : NULL;
    int n = f ? f->channels : -1;
    pthread_mutex_unlock(&s->view);
    return n;
}

/* ---- asked for ---- */

/* Puts `e` (taken; an empty one ends what was there) in place of what its client had there. */
static enum lm_err put(struct show *s, const char *caller, struct dmx_test_entry *e, struct problem *p)
{
    bool is_pattern = e->is_output, is_empty = !e->n && !is_pattern;
    uint64_t ticket = 0;
    enum lm_err err;

    pthread_mutex_lock(&s->previews->lock);             /* the socket may not leave between this and that */
    pthread_mutex_lock(&s->tests.lock);
    if (!(err = preview_client_check(s->previews, e->client, caller, p)) && !has_room(&s->tests, e))
        err = problem_set(p, LM_BUSY, "Too much is under test already: %d channels and %d outputs at most.", DMX_TEST_SLOTS, DMX_TEST_PATTERNS);
    if (!err) {
        bool had = take_out(&s->tests, e->client, e->of);
        if (!is_empty) {
            append(&s->tests, e);
            e = NULL;
        }
        tell(s, had == is_empty || is_pattern);
        ticket = send_tests(s);
    }
    pthread_mutex_unlock(&s->tests.lock);
    pthread_mutex_unlock(&s->previews->lock);
    free(e);
    if (!err && !engine_wait(s->engine, ticket, ANSWER_MS))
        err = LM_BUSY;
    return err;
}

static const char *note(const struct show *s)
{
    return atomic_load(&s->blackout) ? "A blackout is on: nothing of the test is sent until it is over." : NULL;
}

static bool is_active(struct show *s, const json_t *row)
{
    pthread_mutex_lock(&s->view);
    bool is_active = !strcmp(s->viewed_venue, json_get_text(row, "venue_id", ""));
    pthread_mutex_unlock(&s->view);
    return is_active;
}

enum lm_err show_test_fixture(struct show *s, const char *caller, const json_t *fixture, const json_t *body, json_t **json, struct problem *p)
{
    static const char *const known[] = { "client", "channels", NULL };
    const char *fixture_id = json_get_text(fixture, "id", "");
    const json_t *channels = json_object_get(body, "channels");
    enum lm_err err = json_only(body, known, p);
    int has = err ? 0 : channels_of(s, fixture_id);

    if (err)
        return err;
    const char *client = read_client(body, p);
    if (!json_is_array(channels) && !json_is_null(channels))
        problem_add(p, "/channels", "must be a list of {\"channel\", \"value\"}, or null to end the test");
    if (p->err)
        return p->err;
    if (has < 0 && json_array_size(channels) && is_active(s, fixture))
        return problem_set(p, LM_BUSY, "The show is just taking this fixture on. Try again.");
    if (has < 0 && json_array_size(channels))
        return problem_set(p, LM_CONFLICT, "Only fixtures of the active venue can be tested. Make its venue active first.");
    if (json_array_size(channels) > DMX_SLOTS)
        return problem_add(p, "/channels", "are more than a universe has");
    struct dmx_test_entry *e = entry_new(json_array_size(channels), client, fixture_id);
    if (!e)
        return LM_NOMEM;
    for (size_t i = 0; i < json_array_size(channels); i++)
        read_channel(e, i, json_array_get(channels, i), has, p);
    if (p->err) {
        free(e);
        return p->err;
    }
    if ((err = put(s, caller, e, p)))
        return err;
    *json = json_pack("{s:s, s:O?, s:s?}", "fixture_id", fixture_id, "channels", json_array_size(channels) ? channels : NULL, "note", note(s));
    return *json ? LM_OK : LM_NOMEM;
}

static enum lm_err read_pattern(const json_t *body, int *pattern, struct problem *p)
{
    const json_t *v = json_object_get(body, "pattern");

    *pattern = -1;
    if (json_is_null(v))
        return LM_OK;
    for (int i = 0; json_is_string(v) && dmx_pattern_names[i]; i++)
        if (!strcmp(dmx_pattern_names[i], json_string_value(v))) {
            *pattern = i;
            return LM_OK;
        }
    return problem_add(p, "/pattern", "must be full, chase, blink, or null to end the test");
}

enum lm_err show_test_output(struct show *s, const char *caller, const json_t *output, const json_t *body, json_t **json, struct problem *p)
{
    static const char *const known[] = { "client", "pattern", NULL };
    const char *id = json_get_text(output, "id", "");
    int pattern;
    enum lm_err err = json_only(body, known, p);

    if (err)
        return err;
    const char *client = read_client(body, p);
    read_pattern(body, &pattern, p);
    if (p->err)
        return p->err;
    if (pattern >= 0 && !is_active(s, output))
        return problem_set(p, LM_CONFLICT, "Only outputs of the active venue are sent. Make its venue active first.");
    struct dmx_test_entry *e = entry_new(0, client, id);
    if (!e)
        return LM_NOMEM;
    if (pattern >= 0) {
        e->is_output = true;
        e->universe = (int)json_get_int(output, "universe", 0);
        e->pattern = (enum dmx_pattern)pattern;
    }
    if ((err = put(s, caller, e, p)))
        return err;
    *json = json_pack("{s:s, s:I, s:s?, s:s?}", "output_id", id, "universe", json_get_int(output, "universe", 0), "pattern",
                      pattern < 0 ? NULL : dmx_pattern_names[pattern], "note", note(s));
    return *json ? LM_OK : LM_NOMEM;
}

static json_t *channels_json(const struct dmx_test_entry *e)
{
    json_t *list = json_array();

    for (size_t i = 0; i < e->n; i++)
        json_array_append_new(list, json_pack("{s:i, s:i}", "channel", (int)e->channel[i].channel, "value", (int)e->channel[i].value));
    return list;
}

json_t *show_tests(struct show *s)
{
    json_t *list = json_array();

    pthread_mutex_lock(&s->tests.lock);
    for (const struct dmx_test_entry *e = s->tests.first; e; e = e->next)
        json_array_append_new(list, json_pack("{s:s, s:s?, s:s?, s:s?, s:o?}", "client", e->client, "fixture_id", e->is_output ? NULL : e->of, "output_id",
                                              e->is_output ? e->of : NULL, "pattern", e->is_output ? dmx_pattern_names[e->pattern] : NULL, "channels",
                                              e->is_output ? NULL : channels_json(e)));
    pthread_mutex_unlock(&s->tests.lock);
    return list;
}

/* ---- what happens to them ---- */

void show_tests_leave(struct show *s, const char *client)
{
    pthread_mutex_lock(&s->tests.lock);
    if (take_out(&s->tests, client, NULL)) {
        tell(s, true);
        send_tests(s);
    }
    pthread_mutex_unlock(&s->tests.lock);
}

/* Takes out outputs that are not there any more; the others may have another universe. */
static bool follow_outputs(struct dmx_tests *t, const struct output_set *outputs)
{
    struct output_stats *stats = calloc(MAX_OUTPUTS, sizeof(*stats));
    size_t n = stats && outputs ? output_set_stats(outputs, stats, MAX_OUTPUTS) : 0;
    bool has_lost = false;

    for (struct dmx_test_entry **at = &t->first; stats && *at;) {
        struct dmx_test_entry *e = *at;
        size_t i = 0;
        while (e->is_output && i < n && strcmp(stats[i].id, e->of))
            i++;
        if (e->is_output && i == n) {
            *at = e->next;
            free(e);
            has_lost = true;
            continue;
        }
        if (e->is_output)
            e->universe = stats[i].universe;
        at = &e->next;
    }
    free(stats);
    return has_lost;
}

void show_tests_follow(struct show *s, const struct output_set *outputs)
{
    pthread_mutex_lock(&s->tests.lock);
    if (s->tests.first) {
        if (follow_outputs(&s->tests, outputs))
            tell(s, true);
        send_tests(s);
    }
    pthread_mutex_unlock(&s->tests.lock);
}

void show_tests_mark(struct show *s, int universe, uint8_t marks[DMX_SLOTS], uint8_t mark)
{
    if (atomic_load(&s->blackout))
        return;
    pthread_mutex_lock(&s->tests.lock);
    pthread_mutex_lock(&s->view);
    const struct space *space = shared_get(s->viewed_space);
    int at = space ? universes_index(space->universes, universe) : -1;
    for (const struct dmx_test_entry *e = at >= 0 ? s->tests.first : NULL; e; e = e->next) {
        const struct patch_fixture *f = e->is_output ? NULL : find_fixture(shared_get(space->patch), e->of);
        for (int k = 0; e->is_output && e->universe == universe && k < DMX_SLOTS; k++)
            if (!space->spared->u[at].slots[k])
                marks[k] = mark;
        for (size_t i = 0; f && f->row.universe == universe && i < e->n; i++)
            if (e->channel[i].channel <= f->channels && f->row.address - 2 + e->channel[i].channel < DMX_SLOTS)
                marks[f->row.address - 2 + e->channel[i].channel] = mark;
    }
    pthread_mutex_unlock(&s->view);
    pthread_mutex_unlock(&s->tests.lock);
}

void dmx_tests_clear(struct dmx_tests *t)
{
    for (struct dmx_test_entry *e = t->first, *next; e; e = next) {
        next = e->next;
        free(e);
    }
    t->first = NULL;
    pthread_mutex_destroy(&t->lock);
}
