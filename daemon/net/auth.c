#include "net/auth.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "core/thread.h"
#include "net/auth_private.h"
#include "net/proxy.h"

enum { LOOK_MS = 2000, STORE_MS = 600000, RETRY_MS = 5000 };

const char *const via_names[] = { NULL, "loopback", "session", "token" };

/* ---- what is in memory ---- */

struct user_row *auth_user(struct auth *a, const char *id)
{
    for (size_t i = 0; i < a->n_users; i++)
        if (!strcmp(a->users[i].id, id))
            return &a->users[i];
    return NULL;
}

struct user_row *auth_user_named(struct auth *a, const char *name)
{
    for (size_t i = 0; i < a->n_users; i++)
        if (!strcasecmp(a->users[i].name, name))
            return &a->users[i];
    return NULL;
}

enum role auth_role(const char *name)
{
    enum role role = ROLE_NONE;

    role_find(name, &role);
    return role;
}

void *auth_room(void **list, size_t n, size_t size)
{
    void *more = realloc(*list, (n + 1) * size);

    if (!more)
        return NULL;
    *list = more;
    memset((char *)more + n * size, 0, size);
    return (char *)more + n * size;
}

void auth_drop_session(struct auth *a, size_t i)
{
    memmove(&a->sessions[i], &a->sessions[i + 1], (--a->n_sessions - i) * sizeof(*a->sessions));
}

void auth_drop_sessions_of(struct auth *a, const char *user_id, const char *but_id)
{
    for (size_t i = a->n_sessions; i-- > 0;)
        if (!strcmp(a->sessions[i].row.user_id, user_id) && (!but_id || strcmp(a->sessions[i].id, but_id) != 0))
            auth_drop_session(a, i);
}

void auth_drop_token(struct auth *a, size_t i)
{
    memmove(&a->tokens[i], &a->tokens[i + 1], (--a->n_tokens - i) * sizeof(*a->tokens));
}

void auth_tell(struct auth *a, const char *what, bool ends)
{
    if (ends)
        a->epoch++;
    if (a->o.bus)
        event_publish(a->o.bus, &(struct event){ .table = what, .op = 'u' }, 1);
}

void auth_unsaved(struct auth *a)
{
    pthread_mutex_lock(&a->lock);
    a->is_unsaved = true;
    pthread_mutex_unlock(&a->lock);
}

/* ---- who is that ---- */

static bool is_hash(const char *a, const char *b)
{
    return !sodium_memcmp(a, b, SECRET_HASH_SIZE);
}

static void be(struct auth *a, struct caller *c, enum via via, const struct user_row *u, enum role most, const char *credential, int64_t expires_ms)
{
    c->via = via;
    c->user_role = auth_role(u->role);
    c->role = most < c->user_role ? most : c->user_role;
    c->expires_ms = expires_ms;
    c->epoch = a->epoch;
    str_copy(c->user_id, sizeof(c->user_id), u->id);
    str_copy(c->name, sizeof(c->name), u->name);
    str_copy(c->credential, sizeof(c->credential), credential);
    str_copy(c->key, sizeof(c->key), u->id);
}

/* A session lasts from its last use on. To the day: not every request is worth a write. */
static void use_session(struct auth *a, struct session *s, int64_t now, struct caller *c)
{
    s->row.last_used_at = now;
    a->is_touched = true;
    if (s->row.expires_at - now < SESSION_MS - DAY_MS) {
        s->row.expires_at = now + SESSION_MS;
        a->is_unsaved = true;           /* the browser is told: it must hold after a power cut as well */
    }
    c->is_renewed = c->is_cookie && now - s->told_ms > DAY_MS;          /* whoever renewed it: pages and sockets cannot tell it */
}

static bool be_session(struct auth *a, struct session *s, int64_t now, struct caller *c)
{
    const struct user_row *u = auth_user(a, s->row.user_id);

    if (!u || s->row.expires_at <= now)
        return false;
    use_session(a, s, now, c);
    be(a, c, VIA_SESSION, u, ROLE_ADMIN, s->id, s->row.expires_at);
    return true;
}

static bool be_token(struct auth *a, struct token_row *t, int64_t now, struct caller *c)
{
    const struct user_row *u = auth_user(a, t->user_id);

    if (!u || (t->expires_at && t->expires_at <= now))
        return false;
    t->last_used_at = now;
    a->is_touched = true;
    be(a, c, VIA_TOKEN, u, auth_role(t->role), t->id, t->expires_at);
    return true;
}

