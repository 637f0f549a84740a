#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "ws/session.h"

enum { JOBS_SHOWN = 100 };
#define LOOK_NS 5000000LL        /* for a new frame: the engine may not wake anybody */
#define IDLE_NS 500000000LL
#define BEAT_NS 50000000LL       /* 20 Hz */
#define DMX_NS 100000000LL       /* 10 Hz */
#define FRESH_NS 4000000LL       /* so long a message that was made for one is good for all */

#define FRAME_TOPICS (TOPIC_BIT(TOPIC_FRAME) | TOPIC_BIT(TOPIC_WIRE))
#define SEEN_TOPICS (FRAME_TOPICS | TOPIC_BIT(TOPIC_DMX))
#define BEAT_TOPICS (TOPIC_BIT(TOPIC_HOST_AUDIO) | TOPIC_BIT(TOPIC_METERS))
#define LIVE_TOPICS (BEAT_TOPICS | SEEN_TOPICS)

static unsigned wanted(const struct ws *w)
{
    unsigned topics = 0;

    for (const struct session *s = w->sessions; s; s = s->next)
        topics |= s->topics;
    return topics;
}

static void due_all(struct ws *w, unsigned topics)
{
    for (struct session *s = w->sessions; s; s = s->next)
        session_due(s, topics);
}

static void say_all(struct ws *w, enum topic topic, json_t *message)
{
    char *text = message ? json_text(message) : NULL;
    size_t n = text ? strlen(text) : 0;

    for (struct session *s = w->sessions; text && s; s = s->next)
        if (s->topics & TOPIC_BIT(topic))
            session_say(s, text, n);
    free(text);
    json_decref(message);
}

/* ---- news from the event bus ---- */

static json_t *changed_json(const char *table, const struct event *e)
{
    const char op[] = { e ? e->op : 'u', '\0' };

    if (!e || !e->id[0])
        return json_pack("{s:s, s:s, s:s}", "type", "changed", "topic", "changes", "table", table);
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "type", "changed", "topic", "changes", "table", table, "id", e->id,
                     "version", (json_int_t)e->version, "op", op);
}

static json_t *job_json(json_t *job)
{
    json_object_set_new(job, "type", json_string("jobs"));
    json_object_del(job, "log"); /* may be long; GET /jobs/{id} has it */
    return job;
}

static void tell_job(struct ws *w, const struct event *e)
{
    json_t *job = NULL;

    if (!jobs_get(w->lumad->jobs, e->id, &job, NULL))
        say_all(w, TOPIC_JOBS, job_json(job));
}

static void tell_jobs(struct session *s)
{
    json_t *page = NULL, *job;
    size_t i;

    if (jobs_page(s->ws->lumad->jobs, NULL, JOBS_SHOWN, &page, NULL))
        return;
    json_array_foreach (json_object_get(page, "items"), i, job) {
        session_say_json(s, json_incref(job_json(job)));
    }
    json_decref(page);
}

/* Whose session ended hears nothing more: not even half a second later. */
static void check_roles(struct ws *w)
{
    for (struct session *s = w->sessions; s; s = s->next)
        session_check_role(s);
}

void feed_news(struct ws *w)
{
    unsigned topics = wanted(w);
    struct event e;

    while (event_poll(w->news, &e)) {
        if (!strcmp(e.table, "jobs")) {
            if (topics & TOPIC_BIT(TOPIC_JOBS))
                tell_job(w, &e);
        } else if (!strcmp(e.table, "system")) {
            due_all(w, TOPIC_BIT(TOPIC_SYSTEM));
        } else if (topics & TOPIC_BIT(TOPIC_CHANGES)) {
            say_all(w, TOPIC_CHANGES, changed_json(e.table, &e));
        }
        if (!strcmp(e.table, "users") || !strcmp(e.table, "sessions") || !strcmp(e.table, "tokens"))
            check_roles(w);
        if (!strcmp(e.table, "*")) { /* the queue ran over: jobs and warnings may have been in it */
            due_all(w, TOPIC_BIT(TOPIC_SYSTEM));
            for (struct session *s = w->sessions; s; s = s->next)
                if (s->topics & TOPIC_BIT(TOPIC_JOBS))
                    tell_jobs(s);
        }
    }
}

