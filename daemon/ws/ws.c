#include "ws/ws.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/thread.h"
#include "net/head.h"
#include "net/role.h"
#include "ws/session.h"

enum {
    SEND_BUFFER = 64 << 10, /* with the kernel's own tuning a stuck client would hold 4 MB of old frames */
    LOW_WATER = 16 << 10,
    FILES = 1024,
    NEWS = 4096,
    KEY_LENGTH = 24,        /* 16 bytes in base64 */
};
#define FAREWELL_NS 200000000LL

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

static const struct lws_protocols protocols[] = {
    /* Index 0 is what a client gets that asks for no protocol. */
    { .name = "lumad.v1", .callback = callback, .per_session_data_size = sizeof(struct session), .rx_buffer_size = 4096 },
    { 0 },
};

/* ---- sockets come in ---- */

/* A refusal in plain HTTP, so that whoever tries sees why. What was only peeked at is read first: closing with unread bytes would reset the connection
 * and take the answer with it. */
static void refuse(int fd, size_t n, enum lm_err err, const struct problem *p)
{
    char drain[HEAD_MAX], text[2048];
    json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", lm_err_text(err), "status",
                          lm_err_http(err), "detail", p->detail, "code", lm_err_code(err));
    char *body = o ? json_text(o) : NULL;

    if (n && recv(fd, drain, n, MSG_DONTWAIT) > 0 && body) {
        int len = snprintf(
            text, sizeof(text),
            "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\nSec-WebSocket-Version: 13\r\n"
            "Connection: close\r\n\r\n%s",
            lm_err_http(err), lm_err_text(err), strlen(body), body);
        if (len > 0 && (size_t)len < sizeof(text) && send(fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            log_debug("ws", "a refusal could not be sent: %s", strerror(errno));
    }
    free(body);
    json_decref(o);
    close(fd);
}

/* `name` is one of the words of a list separated by commas. */
static bool is_in_list(const char *list, const char *name)
{
    size_t len = strlen(name), n;

    for (; *list; list += n) {
        list += strspn(list, ", \t");
        n = strcspn(list, ", \t");
        if (n == len && n && !strncmp(list, name, n))
            return true;
    }
    return false;
}

/* What RFC 6455, 4.2.1 asks of a handshake. libwebsockets takes any version and key, drops the rest without a word, and does not see a body. */
static enum lm_err check_handshake(const char *head, size_t n, struct problem *p)
{
    char value[512];

    if (head_get(head, n, "Sec-WebSocket-Version", value, sizeof(value)) || strcmp(value, "13") != 0)
        return problem_set(p, LM_UPGRADE, "The only Sec-WebSocket-Version is 13.");
    if (head_get(head, n, "Sec-WebSocket-Key", value, sizeof(value)) || strlen(value) != KEY_LENGTH)
        return problem_set(p, LM_BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64.");
    if (head_get(head, n, "Connection", value, sizeof(value)) || !strcasestr(value, "upgrade"))
        return problem_set(p, LM_BAD_REQUEST, "Connection must say Upgrade.");
    if (head_get(head, n, "Content-Length", value, sizeof(value)) != LM_NOT_FOUND ||
        head_get(head, n, "Transfer-Encoding", value, sizeof(value)) != LM_NOT_FOUND)
        return problem_set(p, LM_BAD_REQUEST, "A handshake has no body.");
    enum lm_err err = head_get(head, n, "Sec-WebSocket-Protocol", value, sizeof(value));
    if (err != LM_NOT_FOUND && (err || !is_in_list(value, protocols[0].name)))
        return problem_set(p, LM_BAD_REQUEST, "The only Sec-WebSocket-Protocol is %s.", protocols[0].name);
    return LM_OK;
}

/* Whether this handshake may go on: Host, Origin and role, as for REST. */
static enum lm_err admit(struct ws *w, int fd, const char *head, size_t n, struct problem *p)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    char host[264], origin[512], unused[512];
    enum lm_err has_host = head_get(head, n, "Host", host, sizeof(host)),
                has_origin = head_get(head, n, "Origin", origin, sizeof(origin));

    if (!n || !head_is_strict(head, n) || has_host == LM_BAD_REQUEST || has_origin == LM_BAD_REQUEST)
        return problem_set(p, LM_BAD_REQUEST, "The head of the request cannot be read.");
    enum lm_err err = guard_check(&w->guard, has_host ? NULL : host, has_origin ? NULL : origin, p);
    if (err)
        return err;
    if (getpeername(fd, (struct sockaddr *)&addr, &len))
        return problem_set(p, LM_IO, "The connection is gone.");
    bool is_forwarded = head_get(head, n, "X-Forwarded-For", unused, sizeof(unused)) != LM_NOT_FOUND ||
                        head_get(head, n, "Forwarded", unused, sizeof(unused)) != LM_NOT_FOUND;
    if (role_of_peer((struct sockaddr *)&addr, is_forwarded) < ROLE_VIEWER)
        return problem_set(p, LM_UNAUTHORIZED, "%s", role_refusal);
    return check_handshake(head, n, p);
}

static void take_in(struct ws *w, int fd)
{
    char head[HEAD_MAX];
    ssize_t got = recv(fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
    size_t n = got > 0 ? head_length(head, (size_t)got) : 0;
    struct problem p = { 0 };
    enum lm_err err = w->is_stopping ? problem_set(&p, LM_BUSY, "lumad is stopping.") : admit(w, fd, head, n, &p);

    if (err) {
        refuse(fd, n ? n : got > 0 ? (size_t)got : 0, err, &p);
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){ LOW_WATER }, sizeof(int));
    if (!lws_adopt_socket(w->context, fd)) /* it closed the socket */
        log_debug("ws", "a socket was not adopted");
}

static void empty_inbox(struct ws *w)
{
    for (;;) {
        pthread_mutex_lock(&w->lock);
        int fd = w->inbox_n ? w->inbox[w->inbox_first] : -1;
        if (fd >= 0) {
            w->inbox_first = (w->inbox_first + 1) % INBOX;
            w->inbox_n--;
        }
        pthread_mutex_unlock(&w->lock);
        if (fd < 0)
            return;
        take_in(w, fd);
    }
}

void ws_adopt(void *ws, int fd, const struct sockaddr_storage *addr, unsigned addr_len)
{
    struct ws *w = ws;

    (void)addr, (void)addr_len;
    pthread_mutex_lock(&w->lock);
    bool is_taken = w->inbox_n < INBOX && !w->is_stopping;
    if (is_taken)
        w->inbox[(w->inbox_first + w->inbox_n++) % INBOX] = fd;
    pthread_mutex_unlock(&w->lock);
    if (!is_taken)
        close(fd);
    else
        lws_cancel_service(w->context); /* the one call libwebsockets allows from another thread */
}

/* ---- libwebsockets ---- */

/* What libwebsockets itself understood of the head has to pass as well: nobody profits from two parsers that disagree. */
static bool check_again(struct ws *w, struct lws *wsi)
{
    char host[264] = "", origin[512] = "";
    bool has_host = lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST) > 0,
         has_origin = lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN) > 0;

    return !guard_check(&w->guard, has_host ? host : NULL, has_origin ? origin : NULL, NULL);
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct session *s = user;
    struct ws *w = lws_context_user(lws_get_context(wsi));

    switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        empty_inbox(w);
        feed_news(w);
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return check_again(w, wsi) ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED:
        session_open(s, w, wsi);
        return 0;
    case LWS_CALLBACK_CLOSED:
        if (s)
            session_close(s);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return s && s->wsi &&
                       session_hear(s, in, len, lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi),
                                    lws_frame_is_binary(wsi))
                   ? 0
                   : -1;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return s && s->wsi && session_write(s) ? 0 : -1;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

