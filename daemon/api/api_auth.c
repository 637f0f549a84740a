/* Signing in, users, sessions, tokens (net/auth.h). */
#include <string.h>
#include <strings.h>

#include "api/route.h"
#include "core/json.h"
#include "core/str.h"
#include "net/auth.h"

enum { DAYS_MAX = 3650, NAME_CHARACTERS = 60, TOKEN_NAME_CHARACTERS = 100 };

/* ---- what a body says ---- */

/* Something to read: no control characters, no white space at its ends. */
static bool is_name(const char *text, size_t most)
{
    size_t n = 0, len = strlen(text);

    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
        n += ((unsigned char)*c & 0xc0) != 0x80;
    }
    return n && n <= most && len < most * 2 && text[0] != ' ' && text[len - 1] != ' ';
}

static const char *body_name(const json_t *body, bool is_required, size_t most, struct problem *p)
{
    const char *name = body_text(body, "name", is_required, p);

    if (name && !is_name(name, most)) {
        problem_add(p, "/name", "must be 1 to %zu characters, without white space at its ends", most);
        return NULL;
    }
    return name;
}

/* Histories and the audit log know lumad itself by its name. */
static const char *body_user_name(const json_t *body, bool is_required, struct problem *p)
{
    const char *name = body_name(body, is_required, NAME_CHARACTERS, p);

    if (name && !strcasecmp(name, "lumad"))
        problem_add(p, "/name", "is the program's own");
    return name;
}

static const char *body_password(const json_t *body, const char *member, bool is_required, struct problem *p)
{
    const char *password = body_text(body, member, is_required, p);
    char pointer[32] = "/";

    str_copy(pointer + 1, sizeof(pointer) - 1, member);
    if (password)
        password_check(password, pointer, p);
    return password;
}

static enum role body_role(const json_t *body, bool is_required, struct problem *p)
{
    const char *text = body_text(body, "role", is_required, p);
    enum role role = ROLE_NONE;

    if (text && !role_find(text, &role))
        problem_add(p, "/role", "must be viewer, operator or admin");
    return role;
}

static enum lm_err respond_list(struct response *res, json_t *items)
{
    return respond_json(res, items ? json_pack("{s:o, s:n}", "items", items, "next") : NULL);
}

/* ---- me ---- */

static enum lm_err get_me(struct request *req, struct response *res)
{
    const struct caller *c = &req->who;
    json_t *user = c->user_id[0] ? json_pack("{s:s, s:s, s:s}", "id", c->user_id, "name", c->name, "role", role_names[c->user_role]) : json_null();

    return respond_json(res, json_pack("{s:b, s:s, s:o, s:o, s:o}", "needs_setup", auth_needs_setup(req->lumad->auth), "role", role_names[c->role], "via",
                                       json_text_or_null(via_names[c->via]), "user", user, "expires_at", json_instant(c->expires_ms)));
}

/* ---- in and out ---- */

static enum lm_err let_in(struct request *req, struct response *res, struct signed_in *in)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:b}", "token", in->secret, "role", role_names[in->role], "name", in->name, "expires_at",
                          json_instant(in->expires_ms), "is_stored", in->is_stored);

    if (o && !in->is_stored)
        json_object_set_new(o, "note", json_string("You are signed in, and this cannot be stored: the disk is full, or cannot be written. A restart of lumad will forget it."));
    request_cookie(req, in->secret, res->cookie, sizeof(res->cookie));
    str_copy(req->who.name, sizeof(req->who.name), in->name);   /* whose line of the audit log this is */
    req->who.role = in->role;
    res->status = 201;
    return respond_json(res, o);
}

static struct attempt attempt_of(const struct request *req)
{
    return (struct attempt){ .from = &req->who, .user_agent = req->user_agent };
}

static enum lm_err setup(struct request *req, struct response *res)
{
    static const char *const known[] = { "code", "password", "name", NULL };
    struct problem *p = &res->problem;
    struct attempt t = attempt_of(req);
    struct signed_in in = { 0 };

    if (body_only(req->body, known, p) == LM_BAD_REQUEST)
        return p->err;
    const char *code = body_text(req->body, "code", false, p), *name = body_user_name(req->body, false, p);
    const char *password = body_password(req->body, "password", true, p);
    if (p->err)
        return p->err;
    enum lm_err err = auth_setup(req->lumad->auth, &t, code, name ? name : "admin", password, &in, p);
    res->retry_s = t.wait_s;
    return err ? err : let_in(req, res, &in);
}

