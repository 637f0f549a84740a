#include "api/api.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/exchange.h"
#include "db/revisions.h"
#include "api/multipart.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"

enum {
    POOL_THREADS = 4,
    CONNECTION_MEMORY = 128 << 10, /* a body comes in pieces of about half of it */
    CONNECTIONS = 256,             /* of each daemon, as the next two */
    CONNECTIONS_PER_ADDRESS = 32,
    TIMEOUT_S = 30,
    /* The body of a request that was refused by its head is let pass so that the connection lives on and the answer is not lost in a reset;
     * not if it is long. So much is also let pass beyond the limit of a body whose length was not said. */
    PASS_BY = 256 << 10,
};

/* What lives as long as a connection. */
struct line {
    struct watch *watch;
    struct exchange *exchange; /* begun and not ended */
};

static struct line *line_of(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static void release(struct exchange *x)
{
    if (!x)
        return;
    if (x->req.upload)
        x->req.route->upload->abort(&x->req);
    multipart_free(x->req.multipart);
    json_decref(x->json);
    json_decref(x->res.json);
    json_decref(x->res.errors);
    if (x->res.fd >= 0)
        close(x->res.fd);
    free(x->res.data);
    if (x->waiting >= 0)
        waiting_leave(x->api->waiting, x->waiting);
    if (x->body.data && x->req.route && x->req.route->flags & ROUTE_SECRET)
        sodium_memzero(x->body.data, x->body.cap);
    str_clear(&x->body);
    free(x->path);
    free(x);
}

/* Thread: mhd. The request line is there; what is returned comes back as *con_cls. */
static void *begin(void *cls, const char *target, struct MHD_Connection *conn)
{
    struct line *line = line_of(conn);
    struct exchange *x = line ? calloc(1, sizeof(*x)) : NULL;

    if (!x)
        return NULL;
    x->api = cls;
    x->conn = conn;
    x->waiting = -1;
    x->res = (struct response)RESPONSE_INIT;
    x->watch = line->watch;
    x->path = strdup(target);
    if (!x->path) {
        free(x);
        return NULL;
    }
    x->query = x->path + strcspn(x->path, "?");
    if (*x->query)
        *x->query++ = '\0';
    watch_begin(x->api->janitor, x->watch);
    release(line->exchange);
    line->exchange = x;
    return x;
}

/* Thread: mhd. The answer was sent, or the connection is gone. */
static void end(void *cls, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode how)
{
    struct exchange *x = *con_cls;
    struct line *line = line_of(conn);

    (void)cls, (void)how;
    *con_cls = NULL;
    if (!x)
        return;
    watch_idle(x->api->janitor, x->watch);
    if (line)
        line->exchange = NULL;
    release(x);
}

/* Thread: pool. */
static enum lm_err parse_body(struct exchange *x)
{
    const struct route *r = x->req.route;

    if (!r->body || r->upload)
        return LM_OK;
    if (!strcmp(r->body, "csv")) {
        x->req.text = x->body.data ? x->body.data : "";
        x->req.text_n = x->body.len;
        return LM_OK;
    }
    if (!x->body.len && r->flags & ROUTE_BODY_OPTIONAL)
        x->json = json_object();
    else if (!x->body.len)
        return problem_set(&x->res.problem, LM_BAD_REQUEST, "A JSON body is expected.");
    else
        x->err = json_parse(x->body.data, x->body.len, &x->json, &x->res.problem);
    if (!x->err && !x->json)
        return problem_set(&x->res.problem, LM_NOMEM, "There is no memory for the body.");
    x->req.body = x->json;
    return x->err;
}

/* Thread: pool. For whom and why this thread writes: author and message of what it leaves in a history. As long as there is no password, all
 * who may write are "operator". */
static enum lm_err sign(struct exchange *x)
{
    char message[REVISION_MESSAGE + 1] = "", as[16] = "";
    enum revision_step step = STEP_SAVE;
    const char *query = x->req.route->query;
    enum lm_err err = LM_OK;

    if (query && strstr(query, "message"))
        err = request_query(&x->req, "message", message, sizeof(message), &x->res.problem);
    if (!err && query && !strcmp(query, SAVE_QUERY) && !(err = request_query(&x->req, "as", as, sizeof(as), &x->res.problem)) && *as)
        err = revision_step_find(as, &step, &x->res.problem);
    revision_by(x->req.who.name[0] ? x->req.who.name : "operator", message, step);
    return err;
}

/* Thread: pool. Who asked was looked at when the head came; a body may take minutes, and in them a session may end. */
static enum lm_err check_still(struct exchange *x)
{
    struct auth *auth = x->api->lumad->auth;

    if (x->req.route->role == ROLE_NONE || auth_holds(auth, &x->req.who))
        return LM_OK;
    return problem_set(&x->res.problem, LM_UNAUTHORIZED, "%s", auth_refusal(auth));
}

/* Thread: pool. */
static void work(struct request_item *item)
{
    struct exchange *x = (struct exchange *)(void *)item;

    x->err = parse_body(x);
    if (!x->err && !(x->err = check_still(x)) && !(x->err = sign(x))) {
        x->req.db = db_reader_take(x->api->lumad->db);
        x->err = x->req.route->run(&x->req, &x->res);
        db_reader_put(x->api->lumad->db, x->req.db);
        x->req.db = NULL;
        if (!x->err)
            exchange_note(x);
    }
    x->state = EXCHANGE_ANSWER;
    MHD_resume_connection(x->conn); /* from here on it is the mhd thread's again */
}

/* Thread: mhd. A piece of the body. MHD_NO closes the connection. */
static enum MHD_Result take_piece(struct exchange *x, const char *bytes, size_t n)
{
    struct problem *p = &x->res.problem;

    watch_count(x->api->janitor, x->watch, n);
    x->received += n;
    if (!x->err && x->received > x->limit) /* a body without a Content-Length: it is too large only now */
        x->err =
            problem_set(p, LM_TOO_LARGE, "The body is longer than the %llu MiB allowed.", (unsigned long long)(x->limit >> 20));
    if (x->err)
        return x->received > x->limit + PASS_BY ? MHD_NO : MHD_YES;
    if (x->req.multipart) {
        x->err = multipart_feed(x->req.multipart, bytes, n, p);
    } else if (x->req.route->upload) {
        x->err = x->req.route->upload->data(&x->req, bytes, n, p);
    } else if (x->req.route->body) {
        str_add_mem(&x->body, bytes, n);
        if (x->body.failed)
            x->err = problem_set(p, LM_NOMEM, "There is no memory for the body.");
    }
    /* After an error the rest passes by: libmicrohttpd answers at the end of a body, and a client whose sending breaks hears nothing. */
    return MHD_YES;
}

/* A body follows that is not worth waiting for, or one whose client waits for our word first. */
static bool is_long_body(const struct exchange *x)
{
    const char *length = MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "Content-Length");

    if (MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "Transfer-Encoding") ||
        MHD_lookup_connection_value(x->conn, MHD_HEADER_KIND, "Expect"))
        return true;
    return length && strtoull(length, NULL, 10) > PASS_BY;
}

