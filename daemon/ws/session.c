#include "ws/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/version.h"
#include "net/role.h"
#include "ws/encode.h"

#define DEFAULT_FPS 30.0
enum {
    READ_BUDGET = 128 << 10,    /* a round; then the others have their turn */
    ANSWERS_MAX = 64,           /* waiting to be taken: beyond them nothing is read, so endless pings cost their sender and nobody else */
    FRAGMENTS_MAX = 1024,       /* of one message: each costs memory of its own, however small it is */
};
#define STUCK_NS 5000000000LL
#define PING_NS 5000000000LL    /* of silence */
#define HANGUP_NS 12000000000LL
#define LINGER_NS 1000000000LL

/* ---- the socket ---- */

/* Not while its answers wait; but who leaves gets no more of them. */
static bool may_read(const struct session *s)
{
    return s->is_leaving || wslay_event_get_queued_msg_count(s->frames) < ANSWERS_MAX;
}

/* epoll tells what is looked at and nothing else: bytes that are not read would wake us without end. */
static void watch(struct session *s)
{
    uint32_t events = (may_read(s) ? EPOLLIN : 0) | (s->want_ns ? (uint32_t)EPOLLOUT : 0);
    struct epoll_event e = { .events = events, .data.ptr = s };

    if (events == s->watched)
        return;
    s->watched = events;
    if (epoll_ctl(s->ws->epoll, EPOLL_CTL_MOD, s->fd, &e))
        s->is_dead = true;
}

static void want(struct session *s)
{
    if (s->is_dead)
        return;
    if (!s->want_ns)
        s->want_ns = clock_mono_ns();
    watch(s);
}

