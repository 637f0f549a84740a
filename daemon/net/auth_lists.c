/* Users, sessions and tokens, as Settings lists and changes them. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/str.h"
#include "net/auth_private.h"

/* ---- users ---- */

static json_t *user_json(const struct user_row *u)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", u->id, "name", u->name, "role", u->role, "created_at", json_instant(u->created_at), "updated_at",
                     json_instant(u->updated_at));
}

json_t *auth_users(struct auth *a)
{
    json_t *list = json_array();

    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n_users; i++)
        json_array_append_new(list, user_json(&a->users[i]));
    pthread_mutex_unlock(&a->lock);
    return list;
}

/* What was wished put into `u`; the password takes its time. */
static enum lm_err apply(const struct user_wish *w, struct user_row *u, struct problem *p)
{
    if (w->name)
        str_copy(u->name, sizeof(u->name), w->name);
    if (w->role)
        str_copy(u->role, sizeof(u->role), w->role);
    u->updated_at = clock_wall_ms();
    return w->password ? password_make(w->password, u->password_hash, p) : LM_OK;
}

/* `lock` is held. */
static bool is_last_admin(struct auth *a, const struct user_row *u)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n_users; i++)
        n += auth_role(a->users[i].role) == ROLE_ADMIN;
    return n == 1 && auth_role(u->role) == ROLE_ADMIN;
}

/* May this be the user with that id ("": a new one)? `order` is held. */
static enum lm_err check(struct auth *a, const struct user_row *u, const struct user_row *before, struct problem *p)
{
    enum lm_err err = LM_OK;

    pthread_mutex_lock(&a->lock);
    const struct user_row *named = auth_user_named(a, u->name);
    if (named && strcmp(named->id, u->id))
        err = problem_set(p, LM_CONFLICT, "There is a user with this name already.");
    else if (!before && a->n_users >= USERS_MAX)
        err = problem_set(p, LM_CONFLICT, "There may be %d users.", USERS_MAX);
    else if (before && auth_role(u->role) != ROLE_ADMIN && is_last_admin(a, before))
        err = problem_set(p, LM_CONFLICT, "This is the last admin: somebody must be one.");
    pthread_mutex_unlock(&a->lock);
    return err;
}

enum lm_err auth_user_add(struct auth *a, const struct caller *by, const struct user_wish *w, json_t **user, struct problem *p)
{
    struct user_row u = { .created_at = clock_wall_ms() };
    enum lm_err err;

    if (by->via != VIA_SESSION)
        return by->via == VIA_LOOPBACK ? problem_set(p, LM_CONFLICT, "Set your own password first (POST /auth/setup): the first user is an admin.")
                                       : problem_set(p, LM_FORBIDDEN, "Users are made by who signed in, not with a token.");
    if ((err = apply(w, &u, p)))
        return err;
    pthread_mutex_lock(&a->order);
    if (!(err = check(a, &u, NULL, p))) {
        uuid_new(u.id);
        err = user_store(a->state, &u, false, NULL, p);
    }
    if (!err) {
        pthread_mutex_lock(&a->lock);
        struct user_row *room = auth_room((void **)&a->users, a->n_users, sizeof(*room));
        if (room)
            *room = u, a->n_users++;
        pthread_mutex_unlock(&a->lock);
        err = room ? LM_OK : problem_set(p, LM_NOMEM, "There is no memory for a user.");
    }
    pthread_mutex_unlock(&a->order);
    if (err)
        return err;
    *user = user_json(&u);
    auth_tell(a, "users", false);
    return LM_OK;
}

/* A copy of the user as stored; LM_NOT_FOUND. */
static enum lm_err get(struct auth *a, const char *id, struct user_row *u, struct problem *p)
{
    pthread_mutex_lock(&a->lock);
    const struct user_row *found = auth_user(a, id);
    if (found)
        *u = *found;
    pthread_mutex_unlock(&a->lock);
    return found ? LM_OK : problem_set(p, LM_NOT_FOUND, "There is no user with this id.");
}

enum lm_err auth_user_change(struct auth *a, const struct caller *by, const char *id, const struct user_wish *w, json_t **user, struct problem *p)
{
    struct user_row u, before;
    char but[SECRET_HASH_SIZE] = "";
    enum lm_err err;