static void emit(int level, const char *line)
{
    (void)level;
    char text[256];

    snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
    log_debug("ws", "%s", text);
}

static bool has_farewells(const struct ws *w, int64_t until)
{
    return w->sessions && clock_mono_ns() < until;
}

static void *run(void *arg)
{
    struct ws *w = arg;

    while (!w->is_stopping && lws_service(w->context, 0) >= 0)
        ;
    for (struct session *s = w->sessions; s; s = s->next)
        session_dismiss(s, LWS_CLOSE_STATUS_GOINGAWAY, "lumad is stopping");
    for (int64_t until = clock_mono_ns() + FAREWELL_NS; has_farewells(w, until);)
        if (lws_service(w->context, 0) < 0)
            break;
    empty_inbox(w);
    w->has_ended = true;
    return NULL;
}

static void wake(void *ctx)
{
    struct ws *w = ctx;

    lws_cancel_service(w->context);
}

static void release(struct ws *w)
{
    if (w->context)
        lws_context_destroy(w->context);
    pthread_mutex_destroy(&w->lock);
    free(w->buffer);
    free(w);
}

enum lm_err ws_start(const struct lumad *l, struct ws **result, struct problem *p)
{
    static const lws_retry_bo_t liveness = { .secs_since_valid_ping = 5, .secs_since_valid_hangup = 12 };
    struct ws *w = calloc(1, sizeof(*w));
    enum lm_err err = LM_OK;

    if (!w)
        return problem_set(p, LM_NOMEM, "no memory for the WebSocket server");
    w->lumad = l;
    guard_init(&w->guard, l->config->allowed_hosts);
    pthread_mutex_init(&w->lock, NULL);
    lws_set_log_level(LLL_ERR | LLL_WARN, emit);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .user = w,
        .fd_limit_per_thread = FILES,
        .retry_and_idle_policy = &liveness,
        .options = LWS_SERVER_OPTION_VALIDATE_UTF8,
        .gid = -1,
        .uid = -1,
    };
    if (!(w->context = lws_create_context(&info))) {
        err = problem_set(p, LM_INTERNAL, "cannot start the WebSocket server");
        goto out;
    }
    if (!(w->news = event_listen(l->bus, NEWS, wake, w))) {
        err = problem_set(p, LM_NOMEM, "no memory for the WebSocket server");
        goto out;
    }
    if ((err = thread_start(&w->thread, &(struct thread_options){ .name = "ws", .stack = 512 << 10 }, run, w))) {
        event_unlisten(w->news);
        problem_set(p, err, "cannot start the thread of the WebSocket server");
        goto out;
    }
    *result = w, w = NULL;
out:
    if (w)
        release(w);
    return err;
}

void ws_stop(struct ws *w)
{
    if (!w)
        return;
    w->is_stopping = true;
    lws_cancel_service(w->context);
    pthread_join(w->thread, NULL);
    event_unlisten(w->news); /* no wake() after this */
    release(w);
}
