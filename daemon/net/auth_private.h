#pragma once
/* What the files of net/auth*.c share. */
#include <pthread.h>
#include <stdatomic.h>

#include "net/audit.h"
#include "net/auth.h"
#include "net/limiter.h"

#define DAY_MS 86400000LL
#define SESSION_MS (30 * DAY_MS)
enum { USERS_MAX = 100, TOKENS_PER_USER = 100, SESSIONS_PER_USER = 30, LIMITER_SLOTS = 4096 };
#define LIMIT_SETUP "setup"             /* the key of all wrong codes together; names have a prefix */

struct session {
    struct session_row row;
    char id[UUID_SIZE];
    int64_t told_ms;                    /* wall clock: when the browser last heard how long it lasts */
};

struct auth {
    struct auth_options o;
    struct state *state;
    /* `order`: of whoever changes, so that the disk and the memory see the same; taken first, held while the disk is waited for. `lock`: all below; never held for long. */
    pthread_mutex_t order, lock;
    struct user_row *users;
    struct session *sessions;
    struct token_row *tokens;
    size_t n_users, n_sessions, n_tokens;
    struct limiter *limiter;
    char code[CODE_SIZE];               /* "" once there is a password */
    bool is_touched;                    /* something was used since it was last stored */
    bool is_unsaved;                    /* memory has what the disk did not take */
    _Atomic uint32_t epoch;             /* another one: who stays asks again whether they may (auth_holds()) */

    int64_t version;                    /* accounts_version() of what is in memory; with `order` */
    int64_t stored_ms, retry_ms;        /* the thread's: when it stored, and when it tries again */
    pthread_t thread;
    pthread_cond_t wake;                /* with `lock` */
    bool is_stopping, is_woken;
};

/* --- auth.c; `lock` is held unless it says otherwise --- */
struct user_row *auth_user(struct auth *a, const char *id);             /* NULL */
struct user_row *auth_user_named(struct auth *a, const char *name);     /* case does not count */
enum role auth_role(const char *name);
void *auth_room(void **list, size_t n, size_t size);                    /* for one more behind the n there are; NULL: no memory */
void auth_drop_session(struct auth *a, size_t i);
void auth_drop_sessions_of(struct auth *a, const char *user_id, const char *but_id);      /* `but_id` NULL: all */
void auth_drop_token(struct auth *a, size_t i);
/* Not held: something changed that `what` ("users", "sessions", "tokens") lists. `ends`: who stays asks again. */
void auth_tell(struct auth *a, const char *what, bool ends);
void auth_say_state(struct auth *a);    /* not held: the code, while there is no password, and the warning */
/* Not held: takes what another process wrote, so that nothing is written over it. */
void auth_look(struct auth *a);
void auth_unsaved(struct auth *a);      /* not held: memory has what the disk did not take; it is tried again */
