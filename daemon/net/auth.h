#pragma once
/*
 * Who somebody is and what they may do: users with passwords, sessions of browsers (a cookie), tokens of programs (Authorization: Bearer).
 *
 * Before the first password is set whoever sits at this machine (loopback, and not by way of a proxy) is admin, and all others may only set it, with the code from
 * the log. Afterwards nothing is exempt. Roles are those of now: a user who is demoted is demoted everywhere at once.
 *
 * Everything is kept in memory and in state.db (db/accounts.h). What ends ends at once, whatever the disk says; who signs in is in although the disk is full, and is told that
 * it will not outlast a restart. What could not be stored is tried again until it is.
 *
 * What is on the disk when: users, passwords, tokens, and sessions that begin or end, before the answer; that a session lasts longer (once a day each), two seconds after; when something was last used,
 * every ten minutes and at the end. So a power cut or kill -9 takes at most ten minutes of "last used", which only people read.
 *
 * A thread of its own stores the latter two, writes the audit log (net/audit.h), and notices within two seconds that `lumad --reset-password` wrote to state.db.
 *
 * THREADS  auth_identify(), auth_holds(): any that is not real-time; they wait for nothing but a short lock. The others may wait for the disk; those with a password take 0.1 s, and
 *          the caller sees to it that not many run at once. Events "users", "sessions" and "tokens" tell of changes.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/event.h"
#include "core/networks.h"
#include "net/credentials.h"
#include "net/role.h"

struct auth;
struct audit;
struct db;

enum via { VIA_NOTHING, VIA_LOOPBACK, VIA_SESSION, VIA_TOKEN };
extern const char *const via_names[];           /* NULL, "loopback", "session", "token" */

struct caller {
    enum role role;                     /* what they may do now */
    enum via via;
    char user_id[UUID_SIZE], name[USER_NAME_SIZE];      /* "" unless via a session or a token */
    enum role user_role;                /* a token may be for less than its user */
    char credential[UUID_SIZE];         /* id of the session or the token */
    int64_t expires_ms;                 /* wall clock; 0: never */
    uint32_t epoch;                     /* auth_holds() */
    bool is_cookie, is_renewed;         /* the session came by cookie; and the browser is to be told that it lasts longer now */
    char key[ROLE_CALLER_SIZE];         /* who, where it matters that nobody else is: the user, else the place that the connection comes from */
    char place[ROLE_CALLER_SIZE], address[ROLE_CALLER_SIZE];    /* role_caller(), role_address(); behind a proxy that is trusted: of whom it speaks for */
};

/* What the head of a request says of who sends it; NULL: no such header. */
struct asker { const struct sockaddr *addr; bool is_forwarded; const char *forwarded_for, *host, *cookie, *authorization; };       /* forwarded_for: net/proxy.h */

struct auth_options {
    struct db *db;
    struct event_bus *bus;              /* may be NULL */
    struct audit *audit;                /* may be NULL */
    bool is_open;                       /* other machines can reach us */
    struct networks proxies;            /* net/proxy.h */
    /* A warning of the show's list is raised, or lowered (`text` NULL). May be NULL. */
    void (*warn)(void *ctx, const char *id, const char *level, const char *text);
    void *ctx;
};

enum lm_err auth_start(const struct auth_options *o, struct auth **result, struct problem *p);
void auth_stop(struct auth *a);                 /* NULL is fine */

void auth_identify(struct auth *a, const struct asker *who, struct caller *out);
/* What auth_identify() said is still so. For those who stay; counts as use. */
bool auth_holds(struct auth *a, struct caller *c);
void auth_told(struct auth *a, const struct caller *c);         /* `is_renewed`: the browser was sent its cookie anew */
bool auth_needs_setup(struct auth *a);
const char *auth_refusal(struct auth *a);       /* why ROLE_NONE may do nothing, and what to do about it */

/* --- signing in --- */
struct signed_in { char secret[SECRET_SIZE]; enum role role; char name[USER_NAME_SIZE]; int64_t expires_ms; bool is_stored; };
/* `from`, and `user_agent` or NULL, are the caller's; of the others: with LM_RATE_LIMITED, when to try again; others try this name from elsewhere, and these do not wait for them. */
struct attempt { const struct caller *from; const char *user_agent; int wait_s; bool is_at_home; };

/* `code` may be NULL for who is admin by loopback. LM_CONFLICT: there is a password. */
enum lm_err auth_setup(struct auth *a, struct attempt *t, const char *code, const char *name, const char *password, struct signed_in *out, struct problem *p);
enum lm_err auth_sign_in(struct auth *a, struct attempt *t, const char *name, const char *password, struct signed_in *out, struct problem *p);
enum lm_err auth_sign_out(struct auth *a, const struct caller *c, struct problem *p);      /* ends the session it came by; without one: nothing */
/* One's own, of a session; ends one's other sessions. */
enum lm_err auth_change_password(struct auth *a, struct attempt *t, const char *old, const char *fresh, struct problem *p);
/* Seconds for which this one need not even try; 0: it may. */
int auth_wait(struct auth *a, const struct caller *c);
bool auth_is_home(struct auth *a, const struct caller *c);      /* somebody is signed in from that address */

/* --- users, sessions, tokens; JSON as on the wire --- */
json_t *auth_users(struct auth *a);
/* NULL: as it is. A new user needs them all. */
struct user_wish { const char *name, *password; const char *role; };
enum lm_err auth_user_add(struct auth *a, const struct caller *by, const struct user_wish *w, json_t **user, struct problem *p);
enum lm_err auth_user_change(struct auth *a, const struct caller *by, const char *id, const struct user_wish *w, json_t **user, struct problem *p);
enum lm_err auth_user_remove(struct auth *a, const char *id, struct problem *p);
json_t *auth_sessions(struct auth *a, const struct caller *by);         /* one's own; an admin's: all */
enum lm_err auth_session_end(struct auth *a, const struct caller *by, const char *id, struct problem *p);
json_t *auth_tokens(struct auth *a, const struct caller *by);
/* *token has the secret, this once. `days` 0: it does not expire. */
enum lm_err auth_token_add(struct auth *a, const struct caller *by, const char *name, enum role role, int days, json_t **token, struct problem *p);
enum lm_err auth_token_revoke(struct auth *a, const struct caller *by, const char *id, struct problem *p);

/* `lumad --reset-password`: asks for a password on the terminal (or takes a line of stdin) and makes it `name`'s (NULL: the first admin's). Also beside a lumad that runs. */
enum lm_err auth_reset_password(const char *state_path, const char *migrations, const char *name, struct problem *p);