/* libwslay asks for bytes. */
static ssize_t receive(wslay_event_context_ptr frames, uint8_t *bytes, size_t n, int flags, void *user)
{
    struct session *s = user;
    bool is_turn = s->budget && may_read(s);
    ssize_t got = is_turn ? recv(s->fd, bytes, n < s->budget ? n : s->budget, MSG_DONTWAIT) : -1;

    (void)flags;
    if (got > 0) {
        s->budget -= (size_t)got;
        s->heard_ns = clock_mono_ns();
        return got;
    }
    if (got < 0 && (!is_turn || errno == EAGAIN || errno == EINTR)) {
        wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    s->is_dead = true;
    wslay_event_set_error(frames, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t transmit(wslay_event_context_ptr frames, const uint8_t *bytes, size_t n, int flags, void *user)
{
    struct session *s = user;
    ssize_t sent = send(s->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL | (flags & WSLAY_MSG_MORE ? MSG_MORE : 0));

    if (sent >= 0)
        return sent;
    wslay_event_set_error(frames, errno == EAGAIN || errno == EINTR ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

/* ---- what is said ---- */

void session_dismiss(struct session *s, int code, const char *reason)
{
    if (s->is_leaving)
        return;
    s->is_leaving = true;
    s->topics = s->due = 0;
    s->n_dmx = 0;
    if (wslay_event_queue_close(s->frames, (uint16_t)code, (const uint8_t *)reason, strlen(reason)))
        s->is_dead = true;
    want(s);
}

/* false: there is no memory. */
static bool queue(struct session *s, uint8_t opcode, const void *bytes, size_t n)
{
    return !wslay_event_queue_msg(s->frames, &(struct wslay_event_msg){ .opcode = opcode, .msg = bytes, .msg_length = n });
}

void session_say(struct session *s, const char *text, size_t n)
{
    if (s->is_leaving)
        return;
    if (wslay_event_get_queued_msg_length(s->frames) + n > QUEUE_MAX || !queue(s, WSLAY_TEXT_FRAME, text, n)) {
        log_info("ws", "client %s is too slow for what it subscribed: disconnected", s->client);
        session_dismiss(s, WSLAY_CODE_POLICY_VIOLATION, "too slow: more than 1 MiB behind");
        return;
    }
    want(s);
}

void session_say_json(struct session *s, json_t *message)
{
    char *text = message ? json_text(message) : NULL;

    if (text)
        session_say(s, text, strlen(text));
    else
        session_dismiss(s, WSLAY_CODE_INTERNAL_SERVER_ERROR, "out of memory");
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

static unsigned char *room(struct ws *w, size_t n)
{
    if (n > w->buffer_size) {
        unsigned char *bigger = realloc(w->buffer, n);
        if (!bigger)
            return NULL;
        w->buffer = bigger;
        w->buffer_size = n;
    }
    return w->buffer;
}

static bool send_text(struct session *s, const char *text)
{
    return text && queue(s, WSLAY_TEXT_FRAME, text, strlen(text));
}

static bool send_warnings(struct session *s)
{
    json_t *state = json_pack("{s:s, s:o}", "type", topic_table[TOPIC_SYSTEM].name, "warnings", warnings_json(s->ws->lumad->warnings));
    char *text = state ? json_text(state) : NULL;
    bool is_fine = send_text(s, text);

    free(text);
    json_decref(state);
    return is_fine;
}

static bool send_frame(struct session *s, const struct show_live *live, bool wire)
{
    if (!live)
        return true;
    unsigned char *out = room(s->ws, frame_size(live));
    if (out)
        frame_encode(live, wire, out);
    return out && queue(s, WSLAY_BINARY_FRAME, out, frame_size(live));
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
            return queue(s, WSLAY_BINARY_FRAME, out, DMX_MESSAGE);
        }
    return out;
}

/* The next state that is due, made now. One each time the socket takes bytes: then at most one frame is ever left half written. */
static bool send_due(struct session *s)
{
    int t = 0;

    while (!(s->due & TOPIC_BIT(t)))
        t++;
    s->due &= ~TOPIC_BIT(t);
    switch ((enum topic)t) {
    case TOPIC_HOST_AUDIO:
    case TOPIC_METERS:
        return send_text(s, feed_text(s->ws, (enum topic)t));
    case TOPIC_FRAME:
        return send_frame(s, s->ws->live, false);
    case TOPIC_WIRE:
        return send_frame(s, s->ws->wire, true);
    case TOPIC_SYSTEM:
        return send_warnings(s);
    case TOPIC_DMX:
        return send_dmx(s);
    case TOPIC_CHANGES:
    case TOPIC_JOBS:
    case TOPICS:
        break;
    }
    return true;
}

void session_write(struct session *s)
{
    s->want_ns = 0;
    if (!s->is_leaving && s->due && !wslay_event_get_queued_msg_count(s->frames) && !send_due(s))
        session_dismiss(s, WSLAY_CODE_INTERNAL_SERVER_ERROR, "out of memory");
    if (wslay_event_send(s->frames)) {
        s->is_dead = true;
        return;
    }
    if (wslay_event_get_close_sent(s->frames) && !s->ended_ns) {
        /* The client hangs up next. Closing at once with bytes of it unread would reset the connection, and our reason would be lost. */
        s->ended_ns = clock_mono_ns();
        s->is_dead = wslay_event_get_close_received(s->frames) || shutdown(s->fd, SHUT_WR);
    }
    if (s->due || wslay_event_want_write(s->frames))
        s->want_ns = clock_mono_ns();
    watch(s);
}

/* ---- what is heard ---- */

/* false, and the client is told: one of the topics asks for more than this one may. */
static bool may_follow(struct session *s, const struct message *m)
{
    unsigned topics = m->topics | (m->n_dmx ? TOPIC_BIT(TOPIC_DMX) : 0);

    for (int t = 0; t < TOPICS; t++)
        if (topics & TOPIC_BIT(t) && s->who.role < topic_table[t].role) {
            session_say_json(s, json_pack("{s:s, s:s, s:s, s:s+}", "type", "error", "code", lm_err_code(LM_FORBIDDEN), "path", "/topics", "message",
                                          "asks for the role ", role_names[topic_table[t].role]));
            return false;
        }
    return true;
}

static void subscribe(struct session *s, const struct message *m)
{
    unsigned fresh = m->topics;

    if (!may_follow(s, m))
        return;

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

static void on_frame(wslay_event_context_ptr frames, const struct wslay_event_on_frame_recv_start_arg *arg, void *user)
{
    struct session *s = user;

    (void)frames;
    if (arg->opcode == WSLAY_TEXT_FRAME || arg->opcode == WSLAY_BINARY_FRAME)
        s->fragments = 0;
    else if (arg->opcode == WSLAY_CONTINUATION_FRAME && ++s->fragments == FRAGMENTS_MAX)
        session_dismiss(s, WSLAY_CODE_POLICY_VIOLATION, "a message may have 1024 fragments");
}

static void on_message(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *arg, void *user)
{
    struct session *s = user;

    (void)frames;
    if (s->is_leaving)
        return;
    if (arg->opcode == WSLAY_TEXT_FRAME)
        obey(s, arg->msg_length ? (const char *)arg->msg : "", arg->msg_length);
    else if (arg->opcode == WSLAY_BINARY_FRAME)
        session_dismiss(s, WSLAY_CODE_UNSUPPORTED_DATA, "messages are text");
}

static void throw_away(struct session *s)
{
    char bytes[4096];
    ssize_t n = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        s->is_dead = true;
}

void session_read(struct session *s)
{
    s->budget = READ_BUDGET;
    if (s->is_leaving && !wslay_event_get_read_enabled(s->frames)) {
        throw_away(s);
        return;
    }
    int failed = wslay_event_recv(s->frames);
    if (s->is_dead)
        return;
    if (failed || !wslay_event_get_read_enabled(s->frames) || wslay_event_get_close_received(s->frames)) {
        /* A close frame of libwslay's is queued: the answer to the client's, or what was wrong. */
        wslay_event_shutdown_read(s->frames);
        s->is_leaving = true;
        s->topics = s->due = 0;
        s->n_dmx = 0;
    }
    if (wslay_event_want_write(s->frames))
        want(s);
}

/* ---- life ---- */

/* The role, and which topics there are for whom. */
static json_t *hello(const struct session *s)
{
    json_t *topics = json_object();

    for (int t = 0; t < TOPICS; t++)
        json_object_set_new(topics, topic_table[t].name, json_string(role_names[topic_table[t].role]));
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "type", "hello", "client", s->client, "version", LUMAD_VERSION, "role", role_names[s->who.role], "topics", topics);
}

enum lm_err session_open(struct ws *w, int fd, const struct caller *who)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = receive,
        .send_callback = transmit,
        .on_frame_recv_start_callback = on_frame,
        .on_msg_recv_callback = on_message,
    };
    struct session *s = calloc(1, sizeof(*s));

    if (!s || wslay_event_context_server_init(&s->frames, &callbacks, s)) {
        free(s);
        close(fd);
        return LM_NOMEM;
    }
    wslay_event_config_set_max_recv_msg_length(s->frames, MESSAGE_MAX);
    s->ws = w;
    s->fd = fd;
    s->who = *who;
    s->max_fps = DEFAULT_FPS;
    s->heard_ns = clock_mono_ns();
    s->watched = EPOLLIN;
    if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = s->watched, .data.ptr = s })) {
        wslay_event_context_free(s->frames);
        free(s);
        close(fd);
        return LM_IO;
    }
    s->next = w->sessions;
    s->prev = &w->sessions;
    if (s->next)
        s->next->prev = &s->next;
    w->sessions = s;
    w->n_sessions++;
    uuid_new(s->client);
    show_client_join(w->lumad->show, s->client, s->who.key);    /* from here on its id is worth something to whoever it belongs to, and to nobody else */
    session_say_json(s, hello(s));
    if (w->n_sessions > CLIENTS_MAX)
        session_dismiss(s, WSLAY_CODE_POLICY_VIOLATION, "too many clients");
    feed_schedule(w);
    return LM_OK;
}