    if (by->via == VIA_TOKEN)
        return problem_set(p, LM_FORBIDDEN, "Users are changed by who signed in, not with a token.");
    auth_look(a);
    if ((err = get(a, id, &u, p)) || (err = apply(w, &u, p)))
        return err;
    pthread_mutex_lock(&a->order);
    if ((err = get(a, id, &before, p)))
        goto out;
    /* Hashing took its time: what another change made of the rest meanwhile stays. */
    struct user_row now = before;
    apply(&(struct user_wish){ .name = w->name, .role = w->role }, &now, p);
    if (w->password)
        str_copy(now.password_hash, sizeof(now.password_hash), u.password_hash);
    u = now;
    if ((err = check(a, &u, &before, p)))
        goto out;
    bool ends = w->password || strcmp(u.role, before.role);
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n_sessions; i++)
        if (!strcmp(a->sessions[i].id, by->credential))
            str_copy(but, sizeof(but), a->sessions[i].row.token_hash);
    pthread_mutex_unlock(&a->lock);
    if ((err = user_store(a->state, &u, ends, but, p)))
        goto out;
    pthread_mutex_lock(&a->lock);
    *auth_user(a, id) = u;
    if (ends)
        auth_drop_sessions_of(a, id, by->credential);
    pthread_mutex_unlock(&a->lock);
out:
    pthread_mutex_unlock(&a->order);
    if (err)
        return err;
    *user = user_json(&u);
    auth_tell(a, "users", true);
    return LM_OK;
}

enum lm_err auth_user_remove(struct auth *a, const char *id, struct problem *p)
{
    struct user_row u;
    enum lm_err err;

    pthread_mutex_lock(&a->order);
    if (!(err = get(a, id, &u, p))) {
        pthread_mutex_lock(&a->lock);
        bool is_last = is_last_admin(a, &u);
        pthread_mutex_unlock(&a->lock);
        err = is_last ? problem_set(p, LM_CONFLICT, "This is the last admin: somebody must be one.") : user_forget(a->state, id, p);
    }
    if (!err) {
        pthread_mutex_lock(&a->lock);
        auth_drop_sessions_of(a, id, NULL);
        for (size_t i = a->n_tokens; i-- > 0;)
            if (!strcmp(a->tokens[i].user_id, id))
                auth_drop_token(a, i);
        size_t at = (size_t)(auth_user(a, id) - a->users);
        memmove(&a->users[at], &a->users[at + 1], (--a->n_users - at) * sizeof(*a->users));
        pthread_mutex_unlock(&a->lock);
    }
    pthread_mutex_unlock(&a->order);
    if (!err)
        auth_tell(a, "users", true);
    return err;
}

/* ---- sessions ---- */

static bool may_see(const struct caller *by, const char *user_id)
{
    return by->role == ROLE_ADMIN || (by->user_id[0] && !strcmp(by->user_id, user_id));
}

json_t *auth_sessions(struct auth *a, const struct caller *by)
{
    json_t *list = json_array();
    int64_t now = clock_wall_ms();

    pthread_mutex_lock(&a->lock);
    for (size_t i = a->n_sessions; i-- > 0;) {
        const struct session *s = &a->sessions[i];
        const struct user_row *u = auth_user(a, s->row.user_id);
        if (!u || s->row.expires_at <= now || !may_see(by, s->row.user_id))
            continue;
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:b}", "id", s->id, "user_name", u->name, "address", s->row.address, "user_agent",
                                              s->row.user_agent, "created_at", json_instant(s->row.created_at), "last_used_at", json_instant(s->row.last_used_at),
                                              "expires_at", json_instant(s->row.expires_at), "is_this",
                                              by->via == VIA_SESSION && !strcmp(by->credential, s->id)));
    }
    pthread_mutex_unlock(&a->lock);
    return list;
}

enum lm_err auth_session_end(struct auth *a, const struct caller *by, const char *id, struct problem *p)
{
    char hash[SECRET_HASH_SIZE] = "";

    pthread_mutex_lock(&a->order);
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n_sessions; i++)
        if (!strcmp(a->sessions[i].id, id) && may_see(by, a->sessions[i].row.user_id)) {
            str_copy(hash, sizeof(hash), a->sessions[i].row.token_hash);
            auth_drop_session(a, i);
            break;
        }
    pthread_mutex_unlock(&a->lock);
    if (hash[0] && session_forget(a->state, hash, NULL))
        auth_unsaved(a);
    pthread_mutex_unlock(&a->order);
    if (!hash[0])
        return problem_set(p, LM_NOT_FOUND, "There is no session with this id.");
    auth_tell(a, "sessions", true);
    return LM_OK;
}

