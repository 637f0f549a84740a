#pragma once
/*
 * One request and its answer inside the server: what admit.c, server.c and reply.c share. Private to api/.
 */
#include <microhttpd.h>

#include "api/janitor.h"
#include "api/request_pool.h"
#include "api/route.h"
#include "core/str.h"
#include "net/guard.h"
#include "net/waiting.h"

enum { DAEMONS = 2 };

struct api {
    const struct lumad *lumad;
    struct guard guard;
    struct api_limits limits;
    struct MHD_Daemon *daemon[DAEMONS];
    _Atomic unsigned next_daemon;
    atomic_bool is_stopping;
    struct request_pool *pool;
    struct janitor *janitor;
    struct waiting *waiting;    /* of ROUTE_ALONE, from who is not signed in: net/waiting.h */
};

enum exchange_state {
    EXCHANGE_HEAD,              /* the head is coming in */
    EXCHANGE_BODY,              /* admitted, or refused and waiting for the body to pass by */
    EXCHANGE_WORK,              /* suspended; a pool thread owns it */
    EXCHANGE_ANSWER,            /* resumed */
};

struct exchange {
    struct request_item item;      /* first: the pool's view of it */
    struct api *api;
    struct MHD_Connection *conn;
    struct watch *watch;
    enum exchange_state state;
    enum lm_err err;            /* what the answer will be */
    bool is_api;
    char *path, *query;         /* two halves of what was sent; path owns the memory */
    char host[264];
    struct str body;
    json_t *json;
    uint64_t received, limit;
    bool is_closing;            /* the answer closes the connection */
    int waiting;                /* its number in api.waiting; -1: none */
    struct request req;
    struct response res;
};

/* Everything that is decided from the head: Host, Origin, role, route, size and kind of body. The result is in x->err. */
void exchange_admit(struct exchange *x, const char *method);
/* Thread: pool. The change is done: its line in the audit log. */
void exchange_note(const struct exchange *x);
/* Queues x->res, or x->err as problem+json, on the connection. */
enum MHD_Result exchange_reply(struct exchange *x);
json_t *problem_json(enum lm_err err, const struct problem *p, const json_t *current);  /* `current`: the row, with 412 */