void session_free(struct session *s)
{
    struct ws *w = s->ws;

    *s->prev = s->next;
    if (s->next)
        s->next->prev = s->prev;
    w->n_sessions--;
    show_client_leave(w->lumad->show, s->client);
    wslay_event_context_free(s->frames);
    epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->fd, NULL); /* a child that is being started has the socket too for a moment: closing it alone is not enough */
    close(s->fd);
    free(s);
    feed_schedule(w);
}

void session_check_role(struct session *s)
{
    if (!s->is_leaving && !auth_holds(s->ws->lumad->auth, &s->who))
        session_dismiss(s, CODE_SIGNED_OUT, "signed out");
}

void session_check(struct session *s, int64_t now)
{
    const char *why = NULL;

    session_check_role(s);

    if (s->ended_ns ? now - s->ended_ns > LINGER_NS : false)
        why = "does not hang up";
    else if (s->want_ns && now - s->want_ns > STUCK_NS)
        why = "takes nothing for 5 s";
    else if (now - s->heard_ns > HANGUP_NS)
        why = "is silent for 12 s";
    if (why) {
        log_info("ws", "client %s %s: disconnected", s->client, why);
        s->is_dead = true;
    } else if (!s->is_leaving && now - s->heard_ns > PING_NS && now - s->pinged_ns > PING_NS) {
        s->pinged_ns = now;
        if (queue(s, WSLAY_PING, NULL, 0))
            want(s);
        else
            s->is_dead = true;
    }
}
