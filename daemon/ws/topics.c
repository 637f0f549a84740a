#include "ws/topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/str.h"
#include "dmx/universe.h"

const struct topic_desc topic_table[TOPICS] = {
    [TOPIC_HOST_AUDIO] = { "host-audio", "20 Hz, and at once on a change", "What is loaded and where it is.", ROLE_VIEWER },
    [TOPIC_FRAME] = { "frame", "up to 44 Hz, max_fps", "Binary LMF1: the light of every head.", ROLE_VIEWER },
    [TOPIC_WIRE] = { "wire", "up to 44 Hz, max_fps", "Binary LMW1, of the same shape as LMF1, but read back from the slots: what was sent.", ROLE_VIEWER },
    [TOPIC_CHANGES] = { "changes", "at once", "Which row changed; \"*\" means everything may have.", ROLE_VIEWER },
    [TOPIC_JOBS] = { "jobs", "at most 5 Hz per job", "Progress and state of a job.", ROLE_VIEWER },
    [TOPIC_SYSTEM] = { "system", "at once", "The warnings there are.", ROLE_VIEWER },
    [TOPIC_METERS] = { "meters", "20 Hz", "Levels, loudness and bands of what is heard, and of the input.", ROLE_VIEWER },
    [TOPIC_DMX] = { "dmx/", "10 Hz", "Binary LMD1: the slots of universe <n>.", ROLE_VIEWER },
};

static const char *const type_names[] = {
    [MESSAGE_SUBSCRIBE] = "subscribe", [MESSAGE_UNSUBSCRIBE] = "unsubscribe", [MESSAGE_PING] = "ping"
};

static bool add_dmx(struct message *m, const char *number)
{
    size_t n = strspn(number, "0123456789");
    long u = n && n <= 5 && !number[n] && number[0] != '0' ? strtol(number, NULL, 10) : 0;

    if (u < 1 || u > DMX_MAX_UNIVERSE)
        return false;
    for (size_t i = 0; i < m->n_dmx; i++)
        if (m->dmx[i] == u)
            return true;
    if (m->n_dmx == MESSAGE_DMX_MAX)
        return false;
    m->dmx[m->n_dmx++] = (uint16_t)u;
    return true;
}

static bool add_topic(struct message *m, const char *name)
{
    for (int t = 0; t < TOPICS; t++) {
        if (t == TOPIC_DMX ? !str_starts(name, topic_table[t].name) : strcmp(name, topic_table[t].name) != 0)
            continue;
        if (t == TOPIC_DMX)
            return add_dmx(m, name + strlen(topic_table[t].name));
        m->topics |= TOPIC_BIT(t);
        return true;
    }
    return false;
}

static enum lm_err parse_topics(const json_t *list, struct message *m, struct problem *p)
{
    char path[PROBLEM_PATH];
    json_t *v;
    size_t i;

    if (!json_is_array(list))
        return problem_add(p, "/topics", "must be a list of topics");
    json_array_foreach (list, i, v) {
        if (json_is_string(v) && add_topic(m, json_string_value(v)))
            continue;
        snprintf(path, sizeof(path), "/topics/%zu", i);
        problem_add(
            p, path,
            "is no topic: there are host-audio, meters, frame, wire, changes, jobs, system and dmx/1 to dmx/%d, of the last %d at a time",
            DMX_MAX_UNIVERSE, MESSAGE_DMX_MAX);
    }
    return p->err;
}

static enum lm_err parse(const json_t *o, struct message *m, struct problem *p)
{
    static const char *const known[] = { "type", "topics", "max_fps", NULL };
    const char *type = json_get_text(o, "type", "");
    const json_t *fps = json_object_get(o, "max_fps");
    size_t i, n = sizeof(type_names) / sizeof(type_names[0]);

    if (!json_is_object(o))
        return problem_set(p, LM_BAD_REQUEST, "a message is a JSON object with a type");
    for (i = 0; i < n && strcmp(type, type_names[i]); i++)
        ;
    if (i == n)
        return problem_add(p, "/type", "must be subscribe, unsubscribe or ping");
    m->type = (enum message_type)i;
    enum lm_err err = json_only(o, known, p);
    if (err || m->type == MESSAGE_PING)
        return err;
    if (fps && (!json_is_number(fps) || !(json_number_value(fps) >= FPS_MIN)))
        problem_add(p, "/max_fps", "must be a number from %g to %g", FPS_MIN, FPS_MAX);
    else if (fps)
        m->max_fps = json_number_value(fps) < FPS_MAX ? json_number_value(fps) : FPS_MAX;
    parse_topics(json_object_get(o, "topics"), m, p);
    return p->err;
}

enum lm_err message_parse(const char *text, size_t n, struct message *m, struct problem *p)
{
    json_t *o = NULL;
    enum lm_err err;

    *m = (struct message){ 0 };
    problem_clear(p);
    if (n > MESSAGE_MAX)
        return problem_set(p, LM_TOO_LARGE, "a message may have %d bytes", MESSAGE_MAX);
    if (!(err = json_parse(text, n, &o, p)))
        err = parse(o, m, p);
    json_decref(o);
    return err;
}