/* The newest frame, and read back if anyone wants that. */
static void look(struct ws *w, unsigned topics)
{
    w->live = show_live(w->lumad->show);
    w->wire = topics & TOPIC_BIT(TOPIC_WIRE) ? show_wire(w->lumad->show) : NULL;
}

void feed_present(struct session *s, unsigned topics)
{
    if (topics & SEEN_TOPICS)
        look(s->ws, wanted(s->ws));
    session_due(s, topics & (LIVE_TOPICS | TOPIC_BIT(TOPIC_SYSTEM)));
    if (topics & TOPIC_BIT(TOPIC_CHANGES)) /* whatever this client knows may be old by now */
        session_say_json(s, changed_json("*", NULL));
    if (topics & TOPIC_BIT(TOPIC_JOBS))
        tell_jobs(s);
}

/* ---- what goes by the clock ---- */

const char *feed_text(struct ws *w, enum topic topic)
{
    struct message_text *m = topic == TOPIC_METERS ? &w->meters : &w->host_audio;
    uint32_t serial = show_host_audio_serial(w->lumad->show);
    int64_t now = clock_mono_ns();

    if (m->text && m->serial == serial && now - m->made_ns < FRESH_NS)
        return m->text;
    json_t *state = topic == TOPIC_METERS ? show_meters(w->lumad->show) : show_host_audio(w->lumad->show);
    if (state) {
        json_object_set_new(state, "type", json_string(topic_table[topic].name));
        json_object_set_new(state, "topic", json_string(topic_table[topic].name));
    }
    char *text = state ? json_text(state) : NULL;
    json_decref(state);
    free(m->text);
    *m = (struct message_text){ .text = text, .made_ns = now, .serial = serial };
    return text;
}

void feed_change(struct ws *w)
{
    uint32_t serial = show_host_audio_serial(w->lumad->show);

    if (serial == w->host_audio_serial)
        return;
    w->host_audio_serial = serial;      /* the beat of 20 Hz goes on from where it was */
    due_all(w, TOPIC_BIT(TOPIC_HOST_AUDIO));
}

/* A beat that was missed is left out: the next is where it would have been. */
static void tick_beat(struct ws *w, int64_t now)
{
    if (now < w->beat_ns)
        return;
    w->beat_ns = w->beat_ns && now - w->beat_ns < BEAT_NS ? w->beat_ns + BEAT_NS : now + BEAT_NS;
    w->host_audio_serial = show_host_audio_serial(w->lumad->show);
    due_all(w, BEAT_TOPICS);
}

static void tick_frames(struct ws *w, unsigned topics, int64_t now)
{
    look(w, topics);
    if (!w->live)
        return;
    bool is_new = w->live->seq != w->live_seq;
    w->live_seq = w->live->seq;
    for (struct session *s = w->sessions; is_new && s; s = s->next) {
        int64_t period = (int64_t)(1e9 / s->max_fps);
        if (!(s->topics & FRAME_TOPICS) || now < s->next_frame_ns)
            continue;
        s->next_frame_ns = s->next_frame_ns + 2 * period < now ? now + period : s->next_frame_ns + period;
        session_due(s, FRAME_TOPICS);
    }
    if (now - w->dmx_ns >= DMX_NS) {
        w->dmx_ns = now;
        due_all(w, TOPIC_BIT(TOPIC_DMX));
    }
}

void feed_tick(struct ws *w, int64_t now)
{
    unsigned topics = wanted(w);

    if (topics & BEAT_TOPICS)
        tick_beat(w, now);
    if (topics & SEEN_TOPICS && now - w->look_ns >= LOOK_NS) {
        w->look_ns = now - w->look_ns < 2 * LOOK_NS ? w->look_ns + LOOK_NS : now;
        tick_frames(w, topics, now);
    }
    w->tick_ns = 0;
    feed_schedule(w);
}

void feed_schedule(struct ws *w)
{
    unsigned topics = wanted(w);
    int64_t now = clock_mono_ns(), at = now + IDLE_NS;

    if (topics & BEAT_TOPICS)
        at = w->beat_ns < at ? w->beat_ns : at;
    if (topics & SEEN_TOPICS)
        at = w->look_ns + LOOK_NS < at ? w->look_ns + LOOK_NS : at;
    if (!w->sessions)
        w->tick_ns = 0;
    else if (!w->tick_ns || at < w->tick_ns)
        w->tick_ns = at > 0 ? at : now;
}
