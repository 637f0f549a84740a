/* The parts that let people in: the port, who may do what, REST, sockets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "api/api.h"
#include "core/log.h"
#include "net/audit.h"
#include "net/auth.h"
#include "net/front.h"
#include "start/start.h"
#include "ws/ws.h"

/* ---- port: taken, and nobody let in yet ---- */

static enum lm_err port_start(struct daemon *d) { return front_open(d->config.http, &d->front, &d->why); }
static void port_stop(struct daemon *d) { front_free(d->front); }

const struct part part_port = { "port", port_start, port_stop };

/* ---- accounts: users, sessions, tokens, the audit log ---- */

static void auth_warn(void *ctx, const char *id, const char *level, const char *text)
{
    struct daemon *d = ctx;

    if (text)
        warnings_raise(d->l.warnings, id, level, "%s", text);
    else
        warnings_lower(d->l.warnings, id);
}

static enum lm_err accounts_start(struct daemon *d)
{
    struct auth_options o = { .db = d->l.db, .bus = d->l.bus, .is_open = front_is_open(d->front), .warn = auth_warn, .ctx = d };

    networks_parse(d->config.trusted_proxies, &o.proxies);     /* it was checked when it was read */
    if (!(d->l.audit = o.audit = audit_new(d->l.db)))
        return LM_NOMEM;
    enum lm_err err = auth_start(&o, &d->l.auth, &d->why);
    if (err)
        audit_free(d->l.audit);
    return err;
}

static void accounts_stop(struct daemon *d)
{
    auth_stop(d->l.auth);
    audit_free(d->l.audit);
}

const struct part part_accounts = { "accounts", accounts_start, accounts_stop };

/* ---- api and ws: what answers those who were let in ---- */

static enum lm_err api_part_start(struct daemon *d) { return api_start(&d->l, &d->api, &d->why); }
static void api_part_stop(struct daemon *d) { api_stop(d->api); }

const struct part part_api = { "api", api_part_start, api_part_stop };

static enum lm_err ws_part_start(struct daemon *d) { return ws_start(&d->l, &d->ws, &d->why); }
static void ws_part_stop(struct daemon *d) { ws_stop(d->ws); }

const struct part part_ws = { "ws", ws_part_start, ws_part_stop };

/* ---- http: the door is opened ---- */

static enum lm_err http_start(struct daemon *d)
{
    struct front_options o = { api_adopt, ws_adopt, d->api, d->ws };
    enum lm_err err = front_start(d->front, &o, &d->why);

    if (!err)
        log_info("http", "listening on %s, port %d%s", d->config.http, front_port(d->front),
                 front_is_open(d->front) ? "" : ": for this machine alone; http = 0.0.0.0:8080 in [server] of lumad.conf lets the network in");
    return err;
}

static void http_stop(struct daemon *d) { front_stop(d->front); }

const struct part part_http = { "http", http_start, http_stop };

/* ---- ready: whoever started lumad is told ---- */

static enum lm_err ready_start(struct daemon *d)
{
    if (d->ready_fd >= 0 && dprintf(d->ready_fd, "{\"http\":%d}\n", front_port(d->front)) < 0)
        return problem_set(&d->why, LM_IO, "--ready-fd %d: %s", d->ready_fd, strerror(errno));
    sd_notify(0, "READY=1");
    return LM_OK;
}

static void ready_stop(struct daemon *d)
{
    sd_notify(0, "STOPPING=1");
    show_leave(d->l.show);              /* requests that wait for a track to be decoded end now, and with them the HTTP server can */
}

const struct part part_ready = { "ready", ready_start, ready_stop };
