/* Who comes in, and who goes. */
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/log.h"
#include "core/str.h"
#include "net/auth_private.h"

enum { NAME_KEY_SIZE = USER_NAME_SIZE + 8 };

static int64_t mono_ms(void)
{
    return clock_mono_ns() / 1000000;
}

/* ---- what fails is delayed: by place and by name ---- */

static void name_key(const char *name, char out[NAME_KEY_SIZE])
{
    int n = snprintf(out, NAME_KEY_SIZE, "name:%.*s", USER_NAME_SIZE - 1, name);

    for (int i = 0; i < n && i < NAME_KEY_SIZE; i++)
        out[i] = (char)tolower((unsigned char)out[i]);
}

/* Whoever is signed in from there already is not kept out by others who try that name from elsewhere. `lock` is held. */
static bool is_at_home(struct auth *a, const char *name, const struct caller *from)
{
    const struct user_row *u = auth_user_named(a, name);

    for (size_t i = 0; u && i < a->n_sessions; i++)
        if (!strcmp(a->sessions[i].row.user_id, u->id) && !strcmp(a->sessions[i].row.address, from->address))
            return true;
    return false;
}

int auth_wait(struct auth *a, const struct caller *c)
{
    pthread_mutex_lock(&a->lock);
    int wait = limiter_wait(a->limiter, c->place, mono_ms());
    pthread_mutex_unlock(&a->lock);
    return wait;
}

bool auth_is_home(struct auth *a, const struct caller *c)
{
    bool is_home = false;

    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n_sessions && !is_home; i++)
        is_home = !strcmp(a->sessions[i].row.address, c->address);
    pthread_mutex_unlock(&a->lock);
    return is_home;
}

/* The attempt begins, or must wait. `key`: of the name, or LIMIT_SETUP. */
static enum lm_err try(struct auth *a, struct attempt *t, const char *key, const char *name, struct problem *p)
{
    int64_t now = mono_ms();

    pthread_mutex_lock(&a->lock);
    int wait = limiter_wait(a->limiter, t->from->place, now), by_name = limiter_wait(a->limiter, key, now);
    t->is_at_home = by_name > 0 && name && is_at_home(a, name, t->from);
    if (by_name > wait && !t->is_at_home)
        wait = by_name;
    if (!wait) {
        limiter_count(a->limiter, t->from->place, now);
        limiter_count(a->limiter, key, now);
    }
    pthread_mutex_unlock(&a->lock);
    t->wait_s = wait;
    return wait ? problem_set(p, LM_RATE_LIMITED, "Too many attempts failed. Try again in %d s.", wait) : LM_OK;
}

static void forgive(struct auth *a, const struct attempt *t, const char *key)
{
    pthread_mutex_lock(&a->lock);
    limiter_forgive(a->limiter, t->from->place);
    if (!t->is_at_home)                 /* what others tried is not forgiven them */
        limiter_forgive(a->limiter, key);
    pthread_mutex_unlock(&a->lock);
}

/* A name that nobody has may be a password in the wrong field: it is not kept. */
static void note_failure(struct auth *a, const struct attempt *t, const char *what, const struct user_row *u)
{
    struct caller who = *t->from;

    str_copy(who.name, sizeof(who.name), u->name);
    log_info("auth", "a %s from %s was wrong%s%s", what, who.address, u->name[0] ? ", for " : "", u->name);
    audit_add(a->o.audit, &who, AUDIT_FAILED, "users", u->id[0] ? u->id : NULL, json_pack("{s:s, s:b}", "what", what, "known", u->id[0] != 0));
}

/* ---- sessions begin and end ---- */

/* One user's sessions are bounded: the one that was not used for the longest time makes room. `lock` is held. */
static void make_room(struct auth *a, const char *user_id)
{
    size_t n = 0, oldest = 0;

    for (size_t i = 0; i < a->n_sessions; i++) {
        if (strcmp(a->sessions[i].row.user_id, user_id))
            continue;
        if (!n++ || a->sessions[i].row.last_used_at < a->sessions[oldest].row.last_used_at)
            oldest = i;
    }
    if (n < SESSIONS_PER_USER)
        return;
    auth_drop_session(a, oldest);
    a->is_unsaved = true;
    a->epoch++;
}

/* `order` is held. A session is good although it cannot be stored; it is tried again. Another secret each time: what a browser had before is worth nothing. */
static enum lm_err begin(struct auth *a, const struct attempt *t, const struct user_row *u, struct signed_in *out, struct problem *p)
{
    int64_t now = clock_wall_ms();
    struct session fresh = { .row = { .created_at = now, .last_used_at = now, .expires_at = now + SESSION_MS }, .told_ms = now };