/* ---- tokens ---- */

static json_t *token_json(struct auth *a, const struct token_row *t)
{
    const struct user_row *u = auth_user(a, t->user_id);

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "id", t->id, "name", t->name, "role", t->role, "user_name", u ? u->name : "", "created_at",
                     json_instant(t->created_at), "last_used_at", json_instant(t->last_used_at), "expires_at", json_instant(t->expires_at));
}

json_t *auth_tokens(struct auth *a, const struct caller *by)
{
    json_t *list = json_array();

    pthread_mutex_lock(&a->lock);
    for (size_t i = a->n_tokens; i-- > 0;)
        if (may_see(by, a->tokens[i].user_id))
            json_array_append_new(list, token_json(a, &a->tokens[i]));
    pthread_mutex_unlock(&a->lock);
    return list;
}

/* `order` is held. */
static enum lm_err store_token(struct auth *a, const struct token_row *t, json_t **token, struct problem *p)
{
    size_t n = 0;
    enum lm_err err = LM_OK;

    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n_tokens; i++)
        n += !strcmp(a->tokens[i].user_id, t->user_id);
    bool is_there = auth_user(a, t->user_id);
    pthread_mutex_unlock(&a->lock);
    if (!is_there)
        err = problem_set(p, LM_UNAUTHORIZED, "The session ended meanwhile.");
    else if (n >= TOKENS_PER_USER)
        err = problem_set(p, LM_CONFLICT, "A user may have %d tokens: revoke one first.", TOKENS_PER_USER);
    if (err || (err = token_store(a->state, t, p)))
        return err;
    pthread_mutex_lock(&a->lock);
    struct token_row *room = auth_room((void **)&a->tokens, a->n_tokens, sizeof(*room));
    if (room) {
        *room = *t;
        a->n_tokens++;
        *token = token_json(a, t);
    }
    pthread_mutex_unlock(&a->lock);
    return room ? LM_OK : problem_set(p, LM_NOMEM, "There is no memory for a token.");
}

/* A token makes no others: else one that was stolen outlives its being revoked. */
enum lm_err auth_token_add(struct auth *a, const struct caller *by, const char *name, enum role role, int days, json_t **token, struct problem *p)
{
    struct token_row t = { .created_at = clock_wall_ms() };
    char secret[SECRET_SIZE];

    if (by->via != VIA_SESSION)
        return by->via == VIA_LOOPBACK ? problem_set(p, LM_CONFLICT, "Set a password first (POST /auth/setup): a token belongs to a user.")
                                       : problem_set(p, LM_FORBIDDEN, "Tokens are made by who signed in, not with a token.");
    if (role > by->role)
        return problem_set(p, LM_FORBIDDEN, "A token can be for your own role at most: %s.", role_names[by->role]);
    secret_new(secret);
    secret_hash(secret, t.token_hash);
    uuid_new(t.id);
    str_copy(t.name, sizeof(t.name), name);
    str_copy(t.role, sizeof(t.role), role_names[role]);
    str_copy(t.user_id, sizeof(t.user_id), by->user_id);
    t.expires_at = days ? t.created_at + days * DAY_MS : 0;
    pthread_mutex_lock(&a->order);
    enum lm_err err = store_token(a, &t, token, p);
    pthread_mutex_unlock(&a->order);
    if (err)
        return err;
    json_object_set_new(*token, "token", json_string(secret));
    auth_tell(a, "tokens", false);
    return LM_OK;
}

enum lm_err auth_token_revoke(struct auth *a, const struct caller *by, const char *id, struct problem *p)
{
    bool is_found = false;

    pthread_mutex_lock(&a->order);
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n_tokens && !is_found; i++)
        if (!strcmp(a->tokens[i].id, id) && may_see(by, a->tokens[i].user_id)) {
            auth_drop_token(a, i);
            is_found = true;
        }
    pthread_mutex_unlock(&a->lock);
    if (is_found && token_forget(a->state, id, NULL))
        auth_unsaved(a);
    pthread_mutex_unlock(&a->order);
    if (!is_found)
        return problem_set(p, LM_NOT_FOUND, "There is no token with this id.");
    auth_tell(a, "tokens", true);
    return LM_OK;
}