static bool find(struct auth *a, const char *secret, bool is_cookie, struct caller *c)
{
    char hash[SECRET_HASH_SIZE];
    int64_t now = clock_wall_ms();

    secret_hash(secret, hash);
    c->is_cookie = is_cookie;
    for (size_t i = 0; i < a->n_sessions; i++)
        if (is_hash(a->sessions[i].row.token_hash, hash))
            return be_session(a, &a->sessions[i], now, c);
    for (size_t i = 0; !is_cookie && i < a->n_tokens; i++)
        if (is_hash(a->tokens[i].token_hash, hash))
            return be_token(a, &a->tokens[i], now, c);
    return false;
}

/* A bearer that is sent counts alone: whoever sends a wrong one is nobody, and not whoever the cookie says. */
void auth_identify(struct auth *a, const struct asker *who, struct caller *out)
{
    char secret[SECRET_SIZE];
    enum bearer bearer = bearer_secret(who->authorization, secret);
    bool is_known = false;

    *out = (struct caller){ .role = ROLE_NONE };
    struct sockaddr_storage client;
    const struct sockaddr *from = proxy_client(&a->o.proxies, who->addr, who->forwarded_for, &client) ? (struct sockaddr *)&client : who->addr;
    role_caller(from, out->place);
    role_address(from, out->address);
    role_caller(who->addr, out->key);
    pthread_mutex_lock(&a->lock);
    out->epoch = a->epoch;
    if (bearer == BEARER_GOOD)
        is_known = find(a, secret, false, out);
    else if (bearer == BEARER_NONE && cookie_secret(who->cookie, who->host, secret))
        is_known = find(a, secret, true, out);
    if (!is_known && bearer == BEARER_NONE && !a->n_users && !who->is_forwarded && role_is_loopback(who->addr)) {
        out->via = VIA_LOOPBACK;
        out->role = ROLE_ADMIN;
    }
    pthread_mutex_unlock(&a->lock);
    sodium_memzero(secret, sizeof(secret));
}

static bool still(struct auth *a, struct caller *c, int64_t now)
{
    enum role before = c->role;

    if (c->via == VIA_LOOPBACK)
        return !a->n_users;
    for (size_t i = 0; c->via == VIA_SESSION && i < a->n_sessions; i++)
        if (!strcmp(a->sessions[i].id, c->credential))
            return be_session(a, &a->sessions[i], now, c) && c->role == before;
    for (size_t i = 0; c->via == VIA_TOKEN && i < a->n_tokens; i++)
        if (!strcmp(a->tokens[i].id, c->credential))
            return be_token(a, &a->tokens[i], now, c) && c->role == before;
    return false;
}

bool auth_holds(struct auth *a, struct caller *c)
{
    int64_t now = clock_wall_ms();
    bool is_far = !c->expires_ms || now < c->expires_ms - SESSION_MS + DAY_MS;  /* of a session: it need not be renewed yet */

    if (c->epoch == a->epoch && (is_far || (c->via == VIA_TOKEN && now < c->expires_ms)))
        return true;
    pthread_mutex_lock(&a->lock);
    bool holds = still(a, c, now);
    c->epoch = a->epoch;
    pthread_mutex_unlock(&a->lock);
    return holds;
}

void auth_told(struct auth *a, const struct caller *c)
{
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n_sessions; i++)
        if (!strcmp(a->sessions[i].id, c->credential))
            a->sessions[i].told_ms = clock_wall_ms();
    pthread_mutex_unlock(&a->lock);
}

bool auth_needs_setup(struct auth *a)
{
    pthread_mutex_lock(&a->lock);
    bool needs = !a->n_users;
    pthread_mutex_unlock(&a->lock);
    return needs;
}

const char *auth_refusal(struct auth *a)
{
    return auth_needs_setup(a) ? "No password was set yet. Until then only this machine itself may use lumad (http://localhost on it, not through a proxy); from elsewhere its page asks for "
                                 "the setup code, which is in lumad's log."
                               : "Sign in first, or send a token: Authorization: Bearer.";
}

/* ---- disk ---- */

static enum lm_err take_sessions(struct auth *a, struct problem *p)
{
    struct session_row *rows;
    size_t n;
    enum lm_err err = sessions_load(a->state, &rows, &n, p);

    if (err)
        return err;
    struct session *list = n ? calloc(n, sizeof(*list)) : NULL;
    for (size_t i = 0; list && i < n; i++) {
        list[i].row = rows[i];
        list[i].told_ms = rows[i].expires_at - SESSION_MS;
        uuid_from_key("session", rows[i].token_hash, list[i].id);
    }
    free(rows);
    if (n && !list)
        return LM_NOMEM;
    pthread_mutex_lock(&a->lock);
    free(a->sessions);
    a->sessions = list;
    a->n_sessions = n;
    pthread_mutex_unlock(&a->lock);
    return LM_OK;
}