/* Who failed too often does not even wait in the queue of passwords; who is signed in always may. */
static bool may_wait(struct exchange *x)
{
    struct auth *auth = x->api->lumad->auth;
    int wait_s;

    if (!x->item.is_alone || x->req.who.role != ROLE_NONE)
        return true;
    if ((wait_s = auth_wait(auth, &x->req.who))) {
        x->res.retry_s = wait_s;
        x->err = problem_set(&x->res.problem, LM_RATE_LIMITED, "Too many attempts failed. Try again in %d s.", wait_s);
        return false;
    }
    if ((x->waiting = waiting_enter(x->api->waiting, x->req.who.place, auth_is_home(auth, &x->req.who))) >= 0)
        return true;
    x->err = problem_set(&x->res.problem, LM_BUSY, "Too many are signing in at once. Try again in a second.");
    return false;
}

/* Thread: mhd. Called when the head is there, for each piece of the body, at its end, and after resuming. */
static enum MHD_Result handle(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
                              const char *bytes, size_t *n, void **con_cls)
{
    struct exchange *x = *con_cls;

    (void)cls, (void)conn, (void)url, (void)version;
    if (!x)
        return MHD_NO;
    switch (x->state) {
    case EXCHANGE_HEAD:
        x->state = EXCHANGE_BODY;
        watch_begin(x->api->janitor, x->watch);
        exchange_admit(x, method);
        if (x->err && (x->is_closing || is_long_body(x))) {
            x->is_closing = true;
            watch_end(x->api->janitor, x->watch);
            return exchange_reply(x);
        }
        return MHD_YES;
    case EXCHANGE_BODY:
        if (*n) {
            enum MHD_Result taken = take_piece(x, bytes, *n);
            *n = 0;
            return taken;
        }
        watch_end(x->api->janitor, x->watch);
        if (!x->err && x->req.multipart)
            x->err = multipart_end(x->req.multipart, &x->res.problem);
        if (x->err || !may_wait(x))
            return exchange_reply(x);
        x->state = EXCHANGE_WORK;
        MHD_suspend_connection(x->conn);
        if (!request_pool_put(x->api->pool, &x->item)) {
            x->err = problem_set(&x->res.problem, LM_BUSY, "lumad is stopping.");
            x->state = EXCHANGE_ANSWER;
            MHD_resume_connection(x->conn);
        }
        return MHD_YES;
    case EXCHANGE_WORK:
        return MHD_NO; /* cannot be: it is suspended */
    case EXCHANGE_ANSWER:
        return exchange_reply(x);
    }
    return MHD_NO;
}

