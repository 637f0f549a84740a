#pragma once
/*
 * REST routes. Each api_RESOURCE.c exports one table of rows; routes.c lists the tables. The dispatcher, the access check, the 405 `Allow`,
 * openapi.json and the reference page api.md all come from these rows.
 *
 * THREADS  Handlers run on a thread of the request pool and may block on the database, never on the network.
 * MEMORY   A request is borrowed for the call. What a handler puts into the response belongs to the server.
 */
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/etag.h"
#include "core/err.h"
#include "db/table.h"
#include "net/auth.h"
#include "net/role.h"
#include "show/lumad.h"

#define API_BASE "/api/v1"

enum http_method { HTTP_GET = 1, HTTP_POST = 2, HTTP_PUT = 4, HTTP_PATCH = 8, HTTP_DELETE = 16, HTTP_OTHER = 32 };

enum route_flag {
    ROUTE_BODY_OPTIONAL = 1,            /* no body is the same as {} */
    ROUTE_SLOW = 2,                     /* may take seconds: never more than half of the pool at a time */
    ROUTE_ALONE = 4,                    /* slow, and never more than one of these at a time; who failed too often is refused before */
    ROUTE_SECRET = 8,                   /* the body holds secrets: it is overwritten afterwards, and the audit log has nothing of it but name and role */
    ROUTE_ASKS = 16,                    /* changes nothing although it is no GET: no line in the audit log */
};

/* Query of routes whose write is a save of a graph or a score (db/revisions.h): why, and whether it is an undo or a redo of the client's own. */
#define SAVE_QUERY "message as"

enum { ROUTE_ARGS = 3, ROUTE_ARG_SIZE = 80, COOKIE_SIZE = 160 };

struct crud;
struct route;
struct multipart;

/* What the program reads from the settings at each change instead of at each request. Atomic: read by the servers' threads. */
struct api_limits { _Atomic int64_t upload_max_bytes; };
void api_limits_load(struct api_limits *limits, struct db_conn *c);

struct request {
    const struct lumad *lumad;
    struct api_limits *limits;
    const struct route *route;
    struct db_conn *db;                 /* read connection, for the call */
    const char *path;                   /* without the query, as it was sent */
    const char *query;                  /* "" if there is none */
    char arg[ROUTE_ARGS][ROUTE_ARG_SIZE];       /* the {...} parts of the path, decoded, in order */
    const json_t *body;                 /* NULL when the route takes none, or "csv" */
    const char *text; size_t text_n;    /* the body of a route that takes "csv" */
    int64_t if_match;                   /* version or ETAG_ANY, ETAG_NEVER */
    const char *host;                   /* checked */
    struct caller who;                  /* who asks, and what they may do */
    const char *caller;                 /* who.key: so that what one caller holds is of no use to another */
    const char *user_agent;             /* NULL: none was sent */
    bool is_https;                      /* a proxy in front speaks TLS */
    int sock;                           /* the connection's, to see whether it still is one: request_is_gone() */
    const char *content_type;           /* NULL: none was sent */
    const char *accept_encoding;        /* the same */
    const atomic_bool *is_stopping;     /* lumad is: whoever waits for something gives up */
    bool is_stuck;                      /* the engine made no frame for over a second */
    void *upload;                       /* a streamed body: what its begin() made */
    struct multipart *multipart;
};

struct response {                       /* starts as RESPONSE_INIT */
    int status;                         /* 0: 200, or what the error says */
    json_t *json;                       /* or ... */
    char *data; size_t n;               /* ... malloc'd bytes, or ... */
    int fd; uint64_t fd_size;           /* ... a file, of which ranges may be asked for */
    const char *type;                   /* content type of data and fd; static */
    char etag[ETAG_SIZE];               /* with its quotes; "" = the version of `json`, if it has one */
    const char *cache;                  /* Cache-Control; NULL: what suits an API answer */
    const char *encoding;               /* Content-Encoding of fd: it was chosen by Accept-Encoding; "": it might have been; static */
    char disposition[160];              /* Content-Disposition */
    char cookie[COOKIE_SIZE];           /* Set-Cookie; "": none */
    int retry_s;                        /* Retry-After with 429 and 503; 0: 1 s */
    bool is_more;                       /* more than the row its version is of: asked for again it is sent again, never 304 */
    bool is_page;                       /* a page: its own Content-Security-Policy */
    unsigned allow;                     /* bits of http_method, for 405 */
    json_t *errors;                     /* with a problem: the whole list, each {path, message, ...}; NULL: problem.errors */
    struct problem problem;
};
#define RESPONSE_INIT { .fd = -1 }