/* `order` is held, or nobody else is there yet. */
static enum lm_err take_all(struct auth *a, struct problem *p)
{
    struct user_row *users = NULL;
    struct token_row *tokens = NULL;
    size_t n_users, n_tokens;
    int64_t version;
    enum lm_err err;

    if ((err = accounts_version(a->state, &version)) || (err = users_load(a->state, &users, &n_users, p)))
        return err;
    if ((err = tokens_load(a->state, &tokens, &n_tokens, p)) || (err = take_sessions(a, p))) {
        free(users);
        free(tokens);
        return err;
    }
    pthread_mutex_lock(&a->lock);
    free(a->users);
    free(a->tokens);
    a->users = users, a->n_users = n_users;
    a->tokens = tokens, a->n_tokens = n_tokens;
    pthread_mutex_unlock(&a->lock);
    a->version = version;               /* not before: what could not be read is looked for again */
    return LM_OK;
}

static void warn(const struct auth *a, const char *id, const char *level, const char *text)
{
    if (a->o.warn)
        a->o.warn(a->o.ctx, id, level, text);
}

void auth_say_state(struct auth *a)
{
    char code[CODE_SIZE] = "";

    pthread_mutex_lock(&a->lock);
    bool needs = !a->n_users;
    if (needs && !a->code[0]) {
        code_new(a->code);
        str_copy(code, sizeof(code), a->code);
    } else if (!needs) {
        sodium_memzero(a->code, sizeof(a->code));
    }
    pthread_mutex_unlock(&a->lock);
    if (code[0] && a->o.is_open)
        log_warn("auth", "setup code: %s (no password is set yet, and other machines can reach lumad: open its page and set one)", code);
    else if (code[0])
        log_info("auth", "setup code: %s", code);
    warn(a, "auth.no_password", "warn",
         needs && a->o.is_open ? "Other machines can reach lumad, and no password is set: until one is they can do nothing, and whoever has the setup code from the log can set it. "
                                 "Set it in Settings, Access."
                               : NULL);
}

/* A copy; NULL: no memory. */
static struct user_row *copy_users(struct auth *a, size_t *n)
{
    pthread_mutex_lock(&a->lock);
    struct user_row *list = calloc(a->n_users + 1, sizeof(*list));
    if (list && a->n_users)
        memcpy(list, a->users, a->n_users * sizeof(*list));
    *n = list ? a->n_users : 0;
    pthread_mutex_unlock(&a->lock);
    return list;
}

/* Another process wrote: `lumad --reset-password`. */
void auth_look(struct auth *a)
{
    static const struct caller machine = { .role = ROLE_ADMIN, .address = "command line" };
    int64_t version;
    size_t n, m;

    pthread_mutex_lock(&a->order);
    if (accounts_version(a->state, &version) || version == a->version) {
        pthread_mutex_unlock(&a->order);
        return;
    }
    struct user_row *before = copy_users(a, &n);
    enum lm_err err = take_all(a, NULL);
    struct user_row *after = copy_users(a, &m);
    pthread_mutex_unlock(&a->order);
    for (size_t i = 0; !err && i < m; i++) {
        bool is_same = false;
        for (size_t k = 0; k < n; k++)
            is_same |= !strcmp(before[k].id, after[i].id) && !strcmp(before[k].password_hash, after[i].password_hash);
        if (!is_same) {
            log_info("auth", "%s has a new password from the command line; who was signed in by that name is not any more", after[i].name);
            audit_add(a->o.audit, &machine, "reset-password", "users", after[i].id, json_pack("{s:s}", "name", after[i].name));
        }
    }
    free(before);
    free(after);
    if (err)
        return;
    auth_tell(a, "users", true);
    auth_say_state(a);
}

static void drop_expired(struct auth *a)
{
    int64_t now = clock_wall_ms();

    for (size_t i = a->n_sessions; i-- > 0;)
        if (a->sessions[i].row.expires_at <= now)
            auth_drop_session(a, i);
}