    secret_new(out->secret);
    secret_hash(out->secret, fresh.row.token_hash);
    uuid_from_key("session", fresh.row.token_hash, fresh.id);
    str_copy(fresh.row.user_id, sizeof(fresh.row.user_id), u->id);
    str_copy(fresh.row.address, sizeof(fresh.row.address), t->from->address);
    str_copy(fresh.row.user_agent, sizeof(fresh.row.user_agent), t->user_agent ? t->user_agent : "");
    utf8_mend(fresh.row.user_agent);
    pthread_mutex_lock(&a->lock);
    make_room(a, u->id);
    struct session *s = auth_room((void **)&a->sessions, a->n_sessions, sizeof(*s));
    if (s) {
        *s = fresh;
        a->n_sessions++;
    }
    pthread_mutex_unlock(&a->lock);
    if (!s)
        return problem_set(p, LM_NOMEM, "There is no memory for another session.");
    out->is_stored = !session_store(a->state, &fresh.row, NULL);
    if (!out->is_stored)
        auth_unsaved(a);
    out->role = auth_role(u->role);
    out->expires_ms = fresh.row.expires_at;
    str_copy(out->name, sizeof(out->name), u->name);
    return LM_OK;
}

/* `order` is held. The disk may refuse: it is over all the same, and what is stored follows when it can. */
static void end(struct auth *a, const char *id)
{
    char hash[SECRET_HASH_SIZE] = "";

    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n_sessions; i++)
        if (!strcmp(a->sessions[i].id, id)) {
            str_copy(hash, sizeof(hash), a->sessions[i].row.token_hash);
            auth_drop_session(a, i);
            break;
        }
    pthread_mutex_unlock(&a->lock);
    if (hash[0] && session_forget(a->state, hash, NULL))
        auth_unsaved(a);
}

enum lm_err auth_sign_out(struct auth *a, const struct caller *c, struct problem *p)
{
    (void)p;
    if (c->via != VIA_SESSION)
        return LM_OK;
    pthread_mutex_lock(&a->order);
    end(a, c->credential);
    pthread_mutex_unlock(&a->order);
    auth_tell(a, "sessions", true);
    return LM_OK;
}

/* ---- the ways in ---- */

/* The code, from everybody but who is admin by loopback and sends none. */
static enum lm_err check_code(struct auth *a, struct attempt *t, const char *code, struct problem *p)
{
    enum lm_err err;

    if (!code && t->from->via == VIA_LOOPBACK)
        return LM_OK;
    if ((err = try(a, t, LIMIT_SETUP, NULL, p)))
        return err;
    pthread_mutex_lock(&a->lock);
    bool fits = code_is(a->code, code ? code : "");
    pthread_mutex_unlock(&a->lock);
    if (fits) {
        forgive(a, t, LIMIT_SETUP);
        return LM_OK;
    }
    note_failure(a, t, "setup code", &(struct user_row){ 0 });
    return problem_set(p, LM_UNAUTHORIZED, "This is not the setup code. It is in lumad's log: setup code: XXXX-XXXX.");
}

static enum lm_err set_up(struct auth *a, const struct attempt *t, struct user_row *u, struct signed_in *out, struct problem *p)
{
    enum lm_err err;

    if (!auth_needs_setup(a))
        return problem_set(p, LM_CONFLICT, "A password is set already: sign in with it. Whoever forgot it runs lumad --reset-password on this machine.");
    if ((err = user_store(a->state, u, true, NULL, p)))
        return err;
    pthread_mutex_lock(&a->lock);
    struct user_row *room = auth_room((void **)&a->users, a->n_users, sizeof(*room));
    if (room) {
        *room = *u;
        a->n_users++;
    }
    pthread_mutex_unlock(&a->lock);
    return room ? begin(a, t, u, out, p) : problem_set(p, LM_NOMEM, "There is no memory for a user.");
}

enum lm_err auth_setup(struct auth *a, struct attempt *t, const char *code, const char *name, const char *password, struct signed_in *out, struct problem *p)
{
    struct user_row u = { .role = "admin" };
    enum lm_err err;

    if (!auth_needs_setup(a))
        return problem_set(p, LM_CONFLICT, "A password is set already: sign in with it. Whoever forgot it runs lumad --reset-password on this machine.");
    if ((err = check_code(a, t, code, p)) || (err = password_make(password, u.password_hash, p)))
        return err;
    uuid_new(u.id);
    str_copy(u.name, sizeof(u.name), name);
    u.created_at = u.updated_at = clock_wall_ms();
    pthread_mutex_lock(&a->order);
    err = set_up(a, t, &u, out, p);
    pthread_mutex_unlock(&a->order);
    if (err)
        return err;
    log_info("auth", "the first password was set, from %s, for %s", t->from->address, u.name);
    auth_tell(a, "users", true);        /* nobody is exempt from here on */
    auth_say_state(a);
    return LM_OK;
}