/* Thread: mhd. A request that libmicrohttpd itself gives up, such as one with more query parameters than its memory holds, may end
 * with its connection and without end(). */
static void connection_changed(void *cls, struct MHD_Connection *conn, void **socket_context,
                               enum MHD_ConnectionNotificationCode what)
{
    struct api *a = cls;
    struct line *line = *socket_context;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context = line = calloc(1, sizeof(*line)); /* without memory its requests find no exchange and it is closed */
        if (line && info) {
            line->watch = watch_open(a->janitor, info->connect_fd);
            watch_begin(a->janitor, line->watch); /* the front door waited for its head: it has something to say */
        }
    } else if (line) {
        *socket_context = NULL;
        watch_close(a->janitor, line->watch);
        release(line->exchange);
        free(line);
    }
}

static void log_library(void *cls, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
static void log_library(void *cls, const char *fmt, va_list args)
{
    char text[256];

    (void)cls;
    vsnprintf(text, sizeof(text), fmt, args);
    text[strcspn(text, "\n")] = '\0';
    log_debug("api", "%s", text);
}

static struct MHD_Daemon *start_daemon(struct api *a)
{
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                                MHD_ALLOW_SUSPEND_RESUME,
                            0, NULL, NULL, handle, a, MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL, MHD_OPTION_URI_LOG_CALLBACK,
                            begin, a, MHD_OPTION_NOTIFY_COMPLETED, end, NULL, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, a,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_ADDRESS,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_END);
}

static uint64_t engine_progress(void *ctx)
{
    return show_progress(ctx);
}

enum lm_err api_start(const struct lumad *l, struct api **result, struct problem *p)
{
    struct api *a = calloc(1, sizeof(*a));
    enum lm_err err;

    if (!a)
        return problem_set(p, LM_NOMEM, "no memory for the HTTP server");
    a->lumad = l;
    guard_init(&a->guard, l->config->allowed_hosts);
    struct db_conn *c = db_reader_take(l->db);
    api_limits_load(&a->limits, c);
    db_reader_put(l->db, c);
    if (!(a->waiting = waiting_new())) {
        err = problem_set(p, LM_NOMEM, "no memory for the HTTP server");
        goto out;
    }
    if ((err = janitor_new(l->show ? engine_progress : NULL, l->show, &a->janitor)) ||
        (err = request_pool_new(POOL_THREADS, work, &a->pool))) {
        problem_set(p, err, "cannot start the threads of the HTTP server");
        goto out;
    }
    for (int i = 0; i < DAEMONS && !err; i++)
        if (!(a->daemon[i] = start_daemon(a)))
            err = problem_set(p, LM_INTERNAL, "cannot start the HTTP server");
out:
    if (err)
        api_stop(a);
    else
        *result = a;
    return err;
}

/* The pool ends first: every suspended connection is answered, which libmicrohttpd asks for before it can stop. */
void api_stop(struct api *a)
{
    if (!a)
        return;
    a->is_stopping = true;
    request_pool_stop(a->pool);
    for (int i = 0; i < DAEMONS; i++)
        if (a->daemon[i])
            MHD_stop_daemon(a->daemon[i]);
    request_pool_free(a->pool);
    janitor_free(a->janitor);
    waiting_free(a->waiting);
    free(a);
}

void api_adopt(void *api, int fd, const struct sockaddr_storage *addr, unsigned addr_len)
{
    struct api *a = api;
    struct MHD_Daemon *d = a->daemon[a->next_daemon++ % DAEMONS];

    if (MHD_add_connection(d, fd, (const struct sockaddr *)addr, addr_len) != MHD_YES)
        log_debug("api", "a connection was refused: too many are open");
}
