#include "ws/session.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/version.h"
#include "ws/encode.h"

#define DEFAULT_FPS 30.0

static void want(struct session *s)
{
    if (!s->want_ns)
        s->want_ns = clock_mono_ns();
    lws_callback_on_writable(s->wsi);
}

void session_open(struct session *s, struct ws *w, struct lws *wsi)
{
    s->wsi = wsi;
    s->ws = w;
    s->last = &s->first;
    s->max_fps = DEFAULT_FPS;
    s->next = w->sessions;
    s->prev = &w->sessions;
    if (s->next)
        s->next->prev = &s->next;
    w->sessions = s;
    w->n_sessions++;
    uuid_new(s->client);
    session_say_json(s, json_pack("{s:s, s:s, s:s}", "type", "hello", "client", s->client, "version", LUMAD_VERSION));
    if (w->n_sessions > CLIENTS_MAX)
        session_dismiss(s, LWS_CLOSE_STATUS_POLICY_VIOLATION, "too many clients");
    feed_schedule(w);
}

static void drop_queue(struct session *s)
{
    while (s->first) {
        struct text *t = s->first;
        s->first = t->next;
        free(t);
    }
    s->last = &s->first;
    s->queued = 0;
}

void session_close(struct session *s)
{
    if (!s->wsi)
        return;
    *s->prev = s->next;
    if (s->next)
        s->next->prev = s->prev;
    s->ws->n_sessions--;
    s->wsi = NULL;
    drop_queue(s);
    free(s->rx);
    s->rx = NULL;
    feed_schedule(s->ws);
}

void session_dismiss(struct session *s, int code, const char *reason)
{
    if (s->farewell)
        return;
    s->farewell = reason;
    s->farewell_code = code;
    s->topics = s->due = 0;
    s->n_dmx = 0;
    want(s);
}

void session_say(struct session *s, const char *text, size_t n)
{
    if (s->farewell)
        return;
    struct text *t = s->queued + n <= QUEUE_MAX ? malloc(sizeof(*t) + LWS_PRE + n) : NULL;
    if (!t) {
        log_info("ws", "client %s is too slow for what it subscribed: disconnected", s->client);
        drop_queue(s);
        session_dismiss(s, LWS_CLOSE_STATUS_POLICY_VIOLATION, "too slow: more than 1 MiB behind");
        return;
    }
    t->next = NULL;
    t->n = n;
    memcpy(t->bytes + LWS_PRE, text, n);
    *s->last = t;
    s->last = &t->next;
    s->queued += n;
    want(s);
}

void session_say_json(struct session *s, json_t *message)
{
    char *text = message ? json_text(message) : NULL;

    if (text)
        session_say(s, text, strlen(text));
    else
        session_dismiss(s, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "out of memory");
    free(text);
    json_decref(message);
}

void session_due(struct session *s, unsigned topics)
{
    topics &= s->topics;
    if (!topics)
        return;
    s->due |= topics;
    if (topics & TOPIC_BIT(TOPIC_DMX))
        s->dmx_due = s->n_dmx < 64 ? (1ull << s->n_dmx) - 1 : ~0ull;
    want(s);
}

/* Room for LWS_PRE and n bytes. */
static unsigned char *room(struct ws *w, size_t n)
{
    if (LWS_PRE + n > w->buffer_size) {
        unsigned char *bigger = realloc(w->buffer, LWS_PRE + n);
        if (!bigger)
            return NULL;
        w->buffer = bigger;
        w->buffer_size = LWS_PRE + n;
    }
    return w->buffer + LWS_PRE;
}

static bool send_now(struct session *s, unsigned char *bytes, size_t n, enum lws_write_protocol kind)
{
    return lws_write(s->wsi, bytes, n, kind) >= (int)n;
}

static bool send_state(struct session *s, const char *type, json_t *state)
{
    if (state)
        json_object_set_new(state, "type", json_string(type));
    char *text = state ? json_text(state) : NULL;
    size_t n = text ? strlen(text) : 0;
    unsigned char *out = text ? room(s->ws, n) : NULL;

    if (out)
        memcpy(out, text, n);
    free(text);
    json_decref(state);
    return out && send_now(s, out, n, LWS_WRITE_TEXT);
}

static bool send_frame(struct session *s, const struct show_live *live)
{
    if (!live)
        return true;
    unsigned char *out = room(s->ws, frame_size(live));
    if (out)
        frame_encode(live, out);
    return out && send_now(s, out, frame_size(live), LWS_WRITE_BINARY);
}

static bool send_dmx(struct session *s)
{
    unsigned char *out = room(s->ws, DMX_MESSAGE);

    for (size_t i = 0; out && i < s->n_dmx; i++)
        if (s->dmx_due & 1ull << i) {
            s->dmx_due &= ~(1ull << i);
            if (s->dmx_due)
                s->due |= TOPIC_BIT(TOPIC_DMX);
            dmx_encode(s->ws->live, s->dmx[i], out);
            return send_now(s, out, DMX_MESSAGE, LWS_WRITE_BINARY);
        }
    return out;
}