typedef enum lm_err route_handler(struct request *req, struct response *res);

/* A body that is too large for memory goes to these in pieces, on the thread that reads the socket; then the route's handler runs with an empty body. */
struct route_upload {
    enum lm_err (*begin)(struct request *req, const char *filename, struct problem *p);
    enum lm_err (*data)(struct request *req, const void *bytes, size_t n, struct problem *p);
    void (*abort)(struct request *req);         /* the connection broke or the body was refused; never after the handler */
};

struct route {
    enum http_method method;
    const char *path;                   /* below /api/v1: "/tracks/{id}/beats" */
    route_handler *run;
    enum role role;                     /* least; ROLE_NONE: open to everyone the guard lets in */
    const char *body, *reply;           /* schema names (api/schema.h), "Venue[]" = a page of them, "csv" text/csv; NULL: none */
    const char *doc;
    unsigned flags;
    const char *query;                  /* names of its query parameters: "limit cursor q" */
    const struct crud *crud;            /* for the handlers of crud.h */
    const struct route_upload *upload;
};

extern const struct route *const route_tables[];        /* NULL-terminated; each ended by { 0 } */
extern const char *const route_titles[];                /* of each table: "track_data" */

/* The row for this method and path below API_BASE, with req->arg filled. NULL: none; *allowed has the methods that the path does have. */
const struct route *route_find(const struct route *const *tables, enum http_method method, const char *path, struct request *req, unsigned *allowed);
/* What may have been meant instead of an unknown path: the nearest route's path, or NULL. */
const char *route_nearest(const struct route *const *tables, const char *path);
enum http_method route_method(const char *name);        /* "GET" or "HEAD" -> HTTP_GET; unknown: HTTP_OTHER */
const char *route_method_name(enum http_method m);
void route_allow(unsigned methods, char out[64]);       /* "GET, HEAD, POST" */

/* --- what handlers ask a request for --- */
/* Nobody waits for the answer any more: the client hung up, or lumad is stopping. For handlers that work for long; costs a system call. */
bool request_is_gone(const struct request *req);
/* The Set-Cookie that hands out a session's secret, for as long as it lasts; "": takes the cookie away. */
void request_cookie(const struct request *req, const char *secret, char *out, size_t size);
/* LM_OK with "" when it is absent. */
enum lm_err request_query(const struct request *req, const char *name, char *out, size_t size, struct problem *p);
/* `def` when absent; LM_BAD_REQUEST when it is no number in min..max. */
enum lm_err request_query_real(const struct request *req, const char *name, double min, double max, double def, double *value, struct problem *p);
/* limit, cursor, q of a list. `q` and `cursor` point into `space`. */
struct page_query { struct row_query q; char text[512], cursor[1024]; };
enum lm_err request_page(const struct request *req, struct page_query *page, struct problem *p);

/* --- typed members of a body; each adds to p->errors and the last check is `return p->err` --- */
const char *body_text(const json_t *body, const char *name, bool is_required, struct problem *p);       /* NULL: absent or null */
double body_real(const json_t *body, const char *name, bool is_required, double def, double min, double max, struct problem *p);
bool body_bool(const json_t *body, const char *name, bool is_required, bool def, struct problem *p);
/* Unknown members are refused (422), a body that is no object is a 400. `known` ends with NULL. */
enum lm_err body_only(const json_t *body, const char *const *known, struct problem *p);

/* The errors are about a part of the body: "/nodes/3" becomes "/graph/nodes/3". */
void body_under(const char *prefix, struct problem *p);

/* LM_OK with *json as the answer, or LM_NOMEM when it is NULL. */
enum lm_err respond_json(struct response *res, json_t *json);