static enum lm_err sign_in(struct request *req, struct response *res)
{
    static const char *const known[] = { "name", "password", NULL };
    struct problem *p = &res->problem;
    struct attempt t = attempt_of(req);
    struct signed_in in = { 0 };

    if (body_only(req->body, known, p) == LM_BAD_REQUEST)
        return p->err;
    const char *name = body_text(req->body, "name", false, p), *password = body_text(req->body, "password", true, p);
    if (password && strlen(password) > PASSWORD_MAX)
        problem_add(p, "/password", "may have %d bytes", PASSWORD_MAX);
    if (name && strlen(name) >= USER_NAME_SIZE)
        problem_add(p, "/name", "is longer than any name");
    if (p->err)
        return p->err;
    enum lm_err err = auth_sign_in(req->lumad->auth, &t, name ? name : "admin", password, &in, p);
    res->retry_s = t.wait_s;
    return err ? err : let_in(req, res, &in);
}

static enum lm_err sign_out(struct request *req, struct response *res)
{
    request_cookie(req, "", res->cookie, sizeof(res->cookie));
    res->status = 204;
    return auth_sign_out(req->lumad->auth, &req->who, &res->problem);
}

static enum lm_err change_password(struct request *req, struct response *res)
{
    static const char *const known[] = { "old", "new", NULL };
    struct problem *p = &res->problem;
    struct attempt t = attempt_of(req);

    if (body_only(req->body, known, p) == LM_BAD_REQUEST)
        return p->err;
    const char *old = body_text(req->body, "old", true, p), *fresh = body_password(req->body, "new", true, p);
    if (old && strlen(old) > PASSWORD_MAX)
        problem_add(p, "/old", "may have %d bytes", PASSWORD_MAX);
    if (p->err)
        return p->err;
    enum lm_err err = auth_change_password(req->lumad->auth, &t, old, fresh, p);
    res->retry_s = t.wait_s;
    res->status = 204;
    return err;
}

/* ---- tokens ---- */

static enum lm_err list_tokens(struct request *req, struct response *res)
{
    return respond_list(res, auth_tokens(req->lumad->auth, &req->who));
}

static enum lm_err add_token(struct request *req, struct response *res)
{
    static const char *const known[] = { "name", "role", "expires_in_days", NULL };
    struct problem *p = &res->problem;

    if (body_only(req->body, known, p) == LM_BAD_REQUEST)
        return p->err;
    const char *name = body_name(req->body, true, TOKEN_NAME_CHARACTERS, p);
    enum role role = body_role(req->body, true, p);
    const json_t *days = json_object_get(req->body, "expires_in_days");
    json_int_t n = json_integer_value(days);
    if (days && !json_is_null(days) && (!json_is_integer(days) || n < 1 || n > DAYS_MAX))
        problem_add(p, "/expires_in_days", "must be a whole number from 1 to %d, or null: it does not expire", DAYS_MAX);
    if (p->err)
        return p->err;
    res->status = 201;
    return auth_token_add(req->lumad->auth, &req->who, name, role, (int)n, &res->json, p);
}

static enum lm_err revoke_token(struct request *req, struct response *res)
{
    res->status = 204;
    return auth_token_revoke(req->lumad->auth, &req->who, req->arg[0], &res->problem);
}

/* ---- sessions ---- */

static enum lm_err list_sessions(struct request *req, struct response *res)
{
    return respond_list(res, auth_sessions(req->lumad->auth, &req->who));
}

static enum lm_err end_session(struct request *req, struct response *res)
{
    res->status = 204;
    return auth_session_end(req->lumad->auth, &req->who, req->arg[0], &res->problem);
}

/* ---- users ---- */

static enum lm_err list_users(struct request *req, struct response *res)
{
    return respond_list(res, auth_users(req->lumad->auth));
}

static enum lm_err read_user(const json_t *body, bool is_new, struct user_wish *w, struct problem *p)
{
    static const char *const known[] = { "name", "role", "password", NULL };

    if (body_only(body, known, p) == LM_BAD_REQUEST)
        return p->err;
    w->name = body_user_name(body, is_new, p);
    w->password = body_password(body, "password", is_new, p);
    enum role role = body_role(body, is_new, p);
    w->role = role ? role_names[role] : NULL;
    return p->err;
}