/* The next state that is due. One message each time the socket is writable: then at most one frame is ever left half written. */
static bool send_due(struct session *s)
{
    const struct lumad *l = s->ws->lumad;
    int t = 0;

    while (!(s->due & TOPIC_BIT(t)))
        t++;
    s->due &= ~TOPIC_BIT(t);
    switch ((enum topic)t) {
    case TOPIC_HOST_AUDIO:
        return send_state(s, topic_table[t].name, show_host_audio(l->show));
    case TOPIC_FRAME:
        return send_frame(s, s->ws->live);
    case TOPIC_WIRE:
        return send_frame(s, s->ws->wire);
    case TOPIC_SYSTEM:
        return send_state(s, topic_table[t].name, json_pack("{s:o}", "warnings", warnings_json(l->warnings)));
    case TOPIC_DMX:
        return send_dmx(s);
    case TOPIC_CHANGES:
    case TOPIC_JOBS:
    case TOPICS:
        break;
    }
    return true;
}

bool session_write(struct session *s)
{
    bool is_fine = true;

    s->want_ns = 0;
    if (s->first) {
        struct text *t = s->first;
        is_fine = send_now(s, t->bytes + LWS_PRE, t->n, LWS_WRITE_TEXT);
        s->first = t->next;
        if (!s->first)
            s->last = &s->first;
        s->queued -= t->n;
        free(t);
    } else if (s->farewell) {
        lws_close_reason(s->wsi, (enum lws_close_status)s->farewell_code, (unsigned char *)s->farewell, strlen(s->farewell));
        return false;
    } else if (s->due) {
        is_fine = send_due(s);
    }
    if (is_fine && (s->first || s->due || s->farewell))
        want(s);
    return is_fine;
}

static void subscribe(struct session *s, const struct message *m)
{
    unsigned fresh = m->topics;

    s->topics |= m->topics;
    if (m->max_fps > 0)
        s->max_fps = m->max_fps;
    for (size_t i = 0; i < m->n_dmx; i++) {
        size_t k = 0;
        while (k < s->n_dmx && s->dmx[k] != m->dmx[i])
            k++;
        if (k == MESSAGE_DMX_MAX) {
            session_say_json(s, json_pack("{s:s, s:s, s:s}", "type", "error", "code", lm_err_code(LM_INVALID), "message",
                                          "no more than 64 universes at a time; unsubscribe from one first"));
            break;
        }
        if (k == s->n_dmx)
            s->dmx[s->n_dmx++] = m->dmx[i];
        fresh |= TOPIC_BIT(TOPIC_DMX);
    }
    if (s->n_dmx)
        s->topics |= TOPIC_BIT(TOPIC_DMX);
    feed_present(s, fresh);
    feed_schedule(s->ws);
}

static void unsubscribe(struct session *s, const struct message *m)
{
    s->topics &= ~m->topics;
    s->due &= s->topics;
    for (size_t i = 0; i < m->n_dmx; i++)
        for (size_t k = 0; k < s->n_dmx; k++)
            if (s->dmx[k] == m->dmx[i])
                s->dmx[k] = s->dmx[--s->n_dmx];
    if (!s->n_dmx)
        s->topics &= ~TOPIC_BIT(TOPIC_DMX);
    feed_schedule(s->ws);
}

static void obey(struct session *s, const char *text, size_t n)
{
    struct message m;
    struct problem p = { 0 };
    enum lm_err err = message_parse(text, n, &m, &p);

    if (err) {
        session_say_json(s, json_pack("{s:s, s:s, s:s, s:s}", "type", "error", "code", lm_err_code(err), "path",
                                      p.n ? p.errors[0].path : "", "message", p.n ? p.errors[0].message : p.detail));
        return;
    }
    switch (m.type) {
    case MESSAGE_SUBSCRIBE:
        subscribe(s, &m);
        break;
    case MESSAGE_UNSUBSCRIBE:
        unsubscribe(s, &m);
        break;
    case MESSAGE_PING:
        session_say_json(s, json_pack("{s:s}", "type", "pong"));
        break;
    }
}

bool session_hear(struct session *s, const char *bytes, size_t n, bool is_last, bool is_binary)
{
    const char *reason = is_binary ? "messages are text" : s->rx_len + n > MESSAGE_MAX ? "a message may have 64 KiB" : NULL;

    if (reason) {
        lws_close_reason(s->wsi, is_binary ? LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE : LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
                         (unsigned char *)reason, strlen(reason));
        return false;
    }
    if (is_last && !s->rx_len) { /* the usual case: whole in one piece */
        obey(s, bytes, n);
        return true;
    }
    char *rx = realloc(s->rx, s->rx_len + n + 1);
    if (!rx)
        return false;
    s->rx = rx;
    memcpy(s->rx + s->rx_len, bytes, n);
    s->rx_len += n;
    if (is_last) {
        obey(s, s->rx, s->rx_len);
        free(s->rx);
        s->rx = NULL;
        s->rx_len = 0;
    }
    return true;
}