static void store(struct auth *a)
{
    struct problem p = { 0 };

    pthread_mutex_lock(&a->order);
    pthread_mutex_lock(&a->lock);
    drop_expired(a);
    size_t n = a->n_sessions, n_tokens = a->n_tokens;
    struct session_row *rows = calloc(n + 1, sizeof(*rows));
    struct token_row *tokens = calloc(n_tokens + 1, sizeof(*tokens));
    for (size_t i = 0; rows && i < n; i++)
        rows[i] = a->sessions[i].row;
    if (tokens && n_tokens)
        memcpy(tokens, a->tokens, n_tokens * sizeof(*tokens));
    bool was_unsaved = a->is_unsaved;
    a->is_touched = a->is_unsaved = false;
    pthread_mutex_unlock(&a->lock);
    enum lm_err err = rows && tokens ? sessions_store(a->state, rows, n, a->version, &p) : LM_NOMEM;
    if (!err)
        err = tokens_keep(a->state, tokens, n_tokens, a->version, &p);
    pthread_mutex_unlock(&a->order);
    free(rows);
    free(tokens);
    a->stored_ms = clock_mono_ns() / 1000000;
    if (err && err != LM_STALE) {       /* stale: auth_look() takes what the other one wrote */
        pthread_mutex_lock(&a->lock);
        a->is_touched = true;
        a->is_unsaved = was_unsaved;
        pthread_mutex_unlock(&a->lock);
        a->retry_ms = a->stored_ms + RETRY_MS;
    }
    warn(a, "auth.unsaved", "warn", err && was_unsaved ? "Who signs in or out cannot be stored (the disk is full, or cannot be written): a restart of lumad forgets it. It is tried again." : NULL);
}

static void keep_house(struct auth *a)
{
    auth_look(a);
    int64_t now = clock_mono_ns() / 1000000;
    pthread_mutex_lock(&a->lock);
    bool is_due = (a->is_unsaved && now >= a->retry_ms) || (a->is_touched && now - a->stored_ms >= STORE_MS);
    pthread_mutex_unlock(&a->lock);
    if (is_due)
        store(a);
}

static void wake(void *ctx)
{
    struct auth *a = ctx;

    pthread_mutex_lock(&a->lock);
    a->is_woken = true;
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

static void *run(void *arg)
{
    struct auth *a = arg;
    int64_t looked_ms = 0;

    pthread_mutex_lock(&a->lock);
    while (!a->is_stopping) {
        a->is_woken = false;
        pthread_mutex_unlock(&a->lock);
        int again_ms = -1;
        enum lm_err err = a->o.audit ? audit_flush(a->o.audit, &again_ms) : LM_OK;
        warn(a, "audit", "warn", err ? "What is changed cannot be written to the audit log (the disk is full, or cannot be written). It is tried again." : NULL);
        if (clock_mono_ns() / 1000000 - looked_ms >= LOOK_MS) {
            keep_house(a);
            looked_ms = clock_mono_ns() / 1000000;
        }
        int wait_ms = again_ms < 0 || again_ms > LOOK_MS ? LOOK_MS : again_ms;
        struct timespec until = clock_in_ms(wait_ms);
        pthread_mutex_lock(&a->lock);
        while (!a->is_stopping && (!a->is_woken || err) && wait_ms > 0 && !pthread_cond_timedwait(&a->wake, &a->lock, &until))
            ;
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* ---- life ---- */

static void release(struct auth *a)
{
    free(a->users);
    free(a->sessions);
    free(a->tokens);
    limiter_free(a->limiter);
    pthread_cond_destroy(&a->wake);
    pthread_mutex_destroy(&a->lock);
    pthread_mutex_destroy(&a->order);
    sodium_memzero(a, sizeof(*a));
    free(a);
}

enum lm_err auth_start(const struct auth_options *o, struct auth **result, struct problem *p)
{
    struct auth *a = sodium_init() < 0 ? NULL : calloc(1, sizeof(*a));

    if (!a)
        return problem_set(p, LM_NOMEM, "no memory for the accounts");
    a->o = *o;
    a->state = db_state(o->db);
    a->epoch = 1;
    a->stored_ms = clock_mono_ns() / 1000000;
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_init(&a->order, NULL);
    thread_cond_init(&a->wake);
    a->limiter = limiter_new(LIMITER_SLOTS);
    enum lm_err err = a->limiter ? take_all(a, p) : problem_set(p, LM_NOMEM, "no memory for the accounts");
    if (!err)
        err = thread_start(&a->thread, &(struct thread_options){ .name = "auth" }, run, a);
    if (err) {
        release(a);
        return err;
    }
    if (o->audit)
        audit_wake_by(o->audit, wake, a);
    auth_say_state(a);
    *result = a;
    return LM_OK;
}

void auth_stop(struct auth *a)
{
    if (!a)
        return;
    if (a->o.audit)
        audit_wake_by(a->o.audit, NULL, NULL);
    pthread_mutex_lock(&a->lock);
    a->is_stopping = true;
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    auth_look(a);                       /* what --reset-password took away must not come back */
    if (a->is_touched || a->is_unsaved)
        store(a);
    release(a);
}