static enum lm_err add_user(struct request *req, struct response *res)
{
    struct user_wish w = { 0 };
    enum lm_err err = read_user(req->body, true, &w, &res->problem);

    res->status = 201;
    return err ? err : auth_user_add(req->lumad->auth, &req->who, &w, &res->json, &res->problem);
}

static enum lm_err change_user(struct request *req, struct response *res)
{
    struct user_wish w = { 0 };
    enum lm_err err = read_user(req->body, false, &w, &res->problem);

    return err ? err : auth_user_change(req->lumad->auth, &req->who, req->arg[0], &w, &res->json, &res->problem);
}

static enum lm_err remove_user(struct request *req, struct response *res)
{
    if (req->who.via == VIA_TOKEN)
        return problem_set(&res->problem, LM_FORBIDDEN, "Users are removed by who signed in, not with a token.");
    res->status = 204;
    return auth_user_remove(req->lumad->auth, req->arg[0], &res->problem);
}

/* Those with a password in the body take 0.1 s and 64 MiB each: one at a time. */
#define PASSWORD_ROUTE ROUTE_ALONE | ROUTE_SECRET

const struct route api_auth[] = {
    { HTTP_GET, "/auth/me", get_me, ROLE_NONE, NULL, "Me", .doc = "Who asks, and what they may do." },
    { HTTP_POST, "/auth/setup", setup, ROLE_NONE, "SetupInput", "Entry",
      .doc = "Set the first password, with the code from the log (`setup code: XXXX-XXXX`), which this machine itself may leave out. 409 once there is one.", .flags = PASSWORD_ROUTE },
    { HTTP_POST, "/auth/login", sign_in, ROLE_NONE, "LoginInput", "Entry",
      .doc = "Sign in: the cookie `" SESSION_COOKIE "_PORT` (the port of the address that was asked; `" SESSION_COOKIE "` without one), and a token for `Authorization: Bearer`. From the fifth failure on, 429 with Retry-After.", .flags = PASSWORD_ROUTE },
    { HTTP_POST, "/auth/logout", sign_out, ROLE_NONE, "Nothing", NULL, .doc = "End this session; its sockets are closed.", .flags = ROUTE_BODY_OPTIONAL },
    { HTTP_POST, "/auth/password", change_password, ROLE_VIEWER, "PasswordInput", NULL, .doc = "Change one's own password. One's other sessions end.",
      .flags = PASSWORD_ROUTE },
    { HTTP_GET, "/auth/tokens", list_tokens, ROLE_VIEWER, NULL, "Token[]", .doc = "One's own tokens; an admin's: everybody's. Never paged." },
    { HTTP_POST, "/auth/tokens", add_token, ROLE_VIEWER, "TokenInput", "NewToken",
      .doc = "A token for a program, for one's own role at most. It is in this answer and never again.", .flags = ROUTE_SECRET },
    { HTTP_DELETE, "/auth/tokens/{id}", revoke_token, ROLE_VIEWER, NULL, NULL, .doc = "Revoke a token; sockets that came by it are closed." },
    { HTTP_GET, "/auth/sessions", list_sessions, ROLE_VIEWER, NULL, "Session[]", .doc = "Where one is signed in; an admin's: everybody. Never paged." },
    { HTTP_DELETE, "/auth/sessions/{id}", end_session, ROLE_VIEWER, NULL, NULL, .doc = "Sign a browser out; its sockets are closed." },
    { HTTP_GET, "/auth/users", list_users, ROLE_ADMIN, NULL, "User[]", .doc = "Who may sign in. Never paged." },
    { HTTP_POST, "/auth/users", add_user, ROLE_ADMIN, "UserInput", "User", .doc = "Add a user.", .flags = PASSWORD_ROUTE },
    { HTTP_PATCH, "/auth/users/{id}", change_user, ROLE_ADMIN, "UserPatch", "User",
      .doc = "Another name, role or password. With another role or password the user's sessions end, but not the caller's own. The last admin stays one (409).", .flags = PASSWORD_ROUTE },
    { HTTP_DELETE, "/auth/users/{id}", remove_user, ROLE_ADMIN, NULL, NULL, .doc = "Remove a user with sessions and tokens. The last admin stays (409)." },
    { 0 },
};