/* A copy of the user of that name; with an empty id if there is none. */
static void find(struct auth *a, const char *name, struct user_row *u)
{
    *u = (struct user_row){ 0 };
    pthread_mutex_lock(&a->lock);
    const struct user_row *found = auth_user_named(a, name);
    if (found)
        *u = *found;
    pthread_mutex_unlock(&a->lock);
}

/* Nothing happened to the user while the password was looked at. `order` is held. */
static bool is_unchanged(struct auth *a, const struct user_row *u)
{
    pthread_mutex_lock(&a->lock);
    const struct user_row *now = auth_user(a, u->id);
    bool is_same = now && !strcmp(now->password_hash, u->password_hash) && !strcmp(now->role, u->role);
    pthread_mutex_unlock(&a->lock);
    return is_same;
}

enum lm_err auth_sign_in(struct auth *a, struct attempt *t, const char *name, const char *password, struct signed_in *out, struct problem *p)
{
    char key[NAME_KEY_SIZE];
    struct user_row u;
    enum lm_err err;

    if (auth_needs_setup(a))
        return problem_set(p, LM_CONFLICT, "No password was set yet: POST /auth/setup sets the first one.");
    auth_look(a);                       /* a password of the command line is good at once */
    name_key(name, key);
    if ((err = try(a, t, key, name, p)))
        return err;
    find(a, name, &u);
    bool fits = password_is(u.id[0] ? u.password_hash : NULL, password);
    pthread_mutex_lock(&a->order);
    if (fits && is_unchanged(a, &u)) {
        if (t->from->via == VIA_SESSION && t->from->is_cookie)
            end(a, t->from->credential);        /* its cookie is overwritten */
        err = begin(a, t, &u, out, p);
    } else {
        err = problem_set(p, LM_UNAUTHORIZED, "The name or the password is wrong.");
    }
    pthread_mutex_unlock(&a->order);
    if (err == LM_UNAUTHORIZED)
        note_failure(a, t, "password", &u);
    else
        forgive(a, t, key);
    sodium_memzero(&u, sizeof(u));
    if (!err)
        auth_tell(a, "sessions", t->from->via == VIA_SESSION);
    return err;
}

enum lm_err auth_change_password(struct auth *a, struct attempt *t, const char *old, const char *fresh, struct problem *p)
{
    char key[NAME_KEY_SIZE], hash[SECRET_HASH_SIZE] = "";
    struct user_row u;
    enum lm_err err;

    if (t->from->via != VIA_SESSION)
        return problem_set(p, LM_FORBIDDEN, "A password is changed by who signed in with it, not with a token.");
    auth_look(a);
    name_key(t->from->name, key);
    if ((err = try(a, t, key, t->from->name, p)))
        return err;
    find(a, t->from->name, &u);
    if (!password_is(u.id[0] ? u.password_hash : NULL, old)) {
        note_failure(a, t, "password", &u);
        sodium_memzero(&u, sizeof(u));
        return problem_add(p, "/old", "is not your password");
    }
    forgive(a, t, key);
    if ((err = password_make(fresh, u.password_hash, p)))
        return err;
    u.updated_at = clock_wall_ms();
    pthread_mutex_lock(&a->order);
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n_sessions; i++)
        if (!strcmp(a->sessions[i].id, t->from->credential))
            str_copy(hash, sizeof(hash), a->sessions[i].row.token_hash);
    const struct user_row *now = auth_user(a, u.id);
    if (now)                            /* an admin may have changed the name or the role meanwhile */
        str_copy(u.name, sizeof(u.name), now->name), str_copy(u.role, sizeof(u.role), now->role);
    pthread_mutex_unlock(&a->lock);
    err = now && hash[0] ? user_store(a->state, &u, true, hash, p) : problem_set(p, LM_UNAUTHORIZED, "The session ended meanwhile.");
    if (!err) {
        pthread_mutex_lock(&a->lock);
        *auth_user(a, u.id) = u;
        auth_drop_sessions_of(a, u.id, t->from->credential);
        pthread_mutex_unlock(&a->lock);
    }
    pthread_mutex_unlock(&a->order);
    sodium_memzero(&u, sizeof(u));
    if (!err)
        auth_tell(a, "sessions", true);
    return err;
}
